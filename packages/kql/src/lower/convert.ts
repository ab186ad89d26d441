import type { KustoType } from '@merlon/contract';
import type { SyntaxNode } from '../bind/syntax.ts';
import { type Fragment, integer, join, sql, text, texts } from '../emit/fragment.ts';
import { type Expr, expr } from '../tree/expression.ts';
import {
  constantExpr,
  constantJson,
  datetimeOfTicks,
  datetimeText,
  nullExpr,
  ticksOfDatetime,
  ticksPerDay,
  ticksPerHour,
  ticksPerMinute,
  ticksPerSecond,
  timespanText,
  unixEpochTicks,
} from './constants.ts';
import { decimalOfText, decimalOfWhole, longOfDecimal, parseDecimal } from './decimal.ts';
import { jsonPathText, jsonString, jsonText } from './json.ts';
import { asDynamic, parseDatetime, parseTimespan, timespanUnits } from './literals.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** The value as another type, as Kusto's to…() functions do it: what does not convert is null. */
export function convert(value: Expr, type: KustoType, scope: ScalarScope, node: SyntaxNode): Expr {
  if (value.type === type) return value;
  switch (type) {
    case 'string':
      return toText(value, scope);
    case 'dynamic':
      return toDynamic(value, scope);
    case 'long':
      return toLong(value, scope, node);
    case 'int':
      return toInt(value, scope, node);
    case 'real':
      return toReal(value, scope, node);
    case 'bool':
      return toBool(value, scope, node);
    case 'datetime':
      return toDatetime(value, scope, node);
    case 'timespan':
      return toTimespan(value, scope, node);
    case 'guid':
      return toGuid(value, scope, node);
    case 'decimal':
      return toDecimal(value, scope, node);
  }
}

function refuse(value: Expr, type: KustoType, scope: ScalarScope, node: SyntaxNode): never {
  throw scope.unsupported(`a conversion from ${value.type} to ${type}`, node);
}

/** '' for a null of any type. */
export function toText(value: Expr, scope: ScalarScope): Expr {
  const { constant } = value;
  if (value.type === 'string') return value;
  if (constant !== undefined && constant.type !== 'dynamic' && constant.type !== 'real') {
    return constantExpr({ type: 'string', value: constantText(constant) });
  }
  if (value.jsonPath !== undefined)
    return expr('string', jsonPathText(value.jsonPath.base, value.jsonPath.keys), false);
  const { sql: x, nullable, type } = scope.shared(value);
  switch (type) {
    case 'dynamic':
      return expr('string', jsonText(x), false);
    case 'bool':
      return expr(
        'string',
        nullable ? sql`multiIf(isNull(${x}), '', ${x}, 'true', 'false')` : sql`if(${x}, 'true', 'false')`,
        false,
      );
    case 'datetime':
      return expr('string', orEmpty(sql`concat(replaceOne(toString(${x}), ' ', 'T'), 'Z')`, nullable), false);
    case 'timespan':
      return expr('string', orEmpty(timespanTextSql(x), nullable), false);
    case 'guid':
      return expr('string', x, false);
    case 'real':
      return expr('string', orEmpty(realText(x), nullable), false);
    default:
      return expr('string', orEmpty(sql`toString(${x})`, nullable), false);
  }
}

function constantText(
  constant: Exclude<NonNullable<Expr['constant']>, { type: 'dynamic' | 'real' }>,
): string {
  if (constant.value === null) return '';
  if (constant.type === 'datetime') return datetimeText(constant.value);
  if (constant.type === 'timespan') return timespanText(constant.value);
  return String(constant.value);
}

/** As Kusto writes it; the engine has other words for what is not finite. */
function realText(x: Fragment): Fragment {
  return sql`if(isFinite(${x}), toString(${x}), multiIf(isNaN(${x}), 'NaN', ${x} > 0, 'Infinity', '-Infinity'))`;
}

function orEmpty(text: Fragment, nullable: boolean): Fragment {
  return nullable ? sql`ifNull(${text}, '')` : text;
}

