import { type Fragment, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantExpr, constantJson } from '../constants.ts';
import { elementText } from '../convert.ts';
import { jsonArray, jsonElements, jsonText } from '../json.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const dynamic = (value: Fragment): Expr => expr('dynamic', value, false);
const emptyTexts = sql`CAST([], 'Array(String)')`;

export const isArray = (json: Fragment): Fragment => sql`JSONType(${json}) = 'Array'`;

/** The elements as an array of raw texts, cheap to mention repeatedly; none for what is no array. */
function elementsAt(call: Call, index: number): Fragment {
  return call.shared(dynamic(jsonElements(call.json(index)))).sql;
}

/** A function of an array: null for anything else. */
const ofArray =
  (apply: (elements: Fragment, call: Call) => Fragment): FunctionRule =>
  (call) => {
    const json = call.json(0);
    return dynamic(sql`if(${isArray(json)}, ${jsonArray(apply(elementsAt(call, 0), call))}, '')`);
  };

/** A whole number that is never null: 0 instead. */
const wholeAt = (call: Call, index: number): Fragment => sql`toInt64(ifNull(${call.long(index).sql}, 0))`;

const arrayLength: FunctionRule = (call) => {
  const { elementCount, jsonPath } = call.value(0);
  if (elementCount !== undefined) return expr('long', sql`toInt64(${elementCount})`, false);
  const at = jsonPath === undefined ? call.json(0) : join([jsonPath.base, ...jsonPath.keys]);
  return expr('long', sql`if(${isArray(at)}, toInt64(JSONLength(${at})), NULL)`, true);
};

const packArray: FunctionRule = (call) => {
  const values = call.values();
  const constants = values.map((value) => value.constant);
  if (constants.every((constant) => constant !== undefined)) {
    const json = `[${constants.map(constantJson).join(',')}]`;
    return constantExpr({ type: 'dynamic', value: { json, elements: constants } });
  }
  return dynamic(
    sql`concat('[', arrayStringConcat([${join(values.map((value) => elementText(value, call.scope)))}], ','), ']')`,
  );
};

/**
 * array_index_of(array, value[, start[, length[, occurrence]]]): position from 0, or -1; null when the first argument is no array or a bound
 * makes no sense.
 */
const arrayIndexOf: FunctionRule = (call) => {
  const json = call.json(0);
  const wanted = call.shared(
    expr('string', sql`assumeNotNull(${elementText(call.value(1), call.scope)})`, false),
  ).sql;
  const elements = sql`arrayMap(e -> if(e = '', 'null', e), ${elementsAt(call, 0)})`;
  if (call.count === 2) {
    return expr('long', sql`if(${isArray(json)}, toInt64(indexOf(${elements}, ${wanted})) - 1, NULL)`, true);
  }
  const size = sql`toInt64(JSONLength(${json}))`;
  const start = call.shared(
    expr(
      'long',
      sql`if(${wholeAt(call, 2)} < 0, greatest(${size} + ${wholeAt(call, 2)}, 0), ${wholeAt(call, 2)})`,
      false,
    ),
  ).sql;
  const length = call.count > 3 ? wholeAt(call, 3) : sql`toInt64(-1)`;
  const occurrence = call.count > 4 ? wholeAt(call, 4) : sql`toInt64(1)`;
  const places = sql`arrayFilter((i, e) -> e = ${wanted} AND i > ${start} AND (${length} < 0 OR i <= ${start} + ${length}), arrayEnumerate(${elements}), ${elements})`;
  const valid = sql`${isArray(json)} AND ${length} >= -1 AND ${occurrence} >= 0`;
  const place = sql`toInt64(${places}[greatest(${occurrence}, 1)]) - 1`;
  return expr('long', sql`if(${valid}, ${place}, NULL)`, true);
};

/** array_slice(array, start, end): both ends included, negative ones from the end. */
const arraySlice = ofArray((elements, call) => {
  const [start, end] = [call.long(1).sql, call.long(2).sql];
  const size = sql`toInt64(length(${elements}))`;
  const from = sql`if(${start} >= 0, ${start}, greatest(${size} + ${start}, 0))`;
  const to = sql`if(${end} >= 0, ${end}, ${size} + ${end})`;
  return sql`arraySlice(${elements}, assumeNotNull(${from}) + 1, greatest(assumeNotNull(${to}) - assumeNotNull(${from}) + 1, 0))`;
});

/** Numbers first, by value; then strings; then all else by its text. */
const sortKey = (element: Fragment): Fragment =>
  sql`(multiIf(isNotNull(toFloat64OrNull(${element})), 0, startsWith(${element}, '"'), 1, 2), ifNull(toFloat64OrNull(${element}), 0), ${jsonText(element)})`;

/**
 * array_sort_asc(array, …[, nulls_last]): the first array in order and the others in the same order; null for one of another length. Nulls come
 * last unless told otherwise.
 */
const arraySort =
  (descending: boolean): FunctionRule =>
  (call) => {
    const arrays = call.values();
    const last = arrays.at(-1);
    const nullsLast = last?.type === 'bool' && arrays.length > 1 ? last : undefined;
    if (nullsLast !== undefined && nullsLast.constant === undefined)
      call.refuse('with a place for nulls that is not a constant');
    const sorted = nullsLast === undefined ? arrays : arrays.slice(0, -1);
    const first = elementsAt(call, 0);
    const places = (isNull: Fragment) =>
      sql`arrayFilter(i -> (${first}[i] = '') = ${isNull}, arrayEnumerate(${first}))`;
    const present = descending
      ? sql`arrayReverseSort(i -> (${sortKey(sql`${first}[i]`)}, -toInt64(i)), ${places(sql`false`)})`
      : sql`arraySort(i -> (${sortKey(sql`${first}[i]`)}, i), ${places(sql`false`)})`;
    const nulls = places(sql`true`);
    const parts = nullsLast?.constant?.value === false ? [nulls, present] : [present, nulls];
    const order = call.shared(dynamic(sql`arrayConcat(${join(parts)})`)).sql;
    const values = sorted.map((_, index) => {
      const elements = elementsAt(call, index);
      const alike = index === 0 ? sql`true` : sql`length(${elements}) = length(${first})`;
      const ordered = sql`arrayMap(i -> ${elements}[i], ${order})`;
      return dynamic(sql`if(${isArray(call.json(index))} AND ${alike}, ${jsonArray(ordered)}, '')`);
    });
    const [only] = values;
    if (only === undefined) return call.refuse('without an array');
    return values.length === 1 ? only : { ...only, several: values };
  };

