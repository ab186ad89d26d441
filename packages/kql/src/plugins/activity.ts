import type { Cell } from './table.ts';
import { binOf, binsOf, floorDivide, nextBin, type Timeline } from './timeline.ts';

/** What users (or whatever has an id) did when, for the plug-ins that count them over time. Pure. */

export interface Activity {
  readonly id: string;
  readonly time: bigint;
  /** Events of the id at this time. */
  readonly count: number;
  readonly dimensions: readonly Cell[];
}

/** Bins that one analysis may have. */
export const maxBins = 10_000;

/** Rows of one combination of dimensions. */
interface Slice {
  readonly dimensions: readonly Cell[];
  readonly activities: readonly Activity[];
}

function slices(activities: readonly Activity[]): Slice[] {
  const found = new Map<string, { dimensions: readonly Cell[]; activities: Activity[] }>();
  for (const activity of activities) {
    const key = JSON.stringify(activity.dimensions.map(String));
    const slice = found.get(key) ?? { dimensions: activity.dimensions, activities: [] };
    found.set(key, slice);
    slice.activities.push(activity);
  }
  return [...found.values()];
}

function idsByBin(activities: readonly Activity[], timeline: Timeline): Map<bigint, Set<string>> {
  const bins = new Map<bigint, Set<string>>();
  for (const { id, time } of activities) {
    const bin = binOf(time, timeline);
    const ids = bins.get(bin) ?? new Set();
    bins.set(bin, ids);
    ids.add(id);
  }
  return bins;
}

const within = ({ start, end }: Timeline, activities: readonly Activity[]) =>
  activities.filter(({ time }) => time >= start && time <= end);

const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let count = 0;
  for (const id of a) if (b.has(id)) count++;
  return count;
}

function byId(activities: readonly Activity[]): Activity[][] {
  const found = new Map<string, Activity[]>();
  for (const activity of activities) {
    const own = found.get(activity.id);
    if (own === undefined) found.set(activity.id, [activity]);
    else own.push(activity);
  }
  return [...found.values()];
}

/** Events and ids of a window that moves forward over activities in their order. */
class MovingWindow {
  readonly #activities: readonly Activity[];
  readonly #ids = new Map<string, number>();
  #first = 0;
  #next = 0;
  #events = 0;

  constructor(activities: readonly Activity[]) {
    this.#activities = [...activities].sort((a, b) => ascending(a.time, b.time));
  }

  get events(): number {
    return this.#events;
  }

  get ids(): number {
    return this.#ids.size;
  }

