import { type Fragment, float, integer, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column, numberJson, numbers, seriesExpr } from './series.ts';
import { several } from './series-statistics.ts';

/** Straight lines and polynomials through series. A series that is empty, or holds what is no number, has none. */
interface Line {
  readonly slope: Fragment;
  readonly interception: Fragment;
  readonly variance: Fragment;
  readonly rvariance: Fragment;
  readonly rsquare: Fragment;
}

/** The line of least squares through Array(Float64) over 1, 2, 3, …. */
export function fitLine(call: Call, values: Fragment): Line {
  const sums = column(
    call,
    sql`arrayMap(f -> toFloat64(f), [length(${values}), arrayAvg(${values}), (length(${values}) + 1) / 2, length(${values}) * (pow(length(${values}), 2) - 1) / 12])`,
  );
  const [n, mean, middle, spread] = [1, 2, 3, 4].map((index) => sql`${sums}[${integer(index)}]`);
  if (n === undefined || mean === undefined || middle === undefined || spread === undefined)
    return call.refuse('of nothing');
  const together = sql`arraySum((v, i) -> (i - ${middle}) * (v - ${mean}), ${values}, arrayEnumerate(${values}))`;
  const slope = column(call, choose(sql`${spread} > 0`, sql`${together} / ${spread}`, sql`toFloat64(0)`));
  const interception = column(call, sql`(${mean} - ${slope} * ${middle})`);
  const rest = sql`arraySum((v, i) -> pow(v - ${interception} - ${slope} * i, 2), ${values}, arrayEnumerate(${values}))`;
  const variance = column(
    call,
    choose(sql`${n} > 1`, sql`arraySum(v -> pow(v - ${mean}, 2), ${values}) / (${n} - 1)`, sql`toFloat64(0)`),
  );
  const rvariance = column(call, choose(sql`${n} > 1`, sql`${rest} / (${n} - 1)`, sql`toFloat64(0)`));
  return {
    slope,
    interception,
    variance,
    rvariance,
    rsquare: explained(variance, rvariance),
  };
}

/** The share of the variance that the fit explains. */
function explained(variance: Fragment, rvariance: Fragment): Fragment {
  return choose(sql`${variance} > 0`, sql`1 - ${rvariance} / ${variance}`, sql`toFloat64(0)`);
}

type Named = readonly (readonly [name: string, value: Expr])[];

function bag(values: Named, nested: readonly Fragment[] = []): Fragment {
  const pairs = values.map(([name, value]) => {
    const element = value.type === 'dynamic' ? sql`${value.sql}` : numberJson(value.sql);
    return sql`concat(${keyText(name)}, ${element})`;
  });
  return sql`concat('{', arrayStringConcat([${join([...pairs, ...nested])}], ','), '}')`;
}

const keys: Readonly<Record<string, Fragment>> = {
  rsquare: sql`'"rsquare":'`,
  slope: sql`'"slope":'`,
  variance: sql`'"variance":'`,
  rvariance: sql`'"rvariance":'`,
  interception: sql`'"interception":'`,
  split_idx: sql`'"split_idx":'`,
  line_fit: sql`'"line_fit":'`,
};

function keyText(name: string): Fragment {
  const key = keys[name];
  if (key === undefined) throw new TypeError(`no key ${name}`);
  return key;
}

const real = (given: Fragment, value: Fragment): Expr => expr('real', choose(given, value, sql`NULL`), true);

function lineValues(call: Call): { values: Named; given: Fragment } {
  const values = numbers(call, 0);
  const given = sql`notEmpty(${values})`;
  const line = fitLine(call, values);
  const fitted = sql`arrayMap(i -> ${line.interception} + ${line.slope} * i, arrayEnumerate(${values}))`;
  return {
    given,
    values: [
      ['rsquare', real(given, line.rsquare)],
      ['slope', real(given, line.slope)],
      ['variance', real(given, line.variance)],
      ['rvariance', real(given, line.rvariance)],
      ['interception', real(given, line.interception)],
      ['line_fit', seriesExpr(fitted, given)],
    ],
  };
}

const all = (values: Named): Expr => several(values.map(([, value]) => value));

