import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tooDeepAt } from './nesting.ts';

describe('nesting', () => {
  it('is measured in brackets that are open at once', () => {
    expect(tooDeepAt(`${'('.repeat(250)}${')'.repeat(250)}`)).toBeUndefined();
    expect(tooDeepAt('()'.repeat(10_000))).toBeUndefined();
    expect(tooDeepAt(`x ${'(['.repeat(126)}`)).toBe(252);
  });

  it('passes over strings and comments', () => {
    const many = '('.repeat(1_000);
    expect(tooDeepAt(`print "${many}", '${many}', @"c:\\${many}" // ${many}`)).toBeUndefined();
  });

  it('takes any text, in linear time', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', "'", '\\', '@', '/', '(', '\n', 'a'), maxLength: 5_000 }),
        (text) => {
          tooDeepAt(text);
        },
      ),
      { numRuns: 50 },
    );
    tooDeepAt('"\\'.repeat(50_000));
  });
});
