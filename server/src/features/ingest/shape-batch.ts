/**
 * Turns what a device sent into what the log keeps: inflates, checks every row against contract, stamps what only the server may say, lays
 * the rows down by column. Synchronous; it runs in a worker, because a full batch takes tens of milliseconds.
 */
import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import {
  type ApiErrorCode,
  BATCH_LIMITS,
  DEVICE_TABLES,
  huntingTable,
  isoToMs,
  SERVER_OWNED_COLUMNS,
  TIMESTAMP_AHEAD_MS,
  validateRow,
} from '@merlon/contract';
import { TIME_RANGE } from '@merlon/event-store/row-block';
import type { BatchHeader, BatchSection } from './batch-record.ts';
import { RowScanner, RowTarget } from './row-scanner.ts';

export type Encoding = 'gzip' | 'identity';

export interface ShapedBatch {
  /** Empty when no row was taken. */
  readonly sections: readonly BatchSection[];
  readonly accepted: number;
  readonly rejectedCount: number;
  readonly rejected: readonly { readonly line: number; readonly reason: string }[];
}

/** The whole batch is refused. Thrown as data, since it crosses a thread. */
export interface BatchRefusal {
  readonly refused: { readonly code: ApiErrorCode; readonly message: string };
}

const REJECTED_LISTED = 20;
/** One piece for most batches; every further one is copied once more. */
const INFLATE_CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const DAY_MS = 86_400_000;

type Row = Record<string, unknown>;

/** A thread shapes one batch at a time, so the memory of its columns serves one after another. */
const targets = new Map<string, RowTarget | null>();
const scanner = new RowScanner(targetOf);

/** @param retentionDays what is older is told apart at once: the store would only drop it */
export function shapeBatch(
  body: Uint8Array,
  encoding: Encoding,
  stamp: BatchHeader,
  retentionDays: number,
): ShapedBatch | BatchRefusal {
  try {
    return shape(body, encoding, stamp, retentionDays);
  } finally {
    for (const target of targets.values()) target?.builder.clear();
  }
}

function shape(
  body: Uint8Array,
  encoding: Encoding,
  stamp: BatchHeader,
  retentionDays: number,
): ShapedBatch | BatchRefusal {
  const inflated = inflate(body, encoding);
  if ('refused' in inflated) return inflated;
  if (!isUtf8(inflated)) return refuse('InvalidRequestBody', 'The batch is not UTF-8 text.');
  if (inflated.length === 0) return refuse('InvalidRequestBody', 'The batch holds no row.');
  const plain = inflated.at(-1) === NEWLINE ? inflated : Buffer.concat([inflated, Buffer.of(NEWLINE)]);
  const lines = countLines(plain);
  if (lines > BATCH_LIMITS.rows) {
    return refuse(
      'MaximumBatchSizeExceeded',
      `The batch holds ${lines} rows; ${BATCH_LIMITS.rows} are allowed.`,
    );
  }

  const now = new Date(stamp.receivedAt);
  const limits = { now, retentionDays, keptSinceMs: keptSince(now, retentionDays) };
  const rejected: { line: number; reason: string }[] = [];
  let rejectedCount = 0;
  scanner.begin(plain, limits.keptSinceMs, now.getTime() + TIMESTAMP_AHEAD_MS);
  for (let at = 0, line = 1; at < plain.length; line++) {
    const end = plain.indexOf(NEWLINE, at);
    if (end - at > BATCH_LIMITS.rowBytes || scanner.take(at) !== end) {
      const outcome = shapeRow(plain, at, end, stamp, limits);
      if (typeof outcome === 'object' && outcome !== null) return outcome;
      if (outcome !== null) {
        rejectedCount += 1;
        if (rejected.length < REJECTED_LISTED) rejected.push({ line, reason: outcome });
      }
    }
    at = end + 1;
  }

  const sections: BatchSection[] = [];
  for (const [table, target] of targets) {
    if (target === null || target.builder.rows === 0) continue;
    const { rows } = target.builder;
    sections.push({ table, rows, block: target.builder.finish(stampOf(stamp)) });
  }
  return { sections, accepted: lines - rejectedCount, rejectedCount, rejected };
}

interface RowLimits {
  readonly now: Date;
  readonly retentionDays: number;
  readonly keptSinceMs: number;
}

