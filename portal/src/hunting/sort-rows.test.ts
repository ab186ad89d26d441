import { describe, expect, it } from 'vitest';
import { sortRows } from './sort-rows.ts';

const values = (input: unknown[], Type: 'Int64' | 'String', descending: boolean) =>
  sortRows(
    input.map((A) => ({ A })),
    { Name: 'A', Type },
    descending,
  ).map(({ A }) => A);

describe('sortRows', () => {
  it('orders numbers by size, also those past 2^53 that come as text', () => {
    expect(values([10, 9, '9007199254740993'], 'Int64', false)).toEqual([9, 10, '9007199254740993']);
    expect(values([10, 9], 'String', false)).toEqual([10, 9]);
  });

  it('puts missing values last either way', () => {
    expect(values([null, 'b', 'a'], 'String', false)).toEqual(['a', 'b', null]);
    expect(values([null, 'b', 'a'], 'String', true)).toEqual(['b', 'a', null]);
  });
});
