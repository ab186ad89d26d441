import { type Fragment, integer, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import {
  constantExpr,
  datetimeOfTicks,
  longConstant,
  ticksOfDatetime,
  ticksPerDay,
  ticksPerHour,
  ticksPerMillisecond,
  ticksPerMinute,
  ticksPerSecond,
} from '../constants.ts';
import { columnExpr } from '../rows.ts';
import { formatDatetime, formatTimespan } from './date-format.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const now: FunctionRule = (call) => {
  const instant = constantExpr({ type: 'datetime', value: call.scope.context.now });
  return call.count === 0 ? instant : shifted(call, instant, 1n);
};

const ago: FunctionRule = (call) =>
  shifted(call, constantExpr({ type: 'datetime', value: call.scope.context.now }), -1n);

/** The instant moved by the first argument, known at translation whenever the argument is. */
function shifted(call: Call, instant: Expr, sign: 1n | -1n): Expr {
  const by = call.as(0, 'timespan');
  const { constant } = by;
  if (constant?.type === 'timespan' && constant.value !== null) {
    return constantExpr({ type: 'datetime', value: call.scope.context.now + sign * constant.value });
  }
  const moved = sql`(${ticksOfDatetime(instant.sql)} + ${integer(sign)} * ${by.sql})`;
  return expr('datetime', datetimeOfTicks(moved), by.nullable);
}

const addTicks = (datetime: Fragment, ticks: Fragment) =>
  datetimeOfTicks(sql`(${ticksOfDatetime(datetime)} + ${ticks})`);

type PeriodStart = (datetime: Fragment) => Fragment;

const floorTo = (datetime: Fragment, size: bigint, origin: bigint) =>
  datetimeOfTicks(
    sql`(${ticksOfDatetime(datetime)} - positiveModulo(${ticksOfDatetime(datetime)} - ${integer(origin)}, toInt64(${integer(size)})))`,
  );

/** The start of the day that is so many days before. */
const daysBefore = (datetime: Fragment, days: Fragment) =>
  addTicks(floorTo(datetime, ticksPerDay, 0n), sql`(-toInt64(${days}) * ${integer(ticksPerDay)})`);

/** Weeks start on Sunday; 1970-01-04 was one. */
const periods: Readonly<
  Record<'day' | 'week' | 'month' | 'year', { readonly start: PeriodStart; readonly next: PeriodStart }>
> = {
  day: {
    start: (d) => floorTo(d, ticksPerDay, 0n),
    next: (d) => addTicks(d, integer(ticksPerDay)),
  },
  week: {
    start: (d) => floorTo(d, 7n * ticksPerDay, 3n * ticksPerDay),
    next: (d) => addTicks(d, integer(7n * ticksPerDay)),
  },
  // The engine's own makers of dates know the years from 1900 to 2299 only.
  month: { start: (d) => daysBefore(d, sql`toDayOfMonth(${d}) - 1`), next: (d) => sql`addMonths(${d}, 1)` },
  year: { start: (d) => daysBefore(d, sql`toDayOfYear(${d}) - 1`), next: (d) => sql`addYears(${d}, 1)` },
};

/** startof…(date[, offset in periods]) and endof…, the last tick before the next start. */
const period =
  (unit: keyof typeof periods, edge: 'start' | 'end'): FunctionRule =>
  (call) => {
    const value = call.as(0, 'datetime');
    const { start, next } = periods[unit];
    const offset = call.count > 1 ? call.long(1) : undefined;
    const shiftedBy = offset === undefined ? start(value.sql) : addUnits(unit, offset.sql, start(value.sql));
    const sqlText = edge === 'start' ? shiftedBy : addTicks(next(shiftedBy), sql`(-1)`);
    return expr('datetime', sqlText, value.nullable || (offset?.nullable ?? false));
  };

const unitSizes: Readonly<Record<string, bigint>> = {
  week: 7n * ticksPerDay,
  day: ticksPerDay,
  hour: ticksPerHour,
  minute: ticksPerMinute,
  second: ticksPerSecond,
  millisecond: ticksPerMillisecond,
  microsecond: 10n,
};

function addUnits(unit: string, amount: Fragment, datetime: Fragment): Fragment {
  const size = unitSizes[unit];
  if (size !== undefined) return addTicks(datetime, sql`${amount} * ${integer(size)}`);
  if (unit === 'month') return sql`addMonths(${datetime}, ${amount})`;
  if (unit === 'quarter') return sql`addQuarters(${datetime}, ${amount})`;
  return sql`addYears(${datetime}, ${amount})`;
}

const unitNames = [
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'second',
  'millisecond',
  'microsecond',
  'nanosecond',
];

function unitOf(call: Call, index: number): string {
  const unit = call.constantText(index, 'a unit').toLowerCase();
  if (!unitNames.includes(unit))
    throw call.scope.semantic(`'${unit}' is not a unit of time.`, call.nodeAt(index));
  return unit;
}

