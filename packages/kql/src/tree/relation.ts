import type { Fragment } from '../emit/fragment.ts';

/** A column that a node makes: its number in the statement and what it holds. */
export interface Output {
  readonly id: number;
  readonly sql: Fragment;
}

export interface OrderKey {
  readonly id: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** It counts the rows, so that no two have the same. */
  readonly isRank?: true;
  /** It counts the rows of each sub-table. */
  readonly isPlace?: true;
}

/**
 * Columns that one chosen row of each group supplies together (arg_max, arg_min, take_any): they all come from the same row.
 * `argMax` and `argMin` choose by `key`; `any` takes whichever comes first.
 */
export interface RowPick {
  readonly kind: 'row';
  readonly pick: 'argMax' | 'argMin' | 'any';
  readonly key: Fragment | null;
  readonly items: readonly Output[];
}

export interface AggregateValue {
  readonly kind: 'value';
  readonly id: number;
  readonly sql: Fragment;
}

export type JoinKind =
  | 'inner'
  | 'left'
  | 'right'
  | 'full'
  | 'left semi'
  | 'left anti'
  | 'right semi'
  | 'right anti';

/** Rows, and how they come about. Nodes are frozen; column numbers are unique across the whole statement. */
export type Relation =
  /** A hunting table. The statement printer adds tenant, device scope and look-back: no other node can name a table. */
  | {
      readonly kind: 'scan';
      readonly table: string;
      readonly columns: readonly { readonly id: number; readonly name: string }[];
    }
  /** One row without columns. */
  | { readonly kind: 'unit' }
  | { readonly kind: 'filter'; readonly input: Relation; readonly predicate: Fragment }
  | { readonly kind: 'project'; readonly input: Relation; readonly outputs: readonly Output[] }
  /** The columns of the input, and window functions over it. */
  | { readonly kind: 'window'; readonly input: Relation; readonly outputs: readonly Output[] }
  | {
      readonly kind: 'aggregate';
      readonly input: Relation;
      readonly keys: readonly Output[];
      readonly outputs: readonly (AggregateValue | RowPick)[];
    }
  | {
      readonly kind: 'limit';
      readonly input: Relation;
      readonly count: bigint;
      readonly order: readonly OrderKey[];
    }
  /** The first `count` rows in the order, if there is one, of each distinct value of the keys. */
  | {
      readonly kind: 'limit-by';
      readonly input: Relation;
      readonly count: bigint;
      readonly keys: readonly Fragment[];
      readonly order: readonly OrderKey[];
    }
  | {
      readonly kind: 'join';
      readonly join: JoinKind;
      readonly left: Relation;
      readonly right: Relation;
      readonly on: readonly { readonly left: Fragment; readonly right: Fragment }[];
    }
  /** Rows of all inputs; `columns[i]` of each input becomes `ids[i]`. */
  | {
      readonly kind: 'union';
      readonly inputs: readonly { readonly relation: Relation; readonly columns: readonly Fragment[] }[];
      readonly ids: readonly number[];
    }
  /** A row for each element of the arrays, which are of one length; a row whose arrays are empty vanishes. */
  | { readonly kind: 'expand'; readonly input: Relation; readonly arrays: readonly Output[] }
  /** A reference to a relation that is computed once (`materialize`). */
  | {
      readonly kind: 'shared';
      readonly shared: Shared;
      readonly columns: readonly { readonly id: number; readonly source: number }[];
    };

/** A relation computed once and referred to by `shared` nodes. `columns` are the numbers it supplies. */
export interface Shared {
  readonly key: number;
  readonly relation: Relation;
}

export function relation<R extends Relation>(node: R): R {
  return Object.freeze(node);
}
