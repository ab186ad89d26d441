/**
 * Turns what a device sent into what the log keeps: inflates, parses, checks every row against contract, stamps what only the server may
 * say. Pure and synchronous; it runs in a worker, because a full batch takes tens of milliseconds.
 */
import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import {
  type ApiErrorCode,
  BATCH_LIMITS,
  DEVICE_TABLES,
  type HuntingTable,
  huntingTable,
  SERVER_OWNED_COLUMNS,
  validateRow,
} from '@merlon/contract';
import type { BatchHeader, BatchSection } from './batch-record.ts';

export type Encoding = 'gzip' | 'identity';

export interface ShapedBatch {
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

interface Target {
  readonly table: HuntingTable;
  /** `{"TenantId":…,` up to the first of the row's own keys. */
  readonly prefix: string;
  readonly dynamicColumns: readonly string[];
  readonly needsReportId: boolean;
  readonly lines: string[];
}

type Row = Record<string, unknown>;

export function shapeBatch(
  body: Uint8Array,
  encoding: Encoding,
  stamp: BatchHeader,
): ShapedBatch | BatchRefusal {
  const plain = inflate(body, encoding);
  if ('refused' in plain) return plain;
  if (!isUtf8(plain)) return refuse('InvalidRequestBody', 'The batch is not UTF-8 text.');

  const lines = plain.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return refuse('InvalidRequestBody', 'The batch holds no row.');
  if (lines.length > BATCH_LIMITS.rows) {
    return refuse(
      'MaximumBatchSizeExceeded',
      `The batch holds ${lines.length} rows; ${BATCH_LIMITS.rows} are allowed.`,
    );
  }

  const now = new Date(stamp.receivedAt);
  const targets = new Map<string, Target>();
  const rejected: { line: number; reason: string }[] = [];
  let rejectedCount = 0;
  for (const [index, line] of lines.entries()) {
    const outcome = shapeRow(line, stamp, now, targets);
    if (outcome === null) continue;
    if (typeof outcome === 'object') return outcome;
    rejectedCount += 1;
    if (rejected.length < REJECTED_LISTED) rejected.push({ line: index + 1, reason: outcome });
  }

  const sections = [...targets.values()]
    .filter((target) => target.lines.length > 0)
    .map((target) => ({
      table: target.table.name,
      rows: target.lines.length,
      ndjson: Buffer.from(`${target.lines.join('\n')}\n`),
    }));
  return { sections, accepted: lines.length - rejectedCount, rejectedCount, rejected };
}

/** Null: taken. Text: the row is rejected, and why. A refusal: the whole batch is. */
function shapeRow(
  line: string,
  stamp: BatchHeader,
  now: Date,
  targets: Map<string, Target>,
): string | BatchRefusal | null {
  if (line.length > BATCH_LIMITS.rowBytes || Buffer.byteLength(line) > BATCH_LIMITS.rowBytes) {
    return `the row is longer than ${BATCH_LIMITS.rowBytes} bytes`;
  }
  let row: Row;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return 'the row is not a JSON object';
    row = value as Row;
  } catch {
    return 'the row is not JSON';
  }
  const name = row.Table;
  if (typeof name !== 'string') return 'the row names no Table';
  const target = targets.get(name) ?? openTarget(name, stamp, targets);
  if (!target) return `a device may not write to table ${clip(name)}`;

  if (row.DeviceId !== undefined && row.DeviceId !== stamp.deviceId) {
    return refuse(
      'DisallowedOperation',
      'A row speaks for another device. A device may only speak as itself.',
    );
  }
  // Undefined keys vanish when the row is written again; deleting them would slow every later access.
  row.DeviceId = undefined;
  row.Table = undefined;
  for (const column of SERVER_OWNED_COLUMNS) {
    if (row[column] !== undefined) return `column ${column} is the server's to fill`;
  }
  if (target.needsReportId && (typeof row.ReportId !== 'number' || row.ReportId < 1)) {
    return 'column ReportId must be a number from 1';
  }
  const problem = validateRow(target.table, row, now);
  if (problem !== null) return problem;
  for (const column of target.dynamicColumns) {
    // The store keeps dynamic values as JSON text; a bare string would lose its quotes on the way in.
    if (typeof row[column] === 'string') row[column] = JSON.stringify(row[column]);
  }
  target.lines.push(target.prefix + JSON.stringify(row).slice(1));
  return null;
}

function openTarget(name: string, stamp: BatchHeader, targets: Map<string, Target>): Target | null {
  if (!(DEVICE_TABLES as readonly string[]).includes(name)) return null;
  const table = huntingTable(name);
  if (!table) return null;
  const has = (column: string) => table.columns.some((c) => c.name === column);
  const stamped = {
    TenantId: stamp.tenantId,
    IngestionTime: stamp.receivedAt,
    ...(has('DeviceId') ? { DeviceId: stamp.deviceId } : {}),
    ...(has('DeviceName') ? { DeviceName: stamp.deviceName } : {}),
    ...(has('MachineGroup') ? { MachineGroup: stamp.machineGroup } : {}),
  };
  const target: Target = {
    table,
    prefix: `${JSON.stringify(stamped).slice(0, -1)},`,
    dynamicColumns: table.columns.filter((c) => c.type === 'dynamic').map((c) => c.name),
    needsReportId: has('ReportId'),
    lines: [],
  };
  targets.set(name, target);
  return target;
}

function inflate(body: Uint8Array, encoding: Encoding): Buffer | BatchRefusal {
  if (encoding === 'identity') {
    return body.byteLength > BATCH_LIMITS.plainBytes
      ? tooLarge()
      : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
  try {
    return gunzipSync(body, { maxOutputLength: BATCH_LIMITS.plainBytes });
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
