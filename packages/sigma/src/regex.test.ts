import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compileRegex, requiredLiteral } from './regex.ts';

const regex = (source: string, ignoreCase = false) => ({
  source,
  ignoreCase,
  multiline: false,
  dotAll: false,
});

describe('requiredLiteral', () => {
  it.each([
    ['nc(at)? -e /bin/(ba)?sh', ' -e /bin/'],
    ['abc+d', 'ab'],
    ['abc{0,3}def', 'def'],
    ['a\\.exe$', 'a.exe'],
    ['[abc]def', 'def'],
    ['abc|def', null],
    ['a(b|c)def', 'def'],
    ['(?i)abcdef', null],
    ['\\x41bcd', null],
    ['a{b|c}d', null],
    ['\\Qabc\\E', null],
    ['(abc)?', null],
    ['[]]ab', 'ab'],
    ['[^]x]ab', 'ab'],
    ['[[:alpha:]]ab', 'ab'],
  ])('of %j is %j', (source, expected) => {
    expect(requiredLiteral(regex(source), 2)).toBe(expected);
  });

  it('is not sure of s without case: RE2 takes the long s for it', () => {
    expect(compileRegex(regex('ssh', true))('ſſH')).toBe(true);
    expect(requiredLiteral(regex('ssh-ab', true), 2)).toBe('h-ab');
  });

  it('stands in every match', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'ab',
      '\\.',
      '.',
      '*',
      '+',
      '?',
      '(',
      ')',
      '(?:',
      '[',
      ']',
      '[^a]',
      '|',
      '{',
      '}',
      '{0}',
      '{2}',
      '{0,1}',
      '^',
      '$',
      '\\b',
      '\\w',
      '-',
    );
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '{', '}', '|'), maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.array(text, { minLength: 20, maxLength: 20 }),
        (pieces, texts) => {
          const source = pieces.join('');
          let test: (text: string) => boolean;
          try {
            const compiled = RE2JS.compile(source);
            test = (one) => compiled.matcher(one).find();
          } catch {
            return;
          }
          const literal = requiredLiteral(regex(source), 1);
          if (literal !== null) for (const one of texts) if (test(one)) expect(one).toContain(literal);
        },
      ),
      { numRuns: 1_500 },
    );
  });
});