/** `[-][d.]hh:mm:ss[.fffffff]` of ticks; mentions its argument often. */
export function timespanTextSql(ticks: Fragment): Fragment {
  const two = (per: bigint, modulus: number) =>
    sql`leftPad(toString(intDiv(abs(${ticks}), ${integer(per)}) % ${integer(modulus)}), 2, '0')`;
  const day = integer(ticksPerDay);
  const second = integer(ticksPerSecond);
  return sql`concat(if(${ticks} < 0, '-', ''), if(abs(${ticks}) >= ${day}, concat(toString(intDiv(abs(${ticks}), ${day})), '.'), ''), ${two(
    ticksPerHour,
    24,
  )}, ':', ${two(ticksPerMinute, 60)}, ':', ${two(ticksPerSecond, 60)}, if(abs(${ticks}) % ${second} = 0, '', concat('.', leftPad(toString(abs(${ticks}) % ${second}), 7, '0'))))`;
}

/** JSON text, '' for null. */
export function toDynamic(value: Expr, scope: ScalarScope): Expr {
  const { constant } = value;
  if (value.type === 'dynamic') return value;
  if (constant !== undefined && constant.value !== null) return constantExpr(asDynamic(constant));
  const { sql: x, nullable, type } = scope.shared(value);
  switch (type) {
    case 'string':
      return expr('dynamic', jsonString(x), false);
    case 'decimal':
      return expr('dynamic', orEmpty(sql`concat('"', toString(${x}), '"')`, nullable), false);
    case 'guid':
      return expr('dynamic', sql`if(${x} = '', '', concat('"', ${x}, '"'))`, false);
    case 'datetime':
    case 'timespan': {
      const text = sql`concat('"', ${toText({ type, sql: x, nullable: false }, scope).sql}, '"')`;
      return expr('dynamic', orEmpty(text, nullable), false);
    }
    case 'real': {
      const text = sql`if(isFinite(${x}), toString(${x}), concat('"', ${realText(x)}, '"'))`;
      return expr('dynamic', nullable ? sql`if(isNull(${x}), '', assumeNotNull(${text}))` : text, false);
    }
    default:
      return expr('dynamic', toText({ type, sql: x, nullable }, scope).sql, false);
  }
}

/** Text of a value that may hold a number: a dynamic's text, or the string itself. */
function sourceText(value: Expr, scope: ScalarScope): Expr {
  return scope.shared(toText(value, scope));
}

export function toLong(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  const { constant } = value;
  if ((constant?.type === 'int' || constant?.type === 'bool') && constant.value !== null) {
    return constantExpr({ type: 'long', value: BigInt(constant.value) });
  }
  const x = value.sql;
  switch (value.type) {
    case 'long':
      return value;
    case 'int':
    case 'bool':
      return expr('long', sql`toInt64(${x})`, value.nullable);
    case 'real':
      return expr('long', sql`accurateCastOrNull(trunc(${x}), 'Int64')`, true);
    case 'decimal':
      return expr('long', longOfDecimal(x), true);
    case 'timespan':
      return expr('long', x, value.nullable);
    case 'datetime':
      return expr('long', sql`(${ticksOfDatetime(x)} + ${integer(unixEpochTicks)})`, value.nullable);
    case 'string': {
      const t = sourceText(value, scope).sql;
      return expr(
        'long',
        sql`if(startsWith(lower(${t}), '0x'), if(match(${t}, '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(substring(${t}, 3)))), NULL), toInt64OrNull(${t}))`,
        true,
      );
    }
    case 'dynamic': {
      const t = sourceText(value, scope).sql;
      return expr(
        'long',
        sql`multiIf(${t} = 'true', 1, ${t} = 'false', 0, coalesce(toInt64OrNull(${t}), accurateCastOrNull(trunc(toFloat64OrNull(${t})), 'Int64')))`,
        true,
      );
    }
    default:
      return refuse(value, 'long', scope, node);
  }
}

export function toInt(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  if (value.type === 'int') return value;
  const { constant } = value;
  if (
    constant?.type === 'long' &&
    constant.value !== null &&
    BigInt.asIntN(32, constant.value) === constant.value
  ) {
    return constantExpr({ type: 'int', value: constant.value });
  }
  return expr('int', sql`accurateCastOrNull(${toLong(value, scope, node).sql}, 'Int32')`, true);
}

