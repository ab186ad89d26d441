import { type Fragment, sql } from '../../emit/fragment.ts';
import { isTextual } from '../../tree/expression.ts';
import { toBool } from '../convert.ts';
import type { AggregateCall, AggregateRule } from './aggregation.ts';

/** The condition at this place; a null one does not hold. */
export function conditionAt(call: AggregateCall, index: number): Fragment {
  const condition = toBool(call.value(index), call.scope, call.nodeAt(index));
  return condition.nullable ? sql`ifNull(${condition.sql}, false)` : condition.sql;
}

/** Whether the value is there; undefined when it always is. */
export function presence(call: AggregateCall, index: number): Fragment | undefined {
  const value = call.shared(call.value(index));
  if (value.type === 'string') return undefined;
  if (isTextual(value.type)) return sql`${value.sql} != ''`;
  return value.nullable ? sql`isNotNull(${value.sql})` : undefined;
}

const long = (call: AggregateCall, aggregate: Fragment) => [
  { value: call.aggregation.value('long', sql`toInt64(${aggregate})`, false) },
];

/** Approximate by contract: exact for small sets, within about half a percent beyond. */
const distinct =
  (exact: boolean, conditional: boolean): AggregateRule =>
  (call) => {
    const value = call.shared(call.value(0));
    const present = presence(call, 0) ?? sql`true`;
    const wanted = conditional ? sql`${present} AND ${conditionAt(call, 1)}` : present;
    const x = value.nullable ? sql`assumeNotNull(${value.sql})` : value.sql;
    return long(call, exact ? sql`uniqExactIf(${x}, ${wanted})` : sql`uniqCombined64If(17)(${x}, ${wanted})`);
  };

const count: AggregateRule = (call) => long(call, sql`count()`);

export const countingAggregates: Readonly<Record<string, AggregateRule>> = {
  count,
  cnt: count,
  countif: (call) => long(call, sql`countIf(${conditionAt(call, 0)})`),
  dcount: distinct(false, false),
  dcountif: distinct(false, true),
  count_distinct: distinct(true, false),
  count_distinctif: distinct(true, true),
};
