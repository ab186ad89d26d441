import type { SyntaxNode } from '../bind/syntax.ts';
import { KqlError } from '../kql-error.ts';
import type { Constant, Expr } from '../tree/expression.ts';
import { relation } from '../tree/relation.ts';
import { cellOfWire } from './cells.ts';
import { constantExpr, nullExpr } from './constants.ts';
import { Unfinished } from './query-plan.ts';
import { lowerScalar } from './recursion.ts';
import { ScalarScope } from './scalar-scope.ts';

/**
 * The value of an expression that is the same for every row but not known from the text alone (`toscalar(…)`, a computation): it is asked for
 * before the query is translated. An expression about columns is refused as such.
 */
export function settled(node: SyntaxNode, scope: ScalarScope): Expr {
  const alone = ScalarScope.withoutRow(scope.context, scope.environment);
  const value = lowerScalar(node, alone);
  if (value.constant !== undefined) return value;
  const id = scope.context.newId();
  const { relation: input } = alone.row.finish();
  const { rows } = scope.context.plan.rows(
    'value',
    {
      relation: relation({ kind: 'project', input, outputs: [{ id, sql: value.sql }] }),
      columns: [{ name: 'value', type: value.type, id, nullable: value.nullable, hidden: false }],
      order: [],
    },
    1,
  );
  if (rows === undefined) throw new Unfinished();
  return constantOfWire(value.type, rows[0]?.[0]);
}

/** The same, or undefined for what depends on the row. */
export function settledIfAlone(node: SyntaxNode, scope: ScalarScope): Expr | undefined {
  try {
    return settled(node, scope);
  } catch (error) {
    if (error instanceof KqlError) return undefined;
    throw error;
  }
}

function constantOfWire(type: Expr['type'], wire: unknown): Expr {
  const cell = cellOfWire(type, wire);
  if (cell === null || (type === 'decimal' && cell === '')) return nullExpr(type);
  if (type === 'dynamic') return constantExpr(dynamicOfJson(String(cell)));
  return constantExpr({ type, value: cell } as Constant);
}

/** With its elements, where it is an array: lists are compared by them. */
function dynamicOfJson(json: string): Constant & { readonly type: 'dynamic' } {
  const value: unknown = json === '' ? null : JSON.parse(json);
  if (!Array.isArray(value)) return { type: 'dynamic', value: { json } };
  const elements = value.map((element): Constant => {
    if (typeof element === 'string') return { type: 'string', value: element };
    if (typeof element === 'boolean') return { type: 'bool', value: element };
    return { type: 'dynamic', value: { json: JSON.stringify(element ?? null) } };
  });
  return { type: 'dynamic', value: { json, elements } };
}
