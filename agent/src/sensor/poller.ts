/**
 * One wait for all of the sensor's descriptors. Each wait holds a thread of Node's pool of four, so there is only ever this one; idle, it
 * sleeps in the kernel and costs nothing.
 */
import type { SystemCalls } from './system-calls.ts';

export const POLL = { in: 1, priority: 2, error: 8 } as const;

interface Watched {
  fd: number;
  events: number;
  onReady: () => void;
}

const ENTRY = 8;
/** Bounds how long a wait can outlive a crash that could not wake it. */
const LONGEST_WAIT_MS = 30_000;
/** After a wake-up, events are let gather this long: under load the sensor wakes 40 times a second, not once an event. */
const AFTER_FAILURE_MS = 1000;
const GATHER_MS = 25;

export class Poller {
  #calls: SystemCalls;
  #onError: (error: unknown) => void;
  #watched: Watched[] = [];
  #wakeFd: number;
  #stopped = false;
  #waiting: Promise<void> = Promise.resolve();
  #onExit = (): void => this.#calls.wake(this.#wakeFd);

  /** `onError` hears of an `onReady` that threw; the others go on. */
  constructor(calls: SystemCalls, onError: (error: unknown) => void) {
    this.#calls = calls;
    this.#onError = onError;
    this.#wakeFd = calls.eventFd();
    if (this.#wakeFd < 0) throw new Error(`eventfd: ${calls.errorName(calls.errno())}`);
    // Node joins its pool's threads when it exits; a sleeping one would hold it up.
    process.on('exit', this.#onExit);
  }

  /** Calls `onReady` whenever the descriptor is ready; it must read until there is no more. Order of addition is order of service. */
  add(fd: number, onReady: () => void, events: number = POLL.in): void {
    this.#watched.push({ fd, events, onReady });
    this.#calls.wake(this.#wakeFd);
  }

  remove(fd: number): void {
    this.#watched = this.#watched.filter((w) => w.fd !== fd);
    this.#calls.wake(this.#wakeFd);
  }

  start(): void {
    this.#waiting = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#calls.wake(this.#wakeFd);
    await this.#waiting;
    process.off('exit', this.#onExit);
    this.#calls.close(this.#wakeFd);
  }

  async #run(): Promise<void> {
    const drain = Buffer.alloc(8);
    while (!this.#stopped) {
      const watched = [...this.#watched];
      const fds = Buffer.alloc((watched.length + 1) * ENTRY);
      [{ fd: this.#wakeFd, events: POLL.in }, ...watched].forEach((w, i) => {
        fds.writeInt32LE(w.fd, i * ENTRY);
        fds.writeInt16LE(w.events, i * ENTRY + 4);
      });
      const ready = await new Promise<number>((done) =>
        this.#calls.pollAsync(fds, watched.length + 1, LONGEST_WAIT_MS, done),
      );
      if (this.#stopped) return;
      if (ready < 0) await new Promise((done) => setTimeout(done, AFTER_FAILURE_MS));
      if (ready <= 0) continue;
      if (fds.readInt16LE(6) !== 0) this.#calls.read(this.#wakeFd, drain);
      let served = false;
      watched.forEach((w, i) => {
        if (fds.readInt16LE((i + 1) * ENTRY + 6) === 0) return;
        served = true;
        // One served before may have removed it.
        if (!this.#watched.includes(w)) return;
        try {
          w.onReady();
        } catch (error) {
          this.#onError(error);
        }
      });
      if (served) await new Promise((done) => setTimeout(done, GATHER_MS));
    }
  }
}
