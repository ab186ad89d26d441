import { describe, expect, it } from 'vitest';
import { splitWords } from './split-words.ts';

describe('words of a line', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['   ', []],
    ['a  b\tc\n', ['a', 'b', 'c']],
    [`-n "two words" 'and $HOME' x"y"z`, ['-n', 'two words', 'and $HOME', 'xyz']],
    [`"" ''`, ['', '']],
    [String.raw`a\ b \"c\" "d\"e" "f\\g" "h\n" 'i\j'`, ['a b', '"c"', 'd"e', 'f\\g', 'h\\n', 'i\\j']],
    [
      '$(id) `id` *; rm -rf / | x > y & #',
      ['$(id)', '`id`', '*;', 'rm', '-rf', '/', '|', 'x', '>', 'y', '&', '#'],
    ],
  ])('%j', (text, expected) => {
    expect(splitWords(text)).toEqual(expected);
  });

  it.each(['"open', "'open", 'end\\', `a "b' c`])('refuses %j', (text) => {
    expect(() => splitWords(text)).toThrow();
  });
});
