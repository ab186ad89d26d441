import type { KustoType } from '@merlon/contract';
import { part, type SyntaxNode, scalarType, tokenText } from '../bind/syntax.ts';
import { type Fragment, join, sql } from '../emit/fragment.ts';
import { type Constant, type Expr, expr, isNumeric } from '../tree/expression.ts';
import { constantExpr, datetimeOfTicks, longConstant, ticksOfDatetime } from './constants.ts';
import { convert, toDecimal, toDynamic, toReal, toText } from './convert.ts';
import { decimalOperation, negatedDecimal, negatedDigits } from './decimal.ts';
import { lowerComparison } from './predicates/comparison.ts';
import { lowerEquality } from './predicates/equality.ts';
import { lowerLogic } from './predicates/logic.ts';
import { isTextOperator, lowerTextOperator } from './predicates/text-operators.ts';
import { lowerScalar } from './recursion.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** An operator between two scalars. */
export function lowerBinary(node: SyntaxNode, scope: ScalarScope): Expr {
  const operator = tokenText(node, 'Operator').toLowerCase();
  if (operator === 'and' || operator === 'or') return lowerLogic(node, operator, scope);
  if (isTextOperator(operator)) return lowerTextOperator(node, operator, scope);
  const left = lowerScalar(part(node, 'Left'), scope);
  const right = lowerScalar(part(node, 'Right'), scope);
  switch (operator) {
    case '==':
    case '!=':
    case '<>':
      return lowerEquality(left, right, operator === '==', node, scope);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return lowerComparison(left, right, operator, node, scope);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return lowerArithmetic(left, right, operator, node, scope);
    default:
      throw scope.unsupported(`operator ${operator}`, node);
  }
}

type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/** The operator on the types at hand; a dynamic becomes what the other side or the result demands. */
export function lowerArithmetic(
  a: Expr,
  b: Expr,
  operator: ArithmeticOperator,
  node: SyntaxNode,
  scope: ScalarScope,
): Expr {
  const result = scalarType(node.ResultType);
  if (a.type === 'dynamic' || b.type === 'dynamic') {
    const other = a.type === 'dynamic' ? b.type : a.type;
    const met = other === 'dynamic' ? (result ?? 'dynamic') : other;
    if (met === 'dynamic') return betweenDynamics(a, b, operator, node, scope);
    // A span is what can be added to a datetime.
    const type = met === 'datetime' && operator === '+' ? 'timespan' : met;
    const typed = (value: Expr) => (value.type === 'dynamic' ? convert(value, type, scope, node) : value);
    return lowerArithmetic(typed(a), typed(b), operator, node, scope);
  }
  const folded = fold(a.constant, b.constant, operator);
  if (folded !== undefined) return constantExpr(folded);
  const [left, right] = [arithmeticClass(a.type), arithmeticClass(b.type)];
  const nullable = a.nullable || b.nullable;
  switch (`${left} ${operator} ${right}`) {
    case 'whole + whole':
      return expr('long', sql`(toInt64(${a.sql}) + ${b.sql})`, nullable);
    case 'whole - whole':
      return expr('long', sql`(toInt64(${a.sql}) - ${b.sql})`, nullable);
    case 'whole * whole':
      return expr('long', sql`(toInt64(${a.sql}) * ${b.sql})`, nullable);
    case 'whole / whole':
      return expr('long', quotient(a.sql, b.sql), true);
    case 'whole % whole':
      return expr('long', remainder(a.sql, b.sql), true);
    case 'timespan + timespan':
      return expr('timespan', sql`(${a.sql} + ${b.sql})`, nullable);
    case 'timespan - timespan':
      return expr('timespan', sql`(${a.sql} - ${b.sql})`, nullable);
    case 'timespan / timespan':
      return expr('real', sql`(${a.sql} / ${b.sql})`, nullable);
    case 'timespan % timespan':
      return expr('timespan', remainder(a.sql, b.sql), true);
    case 'timespan * whole':
    case 'whole * timespan':
      return expr('timespan', sql`(toInt64(${a.sql}) * ${b.sql})`, nullable);
    case 'timespan * real':
    case 'real * timespan':
      return expr('timespan', sql`accurateCastOrNull(trunc(${a.sql} * ${b.sql}), 'Int64')`, true);
    case 'timespan / whole':
      return expr('timespan', quotient(a.sql, b.sql), true);
    case 'timespan / real':
      return expr('timespan', sql`accurateCastOrNull(trunc(${a.sql} / ${b.sql}), 'Int64')`, true);
    case 'datetime + timespan':
      return expr('datetime', datetimeOfTicks(sql`(${ticksOfDatetime(a.sql)} + ${b.sql})`), nullable);
    case 'timespan + datetime':
      return expr('datetime', datetimeOfTicks(sql`(${a.sql} + ${ticksOfDatetime(b.sql)})`), nullable);
    case 'datetime - timespan':
      return expr('datetime', datetimeOfTicks(sql`(${ticksOfDatetime(a.sql)} - ${b.sql})`), nullable);
    case 'datetime - datetime':
      return expr('timespan', sql`(${ticksOfDatetime(a.sql)} - ${ticksOfDatetime(b.sql)})`, nullable);
  }
  if (left === 'timespan' && right === 'decimal')
    return lowerArithmetic(a, toReal(b, scope, node), operator, node, scope);
  if (left === 'decimal' && right === 'timespan')
    return lowerArithmetic(toReal(a, scope, node), b, operator, node, scope);
  if ((left === 'decimal' && isNumeric(b.type)) || (right === 'decimal' && isNumeric(a.type))) {
    const x = scope.shared(toDecimal(a, scope, node)).sql;
    const y = scope.shared(toDecimal(b, scope, node)).sql;
    return expr('decimal', decimalOperation(x, y, operator), true);
  }
  if ((left === 'real' || left === 'whole') && (right === 'real' || right === 'whole')) {
    const [x, y] = [toReal(a, scope, node).sql, toReal(b, scope, node).sql];
    return expr('real', realOperation(x, y, operator), nullable);
  }
  throw scope.unsupported(`operator ${operator} between ${a.type} and ${b.type}`, node);
}

