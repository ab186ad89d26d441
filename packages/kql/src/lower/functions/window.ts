import { columnRef, type Fragment, integer, sql, subquery } from '../../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { nullExpr, ticksOfDatetime } from '../constants.ts';
import { toBool } from '../convert.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** Functions over neighbouring rows, in the order the rows are in. Their columns are computed by a window beneath the operator. */

const wholeFrame = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING`;
const runningFrame = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`;

function requireOrder(call: Call): void {
  const { rows } = call.scope.row;
  if (rows.order.length === 0 && rows.serialized !== true)
    call.refuse('of rows in no order: sort them first');
}

function overRows(call: Call, value: Expr, frame: Fragment, partition?: Fragment): Expr {
  requireOrder(call);
  return call.scope.row.window(value, frame, partition);
}

/** A number that is the same from one restart to the next; undefined without restarts. */
function stretch(call: Call, index: number): Fragment | undefined {
  if (index >= call.count) return undefined;
  const restart = toBool(call.value(index), call.scope, call.nodeAt(index)).sql;
  return overRows(call, expr('long', sql`countIf(ifNull(${restart}, false))`, false), runningFrame).sql;
}

function nullable(value: Expr): Fragment {
  return value.nullable || isTextual(value.type) ? value.sql : sql`toNullable(${value.sql})`;
}

function neighbourOf(call: Call, value: Expr, partition?: Fragment): Expr {
  const found = sql`lagInFrame(${nullable(value)}, 1, ${nullable(nullExpr(value.type))})`;
  return overRows(call, expr(value.type, found, true), wholeFrame, partition);
}

/** prev(value[, offset[, default]]) and next(…). A negative offset looks the other way. */
const neighbour =
  (direction: 'prev' | 'next'): FunctionRule =>
  (call) => {
    const value = call.value(0);
    const given = call.count > 1 ? call.constantInteger(1, 'an offset') : 1n;
    const offset = integer(given < 0n ? -given : given);
    const fallback = call.count > 2 ? call.convert(call.value(2), value.type) : nullExpr(value.type);
    const [x, instead] = [nullable(value), nullable(fallback)];
    const looksBack = (direction === 'prev') === given >= 0n;
    const found = looksBack
      ? sql`lagInFrame(${x}, ${offset}, ${instead})`
      : sql`leadInFrame(${x}, ${offset}, ${instead})`;
    return overRows(call, expr(value.type, found, true), wholeFrame);
  };

/** row_number([first[, restart]]). */
const rowNumber: FunctionRule = (call) => {
  const first = call.count > 0 ? call.constantInteger(0, 'a first number') : 1n;
  const number = overRows(call, expr('long', sql`row_number()`, false), runningFrame, stretch(call, 1));
  return expr('long', sql`(toInt64(${number.sql}) + ${integer(first - 1n)})`, false);
};

/** row_cumsum(term[, restart]); a null adds nothing. */
const runningSum: FunctionRule = (call) => {
  const value = call.value(0).type === 'dynamic' ? call.real(0) : call.value(0);
  const type = value.type === 'int' ? 'long' : value.type;
  if (type !== 'long' && type !== 'real' && type !== 'decimal') call.refuse(`of a ${value.type}`);
  const term = value.nullable ? sql`coalesce(${value.sql}, 0)` : value.sql;
  return overRows(call, expr(type, sql`sum(${term})`, false), runningFrame, stretch(call, 1));
};

/** Whether the row's value is another than that of the row before in the stretch, and the row's number in it. */
function changes(call: Call): { changed: Fragment; number: Fragment; partition: Fragment | undefined } {
  const value = call.shared(call.value(0));
  const partition = stretch(call, 1);
  const before = neighbourOf(call, value, partition).sql;
  const number = overRows(call, expr('long', sql`row_number()`, false), runningFrame, partition).sql;
  const differs = isTextual(value.type)
    ? sql`${value.sql} != ${before}`
    : sql`ifNull(${value.sql} != ${before}, isNull(${value.sql}) != isNull(${before}))`;
  return { changed: sql`(${number} > 1 AND ${differs})`, number, partition };
}

const rankDense: FunctionRule = (call) => {
  const { changed, partition } = changes(call);
  const sum = overRows(call, expr('long', sql`countIf(${changed})`, false), runningFrame, partition);
  return expr('long', sql`(toInt64(${sum.sql}) + 1)`, false);
};

const rankMin: FunctionRule = (call) => {
  const { changed, number, partition } = changes(call);
  const first = overRows(
    call,
    expr('long', sql`max(if(${changed}, ${number}, 1))`, false),
    runningFrame,
    partition,
  );
  return expr('long', sql`toInt64(${first.sql})`, false);
};

/**
 * row_window_session(time, from first, between neighbours[, restart]): the time at which the row's session began. Rows that follow one another
 * closely make a chain; a chain that lasts too long is cut, from its first row on, which takes the times of the whole chain.
 */
const windowSession: FunctionRule = (call) => {
  const { row, context } = call.scope;
  const time = call.shared(call.as(0, 'datetime'));
  const [length, gap] = [call.as(1, 'timespan').sql, call.as(2, 'timespan').sql];
  const ticks = row.computed(expr('long', sql`toNullable(${ticksOfDatetime(time.sql)})`, true));
  const before = neighbourOf(call, ticks).sql;
  const restarts =
    call.count > 3
      ? sql`ifNull(${toBool(call.value(3), call.scope, call.nodeAt(3)).sql}, false)`
      : sql`false`;
  const breaks = sql`(ifNull(${ticks.sql} - ${before} >= ${gap}, true) OR ${restarts})`;
  const chain = overRows(call, expr('long', sql`countIf(${breaks})`, false), runningFrame).sql;
  const rank = row.rank().sql;

  const times = context.newId();
  const chains = relation({
    kind: 'aggregate',
    input: relation({
      kind: 'filter',
      input: row.finish().relation,
      predicate: sql`isNotNull(${ticks.sql})`,
    }),
    keys: [chain, ...(row.rows.subtables?.keys ?? []).map((key) => columnRef(key.id))].map((key) => ({
      id: context.newId(),
      sql: key,
    })),
    outputs: [
      {
        kind: 'value',
        id: times,
        sql: sql`arraySort(groupArray(tuple(${rank}, assumeNotNull(${ticks.sql}))))`,
      },
    ],
  });
  const all = columnRef(times);
  const lasts = sql`arrayMax(t -> t.2, ${all}) - arrayMin(t -> t.2, ${all}) >= ${length}`;
  const cut = sql`arrayFold((made, t) -> if(t.2 - made.1 >= ${length}, (t.2, arrayPushBack(made.2, t.1)), made), ${all}, (${all}[1].2, [${all}[1].1])).2`;
  const begin = context.newId();
  const begins = relation({
    kind: 'expand',
    input: chains,
    arrays: [{ id: begin, sql: sql`if(ifNull(${lasts}, false), ${cut}, [${all}[1].1])` }],
  });
  const isFirst = row.computed(expr('bool', sql`(${rank} IN ${subquery(begins, [begin])})`, false)).sql;
  const latest = overRows(
    call,
    expr('datetime', sql`anyLast(if(${isFirst}, toNullable(${time.sql}), NULL))`, true),
    runningFrame,
  );
  return expr('datetime', sql`if(isNull(${time.sql}), NULL, ${latest.sql})`, true);
};

export const windowFunctions: FunctionFamily = {
  row_number: rowNumber,
  prev: neighbour('prev'),
  next: neighbour('next'),
  row_cumsum: runningSum,
  row_rank_dense: rankDense,
  row_rank_min: rankMin,
  row_window_session: windowSession,
};
