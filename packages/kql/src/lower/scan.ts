import type { SchemaTable } from '../bind/schema.ts';
import { isTextual } from '../tree/expression.ts';
import { relation } from '../tree/relation.ts';
import type { LoweringContext } from './context.ts';
import type { Column, Rows } from './rows.ts';

/** The physical column that says when a row was stored. */
const ingestionColumn = 'IngestionTime';

/** The only physical column of a hunting table, besides those held as text, that is never NULL. */
const neverNull = 'Timestamp';

/** A hunting table, whole: what is not used is pruned later. */
export function scanTable(table: SchemaTable, context: LoweringContext): Rows {
  const ids = new Map<string, number>();
  const idOf = (storage: string) => {
    const known = ids.get(storage) ?? context.newId();
    ids.set(storage, known);
    return known;
  };
  const columns = table.columns.map(
    ({ name, type, storage, hidden }): Column => ({
      name,
      type,
      hidden,
      id: idOf(storage),
      nullable: !isTextual(type) && storage !== neverNull,
    }),
  );
  const ingestionTime: Column = {
    name: ingestionColumn,
    type: 'datetime',
    id: idOf(ingestionColumn),
    nullable: false,
    hidden: true,
  };
  return {
    relation: relation({
      kind: 'scan',
      table: table.storage,
      columns: [...ids].map(([name, id]) => ({ name, id })),
    }),
    columns,
    order: [],
    ingestionTime,
  };
}