  /** Moves to `from <= time < until`; neither bound goes back. */
  moveTo(from: bigint, until: bigint): void {
    for (
      let next = this.#activities[this.#next];
      next !== undefined && next.time < until;
      next = this.#activities[++this.#next]
    ) {
      this.#events += next.count;
      this.#ids.set(next.id, (this.#ids.get(next.id) ?? 0) + 1);
    }
    for (
      let first = this.#activities[this.#first];
      first !== undefined && this.#first < this.#next && first.time < from;
      first = this.#activities[++this.#first]
    ) {
      this.#events -= first.count;
      const left = (this.#ids.get(first.id) ?? 0) - 1;
      if (left === 0) this.#ids.delete(first.id);
      else this.#ids.set(first.id, left);
    }
  }
}

const none: ReadonlySet<string> = new Set();

/** Time, dimensions, events, ids, ids not seen in an earlier bin, ids seen so far. */
export function activityCounts(activities: readonly Activity[], timeline: Timeline): Cell[][] {
  return slices(within(timeline, activities)).flatMap(({ dimensions, activities: own }) => {
    const counts = new Map<bigint, number>();
    for (const { time, count } of own)
      counts.set(binOf(time, timeline), (counts.get(binOf(time, timeline)) ?? 0) + count);
    const seen = new Set<string>();
    return [...idsByBin(own, timeline)]
      .sort(([a], [b]) => ascending(a, b))
      .map(([bin, ids]) => {
        const before = seen.size;
        for (const id of ids) seen.add(id);
        const numbers = [counts.get(bin) ?? 0, ids.size, seen.size - before, seen.size];
        return [bin, ...dimensions, ...numbers.map(BigInt)];
      });
  });
}

/** Time, dimensions, ids, ids that the bin before has not, how many of that bin's stayed and left. */
export function activityMetrics(activities: readonly Activity[], timeline: Timeline): Cell[][] {
  return slices(within(timeline, activities)).flatMap(({ dimensions, activities: own }) => {
    const bins = idsByBin(own, timeline);
    let previous: ReadonlySet<string> = none;
    return binsOf(timeline, maxBins).flatMap((bin) => {
      const ids = bins.get(bin) ?? none;
      const [stayed, before] = [shared(ids, previous), previous.size];
      previous = ids;
      if (ids.size === 0) return [];
      const retention = before === 0 ? Number.NaN : stayed / before;
      return [[bin, ...dimensions, BigInt(ids.size), BigInt(ids.size - stayed), retention, 1 - retention]];
    });
  });
}

/** For each pair of bins: from, to, dimensions, new ids in the second, and of those new in the first how many stayed and left. */
export function newActivityMetrics(
  activities: readonly Activity[],
  timeline: Timeline,
  cohort: bigint | undefined,
  known: ReadonlySet<string>,
): Cell[][] {
  return slices(within(timeline, activities)).flatMap(({ dimensions, activities: own }) => {
    const byBin = idsByBin(own, timeline);
    const bins = binsOf(timeline, 500);
    const seen = new Set(known);
    return bins.flatMap((from, index) => {
      const members = new Set([...(byBin.get(from) ?? none)].filter((id) => !seen.has(id)));
      for (const id of byBin.get(from) ?? none) seen.add(id);
      if (members.size === 0 || (cohort !== undefined && binOf(cohort, timeline) !== from)) return [];
      return bins.slice(index).map((to): Cell[] => {
        const ids = byBin.get(to) ?? none;
        const stayed = to === from ? members.size : shared(members, ids);
        const fresh = to === from ? members.size : [...ids].filter((id) => !seen.has(id)).length;
        const left = members.size - stayed;
        return [
          from,
          to,
          ...dimensions,
          BigInt(fresh),
          BigInt(stayed),
          BigInt(left),
          stayed / members.size,
          left / members.size,
        ];
      });
    });
  });
}

/** Time, dimensions, ids of the bin, ids of the longer window that ends with it, the one by the other. */
export function activityEngagement(
  activities: readonly Activity[],
  timeline: Timeline,
  outer: bigint,
): Cell[][] {
  const early = activities.filter(({ time }) => time > timeline.start - outer && time <= timeline.end);
  return slices(early).flatMap(({ dimensions, activities: own }) => {
    const bins = idsByBin(own, timeline);
    const window = new MovingWindow(own);
    return binsOf(timeline, maxBins).flatMap((bin) => {
      const until = nextBin(bin, timeline.step);
      window.moveTo(until - outer, until);
      const inner = bins.get(bin)?.size ?? 0;
      if (inner === 0) return [];
      return [[bin, ...dimensions, BigInt(inner), BigInt(window.ids), inner / window.ids]];
    });
  });
}

/** Time, dimensions, events and ids of the window that ends with the bin. */
export function slidingWindowCounts(
  activities: readonly Activity[],
  timeline: Timeline,
  lookback: bigint,
): Cell[][] {
  const early = activities.filter(({ time }) => time <= timeline.end);
  return slices(early).flatMap(({ dimensions, activities: own }) => {
    const window = new MovingWindow(own);
    return binsOf(timeline, maxBins).flatMap((bin) => {
      const until = nextBin(bin, timeline.step);
      window.moveTo(until - lookback, until);
      return window.ids === 0 ? [] : [[bin, ...dimensions, BigInt(window.events), BigInt(window.ids)]];
    });
  });
}

/** Time, dimensions, ids that appeared in enough distinct periods of the window before one of their appearances in the bin. */
export function activeUsers(
  activities: readonly Activity[],
  timeline: Timeline,
  lookback: bigint,
  period: bigint,
  least: bigint,
): Cell[][] {
  return slices(activities).flatMap(({ dimensions, activities: own }) => {
    const active = new Map<bigint, Set<string>>();
    for (const appearances of byId(own)) {
      const times = appearances.map(({ time }) => time).sort(ascending);
      let first = 0;
      for (const [index, time] of times.entries()) {
        while ((times[first] ?? time) <= time - lookback) first++;
        if (time < timeline.start || time > timeline.end) continue;
        const periods = new Set(times.slice(first, index + 1).map((other) => floorDivide(other, period)));
        if (BigInt(periods.size) < least) continue;
        const bin = binOf(time, timeline);
        const ids = active.get(bin) ?? new Set();
        active.set(bin, ids);
        ids.add(appearances[0]?.id ?? '');
      }
    }
    return [...active]
      .sort(([a], [b]) => ascending(a, b))
      .map(([bin, ids]) => [bin, ...dimensions, BigInt(ids.size)]);
  });
}

/** Time, dimensions, sessions that have an event in the bin: a session ends when its id is not seen for longer than the window. */
export function sessionCounts(
  activities: readonly Activity[],
  timeline: Timeline,
  lookback: bigint,
): Cell[][] {
  return slices(within(timeline, activities)).flatMap(({ dimensions, activities: own }) => {
    const counts = new Map<bigint, number>();
    for (const appearances of byId(own)) {
      const times = appearances.map(({ time }) => time).sort(ascending);
      let previous: bigint | undefined;
      for (const time of times) {
        const bin = binOf(time, timeline);
        const isNew = previous === undefined || time - previous > lookback;
        if (isNew || (previous !== undefined && binOf(previous, timeline) !== bin))
          counts.set(bin, (counts.get(bin) ?? 0) + 1);
        previous = time;
      }
    }
    return [...counts]
      .sort(([a], [b]) => ascending(a, b))
      .map(([bin, count]) => [bin, ...dimensions, BigInt(count)]);
  });
}
