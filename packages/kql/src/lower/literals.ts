import {
  kindOf,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  scalarType,
  tokenText,
  tokenValue,
} from '../bind/syntax.ts';
import type { Constant, Expr } from '../tree/expression.ts';
import {
  constantExpr,
  constantJson,
  nullExpr,
  ticksPerDay,
  ticksPerHour,
  ticksPerMillisecond,
  ticksPerMinute,
  ticksPerSecond,
  unixEpochTicks,
} from './constants.ts';
import { parseDecimal } from './decimal.ts';
import type { ScalarScope } from './scalar-scope.ts';

/**
 * Literals, read from their text: of the library's own values only strings, booleans and guids can be relied on (it reads `0x1F`, `real(nan)`
 * and `time(1.02:03:04)` as 0).
 */
export function lowerLiteral(node: SyntaxNode, scope: ScalarScope): Expr {
  const kind = kindOf(node);
  if (kind === 'CompoundStringLiteralExpression')
    return constantExpr({ type: 'string', value: String(node.LiteralValue) });
  if (kind === 'DynamicExpression') return lowerDynamic(part(node, 'Expression'), scope);
  const type = scalarType(node.ResultType);
  if (type === undefined)
    throw scope.unsupported(`a literal of type ${node.ResultType?.Name ?? 'unknown'}`, node);
  if (type === 'string') return constantExpr({ type, value: String(node.LiteralValue) });
  const body = literalBody(node.ToString().trim());
  if (body.toLowerCase() === 'null') return nullExpr(type);
  const constant = parseLiteral(type, body, scope);
  if (constant === undefined) throw scope.semantic(`'${body}' is not a valid ${type} literal.`, node);
  return constantExpr(constant);
}

