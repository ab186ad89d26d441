import { kindOf, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { sql } from '../../emit/fragment.ts';
import {
  type Activity,
  activeUsers,
  activityCounts,
  activityEngagement,
  activityMetrics,
  newActivityMetrics,
  sessionCounts,
  slidingWindowCounts,
} from '../../plugins/activity.ts';
import type { Cell } from '../../plugins/table.ts';
import type { Step, Timeline } from '../../plugins/timeline.ts';
import { relation } from '../../tree/relation.ts';
import { toText } from '../convert.ts';
import { isTabularNode, lowerTabular } from '../recursion.ts';
import { type Column, columnExpr, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import type { PluginCall, PluginRule } from './rule.ts';

/** Plug-ins over who did something when. The engine counts by id, time and dimensions; the rest is computed here. */

/** Distinct ids at distinct times. */
const maxActivities = 500_000;

/** `plugin(id, time, start, end, …)`: the call's columns and the analysis' bounds. */
class ActivityCall {
  readonly call: PluginCall;
  readonly #time: Column;

  constructor(call: PluginCall) {
    this.call = call;
    this.#time = call.column(call.required(1));
    if (!['datetime', 'timespan', 'long', 'int'].includes(this.#time.type))
      throw call.refused(`over a ${this.#time.type}`);
  }

  /** An instant, or a distance, on the timeline. */
  point(index: number): bigint {
    const node = this.call.required(index);
    const { type } = this.#time;
    const value = this.call.value(node, type === 'int' ? 'long' : type);
    if (typeof value !== 'bigint') throw this.call.refused('with a null bound');
    return value;
  }

  span(index: number): bigint {
    const node = this.call.required(index);
    const value = this.call.value(node, this.#time.type === 'datetime' ? 'timespan' : 'long');
    if (typeof value !== 'bigint' || value <= 0n)
      throw this.call.refused('with a length that is not positive');
    return value;
  }

  /** A length, or a word of the calendar. */
  step(index: number): Step {
    const node = this.call.required(index);
    const word = kindOf(node) === 'LiteralExpression' ? node.LiteralValue : undefined;
    if (word === 'week' || word === 'month' || word === 'year') return word;
    return this.span(index);
  }

  dimensions(nodes: readonly SyntaxNode[]): Column[] {
    return nodes.map((node) => this.call.column(node));
  }

  activities(dimensions: readonly Column[]): Activity[] {
    const { call } = this;
    const { context, environment } = call.scope;
    const row = new RowScope(context, call.input);
    const inner = new ScalarScope(context, environment, row);
    const id = toText(columnExpr(call.column(call.required(0))), inner);
    const keys = [
      { name: 'id', type: 'string' as const, nullable: false, sql: id.sql },
      ...[this.#time, ...dimensions].map((column) => ({ ...column, sql: columnExpr(column).sql })),
    ].map((key) => ({ ...key, id: context.newId() }));
    const count = context.newId();
    const grouped = relation({
      kind: 'aggregate',
      input: row.finish().relation,
      keys: keys.map((key) => ({ id: key.id, sql: key.sql })),
      outputs: [{ kind: 'value', id: count, sql: sql`toInt64(count())` }],
    });
    const columns = keys.map(
      ({ name, type, nullable, id: keyId }): Column => ({ name, type, nullable, id: keyId, hidden: false }),
    );
    const table = call.fetched(
      {
        relation: grouped,
        columns: [...columns, { name: 'count', type: 'long', id: count, nullable: false, hidden: false }],
        order: keys.map((key) => ({ id: key.id, descending: false, nullsFirst: true })),
      },
      maxActivities,
    );
    return table.rows.flatMap((cells): Activity[] => {
      const [who, time] = cells;
      const counted = cells.at(-1);
      if (typeof time !== 'bigint') return [];
      return [
        {
          id: String(who),
          time,
          count: Number(counted),
          dimensions: cells.slice(2, -1),
        },
      ];
    });
  }

  timeline(step: Step, start = 2, end = 3): Timeline {
    return { start: this.point(start), end: this.point(end), step };
  }

  supplied(work: () => Cell[][]): Rows {
    try {
      return this.call.supplied(work());
    } catch (error) {
      if (error instanceof RangeError) throw this.call.refused(`over ${error.message}`);
      throw error;
    }
  }
}

/** `activity_counts_metrics(id, time, start, end, step, dimensions…)`. */
export const activityCountsMetrics: PluginRule = (call) => {
  const own = new ActivityCall(call);
  const timeline = own.timeline(own.step(4));
  const activities = own.activities(own.dimensions(call.from(5)));
  return own.supplied(() => activityCounts(activities, timeline));
};

interface Bounds {
  /** The position of the argument after them. */
  readonly next: number;
  readonly of: (activities: readonly Activity[]) => { readonly start: bigint; readonly end: bigint };
}

/** Start and end may be left out of some plug-ins: then they are those of the rows. `lengths`: arguments between them and the dimensions. */
function boundsOf(own: ActivityCall, lengths: number): Bounds {
  const { call } = own;
  const last = call.argument(3 + lengths);
  if (last !== undefined && !isColumn(call, last)) {
    const bounds = { start: own.point(2), end: own.point(3) };
    return { next: 4, of: () => bounds };
  }
  return {
    next: 2,
    of: (activities) => {
      const times = activities.map(({ time }) => time);
      const first = times[0] ?? 0n;
      return {
        start: times.reduce(earlier, first),
        end: times.reduce(later, first),
      };
    },
  };
}

function earlier(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function later(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function isColumn(call: PluginCall, node: SyntaxNode | undefined): boolean {
  return (
    node !== undefined &&
    kindOf(node) === 'NameReference' &&
    call.input.columns.some((column) => column.name === simpleName(node))
  );
}

/** `activity_metrics(id, time[, start, end], window, dimensions…)`. */
export const activityMetricsPlugin: PluginRule = (call) => {
  const own = new ActivityCall(call);
  const bounds = boundsOf(own, 1);
  const step = own.step(bounds.next);
  const activities = own.activities(own.dimensions(call.from(bounds.next + 1)));
  return own.supplied(() => activityMetrics(activities, { ...bounds.of(activities), step }));
};

/** `activity_engagement(id, time[, start, end], inner, outer, dimensions…)`. */
export const activityEngagementPlugin: PluginRule = (call) => {
  const own = new ActivityCall(call);
  const bounds = boundsOf(own, 2);
  const step = own.step(bounds.next);
  const outer = own.span(bounds.next + 1);
  const activities = own.activities(own.dimensions(call.from(bounds.next + 2)));
  return own.supplied(() => activityEngagement(activities, { ...bounds.of(activities), step }, outer));
};

/** `new_activity_metrics(id, time, start, end, window[, cohort], dimensions…[, lookback])`. */
export const newActivityMetricsPlugin: PluginRule = (call) => {
  const own = new ActivityCall(call);
  const timeline = own.timeline(own.step(4));
  const rest = call.from(5);
  const lookback = rest.find((node) => isTabularNode(node));
  const cohortAt = rest.findIndex((node) => node !== lookback && !isColumn(call, node));
  const cohort = cohortAt < 0 ? undefined : own.point(5 + cohortAt);
  const dimensions = own.dimensions(rest.filter((node) => isColumn(call, node)));
  const activities = own.activities(dimensions);
  const known = lookback === undefined ? new Set<string>() : idsOf(call, lookback);
  return own.supplied(() => newActivityMetrics(activities, timeline, cohort, known));
};

/** The ids of a table: its column of the id's name, or its only one. */
function idsOf(call: PluginCall, node: SyntaxNode): Set<string> {
  const rows = lowerTabular(node, call.scope);
  const { name } = call.column(call.required(0));
  const column = rows.columns.find((candidate) => candidate.name === name) ?? rows.columns[0];
  if (column === undefined) throw call.refused('with a look-back of no columns');
  const { context, environment } = call.scope;
  const row = new RowScope(context, rows);
  const inner = new ScalarScope(context, environment, row);
  const key = { id: context.newId(), sql: toText(columnExpr(column), inner).sql };
  const distinct = relation({
    kind: 'aggregate',
    input: row.finish().relation,
    keys: [key],
    outputs: [],
  });
  const table = call.fetched(
    {
      relation: distinct,
      columns: [{ name: 'id', type: 'string', id: key.id, nullable: false, hidden: false }],
      order: [{ id: key.id, descending: false, nullsFirst: true }],
    },
    maxActivities,
  );
  return new Set(table.rows.map(([id]) => String(id)));
}

/** `sliding_window_counts(id, time, start, end, lookback, bin, dimensions…)`. */
export const slidingWindowCountsPlugin: PluginRule = (call) => {
  const own = new ActivityCall(call);
  const lookback = own.span(4);
  const timeline = own.timeline(own.step(5));
  const activities = own.activities(own.dimensions(call.from(6)));
  return own.supplied(() => slidingWindowCounts(activities, timeline, lookback));
};

/** `active_users_count(id, time, start, end, lookback, period, least periods, bin, dimensions…)`. */
export const activeUsersCount: PluginRule = (call) => {
  const own = new ActivityCall(call);
  const [lookback, period] = [own.span(4), own.span(5)];
  const least = call.integer(call.required(6));
  const timeline = own.timeline(own.step(7));
  const activities = own.activities(own.dimensions(call.from(8)));
  return own.supplied(() => activeUsers(activities, timeline, lookback, period, least));
};

/** `session_count(id, time, start, end, bin, lookback, dimensions…)`. */
export const sessionCount: PluginRule = (call) => {
  const own = new ActivityCall(call);
  const timeline = own.timeline(own.step(4));
  const lookback = own.span(5);
  const activities = own.activities(own.dimensions(call.from(6)));
  return own.supplied(() => sessionCounts(activities, timeline, lookback));
};
