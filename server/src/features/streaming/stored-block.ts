/** Rows as the event store answers them, as a block of the log. */
import { huntingTable } from '@merlon/contract';
import { RowBlockBuilder } from '@merlon/event-store/row-block';
import type { StoredRow } from './event-rows.ts';

export function blockOfStored(tableName: string, rows: readonly StoredRow[]): Buffer {
  const table = huntingTable(tableName);
  if (!table) throw new Error(`there is no table ${tableName}`);
  const builder = new RowBlockBuilder(table);
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const column = builder.columns.get(name);
      if (column === undefined || value === null || value === '') continue;
      column.begin(builder.rows);
      // A dynamic value is JSON text already: taken apart, its long numbers would lose digits.
      if (column.kind === 'json' && typeof value === 'string') column.text(value);
      else column.value(value);
    }
    builder.rows += 1;
  }
  return builder.finish({});
}
