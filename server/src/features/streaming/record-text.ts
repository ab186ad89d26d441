/**
 * Rows of the log as records on the wire (streaming.md, section 3). The text of a record, and its id, follow from the row alone, so that a row
 * read from the event store gives the same record as from the log. Pure; the thread's hottest code, so whatever is the same from row to row is
 * made once.
 */
import { createHash } from 'node:crypto';
import { type HuntingTable, huntingTable, type KustoType } from '@merlon/contract';
import type { ExportRecord } from '@merlon/destinations';
import type { BlockRow } from '@merlon/event-store/row-block';
import { rowsOf } from '../ingest/index.ts';
import { categoryOf } from './event-types.ts';

/** What every row of a record of the log has. */
export interface RecordFacts {
  readonly tenantId: string;
  /** Empty: the rows belong to no device. */
  readonly deviceId: string;
  readonly machineGroup: string;
}

/** @throws Error when the bytes are not a block of the table */
export function renderSection(
  facts: RecordFacts,
  section: { readonly table: string; readonly block: Buffer },
): { rows: readonly BlockRow[]; records: ExportRecord[] } {
  const table = huntingTable(section.table);
  if (!table) throw new Error(`there is no table ${section.table}`);
  const rows = rowsOf(section);
  const [first] = rows;
  if (first === undefined) return { rows, records: [] };
  const properties = propertiesText(table, first);
  const head = `","tenantId":${JSON.stringify(facts.tenantId)},"operationName":"Publish","category":"${categoryOf(table.name)}","Tenant":"DefaultTenant","_TimeReceivedBySvc":"`;
  const group = groupText(table, facts);
  const byReport = facts.deviceId !== '' && 'ReportId' in first;
  const records = rows.map((row): ExportRecord => {
    const time = String(row.IngestionTime);
    const text = properties(row);
    const id =
      byReport && row.ReportId !== null
        ? `${table.name}/${facts.deviceId}/${String(row.ReportId)}/${String(row.Timestamp)}`
        : `${table.name}/${createHash('sha256').update(text).digest('base64url')}`;
    return {
      id,
      table: table.name,
      key: facts.deviceId === '' ? String(row.AlertId ?? id) : facts.deviceId,
      time,
      json: `{"time":"${time}${head}${time.slice(0, -1)}","_RecordId":"${id}","properties":${text.slice(0, -1)}${group}}}`,
    };
  });
  return { rows, records };
}

/** Every row about a device says its group, also where the table has no such column. */
function groupText(table: HuntingTable, { machineGroup }: RecordFacts): string {
  const has = (column: string) => table.columns.some(({ name }) => name === column);
  if (!has('DeviceId') || has('MachineGroup')) return '';
  return `,"MachineGroup":${machineGroup === '' ? 'null' : JSON.stringify(machineGroup)}`;
}

/** The columns of the table in its order, null where a row has none: what no row of the block has is one piece of text. */
function propertiesText(table: HuntingTable, sample: BlockRow): (row: BlockRow) => string {
  const pieces: {
    readonly before: string;
    readonly name: string;
    readonly text: (value: unknown) => string;
  }[] = [];
  let before = '{';
  for (const [index, { name, type }] of table.columns.entries()) {
    before += `${index === 0 ? '' : ','}${JSON.stringify(name)}:`;
    if (name in sample) {
      pieces.push({ before, name, text: remembering(valueText(type)) });
      before = '';
    } else {
      before += 'null';
    }
  }
  const end = `${before}}`;
  return (row) => {
    let text = '';
    for (const piece of pieces) text += piece.before + piece.text(row[piece.name]);
    return text + end;
  };
}

/** Most values are those of the row before. */
function remembering(text: (value: unknown) => string): (value: unknown) => string {
  let last: unknown = null;
  let lastText = 'null';
  return (value) => {
    if (value === null || value === undefined) return 'null';
    if (value !== last) {
      last = value;
      lastText = text(value);
    }
    return lastText;
  };
}

/** As hunting answers show them. A dynamic value is kept as JSON text and leaves as it came: taken apart, its long numbers would lose digits. */
function valueText(type: KustoType): (value: unknown) => string {
  return type === 'dynamic' ? (value) => String(value) : (value) => JSON.stringify(value);
}
