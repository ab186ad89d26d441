/** A token bucket per table: a runaway process may fill neither the spool nor the server, and what is held back is counted. */

interface Bucket {
  tokens: number;
  at: number;
  suppressed: number;
}

export class RateLimit {
  #perSecond: number;
  #burst: number;
  #buckets = new Map<string, Bucket>();

  constructor(limit: { perSecond: number; burst: number }) {
    this.#perSecond = limit.perSecond;
    this.#burst = limit.burst;
  }

  /** Whether a row of the table may pass now. `nowMs` is any steady clock. */
  take(table: string, nowMs: number): boolean {
    let bucket = this.#buckets.get(table);
    if (bucket === undefined) {
      bucket = { tokens: this.#burst, at: nowMs, suppressed: 0 };
      this.#buckets.set(table, bucket);
    }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.at) / 1000) * this.#perSecond);
    bucket.at = nowMs;
    if (bucket.tokens < 1) {
      bucket.suppressed++;
      return false;
    }
    bucket.tokens--;
    return true;
  }

  suppressed(table: string): number {
    return this.#buckets.get(table)?.suppressed ?? 0;
  }
}
