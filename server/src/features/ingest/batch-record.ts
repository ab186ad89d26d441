/**
 * One record of the event log is one batch of one device: a JSON header line, then the stamped rows of each table as a block of columns,
 * one section after another. Readers take a section's block as it is (the event store) or read its rows (detection, devices).
 */
import { huntingTable } from '@merlon/contract';
import { type BlockRow, RowBlockBuilder, readRowBlock } from '@merlon/event-store/row-block';

export interface BatchSection {
  readonly table: string;
  readonly rows: number;
  /** As `@merlon/event-store/row-block` has it. */
  readonly block: Buffer;
}

export interface BatchHeader {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly machineGroup: string;
  /** ISO, seven fraction digits. */
  readonly receivedAt: string;
}

export interface BatchRecord extends BatchHeader {
  readonly sections: readonly BatchSection[];
}

const NEWLINE = 0x0a;

/** In memory of its own, so that it may change hands between threads. */
export function encodeBatchRecord(
  header: BatchHeader,
  sections: readonly BatchSection[],
): Buffer<ArrayBuffer> {
  const { tenantId, deviceId, deviceName, machineGroup, receivedAt } = header;
  const head = Buffer.from(
    `${JSON.stringify({
      tenantId,
      deviceId,
      deviceName,
      machineGroup,
      receivedAt,
      form: 'blocks',
      sections: sections.map(({ table, rows, block }) => ({ table, rows, bytes: block.length })),
    })}\n`,
  );
  const record = Buffer.allocUnsafeSlow(
    sections.reduce((sum, section) => sum + section.block.length, head.length),
  );
  let at = head.copy(record);
  for (const { block } of sections) at += block.copy(record, at);
  return record;
}

/** The sections are views of `record`, not copies. Throws when the bytes are not a batch record: the log checks integrity, so that is a defect. */
export function decodeBatchRecord(record: Buffer): BatchRecord {
  const end = record.indexOf(NEWLINE);
  if (end < 0) throw new Error('not a batch record: no header line');
  const head = JSON.parse(record.toString('utf8', 0, end)) as BatchHeader & {
    form?: 'blocks';
    sections: { table: string; rows: number; bytes: number }[];
  };
  let at = end + 1;
  const sections = head.sections.map(({ table, rows, bytes }) => {
    const content = record.subarray(at, at + bytes);
    at += bytes;
    if (content.length !== bytes) throw new Error('not a batch record: a section is cut short');
    return { table, rows, block: head.form === 'blocks' ? content : blockOfLines(table, content) };
  });
  if (at !== record.length) throw new Error('not a batch record: bytes follow the last section');
  const { tenantId, deviceId, deviceName, machineGroup, receivedAt } = head;
  return { tenantId, deviceId, deviceName, machineGroup, receivedAt, sections };
}

/** Rows of a section; each reads its columns when asked. */
export function rowsOf(section: Pick<BatchSection, 'block'>): BlockRow[] {
  return readRowBlock(section.block);
}

/** @param rows have passed the checks of their table and are stamped */
export function blockOfRows(name: string, rows: readonly Readonly<Record<string, unknown>>[]): Buffer {
  const table = huntingTable(name);
  if (!table) throw new Error(`not a batch record: there is no table ${name}`);
  const builder = new RowBlockBuilder(table);
  for (const row of rows) builder.append(row);
  return builder.finish({});
}

/**
 * Of rows as lines of JSON, stamped already: what a log of before blocks has, and what others append. Text in a dynamic column is JSON.
 */
export function blockOfLines(name: string, ndjson: Buffer): Buffer {
  const dynamic = huntingTable(name)?.columns.filter(({ type }) => type === 'dynamic') ?? [];
  const rows = ndjson
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const row = JSON.parse(line) as Record<string, unknown>;
      for (const column of dynamic) {
        const value = row[column.name];
        if (typeof value === 'string') row[column.name] = JSON.parse(value) as unknown;
      }
      return row;
    });
  return blockOfRows(name, rows);
}
