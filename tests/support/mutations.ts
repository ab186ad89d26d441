/** Damage for parsers: a good value with some of it changed, dropped, doubled or replaced by anything. */
import fc from 'fast-check';

/** How often a fuzz test tries. `MERLON_FUZZ_RUNS=100000` for the long run. */
export const fuzzRuns = Number(process.env['MERLON_FUZZ_RUNS'] ?? 2_000);

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    '',
    -1,
    2 ** 53,
    1e308,
    [],
    {},
    '__proto__',
    'x'.repeat(5_000),
    '\u0000',
    '\ud800',
  ),
);

/** Values that are the good one but for a few places. */
export function mutated(good: object): fc.Arbitrary<unknown> {
  const paths = pathsOf(good);
  const change = fc.record({
    path: fc.constantFrom(...paths),
    how: fc.constantFrom('replace', 'drop', 'rename', 'add'),
    by: anything,
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const value = structuredClone(good) as Record<string, unknown>;
    for (const { path, how, by } of changes) apply(value, path, how, by);
    return value;
  });
}

function pathsOf(value: unknown, at: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...at]];
  return Object.entries(value).flatMap(([key, member]) => [[...at, key], ...pathsOf(member, [...at, key])]);
}

function apply(root: Record<string, unknown>, path: readonly string[], how: string, by: unknown): void {
  let holder: Record<string, unknown> = root;
  for (const key of path.slice(0, -1)) {
    const next = holder[key];
    if (typeof next !== 'object' || next === null) return;
    holder = next as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last === undefined) return;
  switch (how) {
    case 'replace':
      holder[last] = by;
      return;
    case 'drop':
      delete holder[last];
      return;
    case 'rename':
      holder[`${last}x`] = holder[last];
      delete holder[last];
      return;
    default:
      holder['added'] = by;
  }
}
