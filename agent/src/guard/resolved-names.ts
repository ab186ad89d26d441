/** Which addresses names lately had, by the answers of name servers: what is blocked by name is blocked by these too. Pure. */
import { addressKey } from './network-rules.ts';

const MAX_ADDRESSES = 16_384;
/** Programs keep an address longer than its time to live says; and many names may share one, so not for long. */
const SHORTEST_MS = 60_000;
const LONGEST_MS = 600_000;

interface Resolved {
  readonly address: string;
  readonly name: string;
  readonly untilMs: number;
}

export class ResolvedNames {
  /** By the address's key in hex: the name it was last an answer for. */
  readonly #byAddress = new Map<string, Resolved>();

  learn(address: string, name: string, ttlSeconds: number, nowMs: number): void {
    const hex = addressKey(address).toString('hex');
    const untilMs = nowMs + Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ttlSeconds * 1_000));
    this.#byAddress.delete(hex);
    this.#byAddress.set(hex, { address, name, untilMs });
    if (this.#byAddress.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#byAddress.keys();
    if (oldest !== undefined) this.#byAddress.delete(oldest);
  }

  current(nowMs: number): Resolved[] {
    return [...this.#byAddress.values()].filter(({ untilMs }) => untilMs > nowMs);
  }

  has(hex: string): boolean {
    return this.#byAddress.has(hex);
  }

  forget(nowMs: number): void {
    for (const [hex, { untilMs }] of this.#byAddress) if (untilMs <= nowMs) this.#byAddress.delete(hex);
  }
}
