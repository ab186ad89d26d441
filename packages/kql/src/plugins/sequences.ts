import type { Cell } from './table.ts';
import { binOf, type Timeline } from './timeline.ts';

/** What happened after what, for each id. Pure. */

export interface SequenceEvent {
  readonly key: readonly Cell[];
  readonly time: bigint;
  /** Whether the event is one of each step. */
  readonly steps: readonly boolean[];
}

/** Occurrences that one query may find. */
export const maxOccurrences = 100_000;

const ascending = (a: { readonly time: bigint }, b: { readonly time: bigint }) =>
  a.time < b.time ? -1 : a.time > b.time ? 1 : 0;

function groups<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const group = found.get(key(item));
    if (group === undefined) found.set(key(item), [item]);
    else group.push(item);
  }
  return [...found.values()];
}

/**
 * Every chain of events, one of each step, that follow one another within the bounds: the key, the time of each step, how long it all took.
 * @throws RangeError when there are more than {@link maxOccurrences}
 */
export function detectSequences(
  events: readonly SequenceEvent[],
  stepCount: number,
  maxStep: bigint,
  maxSpan: bigint,
): Cell[][] {
  const rows: Cell[][] = [];
  const seen = new Set<string>();
  for (const group of groups(events, ({ key }) => JSON.stringify(key.map(String)))) {
    const ordered = [...group].sort(ascending);
    const byStep = Array.from({ length: stepCount }, (_, step) =>
      ordered.filter((event) => event.steps[step] === true),
    );
    let chains: bigint[][] = (byStep[0] ?? []).map(({ time }) => [time]);
    for (const candidates of byStep.slice(1)) {
      chains = chains.flatMap((chain) => {
        const [first = 0n, last = 0n] = [chain[0], chain.at(-1)];
        return candidates
          .filter(({ time }) => time > last && time - last <= maxStep && time - first <= maxSpan)
          .map(({ time }) => [...chain, time]);
      });
      if (chains.length > maxOccurrences) throw new RangeError(`more than ${maxOccurrences} sequences`);
    }
    for (const chain of chains) {
      const [first = 0n, last = 0n] = [chain[0], chain.at(-1)];
      const row = [...(group[0]?.key ?? []), ...chain, last - first];
      const identity = JSON.stringify(row.map(String));
      if (seen.has(identity)) continue;
      seen.add(identity);
      rows.push(row);
      if (rows.length > maxOccurrences) throw new RangeError(`more than ${maxOccurrences} sequences`);
    }
  }
  return rows;
}

export interface StateEvent {
  readonly id: string;
  readonly time: bigint;
  readonly state: string;
}

/** Ids that a row of a funnel names. */
const maxSamples = 128;

/**
 * What came before and after a sequence of states: time, previous, next, ids, some of the ids. A state that repeats counts once.
 */
export function funnel(
  events: readonly StateEvent[],
  sequence: readonly string[],
  maxStep: bigint,
  timeline: Timeline,
): Cell[][] {
  const found = new Map<
    string,
    { readonly bin: bigint; readonly prev: string; readonly next: string; readonly ids: Set<string> }
  >();
  for (const own of groups(events, ({ id }) => id)) {
    const states = [...own]
      .sort(ascending)
      .filter((event, index, all) => event.state !== all[index - 1]?.state);
    const isNear = (a: StateEvent | undefined, b: StateEvent | undefined) =>
      a !== undefined && b !== undefined && b.time - a.time <= maxStep;
    for (let start = 0; start + sequence.length <= states.length; start++) {
      const matched = sequence.every(
        (state, offset) =>
          states[start + offset]?.state === state &&
          (offset === 0 || isNear(states[start + offset - 1], states[start + offset])),
      );
      const first = states[start];
      if (!matched || first === undefined || first.time < timeline.start || first.time > timeline.end)
        continue;
      const [before, last, after] = [
        states[start - 1],
        states[start + sequence.length - 1],
        states[start + sequence.length],
      ];
      const prev = isNear(before, first) ? (before?.state ?? '') : '';
      const next = isNear(last, after) ? (after?.state ?? '') : '';
      const bin = binOf(first.time, timeline);
      const key = JSON.stringify([String(bin), prev, next]);
      const row = found.get(key) ?? { bin, prev, next, ids: new Set<string>() };
      found.set(key, row);
      row.ids.add(first.id);
    }
  }
  return [...found.values()]
    .sort((a, b) => (a.bin < b.bin ? -1 : a.bin > b.bin ? 1 : b.ids.size - a.ids.size))
    .map(({ bin, prev, next, ids }) => [
      bin,
      prev,
      next,
      BigInt(ids.size),
      JSON.stringify([...ids].slice(0, maxSamples)),
    ]);
}

/** How many ids got how far through a sequence within each of the periods: time, state, period, ids. */
export function funnelCompletion(
  events: readonly StateEvent[],
  sequence: readonly string[],
  periods: readonly bigint[],
  timeline: Timeline,
): Cell[][] {
  const inside = events.filter(({ time }) => time >= timeline.start && time <= timeline.end);
  const byBin = groups(inside, ({ time }) => String(binOf(time, timeline)));
  return byBin
    .map((own) => ({ bin: binOf(own[0]?.time ?? 0n, timeline), ids: groups(own, ({ id }) => id) }))
    .sort((a, b) => (a.bin < b.bin ? -1 : 1))
    .flatMap(({ bin, ids }) =>
      periods.flatMap((period) => {
        const reached = sequence.map(() => 0);
        for (const own of ids) {
          const steps = furthest([...own].sort(ascending), sequence, period);
          for (let step = 0; step < steps; step++) reached[step] = (reached[step] ?? 0) + 1;
        }
        return sequence.map((state, step): Cell[] => [bin, state, period, BigInt(reached[step] ?? 0)]);
      }),
    );
}

/** The most steps that are taken, one after the other, within the period from any event of the first. */
function furthest(events: readonly StateEvent[], sequence: readonly string[], period: bigint): number {
  let most = 0;
  for (const [index, first] of events.entries()) {
    if (first.state !== sequence[0]) continue;
    let steps = 1;
    for (const event of events.slice(index + 1)) {
      if (event.time - first.time > period || steps === sequence.length) break;
      if (event.state === sequence[steps]) steps++;
    }
    most = Math.max(most, steps);
    if (most === sequence.length) break;
  }
  return most;
}
