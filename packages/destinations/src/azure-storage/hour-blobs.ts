/**
 * Where records lie in an account, as Azure's own diagnostic logs do: a container a table, in it one append blob an hour, one record a line, CRLF. A
 * block ends with a line, so that a reader who follows by byte offset never sees half a record. Pure.
 */
import { DeliveryError, type ExportRecord } from '../destination.ts';

/** A block of this size is taken by every version of the service; one record alone may fill a larger one. */
export const BLOCK_BYTES = 4 * 1024 * 1024;
export const LARGEST_BLOCK_BYTES = 100 * 1024 * 1024;

export interface HourBlob {
  readonly container: string;
  /** Without the file's name: `tenantId=…/y=…/m=…/d=…/h=…/m=00`. */
  readonly folder: string;
  readonly records: ExportRecord[];
}

const TENANT = /"tenantId":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"/i;
const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):/;

/** The records by the blob they belong into, each in order. @throws DeliveryError `refused` for a record that says not whose it is or when it came */
export function hourBlobs(records: readonly ExportRecord[]): HourBlob[] {
  const blobs = new Map<string, HourBlob>();
  for (const record of records) {
    const { table, time } = record;
    const tenant = TENANT.exec(record.json.slice(0, 200))?.[1];
    const [, year, month, day, hour] = TIME.exec(time) ?? [];
    if (tenant === undefined || hour === undefined)
      throw new DeliveryError(
        'refused',
        `Record ${record.id} has no tenant or no time that a path could be made of.`,
      );
    const key = `${table} ${tenant} ${time.slice(0, 13)}`;
    let blob = blobs.get(key);
    if (blob === undefined) {
      blob = {
        container: containerOf(table),
        folder: `tenantId=${tenant}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00`,
        records: [],
      };
      blobs.set(key, blob);
    }
    blob.records.push(record);
  }
  return [...blobs.values()];
}

export const containerOf = (table: string): string => `insights-logs-advancedhunting-${table.toLowerCase()}`;

/** The hour's first blob, and those begun after one was full. */
export const blobName = (folder: string, ordinal: number): string =>
  `${folder}/PT1H${ordinal === 0 ? '' : `_${ordinal}`}.json`;

/** The same records give the same blocks. @throws DeliveryError `refused` for a record that no block holds */
export function blocksOf(records: readonly ExportRecord[]): Buffer[] {
  const blocks: Buffer[] = [];
  let lines: ExportRecord[] = [];
  let size = 0;
  const flush = () => {
    if (lines.length === 0) return;
    const block = Buffer.allocUnsafe(size);
    let at = 0;
    for (const { json } of lines) {
      at += block.write(json, at);
      at += block.write('\r\n', at);
    }
    blocks.push(block);
    lines = [];
    size = 0;
  };
  for (const record of records) {
    const bytes = Buffer.byteLength(record.json) + 2;
    if (bytes > LARGEST_BLOCK_BYTES)
      throw new DeliveryError(
        'refused',
        `Record ${record.id} has ${bytes} bytes; a block takes ${LARGEST_BLOCK_BYTES}.`,
      );
    if (size + bytes > BLOCK_BYTES) flush();
    lines.push(record);
    size += bytes;
  }
  flush();
  return blocks;
}
