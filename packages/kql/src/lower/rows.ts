import type { KustoType } from '@merlon/contract';
import { columnRef } from '../emit/fragment.ts';
import type { Expr } from '../tree/expression.ts';
import { type OrderKey, type Output, type Relation, relation } from '../tree/relation.ts';

export interface Column {
  readonly name: string;
  readonly type: KustoType;
  readonly id: number;
  readonly nullable: boolean;
  /** Passed along from an alias column that nobody has named in a result yet. */
  readonly hidden: boolean;
  /** The binder believes in it, but the language does not have it here: it cannot be named and is in no result. Always hidden, too. */
  readonly absent?: true;
  /** The value, where it is the same in every row and known at translation. */
  readonly constant?: Expr['constant'];
}

/** A tabular value being lowered: its rows, its columns as the query names them, and the order it is in. */
export interface Rows {
  readonly relation: Relation;
  readonly columns: readonly Column[];
  /** The order the rows are in, kept beside them: SQL keeps none between sub-queries. Empty when there is none. */
  readonly order: readonly OrderKey[];
  /** The rows are in an order that nobody knows but everybody sees (`serialize` of unsorted rows). */
  readonly serialized?: true;
  /** When the row was stored, while each row is still one of a table. */
  readonly ingestionTime?: Column;
  /** In the sub-query of mv-apply or partition: which sub-table each row is of. */
  readonly subtables?: Subtables;
}

/** The rows are those of many tables, each to be treated by itself. */
export interface Subtables {
  /** Columns that tell the sub-tables apart. */
  readonly keys: readonly Column[];
  /** Columns with one value in each sub-table, kept whatever becomes of its rows. */
  readonly carried: readonly Column[];
  /** A sub-table may have lost all its rows on the way. */
  readonly isLossy: boolean;
  /** Every sub-table there was, one row each, with columns in the order of `keys` and `carried`. */
  readonly all: () => { relation: Relation; keys: readonly Column[]; carried: readonly Column[] };
}

export function columnExpr(column: Column): Expr {
  return Object.freeze({
    type: column.type,
    sql: columnRef(column.id),
    nullable: column.nullable,
    ...(column.constant === undefined ? {} : { constant: column.constant }),
  });
}

/** Numbers that must be kept beside the columns. */
export function keptIds(rows: Rows): number[] {
  const ids = rows.order.map((key) => key.id);
  if (rows.ingestionTime !== undefined) ids.push(rows.ingestionTime.id);
  if (rows.subtables !== undefined)
    ids.push(...[...rows.subtables.keys, ...rows.subtables.carried].map((column) => column.id));
  return ids;
}

/** Every number that an operator above may still ask for. */
export function allIds(rows: Rows): number[] {
  return [...rows.columns.map((column) => column.id), ...keptIds(rows)];
}

/** The columns as outputs that pass them on unchanged. */
export function passThrough(ids: Iterable<number>): Output[] {
  return [...new Set(ids)].map((id) => ({ id, sql: columnRef(id) }));
}

/** The input with more columns, whatever else it has staying. */
export function extended(input: Relation, known: Iterable<number>, added: readonly Output[]): Relation {
  if (added.length === 0) return input;
  return relation({ kind: 'project', input, outputs: [...passThrough(known), ...added] });
}

export function visible(rows: Rows): Column[] {
  return rows.columns.filter((column) => !column.hidden);
}
