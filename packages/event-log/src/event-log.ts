/** What the platform sees of the log: the seam that an embedded log and a cluster's log both fill. */

/** Ordinal of a record in the log, counting up by one from 1. Never used twice, kept for ever. */
export type Position = number;

export interface AppendRecord {
  /** Who says it: a device id. 1 to 255 bytes. */
  readonly stream: string;
  /** Names one numbering of the stream: a device that lost its spool begins another. 1 to 255 bytes. */
  readonly epoch: string;
  /** Number of the record within the epoch. A whole number from 0. */
  readonly seq: number;
  /** At most {@link MAX_PAYLOAD_BYTES}. The log keeps it for its readers: not to be changed any more. */
  readonly payload: Buffer;
}

export const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

export interface EventLog {
  /**
   * Resolves once the record is on disk. `duplicate`: the stream already holds that sequence, on disk; nothing is written, and `position` is
   * that of the stream's newest record.
   *
   * Throws {@link LogFullError} when a record would have to be dropped to make room for it.
   */
  append(record: AppendRecord): Promise<{ duplicate: boolean; position: Position }>;
  /**
   * A named reader with a durable checkpoint of its own. From the first call on, the log keeps what this reader has not committed.
   * `from` counts only when the name is new. Name: lower-case letters, digits, `.`, `_`, `-`; at most 64.
   */
  reader(name: string, options?: { from?: 'oldest' | 'newest' }): LogReader;
  /** Forgets a reader that will not come back, so that the log no longer keeps records for it. */
  dropReader(name: string): Promise<void>;
  stats(): LogStats;
  /** Writes what was appended, answers waiting readers with null, gives the folder free. */
  close(): Promise<void>;
}

export interface LogReader {
  readonly name: string;
  /**
   * Waits for records. Null when the log closes or the signal aborts. The bounds of a range are on disk before it is handed out, and until it
   * is committed the same range is what every call gets, also after a crash. Holds at least one record, however large.
   */
  next(options: {
    readonly maxRecords: number;
    readonly maxBytes: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<LogRange | null>;
}

export interface LogRange {
  /** `<log id>.<first>-<last>`: the same for the same records for ever, and no other log's. Fit for a deduplication token. */
  readonly id: string;
  readonly records: readonly LogRecord[];
  /** Resolves once it is on disk that the reader is done with the range. */
  commit(): Promise<void>;
}

export interface LogRecord {
  readonly position: Position;
  readonly stream: string;
  readonly payload: Buffer;
}

export interface LogStats {
  /** On disk, all segments. */
  readonly bytes: number;
  /** First record still kept. */
  readonly oldest: Position;
  /** Newest record on disk; one less than `oldest` when there is none. */
  readonly newest: Position;
  readonly readers: readonly { name: string; lagRecords: number; lagBytes: number }[];
  /** Streams whose sequences are remembered. */
  readonly streams: number;
  /** Streams forgotten for lack of room: a late retry of such a stream is taken for new. */
  readonly forgottenStreams: number;
  /** What this opening cut off the end of the log: writes that a crash interrupted, acknowledged to nobody. */
  readonly tornBytes: number;
}

export interface EventLogLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
