import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, fold, parsePattern, plainText, widen, withAnyDash } from './string-pattern.ts';
import { like } from './testing.ts';

const matches = (pattern: string, text: string) => compilePattern(parsePattern(pattern), false)(text);

describe('parsePattern', () => {
  it.each([
    ['C:\\Windows\\cmd.exe', 'C:\\Windows\\cmd.exe'],
    ['a\\\\b', 'a\\b'],
    ['\\*', '*'],
    ['\\\\\\*', '\\*'],
    ['\\\\\\\\', '\\\\'],
    ['\\\\\\', '\\\\'],
    ['end\\', 'end\\'],
  ])('reads %j as the text %j', (pattern, text) => {
    expect(plainText(parsePattern(pattern))).toBe(text);
  });

  it('takes a star behind an escaped backslash for a wildcard', () => {
    expect(parsePattern('\\\\*').parts).toEqual([{ literal: '\\' }, { wildcard: 'any' }]);
  });
});

describe('compilePattern', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'acd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*a*b*', 'xbxa', false],
    ['ab*ba', 'aba', false],
    ['*aab', 'aaab', true],
    ['*a?b*', 'aab', true],
    ['*b?c*c', 'bxbxcc', true],
    ['???', 'ab', false],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('means what its regular expression means', () => {
    const alphabet = { unit: fc.constantFrom('a', 'b', 'A', '*', '?', '\\', '-', '/', '\n') };
    fc.assert(
      fc.property(
        fc.string({ ...alphabet, maxLength: 10 }),
        fc.string({ ...alphabet, maxLength: 14 }),
        fc.constantFrom('both', 'start', 'end', null),
        fc.boolean(),
        (source, text, around, dashes) => {
          let pattern = parsePattern(source);
          if (dashes) pattern = withAnyDash(pattern);
          if (around) pattern = widen(pattern, around);
          expect(compilePattern(pattern, false)(text)).toBe(like(pattern, text));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('takes every dash for the dash of an option, and no other', () => {
    const fits = compilePattern(widen(withAnyDash(parsePattern('cmd -enc a-b')), 'both'), false);
    expect(fits('x cmd /enc a-b')).toBe(true);
    expect(fits('x cmd \u2013enc a-b')).toBe(true);
    expect(fits('x cmd -enc a/b')).toBe(false);
  });
});

describe('fold', () => {
  it('folds a part as it folds the whole', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: fc.constantFrom('Σ', 'ς', 'σ', 'İ', 'ß', 'A', ' ', 'K') }),
        (a, b) => {
          expect(fold(a + b)).toBe(fold(a) + fold(b));
        },
      ),
    );
  });
});
