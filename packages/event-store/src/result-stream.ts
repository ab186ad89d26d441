/**
 * Reads a result as it flows: JSONCompactEachRowWithProgress, one JSON object a line, `{"progress":…}`, `{"meta":…}` or `{"row":[…]}`. An error
 * after the first row arrives as `__exception__`, a tag, the message, a length and the tag, `__exception__`. Rows are parsed one by one, so a
 * large result never holds the event loop for more than a chunk.
 */
import type { Readable } from 'node:stream';
import { parseComplaint, type ServerComplaint } from './clickhouse-error.ts';
import { EventStoreUnavailable, QueryFailed, QueryTooLarge } from './errors.ts';

export const RESULT_FORMAT = 'JSONCompactEachRowWithProgress';

export interface ReadResult {
  readonly rows: unknown[][];
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** The error that ended the result, if one did. */
  readonly complaint: ServerComplaint | null;
}

const EXCEPTION = '__exception__';
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
 * @throws QueryTooLarge as soon as a cap is passed, with the stream destroyed; the caller then ends the query. Else what the stream fails with, unless
 * an error of the server came before: after such an error the server breaks the connection off, so that nobody takes the result for whole.
 */
export async function readResult(stream: Readable, caps: ResultCaps): Promise<ReadResult> {
  const reader = new ResultReader(caps);
  try {
    await new Promise<void>((resolve, reject) => {
      // Not by iteration, which drops what has arrived when the connection breaks.
      stream.on('data', (chunk: Buffer) => {
        try {
          reader.push(chunk);
        } catch (error) {
          stream.destroy(error as Error);
        }
      });
      stream.once('end', resolve);
      stream.once('error', reject);
      stream.once('close', () =>
        reject(new EventStoreUnavailable('the result of the event store broke off')),
      );
    });
  } catch (error) {
    const result = reader.complained();
    if (result) return result;
    throw error;
  }
  return reader.end();
}

export interface ResultCaps {
  readonly maxRows: number;
  readonly maxBytes: number;
}

class ResultReader {
  readonly #caps: ResultCaps;
  readonly #rows: unknown[][] = [];
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
      rows: this.#rows,
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
    if (this.#rows.length >= this.#caps.maxRows) throw new QueryTooLarge('rows', this.#caps.maxRows);
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
