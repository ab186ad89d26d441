/**
 * Slows down whoever sends wrong credentials, by where they come from: an application is not kept out because somebody else guesses at its secret.
 * Counted in memory, in windows of a minute; the eldest are forgotten first.
 */
import type { Clock } from '../../telemetry/clock.ts';

const WINDOW_MS = 60_000;
const MAX_FAILURES = 20;
const CAPACITY = 50_000;

export class FailureThrottle {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds to wait; 0 when it may go on. */
  wait(source: string, clientId: string): number {
    const entry = this.#failures.get(keyOf(source, clientId));
    const left = (entry?.until ?? 0) - this.#clock.now().getTime();
    return entry !== undefined && left > 0 && entry.count >= MAX_FAILURES ? Math.ceil(left / 1_000) : 0;
  }

  failed(source: string, clientId: string): void {
    const key = keyOf(source, clientId);
    const now = this.#clock.now().getTime();
    const entry = this.#failures.get(key);
    if (entry && entry.until > now) {
      entry.count += 1;
      return;
    }
    this.#failures.delete(key);
    this.#failures.set(key, { count: 1, until: now + WINDOW_MS });
    if (this.#failures.size > CAPACITY) {
      const [eldest] = this.#failures.keys();
      if (eldest !== undefined) this.#failures.delete(eldest);
    }
  }
}

function keyOf(source: string, clientId: string): string {
  return `${source} ${clientId}`;
}
