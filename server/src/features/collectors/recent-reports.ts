/** Which events of which host were taken lately, by ReportId, so that one that comes again makes no second row. Bounded in hosts and in events of each. */
const MOST_HOSTS = 5_000;
const MOST_EVENTS = 20_000;

export class RecentReports {
  readonly #hosts = new Map<string, Set<number>>();

  has(host: string, reportId: number): boolean {
    return this.#hosts.get(host)?.has(reportId) ?? false;
  }

  add(host: string, reportIds: readonly number[]): void {
    const own = this.#hosts.get(host) ?? new Set<number>();
    // Putting it in anew moves it to the end: a map keeps the order in which it was filled.
    this.#hosts.delete(host);
    this.#hosts.set(host, own);
    for (const id of reportIds) {
      own.add(id);
      if (own.size <= MOST_EVENTS) continue;
      const [oldest] = own;
      if (oldest !== undefined) own.delete(oldest);
    }
    if (this.#hosts.size <= MOST_HOSTS) return;
    const [oldest] = this.#hosts.keys();
    if (oldest !== undefined) this.#hosts.delete(oldest);
  }
}

const LOW_21 = 0x1f_ffff;

/** A whole number from 1 below 2^53 out of a text, the same for the same text. */
export function reportIdOf(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (b >>> 15), 0xc2b2ae35);
  b = Math.imul(b ^ (a >>> 16), 0x27d4eb2f);
  return (b & LOW_21) * 2 ** 32 + (a >>> 0) || 1;
}