const datetimeAdd: FunctionRule = (call) => {
  const unit = unitOf(call, 0);
  const amount = call.long(1);
  const value = call.as(2, 'datetime');
  const moved =
    unit === 'nanosecond'
      ? addTicks(value.sql, sql`intDiv(${amount.sql}, 100)`)
      : addUnits(unit, amount.sql, value.sql);
  return expr('datetime', moved, amount.nullable || value.nullable);
};

/** Boundaries of the unit crossed between the second date and the first. Weeks start on Sunday. */
const datetimeDiff: FunctionRule = (call) => {
  const unit = unitOf(call, 0);
  const [later, earlier] = [call.as(1, 'datetime'), call.as(2, 'datetime')];
  const nullable = later.nullable || earlier.nullable;
  const count = (size: bigint, origin = 0n) => {
    const index = (d: Fragment) =>
      sql`intDiv(${ticksOfDatetime(d)} - ${integer(origin)} - positiveModulo(${ticksOfDatetime(d)} - ${integer(origin)}, toInt64(${integer(size)})), ${integer(size)})`;
    return sql`(${index(later.sql)} - ${index(earlier.sql)})`;
  };
  const size = unitSizes[unit];
  if (unit === 'nanosecond') {
    return expr(
      'long',
      sql`((${ticksOfDatetime(later.sql)} - ${ticksOfDatetime(earlier.sql)}) * 100)`,
      nullable,
    );
  }
  if (size !== undefined) return expr('long', count(size, unit === 'week' ? 3n * ticksPerDay : 0n), nullable);
  const perYear = unit === 'year' ? 1 : unit === 'quarter' ? 4 : 12;
  const index = (d: Fragment) => {
    if (perYear === 1) return sql`toInt64(toYear(${d}))`;
    const within = perYear === 4 ? sql`toQuarter(${d})` : sql`toMonth(${d})`;
    return sql`(toInt64(toYear(${d})) * ${integer(perYear)} + ${within})`;
  };
  return expr('long', sql`(${index(later.sql)} - ${index(earlier.sql)})`, nullable);
};

type PartOfDate = (datetime: Fragment) => Fragment;

const ticksWithin = (d: Fragment, within: bigint, unit: bigint) =>
  sql`intDiv(positiveModulo(${ticksOfDatetime(d)}, toInt64(${integer(within)})), ${integer(unit)})`;

const dateParts: Readonly<Record<string, PartOfDate>> = {
  year: (d) => sql`toYear(${d})`,
  quarter: (d) => sql`toQuarter(${d})`,
  month: (d) => sql`toMonth(${d})`,
  week_of_year: (d) => sql`toISOWeek(${d})`,
  weekofyear: (d) => sql`toISOWeek(${d})`,
  day: (d) => sql`toDayOfMonth(${d})`,
  dayofyear: (d) => sql`toDayOfYear(${d})`,
  hour: (d) => sql`toHour(${d})`,
  minute: (d) => sql`toMinute(${d})`,
  second: (d) => sql`toSecond(${d})`,
  millisecond: (d) => ticksWithin(d, ticksPerSecond, ticksPerMillisecond),
  microsecond: (d) => ticksWithin(d, ticksPerSecond, 10n),
  nanosecond: (d) => sql`(${ticksWithin(d, ticksPerSecond, 1n)} * 100)`,
};

function partOf(call: Call, name: string, index: number): Expr {
  const get = dateParts[name];
  if (get === undefined) throw call.scope.semantic(`'${name}' is not a part of a date.`, call.nodeAt(0));
  const value = call.as(index, 'datetime');
  return call.convert(expr('long', sql`toInt64(${get(value.sql)})`, value.nullable), call.type('long'));
}

const partFunction =
  (name: string): FunctionRule =>
  (call) =>
    partOf(call, name, 0);

const datetimePart: FunctionRule = (call) => partOf(call, call.constantText(0, 'a part').toLowerCase(), 1);

const unixTime =
  (ticksPerUnit: bigint): FunctionRule =>
  (call) => {
    const value = call.value(0);
    if (value.type === 'real' || value.type === 'dynamic') {
      const x = call.real(0);
      const ticks = sql`accurateCastOrNull(trunc(${x.sql} * ${integer(ticksPerUnit)}), 'Int64')`;
      return expr('datetime', datetimeOfTicks(ticks), true);
    }
    const x = call.long(0);
    return expr('datetime', datetimeOfTicks(sql`(${x.sql} * ${integer(ticksPerUnit)})`), x.nullable);
  };

