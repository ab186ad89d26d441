import { kindOf, parts } from '../../bind/syntax.ts';
import { sql } from '../../emit/fragment.ts';
import type { Output } from '../../tree/relation.ts';
import { columnFor, lowerNamedList } from '../named-values.ts';
import { type Column, columnExpr } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { groupedRows, totalsOf } from '../subtables.ts';
import { type OperatorRule, resultColumns } from './rule.ts';

/** Distinct combinations of the columns. */
export const distinct: OperatorRule = ({ node, input, scope }) => {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const result = resultColumns(node, scope);
  const expressions = parts(node, 'Expressions');
  const isStar =
    expressions.length === 1 && expressions[0] !== undefined && kindOf(expressions[0]) === 'StarExpression';
  const values = isStar
    ? input.columns.map((column) => ({ node, value: columnExpr(column), hidden: column.hidden }))
    : lowerNamedList(expressions, inner).map((value) => ({ ...value, hidden: false }));
  if (values.length !== result.length) throw scope.unsupported('an expression of several columns here', node);
  const computed: Output[] = [];
  const columns = values.map((value, index): Column => {
    const column = columnFor(
      result[index] ?? { name: '', type: value.value.type },
      value.value,
      value.node,
      inner,
      computed,
    );
    return { ...column, hidden: value.hidden };
  });
  const made = new Map(computed.map((output) => [output.id, output.sql]));
  const keys = new Map<number, Output>();
  const grouped = columns.map((column): Column => {
    const known = keys.get(column.id) ?? {
      id: scope.context.newId(),
      sql: made.get(column.id) ?? columnExpr(column).sql,
    };
    keys.set(column.id, known);
    return { ...column, id: known.id };
  });
  return { ...groupedRows(row.finish(), [...keys.values()], []), columns: grouped, order: [] };
};

export const count: OperatorRule = ({ node, input, scope }) => {
  const [column] = resultColumns(node, scope);
  if (column === undefined) throw scope.unsupported('count without a column', node);
  const id = scope.context.newId();
  return {
    ...totalsOf(
      new RowScope(scope.context, input),
      [{ kind: 'value', id, sql: sql`toInt64(count())` }],
      scope.context,
    ),
    columns: [{ ...column, id, nullable: false, hidden: false }],
    order: [],
  };
};
