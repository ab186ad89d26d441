/** Query texts as records keep them. Pure. */

/** `h"…"`, `h'…'`, `h@"…"` and `h"""…"""`-like strings: Kusto's sign that what is inside belongs in no log. */
const OBFUSCATED = /\b[hH](@?)(```[\s\S]*?```|~~~[\s\S]*?~~~|"(?:[^"\\\n]|\\.|"")*"|'(?:[^'\\\n]|\\.|'')*')/g;
const KEPT_CHARACTERS = 32_768;

/** The text without what its author marked as secret, and no longer than a record should be. */
export function recordedText(text: string): string {
  const masked = text.replace(OBFUSCATED, 'h"***"');
  return masked.length <= KEPT_CHARACTERS ? masked : `${masked.slice(0, KEPT_CHARACTERS)}…`;
}

/** What stays the same when the portal turns a page: the text without its literals. */
export function shapeOf(text: string): string {
  return text
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
    .replace(/\b\d[\w.:-]*/g, '0')
    .replace(/\s+/g, ' ');
}
