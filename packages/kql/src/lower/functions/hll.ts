import { type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { jsonTexts } from '../json.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/**
 * HyperLogLog sketches of distinct values, as JSON: `[[1024,precision],["hash",…],"registers"]`. Up to 1024 hashes are kept as they are and
 * counted exactly; more become 2^precision registers, a letter each: the greatest number of leading zeros, plus one, among the hashes that share
 * the register. Both forms merge without loss. What is no sketch counts as null.
 */
const sparseLimit = 1024;
/** Registers by Kusto's levels of accuracy, from 1.6 % to 0.2 % of error. */
const precisions = [12, 14, 16, 17, 18] as const;
/** Register 0 as a letter: from here on, 53 letters need no escape in JSON. */
const zeroLetter = 35;

/** The hashes and the registers of values that are being counted. */
export interface Counted {
  readonly precision: Fragment;
  /** Distinct hashes, at most one more than the limit: Array(UInt64). */
  readonly hashes: Fragment;
  /** Number -> content, registers that are 0 left out or not: a pair of arrays. */
  readonly registers: Fragment;
}

export function precisionOf(accuracy: bigint): number | undefined {
  return precisions[Number(accuracy)];
}

/** Hashes to keep, so that one more than the limit shows. */
export const keptHashes = integer(sparseLimit + 1);

export function registerOf(hash: Fragment, precision: Fragment): Fragment {
  return sql`bitShiftRight(${hash}, toUInt8(64 - ${precision}))`;
}

/** Leading zeros, plus one, of what is not the register's number. */
export function contentOf(hash: Fragment, precision: Fragment): Fragment {
  const rest = sql`bitAnd(${hash}, toUInt64(bitShiftLeft(toUInt64(1), toUInt8(64 - ${precision})) - 1))`;
  return sql`toUInt8(if(${rest} = 0, 65 - ${precision}, 64 - ${precision} - toUInt8(floor(log2(${rest})))))`;
}

/** The registers' numbers that must be named for all of them to be counted. */
export function outermost(precision: Fragment): Fragment {
  return sql`[toUInt64(0), toUInt64(bitShiftLeft(toUInt64(1), ${precision}) - 1)]`;
}

/** JSON of a sketch; nothing in it is computed twice when the parts are columns. */
export function sketchJson({ precision, hashes, registers }: Counted): Fragment {
  const filled = sql`mapPopulateSeries(${registers}.1, ${registers}.2).2`;
  const letters = sql`arrayStringConcat(arrayMap(r -> char(r + ${integer(zeroLetter)}), ${filled}))`;
  const sparse = sql`length(${hashes}) <= ${integer(sparseLimit)}`;
  return sql`concat('[[', '1024,', toString(${precision}), '],', if(${sparse}, ${jsonTexts(sql`arrayMap(h -> toString(h), arraySort(${hashes}))`)}, '[]'), ',"', if(${sparse}, '', ${letters}), '"]')`;
}

/** What a sketch says, read from its JSON. */
export interface Sketch {
  readonly isValid: Fragment;
  readonly precision: Fragment;
  readonly hashes: Fragment;
  /** Contents by number; empty for the form that keeps hashes. */
  readonly registers: Fragment;
}

export function readSketch(json: Fragment, scope: ScalarScope): Sketch {
  const { row } = scope;
  const column = (value: Fragment) => row.computed(expr('dynamic', value, false)).sql;
  const written = column(sql`JSONExtractUInt(${json}, 1, 2)`);
  const letters = column(sql`JSONExtractString(${json}, 3)`);
  const size = sql`exp2(least(${written}, 63))`;
  const isValid = column(
    sql`(${written} IN (${join(precisions.map((p) => integer(p)))}) AND JSONType(${json}, 2) = 'Array' AND JSONType(${json}, 3) = 'String' AND JSONLength(${json}) = 3 AND JSONLength(${json}, 2) <= ${integer(sparseLimit)} AND (${letters} = '' OR length(${letters}) = ${size}))`,
  );
  const precision = column(sql`if(${isValid}, toUInt8(${written}), toUInt8(14))`);
  const hashes = column(
    sql`if(${isValid}, arrayMap(h -> toUInt64OrZero(h), JSONExtract(${json}, 2, 'Array(String)')), CAST([], 'Array(UInt64)'))`,
  );
  const registers = column(
    sql`if(${isValid} AND ${letters} != '', arrayMap(c -> toUInt8(greatest(0, least(ascii(c) - ${integer(zeroLetter)}, 53))), splitByString('', ${letters})), CAST([], 'Array(UInt8)'))`,
  );
  return { isValid, precision, hashes, registers };
}

/** Numbers and contents of every register that the sketch touches. */
export function touched({ precision, hashes, registers }: Sketch): { numbers: Fragment; contents: Fragment } {
  return {
    numbers: sql`arrayConcat(arrayMap(h -> ${registerOf(sql`h`, precision)}, ${hashes}), arrayMap((r, n) -> toUInt64(n - 1), ${registers}, arrayEnumerate(${registers})))`,
    contents: sql`arrayConcat(arrayMap(h -> ${contentOf(sql`h`, precision)}, ${hashes}), ${registers})`,
  };
}

/**
 * The number of distinct values: of hashes their number; of registers Ertl's estimate, m² / (2 ln 2 (Σ 2^-r + m σ(empty / m))) over the r that are
 * not 0, with σ(x) = x + Σ x^(2^k) 2^(k-1).
 */
const distinctCount: FunctionRule = (call) => {
  const { isValid, hashes, registers } = readSketch(call.json(0), call.scope);
  const m = sql`length(${registers})`;
  const empty = sql`(countEqual(${registers}, 0) / ${m})`;
  const sigma = sql`(${empty} + arraySum(k -> pow(${empty}, exp2(k)) * exp2(k - 1), range(1, 30)))`;
  const harmonic = sql`(arraySum(r -> if(r = 0, 0, exp2(-r)), ${registers}) + ${m} * ${sigma})`;
  const estimate = sql`accurateCastOrNull(round(pow(${m}, 2) / (2 * log(2)) / ${harmonic}), 'Int64')`;
  return expr(
    'long',
    sql`if(${isValid}, if(empty(${registers}), toInt64(length(${hashes})), ${estimate}), NULL)`,
    true,
  );
};

/** Sketches of one precision; of others there is no merging. */
const merge: FunctionRule = (call) => {
  const sketches = call.values().map((_, index) => readSketch(call.json(index), call.scope));
  const [first] = sketches;
  if (first === undefined) return call.refuse('without arguments');
  const column = (value: Fragment) => call.scope.row.computed(expr('dynamic', value, false)).sql;
  const dense = join(
    sketches.map(({ registers }) => sql`notEmpty(${registers})`),
    sql` OR `,
  );
  const all = column(sql`arrayDistinct(arrayConcat(${join(sketches.map(({ hashes }) => hashes))}))`);
  // One more than the limit makes the registers be written.
  const hashes = column(
    sql`if(${dense}, arrayWithConstant(${keptHashes}, toUInt64(0)), arraySlice(${all}, 1, ${keptHashes}))`,
  );
  const parts = sketches.map(touched);
  const numbers = join([...parts.map((part) => part.numbers), outermost(first.precision)]);
  const contents = join([...parts.map((part) => part.contents), sql`[toUInt8(0), toUInt8(0)]`]);
  const registers = column(sql`arrayReduce('maxMap', [arrayConcat(${numbers})], [arrayConcat(${contents})])`);
  const fits = join(
    sketches.map(({ isValid, precision }) => sql`${isValid} AND ${precision} = ${first.precision}`),
    sql` AND `,
  );
  return expr(
    'dynamic',
    sql`if(${fits}, ${sketchJson({ precision: first.precision, hashes, registers })}, '')`,
    false,
  );
};

const isValid = (call: Call) => expr('bool', readSketch(call.json(0), call.scope).isValid, false);

export const hllFunctions: FunctionFamily = {
  dcount_hll: distinctCount,
  hll_merge: merge,
  hll_isvalid: isValid,
};