/**
 * Two lines, split where together they leave least. What a line leaves of a stretch comes from running sums: Syy - Sxy²/Sxx about the stretch's own
 * means. Each line has at least two points.
 */
function twoLines(call: Call): { values: Named; right: Named; left: Named; given: Fragment } {
  const values = numbers(call, 0);
  const given = column(call, sql`(length(${values}) >= 4)`);
  const n = sql`length(${values})`;
  const mean = column(call, sql`arrayAvg(${values})`);
  const centred = column(call, sql`arrayMap(v -> v - ${mean}, ${values})`);
  const running = (term: Fragment) =>
    sql`arrayCumSum(arrayMap((v, i) -> toFloat64(${term}), ${centred}, arrayEnumerate(${centred})))`;
  const sums = column(
    call,
    sql`arrayZip(${running(sql`v`)}, ${running(sql`v * v`)}, ${running(sql`v * i`)}, arrayEnumerate(${centred}))`,
  );
  const left = (p: Fragment) => {
    const k = sql`toFloat64(${p}.4)`;
    return sql`(${p}.2 - pow(${p}.1, 2) / ${k} - pow(${p}.3 - ${p}.1 * (${k} + 1) / 2, 2) / (${k} * (pow(${k}, 2) - 1) / 12))`;
  };
  const right = (p: Fragment, w: Fragment) => {
    const k = sql`toFloat64(${w}.4 - ${p}.4)`;
    const y = sql`(${w}.1 - ${p}.1)`;
    const xMean = sql`((${w}.4 + ${p}.4 + 1) / 2)`;
    return sql`(${w}.2 - ${p}.2 - pow(${y}, 2) / ${k} - pow(${w}.3 - ${p}.3 - ${y} * ${xMean}, 2) / (${k} * (pow(${k}, 2) - 1) / 12))`;
  };
  const whole = column(call, sql`${sums}[-1]`);
  const costs = sql`arrayMap(p -> if(p.4 < 2 OR p.4 > toInt64(${n}) - 2, inf, ${left(sql`p`)} + ${right(sql`p`, whole)}), ${sums})`;
  const cost = column(call, costs);
  const split = column(call, choose(given, sql`indexOf(${cost}, arrayMin(${cost}))`, sql`toUInt64(0)`));
  const parts = [
    column(call, sql`arraySlice(${values}, 1, ${split})`),
    column(call, sql`arraySlice(${values}, ${split} + 1)`),
  ] as const;
  const [first, second] = [fitLine(call, parts[0]), fitLine(call, parts[1])];
  const fitted = (line: Line, part: Fragment) =>
    sql`arrayMap(i -> ${line.interception} + ${line.slope} * i, arrayEnumerate(${part}))`;
  const fit = column(call, sql`arrayConcat(${fitted(first, parts[0])}, ${fitted(second, parts[1])})`);
  const variance = column(call, sql`(arraySum(v -> v * v, ${centred}) / (${n} - 1))`);
  const rvariance = column(call, sql`(arraySum((v, f) -> pow(v - f, 2), ${values}, ${fit}) / (${n} - 1))`);
  const side = (line: Line): Named => [
    ['rsquare', real(given, line.rsquare)],
    ['slope', real(given, line.slope)],
    ['interception', real(given, line.interception)],
    ['variance', real(given, line.variance)],
    ['rvariance', real(given, line.rvariance)],
  ];
  return {
    given,
    values: [
      ['rsquare', real(given, explained(variance, rvariance))],
      ['split_idx', expr('long', choose(given, sql`toInt64(${split})`, sql`NULL`), true)],
      ['variance', real(given, variance)],
      ['rvariance', real(given, rvariance)],
      ['line_fit', seriesExpr(fit, given)],
    ],
    right: side(second),
    left: side(first),
  };
}

const highestDegree = 12n;

/**
 * series_fit_poly(y[, x[, degree]]): the normal equations, with x moved and scaled to -1 … 1 so that they stay solvable, worked out by Gauss; then
 * back to powers of x itself. x counts from 1 unless it is given.
 */
