import { type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { constantInteger } from '../constants.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column, isSeries, numbers, realOr, seriesExpr, seriesJson } from './series.ts';
import { fitLine } from './series-regression.ts';
import { outlierKind, outlierScores, several } from './series-statistics.ts';

/**
 * Seasons of a series. How Kusto scores a period is not published; here it is the autocorrelation, and as every multiple of a period is one too,
 * the least among its multiples up to half of the series. That gives what the reference prints.
 */
const shortestPeriod = 4;

/** Autocorrelations at 1, 2, … up to half of the series, each about its own number of pairs. */
function autocorrelations(call: Call, values: Fragment): Fragment {
  const n = sql`toInt64(length(${values}))`;
  const mean = column(call, sql`arrayAvg(${values})`);
  const centred = column(call, sql`arrayMap(v -> v - ${mean}, ${values})`);
  const variance = column(call, sql`(arraySum(v -> v * v, ${centred}) / ${n})`);
  const together = sql`arraySum((a, b) -> a * b, arraySlice(${centred}, 1, ${n} - k), arraySlice(${centred}, k + 1))`;
  // A constant series has none.
  const lags = sql`range(toInt64(1), ${choose(sql`${variance} > 0`, sql`intDiv(${n}, 2) + 1`, sql`toInt64(1)`)})`;
  return column(
    call,
    sql`arrayFold((made, k) -> arrayPushBack(made, ${together} / (${n} - k) / ${variance}), ${lags}, CAST([], 'Array(Float64)'))`,
  );
}

/** The score at each lag: see above. Never below 0. */
function scores(call: Call, correlations: Fragment): Fragment {
  const size = sql`toInt64(length(${correlations}))`;
  const multiples = sql`arrayFilter((c, lag) -> lag % k = 0, ${correlations}, arrayEnumerate(${correlations}))`;
  return column(
    call,
    sql`arrayFold((made, k) -> arrayPushBack(made, greatest(arrayMin(${multiples}), toFloat64(0))), range(toInt64(1), ${size} + 1), CAST([], 'Array(Float64)'))`,
  );
}

/**
 * Periods with their scores, best first: Array(Tuple(Int64, Float64)). A period is where the autocorrelation is greatest within half as much again
 * on either side; a multiple of a shorter one counts only if it is clearly better.
 */
function periods(call: Call, values: Fragment, from: Fragment, to: Fragment): Fragment {
  const correlations = autocorrelations(call, values);
  const scored = scores(call, correlations);
  const size = column(call, sql`toInt64(length(${correlations}))`);
  const around = sql`arraySlice(${correlations}, toInt64(ceil(lag / 1.5)), toInt64(floor(lag * 1.5)) - toInt64(ceil(lag / 1.5)) + 1)`;
  const isPeak = sql`(${correlations}[lag] >= arrayMax(${around}) AND lag < ${size} AND ${scored}[lag] > 0)`;
  const peaks = column(
    call,
    sql`arrayFold((made, lag) -> if(${isPeak}, arrayPushBack(made, (lag, ${scored}[lag])), made), range(toInt64(${integer(shortestPeriod)}), ${size} + 1), CAST([], 'Array(Tuple(Int64, Float64))'))`,
  );
  const isMultiple = sql`arrayExists(q -> q.1 < p.1 AND p.1 % q.1 = 0 AND q.2 >= 0.97 * p.2, ${peaks})`;
  const own = column(
    call,
    sql`arrayFilter(p -> p.1 >= ${from} AND p.1 <= ${to} AND NOT ${isMultiple}, ${peaks})`,
  );
  return column(call, sql`arraySort(p -> (-p.2, p.1), ${own})`);
}

/** The period that is given, or found with at least this score; 0 for none: a column of Int64. */
function seasonality(call: Call, values: Fragment, index: number, threshold: Fragment): Fragment {
  const given = index < call.count ? call.long(index).sql : sql`toInt64(-1)`;
  const constant = index < call.count ? constantInteger(call.value(index)) : -1n;
  if (constant !== undefined && constant !== -1n)
    return sql`toInt64(${integer(constant > 0n ? constant : 0n)})`;
  const found = periods(call, values, sql`${integer(shortestPeriod)}`, sql`length(${values})`);
  const best = choose(
    sql`(notEmpty(${found}) AND ${found}[1].2 >= ${threshold})`,
    sql`${found}[1].1`,
    sql`toInt64(0)`,
  );
  return column(
    call,
    choose(sql`ifNull(${given}, -1) = -1`, best, sql`greatest(ifNull(${given}, 0), toInt64(0))`),
  );
}

/** For each place of the series, the median of the learnt values in the same phase; zeros without a period. */
function seasonal(call: Call, values: Fragment, learnt: Fragment, period: Fragment): Fragment {
  const zeros = sql`arrayMap(v -> toFloat64(0), ${values})`;
  const phase = sql`arrayFilter((v, i) -> (i - 1) % ${period} = k, ${learnt}, arrayEnumerate(${learnt}))`;
  const medians = column(
    call,
    sql`arrayFold((made, k) -> arrayPushBack(made, arrayReduce('quantileExactInclusive(0.5)', ${phase})), range(toInt64(0), least(${period}, toInt64(length(${learnt})))), CAST([], 'Array(Float64)'))`,
  );
  const repeated = sql`arrayResize(arrayFlatten(arrayWithConstant(intDiv(length(${values}), greatest(${period}, 1)) + 1, ${medians})), length(${values}))`;
  return column(call, choose(sql`${period} > 0`, repeated, zeros));
}

interface Components {
  readonly values: Fragment;
  readonly given: Fragment;
  readonly baseline: Fragment;
  readonly seasonal: Fragment;
  readonly trend: Fragment;
  readonly residual: Fragment;
}

interface Places {
  readonly seasonality: number;
  readonly trend: number;
  readonly testPoints: Fragment;
  readonly threshold: number;
}

/** Season, then trend of what is left, then the rest. The test points at the end are not learnt from. */
function decompose(call: Call, places: Places): Components {
  const values = numbers(call, 0);
  const given = sql`notEmpty(${values})`;
  const size = sql`toInt64(length(${values}))`;
  const learnt = column(call, sql`arraySlice(${values}, 1, greatest(${size} - ${places.testPoints}, 0))`);
  const threshold = realOr(call, places.threshold, sql`0.6`);
  // A trend would hide the season.
  const line = fitLine(call, learnt);
  const level = column(
    call,
    sql`arrayMap((v, i) -> v - ${line.slope} * i, ${learnt}, arrayEnumerate(${learnt}))`,
  );
  const period = seasonality(call, level, places.seasonality, threshold);
  const season = seasonal(call, values, learnt, period);
  const rest = column(
    call,
    sql`arraySlice(arrayMap((v, s) -> v - s, ${values}, ${season}), 1, length(${learnt}))`,
  );
  const trend = column(call, trendOf(call, trendKind(call, places.trend), rest, values));
  const baseline = column(call, sql`arrayMap((s, t) -> s + t, ${season}, ${trend})`);
  const residual = column(call, sql`arrayMap((v, b) -> v - b, ${values}, ${baseline})`);
  return { values, given, baseline, seasonal: season, trend, residual };
}

type TrendKind = 'avg' | 'linefit' | 'none';

function trendKind(call: Call, index: number): TrendKind {
  const kind = index < call.count ? call.constantText(index, 'a trend') : 'avg';
  if (kind !== 'avg' && kind !== 'linefit' && kind !== 'none') call.refuse(`with the trend '${kind}'`);
  return kind;
}

function trendOf(call: Call, kind: TrendKind, learnt: Fragment, values: Fragment): Fragment {
  switch (kind) {
    case 'none':
      return sql`arrayMap(v -> toFloat64(0), ${values})`;
    case 'avg': {
      const mean = column(call, sql`arrayAvg(${learnt})`);
      return sql`arrayMap(v -> ${mean}, ${values})`;
    }
    case 'linefit': {
      const { slope, interception } = fitLine(call, learnt);
      return sql`arrayMap(i -> ${interception} + ${slope} * i, arrayEnumerate(${values}))`;
    }
  }
}

function points(call: Call, index: number): Fragment {
  return index < call.count ? sql`greatest(ifNull(${call.long(index).sql}, 0), 0)` : sql`toInt64(0)`;
}

function components({ baseline, seasonal: season, trend, residual, given }: Components) {
  return several([baseline, season, trend, residual].map((part) => seriesExpr(part, given)));
}

/** series_decompose(series[, seasonality[, trend[, test points[, threshold]]]]). */
const decomposition: FunctionRule = (call) =>
  components(decompose(call, { seasonality: 1, trend: 2, testPoints: points(call, 3), threshold: 4 }));

/** series_decompose_anomalies(series[, threshold[, seasonality[, trend[, test points[, method[, seasonality threshold]]]]]]). */
const anomalies: FunctionRule = (call) => {
  const testPoints = points(call, 4);
  const found = decompose(call, { seasonality: 2, trend: 3, testPoints, threshold: 6 });
  const threshold = column(call, realOr(call, 1, sql`1.5`));
  const score = outlierScores(call, found.residual, outlierKind(call, 5), testPoints);
  const flags = sql`arrayMap(s -> multiIf(s > ${threshold}, toFloat64(1), s < -${threshold}, toFloat64(-1), toFloat64(0)), ${score})`;
  return several([flags, score, found.baseline].map((part) => seriesExpr(part, found.given)));
};

/** series_decompose_forecast(series, points[, seasonality[, trend[, threshold]]]): the baseline, also where it was not learnt, and what makes it up. */
const forecast: FunctionRule = (call) =>
  components(decompose(call, { seasonality: 2, trend: 3, testPoints: points(call, 1), threshold: 4 }));

/** series_seasonal(series[, period]). */
const seasonalOnly: FunctionRule = (call) => {
  const values = numbers(call, 0);
  const period = seasonality(call, values, 1, sql`0.7`);
  return seriesExpr(seasonal(call, values, values, period), sql`notEmpty(${values})`);
};

/** series_periods_detect(series, shortest, longest, number): as many as asked for, zeros where there are no more. */
const detect: FunctionRule = (call) => {
  const values = numbers(call, 0);
  const wanted = sql`toUInt64(least(greatest(ifNull(${call.long(3).sql}, 0), 0), 1000))`;
  const found = periods(call, values, realOr(call, 1, sql`0`), realOr(call, 2, sql`0`));
  const given = isSeries(call, 0);
  return several([
    seriesExpr(sql`arrayResize(arrayMap(p -> toFloat64(p.1), ${found}), ${wanted}, toFloat64(0))`, given),
    seriesExpr(sql`arrayResize(arrayMap(p -> p.2, ${found}), ${wanted}, toFloat64(0))`, given),
  ]);
};

/** series_periods_validate(series, period, …): 0 for a period below 4 or above half of the series. */
const validate: FunctionRule = (call) => {
  const values = numbers(call, 0);
  const scored = scores(call, autocorrelations(call, values));
  const asked = call.nodes.slice(1).map((_, index) => realOr(call, index + 1, sql`toFloat64(0)`));
  const score = (period: Fragment) =>
    choose(
      sql`(${period} >= ${integer(shortestPeriod)} AND ${period} <= length(${values}) / 2)`,
      sql`${scored}[toUInt64(round(least(greatest(ifNotFinite(${period}, 1), 1), 1e15)))]`,
      sql`toFloat64(0)`,
    );
  const given = isSeries(call, 0);
  return several([
    expr('dynamic', choose(given, seriesJson(sql`[${join(asked)}]`), sql`''`), false),
    seriesExpr(sql`[${join(asked.map(score))}]`, given),
  ]);
};

export const seriesDecompositionFunctions: FunctionFamily = {
  series_decompose: decomposition,
  series_decompose_anomalies: anomalies,
  series_decompose_forecast: forecast,
  series_seasonal: seasonalOnly,
  series_periods_detect: detect,
  series_periods_validate: validate,
};
