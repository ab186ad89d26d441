/** The seam of the event store: what features may rely on, whichever engine is behind it. */
import type { RowSink } from './result-stream.ts';

export interface EventStoreLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface InsertResult {
  /** Rows that no retry would help, in the order of the batch. They are not stored; all others are. */
  readonly rejected: readonly RejectedRow[];
}

export interface BlockInsertResult {
  /** Blocks that no retry would help, by their place among those given, from 0. They are not stored; all others are. */
  readonly refused: readonly { readonly block: number; readonly reason: string }[];
}

export interface RejectedRow {
  /** From 1, in the batch as it was given. */
  readonly line: number;
  readonly reason: string;
}

export interface QueryRequest {
  /** One SELECT, without FORMAT; table names need no database. Untrusted text never is SQL: it comes in through `parameters`, as `{name:Type}`. */
  readonly sql: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Unique; what `kill` takes. */
  readonly queryId: string;
  readonly maxSeconds: number;
  readonly maxRows: number;
  /** Of the result as JSON text. */
  readonly maxBytes: number;
  readonly maxMemoryBytes: number;
  readonly signal?: AbortSignal;
}

export interface QueryResult {
  /**
   * Values by position: text; numbers, and 64-bit integers beyond 2^53 as text; booleans; null; DateTime64(7) as ISO text with seven digits
   * and Z; NaN and infinities as `nan`, `inf`, `-inf`.
   */
  readonly rows: unknown[][];
  readonly stats: QueryStats;
}

export interface QueryStats {
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
  /** The most the engine had taken when the result began to flow. */
  readonly peakMemoryBytes: number;
}

export interface TableSize {
  readonly table: string;
  readonly rows: number;
  /** On disk, compressed, indexes included. */
  readonly bytes: number;
}

/** The most a query may ask for; more is cut down to it. */
export interface ReaderCeilings {
  readonly maxSeconds: number;
  /** Also of all queries together. */
  readonly maxMemoryBytes: number;
}

/** The file that says where addresses are. */
export interface GeoFacts {
  /** As the file calls itself: `GeoLite2-City`. */
  readonly type: string;
  readonly built: Date;
  /** Whether it had to be read; another server, or an earlier start, may have done so. */
  readonly isNew: boolean;
}

export interface EventStore {
  /** Name of the database that holds the tables. */
  readonly database: string;
  readonly ceilings: ReaderCeilings;
  /**
   * Stores a batch of newline-delimited JSON rows in one hunting table, once for each token however often it is called. Resolved means on
   * disk. Up to some 10 000 rows or 16 MiB a call is best; one call becomes one part a day of events.
   * @throws EventStoreError that says whether a retry may help.
   */
  insert(table: string, ndjson: Buffer, dedupToken: string): Promise<InsertResult>;
  /**
   * The same for rows that were shaped into blocks (`@merlon/event-store/row-block`): the cheap way for many. Up to some 64 MiB a call is best.
   * @throws EventStoreError that says whether a retry may help.
   */
  insertBlocks(table: string, blocks: readonly Buffer[], dedupToken: string): Promise<BlockInsertResult>;
  /** @throws QueryTimeout, QueryTooLarge, QueryMemory, QueryCancelled, QueryFailed, EventStoreUnavailable */
  query(request: QueryRequest): Promise<QueryResult>;
  /**
   * As `query`, with the rows handed on as they come. What `sink` throws ends the query and is thrown; a sink that waits makes the engine wait.
   */
  stream(request: QueryRequest, sink: RowSink): Promise<QueryStats>;
  /** Ends a query by its id. No error when there is none. */
  kill(queryId: string): Promise<void>;
  /**
   * Drops every day that lies wholly before the retention, and entities last seen before it. @returns what was dropped, as `Table/20261124` or
   * `FileSightings`.
   */
  dropExpired(now: Date): Promise<string[]>;
  /**
   * Resolves when profiles (`profilesOf`) tell of everything that was stored before the call. The store sees to it by itself, within some seconds.
   */
  foldEntities(): Promise<void>;
  /** Tells which group devices belong to from now on. */
  assignDeviceGroups(
    tenantId: string,
    devices: readonly { deviceId: string; deviceGroup: string }[],
  ): Promise<void>;
  /**
   * Lets queries find where addresses are (`geo_info_from_ip_address()`), by a City or Country database in MaxMind's format. Takes minutes for
   * a large file that is new.
   * @throws MmdbError for another file
   */
  loadGeoDatabase(file: string): Promise<GeoFacts>;
  sizes(): Promise<TableSize[]>;
  close(): Promise<void>;
}
