import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantExpr, constantJson } from '../constants.ts';
import { elementText, toText } from '../convert.ts';
import { jsonArray, jsonElements, jsonExtract, jsonString, jsonText } from '../json.ts';
import { visible } from '../rows.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const dynamic = (value: Fragment): Expr => expr('dynamic', value, false);
const isArray = (json: Fragment): Fragment => sql`JSONType(${json}) = 'Array'`;
const isBag = (json: Fragment): Fragment => sql`JSONType(${json}) = 'Object'`;
const emptyTexts = sql`CAST([], 'Array(String)')`;

/** A function of an array: null for anything else. */
const ofArray =
  (apply: (elements: Fragment, call: Call) => Fragment): FunctionRule =>
  (call) => {
    const json = call.json(0);
    return dynamic(sql`if(${isArray(json)}, ${jsonArray(apply(jsonElements(json), call))}, '')`);
  };

const arrayLength: FunctionRule = (call) => {
  const json = call.json(0);
  return expr('long', sql`if(${isArray(json)}, toInt64(JSONLength(${json})), NULL)`, true);
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

/** Later keys of the same name are kept by neither Kusto nor us: the first stays. */
const bagPack: FunctionRule = (call) => {
  if (call.count === 0) return constantExpr({ type: 'dynamic', value: { json: '{}', isBag: true } });
  if (call.count % 2 !== 0)
    throw call.scope.semantic(`${call.name}() needs a value for each key.`, call.node);
  const pairs: Fragment[] = [];
  for (let index = 0; index < call.count; index += 2) {
    const key = jsonString(call.text(index));
    pairs.push(sql`concat(${key}, ':', ${elementText(call.value(index + 1), call.scope)})`);
  }
  return dynamic(sql`concat('{', arrayStringConcat([${join(pairs)}], ','), '}')`);
};

/** pack_all([ignore_null_empty]): the row as a bag. */
const packAll: FunctionRule = (call) => {
  const { row } = call.scope;
  const ignoreEmpty = call.count > 0 && call.value(0).constant?.value === true;
  const pairs = visible(row.rows).map((column) => {
    const value = row.column(column.name) ?? call.refuse(`of the column '${column.name}'`);
    const element = elementText(value, call.scope);
    const pair = sql`concat(${jsonString(text(column.name))}, ':', ${element})`;
    return ignoreEmpty ? sql`if(${element} IN ('null', '""'), '', ${pair})` : pair;
  });
  if (pairs.length === 0) return constantExpr({ type: 'dynamic', value: { json: '{}', isBag: true } });
  return dynamic(sql`concat('{', arrayStringConcat(arrayFilter(p -> p != '', [${join(pairs)}]), ','), '}')`);
};

const keysAndValues = (json: Fragment): Fragment => sql`JSONExtractKeysAndValuesRaw(${json})`;

/** A bag of (key, raw value) pairs; of two with one key the first stays. */
export function jsonBag(pairs: Fragment): Fragment {
  const unique = sql`arrayFilter((kv, nth) -> nth = 1, ${pairs}, arrayEnumerateUniq(arrayMap(x -> x.1, ${pairs})))`;
  const written = sql`arrayMap(kv -> concat(replaceAll(toJSONString(kv.1), '\\\\/', '/'), ':', replaceAll(kv.2, '\\\\/', '/')), ${unique})`;
  return sql`concat('{', arrayStringConcat(${written}, ','), '}')`;
}

const bagMerge: FunctionRule = (call) => {
  const bags = call.values().map((_, index) => keysAndValues(call.json(index)));
  const pairs = call.shared(dynamic(sql`arrayConcat(${join(bags)})`)).sql;
  return dynamic(jsonBag(pairs));
};

const bagKeys: FunctionRule = (call) => {
  const json = call.json(0);
  return dynamic(
    sql`if(${isBag(json)}, replaceAll(toJSONString(JSONExtractKeys(${json})), '\\\\/', '/'), '')`,
  );
};

const bagHasKey: FunctionRule = (call) => {
  const json = call.json(0);
  return expr('bool', sql`if(${isBag(json)}, JSONHas(${json}, ${call.text(1)}), NULL)`, true);
};

const bagRemoveKeys: FunctionRule = (call) => {
  const json = call.json(0);
  const removed = sql`arrayMap(e -> ${jsonText(sql`e`)}, ${jsonElements(call.json(1))})`;
  const kept = sql`arrayFilter(kv -> NOT has(${removed}, kv.1), ${keysAndValues(json)})`;
  return dynamic(sql`if(${isBag(json)}, ${jsonBag(kept)}, '')`);
};

/** Position from 0, or -1; null when the first argument is no array. */
const arrayIndexOf: FunctionRule = (call) => {
  if (call.count > 2) call.refuse('with a start, a length or an occurrence');
  const json = call.json(0);
  const wanted = elementText(call.value(1), call.scope);
  return expr(
    'long',
    sql`if(${isArray(json)}, toInt64(indexOf(arrayMap(e -> if(e = '', 'null', e), ${jsonElements(json)}), ${wanted})) - 1, NULL)`,
    true,
  );
};

const setHasElement: FunctionRule = (call) => {
  const json = call.json(0);
  const wanted = elementText(call.value(1), call.scope);
  return expr('bool', sql`if(${isArray(json)}, has(${jsonElements(json)}, ${wanted}), NULL)`, true);
};

/** set_union, set_intersect, set_difference: sets of distinct elements; null when an argument is no array. */
const setOperation =
  (combine: (first: Fragment, rest: readonly Fragment[]) => Fragment): FunctionRule =>
  (call) => {
    const arrays = call.values().map((_, index) => call.json(index));
    const elements = arrays.map(jsonElements);
    const [first, ...rest] = elements;
    if (first === undefined) return call.refuse('without arguments');
    const all = join(arrays.map(isArray), sql` AND `);
    return dynamic(sql`if(${all}, ${jsonArray(combine(first, rest))}, '')`);
  };

const distinctInOrder = (elements: Fragment): Fragment =>
  sql`arrayFilter((e, nth) -> nth = 1, ${elements}, arrayEnumerateUniq(${elements}))`;

/** array_slice(array, start, end): both ends included, negative ones from the end. */
const arraySlice = ofArray((elements, call) => {
  const [start, end] = [call.long(1).sql, call.long(2).sql];
  const size = sql`toInt64(length(${elements}))`;
  const from = sql`if(${start} >= 0, ${start}, greatest(${size} + ${start}, 0))`;
  const to = sql`if(${end} >= 0, ${end}, ${size} + ${end})`;
  return sql`arraySlice(${elements}, assumeNotNull(${from}) + 1, greatest(assumeNotNull(${to}) - assumeNotNull(${from}) + 1, 0))`;
});

/** Numbers by value, all else by text; nulls last, as Kusto puts them. */
const sortKey = (element: Fragment): Fragment =>
  sql`(${element} = '', ifNull(toFloat64OrNull(${element}), inf), ${element})`;

const arraySort =
  (descending: boolean): FunctionRule =>
  (call) => {
    if (call.count > 1) call.refuse('of several arrays');
    const json = call.json(0);
    const elements = jsonElements(json);
    const present = sql`arrayFilter(e -> e != '', ${elements})`;
    const sorted = descending
      ? sql`arrayReverseSort(e -> ${sortKey(sql`e`)}, ${present})`
      : sql`arraySort(e -> ${sortKey(sql`e`)}, ${present})`;
    const nulls = sql`arrayFilter(e -> e = '', ${elements})`;
    return dynamic(sql`if(${isArray(json)}, ${jsonArray(sql`arrayConcat(${sorted}, ${nulls})`)}, '')`);
  };

const arrayConcat: FunctionRule = (call) => {
  const arrays = call.values().map((_, index) => {
    const json = call.json(index);
    return sql`if(${isArray(json)}, ${jsonElements(json)}, if(${json} = '', ${emptyTexts}, [${json}]))`;
  });
  return dynamic(jsonArray(sql`arrayConcat(${join(arrays)})`));
};

const maxRange = 1_048_576n;

/** range(start, stop[, step]) as a value: of long, real, datetime or timespan, at most 1,048,576 elements. */
const range: FunctionRule = (call) => {
  const first = call.value(0);
  const kind = first.type === 'int' ? 'long' : first.type;
  if (kind !== 'long') call.refuse(`of ${kind}`);
  const [start, stop] = [call.long(0).sql, call.long(1).sql];
  const step = call.count > 2 ? call.long(2).sql : sql`toInt64(1)`;
  const size = sql`ifNull(least(greatest(intDivOrNull(${stop} - ${start}, ${step}) + 1, 0), ${integer(maxRange)}), 0)`;
  return dynamic(
    sql`concat('[', arrayStringConcat(arrayMap(i -> toString(assumeNotNull(${start}) + toInt64(i) * assumeNotNull(${step})), range(toUInt64(${size}))), ','), ']')`,
  );
};

const repeat: FunctionRule = (call) => {
  const element = elementText(call.value(0), call.scope);
  const size = sql`toUInt64(least(greatest(ifNull(${call.long(1).sql}, 0), 0), ${integer(maxRange)}))`;
  return dynamic(sql`concat('[', arrayStringConcat(arrayWithConstant(${size}, ${element}), ','), ']')`);
};

const arraySum: FunctionRule = (call) => {
  const json = call.json(0);
  return expr(
    'real',
    sql`if(${isArray(json)}, arraySum(arrayMap(e -> ifNull(toFloat64OrNull(e), 0), ${jsonElements(json)})), NULL)`,
    true,
  );
};

/** Steps of a JSONPath: `$.a.b[0]['c']`. Wildcards and filters are refused. */
function jsonPathSteps(path: string): Fragment[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: Fragment[] = [];
  const step = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]/y;
  step.lastIndex = 1;
  while (step.lastIndex < path.length) {
    const found = step.exec(path);
    if (found === null) return undefined;
    const key = found[1] ?? found[3] ?? found[4];
    steps.push(key === undefined ? integer(BigInt(found[2] ?? 0) + 1n) : text(key));
  }
  return steps;
}

