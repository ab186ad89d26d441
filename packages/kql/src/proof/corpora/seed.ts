import { type HuntingTable, huntingTables } from '@merlon/contract';
import type { TestEngine } from '../../testing/engine.ts';
import { tenantA } from '../../testing/fixtures.ts';
import { plausibleRow, plausibleTime } from '../rows.ts';
import { unpackedNames, type Wishes, wishedText, wishesOf } from './mine.ts';

const plainRows = 40;
const rowsForAQuery = 3;

/** Fills every hunting table with plausible rows, and with rows that the queries' own conditions let through where those are simple. */
export function seed(engine: TestEngine, queries: readonly string[]): void {
  const columns = new Set(huntingTables.flatMap((table) => table.columns.map(({ name }) => name)));
  const wanted = queries.map((query) => ({
    query,
    wishes: wishesOf(query),
    unpacked: unpackedNames(query, (name) => columns.has(name)),
  }));
  for (const table of huntingTables) {
    const rows = Array.from({ length: plainRows }, (_, index) => plausibleRow(table, index));
    const names = [table.name, ...table.legacyNames];
    for (const { query, wishes, unpacked } of wanted)
      if (names.some((name) => query.includes(name)))
        for (let turn = 0; turn < rowsForAQuery; turn++)
          rows.push(wishedRow(table, wishes, unpacked, rows.length, turn));
    insert(engine, table, rows);
  }
}

function wishedRow(
  table: HuntingTable,
  wishes: Wishes,
  unpacked: readonly string[],
  index: number,
  turn: number,
): Record<string, unknown> {
  const row = { ...plausibleRow(table, index), Timestamp: plausibleTime(turn) };
  const renames = new Map(Object.entries(table.columnRenames).map(([former, present]) => [present, former]));
  for (const { name, type } of table.columns) {
    if (unpacked.length > 0 && (type === 'dynamic' || name === 'AdditionalFields'))
      Object.assign(row, {
        [name]: JSON.stringify(Object.fromEntries(unpacked.map((key) => [key, `${key}-${turn}`]))),
      });
    const wish = wishes.get(name) ?? wishes.get(renames.get(name) ?? '');
    if (wish === undefined) continue;
    const text = wishedText(wish, turn);
    switch (type) {
      case 'string':
        Object.assign(row, { [name]: text });
        break;
      case 'bool':
        Object.assign(row, { [name]: /^(true|1)$/i.test(text) });
        break;
      case 'int':
      case 'long':
        if (/^-?\d{1,9}$/.test(text)) Object.assign(row, { [name]: Number(text) });
        break;
      case 'real':
        if (Number.isFinite(Number(text))) Object.assign(row, { [name]: Number(text) });
        break;
      case 'dynamic':
        Object.assign(row, { [name]: JSON.stringify({ Name: text, Values: [text] }) });
        break;
      default:
    }
  }
  return row;
}

function insert(engine: TestEngine, table: HuntingTable, rows: readonly Record<string, unknown>[]): void {
  const hasTimestamp = table.columns.some(({ name }) => name === 'Timestamp');
  const lines = rows.map((row) => {
    const { Timestamp, ...others } = row;
    return JSON.stringify({
      TenantId: tenantA,
      IngestionTime: '2026-11-24T11:00:00Z',
      ...(hasTimestamp ? { Timestamp } : {}),
      ...others,
    });
  });
  engine.sql(
    `INSERT INTO merlon.\`${table.name}\` SETTINGS date_time_input_format = 'best_effort', max_query_size = 1000000000 FORMAT JSONEachRow ${lines.join('\n')}`,
  );
}
