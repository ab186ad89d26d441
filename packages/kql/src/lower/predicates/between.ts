import { part, type SyntaxNode, tokenText } from '../../bind/syntax.ts';
import { sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { lowerArithmetic } from '../arithmetic.ts';
import { lowerScalar } from '../recursion.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { lowerComparison } from './comparison.ts';

/** `x between (a .. b)`, both ends included; `datetime between (a .. timespan)` ends at a + timespan. */
export function lowerBetween(node: SyntaxNode, scope: ScalarScope): Expr {
  const value = scope.shared(lowerScalar(part(node, 'Left'), scope));
  const range = part(node, 'Right');
  const low = lowerScalar(part(range, 'First'), scope);
  const second = lowerScalar(part(range, 'Second'), scope);
  const high =
    low.type === 'datetime' && second.type === 'timespan'
      ? lowerArithmetic(low, second, '+', node, scope)
      : second;
  const above = lowerComparison(value, low, '>=', node, scope);
  const below = lowerComparison(value, high, '<=', node, scope);
  const nullable = above.nullable || below.nullable;
  const inside = sql`(${above.sql} AND ${below.sql})`;
  return expr('bool', tokenText(node, 'Operator').startsWith('!') ? sql`(NOT ${inside})` : inside, nullable);
}