/** extract_json(path, text[, typeof]). */
const extractJson: FunctionRule = (call) => {
  const path = call.constantText(0, 'a path');
  const steps = jsonPathSteps(path) ?? call.refuse(`with the path '${path}'`);
  const raw = call.shared(dynamic(jsonExtract(call.text(1), steps)));
  const type = call.typeArgument(2) ?? 'string';
  return type === 'dynamic' ? raw : call.convert(toText(raw, call.scope), type);
};

export const collectionFunctions: FunctionFamily = {
  array_length: arrayLength,
  arraylength: arrayLength,
  pack_array: packArray,
  pack: bagPack,
  bag_pack: bagPack,
  pack_dictionary: bagPack,
  pack_all: packAll,
  bag_merge: bagMerge,
  bag_keys: bagKeys,
  bag_has_key: bagHasKey,
  bag_remove_keys: bagRemoveKeys,
  array_concat: arrayConcat,
  array_index_of: arrayIndexOf,
  array_slice: arraySlice,
  array_reverse: ofArray((elements) => sql`arrayReverse(${elements})`),
  array_sort_asc: arraySort(false),
  array_sort_desc: arraySort(true),
  array_sum: arraySum,
  set_has_element: setHasElement,
  set_union: setOperation((first, rest) => distinctInOrder(sql`arrayConcat(${join([first, ...rest])})`)),
  set_intersect: setOperation((first, rest) =>
    distinctInOrder(rest.reduce((kept, other) => sql`arrayFilter(e -> has(${other}, e), ${kept})`, first)),
  ),
  set_difference: setOperation((first, rest) =>
    distinctInOrder(
      rest.reduce((kept, other) => sql`arrayFilter(e -> NOT has(${other}, e), ${kept})`, first),
    ),
  ),
  range,
  repeat,
  extract_json: extractJson,
  extractjson: extractJson,
};
