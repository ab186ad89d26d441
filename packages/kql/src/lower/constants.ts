import type { KustoType } from '@merlon/contract';
import { type Fragment, float, integer, sql, text } from '../emit/fragment.ts';
import { type Constant, type Expr, expr } from '../tree/expression.ts';
import { decimalLiteral } from './decimal.ts';

/** Ticks from 0001-01-01, where Kusto counts from, to 1970-01-01, where ClickHouse does. */
export const unixEpochTicks = 621_355_968_000_000_000n;
export const ticksPerMillisecond = 10_000n;
export const ticksPerSecond = 10_000_000n;
export const ticksPerMinute = 60n * ticksPerSecond;
export const ticksPerHour = 60n * ticksPerMinute;
export const ticksPerDay = 24n * ticksPerHour;

/** A DateTime64(7, 'UTC') from ticks since 1970; an expression of Int64. */
export function datetimeOfTicks(ticks: Fragment): Fragment {
  return sql`reinterpret(${ticks}, 'DateTime64(7,\\'UTC\\')')`;
}

/** Ticks since 1970 of a DateTime64(7, 'UTC'). */
export function ticksOfDatetime(datetime: Fragment): Fragment {
  return sql`reinterpret(${datetime}, 'Int64')`;
}

function sqlOf(constant: Constant): Fragment {
  if (constant.value === null) return nullSql(constant.type);
  switch (constant.type) {
    case 'string':
    case 'guid':
      return text(constant.value);
    case 'dynamic':
      return text(constant.value.json);
    case 'bool':
      return constant.value ? sql`true` : sql`false`;
    case 'int':
      return sql`toInt32(${integer(constant.value)})`;
    case 'long':
    case 'timespan':
      return sql`toInt64(${integer(constant.value)})`;
    case 'datetime':
      return datetimeOfTicks(sql`toInt64(${integer(constant.value - unixEpochTicks)})`);
    case 'real':
      return float(constant.value);
    case 'decimal':
      return decimalLiteral(constant.value);
  }
}

export function constantExpr(constant: Constant): Expr {
  return Object.freeze({
    ...expr(constant.type, sqlOf(constant), constant.value === null),
    constant: Object.freeze(constant),
  });
}

export const stringConstant = (value: string): Expr => constantExpr({ type: 'string', value });
export const longConstant = (value: bigint): Expr => constantExpr({ type: 'long', value });
export const boolConstant = (value: boolean): Expr => constantExpr({ type: 'bool', value });

/** The null of a type as SQL: '' for those whose SQL form is a String. */
export function nullSql(type: KustoType): Fragment {
  switch (type) {
    case 'string':
    case 'guid':
    case 'dynamic':
      return sql`''`;
    case 'bool':
      return sql`CAST(NULL, 'Nullable(Bool)')`;
    case 'int':
      return sql`CAST(NULL, 'Nullable(Int32)')`;
    case 'long':
    case 'timespan':
      return sql`CAST(NULL, 'Nullable(Int64)')`;
    case 'real':
      return sql`CAST(NULL, 'Nullable(Float64)')`;
    case 'decimal':
      return sql`CAST(NULL, 'Nullable(Decimal(76, 38))')`;
    case 'datetime':
      return sql`CAST(NULL, 'Nullable(DateTime64(7, \\'UTC\\'))')`;
  }
}

export function nullExpr(type: KustoType): Expr {
  return expr(type, nullSql(type), true);
}

export function isNullConstant(value: Expr): boolean {
  const { constant } = value;
  if (constant === undefined) return false;
  return constant.type === 'dynamic' ? constant.value.json === '' : constant.value === null;
}

/** Whether it is known at translation to be a number or span above zero. */
export function isPositive({ constant }: Expr): boolean {
  if (constant?.type === 'dynamic' || constant === undefined) return false;
  return (typeof constant.value === 'bigint' || typeof constant.value === 'number') && constant.value > 0;
}

export function constantString(value: Expr): string | undefined {
  return value.constant?.type === 'string' ? value.constant.value : undefined;
}

export function constantInteger(value: Expr): bigint | undefined {
  const { constant } = value;
  return constant?.type === 'long' || constant?.type === 'int' ? (constant.value ?? undefined) : undefined;
}

/** JSON text of a constant as an element of an array or object: null is `null`. */
export function constantJson(constant: Constant): string {
  if (constant.type === 'dynamic') return constant.value.json === '' ? 'null' : constant.value.json;
  if (constant.value === null) return 'null';
  switch (constant.type) {
    case 'string':
    case 'guid':
    case 'decimal':
      return JSON.stringify(constant.value);
    case 'bool':
    case 'int':
    case 'long':
      return String(constant.value);
    case 'real':
      return Number.isFinite(constant.value)
        ? realJson(constant.value)
        : JSON.stringify(String(constant.value));
    case 'datetime':
      return JSON.stringify(datetimeText(constant.value));
    case 'timespan':
      return JSON.stringify(timespanText(constant.value));
  }
}

/** A whole real keeps its point, so that it stays a real. */
function realJson(value: number): string {
  const written = String(value);
  return /^-?\d+$/.test(written) ? `${written}.0` : written;
}

/** Wire form of a datetime: seven digits and Z. */
export function datetimeText(ticks: bigint): string {
  const unix = ticks - unixEpochTicks;
  const milliseconds = unix / ticksPerMillisecond - (unix % ticksPerMillisecond < 0n ? 1n : 0n);
  const rest = unix - milliseconds * ticksPerMillisecond;
  const date = new Date(Number(milliseconds));
  return `${date.toISOString().replace(/Z$/, '')}${rest.toString().padStart(4, '0')}Z`;
}

/** Wire form of a timespan: `[-][d.]hh:mm:ss[.fffffff]`. */
export function timespanText(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const two = (value: bigint) => value.toString().padStart(2, '0');
  const days = size / ticksPerDay;
  const fraction = size % ticksPerSecond;
  const clock = `${two((size / ticksPerHour) % 24n)}:${two((size / ticksPerMinute) % 60n)}:${two((size / ticksPerSecond) % 60n)}`;
  return `${ticks < 0n ? '-' : ''}${days > 0n ? `${days}.` : ''}${clock}${
    fraction > 0n ? `.${fraction.toString().padStart(7, '0')}` : ''
  }`;
}
