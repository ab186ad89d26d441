/** Reads files for the judge, the short ones past the long ones, and watches it: a judge that no longer answers would hold up every program start. */
import type { MessagePort } from 'node:worker_threads';
import { codeOf } from '../agent-error.ts';
import { HashingFile } from '../sensor/hash-file.mjs';
import { POLL } from '../sensor/poller.ts';
import type { SystemCalls } from '../sensor/system-calls.ts';
import {
  COUNTER,
  type FromReader,
  type Stalled,
  type ThreadSettings,
  type ToReader,
} from './guard-protocol.ts';

const LOOK_EVERY_MS = 500;
/** Looks in a row at which programs waited and the judge did nothing. */
const STALLED_AFTER = 2;

export interface ReaderSettings extends ThreadSettings {
  readonly agent: MessagePort;
}

export class Reader {
  readonly #calls: SystemCalls;
  readonly #s: ReaderSettings;
  readonly #files: { id: number; file: HashingFile }[] = [];
  readonly #counters: BigInt64Array;
  #working = false;
  #beat = -1n;
  #idleLooks = 0;

  constructor(calls: SystemCalls, settings: ReaderSettings) {
    this.#calls = calls;
    this.#s = settings;
    this.#counters = new BigInt64Array(settings.counters);
  }

  start(): void {
    this.#s.port.on('message', (message: ToReader) => this.#take(message));
    setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #take({ id, fd }: ToReader): void {
    try {
      this.#files.push({ id, file: new HashingFile(fd) });
    } catch (error) {
      this.#answer({ id, answer: { missing: codeOf(error) || String(error) } });
      return;
    }
    if (this.#working) return;
    this.#working = true;
    setImmediate(() => this.#work());
  }

  /** One step of each. */
  #work(): void {
    for (const one of [...this.#files]) {
      try {
        const answer = one.file.step();
        if (answer === null) continue;
        this.#answer({ id: one.id, answer });
      } catch (error) {
        this.#answer({ id: one.id, answer: { missing: codeOf(error) || String(error) } });
      }
      this.#files.splice(this.#files.indexOf(one), 1);
    }
    this.#working = this.#files.length > 0;
    if (this.#working) setImmediate(() => this.#work());
  }

  #answer(message: FromReader): void {
    this.#s.port.postMessage(message);
    this.#calls.wake(this.#s.wakeFd);
  }

  /**
   * Puts another descriptor in the place of a stalled judge's: the kernel lets everybody go who waits, and asks no more. In one step, so that the judge, should it wake, cannot
   * meet somebody else's file under that number.
   */
  #look(): void {
    const { fanotifyFd, wakeFd, agent } = this.#s;
    if (Atomics.load(this.#counters, COUNTER.closed) !== 0n) return;
    const beat = Atomics.load(this.#counters, COUNTER.beat);
    const waits = Atomics.load(this.#counters, COUNTER.waiting) > 0n || this.#isReadable(fanotifyFd);
    this.#idleLooks = waits && beat === this.#beat ? this.#idleLooks + 1 : 0;
    this.#beat = beat;
    if (this.#idleLooks < STALLED_AFTER) return;
    this.#calls.replace(fanotifyFd, wakeFd);
    agent.postMessage({ type: 'stalled' } satisfies Stalled);
  }

  #isReadable(fd: number): boolean {
    const entry = Buffer.alloc(8);
    entry.writeInt32LE(fd, 0);
    entry.writeInt16LE(POLL.in, 4);
    return this.#calls.pollWaiting(entry, 1, 0) > 0;
  }
}
