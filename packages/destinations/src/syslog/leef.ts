/**
 * A record in QRadar's Log Event Extended Format 2.0, its attributes between tabs. The format has no escapes of its own for values: what would end one
 * is written as `\t`, `\r`, `\n`, and the backslash as `\\`. Pure.
 */
import type { ExportRecord } from '../destination.ts';
import type { RecordContent } from '../record-content.ts';
import { eventFields, eventSeverity } from './event-fields.ts';

const VENDOR = 'Merlon';
const PRODUCT = 'Merlon';
/** Of the mapping. */
const VERSION = '1';
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\r': '\\r', '\n': '\\n' };

const value = (text: string): string => text.replace(/[\\\t\r\n]/g, (sign) => ESCAPES[sign] ?? sign);

/** The header has no way to write a pipe. */
const head = (text: string): string => text.replace(/[|\t\r\n]+/g, ' ');

export function leefEvent(record: ExportRecord, { properties, tenantId }: RecordContent): string {
  const { ActionType, Severity, Timestamp } = properties;
  const happened = Date.parse(typeof Timestamp === 'string' ? Timestamp : record.time);
  const eventId = typeof ActionType === 'string' && ActionType !== '' ? ActionType : record.table;
  const fields: (readonly [string, string])[] = [
    // In milliseconds since 1970 it needs no devTimeFormat.
    ...(Number.isNaN(happened) ? [] : [['devTime', String(happened)] as const]),
    ['sev', String(eventSeverity(Severity))],
    ['recordId', record.id],
    ['MerlonTable', record.table],
    ['MerlonTenantId', tenantId],
    ...eventFields(properties, 'leef'),
  ];
  const header = [VENDOR, PRODUCT, VERSION, eventId].map(head).join('|');
  return `LEEF:2.0|${header}|x09|${fields.map(([key, text]) => `${key}=${value(text)}`).join('\t')}`;
}
