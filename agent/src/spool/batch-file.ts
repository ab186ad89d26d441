/**
 * One batch, one file: gzip NDJSON as it will be sent. The name says all that is needed to send it, to order it and to see that it is whole:
 *
 *   <first ReportId, 16 digits>-<epoch>.<sequence>-<rows>-<bytes>.ndjson.gz
 *
 * ReportIds only ever grow, so names sort in the order in which the rows were taken, across restarts.
 */
import { BATCH_ID_PATTERN } from '@merlon/contract';

export interface BatchFile {
  readonly name: string;
  /** `<epoch>.<sequence>`: what the server deduplicates by. */
  readonly id: string;
  readonly rows: number;
  readonly bytes: number;
}

const NAME = new RegExp(
  `^\\d{16}-(${BATCH_ID_PATTERN.slice(1, -1)})-([1-9]\\d{0,5})-([1-9]\\d{0,8})\\.ndjson\\.gz$`,
);

export function batchFile(firstReportId: number, id: string, rows: number, bytes: number): BatchFile {
  const name = `${String(firstReportId).padStart(16, '0')}-${id}-${rows}-${bytes}.ndjson.gz`;
  return { name, id, rows, bytes };
}

/** Null for any other file. */
export function parseBatchFileName(name: string): BatchFile | null {
  const match = NAME.exec(name);
  const [, id, rows, bytes] = match ?? [];
  return id && rows && bytes ? { name, id, rows: Number(rows), bytes: Number(bytes) } : null;
}
