/**
 * Slows down whoever sends wrong credentials, by where they come from: an application is not kept out because somebody else guesses at its secret.
 * An attempt holds a place before it is checked, and only a right one gives it back, so that of any number at once no more are checked than may be wrong.
 * Those that find no place wait for what is being checked. Counted in memory, in windows of a minute; the eldest are forgotten first.
 */
import type { Clock } from '../../telemetry/clock.ts';

const WINDOW_MS = 60_000;
export const MAX_FAILURES = 20;
/** More than these behind those that are checked are turned away. */
const MAX_WAITING = 1_000;
const CAPACITY = 50_000;

export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super(`too many wrong credentials; again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

interface Window {
  failures: number;
  readonly until: number;
  checking: number;
  readonly waiting: (() => void)[];
}

export class FailureThrottle {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param work calls `failed` once it knows that the credential was wrong
   * @throws ThrottledError when too many were wrong already
   */
  async attempt<T>(source: string, subject: string, work: (failed: () => void) => Promise<T>): Promise<T> {
    const window = await this.#enter(`${source} ${subject}`);
    let wrong = false;
    try {
      return await work(() => {
        wrong = true;
      });
    } finally {
      window.checking -= 1;
      if (wrong) window.failures += 1;
      // A wrong one keeps its place. When none will come free any more, or nobody is left to free one, all look again.
      const all = window.failures >= MAX_FAILURES || window.checking === 0;
      for (const again of window.waiting.splice(0, all ? window.waiting.length : wrong ? 0 : 1)) again();
    }
  }

  async #enter(key: string): Promise<Window> {
    for (;;) {
      const window = this.#windowOf(key);
      if (window.failures >= MAX_FAILURES)
        throw new ThrottledError(Math.ceil((window.until - this.#clock.now().getTime()) / 1_000));
      if (window.failures + window.checking < MAX_FAILURES) {
        window.checking += 1;
        return window;
      }
      if (window.waiting.length >= MAX_WAITING) throw new ThrottledError(1);
      await new Promise<void>((resolve) => window.waiting.push(resolve));
    }
  }

  #windowOf(key: string): Window {
    const now = this.#clock.now().getTime();
    const known = this.#windows.get(key);
    if (known && known.until > now) return known;
    const fresh: Window = { failures: 0, until: now + WINDOW_MS, checking: 0, waiting: [] };
    this.#windows.delete(key);
    this.#windows.set(key, fresh);
    if (this.#windows.size > CAPACITY) {
      const [eldest] = this.#windows.keys();
      if (eldest !== undefined) this.#windows.delete(eldest);
    }
    return fresh;
  }
}