export function toReal(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  const { constant } = value;
  if (
    (constant?.type === 'int' || constant?.type === 'long' || constant?.type === 'decimal') &&
    constant.value !== null
  )
    return constantExpr({ type: 'real', value: Number(constant.value) });
  switch (value.type) {
    case 'real':
      return value;
    case 'int':
    case 'long':
    case 'bool':
    case 'decimal':
      return expr('real', sql`toFloat64(${value.sql})`, value.nullable);
    case 'string':
    case 'dynamic':
      return expr('real', sql`toFloat64OrNull(${toText(value, scope).sql})`, true);
    default:
      return refuse(value, 'real', scope, node);
  }
}

/** A real by its shortest digits. */
export function toDecimal(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  const { constant } = value;
  if ((constant?.type === 'int' || constant?.type === 'long') && constant.value !== null)
    return constantExpr({ type: 'decimal', value: String(constant.value) });
  if (constant?.type === 'real' && constant.value !== null) {
    const digits = parseDecimal(String(constant.value));
    return digits === undefined ? nullExpr('decimal') : constantExpr({ type: 'decimal', value: digits });
  }
  switch (value.type) {
    case 'decimal':
      return value;
    case 'int':
    case 'long':
    case 'bool':
    case 'timespan':
      return expr('decimal', decimalOfWhole(value.sql), value.nullable);
    case 'datetime':
      return expr('decimal', decimalOfWhole(toLong(value, scope, node).sql), value.nullable);
    case 'real':
      return expr('decimal', decimalOfText(sql`toString(${value.sql})`), true);
    case 'string':
    case 'dynamic':
      return expr('decimal', decimalOfText(toText(value, scope).sql), true);
    default:
      return refuse(value, 'decimal', scope, node);
  }
}

export function toBool(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  const x = value.sql;
  switch (value.type) {
    case 'bool':
      return value;
    case 'int':
    case 'long':
    case 'real':
    case 'decimal':
      return expr('bool', sql`(${x} != 0)`, value.nullable);
    case 'string':
    case 'dynamic': {
      const t = sourceText(value, scope).sql;
      return expr(
        'bool',
        sql`multiIf(lower(${t}) = 'true', true, lower(${t}) = 'false', false, toFloat64OrNull(${t}) != 0)`,
        true,
      );
    }
    default:
      return refuse(value, 'bool', scope, node);
  }
}

export function toDatetime(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  const { constant } = value;
  if (constant?.type === 'string') {
    const ticks = parseDatetime(constant.value.trim());
    return ticks === undefined ? nullExpr('datetime') : constantExpr({ type: 'datetime', value: ticks });
  }
  switch (value.type) {
    case 'datetime':
      return value;
    case 'int':
    case 'long':
      return expr(
        'datetime',
        datetimeOfTicks(sql`(toInt64(${value.sql}) - ${integer(unixEpochTicks)})`),
        value.nullable,
      );
    case 'string':
    case 'dynamic': {
      const t = sourceText(value, scope).sql;
      return expr('datetime', sql`parseDateTime64BestEffortUSOrNull(${plainDate(t)}, 7, 'UTC')`, true);
    }
    default:
      return refuse(value, 'datetime', scope, node);
  }
}

const clock = '(?:\\s*$|[T\\s]+(?:[01]?\\d|2[0-3]):[0-5]?\\d)';
/** Forms of a date that the engine reads as Kusto does. */
const plainForm = `^\\s*(?:\\d{4}[-/]\\d{1,2}(?:[-/]\\d{1,2})?|\\d{1,2}[-/]\\d{1,2}[-/]\\d{4})${clock}`;
/** Day, name of the month and year of two or four digits, by RFC 822 and RFC 850. */
const mailForm = `^\\s*(?:[A-Za-z]{3,9},\\s*)?(\\d{1,2})[-\\s]([A-Za-z]{3})[a-z]*[-\\s](\\d{2}|\\d{4})(${clock}.*)$`;
const digitsForm = `^\\s*(\\d{4})[.]?(\\d{2})[.]?(\\d{2})(${clock})`;