const arrayConcat: FunctionRule = (call) => {
  const arrays = call.values().map((_, index) => {
    const json = call.json(index);
    return sql`if(${isArray(json)}, ${jsonElements(json)}, if(${json} = '', ${emptyTexts}, [${json}]))`;
  });
  return dynamic(jsonArray(sql`arrayConcat(${join(arrays)})`));
};

const arraySum: FunctionRule = (call) => {
  const json = call.json(0);
  const numbers = sql`arrayMap(e -> toFloat64OrNull(${jsonText(sql`e`)}), arrayFilter(e -> e != '', ${elementsAt(call, 0)}))`;
  const sum = sql`arraySum(arrayMap(n -> ifNull(n, 0), ${numbers}))`;
  return expr(
    'real',
    sql`if(${isArray(json)} AND NOT arrayExists(n -> isNull(n), ${numbers}), ${sum}, NULL)`,
    true,
  );
};

/** By a number of places to the left, or to the right when negative. */
const rotate = (direction: 'left' | 'right'): FunctionRule =>
  ofArray((elements, call) => {
    const places = wholeAt(call, 1);
    const by = sql`toInt64(positiveModulo(${direction === 'left' ? places : sql`-${places}`}, greatest(toInt64(length(${elements})), 1)))`;
    return sql`arrayConcat(arraySlice(${elements}, ${by} + 1), arraySlice(${elements}, 1, ${by}))`;
  });

/** The same, with a default (null without one) in the places that become free. */
const shift = (direction: 'left' | 'right'): FunctionRule =>
  ofArray((elements, call) => {
    const places = wholeAt(call, 1);
    const by = direction === 'left' ? places : sql`-${places}`;
    const filler = call.count > 2 ? elementText(call.value(2), call.scope) : sql`''`;
    const size = sql`toInt64(length(${elements}))`;
    return sql`arrayMap(i -> if(toInt64(i) + ${by} BETWEEN 1 AND ${size}, ${elements}[toInt64(i) + ${by}], assumeNotNull(${filler})), arrayEnumerate(${elements}))`;
  });

/** array_split(array, index or indices): the pieces between the indices, from 0 or from the end when negative. */
const arraySplit: FunctionRule = (call) => {
  const json = call.json(0);
  const elements = elementsAt(call, 0);
  const size = sql`toInt64(length(${elements}))`;
  const where =
    call.value(1).type === 'dynamic'
      ? sql`if(${isArray(call.json(1))}, arrayMap(e -> ifNull(toInt64OrNull(e), 0), ${elementsAt(call, 1)}), [ifNull(toInt64OrNull(${call.json(1)}), 0)])`
      : sql`[${wholeAt(call, 1)}]`;
  const indices = call.shared(
    dynamic(sql`arrayMap(i -> least(greatest(if(i < 0, ${size} + i, i), 0), ${size}), ${where})`),
  ).sql;
  const pieces = sql`arrayMap((a, b) -> ${jsonArray(sql`arraySlice(${elements}, a + 1, greatest(b - a, 0))`)}, arrayPushFront(${indices}, toInt64(0)), arrayPushBack(${indices}, ${size}))`;
  return dynamic(sql`if(${isArray(json)}, concat('[', arrayStringConcat(${pieces}, ','), ']'), '')`);
};

/** array_iff(conditions, when true, when false): a value for each condition; null where that is neither a bool nor a number. */
const arrayIff: FunctionRule = (call) => {
  const json = call.json(0);
  const conditions = elementsAt(call, 0);
  const branch = (index: number): Fragment => {
    if (call.value(index).type !== 'dynamic') return elementText(call.value(index), call.scope);
    const from = call.json(index);
    return sql`if(${isArray(from)}, ${elementsAt(call, index)}[i], ${from})`;
  };
  const number = sql`toFloat64OrNull(c)`;
  const chosen = sql`multiIf(c = 'true' OR ifNull(${number} != 0, false), ${branch(1)}, c = 'false' OR ifNull(${number} = 0, false), ${branch(2)}, '')`;
  const values = sql`arrayMap((c, i) -> ifNull(${chosen}, ''), ${conditions}, arrayEnumerate(${conditions}))`;
  return dynamic(sql`if(${isArray(json)}, ${jsonArray(values)}, '')`);
};

export const arrayFunctions: FunctionFamily = {
  array_length: arrayLength,
  arraylength: arrayLength,
  pack_array: packArray,
  array_concat: arrayConcat,
  array_index_of: arrayIndexOf,
  array_slice: arraySlice,
  array_reverse: ofArray((elements) => sql`arrayReverse(${elements})`),
  array_sort_asc: arraySort(false),
  array_sort_desc: arraySort(true),
  array_sum: arraySum,
  array_rotate_left: rotate('left'),
  array_rotate_right: rotate('right'),
  array_shift_left: shift('left'),
  array_shift_right: shift('right'),
  array_split: arraySplit,
  array_iff: arrayIff,
  array_iif: arrayIff,
};