/** make_datetime(year, month, day[, hour, minute[, second]]): null when there is no such instant. */
const makeDatetime: FunctionRule = (call) => {
  if (call.count === 1) return call.as(0, 'datetime');
  const at = (index: number) => (index < call.count ? call.long(index) : longConstant(0n)).sql;
  const [year, month, day] = [at(0), at(1), at(2)];
  // Days since 1970 by the count of days in periods of 400 years, which start in March, so that a leap day is the last of its year.
  const [y, m] = [sql`(${year} - (${month} <= 2))`, sql`(${month} + if(${month} > 2, -3, 9))`];
  const era = sql`intDiv(${y}, 400)`;
  const yearOfEra = sql`(${y} - ${era} * 400)`;
  const dayOfEra = sql`(${yearOfEra} * 365 + intDiv(${yearOfEra}, 4) - intDiv(${yearOfEra}, 100) + intDiv(153 * ${m} + 2, 5) + ${day} - 1)`;
  const midnight = call.shared(
    expr(
      'datetime',
      datetimeOfTicks(sql`((${era} * 146097 + ${dayOfEra} - 719468) * ${integer(ticksPerDay)})`),
      true,
    ),
  ).sql;
  const second = call.count > 5 ? call.real(5).sql : sql`0`;
  const time = sql`(${at(3)} * ${integer(ticksPerHour)} + ${at(4)} * ${integer(ticksPerMinute)} + toInt64(round(${second} * 10000000)))`;
  const valid = sql`${year} BETWEEN 1 AND 9999 AND ${month} BETWEEN 1 AND 12 AND ${day} BETWEEN 1 AND 31 AND toDayOfMonth(${midnight}) = ${day} AND ${at(3)} BETWEEN 0 AND 23 AND ${at(4)} BETWEEN 0 AND 59 AND ${second} >= 0 AND ${second} < 60`;
  return expr('datetime', sql`if(${valid}, ${addTicks(midnight, time)}, NULL)`, true);
};

const makeTimespan: FunctionRule = (call) => {
  const units: readonly bigint[] =
    call.count === 4 ? [ticksPerDay, ticksPerHour, ticksPerMinute] : [ticksPerHour, ticksPerMinute];
  if (call.count === 1) return call.as(0, 'timespan');
  const values = units.map((_, index) => call.long(index));
  const whole = values.map((value, index) => sql`${value.sql} * ${integer(units[index] ?? 0n)} + `);
  const last = call.count > units.length ? call.real(units.length).sql : sql`0`;
  const total = whole.reduceRight(
    (sum, piece) => sql`${piece}${sum}`,
    sql`toInt64(round(${last} * 10000000))`,
  );
  return expr('timespan', sql`(${total})`, true);
};

export const datetimeFunctions: FunctionFamily = {
  now,
  ago,
  startofday: period('day', 'start'),
  startofweek: period('week', 'start'),
  startofmonth: period('month', 'start'),
  startofyear: period('year', 'start'),
  endofday: period('day', 'end'),
  endofweek: period('week', 'end'),
  endofmonth: period('month', 'end'),
  endofyear: period('year', 'end'),
  datetime_add: datetimeAdd,
  datetime_diff: datetimeDiff,
  datetime_part: datetimePart,
  datepart: datetimePart,
  getyear: partFunction('year'),
  getmonth: partFunction('month'),
  monthofyear: partFunction('month'),
  dayofmonth: partFunction('day'),
  dayofyear: partFunction('dayofyear'),
  hourofday: partFunction('hour'),
  week_of_year: partFunction('week_of_year'),
  weekofyear: partFunction('week_of_year'),
  dayofweek: (call) => {
    const value = call.as(0, 'datetime');
    return expr(
      'timespan',
      sql`(toInt64(toDayOfWeek(${value.sql}) % 7) * ${integer(ticksPerDay)})`,
      value.nullable,
    );
  },
  unixtime_seconds_todatetime: unixTime(ticksPerSecond),
  unixtime_milliseconds_todatetime: unixTime(ticksPerMillisecond),
  unixtime_microseconds_todatetime: unixTime(10n),
  unixtime_nanoseconds_todatetime: (call) => {
    const x = call.long(0);
    return expr('datetime', datetimeOfTicks(sql`intDiv(${x.sql}, 100)`), x.nullable);
  },
  make_datetime: makeDatetime,
  make_timespan: makeTimespan,
  format_datetime: (call) => {
    const format = call.constantText(1, 'a format');
    const value = call.as(0, 'datetime');
    const formatted = formatDatetime(value.sql, format, (what) => call.refuse(`with the format '${what}'`));
    return expr('string', value.nullable ? sql`ifNull(${formatted}, '')` : formatted, false);
  },
  format_timespan: (call) => {
    const format = call.constantText(1, 'a format');
    const value = call.as(0, 'timespan');
    const formatted = formatTimespan(value.sql, format, (what) => call.refuse(`with the format '${what}'`));
    return expr('string', value.nullable ? sql`ifNull(${formatted}, '')` : formatted, false);
  },
  ingestion_time: (call) => {
    const column = call.scope.row.rows.ingestionTime;
    return column === undefined ? call.refuse('after the rows of a table were combined') : columnExpr(column);
  },
};
