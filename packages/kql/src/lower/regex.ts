import { RE2JS } from 're2js';
import type { SyntaxNode } from '../bind/syntax.ts';
import { type Fragment, sql, text } from '../emit/fragment.ts';
import type { Expr } from '../tree/expression.ts';
import { constantString } from './constants.ts';
import { perValue } from './per-value.ts';
import type { ScalarScope } from './scalar-scope.ts';
import { settledIfAlone } from './settled.ts';

export interface Regex {
  /** For functions whose `.` would match a line break. */
  readonly sql: Fragment;
  readonly source: string;
  readonly groups: number;
}

/**
 * A regular expression, which must be known at translation: an invalid one is the author's error, not the engine's. ClickHouse lets `.`
 * match a line break unless told otherwise.
 */
export function regexOf(pattern: Expr, node: SyntaxNode, scope: ScalarScope): Regex {
  const known = pattern.constant === undefined ? settledIfAlone(node, scope) : pattern;
  const written = known === undefined ? undefined : constantString(known);
  if (written === undefined) throw scope.unsupported('a regular expression that depends on the row', node);
  const source = codePointsByHex(written);
  return { sql: text(lineBound(source)), source, groups: checked(source, node, scope) };
}

/** The same for matching alone, where it may differ from row to row. */
export function patternOf(pattern: Expr, node: SyntaxNode, scope: ScalarScope): Fragment {
  const known = pattern.constant === undefined ? settledIfAlone(node, scope) : pattern;
  if (known !== undefined) return regexOf(known, node, scope).sql;
  return perValue({ name: 'matches regex', node, scope }, pattern, (written) => {
    const source = codePointsByHex(written);
    checked(source, node, scope);
    return lineBound(source);
  });
}

/** Kusto's syntax writes a code point also as `\u24B6`, `\u{24B6}` and `\U000024B6`, the engine's only as `\x{24B6}`. */
function codePointsByHex(source: string): string {
  return source.replaceAll(
    /\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|U([0-9A-Fa-f]{8})|.)/gs,
    (whole, four?: string, braced?: string, eight?: string) => {
      const digits = four ?? braced ?? eight;
      return digits === undefined ? whole : `\\x{${digits}}`;
    },
  );
}

/** Escapes and classes, in which a dot is a dot. */
const dotless = /\\.|\[(?:\^?\])?(?:\\.|[^\]\\])*\]/gs;

/**
 * The pattern with dots that stop at the end of a line. Flags would say the same, but a pattern that begins with flags loses the engine's search
 * for the texts it must contain, which is what makes matching fast.
 */
function lineBound(source: string): string {
  if (/\(\?[a-zA-Z-]*s|\\Q/.test(source)) return `(?-s)${source}`;
  let bound = '';
  let from = 0;
  const pieces = (text: string) => text.replaceAll('.', '[^\\n]');
  for (const match of source.matchAll(dotless)) {
    bound += pieces(source.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return bound + pieces(source.slice(from));
}

/** The number of its groups. */
function checked(source: string, node: SyntaxNode, scope: ScalarScope): number {
  try {
    return RE2JS.compile(source).groupCount();
  } catch {
    throw scope.semantic(`'${source}' is not a valid regular expression.`, node);
  }
}

/** Numbers of the groups by their names: `(?P<name>…)` or `(?<name>…)`. */
export function groupNames(regex: Regex): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  const piece = /\\.|\[(?:\^?\])?(?:\\.|[^\]\\])*\]|\((?:\?(?:P?<([A-Za-z_]\w*)>)?)?/gs;
  let group = 0;
  for (const [found, name] of regex.source.matchAll(piece)) {
    if (found !== '(' && name === undefined) continue;
    group++;
    if (name !== undefined) names.set(name, group);
  }
  return names;
}

/** The regular expression as part of a larger one. */
export function wrapped(regex: Regex, before: string, after: string): Fragment {
  return text(`(?-s)${before}(?:${regex.source})${after}`);
}

export function quoteRegex(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('\0', '\\x00');
}

/** A SQL text as a regular expression that matches it. */
export function quotedRegex(literal: Fragment): Fragment {
  return sql`regexpQuoteMeta(${literal})`;
}
