import { createHash } from 'node:crypto';
import type { KqlErrorPlace } from '../kql-error.ts';
import type { ExternalNeed, Need, RowsNeed, Supplied } from '../plan/outcome.ts';
import type { Translation } from '../translation.ts';
import type { ResultColumn } from './operators/rule.ts';
import type { Rows } from './rows.ts';

/** Leaves a translation that can go no further before its needs are answered. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished';
}

/** Leaves a translation that has learned which columns an operator has: they are written into the text, which is then bound again. */
export class ColumnsLearned extends Error {
  override readonly name = 'ColumnsLearned';
  /** Offset in the bound text where the schema belongs. */
  readonly offset: number;
  readonly columns: readonly ResultColumn[];

  constructor(offset: number, columns: readonly ResultColumn[]) {
    super('the columns are known now');
    this.offset = offset;
    this.columns = columns;
  }
}

/** Leaves a translation that has computed the name of a table, whose columns the binder then knows: the name is written in place of its computation. */
export class TableNamed extends Error {
  override readonly name = 'TableNamed';
  /** Of the computation, in the bound text. */
  readonly place: KqlErrorPlace;
  readonly table: string;

  constructor(place: KqlErrorPlace, table: string) {
    super('the table is known now');
    this.place = place;
    this.table = table;
  }
}

export type LearnedAt = (offset: number) => ReadonlySet<string> | undefined;

/** A statement of these rows, of the visible columns, in wire form. */
export type StatementMaker = (rows: Rows, maxRows: number | undefined) => Translation;

/** What a query needs before it is one statement, and what of it has been supplied. */
export class QueryPlan {
  readonly #supplied: Supplied;
  readonly #statement: StatementMaker;
  readonly #learnedAt: LearnedAt;
  readonly #needs = new Map<string, Need>();

  constructor(supplied: Supplied, learnedAt: LearnedAt, statement: StatementMaker) {
    this.#supplied = supplied;
    this.#learnedAt = learnedAt;
    this.#statement = statement;
  }

  get needs(): Need[] {
    return [...this.#needs.values()];
  }

  /** Names of the columns that were learned from rows and written at this place of the bound text; undefined where none were. */
  learnedAt(offset: number): ReadonlySet<string> | undefined {
    return this.#learnedAt(offset);
  }

  /** The rows in wire form, at most one more than `maxRows`; undefined when they are yet to be supplied. */
  rows(
    purpose: string,
    rows: Rows,
    maxRows: number,
  ): { statement: Translation; rows: readonly (readonly unknown[])[] | undefined } {
    // Rows that come after something lacking may depend on it: theirs would be another statement.
    if (this.#needs.size > 0) throw new Unfinished();
    const statement = this.#statement(rows, maxRows + 1);
    const digest = createHash('sha256').update(JSON.stringify([statement.sql, statement.parameters]));
    const id = `${purpose} ${digest.digest('hex')}`;
    const supplied = this.#supplied[id];
    if (supplied !== undefined && !(supplied instanceof Uint8Array)) return { statement, rows: supplied };
    this.#needs.set(id, { kind: 'rows', id, statement, maxRows } satisfies RowsNeed);
    return { statement, rows: undefined };
  }

  /** The bytes behind an address; undefined when they are yet to be supplied. */
  external(address: Omit<ExternalNeed, 'kind' | 'id'>): Uint8Array | undefined {
    const id = `external ${address.url}`;
    const supplied = this.#supplied[id];
    if (supplied instanceof Uint8Array) return supplied;
    this.#needs.set(id, { kind: 'external', id, ...address });
    return undefined;
  }
}
