/** Brackets inside one another that a query may have. The library takes seconds to give up on thousands. */
const maxNesting = 250;

/**
 * Where a text nests brackets deeper than any query does; undefined for one that does not. Strings and comments are passed over by their
 * plain rules: a text that plays tricks with them is at worst refused here or later by the parser.
 */
export function tooDeepAt(text: string): number | undefined {
  let depth = 0;
  const token =
    /\/\/[^\n]*|@"(?:[^"]|"")*"|@'(?:[^']|'')*'|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[()[\]{}]/g;
  for (const { 0: found, index } of text.matchAll(token)) {
    if (found === '(' || found === '[' || found === '{') depth++;
    else if (found === ')' || found === ']' || found === '}') depth = Math.max(0, depth - 1);
    if (depth > maxNesting) return index;
  }
  return undefined;
}
