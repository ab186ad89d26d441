import type { KustoType } from '@merlon/contract';
import { type Fragment, integer, sql, text, texts } from '../emit/fragment.ts';
import { KqlError } from '../kql-error.ts';
import type { Cell } from '../plugins/table.ts';
import { isTextual } from '../tree/expression.ts';
import { relation } from '../tree/relation.ts';
import { unixEpochTicks } from './constants.ts';
import type { LoweringContext } from './context.ts';
import type { ResultColumn } from './operators/rule.ts';
import type { Column, Rows } from './rows.ts';

/** The longest parameter that the engine takes is a little longer. */
const maxParameterLength = 15_000_000;

/** Rows computed outside the engine, in their order: one parameter a column, so that nothing of them is SQL and nothing unused is sent. */
export function suppliedRows(
  result: readonly ResultColumn[],
  rows: readonly (readonly Cell[])[],
  context: LoweringContext,
): Rows {
  const columns = result.map(
    (column): Column => ({
      ...column,
      id: context.newId(),
      nullable: !isTextual(column.type),
      hidden: false,
    }),
  );
  const place = context.newId();
  const arrays = columns.map((column, index) => ({
    id: column.id,
    sql: arrayOf(
      column.type,
      rows.map((row) => row[index] ?? null),
    ),
  }));
  const places = { id: place, sql: sql`range(toUInt64(${integer(rows.length)}))` };
  return {
    relation: relation({ kind: 'expand', input: relation({ kind: 'unit' }), arrays: [...arrays, places] }),
    columns,
    order: [{ id: place, descending: false, nullsFirst: true }],
    serialized: true,
  };
}

function arrayOf(type: KustoType, cells: readonly Cell[]): Fragment {
  let length = 0;
  for (const cell of cells) length += 3 + (typeof cell === 'string' ? cell.length : 20);
  if (length > maxParameterLength)
    throw KqlError.unsupported('this many rows from outside the tables', { start: 0, length: 0 });
  switch (type) {
    case 'string':
    case 'guid':
    case 'dynamic':
      return texts(cells.map((cell) => (typeof cell === 'string' ? cell : '')));
    case 'bool':
      return sql`JSONExtract(${text(JSON.stringify(cells))}, 'Array(Nullable(Bool))')`;
    case 'int':
      return sql`JSONExtract(${text(integers(cells, 0n))}, 'Array(Nullable(Int32))')`;
    case 'long':
    case 'timespan':
      return sql`JSONExtract(${text(integers(cells, 0n))}, 'Array(Nullable(Int64))')`;
    case 'decimal':
      return sql`arrayMap(x -> toDecimal256OrNull(x, 38), ${texts(cells.map((cell) => (typeof cell === 'string' ? cell : '')))})`;
    case 'real':
      return sql`arrayMap(x -> toFloat64OrNull(x), ${texts(cells.map((cell) => (cell === null ? '' : String(cell).replace('Infinity', 'inf'))))})`;
    case 'datetime':
      return sql`arrayMap(t -> reinterpret(t, 'DateTime64(7,\\'UTC\\')'), JSONExtract(${text(integers(cells, unixEpochTicks))}, 'Array(Nullable(Int64))'))`;
  }
}

/** A JSON array of whole numbers, which JSON.stringify does not make of bigints. */
function integers(cells: readonly Cell[], origin: bigint): string {
  return `[${cells.map((cell) => (typeof cell === 'bigint' ? String(cell - origin) : 'null')).join(',')}]`;
}
