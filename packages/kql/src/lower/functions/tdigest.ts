import type { KustoType } from '@merlon/contract';
import { type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { ticksOfDatetime, unixEpochTicks } from '../constants.ts';
import { toText } from '../convert.ts';
import { jsonString } from '../json.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/**
 * Digests of a distribution, as JSON: `[["type"],[value,…],[weight,…]]`, values ascending, times as ticks. Up to 2048 distinct values are kept with
 * their weights, exactly; of more, those at about a thousand ranks stay, which lie ever closer towards both ends. What is no digest counts as null.
 */
const exactLimit = integer(2048);
const keptRanks = integer(1000);

const types = ['int', 'long', 'real', 'datetime', 'timespan'] as const;
export type DigestType = (typeof types)[number];

export function digestType(type: KustoType): DigestType | undefined {
  return types.find((known) => known === type);
}

/** A value that is not null as the text that a digest holds. */
export function digestText(value: Expr): Fragment {
  const x = value.nullable ? sql`assumeNotNull(${value.sql})` : value.sql;
  if (value.type === 'datetime') return sql`toString(${ticksOfDatetime(x)} + ${integer(unixEpochTicks)})`;
  return sql`toString(${x})`;
}

/** JSON of a digest of `weighted`: texts and weights, a pair of arrays as sumMap gives it, not in order. */
export function digestJson(type: Fragment, weighted: Fragment, scope: ScalarScope): Fragment {
  const column = (value: Fragment) => scope.row.computed(expr('dynamic', value, false)).sql;
  const pairs = column(
    sql`arraySort(p -> (toFloat64OrZero(p.1), p.1), arrayZip(${weighted}.1, ${weighted}.2))`,
  );
  const totals = column(sql`arrayCumSum(p -> p.2, ${pairs})`);
  const whole = column(sql`toFloat64(${totals}[-1])`);
  const places = sql`arrayMap(t -> floor(asin(2 * t / ${whole} - 1) / pi() * ${keptRanks}), ${totals})`;
  const isLast = sql`arrayMap((a, b) -> a != b, ${places}, arrayPushBack(arrayPopFront(${places}), inf))`;
  const kept = column(
    sql`if(length(${pairs}) <= ${exactLimit}, arrayMap((p, t) -> (p.1, t), ${pairs}, ${totals}), arrayFilter((v, last) -> last, arrayMap((p, t) -> (p.1, t), ${pairs}, ${totals}), ${isLast}))`,
  );
  const values = sql`arrayStringConcat(arrayMap(p -> p.1, ${kept}), ',')`;
  const weights = sql`arrayStringConcat(arrayMap(d -> toString(d), arrayDifference(arrayPushFront(arrayMap(p -> toInt64(p.2), ${kept}), 0))), ',')`;
  // The first difference is that of nothing.
  return sql`concat('[["', ${type}, '"],[', ${values}, '],[', substring(${weights}, 3), ']]')`;
}

export interface Digest {
  readonly isValid: Fragment;
  readonly type: Fragment;
  readonly values: Fragment;
  readonly weights: Fragment;
}

export function readDigest(json: Fragment, scope: ScalarScope): Digest {
  const column = (value: Fragment) => scope.row.computed(expr('dynamic', value, false)).sql;
  const type = column(sql`JSONExtractString(${json}, 1, 1)`);
  const isValid = column(
    sql`(${type} IN ('int', 'long', 'real', 'datetime', 'timespan') AND JSONLength(${json}) = 3 AND JSONType(${json}, 2) = 'Array' AND JSONType(${json}, 3) = 'Array' AND JSONLength(${json}, 2) = JSONLength(${json}, 3))`,
  );
  const values = column(sql`if(${isValid}, JSONExtractArrayRaw(${json}, 2), CAST([], 'Array(String)'))`);
  const weights = column(
    sql`if(${isValid}, arrayMap(w -> greatest(toInt64OrZero(w), 0), JSONExtractArrayRaw(${json}, 3)), CAST([], 'Array(Int64)'))`,
  );
  return { isValid, type, values, weights };
}

/** The text at this share of the digest, in per cent; '' of an empty one. */
function textAt(totals: Fragment, values: Fragment, share: Fragment): Fragment {
  return sql`arrayFirst((v, t, whole) -> t >= ${share} * whole / 100 - 1e-9 AND t > 0, ${values}, ${totals}, arrayWithConstant(length(${totals}), ${totals}[-1]))`;
}

/** A text of the digest as JSON of its type. */
function elementOf(text: Fragment, type: Fragment, call: Call): Fragment {
  const ticks: Expr = { type: 'long', sql: sql`toInt64OrZero(${text})`, nullable: false };
  const quoted = (kind: 'datetime' | 'timespan') =>
    jsonString(toText(call.shared(call.convert(ticks, kind)), call.scope).sql);
  return sql`multiIf(${text} = '', '', ${type} = 'datetime', ${quoted('datetime')}, ${type} = 'timespan', ${quoted('timespan')}, ${text})`;
}

function typed(text: Fragment, type: KustoType, call: Call): Expr {
  const asText: Expr = { type: 'string', sql: text, nullable: false };
  if (type === 'datetime' || type === 'timespan') {
    const ticks: Expr = { type: 'long', sql: sql`toInt64OrNull(${text})`, nullable: true };
    return call.convert(ticks, type);
  }
  // A whole number, if the digest is of reals.
  if (type === 'long' || type === 'int') return call.convert(call.convert(asText, 'real'), type);
  return call.convert(asText, type);
}

/** percentile_tdigest(digest, share[, typeof]). */
const percentile: FunctionRule = (call) => {
  const digest = readDigest(call.json(0), call.scope);
  const totals = call.scope.row.computed(expr('dynamic', sql`arrayCumSum(${digest.weights})`, false)).sql;
  const share = sql`ifNull(${call.real(1).sql}, 50)`;
  const text = call.scope.row.computed(expr('string', textAt(totals, digest.values, share), false)).sql;
  const type = call.typeArgument(2);
  if (type === undefined || type === 'dynamic')
    return expr('dynamic', elementOf(text, digest.type, call), false);
  if (type === 'long')
    return expr('long', sql`coalesce(toInt64OrNull(${text}), ${typed(text, type, call).sql})`, true);
  return typed(text, type, call);
};

/** percentiles_array_tdigest(digest, shares … or an array of them). */
const percentiles: FunctionRule = (call) => {
  const digest = readDigest(call.json(0), call.scope);
  const isArray = call.value(1).type === 'dynamic';
  const shares = isArray
    ? sql`arrayMap(e -> ifNull(toFloat64OrNull(e), 50), JSONExtractArrayRaw(${call.json(1)}))`
    : sql`[${join(Array.from({ length: call.count - 1 }, (_, index) => sql`ifNull(${call.real(index + 1).sql}, 50)`))}]`;
  const totals = call.scope.row.computed(expr('dynamic', sql`arrayCumSum(${digest.weights})`, false)).sql;
  const texts = sql`arrayMap(share -> ${textAt(totals, digest.values, sql`share`)}, ${shares})`;
  const quote = (kind: 'datetime' | 'timespan') => {
    const ticks: Expr = { type: 'long', sql: sql`toInt64OrZero(x)`, nullable: false };
    return jsonString(toText(call.convert(ticks, kind), call.scope).sql);
  };
  const element = sql`multiIf(x = '', 'null', ${digest.type} = 'datetime', ${quote('datetime')}, ${digest.type} = 'timespan', ${quote('timespan')}, x)`;
  return expr(
    'dynamic',
    sql`if(${digest.isValid}, concat('[', arrayStringConcat(arrayMap(x -> ${element}, ${texts}), ','), ']'), '')`,
    false,
  );
};

/** How much of the digest does not exceed the value. */
function rankOf(call: Call): { readonly rank: Fragment; readonly whole: Fragment } {
  const digest = readDigest(call.json(0), call.scope);
  const given = call.value(1);
  const x =
    given.type === 'datetime' || given.type === 'timespan'
      ? sql`toFloat64(${call.long(1).sql})`
      : call.real(1).sql;
  const below = sql`arraySum((v, w) -> if(toFloat64OrZero(v) <= ${x}, w, 0), ${digest.values}, ${digest.weights})`;
  return {
    rank: sql`if(${digest.isValid}, toFloat64(${below}), NULL)`,
    whole: sql`arraySum(${digest.weights})`,
  };
}

const merge: FunctionRule = (call) => {
  const digests = call.values().map((_, index) => readDigest(call.json(index), call.scope));
  const [first] = digests;
  if (first === undefined) return call.refuse('without arguments');
  const values = join(digests.map((digest) => digest.values));
  const weights = join(digests.map((digest) => digest.weights));
  const weighted = call.scope.row.computed(
    expr('dynamic', sql`arrayReduce('sumMap', [arrayConcat(${values})], [arrayConcat(${weights})])`, false),
  ).sql;
  const fits = join(
    digests.map(({ isValid, type }) => sql`${isValid} AND ${type} = ${first.type}`),
    sql` AND `,
  );
  return expr('dynamic', sql`if(${fits}, ${digestJson(first.type, weighted, call.scope)}, '')`, false);
};

export const tdigestFunctions: FunctionFamily = {
  percentile_tdigest: percentile,
  percentiles_array_tdigest: percentiles,
  percentrank_tdigest: (call) => {
    const { rank, whole } = rankOf(call);
    return expr('real', sql`(${rank} / nullIf(${whole}, 0) * 100)`, true);
  },
  rank_tdigest: (call) => expr('real', rankOf(call).rank, true),
  merge_tdigest: merge,
  tdigest_merge: merge,
  tdigest_isvalid: (call) => expr('bool', readDigest(call.json(0), call.scope).isValid, false),
};
