import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { datetimeOfTicks, longConstant, ticksOfDatetime, ticksPerHour } from '../constants.ts';
import { elementText, timespanTextSql, toText } from '../convert.ts';
import { jsonArray, jsonElements, jsonExtract } from '../json.ts';
import { isArray } from './array.ts';
import { jsonPathSteps } from './json-path.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const dynamic = (value: Fragment): Expr => expr('dynamic', value, false);

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

/** Whether two arrays have the same elements, in whatever order and however often; null when an argument is no array. */
const setEquals: FunctionRule = (call) => {
  const [a, b] = [call.json(0), call.json(1)];
  const sorted = (json: Fragment) => sql`arraySort(arrayDistinct(${jsonElements(json)}))`;
  return expr('bool', sql`if(${isArray(a)} AND ${isArray(b)}, ${sorted(a)} = ${sorted(b)}, NULL)`, true);
};

const maxRange = 1_048_576n;

/** range(start, stop[, step]) as a value: of numbers, datetimes or timespans, at most 1,048,576 elements. The step is 1, or an hour. */
const range: FunctionRule = (call) => {
  const type = call.value(0).type;
  switch (type) {
    case 'int':
    case 'long':
      if (call.values(1).some((value) => value.type === 'real')) return realRange(call);
      return wholeRange(
        call.long(0).sql,
        call.long(1).sql,
        call.count > 2 ? call.long(2).sql : sql`toInt64(1)`,
        (n) => sql`toString(${n})`,
      );
    case 'real':
      return realRange(call);
    case 'timespan':
      return wholeRange(call.long(0).sql, call.as(1, 'timespan').sql, hourStep(call), (n) =>
        quoted(timespanTextSql(n)),
      );
    case 'datetime':
      return wholeRange(
        ticksOfDatetime(call.as(0, 'datetime').sql),
        ticksOfDatetime(call.as(1, 'datetime').sql),
        hourStep(call),
        (n) => quoted(sql`concat(replaceOne(toString(${datetimeOfTicks(n)}), ' ', 'T'), 'Z')`),
      );
    default:
      return call.refuse(`of ${type}`);
  }
};

const quoted = (value: Fragment): Fragment => sql`concat('"', ${value}, '"')`;

const hourStep = (call: Call): Fragment =>
  (call.count > 2 ? call.as(2, 'timespan') : longConstant(ticksPerHour)).sql;

function wholeRange(start: Fragment, stop: Fragment, step: Fragment, write: (n: Fragment) => Fragment): Expr {
  const size = sql`ifNull(least(greatest(intDivOrNull(${stop} - ${start}, ${step}) + 1, 0), ${integer(maxRange)}), 0)`;
  const goes = sql`ifNull(if(${step} > 0, ${stop} >= ${start}, ${stop} <= ${start}), false)`;
  const values = sql`arrayMap(i -> assumeNotNull(${start}) + toInt64(i) * assumeNotNull(${step}), range(toUInt64(materialize(${size} * ${goes}))))`;
  return dynamic(sql`concat('[', arrayStringConcat(arrayMap(n -> ${write(sql`n`)}, ${values}), ','), ']')`);
}

function realRange(call: Call): Expr {
  const [start, stop] = [call.real(0).sql, call.real(1).sql];
  const step = call.count > 2 ? call.real(2).sql : sql`toFloat64(1)`;
  const size = sql`ifNull(accurateCastOrNull(least(greatest(floor((${stop} - ${start}) / ${step}) + 1, 0), ${integer(maxRange)}), 'UInt64'), 0)`;
  const values = sql`arrayMap(i -> assumeNotNull(${start}) + i * assumeNotNull(${step}), range(materialize(${size})))`;
  return dynamic(sql`concat('[', arrayStringConcat(arrayMap(n -> toString(n), ${values}), ','), ']')`);
}

const repeat: FunctionRule = (call) => {
  const element = elementText(call.value(0), call.scope);
  const size = sql`toUInt64(least(greatest(ifNull(${call.long(1).sql}, 0), 0), ${integer(maxRange)}))`;
  return dynamic(sql`concat('[', arrayStringConcat(arrayWithConstant(${size}, ${element}), ','), ']')`);
};

/** extract_json(path, text[, typeof]). */
const extractJson: FunctionRule = (call) => {
  const path = call.constantText(0, 'a path');
  const steps = (jsonPathSteps(path) ?? call.refuse(`with the path '${path}'`)).map((step) =>
    typeof step === 'string' ? text(step) : integer(step + 1),
  );
  const raw = call.shared(dynamic(jsonExtract(call.text(1), steps)));
  const type = call.typeArgument(2) ?? 'string';
  return type === 'dynamic' ? raw : call.convert(toText(raw, call.scope), type);
};

export const collectionFunctions: FunctionFamily = {
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
  set_equals: setEquals,
  range,
  repeat,
  extract_json: extractJson,
  extractjson: extractJson,
};
