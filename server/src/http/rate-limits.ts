/**
 * The service's quotas, counted per route, application and tenant (for a user's token also per user). Counters live in this process: behind
 * several servers each counts what it sees. Merlon's own portal is not an API client and has its own, wider bound.
 */
import { ApiError, isGuid } from '@merlon/contract';
import type { Clock } from '../telemetry/clock.ts';
import type { Caller, Method } from './route.ts';

export interface Quota {
  readonly perMinute?: number;
  readonly perHour?: number;
}

export const DEFAULT_QUOTA: Quota = { perMinute: 100, perHour: 1_500 };
const PORTAL_QUOTA: Quota = { perMinute: 1_200 };

/** Method and path in lower case, every path parameter as `:`. */
const QUOTAS: Readonly<Record<string, Quota>> = {
  'POST /api/alerts/batchupdate': { perMinute: 10, perHour: 500 },
  'POST /api/alerts/createalertbyreference': { perMinute: 15 },
  // learn.microsoft.com/defender-xdr/api-list-incidents, api-get-incident, api-update-incidents.
  'GET /api/incidents': { perMinute: 50, perHour: 1_500 },
  'GET /api/incidents/:': { perMinute: 50, perHour: 1_500 },
  'PATCH /api/incidents/:': { perMinute: 50, perHour: 1_500 },
  // Hunting counts its own calls, together with the time they take, where a restart does not forget them.
  'POST /api/advancedqueries/run': {},
  'GET /api/advancedqueries': {},
  'POST /api/advancedqueries/schema': {},
  'POST /api/advancedhunting/run': {},
  'POST /v1.0/security/runhuntingquery': {},
  'POST /v1.0/security/microsoft.graph.security.runhuntingquery': {},
  'POST /api/machines/:/runliveresponse': { perMinute: 10 },
  'POST /api/machines/:/startinvestigation': { perHour: 50 },
  'POST /api/machines/:/initiateinvestigation': { perHour: 5 },
  'GET /api/machineactions/:/getpackageuri': { perMinute: 2, perHour: 120 },
  'GET /api/machines/:/vulnerabilities': { perMinute: 50, perHour: 1_500 },
  'POST /api/indicators/import': { perMinute: 30 },
  'POST /api/indicators/batchdelete': { perMinute: 30, perHour: 1_500 },
  ...Object.fromEntries(
    [
      'softwareinventorybymachine',
      'softwarevulnerabilitiesbymachine',
      'softwarevulnerabilitychangesbymachine',
      'secureconfigurationsassessmentbymachine',
      'softwareinventorynoproductcodebymachine',
      'certificateassessmentbymachine',
      'baselinecomplianceassessmentbymachine',
      'browserextensionsinventorybymachine',
      'hardwarefirmwareinventorybymachine',
      'infogatheringbymachine',
    ].map((name) => [`GET /api/machines/${name}`, { perMinute: 30, perHour: 1_000 }]),
  ),
  'GET /api/deviceavinfo': { perMinute: 30, perHour: 1_000 },
  ...Object.fromEntries(
    [
      'softwareinventoryexport',
      'softwarevulnerabilitiesexport',
      'secureconfigurationsassessmentexport',
      'softwareinventorynonproductcodeexport',
      'certificateassessmentexport',
      'baselinecomplianceassessmentexport',
      'browserextensionsinventoryexport',
      'hardwarefirmwareinventoryexport',
      'infogatheringexport',
    ].map((name) => [`GET /api/machines/${name}`, { perMinute: 5, perHour: 20 }]),
  ),
};

export function quotaOf(method: Method, path: string): Quota {
  const key = `${method} ${path.replace(/:[A-Za-z_]\w*/g, ':').toLowerCase()}`;
  return QUOTAS[key] ?? DEFAULT_QUOTA;
}

/** How many times the service's quotas an application has, by its client id. Absent: once. */
export type QuotaFactors = ReadonlyMap<string, number>;

export function factorOf(factors: QuotaFactors, { clientId }: Pick<Caller, 'clientId'>): number {
  return factors.get(clientId.toLowerCase()) ?? 1;
}

/** `{"<client id>": 4}`. @throws Error that says what is wrong */
export function readQuotaFactors(text: string): QuotaFactors {
  const read: unknown = JSON.parse(text);
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new Error('it is no JSON object');
  return new Map(
    Object.entries(read).map(([clientId, factor]) => {
      if (!isGuid(clientId)) throw new Error(`${clientId} is no client id`);
      if (typeof factor !== 'number' || !(factor > 0 && factor <= MAX_FACTOR))
        throw new Error(`${clientId} has no factor above 0 and up to ${MAX_FACTOR}`);
      return [clientId.toLowerCase(), factor];
    }),
  );
}

const MAX_FACTOR = 1_000;

/** What is left to a caller of one quota. */
export interface QuotaLeft {
  readonly per: 'minute' | 'hour';
  readonly limit: number;
  readonly used: number;
  /** Null: nothing was used yet, so no window has begun. */
  readonly resetsAt: Date | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Fixed windows, begun by the first call in them. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #factors: QuotaFactors;
  readonly #windows = new Map<string, { endsAt: number; count: number }>();
  #sweepAt = 0;

  constructor(clock: Clock, factors: QuotaFactors = new Map()) {
    this.#clock = clock;
    this.#factors = factors;
  }

  /** Counts one call, or throws TooManyRequests. A refused call is not counted. */
  take(routeId: string, quota: Quota, caller: Caller): void {
    const now = this.#clock.now().getTime();
    this.#sweep(now);
    const windows = this.#limits(routeId, quota, caller).map(({ key, length, most }) =>
      this.#window(key, length, most, now),
    );
    const full = windows.filter(({ window, most }) => window.count >= most);
    if (full.length > 0) {
      const wait = Math.max(...full.map(({ window }) => window.endsAt - now));
      throw new ApiError('TooManyRequests', undefined, {
        retryAfterSeconds: Math.max(1, Math.ceil(wait / 1_000)),
      });
    }
    for (const { window } of windows) window.count += 1;
  }

  /** What a caller has used of a route's quotas. Counts nothing. */
  left(routeId: string, quota: Quota, caller: Caller): QuotaLeft[] {
    const now = this.#clock.now().getTime();
    return this.#limits(routeId, quota, caller).map(({ per, key, most }) => {
      const window = this.#windows.get(key);
      const open = window && window.endsAt > now ? window : null;
      return { per, limit: most, used: open?.count ?? 0, resetsAt: open && new Date(open.endsAt) };
    });
  }

  #limits(routeId: string, quota: Quota, caller: Caller) {
    const who = `${caller.tenantId} ${caller.clientId} ${caller.kind === 'user' ? caller.id : ''}`;
    const applied = caller.portal ? PORTAL_QUOTA : quota;
    const factor = factorOf(this.#factors, caller);
    const limit = (per: 'minute' | 'hour', length: number, most: number | undefined) =>
      most === undefined
        ? []
        : [{ per, key: `${per} ${routeId} ${who}`, length, most: Math.max(1, Math.floor(most * factor)) }];
    return [...limit('minute', MINUTE_MS, applied.perMinute), ...limit('hour', HOUR_MS, applied.perHour)];
  }

  #window(key: string, length: number, most: number, now: number) {
    let window = this.#windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { endsAt: now + length, count: 0 };
      this.#windows.set(key, window);
    }
    return { window, most };
  }

  /** Ended windows leave once a minute, so memory follows the callers of the last hour. */
  #sweep(now: number): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + MINUTE_MS;
    for (const [key, window] of this.#windows) if (window.endsAt <= now) this.#windows.delete(key);
  }
}