const fitPoly: FunctionRule = (call) => {
  const degree = call.count > 2 ? call.constantInteger(2, 'a degree') : 1n;
  if (degree < 1n || degree > highestDegree) call.refuse(`of degree ${degree}`);
  const size = Number(degree) + 1;
  const y = numbers(call, 0);
  const x =
    call.count > 1 ? numbers(call, 1) : column(call, sql`arrayMap(i -> toFloat64(i), arrayEnumerate(${y}))`);
  const given = column(call, sql`(length(${y}) = length(${x}) AND length(${y}) > ${integer(degree)})`);
  const middle = column(call, sql`((arrayMin(${x}) + arrayMax(${x})) / 2)`);
  const half = column(call, sql`greatest((arrayMax(${x}) - arrayMin(${x})) / 2, 1e-300)`);
  const t = column(call, sql`arrayMap(v -> (v - ${middle}) / ${half}, ${x})`);
  const yy = column(call, choose(given, y, sql`arrayMap(v -> toFloat64(0), ${t})`));

  const moments = Array.from({ length: 2 * size - 1 }, (_, power) =>
    column(call, sql`arraySum(v -> pow(v, ${integer(power)}), ${t})`),
  );
  const rows: Fragment[][] = Array.from({ length: size }, (_, row) => [
    ...Array.from({ length: size }, (__, at) => moments[row + at] ?? sql`0`),
    column(call, sql`arraySum((v, w) -> pow(v, ${integer(row)}) * w, ${t}, ${yy})`),
  ]);
  // The matrix is symmetric and positive definite: no pivoting is needed.
  for (const [pivot, top] of rows.entries()) {
    for (const row of rows.slice(pivot + 1)) {
      const factor = column(call, sql`(${row[pivot] ?? sql`0`} / ${top[pivot] ?? sql`1`})`);
      for (let at = pivot; at <= size; at++)
        row[at] = column(call, sql`(${row[at] ?? sql`0`} - ${factor} * ${top[at] ?? sql`0`})`);
    }
  }
  const scaled: Fragment[] = [];
  for (let row = size - 1; row >= 0; row--) {
    const line = rows[row] ?? [];
    const known = scaled.map((value, index) => sql`${line[row + 1 + index] ?? sql`0`} * ${value}`);
    const rest = join([line[size] ?? sql`0`, ...known], sql` - `);
    scaled.unshift(column(call, sql`((${rest}) / ${line[row] ?? sql`1`})`));
  }
  // Σ c_k ((x - m) / h)^k by powers of x.
  const coefficients = Array.from({ length: size }, (_, power) => {
    const terms = scaled
      .map((value, k) => ({ value, k }))
      .filter(({ k }) => k >= power)
      .map(
        ({ value, k }) =>
          sql`${value} * ${float(binomial(k, power))} * pow(-${middle}, ${integer(k - power)}) / pow(${half}, ${integer(k)})`,
      );
    return column(call, sql`(${join(terms, sql` + `)})`);
  }).reverse();
  const terms = scaled.map((value, k) => sql`${value} * pow(v, ${integer(k)})`);
  const fit = column(call, sql`arrayMap(v -> ${join(terms, sql` + `)}, ${t})`);
  const variance = column(call, sql`arrayReduce('varSampStable', ${yy})`);
  const rvariance = column(
    call,
    sql`(arraySum((v, f) -> pow(v - f, 2), ${yy}, ${fit}) / (length(${yy}) - 1))`,
  );
  return several([
    real(given, explained(variance, rvariance)),
    seriesExpr(sql`[${join(coefficients)}]`, given),
    real(given, variance),
    real(given, rvariance),
    seriesExpr(fit, given),
  ]);
};

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return Math.round(result);
}

export const seriesRegressionFunctions: FunctionFamily = {
  series_fit_line: (call) => all(lineValues(call).values),
  series_fit_line_dynamic: (call) => {
    const { values, given } = lineValues(call);
    return expr('dynamic', choose(given, bag(values), sql`''`), false);
  },
  series_fit_2lines: (call) => {
    const { values, right, left } = twoLines(call);
    return all([...values, ...right, ...left]);
  },
  series_fit_2lines_dynamic: (call) => {
    const { values, right, left, given } = twoLines(call);
    const sides = [sql`concat('"right":', ${bag(right)})`, sql`concat('"left":', ${bag(left)})`];
    return expr('dynamic', choose(given, bag(values, sides), sql`''`), false);
  },
  series_fit_poly: fitPoly,
};
