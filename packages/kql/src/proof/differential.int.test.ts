import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { type Table, wire } from './evaluator/value.ts';
import { drawPipeline, type Pipeline } from './pipelines.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
}, 120_000);
afterAll(() => engine.close());

/** How many times the usual number of queries to try. */
const thoroughness = Number(process.env.MERLON_FUZZ_FACTOR ?? 1);

function wireRows({ columns, rows }: Table): unknown[][] {
  return rows.map((row) =>
    columns.map(({ name, type }) => wire(row[name] ?? (type === 'string' ? '' : null), type)),
  );
}

/** Fifteen digits of a real: the order of additions is open. */
function canonical(rows: readonly unknown[][], ordered: boolean): string[] {
  const texts = rows.map((row) =>
    JSON.stringify(row, (_, value: unknown) =>
      typeof value === 'number' ? Number(value.toPrecision(12)) + 0 : sortedKeys(value),
    ),
  );
  return ordered ? texts : texts.sort();
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function agrees({ kql, result, ordered }: Pipeline): void {
  const given = engine.table(kql);
  expect(given.columns.map(({ name }) => name).sort(), kql).toEqual(
    result.columns.map(({ name }) => name).sort(),
  );
  const at = result.columns.map(({ name }) => given.columns.findIndex((column) => column.name === name));
  const rows = given.rows.map((row) => at.map((index) => row[index]));
  expect(canonical(rows, ordered), kql).toEqual(canonical(wireRows(result), ordered));
}

it('gives what an obvious evaluator gives', () => {
  fc.assert(
    fc.property(fc.gen(), (draw) => agrees(drawPipeline(draw))),
    // What is drawn step by step does not shrink to anything smaller worth the wait.
    { numRuns: 300 * thoroughness, seed: 20_261_125 + thoroughness, endOnFailure: true },
  );
}, 1_800_000);