/** The date in a form that the engine reads; '' for what is none: it would guess, and take what is missing from today. */
function plainDate(t: Fragment): Fragment {
  const groups = sql`extractGroups(${t}, ${text(mailForm)})`;
  const year = sql`concat(multiIf(length(${groups}[3]) = 4, '', ${groups}[3] < '50', '20', '19'), ${groups}[3])`;
  const mail = sql`concat(${groups}[1], ' ', ${groups}[2], ' ', ${year}, ${groups}[4])`;
  const digits = sql`replaceRegexpOne(${t}, ${text(digitsForm)}, '\\\\1-\\\\2-\\\\3\\\\4')`;
  return sql`multiIf(match(${t}, ${text(plainForm)}), ${t}, match(${t}, ${text(mailForm)}), ${mail}, match(${t}, ${text(digitsForm)}), ${digits}, match(${t}, '^[0-9]{4}$'), concat(${t}, '-01-01'), '')`;
}

const clockForm =
  '^\\s*([+-]?)(?:(\\d{1,7})\\.)?([01]?\\d|2[0-3]):([0-5]?\\d)(?::([0-5]?\\d)(?:\\.(\\d{1,7}))?)?\\s*$';
const quantityForm = '^\\s*([+-]?[0-9]+(?:\\.[0-9]+)?)\\s*([A-Za-z]*)\\s*$';

/** Ticks of `1.5h`, or of a bare number of days; null for anything else. */
function quantityTicks(t: Fragment): Fragment {
  const groups = sql`extractGroups(${t}, ${text(quantityForm)})`;
  const sizes = join(timespanUnits.map(([, ticks]) => sql`toInt64(${integer(ticks)})`));
  const size = sql`transform(lower(${groups}[2]), ${texts(timespanUnits.map(([name]) => name))}, [${sizes}], NULL)`;
  return sql`accurateCastOrNull(trunc(toFloat64OrNull(${groups}[1]) * ${size}), 'Int64')`;
}

export function toTimespan(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  const { constant } = value;
  if (constant?.type === 'string') {
    const ticks = parseTimespan(constant.value.trim());
    return ticks === undefined ? nullExpr('timespan') : constantExpr({ type: 'timespan', value: ticks });
  }
  switch (value.type) {
    case 'timespan':
      return value;
    case 'int':
    case 'long':
      return expr('timespan', sql`toInt64(${value.sql})`, value.nullable);
    case 'string':
    case 'dynamic': {
      const t = sourceText(value, scope).sql;
      const groups = sql`extractGroups(${t}, ${text(clockForm)})`;
      const number = (index: number) => sql`toInt64OrZero(${groups}[${integer(index)}])`;
      const size = sql`(${number(2)} * ${integer(ticksPerDay)} + ${number(3)} * ${integer(ticksPerHour)} + ${number(4)} * ${integer(
        ticksPerMinute,
      )} + ${number(5)} * ${integer(ticksPerSecond)} + toInt64OrZero(rightPad(${groups}[6], 7, '0')))`;
      const clock = sql`if(${groups}[1] = '-', -1, 1) * ${size}`;
      return expr('timespan', sql`if(empty(${groups}), ${quantityTicks(t)}, ${clock})`, true);
    }
    default:
      return refuse(value, 'timespan', scope, node);
  }
}

export function toGuid(value: Expr, scope: ScalarScope, node: SyntaxNode): Expr {
  switch (value.type) {
    case 'guid':
      return value;
    case 'string':
    case 'dynamic':
      return expr(
        'guid',
        sql`ifNull(toString(toUUIDOrNull(replaceAll(trim(BOTH ' {}' FROM ${toText(value, scope).sql}), '-', ''))), '')`,
        false,
      );
    default:
      return refuse(value, 'guid', scope, node);
  }
}

/** JSON text of a value as an element of an array or object: null is `null`. */
export function elementText(value: Expr, scope: ScalarScope): Fragment {
  if (value.constant !== undefined) {
    return constantExpr({ type: 'string', value: constantJson(value.constant) }).sql;
  }
  const json = toDynamic(value, scope).sql;
  return value.type === 'string' ? json : sql`ifNull(nullIf(${json}, ''), 'null')`;
}
