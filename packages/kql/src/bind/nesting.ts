/** Brackets inside one another that a query may have. The library takes seconds to give up on thousands. */
const maxNesting = 250;

/**
 * Where a text nests brackets deeper than any query does; undefined for one that does not. Strings and comments are passed over by their
 * plain rules, an unclosed string to the end of its line: a text that plays tricks with them is at worst refused here or later by the parser.
 */
export function tooDeepAt(text: string): number | undefined {
  let depth = 0;
  let index = 0;
  while (index < text.length) {
    const character = text[index];
    if (character === '"' || character === "'") {
      index = endOfString(text, index, character, text[index - 1] === '@');
      continue;
    }
    if (character === '/' && text[index + 1] === '/') {
      index = endOfLine(text, index);
      continue;
    }
    if (character === '(' || character === '[' || character === '{') depth++;
    else if (character === ')' || character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (depth > maxNesting) return index;
    index++;
  }
  return undefined;
}

/** Just after the closing quote, or the end of the line when there is none. */
function endOfString(text: string, start: number, quote: string, verbatim: boolean): number {
  let index = start + 1;
  while (index < text.length) {
    const character = text[index];
    if (character === quote) return index + 1;
    if (character === '\n') return index;
    index += character === '\\' && !verbatim ? 2 : 1;
  }
  return index;
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end;
}
