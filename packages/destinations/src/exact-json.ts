/** JSON in which whole numbers stay what they are: those beyond 2^53 are read as bigint, and written back digit for digit. */
import { randomBytes } from 'node:crypto';

/** Nobody who writes a record can know it, so no text of a record begins with it. */
const MARK = randomBytes(16).toString('hex');
const SAFE_DIGITS = 16;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_NUMBER = /\d{16}/;
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** @throws SyntaxError */
export function parseExact(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKEN, (token) =>
    token.length >= SAFE_DIGITS && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
      ? `"${MARK}${token}"`
      : token,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}

export function stringifyExact(value: unknown): string {
  let found = false;
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'bigint') return member;
    found = true;
    return `${MARK}${member}`;
  });
  return found ? text.replace(MARKED, '$1') : text;
}
