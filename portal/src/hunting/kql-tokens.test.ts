import { describe, expect, it } from 'vitest';
import { type KqlTokenKind, tokenizeKql } from './kql-tokens.ts';

const tables = new Set(['DeviceProcessEvents']);
const kinds = (text: string) =>
  tokenizeKql(text, tables).map(({ kind, text: own }): [KqlTokenKind, string] => [kind, own]);
const only = (kind: KqlTokenKind, text: string) =>
  kinds(text)
    .filter(([own]) => own === kind)
    .map(([, own]) => own);

describe('tokenizeKql', () => {
  it('tells operators, tables, functions and names apart', () => {
    expect(kinds('DeviceProcessEvents | where FileName =~ "sh" and Timestamp > ago(1d)')).toEqual([
      ['table', 'DeviceProcessEvents'],
      ['symbol', '|'],
      ['operator', 'where'],
      ['name', 'FileName'],
      ['symbol', '=~'],
      ['string', '"sh"'],
      ['word', 'and'],
      ['name', 'Timestamp'],
      ['symbol', '>'],
      ['function', 'ago'],
      ['symbol', '('],
      ['time', '1d'],
      ['symbol', ')'],
    ]);
  });

  it('knows words that hold more than letters', () => {
    expect(only('operator', 'T | project-away A | mv-expand B')).toEqual(['project-away', 'mv-expand']);
    expect(only('word', 'T | where A !in~ (1) or B !has_cs "x" or C has_any (2)')).toEqual([
      '!in~',
      'or',
      '!has_cs',
      'or',
      'has_any',
    ]);
  });

  it('takes a column that is called like an operator for a name', () => {
    expect(kinds('T | summarize count() by where')).toContainEqual(['name', 'where']);
    expect(kinds('T | summarize count()')).toContainEqual(['function', 'count']);
    expect(kinds('T | count')).toContainEqual(['operator', 'count']);
  });

  it('keeps what is inside strings and comments together', () => {
    expect(only('string', String.raw`x == "a \" | b" and y == @'c\' and z == h'd'`)).toEqual([
      String.raw`"a \" | b"`,
      String.raw`@'c\'`,
      `h'd'`,
    ]);
    expect(kinds('T // a | b\n| take 5')).toEqual([
      ['name', 'T'],
      ['comment', '// a | b'],
      ['symbol', '|'],
      ['operator', 'take'],
      ['number', '5'],
    ]);
    expect(only('string', 'print ```a\n"b"``` + 1')).toEqual(['```a\n"b"```']);
  });

  it('ends a string that is not closed with its line', () => {
    expect(only('string', 'where a == "open\n| take 1')).toEqual(['"open']);
  });

  it('covers every character but white space, in order, whatever the text', () => {
    for (const text of ['', '"', "h@'", '```', '\\', '🙂 | ?', '..1..2', 'a!b', '!in', '1x 0xfg 1e']) {
      const tokens = tokenizeKql(text, tables);
      expect(
        tokens
          .map(({ text: own }) => own)
          .join('')
          .replaceAll(/\s/g, ''),
      ).toBe(text.replaceAll(/\s/g, ''));
      for (const [i, token] of tokens.entries())
        expect(token.from).toBeGreaterThanOrEqual(tokens[i - 1]?.to ?? 0);
    }
  });
});
