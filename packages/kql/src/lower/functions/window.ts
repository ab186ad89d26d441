import { type Fragment, integer, sql } from '../../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../../tree/expression.ts';
import { nullExpr } from '../constants.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** Functions over neighbouring rows, in the order the rows are in. Their columns are computed by a window beneath the operator. */

const wholeFrame = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING`;
const runningFrame = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`;

function overRows(call: Call, value: Expr, frame: Fragment): Expr {
  const { row } = call.scope;
  if (row.rows.order.length === 0 && row.rows.serialized !== true)
    call.refuse('of rows in no order: sort them first');
  return row.window(value, frame);
}

function nullable(value: Expr): Fragment {
  return value.nullable || isTextual(value.type) ? value.sql : sql`toNullable(${value.sql})`;
}

/** prev(value[, offset[, default]]) and next(…). */
const neighbour =
  (direction: 'prev' | 'next'): FunctionRule =>
  (call) => {
    const value = call.value(0);
    const offset = integer(call.count > 1 ? call.constantInteger(1, 'an offset') : 1n);
    const fallback = call.count > 2 ? call.convert(call.value(2), value.type) : nullExpr(value.type);
    const [x, instead] = [nullable(value), nullable(fallback)];
    const found =
      direction === 'prev'
        ? sql`lagInFrame(${x}, ${offset}, ${instead})`
        : sql`leadInFrame(${x}, ${offset}, ${instead})`;
    return overRows(call, expr(value.type, found, true), wholeFrame);
  };

/** row_number([first]). */
const rowNumber: FunctionRule = (call) => {
  if (call.count > 1) call.refuse('with a restart');
  const first = call.count > 0 ? call.constantInteger(0, 'a first number') : 1n;
  const number = overRows(call, expr('long', sql`row_number()`, false), runningFrame);
  return expr('long', sql`(toInt64(${number.sql}) + ${integer(first - 1n)})`, false);
};

const runningSum: FunctionRule = (call) => {
  if (call.count > 1) call.refuse('with a restart');
  const value = call.value(0);
  if (value.type !== 'long' && value.type !== 'int' && value.type !== 'real')
    call.refuse(`of a ${value.type}`);
  const type = value.type === 'real' ? 'real' : 'long';
  return overRows(call, expr(type, sql`sum(ifNull(${value.sql}, 0))`, false), runningFrame);
};

export const windowFunctions: FunctionFamily = {
  row_number: rowNumber,
  prev: neighbour('prev'),
  next: neighbour('next'),
  row_cumsum: runningSum,
};
