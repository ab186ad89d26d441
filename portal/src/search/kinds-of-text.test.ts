import { describe, expect, it } from 'vitest';
import { thingsNamed } from './kinds-of-text.ts';

const kinds = (text: string) => thingsNamed(text).map(({ kind }) => kind);

describe('what a text may be', () => {
  it('is read from its form', () => {
    expect(kinds('a'.repeat(40))).toEqual(['device', 'file']);
    expect(kinds('b'.repeat(64))).toEqual(['file']);
    expect(kinds(' 203.0.113.7 ')).toEqual(['ip']);
    expect(kinds('2001:db8::1')).toEqual(['ip']);
    expect(kinds('da639000000000000000_-12')).toEqual(['alert']);
    expect(thingsNamed('https://Evil.Example/a?b=c')).toEqual([{ kind: 'domain', host: 'evil.example' }]);
  });

  it('is nothing by itself where it only looks like something', () => {
    for (const text of [
      '',
      'web',
      '203.0.113.777',
      'a:b',
      'javascript:alert(1)',
      '1.2',
      'https://[',
      'x'.repeat(300),
    ]) {
      expect(kinds(text), text).toEqual([]);
    }
  });
});
