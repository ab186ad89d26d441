import { kustoLibrary } from '../../bind/library.ts';
import { type Fragment, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantExpr, constantString } from '../constants.ts';
import { elementText } from '../convert.ts';
import { jsonBag, jsonElements, jsonPairs, jsonString, jsonText, jsonTexts } from '../json.ts';
import { visible } from '../rows.ts';
import { jsonPathKeys } from './json-path.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const dynamic = (value: Fragment): Expr => expr('dynamic', value, false);
const isBag = (json: Fragment): Fragment => sql`JSONType(${json}) = 'Object'`;
const emptyBag = constantExpr({ type: 'dynamic', value: { json: '{}', isBag: true } });

/** Later keys of the same name are kept by neither Kusto nor us: the first stays. */
const bagPack: FunctionRule = (call) => {
  if (call.count === 0) return emptyBag;
  if (call.count % 2 !== 0)
    throw call.scope.semantic(`${call.name}() needs a value for each key.`, call.node);
  const keys: (string | undefined)[] = [];
  const pairs: Fragment[] = [];
  for (let index = 0; index < call.count; index += 2) {
    const known = constantString(call.value(index));
    if (known !== undefined && keys.includes(known)) continue;
    keys.push(known);
    const key = jsonString(call.text(index));
    pairs.push(sql`concat(${key}, ':', ${elementText(call.value(index + 1), call.scope)})`);
  }
  return dynamic(sql`concat('{', arrayStringConcat([${join(pairs)}], ','), '}')`);
};

function packed(
  call: Call,
  columns: readonly { readonly name: string; readonly value: Expr }[],
  ignoreEmpty: boolean,
): Expr {
  const pairs = columns.map(({ name, value }) => {
    const element = elementText(value, call.scope);
    const pair = sql`concat(${jsonString(text(name))}, ':', ${element})`;
    return ignoreEmpty ? sql`if(${element} IN ('null', '""'), '', ${pair})` : pair;
  });
  if (pairs.length === 0) return emptyBag;
  return dynamic(sql`concat('{', arrayStringConcat(arrayFilter(p -> p != '', [${join(pairs)}]), ','), '}')`);
}

/** pack_all([ignore_null_empty]): the row as a bag. */
const packAll: FunctionRule = (call) => {
  const { row } = call.scope;
  const columns = visible(row.rows).map((column) => ({
    name: column.name,
    value: row.column(column.name) ?? call.refuse(`of the column '${column.name}'`),
  }));
  return packed(call, columns, call.count > 0 && call.value(0).constant?.value === true);
};

/** bag_pack_columns(column, …): the columns under their names. */
const bagPackColumns: FunctionRule = (call) => {
  const columns = call.nodes.map((node, index) => ({
    name: kustoLibrary().KustoFacts.GetExpressionResultName(node, '') ?? '',
    value: call.value(index),
  }));
  return packed(call, columns, false);
};

const bagMerge: FunctionRule = (call) => {
  const bags = call.values().map((_, index) => jsonPairs(call.json(index)));
  const pairs = call.shared(dynamic(sql`arrayConcat(${join(bags)})`)).sql;
  return dynamic(jsonBag(pairs));
};

const bagKeys: FunctionRule = (call) => {
  const json = call.json(0);
  return dynamic(sql`if(${isBag(json)}, ${jsonTexts(sql`JSONExtractKeys(${json})`)}, '')`);
};