/** Days are dropped whole: the first one that is kept is kept from its beginning. */
export function keptSince(now: Date, retentionDays: number): number {
  return Math.floor((now.getTime() - retentionDays * DAY_MS) / DAY_MS) * DAY_MS;
}

/** The long way. Null: taken. Text: the row is rejected, and why. A refusal: the whole batch is. */
function shapeRow(
  plain: Buffer,
  start: number,
  end: number,
  stamp: BatchHeader,
  limits: RowLimits,
): string | BatchRefusal | null {
  if (end - start > BATCH_LIMITS.rowBytes) return `the row is longer than ${BATCH_LIMITS.rowBytes} bytes`;
  let row: Row;
  try {
    const value: unknown = JSON.parse(plain.toString('utf8', start, end));
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return 'the row is not a JSON object';
    row = value as Row;
  } catch {
    return 'the row is not JSON';
  }
  const name = row.Table;
  if (typeof name !== 'string') return 'the row names no Table';
  const target = targetOf(name);
  if (!target) return `a device may not write to table ${clip(name)}`;

  if (row.DeviceId !== undefined && row.DeviceId !== stamp.deviceId) {
    return refuse(
      'DisallowedOperation',
      'A row speaks for another device. A device may only speak as itself.',
    );
  }
  row.DeviceId = undefined;
  row.Table = undefined;
  for (const column of SERVER_OWNED_COLUMNS) {
    if (row[column] !== undefined) return `column ${column} is the server's to fill`;
  }
  if (target.reportId !== null && (typeof row.ReportId !== 'number' || row.ReportId < 1)) {
    return 'column ReportId must be a number from 1';
  }
  const problem = validateRow(target.table, row, limits.now) ?? timeProblem(target, row, limits);
  if (problem !== null) return problem;
  target.builder.append(row);
  return null;
}

function timeProblem(target: RowTarget, row: Row, { keptSinceMs, retentionDays }: RowLimits): string | null {
  if (target.timestamp !== null && isoToMs(String(row.Timestamp)) < keptSinceMs)
    return `Timestamp: older than the ${retentionDays} days that are kept`;
  for (const { name, kind } of target.columns.values()) {
    const value = row[name];
    if (kind !== 'time' || typeof value !== 'string') continue;
    const ms = isoToMs(value);
    if (ms < TIME_RANGE.firstMs || ms >= TIME_RANGE.lastMs) return `${name}: outside the years 1900 to 2299`;
  }
  return null;
}

function targetOf(name: string): RowTarget | null {
  const known = targets.get(name);
  if (known !== undefined) return known;
  if (!(DEVICE_TABLES as readonly string[]).includes(name)) return null;
  const table = huntingTable(name);
  const target = table ? new RowTarget(table) : null;
  targets.set(name, target);
  return target;
}

/** What every row says, as far as its table has the column. */
export function stampOf({ tenantId, receivedAt, deviceId, deviceName, machineGroup }: BatchHeader): Row {
  return {
    TenantId: tenantId,
    IngestionTime: receivedAt,
    DeviceId: deviceId,
    DeviceName: deviceName,
    ...(machineGroup === '' ? {} : { MachineGroup: machineGroup }),
  };
}

function countLines(plain: Buffer): number {
  let lines = 0;
  for (let at = 0; at < plain.length; lines++) at = plain.indexOf(NEWLINE, at) + 1;
  return lines;
}

function inflate(body: Uint8Array, encoding: Encoding): Buffer | BatchRefusal {
  if (encoding === 'identity') {
    return body.byteLength > BATCH_LIMITS.plainBytes
      ? tooLarge()
      : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
  try {
    return gunzipSync(body, { maxOutputLength: BATCH_LIMITS.plainBytes, chunkSize: INFLATE_CHUNK_BYTES });
  } catch (error) {
    return error instanceof RangeError
      ? tooLarge()
      : refuse('InvalidRequestBody', 'The batch is not gzip data.');
  }
}

function tooLarge(): BatchRefusal {
  return refuse(
    'PayloadTooLarge',
    `The batch is larger than ${BATCH_LIMITS.plainBytes} bytes after decompression.`,
  );
}

function refuse(code: ApiErrorCode, message: string): BatchRefusal {
  return { refused: { code, message } };
}

function clip(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
