import { type Fragment, sql } from '../../emit/fragment.ts';
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

/** Of the rows in which both are there; of nothing, and of one row, it is 0. */
const covariance =
  (
    plain: (x: Fragment, y: Fragment) => Fragment,
    filtered: (x: Fragment, y: Fragment, condition: Fragment) => Fragment,
    conditional: boolean,
  ): AggregateRule =>
  (call) => {
    const [x, y] = [call.real(0).sql, call.real(1).sql];
    const found = conditional ? filtered(x, y, conditionAt(call, 2)) : plain(x, y);
    return [
      { value: call.aggregation.value('real', sql`ifNull(if(isFinite(${found}), ${found}, 0), 0)`, false) },
    ];
  };

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
  variancepif: spread(
    (x) => sql`varPop(${x})`,
    (x, c) => sql`varPopIf(${x}, ${c})`,
    true,
  ),
  covariance: covariance(
    (x, y) => sql`covarSamp(${x}, ${y})`,
    (x, y, c) => sql`covarSampIf(${x}, ${y}, ${c})`,
    false,
  ),
  covarianceif: covariance(
    (x, y) => sql`covarSamp(${x}, ${y})`,
    (x, y, c) => sql`covarSampIf(${x}, ${y}, ${c})`,
    true,
  ),
  covariancep: covariance(
    (x, y) => sql`covarPop(${x}, ${y})`,
    (x, y, c) => sql`covarPopIf(${x}, ${y}, ${c})`,
    false,
  ),
  covariancepif: covariance(
    (x, y) => sql`covarPop(${x}, ${y})`,
    (x, y, c) => sql`covarPopIf(${x}, ${y}, ${c})`,
    true,
  ),
};
