import { describe, expect, it } from 'vitest';
import { addToQuery, conditionOn } from './add-to-query.ts';

describe('a condition on a cell', () => {
  it('is written for the type of its column', () => {
    expect(conditionOn('FileName', 'String', 'a"b\\c', true)).toBe('FileName == "a\\"b\\\\c"');
    expect(conditionOn('N', 'Int64', 5, false)).toBe('N != 5');
    expect(conditionOn('T', 'DateTime', '2026-11-25T00:00:00.0000000Z', true)).toBe(
      'T == datetime(2026-11-25T00:00:00.0000000Z)',
    );
    expect(conditionOn('B', 'SByte', true, true)).toBe('B == true');
    expect(conditionOn('a b', 'String', 'x', true)).toBe('["a b"] == "x"');
    expect(conditionOn('N', 'Int64', null, false)).toBe('isnotnull(N)');
    expect(conditionOn('O', 'Object', {}, true)).toBeNull();
  });

  it('goes to the end of the query, but before what draws it', () => {
    expect(addToQuery('T\n| take 5;', 'A == 1')).toBe('T\n| take 5\n| where A == 1');
    expect(addToQuery('T | count | render piechart', 'A == 1')).toBe(
      'T | count\n| where A == 1\n| render piechart',
    );
  });
});
