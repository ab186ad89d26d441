/** A record in ArcSight's Common Event Format, version 0 (the 2010 text, revision 25 of its dictionary). Pure. */
import type { ExportRecord } from '../destination.ts';
import type { RecordContent } from '../record-content.ts';
import { eventFields, eventSeverity } from './event-fields.ts';

const VENDOR = 'Merlon';
const PRODUCT = 'Merlon';
/** Of the mapping. */
const VERSION = '1';

/** Of the header: a pipe or backslash is escaped, and there are no line ends. */
const head = (text: string): string => text.replace(/[\r\n]+/g, ' ').replace(/[\\|]/g, (sign) => `\\${sign}`);

/** Of the extension: backslash and equals sign are escaped, line ends are written `\r` and `\n`. */
const value = (text: string): string =>
  text
    .replace(/[\\=]/g, (sign) => `\\${sign}`)
    .replaceAll('\r', '\\r')
    .replaceAll('\n', '\\n');

export function cefEvent(record: ExportRecord, { properties, tenantId }: RecordContent): string {
  const { ActionType, Severity, Title, Timestamp } = properties;
  const name = [Title, ActionType].find((text) => typeof text === 'string' && text !== '') ?? record.table;
  const happened = Date.parse(typeof Timestamp === 'string' ? Timestamp : record.time);
  const fields: (readonly [string, string])[] = [
    ['externalId', record.id],
    ...(Number.isNaN(happened) ? [] : [['rt', String(happened)] as const]),
    ['MerlonTable', record.table],
    ['MerlonTenantId', tenantId],
    ...eventFields(properties, 'cef'),
  ];
  const header = [VENDOR, PRODUCT, VERSION, record.table, String(name), String(eventSeverity(Severity))];
  return `CEF:0|${header.map(head).join('|')}|${fields.map(([key, text]) => `${key}=${value(text)}`).join(' ')}`;
}
