import { lines } from './delimited.ts';
import { ExternalError } from './external-error.ts';

/** Texts of the JSON values, one a line. */
export function jsonLines(text: string): string[] {
  const records = lines(text).map((line) => line.trim());
  for (const [index, record] of records.entries()) check(record, `line ${index + 1}`);
  return records;
}

/** Texts of the values that follow one another, over any number of lines; of one array, its elements. */
export function jsonValues(text: string): string[] {
  const outer = topLevelValues(text, 0, text.length);
  const [only, ...others] = outer;
  const values =
    only !== undefined && others.length === 0 && only.startsWith('[')
      ? topLevelValues(only, 1, only.length - 1)
      : outer;
  for (const [index, value] of values.entries()) check(value, `value ${index + 1}`);
  return values;
}

/** The text of the one value that the whole is. */
export function jsonWhole(text: string): string[] {
  const whole = text.trim();
  if (whole === '') return [];
  check(whole, 'the file');
  return [whole];
}

function check(json: string, what: string): void {
  try {
    JSON.parse(json);
  } catch {
    throw new ExternalError(`${what} that is not JSON`);
  }
}

/** The stretches between the separators outside of every bracket and string. */
function topLevelValues(text: string, from: number, to: number): string[] {
  const values: string[] = [];
  let [depth, start] = [0, -1];
  const finish = (end: number) => {
    if (start >= 0) values.push(text.slice(start, end));
    start = -1;
  };
  for (let at = from; at < to; at++) {
    const character = text[at] ?? '';
    if (character === '"') {
      if (start < 0) start = at;
      at = endOfString(text, at + 1, to);
      if (depth === 0) finish(at + 1);
    } else if (character === '{' || character === '[') {
      if (depth === 0) {
        finish(at);
        start = at;
      }
      depth++;
    } else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) finish(at + 1);
    } else if (depth === 0 && /[\s,]/.test(character)) finish(at);
    else if (start < 0) start = at;
  }
  finish(to);
  return values;
}

/** The closing quote. */
function endOfString(text: string, start: number, to: number): number {
  let at = start;
  while (at < to && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