/** The steps of a key: a JSONPath of keys when it is a constant that starts with `$.` or `$[`, itself otherwise. */
function stepsOf(call: Call, key: string): Fragment[] {
  if (!/^\$[.[]/.test(key)) return [text(key)];
  return (jsonPathKeys(key) ?? call.refuse(`with the path '${key}'`)).map(text);
}

const bagHasKey: FunctionRule = (call) => {
  const json = call.json(0);
  const key = constantString(call.value(1));
  const path = key === undefined ? [call.text(1)] : stepsOf(call, key);
  return expr('bool', sql`if(${isBag(json)}, JSONHas(${join([json, ...path])}), NULL)`, true);
};

/** The bag without what the path leads to. */
function without(json: Fragment, path: readonly Fragment[], depth = 0): Fragment {
  const [key, ...rest] = path;
  if (key === undefined) return json;
  const pairs = jsonPairs(json);
  if (rest.length === 0) return jsonBag(sql`arrayFilter(p -> p.1 != ${key}, ${pairs})`);
  // Lambdas inside one another need arguments of different names.
  const pair = lambdaNames[depth] ?? sql`p9`;
  const inner = without(sql`${pair}.2`, rest, depth + 1);
  return jsonBag(
    sql`arrayMap(${pair} -> (${pair}.1, if(${pair}.1 = ${key} AND ${isBag(sql`${pair}.2`)}, ${inner}, ${pair}.2)), ${pairs})`,
  );
}

const lambdaNames = [sql`p1`, sql`p2`, sql`p3`, sql`p4`, sql`p5`, sql`p6`, sql`p7`, sql`p8`];

/** bag_remove_keys(bag, keys): a constant key may be a JSONPath. */
const bagRemoveKeys: FunctionRule = (call) => {
  const json = call.json(0);
  const { constant } = call.value(1);
  const known =
    constant?.type === 'dynamic'
      ? constant.value.elements?.map((key) => (key.type === 'string' ? key.value : ''))
      : undefined;
  if (known === undefined) {
    const removed = sql`arrayMap(e -> ${jsonText(sql`e`)}, ${jsonElements(call.json(1))})`;
    const kept = sql`arrayFilter(p -> NOT has(${removed}, p.1), ${jsonPairs(json)})`;
    return dynamic(sql`if(${isBag(json)}, ${jsonBag(kept)}, '')`);
  }
  const result = known.reduce((bag, key) => call.shared(dynamic(without(bag, stepsOf(call, key)))).sql, json);
  return dynamic(sql`if(${isBag(json)}, ${result}, '')`);
};

/** The bag with the value where the path leads to, and bags on the way where there is none. */
function withValue(json: Fragment, path: readonly Fragment[], value: Fragment): Fragment {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const beneath = sql`if(JSONType(${json}, ${key}) = 'Object', JSONExtractRaw(${json}, ${key}), '{}')`;
  const made = rest.length === 0 ? value : withValue(beneath, rest, value);
  const pairs = jsonPairs(json);
  return jsonBag(
    sql`if(JSONHas(${json}, ${key}), arrayMap(p -> (p.1, if(p.1 = ${key}, ${made}, p.2)), ${pairs}), arrayPushBack(${pairs}, (${key}, ${made})))`,
  );
}

const bagSetKey: FunctionRule = (call) => {
  const json = call.json(0);
  const key = constantString(call.value(1));
  const path = key === undefined ? [call.text(1)] : stepsOf(call, key);
  const value = call.shared(
    expr('string', sql`assumeNotNull(${elementText(call.value(2), call.scope)})`, false),
  ).sql;
  return dynamic(sql`if(${isBag(json)}, ${withValue(json, path, value)}, '')`);
};

/** bag_zip(keys, values): keys that are no strings are left out with their values; missing values are null. */
const bagZip: FunctionRule = (call) => {
  const [keys, values] = [call.json(0), call.json(1)];
  const elements = call.shared(dynamic(jsonElements(keys))).sql;
  const cells = call.shared(dynamic(jsonElements(values))).sql;
  const pairs = sql`arrayFilter(p -> startsWith(p.1, '"'), arrayMap((k, i) -> (k, ${cells}[i]), ${elements}, arrayEnumerate(${elements})))`;
  const named = sql`arrayMap(p -> (JSONExtractString(p.1), if(p.2 = '', 'null', p.2)), ${pairs})`;
  const bag = call.shared(dynamic(named)).sql;
  return dynamic(sql`if(JSONType(${keys}) = 'Array', ${jsonBag(bag)}, '')`);
};

export const bagFunctions: FunctionFamily = {
  pack: bagPack,
  bag_pack: bagPack,
  pack_dictionary: bagPack,
  pack_all: packAll,
  bag_pack_columns: bagPackColumns,
  bag_merge: bagMerge,
  bag_keys: bagKeys,
  bag_has_key: bagHasKey,
  bag_remove_keys: bagRemoveKeys,
  bag_set_key: bagSetKey,
  bag_zip: bagZip,
};
