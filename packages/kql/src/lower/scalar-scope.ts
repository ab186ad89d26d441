import type { SyntaxNode } from '../bind/syntax.ts';
import { columnRef, type Fragment, join, sql, visitColumns } from '../emit/fragment.ts';
import { orderBy } from '../emit/order.ts';
import type { KqlError } from '../kql-error.ts';
import { type Expr, expr } from '../tree/expression.ts';
import { type OrderKey, type Output, relation } from '../tree/relation.ts';
import type { Aggregation } from './aggregates/aggregation.ts';
import type { LoweringContext } from './context.ts';
import type { Environment } from './environment.ts';
import { allIds, type Column, columnExpr, extended, type Rows } from './rows.ts';

/** An expression heavier than this is computed into a column of its own before a template mentions it more than once. */
const hoistWeight = 14;

/**
 * The row that scalar expressions of one operator are about. Collects the columns to compute beneath the operator, so that nesting of
 * templates that mention an argument several times does not multiply the statement.
 */
export class RowScope {
  readonly rows: Rows;
  readonly #context: LoweringContext;
  readonly #byName: ReadonlyMap<string, Column>;
  /** Columns to compute beneath the operator; those of one level read only earlier levels. */
  readonly #levels: { readonly plain: Output[]; readonly windows: Output[] }[] = [];
  readonly #levelOf = new Map<number, number>();
  #rank: Expr | undefined;

  constructor(context: LoweringContext, rows: Rows) {
    this.#context = context;
    this.rows = rows;
    this.#byName = new Map(
      rows.columns.filter((column) => column.absent !== true).map((column) => [column.name, column]),
    );
  }

  column(name: string): Expr | undefined {
    const column = this.#byName.get(name);
    return column === undefined ? undefined : columnExpr(column);
  }

  /** The same value, cheap to mention repeatedly. */
  shared(value: Expr): Expr {
    return value.sql.weight <= hoistWeight ? value : this.#collect(value, value.sql, 'plain');
  }

  /** The same value, computed beneath the operator, once. */
  computed(value: Expr): Expr {
    return value.sql.kind === 'column' ? value : this.#collect(value, value.sql, 'plain');
  }

  /** The row's place in the order of the rows, from 1: one order for all, also of rows that their order does not tell apart. */
  rank(): Expr {
    if (this.#rank !== undefined) return this.#rank;
    const { order } = this.rows;
    const [first] = order;
    const known = first?.isRank === true ? expr('long', columnRef(first.id), false) : undefined;
    const frame = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`;
    const over = order.length === 0 ? sql`(${frame})` : sql`(ORDER BY ${orderBy(order)} ${frame})`;
    this.#rank =
      known ?? this.#collect(expr('long', sql``, false), sql`row_number() OVER ${over}`, 'windows');
    return this.#rank;
  }

  /** A window function over the rows in their order, or over those of them that have the same `partition`. */
  window(value: Expr, frame: Fragment, partition?: Fragment): Expr {
    const keys = (this.rows.subtables?.keys ?? []).map((key) => columnRef(key.id));
    if (partition !== undefined) keys.push(partition);
    const by = keys.length === 0 ? sql`` : sql`PARTITION BY ${join(keys)} `;
    return this.#collect(
      value,
      sql`${value.sql} OVER (${by}ORDER BY ${this.rank().sql} ${frame})`,
      'windows',
    );
  }

  #collect(value: Expr, computed: Fragment, where: 'plain' | 'windows'): Expr {
    const id = this.#context.newId();
    let level = 0;
    visitColumns(computed, (used) => {
      level = Math.max(level, (this.#levelOf.get(used) ?? -1) + 1);
    });
    this.#levelOf.set(id, level);
    this.#levels[level] ??= { plain: [], windows: [] };
    this.#levels[level]?.[where].push({ id, sql: computed });
    const { jsonPath: _, constant: __, ...rest } = value;
    return Object.freeze({ ...rest, sql: columnRef(id) });
  }

  /** The rows, or others that have come to stand for them, with the collected columns computed. */
  finish(rows: Rows = this.rows): Rows {
    const ids = allIds(rows);
    let node = rows.relation;
    for (const { plain, windows } of this.#levels) {
      node = extended(node, ids, plain);
      if (windows.length > 0) node = relation({ kind: 'window', input: node, outputs: windows });
      ids.push(...[...plain, ...windows].map((output) => output.id));
    }
    const ranked = rows === this.rows && this.#rank !== undefined ? this.#rank.sql : undefined;
    return { ...rows, relation: node, order: ranked === undefined ? rows.order : rankOrder(ranked) };
  }

  /** Numbers of the collected columns. */
  collected(): number[] {
    return [...this.#levelOf.keys()];
  }
}

/** A row beneath which nothing can be computed, as in a lambda of the engine or above a grouping: every value is written where it is used. */
export class InlineRow extends RowScope {
  override shared(value: Expr): Expr {
    return value;
  }

  override computed(value: Expr): Expr {
    return value;
  }

  override rank(): never {
    throw new TypeError('no rows to count');
  }
}

/** A row whose columns are known by what they are rather than where. */
export class LambdaRow extends InlineRow {
  readonly #values: ReadonlyMap<string, Expr>;

  constructor(context: LoweringContext, values: ReadonlyMap<string, Expr>) {
    super(context, unitRows());
    this.#values = values;
  }

  override column(name: string): Expr | undefined {
    return this.#values.get(name);
  }
}

/** What window functions saw is the order from now on. */
function rankOrder(rank: Fragment): OrderKey[] {
  if (rank.kind !== 'column') throw new TypeError('a rank is a column');
  return [{ id: rank.id, descending: false, nullsFirst: false, isRank: true }];
}

/** Where a scalar expression stands: the names and the row it can see. */
export class ScalarScope {
  readonly context: LoweringContext;
  readonly environment: Environment;
  readonly row: RowScope;
  /** In the expressions of a `summarize`: where its aggregates go. */
  readonly aggregation: Aggregation | undefined;

  constructor(context: LoweringContext, environment: Environment, row: RowScope, aggregation?: Aggregation) {
    this.context = context;
    this.environment = environment;
    this.row = row;
    this.aggregation = aggregation;
  }

  /** The same names, where nothing can be computed beneath. */
  inline(rows: Rows = unitRows()): ScalarScope {
    return new ScalarScope(this.context, this.environment, new InlineRow(this.context, rows));
  }

  /** A scope without a row: constants and names only. */
  static withoutRow(context: LoweringContext, environment: Environment): ScalarScope {
    return new ScalarScope(context, environment, new RowScope(context, unitRows()));
  }

  inEnvironment(environment: Environment): ScalarScope {
    return new ScalarScope(this.context, environment, this.row, this.aggregation);
  }

  shared(value: Expr): Expr {
    return this.row.shared(value);
  }

  unsupported(construct: string, node: SyntaxNode, why?: string): KqlError {
    return this.context.unsupported(construct, node, this.environment, why);
  }

  semantic(message: string, node: SyntaxNode): KqlError {
    return this.context.semantic(message, node, this.environment);
  }
}

export function unitRows(): Rows {
  return { relation: relation({ kind: 'unit' }), columns: [], order: [] };
}
