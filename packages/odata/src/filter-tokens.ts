/** Splits the text of a `$filter` into tokens. */
import { ODataError, shown } from './odata-error.ts';

export type Token = { readonly at: number } & (
  | { readonly kind: 'name'; readonly text: string }
  /** `prefix` of `datetime'…'` or `Name.Space.Enum'…'`; empty for a plain string. */
  | { readonly kind: 'string'; readonly text: string; readonly prefix: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'time'; readonly text: string }
  | { readonly kind: 'guid'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: '(' | ')' | '[' | ']' | ',' | ':' | '/' }
  | { readonly kind: 'end' }
);

/** A plus sign is one too: clients that encode the `+` of `status+eq+'New'` once more send `%2B`, and are understood by the service. */
const BLANK = /[ \t\r\n+]*/y;
const STRING = /'((?:[^']|'')*)'(?!')/y;
const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])/iy;
/** An offset may follow a blank: form decoding turns `+` into one. */
const TIME = /\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+\- ]\d{2}:\d{2})?|Z)?(?![\w:.-])/iy;
const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/iy;
const NAME = /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*/uy;
const SIGNS = '()[],:/';

function take(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** @throws ODataError at the first character that begins no token. */
export function tokenize(option: string, text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  // A store that keeps text cannot hold it, so no row can either.
  const nul = text.indexOf('\0');
  if (nul >= 0) throw new ODataError(option, 'the character U+0000 has no place here', { position: nul });
  for (;;) {
    at += take(BLANK, text, at)?.[0].length ?? 0;
    if (at >= text.length) break;
    const token = next(option, text, at);
    tokens.push(token.token);
    at = token.end;
  }
  tokens.push({ kind: 'end', at: text.length });
  return tokens;
}

function next(option: string, text: string, at: number): { token: Token; end: number } {
  const char = text.charAt(at);
  if (SIGNS.includes(char)) return { token: { kind: 'sign', text: char as '(', at }, end: at + 1 };
  if (char === "'") return stringToken(option, text, at, at, '');
  for (const [kind, pattern] of [
    ['guid', GUID],
    ['time', TIME],
    ['number', NUMBER],
  ] as const) {
    const match = take(pattern, text, at);
    if (match) return { token: { kind, text: match[0], at }, end: at + match[0].length };
  }
  const name = take(NAME, text, at)?.[0];
  if (name === undefined) {
    throw new ODataError(option, `${shown(text.slice(at, at + 16))} cannot be read`, { position: at });
  }
  const end = at + name.length;
  return text.charAt(end) === "'"
    ? stringToken(option, text, at, end, name)
    : { token: { kind: 'name', text: name, at }, end };
}

function stringToken(option: string, text: string, at: number, quote: number, prefix: string) {
  const match = take(STRING, text, quote);
  if (!match) throw new ODataError(option, 'a quoted text has no end', { position: quote });
  const token: Token = { kind: 'string', text: (match[1] ?? '').replaceAll("''", "'"), prefix, at };
  return { token, end: quote + match[0].length };
}