/** Two dynamics: whole numbers give a whole one, other numbers a real one, all else null. */
function betweenDynamics(
  a: Expr,
  b: Expr,
  operator: ArithmeticOperator,
  node: SyntaxNode,
  scope: ScalarScope,
): Expr {
  const texts = [a, b].map((value) => scope.shared(toText(value, scope)).sql);
  const as = (type: 'long' | 'real') =>
    texts.map((value) =>
      expr(type, type === 'long' ? sql`toInt64OrNull(${value})` : sql`toFloat64OrNull(${value})`, true),
    );
  const of = ([x = a, y = b]: readonly Expr[]) => lowerArithmetic(x, y, operator, node, scope).sql;
  const real = toDynamic(scope.shared(expr('real', of(as('real')), true)), scope).sql;
  const whole = join(
    as('long').map((value) => sql`isNotNull(${value.sql})`),
    sql` AND `,
  );
  return expr('dynamic', sql`if(${whole}, ifNull(toString(${of(as('long'))}), ''), ${real})`, false);
}

function arithmeticClass(type: KustoType): string {
  return type === 'int' || type === 'long' || type === 'bool' ? 'whole' : type;
}

/** Division towards zero; by zero it is null. */
function quotient(a: Fragment, b: Fragment): Fragment {
  return sql`intDivOrNull(toInt64(${a}), toInt64(${b}))`;
}

/** Never negative; by zero it is null. */
function remainder(a: Fragment, b: Fragment): Fragment {
  return sql`toInt64(positiveModuloOrNull(toInt64(${a}), toInt64(${b})))`;
}

function realOperation(x: Fragment, y: Fragment, operator: ArithmeticOperator): Fragment {
  switch (operator) {
    case '+':
      return sql`(${x} + ${y})`;
    case '-':
      return sql`(${x} - ${y})`;
    case '*':
      return sql`(${x} * ${y})`;
    case '/':
      return sql`(${x} / ${y})`;
    case '%':
      return sql`positiveModulo(${x}, ${y})`;
  }
}

export function lowerNegation(value: Expr, node: SyntaxNode, scope: ScalarScope): Expr {
  const { constant } = value;
  if (
    (constant?.type === 'long' || constant?.type === 'int' || constant?.type === 'timespan') &&
    constant.value !== null
  ) {
    return constantExpr({ ...constant, value: BigInt.asIntN(64, -constant.value) });
  }
  if (constant?.type === 'decimal' && constant.value !== null)
    return constantExpr({ type: 'decimal', value: negatedDigits(constant.value) });
  if (constant?.type === 'real' && constant.value !== null)
    return constantExpr({ ...constant, value: -constant.value });
  switch (value.type) {
    case 'int':
    case 'long':
      return expr('long', sql`toInt64(-${value.sql})`, value.nullable);
    case 'decimal':
      return expr('decimal', negatedDecimal(value.sql), value.nullable);
    case 'real':
    case 'timespan':
      return expr(value.type, sql`(-${value.sql})`, value.nullable);
    case 'dynamic':
      return betweenDynamics(toDynamic(longConstant(0n), scope), value, '-', node, scope);
    default:
      throw scope.unsupported(`operator - on ${value.type}`, node);
  }
}

/** Sums of times and counts known at translation, so that `ago(2 * 1d)` is one instant that prunes partitions. */
function fold(
  a: Constant | undefined,
  b: Constant | undefined,
  operator: ArithmeticOperator,
): Constant | undefined {
  if (a === undefined || b === undefined || typeof a.value !== 'bigint' || typeof b.value !== 'bigint')
    return undefined;
  const types = `${a.type === 'int' ? 'long' : a.type} ${operator} ${b.type === 'int' ? 'long' : b.type}`;
  const wrap = (value: bigint) => BigInt.asIntN(64, value);
  switch (types) {
    case 'long + long':
      return { type: 'long', value: wrap(a.value + b.value) };
    case 'long - long':
      return { type: 'long', value: wrap(a.value - b.value) };
    case 'long * long':
      return { type: 'long', value: wrap(a.value * b.value) };
    case 'timespan + timespan':
      return { type: 'timespan', value: wrap(a.value + b.value) };
    case 'timespan - timespan':
      return { type: 'timespan', value: wrap(a.value - b.value) };
    case 'timespan * long':
    case 'long * timespan':
      return { type: 'timespan', value: wrap(a.value * b.value) };
    case 'datetime + timespan':
      return inRange(a.value + b.value);
    case 'datetime - timespan':
      return inRange(a.value - b.value);
    case 'datetime - datetime':
      return { type: 'timespan', value: a.value - b.value };
    default:
      return undefined;
  }
}

const maxDatetime = 3_155_378_975_999_999_999n;

function inRange(ticks: bigint): Constant {
  return { type: 'datetime', value: ticks < 0n || ticks > maxDatetime ? null : ticks };
}
