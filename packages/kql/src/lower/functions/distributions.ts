import { type Fragment, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column } from './series.ts';

/** Special functions and distributions. */
const ofReal =
  (apply: (x: Fragment) => Fragment): FunctionRule =>
  (call) => {
    const x = call.real(0);
    return expr('real', apply(x.sql), x.nullable);
  };

/** ln B(a, b). */
const logBeta = (a: Fragment, b: Fragment): Fragment =>
  sql`(lgamma(${a}) + lgamma(${b}) - lgamma(${a} + ${b}))`;

/**
 * The regularized incomplete beta function, by the continued fraction of Lentz on whichever side it converges fast, within some root of the greater
 * parameter: x^a (1-x)^b / (a B(a, b)) · 1/(1+ d1/(1+ d2/(1+ …))).
 */
function incompleteBeta(x: Fragment, a: Fragment, b: Fragment): Fragment {
  const [y, p, q] = [sql`o.1`, sql`o.2`, sql`o.3`];
  const even = sql`(m * (${q} - m) * ${y} / ((${p} + 2 * m - 1) * (${p} + 2 * m)))`;
  const odd = sql`(-(${p} + m) * (${p} + ${q} + m) * ${y} / ((${p} + 2 * m) * (${p} + 2 * m + 1)))`;
  const kept = (v: Fragment) => sql`if(abs(${v}) < 1e-300, 1e-300, ${v})`;
  // State: c, d, the product so far; one round takes an even and an odd term.
  const step = (s: Fragment, d: Fragment) =>
    sql`arrayMap(w -> (w.1, w.2, ${s}.3 * w.1 * w.2), [(${kept(sql`(1 + ${d} / ${s}.1)`)}, 1 / ${kept(sql`(1 + ${d} * ${s}.2)`)})])[1]`;
  const round = sql`arrayMap(e -> ${step(sql`e`, odd)}, [${step(sql`s`, even)}])[1]`;
  const first = sql`(1 / ${kept(sql`(1 - (${p} + ${q}) * ${y} / (${p} + 1))`)})`;
  const terms = sql`range(1, toUInt64(ifNotFinite(30 + 5 * sqrt(least(greatest(${p}, ${q}, 1), 10000)), 1)))`;
  const fraction = sql`arrayFold((s, m) -> ${round}, ${terms}, (toFloat64(1), ${first}, ${first})).3`;
  const side = sql`(exp(${p} * log(${y}) + ${q} * log(1 - ${y}) - ${logBeta(p, q)}) * ${fraction} / ${p})`;
  const isLeft = sql`(${x} < (${a} + 1) / (${a} + ${b} + 2))`;
  const sides = sql`if(${isLeft}, (${x}, ${a}, ${b}), (1 - ${x}, ${b}, ${a}))`;
  const found = sql`arrayMap(o -> ${side}, [${sides}])[1]`;
  return sql`arrayMap(v -> multiIf(${x} <= 0, toFloat64(0), ${x} >= 1, toFloat64(1), ${isLeft}, v, 1 - v), [${found}])[1]`;
}

interface BetaArguments {
  readonly x: Fragment;
  readonly a: Fragment;
  readonly b: Fragment;
  readonly isNull: Fragment;
}

/** Parameters that are not valid count as 1: what comes of them is not used. */
function betaArguments(call: Call): BetaArguments {
  const [x, a, b] = [call.real(0).sql, call.real(1).sql, call.real(2).sql];
  const safe = (value: Fragment) => column(call, sql`ifNull(${value}, nan)`);
  return {
    x: safe(x),
    a: safe(a),
    b: safe(b),
    isNull: column(call, sql`(isNull(${x}) OR isNull(${a}) OR isNull(${b}))`),
  };
}

const parametersFit = ({ a, b }: BetaArguments): Fragment =>
  sql`(${a} > 0 AND ${a} <= 10000 AND ${b} > 0 AND ${b} <= 10000)`;

function result(isNull: Fragment, value: Fragment): Expr {
  return expr('real', choose(isNull, sql`NULL`, value), true);
}

const betaCdf: FunctionRule = (call) => {
  const given = betaArguments(call);
  const fits = sql`(${parametersFit(given)} AND ${given.x} >= 0 AND ${given.x} <= 1)`;
  return result(given.isNull, choose(fits, incompleteBeta(given.x, given.a, given.b), sql`nan`));
};

const betaPdf: FunctionRule = (call) => {
  const given = betaArguments(call);
  const { x, a, b } = given;
  const fits = sql`(${a} > 0 AND ${b} > 0 AND ${x} > 0 AND ${x} < 1)`;
  const density = sql`exp((${a} - 1) * log(${x}) + (${b} - 1) * log(1 - ${x}) - ${logBeta(a, b)})`;
  return result(given.isNull, choose(fits, density, sql`nan`));
};

/** By halving: each round settles one more bit. */
const betaInv: FunctionRule = (call) => {
  const given = betaArguments(call);
  const { x: probability, a, b } = given;
  const middle = sql`((span.1 + span.2) / 2)`;
  const step = sql`arrayMap(half -> if(${incompleteBeta(sql`half`, a, b)} < ${probability}, (half, span.2), (span.1, half)), [${middle}])[1]`;
  const found = column(call, sql`arrayFold((span, k) -> ${step}, range(54), (toFloat64(0), toFloat64(1)))`);
  const isNull = sql`(${given.isNull} OR ${probability} < 0 OR ${probability} > 1)`;
  return result(isNull, choose(parametersFit(given), sql`((${found}.1 + ${found}.2) / 2)`, sql`nan`));
};

/** The two-sided p-value of Welch's t-test of two means. */
const welchTest: FunctionRule = (call) => {
  const [m1, v1, n1, m2, v2, n2] = [0, 1, 2, 3, 4, 5].map((index) =>
    column(call, sql`ifNull(${call.real(index).sql}, nan)`),
  );
  if (!m1 || !v1 || !n1 || !m2 || !v2 || !n2) return call.refuse('without six arguments');
  const [s1, s2] = [column(call, sql`(${v1} / ${n1})`), column(call, sql`(${v2} / ${n2})`)];
  const t2 = column(call, sql`(pow(${m1} - ${m2}, 2) / (${s1} + ${s2}))`);
  const freedom = column(
    call,
    sql`(pow(${s1} + ${s2}, 2) / (pow(${s1}, 2) / (${n1} - 1) + pow(${s2}, 2) / (${n2} - 1)))`,
  );
  const x = column(call, sql`(${freedom} / (${freedom} + ${t2}))`);
  return result(
    sql`isNaN(${x})`,
    incompleteBeta(x, column(call, sql`(${freedom} / 2)`), sql`toFloat64(0.5)`),
  );
};

export const distributionFunctions: FunctionFamily = {
  erf: ofReal((x) => sql`erf(${x})`),
  erfc: ofReal((x) => sql`erfc(${x})`),
  gamma: ofReal((x) => sql`tgamma(${x})`),
  loggamma: ofReal((x) => sql`lgamma(${x})`),
  beta_cdf: betaCdf,
  beta_inv: betaInv,
  beta_pdf: betaPdf,
  welch_test: welchTest,
};
