/**
 * Decides on this device which files may be executed: the agent's side of it. Starts the two threads when there is something to enforce and lets them go when there is nothing,
 * so that a device without indicators pays nothing.
 *
 *   Off ──policy──▶ Running ──no policy──▶ Off
 *                    │   ▲
 *             stalled or failed: everything may run
 *                    ▼   │ after a while
 *                   Broken ──no policy──▶ Off
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { SensorSourceHealth } from '@merlon/contract';
import { AgentError, messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { findAsset, unpackedAssets } from '../asset-places.ts';
import type { SystemCalls } from '../sensor/system-calls.ts';
import { Backoff } from '../time/backoff.ts';
import { Serial } from '../time/serial.ts';
import { within } from '../time/within.ts';
import type { FilePolicy } from './file-policy.ts';
import {
  COUNTER,
  COUNTERS,
  type ExecutionHit,
  type FromJudge,
  type Guarded,
  type Stalled,
  type ThreadSettings,
  type ToJudge,
} from './guard-protocol.ts';
import { native } from './native.ts';

const FAN_CLASS_CONTENT = 0x4;
const INIT_FLAGS = FAN_CLASS_CONTENT | 0x1 | 0x2; // CLOEXEC, NONBLOCK
/** O_RDONLY, O_LARGEFILE for files over 2 GiB, O_CLOEXEC. */
const EVENT_FLAGS = 0o2100000;
/** They hold a table of hashes, and little else; a young generation of the usual size would be most of what they take. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64, stackSizeMb: 1 };
const VERDICT_LIMIT_MS = 1_000;
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 2_000;

export interface ExecutionGuardOptions {
  readonly guarded: Guarded;
  readonly log: AgentLog;
  readonly hit: (hit: ExecutionHit) => void;
  /** Default: a second. */
  readonly verdictLimitMs?: number;
  /** Program of the threads. Default: the one beside the agent. */
  readonly program?: string;
}

interface Threads {
  readonly judge: Worker;
  readonly reader: Worker;
  readonly port: MessagePort;
  readonly wakeFd: number;
  readonly fanotifyFd: number;
  readonly judgeEnded: Promise<unknown>;
  waiting: { version: number; done: () => void; failed: (error: Error) => void } | null;
}

type State =
  | { readonly kind: 'Off' }
  | { readonly kind: 'Running'; readonly threads: Threads }
  | { readonly kind: 'Broken'; readonly reason: string; readonly again: NodeJS.Timeout };

export class ExecutionGuard {
  readonly #o: ExecutionGuardOptions;
  readonly #oneAtATime = new Serial();
  readonly #counters = new SharedArrayBuffer(COUNTERS * 8);
  readonly #backoff = new Backoff({ firstMs: 1_000, maxMs: 300_000 });
  readonly #unmarked = new Set<string>();
  #calls: SystemCalls | null = null;
  #state: State = { kind: 'Off' };
  #policy: FilePolicy | null = null;
  /** The threads before: their numbers of descriptors and counters must not be taken for those of the next. */
  #ending: Promise<void> = Promise.resolve();
  #version = 0;

  constructor(options: ExecutionGuardOptions) {
    this.#o = options;
  }

