import { expect, it } from 'vitest';
import type { TestEngine } from './engine.ts';

/** A query and the rows it gives, in order. */
export type Case = readonly [query: string, rows: readonly (readonly unknown[])[]];

/** One test a case. */
export function checkCases(engine: () => TestEngine, cases: readonly Case[]): void {
  it.each(cases)('%s', (query, rows) => {
    expect(engine().rows(query)).toEqual(rows);
  });
}

/** `print` of one expression, and its value. */
export function checkValues(
  engine: () => TestEngine,
  values: readonly (readonly [expression: string, value: unknown])[],
): void {
  it.each(values)('%s', (expression, value) => {
    expect(engine().rows(`print x = ${expression}`)).toEqual([[value]]);
  });
}
