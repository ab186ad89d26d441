import { type Fragment, float, sql } from '../../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../../tree/expression.ts';
import { decimalOfWhole, decimalOperation } from '../decimal.ts';
import type { AggregateCall, AggregateColumn, AggregateRule } from './aggregation.ts';
import { conditionAt } from './counting.ts';

/** A number, or a dynamic read as what the binder says the aggregate gives. */
function summand(call: AggregateCall): Expr {
  const value = call.value(0);
  const type = call.type('real');
  if (value.type === 'dynamic' || value.type === 'bool') return call.as(0, type === 'long' ? 'long' : 'real');
  return call.shared(value);
}

/** `f(x)` or, with a condition, `fIf(x, condition)`; null where nothing took part. */
function over(
  call: AggregateCall,
  value: Expr,
  conditional: boolean,
  plain: (x: Fragment) => Fragment,
  filtered: (x: Fragment, condition: Fragment) => Fragment,
): Fragment {
  return conditional ? filtered(value.sql, conditionAt(call, 1)) : plain(value.sql);
}

const sum =
  (conditional: boolean): AggregateRule =>
  (call) => {
    const value = summand(call);
    if (value.type === 'datetime') call.refuse('of a datetime');
    const total = over(
      call,
      value,
      conditional,
      (x) => sql`sum(${x})`,
      (x, condition) => sql`sumIf(${x}, ${condition})`,
    );
    const type = value.type === 'int' ? 'long' : value.type;
    return [
      { value: call.aggregation.value(type, value.nullable ? sql`ifNull(${total}, 0)` : total, false) },
    ];
  };

/** To 34 digits; null of nothing. */
function decimalMean(call: AggregateCall, value: Expr, conditional: boolean): AggregateColumn[] {
  const total = over(
    call,
    value,
    conditional,
    (x) => sql`sum(${x})`,
    (x, condition) => sql`sumIf(${x}, ${condition})`,
  );
  const count = over(
    call,
    value,
    conditional,
    (x) => sql`count(${x})`,
    (x, condition) => sql`countIf(isNotNull(${x}) AND ${condition})`,
  );
  const sum = call.aggregation.value('decimal', total, true).sql;
  const size = call.aggregation.value('long', count, false).sql;
  return [{ value: expr('decimal', decimalOperation(sum, decimalOfWhole(size), '/'), true) }];
}

/** Of nothing it is NaN for numbers, null for a timespan. */
const avg =
  (conditional: boolean): AggregateRule =>
  (call) => {
    const value = summand(call);
    if (value.type === 'datetime') call.refuse('of a datetime');
    if (value.type === 'decimal') return decimalMean(call, value, conditional);
    const mean = over(
      call,
      value,
      conditional,
      (x) => sql`avg(${x})`,
      (x, condition) => sql`avgIf(${x}, ${condition})`,
    );
    if (value.type === 'timespan') {
      return [
        { value: call.aggregation.value('timespan', sql`accurateCastOrNull(trunc(${mean}), 'Int64')`, true) },
      ];
    }
    return [
      { value: call.aggregation.value('real', value.nullable ? sql`ifNull(${mean}, nan)` : mean, false) },
    ];
  };

/** Of nothing it is null, or '' for a string. */
const extreme =
  (which: 'min' | 'max', conditional: boolean): AggregateRule =>
  (call) => {
    const value =
      call.value(0).type === 'dynamic' ? call.as(0, call.type('real')) : call.shared(call.value(0));
    if (value.type === 'dynamic') call.refuse('of a dynamic');
    if (isTextual(value.type)) {
      const found = over(
        call,
        value,
        conditional,
        (x) => (which === 'min' ? sql`min(${x})` : sql`max(${x})`),
        (x, condition) => (which === 'min' ? sql`minIf(${x}, ${condition})` : sql`maxIf(${x}, ${condition})`),
      );
      return [{ value: call.aggregation.value(value.type, found, false) }];
    }
    const found = over(
      call,
      value,
      conditional,
      (x) => (which === 'min' ? sql`minOrNull(${x})` : sql`maxOrNull(${x})`),
      (x, condition) =>
        which === 'min' ? sql`minOrNullIf(${x}, ${condition})` : sql`maxOrNullIf(${x}, ${condition})`,
    );
    return [{ value: call.aggregation.value(value.type, found, true) }];
  };

