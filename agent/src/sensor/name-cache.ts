/** Which name an address was last resolved from, so that a connection to it can be given a RemoteUrl. */

const MAX_NAMES = 16_384;
/** Programs keep addresses longer than their time to live says. */
const SHORTEST_MS = 60_000;
const LONGEST_MS = 3_600_000;

export class NameCache {
  #names = new Map<string, { name: string; untilMs: number }>();

  learn(ip: string, name: string, ttlSeconds: number, nowMs: number): void {
    this.#names.delete(ip);
    this.#names.set(ip, {
      name,
      untilMs: nowMs + Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ttlSeconds * 1000)),
    });
    if (this.#names.size > MAX_NAMES) {
      const [oldest] = this.#names.keys();
      if (oldest !== undefined) this.#names.delete(oldest);
    }
  }

  nameOf(ip: string, nowMs: number): string | null {
    const found = this.#names.get(ip);
    return found !== undefined && found.untilMs >= nowMs ? found.name : null;
  }
}
