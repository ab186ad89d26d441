/** Sends the spool to the server: in order, one batch in flight, each until it is settled. */
import { BATCH_HEADER, DEVICE_PATHS } from '@merlon/contract';
import { codeOf, messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import type { ServerLink } from '../server/server-link.ts';
import { Backoff } from '../time/backoff.ts';
import { Wake } from '../time/wake.ts';
import type { BatchFile } from './batch-file.ts';
import type { Spool } from './spool.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface SenderOptions {
  readonly spool: Spool;
  readonly link: Pick<ServerLink, 'request'>;
  readonly log: AgentLog;
  /** The device was offboarded: called once, after which the sender has stopped. */
  readonly dismissed: (reason: string) => void;
  readonly backoff?: Backoff;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  #running: Promise<void> | null = null;
  #problem: string | null = null;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff({ firstMs: 500, maxMs: 60_000 });
  }

  /** Why the last attempt failed; null when the last one went through. */
  get problem(): string | null {
    return this.#problem;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The server is known to be there: whatever waits for a network failure to pass waits no longer. */
  retryNow(): void {
    this.#wake.ring();
  }

  /** Ends at once; a batch in flight is sent again later under its id. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.ring();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { spool } = this.#options;
    while (!this.#stop.signal.aborted) {
      const batch = await spool.next(this.#stop.signal);
      if (!batch || this.#stop.signal.aborted) return;
      let verdict: Verdict;
      try {
        verdict = await this.#send(batch);
      } catch (error) {
        this.#options.log.error('a batch could not be settled', { batch: batch.id, error });
        verdict = { kind: 'later', afterMs: null, reason: messageOf(error) };
      }
      if (this.#stop.signal.aborted) return;
      if (!(await this.#act(batch, verdict))) return;
    }
  }

  async #send(batch: BatchFile): Promise<Verdict> {
    const { spool, link } = this.#options;
    let body: Buffer;
    try {
      body = await spool.read(batch);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return { kind: 'refused', reason: 'its file was removed from the spool folder' };
    }
    try {
      const reply = await link.request({
        method: 'POST',
        path: DEVICE_PATHS.events,
        body,
        headers: {
          'content-type': 'application/x-ndjson',
          'content-encoding': 'gzip',
          [BATCH_HEADER]: batch.id,
        },
        signal: this.#stop.signal,
      });
      return verdictOf(reply, new Date());
    } catch (error) {
      return { kind: 'later', afterMs: null, reason: messageOf(error) };
    }
  }

  /** False: the sender ends. */
  async #act(batch: BatchFile, verdict: Verdict): Promise<boolean> {
    const { spool, log, dismissed } = this.#options;
    switch (verdict.kind) {
      case 'delivered':
        if (verdict.rejectedRows > 0) {
          const { rejectedRows, firstReason } = verdict;
          log.error('the server left out rows of a batch', { batch: batch.id, rejectedRows, firstReason });
        }
        await spool.delivered(batch, verdict.rejectedRows);
        this.#wentThrough();
        return true;
      case 'refused':
        log.error('the server refused a batch; it is set aside', {
          batch: batch.id,
          rows: batch.rows,
          reason: verdict.reason,
        });
        await spool.setAside(batch);
        this.#wentThrough();
        return true;
      case 'later':
        await this.#pause(verdict.reason, verdict.afterMs);
        return true;
      case 'unauthorised':
        await this.#pause(`the server does not recognise this device: ${verdict.reason}`, null);
        return true;
      case 'dismissed':
        this.#problem = verdict.reason;
        dismissed(verdict.reason);
        return false;
      default:
        throw new Error(`unknown verdict ${(verdict satisfies never as Verdict).kind}`);
    }
  }

  async #pause(reason: string, wishMs: number | null): Promise<void> {
    if (this.#problem !== reason) this.#options.log.warn('events wait: they cannot be sent now', { reason });
    this.#problem = reason;
    const ownMs = this.#backoff.next();
    if (wishMs === null) {
      await this.#wake.wait(ownMs);
      return;
    }
    // The server named a time: neither earlier than that, nor all devices in the same instant, nor woken by a reconnect.
    const until = Date.now() + wishMs + Math.random() * Math.min(wishMs / 2 + 100, 5000);
    while (!this.#stop.signal.aborted && Date.now() < until) await this.#wake.wait(until - Date.now());
  }

  #wentThrough(): void {
    if (this.#problem !== null) this.#options.log.info('events are sent again');
    this.#problem = null;
    this.#backoff.reset();
  }
}
