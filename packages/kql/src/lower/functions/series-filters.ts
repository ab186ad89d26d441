import { type Fragment, sql } from '../../emit/fragment.ts';
import { toBool } from '../convert.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column, numbers, seriesExpr } from './series.ts';
import { several } from './series-statistics.ts';

function flag(call: Call, index: number, otherwise: Fragment): Fragment {
  if (index >= call.count) return otherwise;
  return sql`ifNull(${toBool(call.value(index), call.scope, call.nodeAt(index)).sql}, ${otherwise})`;
}

/**
 * series_fir(series, filter[, normalize[, center]]): each value becomes the weighted sum of itself and those before it, or around it. What lies
 * outside the series counts as 0. A filter with negative weights cannot be normalized.
 */
const fir: FunctionRule = (call) => {
  const values = numbers(call, 0);
  const filter = numbers(call, 1);
  const negative = column(call, sql`arrayExists(f -> f < 0, ${filter})`);
  const normalize = column(call, flag(call, 2, sql`(NOT ${negative})`));
  const ahead = column(
    call,
    choose(flag(call, 3, sql`false`), sql`intDiv(toInt64(length(${filter})) - 1, 2)`, sql`toInt64(0)`),
  );
  const size = column(call, sql`toInt64(length(${values}))`);
  const zeros = (count: Fragment) =>
    sql`arrayWithConstant(least(greatest(${count}, 0), ${size}), toFloat64(0))`;
  const back = sql`arraySlice(arrayConcat(${zeros(sql`j - ${ahead}`)}, ${values}), 1, ${size})`;
  const forth = sql`arrayResize(arraySlice(${values}, greatest(${ahead} - j, 0) + 1), toUInt64(${size}), toFloat64(0))`;
  const moved = sql`if(j >= ${ahead}, ${back}, ${forth})`;
  const sum = column(
    call,
    sql`arrayFold((done, f, j) -> arrayMap((d, v) -> d + f * v, done, ${moved}), ${filter}, arrayMap(i -> toInt64(i - 1), arrayEnumerate(${filter})), arrayWithConstant(${size}, toFloat64(0)))`,
  );
  const scale = column(call, choose(normalize, sql`arraySum(${filter})`, sql`toFloat64(1)`));
  const given = sql`notEmpty(${values}) AND notEmpty(${filter}) AND NOT (${normalize} AND ${negative})`;
  return seriesExpr(sql`arrayMap(s -> s / ${scale}, ${sum})`, given);
};

/** series_iir(series, numerators, denominators), whose output feeds back into itself; the first denominator must not be 0. */
const iir: FunctionRule = (call) => {
  const values = numbers(call, 0);
  const [b, a] = [numbers(call, 1), numbers(call, 2)];
  // The latest input and output come first, as many as the filter looks back at.
  const inputs = sql`arrayResize(arrayPushFront(s.1, v), length(${b}))`;
  const own = sql`arraySum((w, x) -> w * x, ${b}, ${inputs})`;
  const fed = sql`arraySum((w, y) -> w * y, arrayPopFront(${a}), s.2)`;
  const next = sql`((${own} - ${fed}) / ${a}[1])`;
  const step = sql`(${inputs}, arrayResize(arrayPushFront(s.2, ${next}), greatest(length(${a}), 1) - 1), arrayPushBack(s.3, ${next}))`;
  const zeros = (filter: Fragment) => sql`arrayMap(f -> toFloat64(0), ${filter})`;
  const made = sql`arrayFold((s, v) -> ${step}, ${values}, (${zeros(b)}, ${zeros(sql`arrayPopFront(${a})`)}, CAST([], 'Array(Float64)'))).3`;
  const given = sql`(notEmpty(${values}) AND notEmpty(${b}) AND notEmpty(${a}) AND ${a}[1] != 0)`;
  return seriesExpr(column(call, made), given);
};

/** The discrete Fourier transform of any length, a frequency at a time; `direction` is -1, or 1 for the inverse. */
const fourier =
  (direction: -1 | 1): FunctionRule =>
  (call) => {
    const re = numbers(call, 0);
    const im = call.count > 1 ? numbers(call, 1) : column(call, sql`arrayMap(v -> toFloat64(0), ${re})`);
    const n = sql`length(${re})`;
    const given = column(call, sql`(notEmpty(${re}) AND length(${re}) = length(${im}))`);
    const places = column(call, sql`range(${n})`);
    const safe = column(call, choose(given, im, sql`arrayMap(v -> toFloat64(0), ${re})`));
    const sign = direction === 1 ? sql`2` : sql`-2`;
    // The product of the places is reduced before it becomes an angle, which keeps the angle exact.
    const angles = sql`arrayMap(p -> ${sign} * pi() * ((k * p) % ${n}) / ${n}, ${places})`;
    const real = sql`arraySum((x, y, w) -> x * cos(w) - y * sin(w), ${re}, ${safe}, ${angles})`;
    const imaginary = sql`arraySum((x, y, w) -> x * sin(w) + y * cos(w), ${re}, ${safe}, ${angles})`;
    const all = column(
      call,
      sql`arrayFold((made, k) -> (arrayPushBack(made.1, ${real}), arrayPushBack(made.2, ${imaginary})), ${places}, (CAST([], 'Array(Float64)'), CAST([], 'Array(Float64)')))`,
    );
    const scale = direction === 1 ? sql`${n}` : sql`1`;
    return several([
      seriesExpr(sql`arrayMap(v -> v / ${scale}, ${all}.1)`, given),
      seriesExpr(sql`arrayMap(v -> v / ${scale}, ${all}.2)`, given),
    ]);
  };

export const seriesFilterFunctions: FunctionFamily = {
  series_fir: fir,
  series_iir: iir,
  series_fft: fourier(-1),
  series_ifft: fourier(1),
};
