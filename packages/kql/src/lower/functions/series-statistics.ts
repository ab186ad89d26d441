import { type Fragment, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantInteger } from '../constants.ts';
import { toBool } from '../convert.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column, isSeries, numberJson, series, seriesExpr } from './series.ts';

/** A function of several values, which Kusto puts into columns of their own. */
export function several(values: readonly Expr[]): Expr {
  const [first] = values;
  if (first === undefined) throw new TypeError('no values');
  return Object.freeze({ ...first, several: values });
}

const names = ['min', 'min_idx', 'max', 'max_idx', 'avg', 'stdev', 'variance'] as const;
type StatisticName = (typeof names)[number] | 'sum' | 'len';

/** Of a series with something that is no finite number all is null, unless that is to be ignored. */
function statistics(call: Call): Readonly<Record<StatisticName, Expr>> {
  const all = series(call, 0);
  const ignore = call.count > 1 ? toBool(call.value(1), call.scope, call.nodeAt(1)).sql : sql`false`;
  const kept = sql`arrayMap(v -> ifNull(isFinite(v), false), ${all})`;
  const finite = column(
    call,
    sql`arrayMap(v -> assumeNotNull(v), arrayFilter((v, ok) -> ok, ${all}, ${kept}))`,
  );
  const usable = column(
    call,
    sql`(notEmpty(${finite}) AND (ifNull(${ignore}, false) OR length(${finite}) = length(${all})))`,
  );
  const given = (type: 'real' | 'long', value: Fragment) =>
    expr(type, choose(usable, value, sql`NULL`), true);
  const least = column(call, sql`arrayMin(${finite})`);
  const greatest = column(call, sql`arrayMax(${finite})`);
  const variance = column(
    call,
    choose(sql`length(${finite}) > 1`, sql`arrayReduce('varSampStable', ${finite})`, sql`toFloat64(0)`),
  );
  return {
    min: given('real', least),
    min_idx: given('long', sql`toInt64(indexOf(${all}, ${least})) - 1`),
    max: given('real', greatest),
    max_idx: given('long', sql`toInt64(indexOf(${all}, ${greatest})) - 1`),
    avg: given('real', sql`arrayAvg(${finite})`),
    stdev: given('real', sql`sqrt(${variance})`),
    variance: given('real', variance),
    sum: given('real', sql`arraySum(${finite})`),
    len: given('long', sql`toInt64(length(${all}))`),
  };
}

const stats: FunctionRule = (call) => {
  const found = statistics(call);
  return several(names.map((name) => found[name]));
};

const statsDynamic: FunctionRule = (call) => {
  const found = statistics(call);
  const number = (name: StatisticName) => numberJson(found[name].sql);
  const pairs = [
    sql`'"min":', ${number('min')}`,
    sql`',"min_idx":', ${number('min_idx')}`,
    sql`',"max":', ${number('max')}`,
    sql`',"max_idx":', ${number('max_idx')}`,
    sql`',"avg":', ${number('avg')}`,
    sql`',"stdev":', ${number('stdev')}`,
    sql`',"variance":', ${number('variance')}`,
    sql`',"sum":', ${number('sum')}`,
    sql`',"len":', ${number('len')}`,
  ];
  return expr('dynamic', choose(isSeries(call, 0), sql`concat('{', ${join(pairs)}, '}')`, sql`''`), false);
};

/** A share of the sorted values, interpolated between neighbours. */
function quantile(sorted: Fragment, share: Fragment): Fragment {
  const place = sql`(${share} * (length(${sorted}) - 1))`;
  const below = sql`${sorted}[toUInt64(floor(${place})) + 1]`;
  const above = sql`${sorted}[toUInt64(ceil(${place})) + 1]`;
  return sql`(${below} + (${above} - ${below}) * (${place} - floor(${place})))`;
}

/** Makes a score of 1.5 between the 10th and 90th percentile mean what it means between the quartiles; Kusto's own figure. */
const tenthsToQuartiles = sql`2.7726056055079147`;

/**
 * Tukey's fences: how far a value lies beyond the range between two percentiles, in units of that range; 0 within it. `test` values at the end do
 * not count for the percentiles. A value beyond a range of no width is infinitely far.
 */
export function outlierScores(
  call: Call,
  values: Fragment,
  kind: 'tukey' | 'ctukey',
  test: Fragment,
): Fragment {
  const learnt = sql`arraySlice(${values}, 1, greatest(toInt64(length(${values})) - ${test}, 0))`;
  const sorted = column(
    call,
    sql`arraySort(arrayMap(v -> assumeNotNull(v), arrayFilter(v -> ifNull(isFinite(v), false), ${learnt})))`,
  );
  const [low, high] = kind === 'tukey' ? [sql`0.25`, sql`0.75`] : [sql`0.1`, sql`0.9`];
  const factor = kind === 'tukey' ? sql`1` : tenthsToQuartiles;
  const fences = column(call, sql`(${quantile(sorted, low)}, ${quantile(sorted, high)})`);
  const width = sql`(${fences}.2 - ${fences}.1)`;
  return column(
    call,
    sql`arrayMap(v -> multiIf(isNull(v), toFloat64(0), v > ${fences}.2, (v - ${fences}.2) / ${width} * ${factor}, v < ${fences}.1, (v - ${fences}.1) / ${width} * ${factor}, toFloat64(0)), ${values})`,
  );
}

export function outlierKind(call: Call, index: number): 'tukey' | 'ctukey' {
  const kind = index < call.count ? call.constantText(index, 'a method') : 'ctukey';
  if (kind !== 'tukey' && kind !== 'ctukey') call.refuse(`by the method '${kind}'`);
  return kind;
}

/** series_outliers(series[, kind[, ignored value[, min percentile, max percentile[, test points]]]]). */
const outliers: FunctionRule = (call) => {
  const kind = outlierKind(call, 1);
  const share = (index: number, usual: number) => {
    if (index >= call.count || kind === 'tukey') return;
    const { constant } = call.real(index);
    const given =
      constantInteger(call.value(index)) ?? (constant?.type === 'real' ? constant.value : undefined);
    if (Number(given) !== usual) call.refuse('between other percentiles than the 10th and the 90th');
  };
  share(3, 10);
  share(4, 90);
  const all = series(call, 0);
  const ignored = call.count > 2 ? call.real(2).sql : undefined;
  const values =
    ignored === undefined
      ? all
      : column(call, sql`arrayMap(v -> if(ifNull(v = ${ignored}, false), NULL, v), ${all})`);
  const test = call.count > 5 ? sql`ifNull(${call.long(5).sql}, 0)` : sql`0`;
  return seriesExpr(outlierScores(call, values, kind, test), isSeries(call, 0));
};

export const seriesStatisticFunctions: FunctionFamily = {
  series_stats: stats,
  series_stats_dynamic: statsDynamic,
  series_outliers: outliers,
};
