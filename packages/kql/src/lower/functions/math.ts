import { type Fragment, integer, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantExpr, datetimeOfTicks, isPositive, ticksOfDatetime, unixEpochTicks } from '../constants.ts';
import { decimalBin, roundedDecimal } from '../decimal.ts';
import { lowerScalar } from '../recursion.ts';
import { optionName } from '../statements.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** `partial`: it has no value for some numbers, which is null. */
const ofReal =
  (apply: (x: Fragment) => Fragment, partial = false): FunctionRule =>
  (call) => {
    const x = call.real(0);
    return expr('real', apply(x.sql), x.nullable || partial);
  };

const bitwise =
  (apply: (a: Fragment, b: Fragment) => Fragment): FunctionRule =>
  (call) => {
    const [a, b] = [call.long(0), call.long(1)];
    return expr('long', sql`toInt64(${apply(a.sql, b.sql)})`, a.nullable || b.nullable);
  };

/** By the places modulo 64; by a negative number of them it is null. */
const shift =
  (apply: (a: Fragment, places: Fragment) => Fragment): FunctionRule =>
  (call) => {
    const [a, b] = [call.long(0), call.long(1)];
    const places = sql`positiveModulo(${b.sql}, 64)`;
    return expr('long', sql`if(${b.sql} < 0, NULL, toInt64(${apply(a.sql, places)}))`, true);
  };

/** Down to a multiple of the size, counted from `origin`; datetimes count from 0001-01-01. A size that is not positive gives null. */
function binOf(call: Call, value: Expr, size: Expr, origin: Expr | undefined): Expr {
  const folded = binOfConstants(value, size, origin);
  if (folded !== undefined) return folded;
  const fixed = isPositive(size);
  const nullable = !fixed || value.nullable || (origin?.nullable ?? false);
  switch (value.type) {
    case 'datetime': {
      const step = call.convert(size, 'timespan').sql;
      const ticks = ticksOfDatetime(value.sql);
      const zero =
        origin === undefined
          ? sql`${ticks} + ${integer(unixEpochTicks)}`
          : sql`${ticks} - ${ticksOfDatetime(origin.sql)}`;
      return expr('datetime', datetimeOfTicks(sql`(${ticks} - ${remainder(zero, step, fixed)})`), nullable);
    }
    case 'decimal': {
      const base = origin === undefined ? undefined : call.shared(call.convert(origin, 'decimal')).sql;
      const step = call.shared(call.convert(size, 'decimal')).sql;
      return expr('decimal', decimalBin(call.shared(value).sql, step, base), true);
    }
    case 'timespan':
    case 'int':
    case 'long': {
      if (size.type === 'decimal') return binOf(call, call.convert(value, 'decimal'), size, origin);
      if (size.type === 'real') return binOf(call, call.convert(value, 'real'), size, origin);
      const zero = origin === undefined ? value.sql : sql`${value.sql} - ${origin.sql}`;
      return expr(
        value.type === 'timespan' ? 'timespan' : 'long',
        sql`(toInt64(${value.sql}) - ${remainder(zero, size.sql, fixed)})`,
        nullable,
      );
    }
    case 'real': {
      if (size.type === 'decimal') return binOf(call, call.convert(value, 'decimal'), size, origin);
      const step = call.convert(size, 'real').sql;
      const base = origin === undefined ? undefined : call.convert(origin, 'real').sql;
      const floored =
        base === undefined
          ? sql`floor(${value.sql} / ${step}) * ${step}`
          : sql`floor((${value.sql} - ${base}) / ${step}) * ${step} + ${base}`;
      return expr('real', fixed ? sql`(${floored})` : sql`if(${step} > 0, ${floored}, NULL)`, nullable);
    }
    default:
      return call.refuse(`of a ${value.type}`);
  }
}

/** What is known of whole numbers, moments and spans at translation is no work for each row. */
function binOfConstants({ constant }: Expr, size: Expr, origin: Expr | undefined): Expr | undefined {
  if (constant === undefined || origin !== undefined || size.type === 'real' || size.type === 'decimal')
    return undefined;
  const step = size.constant?.value;
  switch (constant.type) {
    case 'datetime':
    case 'timespan':
    case 'int':
    case 'long': {
      const { value } = constant;
      if (value === null || typeof step !== 'bigint' || step <= 0n) return undefined;
      const type = constant.type === 'int' ? 'long' : constant.type;
      return constantExpr({ type, value: value - (((value % step) + step) % step) });
    }
    default:
      return undefined;
  }
}

function remainder(value: Fragment, size: Fragment, positive: boolean): Fragment {
  if (positive) return sql`positiveModulo(toInt64(${value}), toInt64(${size}))`;
  return sql`if(${size} > 0, toInt64(positiveModuloOrNull(toInt64(${value}), toInt64(${size}))), NULL)`;
}

function numberOrDynamic(call: Call, index: number): Expr {
  const value = call.value(index);
  if (value.type !== 'dynamic') return call.shared(value);
  return call.type() === 'datetime' ? call.as(index, 'datetime') : call.real(index);
}

const bin: FunctionRule = (call) =>
  binOf(call, numberOrDynamic(call, 0), call.shared(call.value(1)), undefined);

