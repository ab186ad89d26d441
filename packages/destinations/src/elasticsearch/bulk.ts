/** The body and the answer of `_bulk`, as Elasticsearch and OpenSearch have it. Pure. */
import { DeliveryError, type DeliveryFault, type ExportRecord } from '../destination.ts';
import { recordContent } from '../record-content.ts';

/** Creates the record under its own id, so that a repeat changes nothing. `index` may hold `{table}`. */
export function bulkLines(record: ExportRecord, index: string): string {
  const { Timestamp } = recordContent(record).properties;
  const head = JSON.stringify({ create: { _index: indexName(index, record.table), _id: record.id } });
  const stamp = JSON.stringify(typeof Timestamp === 'string' ? Timestamp : record.time);
  return `${head}\n{"@timestamp":${stamp},${record.json.slice(1)}\n`;
}

export const indexName = (index: string, table: string): string =>
  index.replaceAll('{table}', table.toLowerCase());

interface BulkItem {
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

const FAULTS: ReadonlyMap<number, DeliveryFault> = new Map([
  [401, 'credentials'],
  [403, 'forbidden'],
  [404, 'missing'],
  [429, 'throttled'],
  [503, 'throttled'],
]);
/** What is worth most to be told of a batch comes first: what no repeat mends, then what somebody must mend, then what time mends. */
const ORDER: readonly DeliveryFault[] = [
  'credentials',
  'forbidden',
  'missing',
  'refused',
  'throttled',
  'unreachable',
];
const CONFLICT = 409;
const REASON_LENGTH = 300;

/**
 * Null when every record is there. Those of a batch that were taken stay taken, and are known again by their ids.
 * @throws DeliveryError `unreachable` for what is no answer of `_bulk`
 */
export function bulkFault(body: string, records: readonly ExportRecord[], who: string): DeliveryError | null {
  const items = itemsOf(body);
  if (items === null || items.length !== records.length)
    throw new DeliveryError('unreachable', `${who} answered with what is no answer to _bulk.`);
  let worst: DeliveryError | null = null;
  for (const [at, { status, type, reason }] of items.entries()) {
    if ((status >= 200 && status < 300) || status === CONFLICT) continue;
    const fault = FAULTS.get(status) ?? (status >= 400 && status < 500 ? 'refused' : 'unreachable');
    if (worst !== null && ORDER.indexOf(worst.fault) <= ORDER.indexOf(fault)) continue;
    worst = new DeliveryError(
      fault,
      `${who} did not take the record ${records[at]?.id}: ${status} ${type} ${reason.slice(0, REASON_LENGTH)}`.trim(),
    );
  }
  return worst;
}

function itemsOf(body: string): readonly BulkItem[] | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  const { items } = object(value);
  if (!Array.isArray(items)) return null;
  return items.map((item: unknown) => {
    const { status, error } = object(object(item).create);
    const { type, reason } = object(error);
    return {
      status: typeof status === 'number' ? status : 0,
      type: typeof type === 'string' ? type : '',
      reason: typeof reason === 'string' ? reason : '',
    };
  });
}

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
