import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { kustoLibrary } from './bind/library.ts';
import { coveragePage } from './coverage.ts';
import { aggregates } from './lower/aggregates/index.ts';
import { scalarFunctions } from './lower/functions/index.ts';

describe('the coverage page', () => {
  it('is current: run `node packages/kql/scripts/write-coverage.mjs`', async () => {
    const page = new URL('../../../docs/reference/kql-coverage.md', import.meta.url);
    expect(await readFile(page, 'utf8')).toBe(coveragePage());
  }, 60_000);

  it('names only functions and aggregates that the language has', () => {
    const library = kustoLibrary();
    const known = new Set([...library.Functions.All, ...library.Aggregates.All].map((symbol) => symbol.Name));
    expect([...scalarFunctions.keys(), ...aggregates.keys()].filter((name) => !known.has(name))).toEqual([]);
  });
});
