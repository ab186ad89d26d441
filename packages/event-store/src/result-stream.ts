/**
 * Reads a result as it flows: JSONCompactEachRowWithProgress, one JSON object a line, `{"progress":…}`, `{"meta":…}` or `{"row":[…]}`. An error
 * after the first row arrives as `__exception__`, a tag, the message, a length and the tag, `__exception__`. Rows are parsed and handed on chunk by
 * chunk: a large result neither holds the event loop nor sits in memory, and a slow taker slows the server down.
 */
import type { Readable } from 'node:stream';
import { parseComplaint, type ServerComplaint } from './clickhouse-error.ts';
import { EventStoreUnavailable, QueryFailed, QueryTooLarge } from './errors.ts';

export const RESULT_FORMAT = 'JSONCompactEachRowWithProgress';

/** Takes rows in the order of the result, a few hundred at a time; the next come once it has resolved. What it throws ends the query. */
export type RowSink = (rows: unknown[][]) => void | Promise<void>;

export interface ReadResult {
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** The error that ended the result, if one did. */
  readonly complaint: ServerComplaint | null;
}

const EXCEPTION = '__exception__';
/** What may wait for the taker of the rows before the server is made to wait. */
const READ_AHEAD_BYTES = 1024 * 1024;
/** For lines that are not rows. */
const SPARE_BYTES = 1024 * 1024;
const INTEGER_64 = /^(Nullable\(|LowCardinality\()*U?Int64\)*$/;

interface Progress {
  readonly read_rows: string;
  readonly read_bytes: string;
}

type Line =
  | { readonly row: unknown[] }
  | { readonly meta: readonly { readonly name: string; readonly type: string }[] }
  | { readonly progress: Progress }
  /** Figures nobody asks for, such as `rows_before_limit_at_least`. */
  | { readonly rows_before_limit_at_least: unknown };

/**
 * @throws QueryTooLarge as soon as a cap is passed, with the stream destroyed; the caller then ends the query. Else what the sink throws, or what the
 * stream fails with, unless an error of the server came before: after such an error the server breaks the connection off, so that nobody takes the
 * result for whole.
 */
export async function readResult(stream: Readable, caps: ResultCaps, sink: RowSink): Promise<ReadResult> {
  const reader = new ResultReader(caps);
  const hand = async () => {
    const rows = reader.takeRows();
    if (rows.length > 0) await sink(rows);
  };
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let ended: { readonly failure: Error | null } | null = null;
  let wake = () => {};
  const end = (failure: Error | null) => {
    ended ??= { failure };
    wake();
  };
  // Not by iteration, which drops what has arrived when the connection breaks.
  stream.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes > READ_AHEAD_BYTES) stream.pause();
    wake();
  });
  stream.once('end', () => end(null));
  stream.once('error', end);
  stream.once('close', () => end(new EventStoreUnavailable('the result of the event store broke off')));
  const next = async (): Promise<Buffer | undefined> => {
    while (waiting.length === 0 && ended === null) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const chunk = waiting.shift();
    waitingBytes -= chunk?.length ?? 0;
    if (stream.isPaused() && waitingBytes <= READ_AHEAD_BYTES / 2) stream.resume();
    return chunk;
  };
  const failure = (): Error | null => ended?.failure ?? null;
  try {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
      reader.push(chunk);
      await hand();
    }
    const broken = failure();
    if (broken !== null) {
      const result = reader.complained();
      if (result) return result;
      throw broken;
    }
    const result = reader.end();
    await hand();
    return result;
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

export interface ResultCaps {
  readonly maxRows: number;
  readonly maxBytes: number;
}

class ResultReader {
  readonly #caps: ResultCaps;
  #rows: unknown[][] = [];
  #rowCount = 0;
  #progress: Progress | null = null;
  #wideIntegers: readonly number[] = [];
  #exception: string[] | null = null;
  #broken: string | null = null;
  #bytes = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(caps: ResultCaps) {
    this.#caps = caps;
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#bytes + this.#heldBytes > this.#caps.maxBytes + SPARE_BYTES) {
        throw new QueryTooLarge('bytes', this.#caps.maxBytes);
      }
      return;
    }
    const whole = Buffer.concat([...this.#held, chunk.subarray(0, end)]).toString('utf8');
    this.#held = [chunk.subarray(end + 1)];
    this.#heldBytes = chunk.length - end - 1;
    for (const line of whole.split('\n')) this.#take(line);
  }

  /** The rows that have come since it was asked last. */
  takeRows(): unknown[][] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  end(): ReadResult {
    this.#take(Buffer.concat(this.#held).toString('utf8'));
    const complained = this.complained();
    if (complained) return complained;
    if (this.#broken !== null) throw brokenOff(this.#broken);
    return this.#result(null);
  }

  complained(): ReadResult | null {
    return this.#exception && this.#result(parseComplaint(this.#exception.slice(1).join('\n')));
  }

  #result(complaint: ServerComplaint | null): ReadResult {
    return {
      rowsRead: Number(this.#progress?.read_rows ?? 0),
      bytesRead: Number(this.#progress?.read_bytes ?? 0),
      complaint,
    };
  }

  #take(line: string): void {
    if (this.#exception) {
      this.#exception.push(line);
      return;
    }
    const text = line.trim();
    if (text === '') return;
    if (text === EXCEPTION) {
      this.#exception = [];
      return;
    }
    if (this.#broken !== null) throw brokenOff(this.#broken);
    const parsed = parseLine(text);
    if (parsed === null) {
      // An error may cut a row short; then it says so on the next line.
      this.#broken = text;
    } else if ('progress' in parsed) {
      this.#progress = parsed.progress;
    } else if ('meta' in parsed) {
      this.#wideIntegers = parsed.meta.flatMap(({ type }, i) => (INTEGER_64.test(type) ? [i] : []));
    } else if ('row' in parsed) {
      this.#takeRow(parsed.row, Buffer.byteLength(text));
    }
  }

  #takeRow(row: unknown[], bytes: number): void {
    this.#bytes += bytes;
    this.#rowCount++;
    if (this.#rowCount > this.#caps.maxRows) throw new QueryTooLarge('rows', this.#caps.maxRows);
    if (this.#bytes > this.#caps.maxBytes) throw new QueryTooLarge('bytes', this.#caps.maxBytes);
    this.#rows.push(withNumbers(row, this.#wideIntegers));
  }
}

function parseLine(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Line) : null;
  } catch {
    return null;
  }
}

function brokenOff(text: string): Error {
  return text.startsWith('{')
    ? new EventStoreUnavailable('the result of the event store broke off')
    : new QueryFailed(0, `the event store answered with something else than rows: ${text.slice(0, 200)}`);
}

/** 64-bit integers arrive as text, so that none loses its last digits; those that a number holds exactly become one. */
function withNumbers(row: unknown[], wideIntegers: readonly number[]): unknown[] {
  for (const i of wideIntegers) {
    const value = Number(row[i]);
    if (typeof row[i] === 'string' && Number.isSafeInteger(value)) row[i] = value;
  }
  return row;
}