/** Of nothing, and of one value, it is 0. */
const spread =
  (
    plain: (x: Fragment) => Fragment,
    filtered: (x: Fragment, condition: Fragment) => Fragment,
    conditional: boolean,
  ): AggregateRule =>
  (call) => {
    const found = over(call, call.real(0), conditional, plain, filtered);
    return [
      { value: call.aggregation.value('real', sql`ifNull(if(isFinite(${found}), ${found}, 0), 0)`, false) },
    ];
  };

/** The value at the rank, without interpolation: the least that this share of the values does not exceed. */
function percentilesOf(call: AggregateCall, shares: readonly number[]): AggregateColumn[] {
  const value = call.value(0).type === 'dynamic' ? call.real(0) : call.shared(call.value(0));
  if (isTextual(value.type) || value.type === 'bool') call.refuse(`of a ${value.type}`);
  const x = value.nullable ? sql`assumeNotNull(${value.sql})` : value.sql;
  const present = value.nullable ? sql`isNotNull(${value.sql})` : sql`true`;
  const sorted = call.aggregation.value(
    value.type,
    sql`arraySort(groupArrayIf(${x}, ${present}))`,
    false,
  ).sql;
  return shares.map((share) => {
    const rank = sql`greatest(1, toUInt64(ceil(${float(share / 100)} * length(${sorted}))))`;
    return { value: expr(value.type, sql`if(empty(${sorted}), NULL, ${sorted}[${rank}])`, true) };
  });
}

function share(call: AggregateCall, index: number): number {
  const { constant } = call.real(index);
  const written = call.value(index).constant;
  const value =
    written?.type === 'long' || written?.type === 'int'
      ? Number(written.value)
      : constant?.type === 'real'
        ? constant.value
        : null;
  if (value === null || !(value >= 0 && value <= 100))
    call.refuse('with a share that is not a constant from 0 to 100');
  return value;
}

export const statisticsAggregates: Readonly<Record<string, AggregateRule>> = {
  sum: sum(false),
  sumif: sum(true),
  avg: avg(false),
  avgif: avg(true),
  min: extreme('min', false),
  minif: extreme('min', true),
  max: extreme('max', false),
  maxif: extreme('max', true),
  stdev: spread(
    (x) => sql`stddevSamp(${x})`,
    (x, c) => sql`stddevSampIf(${x}, ${c})`,
    false,
  ),
  stdevif: spread(
    (x) => sql`stddevSamp(${x})`,
    (x, c) => sql`stddevSampIf(${x}, ${c})`,
    true,
  ),
  stdevp: spread(
    (x) => sql`stddevPop(${x})`,
    (x, c) => sql`stddevPopIf(${x}, ${c})`,
    false,
  ),
  variance: spread(
    (x) => sql`varSamp(${x})`,
    (x, c) => sql`varSampIf(${x}, ${c})`,
    false,
  ),
  varianceif: spread(
    (x) => sql`varSamp(${x})`,
    (x, c) => sql`varSampIf(${x}, ${c})`,
    true,
  ),
  variancep: spread(
    (x) => sql`varPop(${x})`,
    (x, c) => sql`varPopIf(${x}, ${c})`,
    false,
  ),
  percentile: (call) => percentilesOf(call, [share(call, 1)]),
  percentiles: (call) =>
    percentilesOf(
      call,
      call.nodes.slice(1).map((_, index) => share(call, index + 1)),
    ),
};
