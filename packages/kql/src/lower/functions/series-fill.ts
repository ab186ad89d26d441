import { type Fragment, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { elementText, toBool } from '../convert.ts';
import { jsonArray, jsonElements } from '../json.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column, isSeries, seriesJson } from './series.ts';

/** Elements as raw JSON texts, '' for null: what is filled keeps its type. */
function elements(call: Call): Fragment {
  return column(call, jsonElements(call.json(0)));
}

/** Whether the element `e` stands for a missing value: null, or the placeholder at this argument. */
function isMissing(call: Call, index: number, e: Fragment): Fragment {
  if (index >= call.count) return sql`${e} = ''`;
  if (call.value(index).type === 'string') return sql`${e} = ${elementText(call.value(index), call.scope)}`;
  const placeholder = call.real(index).sql;
  return sql`if(isNull(${placeholder}), ${e} = '', ifNull(toFloat64OrNull(${e}) = ${placeholder}, false))`;
}

function filled(call: Call, values: Fragment) {
  return expr('dynamic', choose(isSeries(call, 0), jsonArray(values), sql`''`), false);
}

const forward: FunctionRule = (call) =>
  filled(call, sql`arrayFill(e -> NOT (${isMissing(call, 1, sql`e`)}), ${elements(call)})`);

const backward: FunctionRule = (call) =>
  filled(call, sql`arrayReverseFill(e -> NOT (${isMissing(call, 1, sql`e`)}), ${elements(call)})`);

/** series_fill_const(series, value[, placeholder]). */
const constant: FunctionRule = (call) => {
  const value = elementText(call.value(1), call.scope);
  return filled(call, sql`arrayMap(e -> if(${isMissing(call, 2, sql`e`)}, ${value}, e), ${elements(call)})`);
};

/** series_fill_linear(series[, placeholder[, fill_edges[, constant]]]): whole numbers stay whole, the fraction cut off. */
const linear: FunctionRule = (call) => {
  const all = elements(call);
  const points = column(
    call,
    sql`arrayMap((e, i) -> (toFloat64(i), if(${isMissing(call, 1, sql`e`)}, NULL, toFloat64OrNull(e))), ${all}, arrayEnumerate(${all}))`,
  );
  const before = sql`arrayFill(p -> isNotNull(p.2), ${points})`;
  const after = sql`arrayReverseFill(p -> isNotNull(p.2), ${points})`;
  const isWhole = column(
    call,
    // An element that is taken out loses the point of a whole real: the array as it is written still has it.
    sql`position(${call.json(0)}, '.') = 0 AND arrayAll(e -> ${isMissing(call, 1, sql`e`)} OR isNotNull(toInt64OrNull(e)), ${all})`,
  );
  const edges = call.count > 2 ? toBool(call.value(2), call.scope, call.nodeAt(2)).sql : sql`true`;
  const between = sql`l.2 + (r.2 - l.2) * (p.1 - l.1) / (r.1 - l.1)`;
  const value = sql`multiIf(isNotNull(p.2), p.2, isNotNull(l.2) AND isNotNull(r.2), if(${isWhole}, trunc(${between}), ${between}), ifNull(${edges}, true), coalesce(l.2, r.2), NULL)`;
  const whole = column(call, sql`arrayMap((p, l, r) -> ${value}, ${points}, ${before}, ${after})`);
  const fallback = call.count > 3 ? elementText(call.value(3), call.scope) : sql`'0'`;
  const nothing = sql`arrayAll(p -> isNull(p.2), ${points})`;
  return expr(
    'dynamic',
    choose(
      isSeries(call, 0),
      choose(nothing, jsonArray(sql`arrayMap(p -> ${fallback}, ${points})`), seriesJson(whole)),
      sql`''`,
    ),
    false,
  );
};

export const seriesFillFunctions: FunctionFamily = {
  series_fill_forward: forward,
  series_fill_backward: backward,
  series_fill_const: constant,
  series_fill_linear: linear,
};
