import { kindOf, optionalPart, part, type SyntaxNode } from '../../bind/syntax.ts';
import { sql } from '../../emit/fragment.ts';
import type { OrderKey } from '../../tree/relation.ts';
import { convert } from '../convert.ts';
import { lowerScalar } from '../recursion.ts';
import type { Column, Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type AggregateOutput, firstRows, groupedRows } from '../subtables.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';
import { rowCount } from './sort.ts';

/** The values that occur most often, or those with the largest sum: exact where the language allows an estimate. */
export const topHitters: OperatorRule = (call) => {
  const { node, scope } = call;
  const by = optionalPart(node, 'ByClause');
  const [first, total] = resultColumns(node, scope);
  if (first === undefined || total === undefined)
    throw scope.unsupported('top-hitters of these values', node);
  const id = scope.context.newId();
  const { rows, column } = grouped(call, (inner) => {
    if (by === undefined) return [{ kind: 'value', id, sql: sql`toInt64(count())` }];
    const summand = part(by, 'Expression');
    const value = convert(lowerScalar(summand, inner), total.type, inner, summand);
    return [{ kind: 'value', id, sql: sql`coalesce(sum(${value.sql}), 0)` }];
  });
  const order: OrderKey[] = [{ id, descending: true, nullsFirst: false }];
  const counted = firstRows({ ...rows, order }, rowCount(part(node, 'Expression'), scope));
  return { ...counted, columns: [column, { ...total, id, nullable: false, hidden: false }] };
};

/** Some of the values that there are. */
export const sampleDistinct: OperatorRule = (call) => {
  const { rows, column } = grouped(call, () => []);
  const some = firstRows(rows, rowCount(part(call.node, 'Expression'), call.scope));
  return { ...some, columns: [column] };
};

/** The rows by the value that the operator is `of`. */
function grouped(
  { node, input, scope }: OperatorCall,
  outputs: (inner: ScalarScope) => readonly AggregateOutput[],
): { rows: Rows; column: Column } {
  const [first] = resultColumns(node, scope);
  if (first === undefined) throw scope.unsupported('an operator without a column', node);
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const of: SyntaxNode = part(node, 'OfExpression');
  const value = lowerScalar(kindOf(of) === 'SimpleNamedExpression' ? part(of, 'Expression') : of, inner);
  const id = scope.context.newId();
  const computed = outputs(inner);
  const column: Column = { ...first, id, nullable: value.nullable, hidden: false };
  const made = groupedRows(row.finish(), [{ id, sql: value.sql }], computed);
  return { rows: { ...made, columns: [column], order: [] }, column };
}
