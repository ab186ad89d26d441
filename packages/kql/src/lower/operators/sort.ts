import { kindOf, optionalPart, part, parts, type SyntaxNode, tokenText } from '../../bind/syntax.ts';
import { sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { type OrderKey, type Output, relation } from '../../tree/relation.ts';
import { constantInteger } from '../constants.ts';
import { toLong } from '../convert.ts';
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

export const take: OperatorRule = (call) => counted(call, call.input);

export const top: OperatorRule = (call) => counted(call, ordered(call, [part(call.node, 'ByExpression')]));

/** As many rows as the operator says, which the engine may have to compute first. */
function counted({ node, scope }: OperatorCall, rows: Rows): Rows {
  const written = part(node, 'Expression');
  const constants = ScalarScope.withoutRow(scope.context, scope.environment);
  const count = toLong(lowerScalar(written, constants), constants, written);
  const known = constantInteger(count);
  if (known !== undefined) return firstRows(rows, known < 0n ? 0n : known);
  const row = new RowScope(scope.context, rows);
  const place = row.window(
    expr('long', sql`row_number()`, false),
    sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`,
  ).sql;
  const { relation: input, ...ranked } = row.finish();
  const predicate = sql`ifNull(${place} <= ${count.sql}, false)`;
  return { ...ranked, relation: relation({ kind: 'filter', input, predicate }) };
}

/** Some of the rows, taken at random. */
export const sample: OperatorRule = (call) => {
  const id = call.scope.context.newId();
  const { order: _, ...rest } = call.input;
  const input = extended(call.input.relation, allIds(call.input), [{ id, sql: sql`rand32()` }]);
  const drawn = counted(call, {
    ...rest,
    relation: input,
    order: [{ id, descending: false, nullsFirst: false }],
  });
  return { ...drawn, order: [] };
};

export const serialize: OperatorRule = (call) => ({ ...call.input, serialized: true });