/** `x` of `type(x)` and of `type("x")`, or the text itself. */
function literalBody(text: string): string {
  const call = /^[a-z]+\s*\(([\s\S]*)\)$/i.exec(text);
  const body = (call?.[1] ?? text).trim();
  return /^(["']).*\1$/s.test(body) ? body.slice(1, -1).trim() : body;
}

function parseLiteral(
  type: Exclude<Constant['type'], 'dynamic' | 'string'> | 'dynamic',
  body: string,
  scope: ScalarScope,
): Constant | undefined {
  switch (type) {
    case 'bool': {
      const word = body.toLowerCase();
      if (word === 'true' || word === '1') return { type, value: true };
      return word === 'false' || word === '0' ? { type, value: false } : undefined;
    }
    case 'guid':
      return /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(body)
        ? { type, value: dashed(body) }
        : undefined;
    case 'int':
    case 'long': {
      const value = parseInteger(body);
      return value === undefined ? undefined : { type, value };
    }
    case 'real': {
      const value = parseReal(body);
      return value === undefined ? undefined : { type, value };
    }
    case 'decimal': {
      const value = parseDecimal(body);
      return value === undefined ? undefined : { type, value };
    }
    case 'datetime': {
      if (body === '' || body.toLowerCase() === 'now') return { type, value: scope.context.now };
      const value = parseDatetime(body.replace(/^(\d{4})\s*-\s*(\d{1,2})\s*-\s*(?=\d)/, '$1-$2-'));
      return value === undefined ? undefined : { type, value };
    }
    case 'timespan': {
      const value = parseTimespan(body);
      return value === undefined ? undefined : { type, value };
    }
    case 'dynamic':
      return undefined;
  }
}

function dashed(guid: string): string {
  const digits = guid.replaceAll('-', '').toLowerCase();
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}

function parseInteger(text: string): bigint | undefined {
  if (!/^[+-]?(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const size = BigInt(text.replace(/^[+-]/, ''));
  return BigInt.asIntN(64, text.startsWith('-') ? -size : size);
}

function parseReal(text: string): number | undefined {
  const word = text.toLowerCase();
  if (word === 'nan') return Number.NaN;
  if (word === '+inf' || word === 'inf') return Number.POSITIVE_INFINITY;
  if (word === '-inf') return Number.NEGATIVE_INFINITY;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Forms of a date, each with year, month and day by name. */
const dateForms: readonly RegExp[] = [
  /^(?<year>\d{4})(?:[-/.]|,\s*)(?<month>\d{1,2})(?:(?:[-/.]|,\s*)(?<day>\d{1,2}))?(?=$|[T\s])/i,
  /^(?<month>\d{1,2})[-/.](?<day>\d{1,2})[-/.](?<year>\d{4})(?=$|[T\s])/i,
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?=$|[T\s])/i,
  /^(?:[a-z]{3,9},\s*)?(?<day>\d{1,2})[-\s](?<month>[a-z]{3})[a-z]*[-\s](?<year>\d{4}|\d{2})(?=$|[T\s])/i,
  /^(?<year>\d{4})$/,
];

const timeForm =
  /^(?:[T\s]+(?<hour>\d{1,2}):(?<minute>\d{1,2})(?::(?<second>\d{1,2})(?:[.,](?<fraction>\d{1,9}))?)?(?:\s*(?<half>[AP]M))?)?\s*(?<zone>Z|GMT|UTC|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * Ticks since 0001-01-01 of a date in ISO order, in US order (M/D/YYYY) or in the order of RFC 822 and RFC 850, with or without time, fraction and
 * zone. A date without a zone is in UTC.
 */
export function parseDatetime(text: string): bigint | undefined {
  for (const form of dateForms) {
    const date = form.exec(text);
    if (date === null) continue;
    const time = timeForm.exec(text.slice(date[0].length));
    return time === null ? undefined : ticksOf(date.groups ?? {}, time.groups ?? {});
  }
  return undefined;
}

type Fields = Readonly<Record<string, string | undefined>>;

/** Undefined for a date that no calendar has and a time that no clock shows. */
function ticksOf(date: Fields, time: Fields): bigint | undefined {
  const written = date.year ?? '';
  const year =
    written.length === 2 ? Number(written) + (Number(written) < 50 ? 2000 : 1900) : Number(written);
  const month = /[a-z]/i.test(date.month ?? '')
    ? monthNames.indexOf((date.month ?? '').toLowerCase()) + 1
    : Number(date.month ?? 1);
  const day = Number(date.day ?? 1);
  const hour = hourOf(time);
  const [minute, second] = [Number(time.minute ?? 0), Number(time.second ?? 0)];
  const instant = new Date(0);
  instant.setUTCFullYear(year, month - 1, day);
  const exists = instant.getUTCMonth() === month - 1 && instant.getUTCDate() === day;
  if (!exists || hour === undefined || hour > 23 || minute > 59 || second > 59 || year < 1) return undefined;
  instant.setUTCHours(hour, minute, second, 0);
  const local =
    BigInt(instant.getTime()) * ticksPerMillisecond + unixEpochTicks + fractionTicks(time.fraction);
  return local - offsetTicks(time.zone);
}

function hourOf({ hour, half }: Fields): number | undefined {
  const shown = Number(hour ?? 0);
  if (half === undefined) return shown;
  if (shown < 1 || shown > 12) return undefined;
  return (shown % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

function fractionTicks(digits: string | undefined): bigint {
  return BigInt((digits ?? '0').padEnd(7, '0').slice(0, 7));
}

function offsetTicks(zone: string | undefined): bigint {
  const parsed = /^([+-])(\d{2})(?::?(\d{2}))?$/.exec(zone ?? '');
  if (parsed === null) return 0n;
  const size = BigInt(parsed[2] ?? 0) * ticksPerHour + BigInt(parsed[3] ?? 0) * ticksPerMinute;
  return parsed[1] === '-' ? -size : size;
}

const unitNames: readonly (readonly [names: string, ticks: bigint])[] = [
  ['d day days', ticksPerDay],
  ['h hr hrs hour hours', ticksPerHour],
  ['m min minute minutes', ticksPerMinute],
  ['s sec second seconds', ticksPerSecond],
  ['ms milli millis millisec millisecond milliseconds', ticksPerMillisecond],
  ['micro micros microsec microsecond microseconds', 10n],
  ['tick ticks', 1n],
];

/** Ticks of each unit of time by its names; a number without a unit is in days. */
export const timespanUnits: readonly (readonly [name: string, ticks: bigint])[] = [
  ['', ticksPerDay],
  ...unitNames.flatMap(([names, ticks]) => names.split(' ').map((name): [string, bigint] => [name, ticks])),
];

/** Ticks of `1.5h`, of `[-][d.]hh:mm[:ss[.fffffff]]` or of a bare number of days. */
export function parseTimespan(text: string): bigint | undefined {
  const clock = /^([+-]?)(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/.exec(text);
  if (clock !== null) {
    const [, sign, days, hours, minutes, seconds, fraction] = clock;
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return undefined;
    const size =
      BigInt(days ?? 0) * ticksPerDay +
      BigInt(hours ?? 0) * ticksPerHour +
      BigInt(minutes ?? 0) * ticksPerMinute +
      BigInt(seconds ?? 0) * ticksPerSecond +
      fractionTicks(fraction);
    return sign === '-' ? -size : size;
  }
  const quantity = /^([+-]?)(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
  if (quantity === null) return undefined;
  const unit = timespanUnits.find(([name]) => name === (quantity[3] ?? '').toLowerCase())?.[1];
  if (unit === undefined) return undefined;
  const [whole = '0', decimals = ''] = (quantity[2] ?? '0').split('.');
  const size = BigInt(whole) * unit + (BigInt(decimals || 0) * unit) / 10n ** BigInt(decimals.length);
  return quantity[1] === '-' ? -size : size;
}

function lowerDynamic(node: SyntaxNode, scope: ScalarScope): Expr {
  return constantExpr(asDynamic(dynamicConstant(node, scope)));
}

/** A scalar constant as a dynamic one. */
export function asDynamic(constant: Constant): Constant & { readonly type: 'dynamic' } {
  if (constant.type === 'dynamic') return constant;
  const json = constantJson(constant);
  return { type: 'dynamic', value: { json: json === 'null' ? '' : json } };
}

function dynamicConstant(node: SyntaxNode, scope: ScalarScope): Constant {
  switch (kindOf(node)) {
    case 'JsonArrayExpression': {
      const elements = parts(node, 'Values').map((value) => dynamicConstant(value, scope));
      return { type: 'dynamic', value: { json: `[${elements.map(constantJson).join(',')}]`, elements } };
    }
    case 'JsonObjectExpression': {
      const pairs = parts(node, 'Pairs').map((pair) => {
        const key = JSON.stringify(tokenValue(pair, 'Name'));
        return `${key}:${constantJson(dynamicConstant(part(pair, 'Value'), scope))}`;
      });
      return { type: 'dynamic', value: { json: `{${pairs.join(',')}}`, isBag: true } };
    }
    case 'LiteralExpression': {
      if (node.ToString().trim().toLowerCase() === 'null') return { type: 'dynamic', value: { json: '' } };
      const { constant, type } = lowerLiteral(node, scope);
      return constant ?? { type: 'dynamic', value: { json: type === 'dynamic' ? '' : 'null' } };
    }
    case 'PrefixUnaryExpression': {
      const inner = dynamicConstant(part(node, 'Expression'), scope);
      if (tokenText(node, 'Operator') === '-' && inner.type === 'long' && inner.value !== null)
        return { ...inner, value: -inner.value };
      if (tokenText(node, 'Operator') === '-' && inner.type === 'real' && inner.value !== null)
        return { ...inner, value: -inner.value };
      return inner;
    }
    case 'DynamicExpression':
      return dynamicConstant(part(node, 'Expression'), scope);
    case 'CompoundStringLiteralExpression':
      return { type: 'string', value: String(node.LiteralValue) };
    default: {
      const inner = optionalPart(node, 'Expression');
      if (inner !== undefined) return dynamicConstant(inner, scope);
      throw scope.unsupported('this value inside dynamic()', node);
    }
  }
}
