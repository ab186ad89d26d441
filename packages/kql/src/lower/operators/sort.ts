import { kindOf, optionalPart, part, parts, type SyntaxNode, tokenText } from '../../bind/syntax.ts';
import type { OrderKey, Output } from '../../tree/relation.ts';
import { constantInteger } from '../constants.ts';
import { lowerScalar } from '../recursion.ts';
import { allIds, extended, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { firstRows } from '../subtables.ts';
import type { OperatorCall, OperatorRule } from './rule.ts';

/** Puts the rows in order: descending with nulls last, or ascending with nulls first, unless it says otherwise. */
function ordered({ input, scope }: OperatorCall, keys: readonly SyntaxNode[]): Rows {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const outputs: Output[] = [];
  const order = keys.map((key): OrderKey => {
    const isOrdered = kindOf(key) === 'OrderedExpression';
    const value = lowerScalar(isOrdered ? part(key, 'Expression') : key, inner);
    if (value.type === 'dynamic') throw scope.unsupported('an order by a dynamic value', key);
    const clause = isOrdered ? optionalPart(key, 'Ordering') : undefined;
    const descending = clause === undefined || tokenText(clause, 'AscOrDescKeyword').toLowerCase() !== 'asc';
    const nulls = clause === undefined ? undefined : optionalPart(clause, 'NullsClause');
    const nullsFirst = nulls === undefined ? !descending : /first/i.test(nulls.ToString());
    if (value.sql.kind === 'column') return { id: value.sql.id, descending, nullsFirst };
    const id = scope.context.newId();
    outputs.push({ id, sql: value.sql });
    return { id, descending, nullsFirst };
  });
  const rows = row.finish();
  const ids = [...allIds(rows), ...row.collected()];
  return { ...rows, relation: extended(rows.relation, ids, outputs), order };
}

export const sort: OperatorRule = (call) => ordered(call, parts(call.node, 'Expressions'));

/** A number of rows known at translation. */
export function rowCount(node: SyntaxNode, scope: ScalarScope): bigint {
  const count = constantInteger(lowerScalar(node, ScalarScope.withoutRow(scope.context, scope.environment)));
  if (count === undefined) throw scope.unsupported('a row count that is not a constant', node);
  return count < 0n ? 0n : count;
}

export const take: OperatorRule = ({ node, input, scope }) =>
  firstRows(input, rowCount(part(node, 'Expression'), scope));

export const top: OperatorRule = (call) =>
  firstRows(
    ordered(call, [part(call.node, 'ByExpression')]),
    rowCount(part(call.node, 'Expression'), call.scope),
  );

export const serialize: OperatorRule = (call) => ({ ...call.input, serialized: true });