/** bin_auto(value): by the size and from the place that the query sets; without a size it is refused. */
const binAuto: FunctionRule = (call) => {
  const option = (name: string): Expr | undefined => {
    const binding = call.scope.environment.find(optionName(name));
    if (binding?.kind !== 'scalar') return undefined;
    return lowerScalar(binding.node, call.scope.inEnvironment(binding.environment));
  };
  const size = option('query_bin_auto_size') ?? call.refuse('without `set query_bin_auto_size`');
  const at = option('query_bin_auto_at');
  return binOf(call, numberOrDynamic(call, 0), size, at === undefined ? undefined : call.shared(at));
};

/** Half away from zero, unlike ClickHouse's own. */
const round: FunctionRule = (call) => {
  if (call.value(0).type === 'decimal') {
    const digits = call.count > 1 ? call.long(1).sql : integer(0);
    return expr('decimal', roundedDecimal(call.as(0, 'decimal').sql, digits), true);
  }
  const x = call.real(0);
  const scale =
    call.count > 1
      ? call.shared(expr('real', sql`pow(10, ${call.long(1).sql})`, call.long(1).nullable)).sql
      : undefined;
  const whole = (y: Fragment) => sql`sign(${y}) * floor(abs(${y}) + 0.5)`;
  const rounded = scale === undefined ? whole(x.sql) : sql`${whole(sql`(${x.sql} * ${scale})`)} / ${scale}`;
  return expr('real', sql`(${rounded})`, x.nullable || call.count > 1);
};

const abs: FunctionRule = (call) => {
  const value = call.value(0);
  if (value.type === 'timespan') return expr('timespan', sql`toInt64(abs(${value.sql}))`, value.nullable);
  if (value.type === 'decimal') return expr('decimal', sql`abs(${value.sql})`, value.nullable);
  if (value.type === 'real') return expr('real', sql`abs(${value.sql})`, value.nullable);
  const x = call.long(0);
  return expr('long', sql`toInt64(abs(${x.sql}))`, x.nullable);
};

export const mathFunctions: FunctionFamily = {
  bin,
  floor: bin,
  bin_auto: binAuto,
  bin_at: (call) =>
    binOf(call, numberOrDynamic(call, 0), call.shared(call.value(1)), call.shared(call.value(2))),
  round,
  abs,
  ceiling: (call) => {
    const value = call.value(0);
    if (value.type === 'decimal') return expr('decimal', sql`ceil(${value.sql})`, value.nullable);
    const x = call.real(0);
    return expr('real', sql`ceil(${x.sql})`, x.nullable);
  },
  sqrt: ofReal((x) => sql`if(${x} < 0, NULL, sqrt(${x}))`, true),
  exp: ofReal((x) => sql`exp(${x})`),
  exp2: ofReal((x) => sql`exp2(${x})`),
  exp10: ofReal((x) => sql`exp10(${x})`),
  log: ofReal((x) => sql`if(${x} < 0, NULL, log(${x}))`, true),
  log2: ofReal((x) => sql`if(${x} < 0, NULL, log2(${x}))`, true),
  log10: ofReal((x) => sql`if(${x} < 0, NULL, log10(${x}))`, true),
  sin: ofReal((x) => sql`sin(${x})`),
  cos: ofReal((x) => sql`cos(${x})`),
  tan: ofReal((x) => sql`tan(${x})`),
  asin: ofReal((x) => sql`if(abs(${x}) <= 1, asin(${x}), NULL)`, true),
  acos: ofReal((x) => sql`if(abs(${x}) <= 1, acos(${x}), NULL)`, true),
  atan: ofReal((x) => sql`atan(${x})`),
  atan2: (call) => {
    const [y, x] = [call.real(0), call.real(1)];
    return expr('real', sql`atan2(${y.sql}, ${x.sql})`, x.nullable || y.nullable);
  },
  cot: ofReal((x) => sql`(1 / tan(${x}))`),
  degrees: ofReal((x) => sql`degrees(${x})`),
  radians: ofReal((x) => sql`radians(${x})`),
  pi: () => expr('real', sql`pi()`, false),
  sign: ofReal((x) => sql`toFloat64(sign(${x}))`),
  isnan: (call) => expr('bool', sql`ifNull(isNaN(${call.real(0).sql}), false)`, false),
  isinf: (call) => expr('bool', sql`ifNull(isInfinite(${call.real(0).sql}), false)`, false),
  isfinite: (call) => expr('bool', sql`ifNull(isFinite(${call.real(0).sql}), false)`, false),
  pow: (call) => {
    const [x, y] = [call.real(0), call.real(1)];
    return expr('real', sql`pow(${x.sql}, ${y.sql})`, x.nullable || y.nullable);
  },
  binary_and: bitwise((a, b) => sql`bitAnd(${a}, ${b})`),
  binary_or: bitwise((a, b) => sql`bitOr(${a}, ${b})`),
  binary_xor: bitwise((a, b) => sql`bitXor(${a}, ${b})`),
  binary_shift_left: shift((a, places) => sql`bitShiftLeft(${a}, ${places})`),
  binary_shift_right: shift((a, places) => sql`bitShiftRight(${a}, ${places})`),
  bitset_count_ones: (call) =>
    expr('long', sql`toInt64(bitCount(${call.long(0).sql}))`, call.long(0).nullable),
  binary_not: (call) => expr('long', sql`bitNot(${call.long(0).sql})`, call.long(0).nullable),
};
