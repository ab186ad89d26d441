import { Worker } from 'node:worker_threads';
import { FairQueue } from './fair-queue.ts';
import { KqlError } from './kql-error.ts';
import type { Outcome } from './plan/outcome.ts';
import type { TranslateOptions } from './translation.ts';
import type { WorkerReply } from './worker-protocol.ts';

export interface TranslatorOptions {
  /** Worker threads, two at least: one tenant may have all but one of them. Each holds about 200 MB once warm. */
  readonly workers: number;
  /** The built `kql-worker.js`. */
  readonly workerUrl: URL;
  /** A query that takes longer is refused, and its thread replaced. 5,000 when absent. */
  readonly timeoutMs?: number;
  /** Queries that may wait for a thread, half of them of one tenant; one more is turned away with {@link TranslatorBusyError}. 100 when absent. */
  readonly maxQueue?: number;
}

/**
 * Translation off the event loop. Tenants take turns, and no tenant holds every thread, so that queries made to be slow delay nobody but their own.
 *
 * ```
 * slot:  starting ──ready──▶ idle ──query──▶ busy ──answer──▶ idle
 *            ▲                                │
 *            └──────── timeout, crash ────────┘      (a new thread takes the slot)
 * ```
 */
export interface Translator {
  /**
   * A query whose signal aborts leaves the queue, or soon the thread that has it.
   * @throws KqlError for a query that is wrong, not supported or too slow to bind; TranslatorBusyError when too many wait; the signal's reason
   */
  translate(text: string, options: TranslateOptions, signal?: AbortSignal): Promise<Outcome>;
  /** Queries waiting and threads by state. */
  stats(): {
    readonly waiting: number;
    readonly busy: number;
    readonly idle: number;
    readonly replaced: number;
  };
  /** Ends the threads; queries under way are refused. */
  close(): Promise<void>;
}

/** More queries wait than the translator takes: try again later. */
export class TranslatorBusyError extends Error {
  override readonly name = 'TranslatorBusyError';
}

interface Job {
  readonly id: number;
  readonly text: string;
  readonly options: TranslateOptions;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

interface Slot {
  worker: Worker;
  state: 'starting' | 'idle' | 'busy';
  job: Job | undefined;
  /** While it starts anew: the tenant whose query cost the thread before. It stands for the query until the slot works again. */
  owedBy: string | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** A thread that has died this often in a row before answering anything is not going to live. */
const maxFailedStarts = 3;
/** What a query that is given up may still take of a thread before that is replaced. */
const abandonedMs = 1_000;

/** Starts the threads and waits until each has loaded the binder and translated a first query. */
export async function openTranslator(options: TranslatorOptions): Promise<Translator> {
  const pool = new TranslatorPool(options);
  await pool.started;
  return pool;
}

/** The query cost the thread that it had: it took too long, or too much memory. */
export class TranslationCutOff extends KqlError {
  constructor(construct: string, text: string, why: string) {
    super(
      'unsupported',
      `Not supported: ${construct} (${why})`,
      { start: 0, length: text.length },
      construct,
    );
  }
}

class TranslatorPool implements Translator {
  readonly started: Promise<void>;
  readonly #options: TranslatorOptions;
  readonly #slots: Slot[] = [];
  readonly #queue = new FairQueue<Job>();
  #nextId = 1;
  #replaced = 0;
  #failedStarts = 0;
  #closed = false;
  #settleStart: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(options: TranslatorOptions) {
    this.#options = options;
    this.started = new Promise((resolve, reject) => {
      this.#settleStart = { resolve, reject };
    });
    for (let index = 0; index < Math.max(2, options.workers); index++) this.#slots.push(this.#newSlot());
  }

  translate(text: string, options: TranslateOptions, signal?: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#closed) return reject(new Error('the translator is closed'));
      const maxQueue = this.#options.maxQueue ?? 100;
      const { tenantId } = options.scope;
      if (this.#queue.size >= maxQueue || this.#queue.sizeOf(tenantId) >= Math.ceil(maxQueue / 2)) {
        return reject(new TranslatorBusyError(`${this.#queue.size} queries are waiting to be translated`));
      }
      const onAbort = () => {
        this.#queue.remove(tenantId, job);
        this.#hurry(job);
        reject(signal?.reason);
      };
      const over = () => signal?.removeEventListener('abort', onAbort);
      const job: Job = {
        id: this.#nextId++,
        text,
        options,
        resolve(outcome) {
          over();
          resolve(outcome);
        },
        reject(error) {
          over();
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(tenantId, job);
      this.#dispatch();
    });
  }

