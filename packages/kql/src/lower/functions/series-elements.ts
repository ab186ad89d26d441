import { type Fragment, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column, isSeries, series, seriesExpr } from './series.ts';

/** Element by element: what is no number gives null. */
const unary =
  (apply: (v: Fragment) => Fragment): FunctionRule =>
  (call) => {
    const values = series(call, 0);
    return seriesExpr(sql`arrayMap(v -> ${apply(sql`v`)}, ${values})`, isSeries(call, 0));
  };

interface Pair {
  readonly left: Fragment;
  readonly right: Fragment;
  readonly given: Fragment;
  /** Neither is an empty array. */
  readonly filled: Fragment;
}

/** Two series of one length, a missing element being null; a number stands for a series of itself. */
function pair(call: Call): Pair {
  const isArray = [0, 1].map((index) => call.value(index).type === 'dynamic');
  const [a, b] = [0, 1].map((index) =>
    isArray[index] ? series(call, index) : sql`[toNullable(${call.real(index).sql})]`,
  );
  if (a === undefined || b === undefined) return call.refuse('without two arguments');
  if (!isArray[0])
    return {
      left: sql`arrayResize(${a}, length(${b}), ${a}[1])`,
      right: b,
      given: isSeries(call, 1),
      filled: sql`notEmpty(${b})`,
    };
  if (!isArray[1])
    return {
      left: a,
      right: sql`arrayResize(${b}, length(${a}), ${b}[1])`,
      given: isSeries(call, 0),
      filled: sql`notEmpty(${a})`,
    };
  const size = sql`greatest(length(${a}), length(${b}))`;
  const padded = (values: Fragment) => sql`arrayResize(${values}, ${size}, NULL)`;
  return {
    left: padded(a),
    right: padded(b),
    given: sql`(${isSeries(call, 0)} AND ${isSeries(call, 1)})`,
    filled: sql`(notEmpty(${a}) AND notEmpty(${b}))`,
  };
}

const binary =
  (apply: (a: Fragment, b: Fragment) => Fragment): FunctionRule =>
  (call) => {
    const { left, right, given } = pair(call);
    return seriesExpr(sql`arrayMap((a, b) -> ${apply(sql`a`, sql`b`)}, ${left}, ${right})`, given);
  };

const comparison =
  (apply: (a: Fragment, b: Fragment) => Fragment): FunctionRule =>
  (call) => {
    const { left, right, given } = pair(call);
    const word = sql`multiIf(isNull(a) OR isNull(b), 'null', ${apply(sql`a`, sql`b`)}, 'true', 'false')`;
    return expr(
      'dynamic',
      choose(
        given,
        sql`concat('[', arrayStringConcat(arrayMap((a, b) -> ${word}, ${left}, ${right}), ','), ']')`,
        sql`''`,
      ),
      false,
    );
  };

/** The shorter one's length of both, without the places where one has no number. */
function common(call: Call): { left: Fragment; right: Fragment; given: Fragment } {
  const { left, right, given, filled } = pair(call);
  const kept = column(
    call,
    sql`arrayFilter(p -> isNotNull(p.1) AND isNotNull(p.2), arrayZip(${left}, ${right}))`,
  );
  return {
    left: sql`arrayMap(p -> assumeNotNull(p.1), ${kept})`,
    right: sql`arrayMap(p -> assumeNotNull(p.2), ${kept})`,
    given: sql`(${given} AND ${filled})`,
  };
}

const dot = (a: Fragment, b: Fragment): Fragment => sql`arraySum((x, y) -> x * y, ${a}, ${b})`;

const dotProduct: FunctionRule = (call) => {
  const { left, right, given } = common(call);
  return expr('real', choose(given, dot(left, right), sql`NULL`), true);
};

/** series_cosine_similarity(series, series[, magnitude, magnitude]). */
const cosineSimilarity: FunctionRule = (call) => {
  const { left, right, given } = common(call);
  const magnitude = (index: number, values: Fragment) =>
    index < call.count ? call.real(index).sql : sql`sqrt(${dot(values, values)})`;
  return expr(
    'real',
    choose(given, sql`${dot(left, right)} / (${magnitude(2, left)} * ${magnitude(3, right)})`, sql`NULL`),
    true,
  );
};

/** Null when the lengths differ or something is no number. */
const pearson: FunctionRule = (call) => {
  const [a, b] = [series(call, 0), series(call, 1)];
  const whole = sql`(length(${a}) = length(${b}) AND notEmpty(${a}) AND NOT has(${a}, NULL) AND NOT has(${b}, NULL))`;
  const same = sql`arrayResize(${b}, length(${a}), NULL)`;
  return expr('real', choose(whole, sql`arrayReduce('corr', ${a}, ${same})`, sql`NULL`), true);
};

const present = (values: Fragment) => sql`arrayFilter(v -> isNotNull(v), ${values})`;

const ofAll =
  (apply: (values: Fragment) => Fragment): FunctionRule =>
  (call) =>
    expr('real', choose(isSeries(call, 0), apply(present(series(call, 0))), sql`NULL`), true);

export const seriesElementFunctions: FunctionFamily = {
  series_abs: unary((v) => sql`abs(${v})`),
  series_acos: unary((v) => sql`acos(${v})`),
  series_asin: unary((v) => sql`asin(${v})`),
  series_atan: unary((v) => sql`atan(${v})`),
  series_ceiling: unary((v) => sql`ceil(${v})`),
  series_cos: unary((v) => sql`cos(${v})`),
  series_exp: unary((v) => sql`exp(${v})`),
  series_floor: unary((v) => sql`floor(${v})`),
  series_log: unary((v) => sql`log(${v})`),
  series_sign: unary((v) => sql`toFloat64(sign(${v}))`),
  series_sin: unary((v) => sql`sin(${v})`),
  series_tan: unary((v) => sql`tan(${v})`),
  series_add: binary((a, b) => sql`${a} + ${b}`),
  series_subtract: binary((a, b) => sql`${a} - ${b}`),
  series_multiply: binary((a, b) => sql`${a} * ${b}`),
  series_divide: binary((a, b) => sql`${a} / ${b}`),
  series_pow: binary((a, b) => sql`pow(${a}, ${b})`),
  series_equals: comparison((a, b) => sql`${a} = ${b}`),
  series_not_equals: comparison((a, b) => sql`${a} != ${b}`),
  series_greater: comparison((a, b) => sql`${a} > ${b}`),
  series_greater_equals: comparison((a, b) => sql`${a} >= ${b}`),
  series_less: comparison((a, b) => sql`${a} < ${b}`),
  series_less_equals: comparison((a, b) => sql`${a} <= ${b}`),
  series_dot_product: dotProduct,
  series_cosine_similarity: cosineSimilarity,
  series_pearson_correlation: pearson,
  series_sum: ofAll((values) => sql`arraySum(v -> assumeNotNull(v), ${values})`),
  series_product: ofAll((values) => sql`arrayProduct(arrayMap(v -> assumeNotNull(v), ${values}))`),
  series_magnitude: ofAll((values) => sql`sqrt(arraySum(v -> assumeNotNull(v * v), ${values}))`),
};
