/**
 * Splits a line, such as the `Args` of a script, into its words: at blanks, but for those in single or double quotes or behind a backslash. Nothing else means
 * anything: no variable, pattern or command is ever looked at, since no shell sees them.
 */
/** @throws Error when a quote is not closed, or nothing follows the last backslash */
export function splitWords(text: string): string[] {
  const found: string[] = [];
  let current: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "'") {
      if (character === "'") quote = null;
      else current += character;
    } else if (character === '\\') {
      at += 1;
      if (at === text.length) throw new Error('the line ends with a backslash');
      const next = text.charAt(at);
      // Between double quotes it is itself, unless it protects a quote or another of its kind.
      current = (current ?? '') + (quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next);
    } else if (quote === '"') {
      if (character === '"') quote = null;
      else current += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      current ??= '';
    } else if (/\s/.test(character)) {
      if (current !== null) found.push(current);
      current = null;
    } else {
      current = (current ?? '') + character;
    }
  }
  if (quote !== null) throw new Error(`a ${quote} is not closed`);
  if (current !== null) found.push(current);
  return found;
}
