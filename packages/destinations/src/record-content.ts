/** What a record says, for destinations that need its columns one by one. */
import { DeliveryError, type ExportRecord } from './destination.ts';
import { parseExact } from './exact-json.ts';

export interface RecordContent {
  readonly tenantId: string;
  /** Column → value; whole numbers beyond 2^53 are bigint. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** @throws DeliveryError `refused` for what is no record */
export function recordContent(record: ExportRecord): RecordContent {
  let value: unknown;
  try {
    value = parseExact(record.json);
  } catch (cause) {
    throw new DeliveryError('refused', `The record ${record.id} is not JSON.`, { cause });
  }
  if (!isObject(value) || !isObject(value.properties))
    throw new DeliveryError('refused', `The record ${record.id} has no properties.`);
  return {
    tenantId: typeof value.tenantId === 'string' ? value.tenantId : '',
    properties: value.properties,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
