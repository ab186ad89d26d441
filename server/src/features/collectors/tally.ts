/**
 * What became of each collector's events, by source, event id and reason. Gathered in memory and written down together every few seconds. Bounded: what a
 * collector invents beyond so many kinds is counted as one.
 */
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { CollectorsStore, Counted, CountedKind } from './store.ts';

const FLUSH_MS = 5_000;
const MOST_KINDS = 2_000;
const TOGETHER = 500;
const OTHERS: CountedKind = {
  source: 'others',
  eventId: '',
  fate: 'left',
  reason: 'more kinds of event than are counted apart',
};

interface Own {
  readonly tenantId: string;
  /** Kinds that are counted apart: those of the store, and new ones. */
  readonly known: Set<string>;
  loaded: boolean;
  pending: Map<string, Counted>;
}

export class Tally {
  readonly #own = new Map<string, Own>();
  readonly #store: Pick<CollectorsStore, 'count' | 'counts'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(store: Pick<CollectorsStore, 'count' | 'counts'>, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  add(
    caller: { readonly tenantId: string; readonly collectorId: string },
    counted: readonly (CountedKind & { readonly events: number; readonly lastHost: string | null })[],
  ): void {
    const own = this.#own.get(caller.collectorId) ?? {
      tenantId: caller.tenantId,
      known: new Set<string>(),
      loaded: false,
      pending: new Map<string, Counted>(),
    };
    this.#own.set(caller.collectorId, own);
    const lastAt = this.#clock.now();
    for (const one of counted) {
      const key = keyOf(one);
      if (!own.known.has(key) && own.known.size >= MOST_KINDS) this.#put(own, { ...one, ...OTHERS, lastAt });
      else {
        own.known.add(key);
        this.#put(own, { ...one, lastAt });
      }
    }
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** What could not be written is kept for the next time. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    for (const [collectorId, own] of this.#own) {
      if (own.pending.size === 0) continue;
      const pending = own.pending;
      own.pending = new Map();
      try {
        if (!own.loaded) {
          for (const kind of await this.#store.counts(own.tenantId, collectorId)) own.known.add(keyOf(kind));
          own.loaded = true;
        }
        const counted = [...pending.values()];
        for (let at = 0; at < counted.length; at += TOGETHER) {
          const some = counted.slice(at, at + TOGETHER);
          await this.#store.count(own.tenantId, collectorId, some);
          for (const one of some) pending.delete(keyOf(one));
        }
      } catch (error) {
        this.#log.warn({ err: error, collectorId }, 'counts of a collector were not written; they are kept');
        for (const one of pending.values()) this.#put(own, one);
      }
    }
  }

  #put(own: Own, one: Counted): void {
    const key = keyOf(one);
    const before = own.pending.get(key);
    own.pending.set(key, {
      ...one,
      events: one.events + (before?.events ?? 0),
      lastHost: one.lastHost ?? before?.lastHost ?? null,
    });
  }
}

function keyOf({ source, eventId, fate, reason }: CountedKind): string {
  return `${source}\n${eventId}\n${fate}\n${reason}`;
}
