import type { KustoType } from '@merlon/contract';
import { columnRef, type Fragment, integer, join, sql, subquery } from '../emit/fragment.ts';
import { isTextual } from '../tree/expression.ts';
import {
  type AggregateValue,
  type Output,
  type Relation,
  type RowPick,
  relation,
  type Shared,
} from '../tree/relation.ts';
import { nullSql } from './constants.ts';
import type { LoweringContext } from './context.ts';
import { allIds, type Column, passThrough, type Rows, type Subtables } from './rows.ts';
import type { RowScope } from './scalar-scope.ts';

/**
 * The sub-queries of mv-apply and partition run once over the rows of all sub-tables, side by side: what an operator does to a table it does to
 * each of them, by keeping the columns that tell them apart.
 */

export type AggregateOutput = AggregateValue | RowPick;

/** Groups the rows by the keys, in each sub-table if there are several. Gives the relation and the sub-tables as they are then. */
export function groupedRows(
  rows: Rows,
  keys: readonly Output[],
  outputs: readonly AggregateOutput[],
): Pick<Rows, 'relation' | 'subtables'> {
  const { subtables } = rows;
  if (subtables === undefined)
    return { relation: relation({ kind: 'aggregate', input: rows.relation, keys, outputs }) };
  const items = passThrough(subtables.carried.map((column) => column.id));
  const carried: RowPick[] = items.length === 0 ? [] : [{ kind: 'row', pick: 'any', key: null, items }];
  const grouped = relation({
    kind: 'aggregate',
    input: rows.relation,
    keys: [...passThrough(subtables.keys.map((column) => column.id)), ...keys],
    outputs: [...outputs, ...carried],
  });
  return { relation: grouped, subtables };
}

/** The aggregates of all rows, one row a table: a sub-table that has lost all of its rows gives what nothing gives. */
export function totalsOf(
  row: RowScope,
  outputs: readonly AggregateOutput[],
  context: LoweringContext,
): Pick<Rows, 'relation' | 'subtables'> {
  const rows = row.finish();
  const { subtables } = rows;
  if (subtables === undefined || !subtables.isLossy) return groupedRows(rows, [], outputs);
  const ids = outputs.flatMap((output) =>
    output.kind === 'value' ? [output.id] : output.items.map((item) => item.id),
  );
  const packed = sql`tuple(${join(ids.map(columnRef))})`;
  const [found, isFound, nothing] = [context.newId(), context.newId(), context.newId()];
  const keyIds = subtables.keys.map((column) => column.id);
  const some = relation({
    kind: 'project',
    input: relation({ kind: 'aggregate', input: rows.relation, keys: passThrough(keyIds), outputs }),
    outputs: [...passThrough(keyIds), { id: found, sql: packed }, { id: isFound, sql: sql`toUInt8(1)` }],
  });
  const none = relation({
    kind: 'project',
    input: relation({
      kind: 'aggregate',
      input: row.finish({ ...row.rows, relation: withoutRows(row.rows) }).relation,
      keys: [],
      outputs,
    }),
    outputs: [{ id: nothing, sql: packed }],
  });
  const all = subtables.all();
  const joined = relation({
    kind: 'join',
    join: 'left',
    left: all.relation,
    right: some,
    on: all.keys.flatMap((key, index) => {
      const other = subtables.keys[index] ?? key;
      return sameValue(key, other);
    }),
  });
  const kept = passThrough([...all.keys, ...all.carried].map((column) => column.id));
  const chosen = context.newId();
  const merged = relation({
    kind: 'project',
    input: joined,
    outputs: [
      ...kept,
      {
        id: chosen,
        sql: sql`if(ifNull(${columnRef(isFound)}, 0) = 1, ${columnRef(found)}, ${subquery(none, [nothing])})`,
      },
    ],
  });
  const unpacked = relation({
    kind: 'project',
    input: merged,
    outputs: [
      ...kept,
      ...ids.map((id, index) => ({ id, sql: sql`${columnRef(chosen)}.${integer(index + 1)}` })),
    ],
  });
  return {
    relation: unpacked,
    subtables: { ...subtables, keys: all.keys, carried: all.carried, isLossy: false },
  };
}

