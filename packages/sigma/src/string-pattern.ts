/** Sigma's text patterns: literal text with `*` (any text), `?` (one UTF-16 unit) and the dashes that Windows programs take for `-`. */

type Wildcard = 'any' | 'one' | 'dash';
type PatternPart = { readonly literal: string } | { readonly wildcard: Wildcard };

export interface StringPattern {
  /** No two literals and no two `any` in a row; no empty literal. */
  readonly parts: readonly PatternPart[];
}

/** What stands for a dash before an option: `-`, `/`, en dash, em dash, horizontal bar. */
const DASHES = '-/\u2013\u2014\u2015';

/** A backslash escapes `*`, `?` and itself; before anything else it is a backslash. */
export function parsePattern(text: string): StringPattern {
  const parts: PatternPart[] = [];
  let literal = '';
  const flush = () => {
    if (literal !== '') parts.push({ literal });
    literal = '';
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    const next = text.charAt(i + 1);
    if (c === '\\' && (next === '*' || next === '?' || next === '\\')) {
      literal += next;
      i++;
    } else if (c === '*' || c === '?') {
      flush();
      parts.push({ wildcard: c === '*' ? 'any' : 'one' });
    } else literal += c;
  }
  flush();
  return normal(parts);
}

export function literalPattern(text: string): StringPattern {
  return normal([{ literal: text }]);
}

export type Around = 'both' | 'start' | 'end';

/** `contains` puts `*` around, `endswith` before (`start`), `startswith` behind (`end`). */
export function widen(pattern: StringPattern, around: Around): StringPattern {
  const any: PatternPart = { wildcard: 'any' };
  return normal([...(around === 'end' ? [] : [any]), ...pattern.parts, ...(around === 'start' ? [] : [any])]);
}

/** Every `-` or `/` that begins an option then stands for any dash. */
export function withAnyDash(pattern: StringPattern): StringPattern {
  return normal(
    pattern.parts.flatMap((part): PatternPart[] => {
      if (!('literal' in part)) return [part];
      const out: PatternPart[] = [];
      let from = 0;
      for (const { index } of part.literal.matchAll(/\B[-/]\b/g)) {
        out.push({ literal: part.literal.slice(from, index) }, { wildcard: 'dash' });
        from = index + 1;
      }
      out.push({ literal: part.literal.slice(from) });
      return out;
    }),
  );
}

/** The text, when there is no wildcard in it. */
export function plainText(pattern: StringPattern): string | null {
  if (pattern.parts.length === 0) return '';
  const [only] = pattern.parts;
  return pattern.parts.length === 1 && only !== undefined && 'literal' in only ? only.literal : null;
}

function normal(parts: readonly PatternPart[]): StringPattern {
  const out: PatternPart[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if ('literal' in part) {
      if (part.literal === '') continue;
      if (last && 'literal' in last) out[out.length - 1] = { literal: last.literal + part.literal };
      else out.push(part);
    } else if (part.wildcard === 'any' && last && 'wildcard' in last && last.wildcard === 'any') {
      // Two stars say what one says.
    } else out.push(part);
  }
  return { parts: out };
}

/**
 * How text is compared when case does not matter. Lower case, with the Greek final sigma made an ordinary one: it is the only letter whose
 * lower case depends on its neighbours, and a part of a text must fold as it does within the whole.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  return lower.includes('\u03c2') ? lower.replaceAll('\u03c2', '\u03c3') : lower;
}

/** @param folded the pattern's literals are folded; the caller gives folded text to match. */
export function compilePattern(pattern: StringPattern, folded: boolean): (text: string) => boolean {
  const parts = folded
    ? pattern.parts.map((part) => ('literal' in part ? { literal: fold(part.literal) } : part))
    : pattern.parts;
  const [a, b, c] = parts;
  if (a === undefined) return (text) => text === '';
  if (parts.length === 1) {
    if ('literal' in a) return (text) => text === a.literal;
    if (a.wildcard === 'any') return () => true;
  }
  if (parts.length === 2 && b !== undefined) {
    if ('literal' in a && isAny(b)) return (text) => text.startsWith(a.literal);
    if (isAny(a) && 'literal' in b) return (text) => text.endsWith(b.literal);
  }
  if (parts.length === 3 && b !== undefined && c !== undefined && isAny(a) && isAny(c) && 'literal' in b) {
    return (text) => text.includes(b.literal);
  }
  return compileGlob(parts);
}

function isAny(part: PatternPart): boolean {
  return 'wildcard' in part && part.wildcard === 'any';
}

/** What stands between two stars: of fixed length. */
interface Segment {
  readonly parts: readonly PatternPart[];
  readonly length: number;
  /** A literal of it to look for, and how far behind the segment's start that stands. */
  readonly anchor: { readonly text: string; readonly offset: number } | null;
}

function segmentOf(parts: readonly PatternPart[]): Segment {
  let length = 0;
  let anchor: Segment['anchor'] = null;
  for (const part of parts) {
    if ('literal' in part) {
      if (anchor === null || part.literal.length > anchor.text.length)
        anchor = { text: part.literal, offset: length };
      length += part.literal.length;
    } else length += 1;
  }
  return { parts, length, anchor };
}

function compileGlob(parts: readonly PatternPart[]): (text: string) => boolean {
  const segments: Segment[] = [];
  let current: PatternPart[] = [];
  for (const part of parts) {
    if (isAny(part)) {
      segments.push(segmentOf(current));
      current = [];
    } else current.push(part);
  }
  const last = segmentOf(current);
  const first = segments.shift();
  if (first === undefined) return (text) => text.length === last.length && standsAt(last, text, 0);
  return (text) => {
    const end = text.length - last.length;
    if (first.length > end || !standsAt(first, text, 0) || !standsAt(last, text, end)) return false;
    let at = first.length;
    for (const segment of segments) {
      // The leftmost place leaves most room to the rest, so no other needs to be tried.
      const found = findSegment(segment, text, at, end);
      if (found < 0) return false;
      at = found + segment.length;
    }
    return true;
  };
}

function findSegment(segment: Segment, text: string, from: number, end: number): number {
  const latest = end - segment.length;
  for (let at = from; at <= latest; at++) {
    if (segment.anchor !== null) {
      const found = text.indexOf(segment.anchor.text, at + segment.anchor.offset);
      if (found < 0) return -1;
      at = found - segment.anchor.offset;
      if (at > latest) return -1;
    }
    if (standsAt(segment, text, at)) return at;
  }
  return -1;
}

function standsAt(segment: Segment, text: string, start: number): boolean {
  let at = start;
  for (const part of segment.parts) {
    if ('literal' in part) {
      if (!text.startsWith(part.literal, at)) return false;
      at += part.literal.length;
    } else {
      if (at >= text.length) return false;
      if (part.wildcard === 'dash' && !DASHES.includes(text.charAt(at))) return false;
      at += 1;
    }
  }
  return true;
}
