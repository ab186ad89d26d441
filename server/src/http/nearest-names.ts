/** Names that somebody may have meant. Pure. */

/** Longer ones are compared by their beginning, so that what a stranger sends costs little. */
const COMPARED = 64;

/** The names nearest to what was written, best first; letter case counts least. */
export function nearestNames(written: string, names: readonly string[], most: number): string[] {
  const meant = written.slice(0, COMPARED).toLowerCase();
  return names
    .map((name) => ({ name, distance: distanceTo(name.slice(0, COMPARED).toLowerCase(), meant) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ name }) => name);
}

/** The one name that was meant but for a slip; null: none, or it cannot be told. */
export function slipOf(written: string, names: readonly string[]): string | null {
  const [name] = nearestNames(written, names, 1);
  if (name === undefined) return null;
  const distance = distanceTo(name.toLowerCase(), written.slice(0, COMPARED).toLowerCase());
  return distance <= Math.floor(name.length / 4) ? name : null;
}

/** Levenshtein's: letters to insert, leave out or exchange. */
function distanceTo(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column += 1)
      next.push(
        Math.min(
          (next[column - 1] ?? 0) + 1,
          (row[column] ?? 0) + 1,
          (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[to.length] ?? from.length;
}
