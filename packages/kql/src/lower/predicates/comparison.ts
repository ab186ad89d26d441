import type { SyntaxNode } from '../../bind/syntax.ts';
import { type Fragment, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { jsonText } from '../json.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { comparable, dynamicNumber, dynamicPair } from './equality.ts';

type Ordering = '<' | '<=' | '>' | '>=';

/** `<`, `<=`, `>`, `>=`: null when a side is. The column stays bare, so that a time bound prunes partitions. */
export function lowerComparison(
  left: Expr,
  right: Expr,
  operator: Ordering,
  node: SyntaxNode,
  scope: ScalarScope,
): Expr {
  const onLeft = dynamicNumber(left, right, scope);
  if (onLeft !== undefined)
    return expr(
      'bool',
      onLeft.compare((x, y) => ordered(x, y, operator)),
      true,
    );
  const onRight = dynamicNumber(right, left, scope);
  if (onRight !== undefined)
    return expr(
      'bool',
      onRight.compare((x, y) => ordered(y, x, operator)),
      true,
    );
  if (left.type === 'dynamic' && right.type === 'dynamic') {
    const { x, y, numbers, bothNumbers } = dynamicPair(left, right, scope);
    const [s, t] = [jsonText(x), jsonText(y)];
    const outcome = sql`if(${bothNumbers}, ${ordered(numbers[0], numbers[1], operator)}, ${ordered(s, t, operator)})`;
    return expr('bool', sql`if(${x} = '' OR ${y} = '', NULL, ${outcome})`, true);
  }
  const [a, b] = comparable(left, right, scope, node);
  return expr('bool', ordered(a.sql, b.sql, operator), a.nullable || b.nullable);
}

function ordered(a: Fragment, b: Fragment, operator: Ordering): Fragment {
  switch (operator) {
    case '<':
      return sql`(${a} < ${b})`;
    case '<=':
      return sql`(${a} <= ${b})`;
    case '>':
      return sql`(${a} > ${b})`;
    case '>=':
      return sql`(${a} >= ${b})`;
  }
}
