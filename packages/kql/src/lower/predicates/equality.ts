import type { KustoType } from '@merlon/contract';
import type { SyntaxNode } from '../../bind/syntax.ts';
import { sql } from '../../emit/fragment.ts';
import { type Expr, expr, isNumeric } from '../../tree/expression.ts';
import { convert } from '../convert.ts';
import type { ScalarScope } from '../scalar-scope.ts';

/** `==` and `!=`: null equals nothing but null, and null against null is null. */
export function lowerEquality(
  left: Expr,
  right: Expr,
  equal: boolean,
  node: SyntaxNode,
  scope: ScalarScope,
): Expr {
  const [a, b] = comparable(left, right, scope, node);
  if (a.nullable && b.nullable) {
    const [x, y] = [scope.shared(a).sql, scope.shared(b).sql];
    const outcome = equal ? sql`ifNull(${x} = ${y}, false)` : sql`ifNull(${x} != ${y}, true)`;
    return expr('bool', sql`if(isNull(${x}) AND isNull(${y}), NULL, ${outcome})`, true);
  }
  if (a.nullable || b.nullable) {
    return expr(
      'bool',
      equal ? sql`ifNull(${a.sql} = ${b.sql}, false)` : sql`ifNull(${a.sql} != ${b.sql}, true)`,
      false,
    );
  }
  return expr('bool', equal ? sql`(${a.sql} = ${b.sql})` : sql`(${a.sql} != ${b.sql})`, false);
}

/** Both values in one type that SQL can compare. A text meets another type on that type's ground, and so does a dynamic. */
export function comparable(left: Expr, right: Expr, scope: ScalarScope, node: SyntaxNode): [Expr, Expr] {
  if (left.type === right.type || (isNumeric(left.type) && isNumeric(right.type))) return [left, right];
  const type = commonType(left.type, right.type);
  if (type === undefined)
    throw scope.unsupported(`a comparison between ${left.type} and ${right.type}`, node);
  return [convert(left, type, scope, node), convert(right, type, scope, node)];
}

function commonType(left: KustoType, right: KustoType): KustoType | undefined {
  if (left === 'dynamic') return right;
  if (right === 'dynamic') return left;
  if (left === 'string') return right;
  if (right === 'string') return left;
  if (left === 'bool' && isNumeric(right)) return right === 'int' ? 'long' : right;
  if (right === 'bool' && isNumeric(left)) return left === 'int' ? 'long' : left;
  return undefined;
}
