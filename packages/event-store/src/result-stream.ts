/**
 * Reads a result as it flows: JSONCompactEachRowWithProgress, one JSON object a line, `{"progress":…}`, `{"meta":…}` or `{"row":[…]}`. An error
 * after the first row arrives as `__exception__`, a tag, the message, a length and the tag, `__exception__`. Rows are parsed one by one, so a
 * large result never holds the event loop for more than a chunk.
 */
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

/** @throws QueryTooLarge as soon as a cap is passed; the caller then ends the query. */
export async function readResult(
  chunks: AsyncIterable<Buffer>,
  caps: { readonly maxRows: number; readonly maxBytes: number },
): Promise<ReadResult> {
  const rows: unknown[][] = [];
  let progress: Progress | null = null;
  let wideIntegers: readonly number[] = [];
  let exception: string[] | null = null;
  let bytes = 0;

  const take = (line: string) => {
    if (exception) {
      exception.push(line);
      return;
    }
    const text = line.trim();
    if (text === '') return;
    if (text === EXCEPTION) {
      exception = [];
      return;
    }
    const parsed = parseLine(text);
    if ('progress' in parsed) {
      progress = parsed.progress;
    } else if ('meta' in parsed) {
      wideIntegers = parsed.meta.flatMap(({ type }, i) => (INTEGER_64.test(type) ? [i] : []));
    } else if ('row' in parsed) {
      bytes += Buffer.byteLength(text);
      if (rows.length >= caps.maxRows) throw new QueryTooLarge('rows', caps.maxRows);
      if (bytes > caps.maxBytes) throw new QueryTooLarge('bytes', caps.maxBytes);
      rows.push(withNumbers(parsed.row, wideIntegers));
    }
  };

  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      held.push(chunk);
      heldBytes += chunk.length;
      if (bytes + heldBytes > caps.maxBytes + chunk.length) throw new QueryTooLarge('bytes', caps.maxBytes);
      continue;
    }
    const whole = Buffer.concat([...held, chunk.subarray(0, end)]).toString('utf8');
    held = [chunk.subarray(end + 1)];
    heldBytes = chunk.length - end - 1;
    for (const line of whole.split('\n')) take(line);
  }
  take(Buffer.concat(held).toString('utf8'));

  const last: Progress | null = progress;
  return {
    rows,
    ...readFigures(last),
    complaint: exception ? parseComplaint((exception as string[]).slice(1).join('\n')) : null,
  };
}

function readFigures(progress: Progress | null): { rowsRead: number; bytesRead: number } {
  return { rowsRead: Number(progress?.read_rows ?? 0), bytesRead: Number(progress?.read_bytes ?? 0) };
}

function parseLine(text: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Line;
  } catch {
    // Said below.
  }
  // A line cut short: the connection broke, and the driver did not notice.
  if (text.startsWith('{')) throw new EventStoreUnavailable('the result of the event store broke off');
  throw new QueryFailed(0, `the event store answered with something else than rows: ${text.slice(0, 200)}`);
}

/** 64-bit integers arrive as text, so that none loses its last digits; those that a number holds exactly become one. */
function withNumbers(row: unknown[], wideIntegers: readonly number[]): unknown[] {
  for (const i of wideIntegers) {
    const value = Number(row[i]);
    if (typeof row[i] === 'string' && Number.isSafeInteger(value)) row[i] = value;
  }
  return row;
}
