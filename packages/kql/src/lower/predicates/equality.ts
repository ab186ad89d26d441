import type { KustoType } from '@merlon/contract';
import type { SyntaxNode } from '../../bind/syntax.ts';
import { type Fragment, sql } from '../../emit/fragment.ts';
import { type Expr, expr, isNumeric } from '../../tree/expression.ts';
import { convert, toText } from '../convert.ts';
import type { ScalarScope } from '../scalar-scope.ts';

/** `==` and `!=`: null equals nothing but null, and null against null is null. */
export function lowerEquality(
  left: Expr,
  right: Expr,
  equal: boolean,
  node: SyntaxNode,
  scope: ScalarScope,
): Expr {
  const numbers = dynamicNumber(left, right, scope) ?? dynamicNumber(right, left, scope);
  if (numbers !== undefined) {
    const outcome = equal
      ? sql`ifNull(${numbers.compare((x, y) => sql`${x} = ${y}`)}, false)`
      : sql`ifNull(${numbers.compare((x, y) => sql`${x} != ${y}`)}, true)`;
    if (!numbers.otherNullable) return expr('bool', outcome, false);
    return expr('bool', sql`if(${numbers.bothNull}, NULL, ${outcome})`, true);
  }
  if (left.type === 'dynamic' && right.type === 'dynamic') {
    const { x, y, numbers, bothNumbers } = dynamicPair(left, right, scope);
    const same = sql`if(${bothNumbers}, ifNull(${numbers[0]} = ${numbers[1]}, false), ${x} = ${y})`;
    return expr('bool', equal ? same : sql`(NOT ${same})`, false);
  }
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

/** Two dynamics: as numbers where both are, else by their text. */
export function dynamicPair(left: Expr, right: Expr, scope: ScalarScope) {
  const [x, y] = [scope.shared(left).sql, scope.shared(right).sql];
  const numbers = [sql`toFloat64OrNull(${x})`, sql`toFloat64OrNull(${y})`] as const;
  return { x, y, numbers, bothNumbers: sql`isNotNull(${numbers[0]}) AND isNotNull(${numbers[1]})` };
}

interface DynamicNumber {
  /** Compares the dynamic (first) with the number: as whole numbers if the dynamic is one, else as reals. */
  compare(operation: (dynamic: Fragment, number: Fragment) => Fragment): Fragment;
  readonly otherNullable: boolean;
  readonly bothNull: Fragment;
}

/** A dynamic beside a whole number: it may hold a whole one, which must not lose digits, or a real one, which must not lose its fraction. */
export function dynamicNumber(dynamic: Expr, other: Expr, scope: ScalarScope): DynamicNumber | undefined {
  if (dynamic.type !== 'dynamic' || (other.type !== 'int' && other.type !== 'long')) return undefined;
  const t = scope.shared(toText(dynamic, scope)).sql;
  const y = scope.shared(other).sql;
  const whole = sql`toInt64OrNull(multiIf(${t} = 'true', '1', ${t} = 'false', '0', ${t}))`;
  return {
    compare: (operation) =>
      sql`coalesce(${operation(whole, y)}, ${operation(sql`toFloat64OrNull(${t})`, y)})`,
    otherNullable: other.nullable,
    bothNull: sql`${t} = '' AND isNull(${y})`,
  };
}

/** Both values in one type that SQL can compare. A text meets another type on that type's ground, and so does a dynamic. */
export function comparable(left: Expr, right: Expr, scope: ScalarScope, node: SyntaxNode): [Expr, Expr] {
  if (left.type === right.type) return [left, right];
  if (isNumeric(left.type) && isNumeric(right.type)) {
    if (left.type !== 'decimal' && right.type !== 'decimal') return [left, right];
    return [convert(left, 'decimal', scope, node), convert(right, 'decimal', scope, node)];
  }
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
