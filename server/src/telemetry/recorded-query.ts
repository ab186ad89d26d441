/** Query texts as records and trails keep them. Pure. */

const STRING =
  /```[\s\S]*?```|~~~[\s\S]*?~~~|@"(?:[^"]|"")*"|@'(?:[^']|'')*'|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/;

/** Comments and strings, so that what looks like one inside the other is none. A string after `h` is one that its author wants in no log. */
export const COMMENT_OR_STRING = new RegExp(
  `//[^\\n]*|(?<obfuscated>(?<!\\w)[hH](?:${STRING.source}|@?["'][^\\n]*))|${STRING.source}`,
  'g',
);
const KEPT_CHARACTERS = 32_768;

/** The text without what its author marked as secret, and no longer than a record should be. */
export function recordedText(text: string): string {
  const masked = text.replace(COMMENT_OR_STRING, (found, obfuscated: string | undefined) =>
    obfuscated === undefined ? found : 'h"***"',
  );
  return masked.length <= KEPT_CHARACTERS ? masked : `${masked.slice(0, KEPT_CHARACTERS)}…`;
}
