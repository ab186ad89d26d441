import type { KustoType } from '@merlon/contract';
import { list, type SyntaxNode } from '../../bind/syntax.ts';
import { columnRef, type Fragment, sql } from '../../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../../tree/expression.ts';
import type { AggregateValue, RowPick } from '../../tree/relation.ts';
import { Call } from '../functions/rule.ts';
import { callArguments } from '../recursion.ts';
import { visible } from '../rows.ts';
import type { ScalarScope } from '../scalar-scope.ts';

/** A column that an aggregate gives. */
export interface AggregateColumn {
  readonly value: Expr;
  /** From an alias column that `*` passed along. */
  readonly hidden?: boolean;
  /** What becomes of the value once it is known, for what no SQL computes. Only where {@link Aggregation.computesAfter}. */
  readonly after?: (json: string) => string;
}

/** How one aggregate becomes SQL: most give one column, arg_max and its like give several. */
export type AggregateRule = (call: AggregateCall) => readonly AggregateColumn[];

/** The grouping that one `summarize` does: what its aggregates compute, beneath the expressions over them. */
export class Aggregation {
  /** The rows that are grouped: where the arguments of aggregates stand. */
  readonly input: ScalarScope;
  /** Without a `by`, nothing still makes one row. */
  readonly hasKeys: boolean;
  /** Whoever groups sees to {@link AggregateColumn.after}. */
  readonly computesAfter: boolean;
  readonly outputs: (AggregateValue | RowPick)[] = [];

  constructor(input: ScalarScope, hasKeys: boolean, computesAfter = false) {
    this.input = input;
    this.hasKeys = hasKeys;
    this.computesAfter = computesAfter;
  }

  /** Adds an aggregate; the column it makes. */
  value(type: KustoType, aggregate: Fragment, nullable: boolean): Expr {
    const id = this.input.context.newId();
    this.outputs.push({ kind: 'value', id, sql: aggregate });
    return expr(type, columnRef(id), nullable);
  }

  /** Adds columns that one chosen row of each group supplies. */
  row(pick: RowPick['pick'], key: Fragment | null, values: readonly Expr[]): Expr[] {
    const columns = values.map((value) => {
      // Without a `by`, nothing still makes one row, of nulls.
      const bare = !value.nullable && !isTextual(value.type) && !this.hasKeys;
      return {
        id: this.input.context.newId(),
        value,
        sql: bare ? sql`toNullable(${value.sql})` : value.sql,
        nullable: value.nullable || bare,
      };
    });
    this.outputs.push({
      kind: 'row',
      pick,
      key,
      items: columns.map(({ id, sql: item }) => ({ id, sql: item })),
    });
    return columns.map(({ id, value, nullable }) => expr(value.type, columnRef(id), nullable));
  }

  /** The row's place in the order of the input, if it has one. */
  rank(): Fragment | undefined {
    const { row } = this.input;
    const [first] = row.rows.order;
    if (first === undefined) return undefined;
    if (first.isPlace === true) return columnRef(first.id);
    return row.rank().sql;
  }
}

/** A call of an aggregate. Arguments stand in the grouped rows; what the rule gives stands above the grouping. */
export class AggregateCall extends Call {
  readonly aggregation: Aggregation;
  /** Above the grouping. */
  readonly outer: ScalarScope;

  constructor(node: SyntaxNode, aggregation: Aggregation, outer: ScalarScope) {
    super(node, aggregation.input, callArguments(node));
    this.aggregation = aggregation;
    this.outer = outer;
  }

  /** Columns that `*` stands for among the columns the binder gave the call, from the given one on. */
  starColumns(from: number): { readonly value: Expr; readonly hidden: boolean }[] {
    const names = list(this.node.ResultType?.Columns).slice(from);
    const shown = new Set(visible(this.scope.row.rows).map((column) => column.name));
    return names.map(({ Name: name }) => {
      const value = this.scope.row.column(name);
      if (value === undefined) return this.refuse('over *');
      return { value, hidden: !shown.has(name) };
    });
  }
}
