/** What can go wrong between Merlon and its event store. The message is for operators; what a caller of the API reads is decided by whoever catches. */
export abstract class EventStoreError extends Error {
  /** True when the same call may succeed later without being changed. */
  abstract readonly retriable: boolean;
}

/** The store cannot be reached, is starting, or is too busy. */
export class EventStoreUnavailable extends EventStoreError {
  override readonly name = 'EventStoreUnavailable';
  readonly retriable = true;
}

/** The query ran longer than it may. */
export class QueryTimeout extends EventStoreError {
  override readonly name = 'QueryTimeout';
  readonly retriable = false;
}

/** The result is larger than it may be; `cap` says in what. */
export class QueryTooLarge extends EventStoreError {
  override readonly name = 'QueryTooLarge';
  readonly retriable = false;
  readonly cap: 'rows' | 'bytes';
  readonly limit: number;

  constructor(cap: 'rows' | 'bytes', limit: number) {
    super(`the result has more than ${limit} ${cap}`);
    this.cap = cap;
    this.limit = limit;
  }
}

/** The query needs more memory than it may take. */
export class QueryMemory extends EventStoreError {
  override readonly name = 'QueryMemory';
  readonly retriable = false;
}

/** The caller's signal was aborted, or the query was killed by its id. */
export class QueryCancelled extends EventStoreError {
  override readonly name = 'QueryCancelled';
  readonly retriable = false;
}

/** The store refused the query: `code` is ClickHouse's, 0 where it gave none. */
export class QueryFailed extends EventStoreError {
  override readonly name = 'QueryFailed';
  readonly retriable = false;
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An insert failed for a reason that lies not in its rows. Nothing is lost by trying again with the same token. */
export class InsertFailed extends EventStoreError {
  override readonly name = 'InsertFailed';
  readonly retriable = true;
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The tables that are there cannot become the tables that should be by adding alone. */
export class EventStoreSchemaError extends EventStoreError {
  override readonly name = 'EventStoreSchemaError';
  readonly retriable = false;
}
