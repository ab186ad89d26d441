/**
 * What says whether a package counts, remembered for moments: a fleet asks of one package thousands of times a second. A revocation counts within
 * that time everywhere.
 */
import type { Clock } from '../../telemetry/clock.ts';
import type { PackageStanding } from './package-token.ts';

const LIFETIME_MS = 2_000;
/** Beyond it all are asked for again. */
const CAPACITY = 10_000;

type Load = (tenantId: string, packageId: string) => Promise<PackageStanding | null>;

export class StandingCache {
  readonly #load: Load;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly until: number; readonly standing: ReturnType<Load> }>();

  constructor(load: Load, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  get(tenantId: string, packageId: string): ReturnType<Load> {
    const key = keyOf(tenantId, packageId);
    const now = this.#clock.now().getTime();
    const known = this.#known.get(key);
    if (known && known.until > now) return known.standing;
    if (this.#known.size >= CAPACITY) this.#known.clear();
    const standing = this.#load(tenantId, packageId);
    this.#known.set(key, { until: now + LIFETIME_MS, standing });
    // A failure is not remembered; whoever asked hears of it.
    standing.catch(() => this.#known.delete(key));
    return standing;
  }

  forget(tenantId: string, packageId: string): void {
    this.#known.delete(keyOf(tenantId, packageId));
  }
}

const keyOf = (tenantId: string, packageId: string) => `${tenantId} ${packageId}`.toLowerCase();