/** Equal, or both null. */
export function sameValue(left: Column, right: Column): { left: Fragment; right: Fragment }[] {
  const [a, b] = [columnRef(left.id), columnRef(right.id)];
  if (!left.nullable || isTextual(left.type)) return [{ left: a, right: b }];
  return [
    { left: sql`isNull(${a})`, right: sql`isNull(${b})` },
    { left: sql`ifNull(toString(${a}), '')`, right: sql`ifNull(toString(${b}), '')` },
  ];
}

/** A relation of the rows' columns, without a row. */
function withoutRows(rows: Rows): Relation {
  const typed = new Map<number, Fragment>();
  for (const { id, isPlace, isRank } of rows.order)
    typed.set(id, isPlace === true || isRank === true ? sql`toUInt64(0)` : nullSql('long'));
  const columns = [...rows.columns, ...(rows.subtables?.keys ?? []), ...(rows.subtables?.carried ?? [])];
  if (rows.ingestionTime !== undefined) columns.push(rows.ingestionTime);
  for (const { id, type, nullable } of columns) typed.set(id, nullable ? nullSql(type) : zeroSql(type));
  const input = relation({
    kind: 'project',
    input: relation({ kind: 'unit' }),
    outputs: [...typed].map(([id, value]) => ({ id, sql: value })),
  });
  return relation({ kind: 'filter', input, predicate: sql`false` });
}

function zeroSql(type: KustoType): Fragment {
  return isTextual(type) ? nullSql(type) : sql`defaultValueOfArgumentType(assumeNotNull(${nullSql(type)}))`;
}

/** The first rows of the order, of each sub-table if there are several. */
export function firstRows(rows: Rows, count: bigint): Rows {
  const { subtables, relation: input, order } = rows;
  if (subtables === undefined) return { ...rows, relation: relation({ kind: 'limit', input, count, order }) };
  if (count === 0n) {
    const none = relation({ kind: 'filter', input, predicate: sql`false` });
    return { ...rows, relation: none, subtables: { ...subtables, isLossy: true } };
  }
  const keys = subtables.keys.map((column) => columnRef(column.id));
  return { ...rows, relation: relation({ kind: 'limit-by', input, count, keys, order }) };
}

/** Thrown where a sub-query turns out to ask for every sub-table there was: its input must then be computed once, for two uses. */
export class AllSubtablesWanted extends Error {}

/** Rows and more columns of theirs, as a reference to what is computed once. Gives the rows and where each column went. */
export function referenceTo(
  shared: Shared,
  rows: Rows,
  more: readonly number[],
  context: LoweringContext,
): { rows: Rows; idOf: (source: number) => number } {
  const mapping = new Map([...allIds(rows), ...more].map((id) => [id, context.newId()]));
  const idOf = (source: number) => mapping.get(source) ?? source;
  const moved = (column: Column): Column => ({ ...column, id: idOf(column.id) });
  const { subtables, ingestionTime } = rows;
  return {
    rows: {
      ...rows,
      relation: relation({
        kind: 'shared',
        shared,
        columns: [...mapping].map(([source, id]) => ({ id, source })),
      }),
      columns: rows.columns.map(moved),
      order: rows.order.map((key) => ({ ...key, id: idOf(key.id) })),
      ...(ingestionTime === undefined ? {} : { ingestionTime: moved(ingestionTime) }),
      ...(subtables === undefined ? {} : { subtables: movedSubtables(subtables, moved) }),
    },
    idOf,
  };
}

function movedSubtables(subtables: Subtables, moved: (column: Column) => Column): Subtables {
  return { ...subtables, keys: subtables.keys.map(moved), carried: subtables.carried.map(moved) };
}
