/** Steps that many devices ask for at once, kept for a moment: a change for 20,000 devices is read once. */
import type { ContentStep } from './store.ts';

interface Kept {
  readonly step: Promise<ContentStep | null>;
  readonly until: number;
}

/** Word of a change may be missed. */
const LIFETIME_MS = 5_000;
const CAPACITY = 256;
/** Whole contents are large, and asked for now and then: kept only while they are being read. */
const KEPT_ITEMS = 1_000;

export class KeptSteps {
  readonly #kept = new Map<string, Kept>();

  get(key: string, now: number, read: () => Promise<ContentStep | null>): Promise<ContentStep | null> {
    const known = this.#kept.get(key);
    if (known && known.until > now) return known.step;
    const entry = { step: read(), until: now + LIFETIME_MS };
    this.#kept.set(key, entry);
    const drop = () => {
      if (this.#kept.get(key) === entry) this.#kept.delete(key);
    };
    entry.step.then((step) => {
      if (step && step.upserts.length + step.removes.length > KEPT_ITEMS) drop();
    }, drop);
    if (this.#kept.size > CAPACITY) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    return entry.step;
  }

  forget(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }
}
