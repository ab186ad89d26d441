import { type Fragment, float, join, sql } from '../../emit/fragment.ts';
import { type Constant, type Expr, expr, isTextual } from '../../tree/expression.ts';
import { elementText } from '../convert.ts';
import type { AggregateCall, AggregateColumn, AggregateRule } from './aggregation.ts';

/**
 * Percentiles by nearest rank: the least value that this share of the values does not exceed, without interpolation. Kusto estimates them;
 * here they are exact.
 */
interface Sorted {
  readonly type: Expr['type'];
  /** The values that are not null, in ascending order. */
  readonly values: Fragment;
  /** Of weighted ones, the running total of the weights. */
  readonly totals?: Fragment;
}

function measured(call: AggregateCall): {
  readonly value: Expr;
  readonly x: Fragment;
  readonly present: Fragment;
} {
  const value = call.value(0).type === 'dynamic' ? call.real(0) : call.shared(call.value(0));
  if (isTextual(value.type) || value.type === 'bool') call.refuse(`of a ${value.type}`);
  return {
    value,
    x: value.nullable ? sql`assumeNotNull(${value.sql})` : value.sql,
    present: value.nullable ? sql`isNotNull(${value.sql})` : sql`true`,
  };
}

function sortedValues(call: AggregateCall): Sorted {
  const { value, x, present } = measured(call);
  const values = call.aggregation.value(value.type, sql`arraySort(groupArrayIf(${x}, ${present}))`, false);
  return { type: value.type, values: values.sql };
}

/** A value without a positive weight is none. */
function weightedValues(call: AggregateCall): Sorted {
  const { value, x, present } = measured(call);
  const weight = call.real(1);
  const heavy = sql`${present} AND ifNull(${weight.sql} > 0, false)`;
  const pairs = call.aggregation.value(
    'dynamic',
    sql`arraySort(groupArrayIf(tuple(${x}, assumeNotNull(${weight.sql})), ${heavy}))`,
    false,
  ).sql;
  const above = call.outer.row;
  return {
    type: value.type,
    values: above.computed(expr('dynamic', sql`arrayMap(p -> p.1, ${pairs})`, false)).sql,
    totals: above.computed(expr('dynamic', sql`arrayCumSum(arrayMap(p -> p.2, ${pairs}))`, false)).sql,
  };
}

/** Nothing has no percentiles. */
function percentile({ type, values, totals }: Sorted, share: number): Expr {
  // What rounding adds to a whole rank must not make it the next one.
  const rank = (size: Fragment) => sql`(${float(share)} * ${size} / 100 - 1e-9)`;
  const place =
    totals === undefined
      ? sql`greatest(1, toUInt64(greatest(0, ceil(${rank(sql`length(${values})`)}))))`
      : sql`arrayFirstIndex((total, whole) -> total >= ${rank(sql`whole`)}, ${totals}, arrayMap(t -> ${totals}[-1], ${totals}))`;
  return expr(type, sql`if(empty(${values}), NULL, ${values}[${place}])`, true);
}

function shareOf(constant: Constant | undefined): number | undefined {
  if (constant === undefined || constant.type === 'dynamic' || constant.type === 'bool') return undefined;
  const value = constant.value === null ? Number.NaN : Number(constant.value);
  return value >= 0 && value <= 100 ? value : undefined;
}

/** The shares from this argument on: constants, or one constant array of them. */
function sharesFrom(call: AggregateCall, first: number): number[] {
  const constants = call.values(first).flatMap(({ constant }): (Constant | undefined)[] => {
    if (constant?.type === 'dynamic' && constant.value.elements !== undefined)
      return [...constant.value.elements];
    return [constant];
  });
  return constants.map(
    (constant) => shareOf(constant) ?? call.refuse('with a share that is not a constant from 0 to 100'),
  );
}

const columns =
  (sort: (call: AggregateCall) => Sorted, first: number): AggregateRule =>
  (call) => {
    const shares = sharesFrom(call, first);
    const sorted = sort(call);
    return shares.map((share): AggregateColumn => ({ value: percentile(sorted, share) }));
  };

/** All in one array; null of nothing. */
const array =
  (sort: (call: AggregateCall) => Sorted, first: number): AggregateRule =>
  (call) => {
    const shares = sharesFrom(call, first);
    const sorted = sort(call);
    const elements = shares.map((share) => elementText(percentile(sorted, share), call.outer));
    const json = sql`concat('[', arrayStringConcat([${join(elements)}], ','), ']')`;
    return [{ value: expr('dynamic', sql`if(empty(${sorted.values}), '', ${json})`, false) }];
  };

export const percentileAggregates: Readonly<Record<string, AggregateRule>> = {
  percentile: columns(sortedValues, 1),
  percentiles: columns(sortedValues, 1),
  percentiles_array: array(sortedValues, 1),
  percentilew: columns(weightedValues, 2),
  percentilesw: columns(weightedValues, 2),
  percentilesw_array: array(weightedValues, 2),
};
