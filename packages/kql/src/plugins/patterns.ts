import type { Cell } from './table.ts';

/** Patterns of shared values among rows: what autocluster, basket and diffpatterns look for. Pure. */

/** A distinct row and how much of each set it stands for. Sets are the whole for autocluster and basket, A and B for diffpatterns. */
export interface WeightedRow {
  readonly cells: readonly Cell[];
  readonly weights: readonly number[];
}

/** A value for some columns; null where any will do. */
export interface Pattern {
  readonly items: readonly (Item | null)[];
  readonly weights: readonly number[];
}

interface Item {
  readonly key: string;
  readonly cell: Cell;
}

/** Patterns that one call may look at. */
const maxExplored = 200_000;

/** A column's value as an item; null and '' are no value. */
function itemOf(cell: Cell): Item | null {
  return cell === null || cell === '' ? null : { key: `${typeof cell} ${String(cell)}`, cell };
}

interface Encoded {
  readonly items: readonly (Item | null)[];
  readonly weights: readonly number[];
}

const encode = (rows: readonly WeightedRow[]): Encoded[] =>
  rows.map(({ cells, weights }) => ({ items: cells.map(itemOf), weights }));

function total(rows: readonly Encoded[], sets: number): number[] {
  const sums = Array.from({ length: sets }, () => 0);
  for (const { weights } of rows)
    for (let set = 0; set < sets; set++) sums[set] = (sums[set] ?? 0) + (weights[set] ?? 0);
  return sums;
}

/** The values that all of the rows share. */
function closure(rows: readonly Encoded[], columns: number): (Item | null)[] {
  const [first, ...others] = rows;
  const shared: (Item | null)[] = Array.from({ length: columns }, (_, index) => first?.items[index] ?? null);
  for (const { items } of others) {
    for (let index = 0; index < columns; index++)
      if (shared[index]?.key !== items[index]?.key) shared[index] = null;
  }
  return shared;
}

const keyOf = (items: readonly (Item | null)[]) => JSON.stringify(items.map((item) => item?.key ?? null));

/**
 * Every closed pattern (one that has all the values which its rows share) with at least `least` of some set, of at most `maxDimensions` chosen
 * values. @throws RangeError when there are too many to look at
 */
function closedPatterns(
  rows: readonly Encoded[],
  columns: number,
  sets: number,
  least: readonly number[],
  maxDimensions: number,
): Pattern[] {
  const found = new Map<string, Pattern>();
  let explored = 0;
  const isFrequent = (weights: readonly number[]) =>
    weights.some((weight, set) => weight > 0 && weight >= (least[set] ?? 0));
  const visit = (own: readonly Encoded[], fromColumn: number, depth: number) => {
    for (let column = fromColumn; column < columns; column++) {
      const byValue = new Map<string, Encoded[]>();
      for (const row of own) {
        const item = row.items[column];
        if (item === null || item === undefined) continue;
        const group = byValue.get(item.key);
        if (group === undefined) byValue.set(item.key, [row]);
        else group.push(row);
      }
      for (const group of byValue.values()) {
        if (++explored > maxExplored) throw new RangeError(`more than ${maxExplored} candidate patterns`);
        const weights = total(group, sets);
        if (!isFrequent(weights)) continue;
        const items = closure(group, columns);
        const key = keyOf(items);
        if (!found.has(key)) found.set(key, { items, weights });
        if (depth < maxDimensions) visit(group, column + 1, depth + 1);
      }
    }
  };
  visit(rows, 0, 1);
  return [...found.values()];
}

const size = (pattern: Pattern) => pattern.items.filter((item) => item !== null).length;

/** Most frequent first; of equals, the more specific. */
const byWeight = (a: Pattern, b: Pattern) => (b.weights[0] ?? 0) - (a.weights[0] ?? 0) || size(b) - size(a);

/** The frequent patterns. */
export function basket(rows: readonly WeightedRow[], threshold: number, maxDimensions: number): Pattern[] {
  const encoded = encode(rows);
  const [all = 0] = total(encoded, 1);
  const columns = rows[0]?.cells.length ?? 0;
  return closedPatterns(encoded, columns, 1, [all * threshold], maxDimensions).sort(byWeight);
}

/** A few patterns that balance how much they cover with how much they say. */
export function autocluster(rows: readonly WeightedRow[], sizeWeight: number, seeds: number): Pattern[] {
  const encoded = encode(rows);
  const [all = 0] = total(encoded, 1);
  const columns = rows[0]?.cells.length ?? 0;
  if (all === 0 || columns === 0) return [];
  const score = (items: readonly (Item | null)[], covered: number) => {
    const said = items.filter((item) => item !== null).length;
    return said === 0 ? 0 : (covered / all) ** sizeWeight * (said / columns) ** (1 - sizeWeight);
  };
  const covers = (items: readonly (Item | null)[]) =>
    encoded.filter((row) =>
      items.every((item, index) => item === null || row.items[index]?.key === item.key),
    );
  const found = new Map<string, Pattern & { readonly score: number }>();
  const starts = [...encoded].sort((a, b) => (b.weights[0] ?? 0) - (a.weights[0] ?? 0)).slice(0, seeds);
  for (const start of starts) {
    let items: readonly (Item | null)[] = start.items;
    let covered = covers(items);
    let best = score(items, total(covered, 1)[0] ?? 0);
    for (;;) {
      // One value less, wherever that gains most.
      const options = items.flatMap((item, index) => {
        if (item === null) return [];
        const fewer = items.map((other, at) => (at === index ? null : other));
        const own = covers(fewer);
        return [{ items: fewer, covered: own, score: score(fewer, total(own, 1)[0] ?? 0) }];
      });
      const next = options.sort((a, b) => b.score - a.score)[0];
      if (next === undefined || next.score < best) break;
      ({ items, covered, score: best } = next);
    }
    const closed = closure(covered, columns);
    if (closed.some((item) => item !== null))
      found.set(keyOf(closed), { items: closed, weights: total(covered, 1), score: best });
  }
  const ranked = [...found.values()].sort((a, b) => b.score - a.score || byWeight(a, b));
  const floor = (ranked[0]?.score ?? 0) * 0.4;
  return ranked.filter((pattern, index) => index < 20 && pattern.score >= floor);
}

/** Patterns whose share of the one set differs most from their share of the other; none of them contains another. */
export function diffpatterns(
  rows: readonly WeightedRow[],
  threshold: number,
  maxDimensions: number,
): { patterns: Pattern[]; totals: number[] } {
  const encoded = encode(rows);
  const totals = total(encoded, 2);
  const columns = rows[0]?.cells.length ?? 0;
  const share = (pattern: Pattern, set: number) =>
    totals[set] === 0 ? 0 : (pattern.weights[set] ?? 0) / (totals[set] ?? 1);
  const difference = (pattern: Pattern) => Math.abs(share(pattern, 0) - share(pattern, 1));
  const candidates = closedPatterns(
    encoded,
    columns,
    2,
    totals.map((sum) => sum * threshold),
    maxDimensions,
  )
    .filter((pattern) => difference(pattern) >= threshold)
    .sort((a, b) => difference(b) - difference(a) || size(b) - size(a));
  const patterns: Pattern[] = [];
  for (const candidate of candidates) {
    if (!patterns.some((kept) => isWithin(kept, candidate) || isWithin(candidate, kept)))
      patterns.push(candidate);
  }
  return { patterns, totals };
}

function isWithin(inner: Pattern, outer: Pattern): boolean {
  return inner.items.every((item, index) => item === null || outer.items[index]?.key === item.key);
}
