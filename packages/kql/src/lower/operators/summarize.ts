import { kindOf, optionalPart, part, parts, type SyntaxNode } from '../../bind/syntax.ts';
import { columnRef } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { AggregateCall, type AggregateColumn, Aggregation } from '../aggregates/aggregation.ts';
import { aggregates } from '../aggregates/index.ts';
import { calledName } from '../function-call.ts';
import { columnFor } from '../named-values.ts';
import { perValue } from '../per-value.ts';
import { lowerScalar } from '../recursion.ts';
import { allIds, type Column, extended, keptIds, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { groupedRows, totalsOf } from '../subtables.ts';
import { type OperatorRule, resultColumns } from './rule.ts';

/** Groups the rows by the keys and computes the aggregates of each group; without keys there is always one group. */
export const summarize: OperatorRule = ({ node, input, scope }) => {
  const { context, environment } = scope;
  const inner = new ScalarScope(context, environment, new RowScope(context, input));
  const by = optionalPart(node, 'ByClause');
  if (by !== undefined && optionalPart(by, 'BinClause') !== undefined)
    throw scope.unsupported('summarize … by … bin=', by);
  const keys = by === undefined ? [] : parts(by, 'Expressions').map((key) => lowerKey(key, inner));
  const aggregation = new Aggregation(inner, keys.length > 0, true);
  const above = new RowScope(context, { relation: relation({ kind: 'unit' }), columns: [], order: [] });
  const outer = new ScalarScope(context, environment, above, aggregation);
  const columns = parts(node, 'Aggregates').flatMap((expression) =>
    lowerAggregates(expression, aggregation, outer),
  );

  const result = resultColumns(node, scope);
  if (result.length !== keys.length + columns.length)
    throw scope.unsupported('an expression of several columns here', node);
  const outputs: Output[] = [];
  const shown = [...keys, ...columns].map(({ value, hidden }, index): Column => {
    const column = columnFor(result[index] ?? { name: '', type: value.type }, value, node, outer, outputs);
    return { ...column, hidden: hidden ?? false };
  });

  const grouped =
    keys.length === 0
      ? totalsOf(inner.row, aggregation.outputs, context)
      : groupedRows(
          inner.row.finish(),
          keys.map(({ key }) => key),
          aggregation.outputs,
        );
  const made = [
    ...keys.map(({ key }) => key.id),
    ...aggregation.outputs.flatMap((output) =>
      output.kind === 'value' ? [output.id] : output.items.map((item) => item.id),
    ),
  ];
  const base: Rows = { ...grouped, columns: made.map(placeholder), order: [] };
  const rows = above.finish(base);
  const ids = [...made, ...keptIds(base), ...above.collected()];
  const summarized: Rows = {
    ...grouped,
    relation: extended(
      rows.relation,
      passThrough(ids).map((output) => output.id),
      outputs,
    ),
    columns: shown,
    order: [],
  };
  const after = new Map([...keys, ...columns].map((column, index) => [shown[index]?.id, column.after]));
  return computedAfter(summarized, after, node, scope);
};

/** The rows with the columns that are computed of what the grouping gave. */
function computedAfter(
  rows: Rows,
  after: ReadonlyMap<number | undefined, AggregateColumn['after']>,
  node: SyntaxNode,
  scope: ScalarScope,
): Rows {
  if ([...after.values()].every((compute) => compute === undefined)) return rows;
  const row = new RowScope(scope.context, rows);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const outputs: Output[] = [];
  const columns = rows.columns.map((column): Column => {
    const compute = after.get(column.id);
    if (compute === undefined) return column;
    const id = scope.context.newId();
    const site = { name: 'an aggregate', node, scope: inner };
    outputs.push({ id, sql: perValue(site, expr('string', columnRef(column.id), false), compute) });
    return { ...column, id };
  });
  const finished = row.finish();
  const ids = [...allIds(rows), ...row.collected()];
  return { ...rows, relation: extended(finished.relation, ids, outputs), columns };
}

/** Keeps a number in sight while columns are computed above the grouping. */
export function placeholder(id: number): Column {
  return { name: '', type: 'dynamic', id, nullable: false, hidden: true };
}

export interface Key extends AggregateColumn {
  readonly key: Output;
}

export function lowerKey(node: SyntaxNode, inner: ScalarScope): Key {
  const value = lowerScalar(
    kindOf(node) === 'SimpleNamedExpression' ? part(node, 'Expression') : node,
    inner,
  );
  const key = { id: inner.context.newId(), sql: value.sql };
  const { jsonPath: _, jsonText: __, constant: ___, elementCount: ____, ...rest } = value;
  return { key, value: Object.freeze({ ...rest, sql: columnRef(key.id) }) };
}

/** The columns of one expression of the list: of an aggregate possibly several, else one computed from aggregates. */
export function lowerAggregates(
  node: SyntaxNode,
  aggregation: Aggregation,
  outer: ScalarScope,
): readonly AggregateColumn[] {
  const kind = kindOf(node);
  const call =
    kind === 'SimpleNamedExpression' || kind === 'CompoundNamedExpression' ? part(node, 'Expression') : node;
  const rule = kindOf(call) === 'FunctionCallExpression' ? aggregates.get(calledName(call)) : undefined;
  const shadowed =
    outer.environment.find(kindOf(call) === 'FunctionCallExpression' ? calledName(call) : '') !== undefined;
  if (rule !== undefined && !shadowed) return rule(new AggregateCall(call, aggregation, outer));
  const value: Expr = lowerScalar(call, outer);
  return [{ value }];
}
