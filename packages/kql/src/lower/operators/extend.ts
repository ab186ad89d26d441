import { parts } from '../../bind/syntax.ts';
import type { Output } from '../../tree/relation.ts';
import { assignments, columnFor, lowerNamedList } from '../named-values.ts';
import { allIds, extended, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type OperatorRule, resultColumns } from './rule.ts';

/** The columns, with some computed or replaced. Every expression sees the columns as they were. */
export const extend: OperatorRule = ({ node, input, scope }) => {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const values = lowerNamedList(parts(node, 'Expressions'), inner);
  const result = resultColumns(node, scope);
  const assigned = assignments(values, input.columns, result, scope);
  const outputs: Output[] = [];
  const columns = result.map((column) => {
    const value = assigned.get(column.name);
    if (value !== undefined) return columnFor(column, value.value, value.node, inner, outputs);
    const kept = input.columns.find((candidate) => candidate.name === column.name);
    if (kept === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
    return kept;
  });
  const rows = row.finish();
  const ids = [...allIds(rows), ...row.collected()];
  return { ...rows, relation: extended(rows.relation, ids, outputs), columns } satisfies Rows;
};
