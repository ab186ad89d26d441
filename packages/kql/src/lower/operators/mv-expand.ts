import { columnRef, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { convert } from '../convert.ts';
import { assignments } from '../named-values.ts';
import { type Column, keptIds, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { lowerExpansions } from './expansion.ts';
import { type OperatorRule, resultColumns } from './rule.ts';

/** A row for each element of the arrays. */
export const mvExpand: OperatorRule = ({ node, input, scope }) => {
  const { context } = scope;
  const row = new RowScope(context, input);
  const inner = new ScalarScope(context, scope.environment, row);
  const { values, length, indexName } = lowerExpansions(node, inner);
  const indexes =
    indexName === undefined
      ? undefined
      : row.computed(expr('dynamic', sql`range(toUInt64(${length.sql}))`, false));

  const result = resultColumns(node, scope);
  const assigned = assignments(values, input.columns, result, scope);
  const elements = new Map(
    values.map((expansion) => [expansion.node, { id: context.newId(), expansion }] as const),
  );
  const indexId = context.newId();
  const expanded: Output[] = [...elements.values()].map(({ id, expansion }) => ({
    id,
    sql: expansion.array.sql,
  }));
  if (indexes !== undefined) expanded.push({ id: indexId, sql: indexes.sql });

  const before = row.finish();
  const after: Rows = {
    ...before,
    relation: relation({ kind: 'expand', input: before.relation, arrays: expanded }),
  };
  const above = new ScalarScope(context, scope.environment, new RowScope(context, after));
  const outputs: Output[] = [];
  const columns = result.map((column): Column => {
    if (column.name === indexName) {
      const id = context.newId();
      outputs.push({ id, sql: sql`toInt64(${columnRef(indexId)})` });
      return { ...column, id, nullable: false, hidden: false };
    }
    const element = elements.get(assigned.get(column.name)?.node ?? node);
    if (element === undefined) {
      const kept = input.columns.find((candidate) => candidate.name === column.name);
      if (kept === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
      return kept;
    }
    const value = convert(
      expr(element.expansion.held, columnRef(element.id), false),
      element.expansion.type,
      above,
      node,
    );
    const converted = convert(value, column.type, above, node);
    const id = context.newId();
    outputs.push({ id, sql: converted.sql });
    return { ...column, id, nullable: converted.nullable, hidden: false };
  });
  const made = new Set(outputs.map((output) => output.id));
  const { ingestionTime: _, ...rest } = after;
  const kept = [...columns.map((column) => column.id), ...keptIds(rest)].filter((id) => !made.has(id));
  const finished = above.row.finish({
    ...after,
    columns: [...after.columns, ...expanded.map(({ id }) => placeholder(id))],
  });
  return {
    ...rest,
    relation: relation({
      kind: 'project',
      input: finished.relation,
      outputs: [...passThrough(kept), ...outputs],
    }),
    columns,
  };
};

function placeholder(id: number): Column {
  return { name: '', type: 'dynamic', id, nullable: false, hidden: true };
}
