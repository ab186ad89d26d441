/** What a query may take, and what a caller may take over time. Figures of the service (`hunting.md` §2); the configuration may change them. */

/** Where a query comes in: Merlon's own portal, `/api/advancedqueries`, `/api/advancedhunting`, or Graph. */
export type HuntingInterface = 'portal' | 'api' | 'xdr' | 'graph';

export interface HuntingConfig {
  readonly callsPerMinute: number;
  readonly callsPerHour: number;
  /** Seconds of run time in a quarter of an hour: of a tenant's people in the portal, and of an application through the newer addresses. */
  readonly runSecondsPerQuarter: number;
  readonly runSecondsPerHour: number;
  readonly runSecondsPerDay: number;
  /** Null: what the service allows at the address the query came to. */
  readonly maxSeconds: number | null;
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Bytes of one query in the engine. Null: the reader's memory, shared between the queries that may run at once. */
  readonly maxMemoryBytes: number | null;
  readonly lookbackDays: number;
  /** Queries at once, of all tenants. */
  readonly running: number;
  /** Queries at once, of one tenant. */
  readonly runningPerTenant: number;
  /** Hosts that `externaldata` may read from. Empty: none. */
  readonly externalHosts: readonly string[];
  /** File that says where addresses are, in MaxMind's format. Null: nobody knows. */
  readonly geoDatabase: string | null;
}

export const HUNTING_DEFAULTS: HuntingConfig = {
  callsPerMinute: 45,
  callsPerHour: 1_500,
  runSecondsPerQuarter: 900,
  runSecondsPerHour: 600,
  runSecondsPerDay: 10_800,
  maxSeconds: null,
  maxRows: 100_000,
  maxBytes: 124 * 1024 * 1024,
  maxMemoryBytes: null,
  lookbackDays: 30,
  running: 4,
  runningPerTenant: 2,
  externalHosts: [],
  geoDatabase: null,
};

/** Longest query text. */
export const MAX_QUERY_BYTES = 256 * 1024;

const SECONDS: Readonly<Record<HuntingInterface, number>> = { portal: 600, api: 200, xdr: 180, graph: 180 };
const PORTAL_ROWS = 30_000;

export interface RunLimits {
  readonly maxSeconds: number;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxMemoryBytes: number;
  readonly lookbackDays: number;
}

/** @param readerMemoryBytes what all queries together may take of the engine */
export function runLimits(
  through: HuntingInterface,
  config: HuntingConfig,
  readerMemoryBytes: number,
): RunLimits {
  return {
    maxSeconds: config.maxSeconds ?? SECONDS[through],
    maxRows: through === 'portal' ? Math.min(PORTAL_ROWS, config.maxRows) : config.maxRows,
    maxBytes: config.maxBytes,
    maxMemoryBytes: config.maxMemoryBytes ?? Math.floor(readerMemoryBytes / config.running),
    lookbackDays: config.lookbackDays,
  };
}
