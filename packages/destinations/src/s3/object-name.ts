/** Where records of one table and hour lie. The same records give the same name, so that a repeated delivery overwrites itself. Pure. */
import { createHash } from 'node:crypto';
import type { ExportRecord } from '../destination.ts';

/** `extension`: with its point. The hour is that of receipt, UTC. */
export function objectName(
  prefix: string,
  table: string,
  records: readonly ExportRecord[],
  extension: string,
): string {
  const hash = createHash('sha256');
  for (const { id } of records) hash.update(id).update('\n');
  const time = records[0]?.time ?? '';
  const compact = time.replace(/[-:]/g, '');
  return `${folder(prefix)}table=${table}/date=${time.slice(0, 10)}/hour=${time.slice(11, 13)}/${compact}-${hash.digest('hex').slice(0, 24)}${extension}`;
}

/** Readers of partitioned folders pass over names that begin with an underscore. */
export const probeName = (prefix: string): string => `${folder(prefix)}_merlon-probe`;

const folder = (prefix: string): string => (prefix === '' ? '' : `${prefix.replace(/\/+$/, '')}/`);

/** Parts of a batch that lie in one folder, each in the order of the batch. */
export function byTableAndHour(
  records: readonly ExportRecord[],
): ReadonlyMap<string, readonly ExportRecord[]> {
  const parts = new Map<string, ExportRecord[]>();
  for (const record of records) {
    const key = `${record.table} ${record.time.slice(0, 13)}`;
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [record]);
    else part.push(record);
  }
  return parts;
}
