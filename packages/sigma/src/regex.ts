/** Regular expressions of rules run on RE2, whose time is linear in the text whatever the expression. Unanchored, as Sigma has it. */
import { RE2JS } from 're2js';
import type { RegexText } from './field-test.ts';
import { fold } from './string-pattern.ts';

/** A search of a text this long costs less than starting RE2. */
const LEAST_LITERAL = 2;

/** @throws Error with RE2's reason. */
export function compileRegex(regex: RegexText): (text: string) => boolean {
  const { source, ignoreCase, multiline, dotAll } = regex;
  const flags =
    (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) |
    (multiline ? RE2JS.MULTILINE : 0) |
    (dotAll ? RE2JS.DOTALL : 0);
  const compiled = RE2JS.compile(source, flags);
  const literal = requiredLiteral(regex, LEAST_LITERAL);
  if (literal === null) return (text) => compiled.test(text);
  if (!ignoreCase) return (text) => text.includes(literal) && compiled.test(text);
  const folded = fold(literal);
  return (text) => fold(text).includes(folded) && compiled.test(text);
}

/** Null: RE2 takes it. */
export function regexProblem(regex: RegexText): string | null {
  try {
    compileRegex(regex);
    return null;
  } catch (error) {
    const lookaround = /\(\?<?[=!]/.exec(regex.source);
    if (lookaround) return `look-around, "${lookaround[0]}…)", is not supported by RE2`;
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Text that every match must hold, of at least `least` characters; null when none is known. It takes only plain ASCII outside groups and
 * classes, and gives up where one expression may mean another: alternatives at the top, switched flags, quoting, coded characters.
 */
export function requiredLiteral({ source, ignoreCase }: RegexText, least: number): string | null {
  let best = '';
  let run = '';
  let depth = 0;
  const end = () => {
    if (run.length > best.length) best = run;
    run = '';
  };
  const take = (character: string, i: number) => {
    // Without case, RE2 lets the long s stand for s, which folding does not.
    const certain = isAscii(character) && !(ignoreCase && /s/i.test(character));
    if (depth === 0 && certain && !/^[*+?{]/.test(source.slice(i + 1, i + 2))) run += character;
    else end();
  };
  for (let i = 0; i < source.length; i++) {
    const c = source.charAt(i);
    if (c === '[') {
      end();
      i = classEnd(source, i);
    } else if (c === '(') {
      if (source.startsWith('(?', i) && !source.startsWith('(?:', i)) return null;
      end();
      depth++;
    } else if (c === ')') {
      end();
      depth--;
    } else if (c === '|' && depth === 0) return null;
    else if (c === '\\') {
      const next = source.charAt(++i);
      if (/^[QxpP0-9CE]?$/.test(next)) return null;
      if (/[A-Za-z]/.test(next)) end();
      else take(next, i);
    } else if ('.^$*+?{|'.includes(c)) {
      end();
      const repeat = /^\{[0-9]+(,[0-9]*)?\}/.exec(source.slice(i, i + 24))?.[0];
      if (repeat !== undefined) i += repeat.length - 1;
    } else take(c, i);
  }
  end();
  return best.length >= least ? best : null;
}

function isAscii(character: string): boolean {
  return character.charCodeAt(0) < 128;
}

function classEnd(source: string, start: number): number {
  let i = start + 1;
  if (source.charAt(i) === '^') i++;
  // A bracket that comes first is a member.
  if (source.charAt(i) === ']') i++;
  for (; i < source.length; i++) {
    const c = source.charAt(i);
    if (c === '\\') i++;
    else if (c === '[' && source.charAt(i + 1) === ':') i = Math.max(i, source.indexOf(':]', i) + 1);
    else if (c === ']') return i;
  }
  return source.length;
}
