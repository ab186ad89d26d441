import { describe, expect, it } from 'vitest';
import { queryProblem } from './query-problem.ts';

describe('queryProblem', () => {
  const query = 'DeviceInfo\n| where Colour == 1';

  it('finds line and column of the place', () => {
    expect(
      queryProblem("The name 'Colour' does not refer to anything. (at position 19, length 6)", query),
    ).toEqual({
      message: "The name 'Colour' does not refer to anything.",
      place: { from: 19, length: 6 },
      line: 2,
      column: 9,
    });
  });

  it('leaves a message without a place as it is', () => {
    expect(queryProblem('The query was cancelled.', query)).toMatchObject({
      message: 'The query was cancelled.',
      place: null,
    });
  });

  it('stays inside the query', () => {
    expect(queryProblem('x (at position 999, length 5)', query).place).toEqual({
      from: query.length,
      length: 0,
    });
  });
});
