import { type Fragment, sql, text } from '../emit/fragment.ts';

/**
 * decimal, held as Decimal(76, 38): 38 digits on either side of the point, of which a quotient or a product keeps 34, as many as Kusto's. What
 * is larger is null. The engine's own operators throw when they overflow, so that each is given operands which cannot.
 */

/** A number in decimal notation, with an exponent or without one. */
const notation = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,3}))?$/i;
const maxDigits = 38;

/** A decimal literal's text without exponent or needless digits; undefined for what is no number or is out of range. */
export function parseDecimal(written: string): string | undefined {
  const match = notation.exec(written.trim());
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const left = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const right = point < 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const size = left.replace(/^0+/, '');
  if (size.length > maxDigits) return undefined;
  const rest = right.slice(0, maxDigits).replace(/0+$/, '');
  const value = `${size || '0'}${rest === '' ? '' : `.${rest}`}`;
  return sign === '-' && value !== '0' ? `-${value}` : value;
}

/** The digits of the number on the other side of 0. */
export function negatedDigits(digits: string): string {
  return digits === '0' ? digits : digits.startsWith('-') ? digits.slice(1) : `-${digits}`;
}

export function decimalLiteral(value: string): Fragment {
  return sql`toDecimal256(${text(value)}, 38)`;
}

/** Null for what is no number or does not fit. */
export function decimalOfText(value: Fragment): Fragment {
  return sql`toDecimal256OrNull(trimBoth(${value}), 38)`;
}

export function decimalOfWhole(value: Fragment): Fragment {
  return sql`toDecimal256(toInt64(${value}), 38)`;
}

/** Without its fraction; null outside the range of a long. */
export function longOfDecimal(value: Fragment): Fragment {
  return sql`toInt64OrNull(toString(trunc(${value})))`;
}

export type DecimalOperator = '+' | '-' | '*' | '/' | '%';

/** Null when the result does not fit, or by a division by zero. Mentions its operands often. */
export function decimalOperation(a: Fragment, b: Fragment, operator: DecimalOperator): Fragment {
  const [x, y] = [sql`toFloat64(${a})`, sql`toFloat64(${b})`];
  switch (operator) {
    case '+':
      return guarded(sql`abs(${x} + ${y}) < 1e38`, a, b, (p, q) => sql`(${p} + ${q})`, '0');
    case '-':
      return guarded(sql`abs(${x} - ${y}) < 1e38`, a, b, (p, q) => sql`(${p} - ${q})`, '0');
    case '*':
      return guarded(
        sql`abs(${x} * ${y}) < 1e38`,
        a,
        b,
        (p, q) => significant(sql`multiplyDecimal(${p}, ${q}, 38)`, sql`(${x} * ${y})`),
        '0',
      );
    case '/':
      return guarded(
        sql`${b} != 0 AND abs(${x} / ${y}) < 1e38`,
        a,
        b,
        (p, q) => significant(sql`divideDecimal(${p}, ${q}, 38)`, sql`(${x} / ${y})`),
        '1',
      );
    case '%':
      return guarded(sql`${b} != 0`, a, b, (p, q) => sql`positiveModulo(${p}, ${q})`, '1');
  }
}

function guarded(
  fits: Fragment,
  a: Fragment,
  b: Fragment,
  apply: (a: Fragment, b: Fragment) => Fragment,
  harmless: '0' | '1',
): Fragment {
  const instead = decimalLiteral(harmless);
  const safe = (value: Fragment) => sql`ifNull(if(${fits}, ${value}, ${instead}), ${instead})`;
  return sql`if(${fits}, ${apply(safe(a), safe(b))}, NULL)`;
}

/** Rounded to 34 digits; `estimate` is about the same number, as a Float64. */
function significant(value: Fragment, estimate: Fragment): Fragment {
  const magnitude = sql`floor(log10(greatest(abs(${estimate}), 1e-38)))`;
  return sql`round(${value}, toInt64(least(38, ifNull(33 - if(isFinite(${magnitude}), ${magnitude}, 0), 0))))`;
}

/** Half away from zero, at `digits` places after the point (before it when negative). */
export function roundedDecimal(value: Fragment, digits: Fragment): Fragment {
  return sql`round(${value}, toInt64(least(greatest(ifNull(${digits}, 0), -38), 38)))`;
}

export function negatedDecimal(value: Fragment): Fragment {
  return sql`(${decimalLiteral('0')} - ${value})`;
}

/** Down to a multiple of the size, counted from `origin`; null when the size is not positive. */
export function decimalBin(value: Fragment, size: Fragment, origin: Fragment | undefined): Fragment {
  const from = origin === undefined ? value : sql`(${value} - ${origin})`;
  const remainder = guarded(sql`${size} > 0`, from, size, (p, q) => sql`positiveModulo(${p}, ${q})`, '1');
  return sql`(${value} - ${remainder})`;
}