  stats() {
    const inState = (state: Slot['state']) => this.#slots.filter((slot) => slot.state === state).length;
    return {
      waiting: this.#queue.size,
      busy: inState('busy'),
      idle: inState('idle'),
      replaced: this.#replaced,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closed = new Error('the translator was closed');
    for (const job of this.#queue.drain()) job.reject(closed);
    await Promise.all(
      this.#slots.map((slot) => {
        clearTimeout(slot.timer);
        slot.job?.reject(closed);
        slot.job = undefined;
        return slot.worker.terminate();
      }),
    );
  }

  #newSlot(): Slot {
    const slot: Slot = {
      worker: this.#startWorker(() => slot),
      state: 'starting',
      job: undefined,
      owedBy: undefined,
      timer: undefined,
    };
    return slot;
  }

  #startWorker(slotOf: () => Slot): Worker {
    const worker = new Worker(this.#options.workerUrl, {
      resourceLimits: { maxOldGenerationSizeMb: 512, stackSizeMb: 8 },
    });
    worker.on('message', (message: WorkerReply) => this.#onReply(slotOf(), worker, message));
    worker.on('error', (error) => this.#onDeath(slotOf(), worker, error));
    worker.on('exit', (code) =>
      this.#onDeath(slotOf(), worker, new Error(`a translator thread ended with code ${code}`)),
    );
    worker.unref();
    return worker;
  }

  #onReply(slot: Slot, worker: Worker, message: WorkerReply): void {
    if (slot.worker !== worker) return;
    if (message.kind === 'ready') {
      slot.state = 'idle';
      slot.owedBy = undefined;
      this.#failedStarts = 0;
      if (this.#slots.every((other) => other.state !== 'starting')) this.#settleStart?.resolve();
      this.#dispatch();
      return;
    }
    const { job } = slot;
    if (job === undefined || job.id !== message.id) return;
    clearTimeout(slot.timer);
    slot.job = undefined;
    slot.state = 'idle';
    switch (message.kind) {
      case 'outcome':
        job.resolve(message.outcome);
        break;
      case 'refusal': {
        const { kind, message: text, construct, ...place } = message.refusal;
        job.reject(new KqlError(kind, text, place, construct));
        break;
      }
      case 'failure':
        job.reject(new Error(`translation failed: ${message.message}`));
        break;
    }
    this.#dispatch();
  }

  /** A thread died, on its own or by us: its query is refused and another thread takes the slot. */
  #onDeath(slot: Slot, worker: Worker, error: Error): void {
    if (this.#closed || slot.worker !== worker) return;
    const { job } = slot;
    clearTimeout(slot.timer);
    slot.owedBy = job?.options.scope.tenantId ?? slot.owedBy;
    slot.job = undefined;
    job?.reject(new TranslationCutOff('a query this large', job.text, 'it exhausts the translator'));
    if (slot.state === 'starting') this.#failedStarts++;
    if (this.#failedStarts >= maxFailedStarts) this.#giveUp(error);
    else this.#replace(slot);
  }

  #replace(slot: Slot): void {
    this.#replaced++;
    slot.state = 'starting';
    slot.job = undefined;
    const old = slot.worker;
    slot.worker = this.#startWorker(() => slot);
    void old.terminate();
  }

  #giveUp(error: Error): void {
    this.#closed = true;
    this.#settleStart?.reject(error);
    for (const job of this.#queue.drain()) job.reject(error);
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (slot.state !== 'idle') continue;
      const job = this.#queue.next((tenantId, others) => this.#mayStart(tenantId, others));
      if (job === undefined) return;
      slot.state = 'busy';
      slot.job = job;
      slot.timer = setTimeout(() => this.#onTimeout(slot, job), this.#options.timeoutMs ?? 5_000);
      slot.worker.postMessage({ id: job.id, text: job.text, options: job.options });
    }
  }

  /** One thread is everybody's; more go to a tenant only while nobody else waits, and never the last. */
  #mayStart(tenantId: string, others: boolean): boolean {
    const held = this.#slots.filter(
      (slot) => (slot.job?.options.scope.tenantId ?? slot.owedBy) === tenantId,
    ).length;
    return held === 0 || (!others && held < this.#slots.length - 1);
  }

  /** Nobody waits for it any more. Most are over in a moment; one that is not shall not keep its tenant's next query waiting. */
  #hurry(job: Job): void {
    const slot = this.#slots.find((one) => one.job === job);
    if (slot === undefined) return;
    clearTimeout(slot.timer);
    slot.timer = setTimeout(() => this.#onTimeout(slot, job), abandonedMs);
  }

  #onTimeout(slot: Slot, job: Job): void {
    if (slot.job !== job) return;
    slot.owedBy = job.options.scope.tenantId;
    slot.job = undefined;
    job.reject(new TranslationCutOff('a query this complex', job.text, 'it takes too long to analyze'));
    this.#replace(slot);
  }
}
