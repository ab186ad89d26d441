/** Records as log records of the OpenTelemetry protocol 1.x, in its JSON encoding: 64-bit numbers are texts. Pure. */
import { parseTicks, UNIX_EPOCH_TICKS } from '@merlon/contract';
import type { ExportRecord } from '../destination.ts';
import { recordContent } from '../record-content.ts';

const INFO = { severityNumber: 9, severityText: 'INFO' };

/** One line for each record; `logs` puts them together. */
export function logRecord(record: ExportRecord): { readonly tenantId: string; readonly json: string } {
  const { tenantId, properties } = recordContent(record);
  const { Timestamp } = properties;
  const observed = unixNano(record.time);
  return {
    tenantId,
    json: JSON.stringify({
      timeUnixNano: (typeof Timestamp === 'string' ? unixNano(Timestamp) : null) ?? observed ?? '0',
      observedTimeUnixNano: observed ?? '0',
      ...INFO,
      eventName: `AdvancedHunting-${record.table}`,
      body: anyValue(properties),
      // By the semantic conventions: who has it already may drop the record.
      attributes: [{ key: 'log.record.uid', value: { stringValue: record.id } }],
    }),
  };
}

/** Records of one tenant. */
export function logsRequest(tenantId: string, records: readonly string[]): string {
  const resource = {
    attributes: [
      { key: 'service.name', value: { stringValue: 'merlon' } },
      { key: 'merlon.tenant.id', value: { stringValue: tenantId } },
    ],
  };
  return `{"resourceLogs":[{"resource":${JSON.stringify(resource)},"scopeLogs":[{"scope":{"name":"merlon"},"logRecords":[${records.join(',')}]}]}]}`;
}

function unixNano(time: string): string | null {
  const ticks = parseTicks(time);
  return ticks === null || ticks < UNIX_EPOCH_TICKS ? null : String((ticks - UNIX_EPOCH_TICKS) * 100n);
}

function anyValue(value: unknown): object {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return fitsInt64(value) ? { intValue: String(value) } : { stringValue: String(value) };
    case 'number':
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      break;
  }
  // Null is a value that is not set.
  if (value === null || typeof value !== 'object') return {};
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return {
    kvlistValue: {
      values: Object.entries(value).map(([key, member]) => ({ key, value: anyValue(member) })),
    },
  };
}

const fitsInt64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value;
