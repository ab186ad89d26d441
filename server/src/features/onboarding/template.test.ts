import { describe, expect, it } from 'vitest';
import { filledIn, withLineEnds } from './template.ts';

const templates = {
  text(path: string) {
    const found: Record<string, string> = {
      'a.sh': 'say "@@name@@"\n',
      'b.ps1': 'a\nb\n',
      'outer.sh': '[@@include:a.sh@@]',
      'loop.sh': '@@include:loop.sh@@',
    };
    const text = found[path];
    if (text === undefined) throw new Error(`no template ${path}`);
    return text;
  },
};
const fill = (text: string) => filledIn(text, { name: 'x' }, templates);

describe('a template', () => {
  it.each([
    ['@@name@@-@@name@@', 'x-x'],
    ['@@include:outer.sh@@', '[say "x"\n]'],
    ['@@base64:a.sh@@', Buffer.from('say "x"\n').toString('base64')],
    ['"@@json:a.sh@@"', JSON.stringify('say "x"\n')],
    // Windows scripts keep their line ends wherever they are carried.
    ['"@@json:b.ps1@@"', JSON.stringify('a\r\nb\r\n')],
    ['{{ helm }} $shell @splat', '{{ helm }} $shell @splat'],
  ])('%s is filled in', (text, expected) => {
    expect(fill(text)).toBe(expected);
  });

  it.each([
    ['@@nothing@@', /asks for @@nothing@@/],
    ['@@include:none@@', /no template none/],
    ['@@swallow:a.sh@@', /asks for @@swallow:a.sh@@/],
    ['@@include:loop.sh@@', /too deeply/],
  ])('%s is refused', (text, message) => {
    expect(() => fill(text)).toThrow(message);
  });

  it('keeps line ends as they should be, once', () => {
    expect(withLineEnds('a.cmd', 'a\r\nb\n')).toBe('a\r\nb\r\n');
    expect(withLineEnds('a.sh', 'a\nb\n')).toBe('a\nb\n');
  });
});