  /** Resolves once it is in force: from then on no program starts against it. Null: nothing is to be enforced. @throws AgentError with the reason why it is not. */
  enforce(policy: FilePolicy | null): Promise<void> {
    return this.#oneAtATime.run(async () => {
      this.#policy = policy;
      if (policy === null) return this.#turnOff();
      if (this.#state.kind === 'Broken') await this.#turnOff();
      await this.#turnOn(policy);
    });
  }

  async stop(): Promise<void> {
    await this.enforce(null);
  }

  get running(): boolean {
    return this.#state.kind === 'Running';
  }

  counter(name: keyof typeof COUNTER): number {
    return Number(Atomics.load(new BigInt64Array(this.#counters), COUNTER[name]));
  }

  /** Null while there is nothing to enforce. */
  health(): SensorSourceHealth | null {
    if (this.#policy === null) return null;
    const undecided = this.counter('undecided');
    const untold = this.counter('untold');
    const problems = [
      ...(this.#state.kind === 'Broken' ? [this.#state.reason] : []),
      ...(this.#state.kind === 'Running' && this.counter('marked') === 0
        ? ['no file system is guarded']
        : []),
      ...[...this.#unmarked].slice(0, 4).map((what) => `not guarded: ${what}`),
    ];
    const notes = [
      ...(undecided > 0 ? [`${undecided} let run unread`] : []),
      ...(untold > 0 ? [`${untold} hits not told`] : []),
    ];
    const reason = [...problems, ...notes].join('; ');
    return {
      source: 'execGuard',
      provider: 'fanotify',
      state: this.#state.kind !== 'Running' ? 'Unavailable' : problems.length > 0 ? 'Degraded' : 'Running',
      events: this.counter('judged'),
      lost: undecided + untold,
      ...(reason === '' ? {} : { reason: reason.slice(0, 500) }),
    };
  }

  async #turnOn(policy: FilePolicy): Promise<void> {
    const threads = this.#state.kind === 'Running' ? this.#state.threads : await this.#start();
    this.#state = { kind: 'Running', threads };
    const version = ++this.#version;
    const inForce = new Promise<void>((done, failed) => {
      threads.waiting = { version, done, failed };
    });
    this.#tell(threads, {
      type: 'policy',
      version,
      indicators: policy.indicators,
      restriction: policy.restriction?.shared ?? null,
    });
    try {
      await within(START_LIMIT_MS, inForce);
      this.#backoff.reset();
    } catch (error) {
      this.#break(threads, messageOf(error));
      throw new AgentError(`execution cannot be guarded: ${messageOf(error)}`, { cause: error });
    }
  }

  async #start(): Promise<Threads> {
    try {
      return await this.#startThreads();
    } catch (error) {
      this.#becomeBroken(messageOf(error));
      throw error;
    }
  }

  async #startThreads(): Promise<Threads> {
    const program = this.#o.program ?? findAsset('guard-worker.js');
    if (program === null) throw new AgentError('guard-worker.js is not beside the agent');
    await this.#ending;
    const { calls } = await native();
    this.#calls = calls;
    const fanotifyFd = calls.fanotifyInit(INIT_FLAGS, EVENT_FLAGS);
    if (fanotifyFd < 0) {
      throw new AgentError(`execution cannot be guarded: fanotify_init: ${calls.errorName(calls.errno())}`);
    }
    const wakeFd = calls.eventFd();
    const between = new MessageChannel();
    const [toJudge, toReader] = [new MessageChannel(), new MessageChannel()];
    const counters = new BigInt64Array(this.#counters);
    for (const counter of ['beat', 'waiting', 'marked', 'closed'] as const)
      Atomics.store(counters, COUNTER[counter], 0n);
    this.#unmarked.clear();
    const start = (role: ThreadSettings['role'], port: MessagePort, agent: MessagePort) =>
      new Worker(program, {
        // Descriptors are opened by one thread and closed by another.
        trackUnmanagedFds: false,
        resourceLimits: THREAD_LIMITS,
        workerData: {
          role,
          assets: unpackedAssets(),
          fanotifyFd,
          wakeFd,
          counters: this.#counters,
          port,
          agent,
          guarded: this.#o.guarded,
          agentPid: process.pid,
          verdictLimitMs: this.#o.verdictLimitMs ?? VERDICT_LIMIT_MS,
        } satisfies ThreadSettings & { agent: MessagePort },
        transferList: [port, agent],
      });
    // The reader first: it is what lets everybody go if the judge should fail.
    const reader = start('reader', between.port1, toReader.port2);
    const judge = start('judge', between.port2, toJudge.port2);
    const threads: Threads = {
      judge,
      reader,
      port: toJudge.port1,
      wakeFd,
      fanotifyFd,
      judgeEnded: new Promise((done) => judge.once('exit', done)),
      waiting: null,
    };
    for (const worker of [judge, reader]) {
      worker.unref();
      worker.on('error', (error) => {
        // What the judge leaves behind, the reader takes out of the kernel; without the reader, the judge still lets go after its limit.
        this.#break(threads, messageOf(error));
      });
    }
    toJudge.port1.on('message', (message: FromJudge) => this.#take(threads, message));
    toReader.port1.on('message', (_: Stalled) => {
      this.#break(threads, 'the judging thread stalled, and everybody was let go');
    });
    for (const { port1 } of [toJudge, toReader]) port1.unref();
    return threads;
  }

  #tell(threads: Threads, message: ToJudge): void {
    threads.port.postMessage(message);
    this.#calls?.wake(threads.wakeFd);
  }

  #take(threads: Threads, message: FromJudge): void {
    switch (message.type) {
      case 'inForce':
        if (threads.waiting?.version !== message.version) return;
        threads.waiting.done();
        threads.waiting = null;
        return;
      case 'told':
        this.#o.hit(message.hit);
        return;
      case 'unmarked':
        this.#unmarked.add(`${message.path} (${message.reason})`);
        return;
      default:
        throw new Error(`unknown message ${message satisfies never}`);
    }
  }

  /** Everything may run until the threads are started again. */
  #break(threads: Threads, reason: string): void {
    if (this.#state.kind !== 'Running' || this.#state.threads !== threads) return;
    this.#becomeBroken(reason);
    threads.waiting?.failed(new Error(reason));
    threads.waiting = null;
    this.#ending = this.#endThreads(threads);
  }

  #becomeBroken(reason: string): void {
    const afterMs = this.#backoff.next();
    this.#o.log.error('execution is not guarded: programs start unjudged', { reason, againMs: afterMs });
    const again = setTimeout(() => {
      void this.#oneAtATime.run(() => this.#mend());
    }, afterMs);
    again.unref();
    this.#state = { kind: 'Broken', reason, again };
  }

  async #mend(): Promise<void> {
    if (this.#state.kind !== 'Broken' || this.#policy === null) return;
    this.#state = { kind: 'Off' };
    try {
      await this.#turnOn(this.#policy);
      this.#o.log.info('execution is guarded again');
    } catch (error) {
      this.#o.log.error('execution cannot be guarded', { error });
    }
  }

  async #turnOff(): Promise<void> {
    const before = this.#state;
    this.#state = { kind: 'Off' };
    if (before.kind === 'Broken') clearTimeout(before.again);
    if (before.kind === 'Running') this.#ending = this.#endThreads(before.threads);
    await this.#ending;
  }

  /** The judge closes the group, which lets go whoever waits; where it did not come to that, it is done for it. */
  async #endThreads(threads: Threads): Promise<void> {
    const { judge, reader, judgeEnded, fanotifyFd, wakeFd, port } = threads;
    this.#tell(threads, { type: 'stop' });
    const ended = await within(STOP_LIMIT_MS, judgeEnded)
      .catch(() => within(STOP_LIMIT_MS, judge.terminate()))
      .then(
        () => true,
        () => false,
      );
    if (this.counter('closed') === 0) {
      // A thread that cannot even be ended may still use the number: then it stays taken.
      if (ended) this.#calls?.close(fanotifyFd);
      else this.#calls?.replace(fanotifyFd, wakeFd);
    }
    await reader.terminate();
    port.close();
    this.#calls?.close(wakeFd);
  }
}
