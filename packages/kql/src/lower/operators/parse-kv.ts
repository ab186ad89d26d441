import { optionalPart, part, parts, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import type { Output } from '../../tree/relation.ts';
import { constantString, stringConstant } from '../constants.ts';
import { convert, toText } from '../convert.ts';
import { columnFor } from '../named-values.ts';
import { lowerScalar } from '../recursion.ts';
import { quoteRegex, regexOf } from '../regex.ts';
import { allIds, type Column, extended, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type OperatorRule, resultColumns } from './rule.ts';

interface Options {
  readonly pair: string | undefined;
  readonly keyValue: string | undefined;
  /** What opens and what closes a quoted key or value. */
  readonly quotes: readonly { readonly open: string; readonly close: string }[];
  readonly escapes: readonly string[];
  readonly greedy: boolean;
  readonly regex: { readonly source: string; readonly node: SyntaxNode } | undefined;
}

/** The rows with a column for each key listed: its first value in the text, null where the key is not there. */
export const parseKv: OperatorRule = ({ node, input, scope }) => {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const options = optionsOf(node, inner);
  const source = row.shared(toText(lowerScalar(part(node, 'Expression'), inner), inner)).sql;
  const keys = parts(part(node, 'Keys'), 'Columns').map((key) => simpleName(part(key, 'Name')));
  const find = finder(options, keys, source, node, inner);

  const outputs: Output[] = [];
  const wanted = new Set(keys);
  const columns = resultColumns(node, scope).map((column): Column => {
    if (wanted.has(column.name)) {
      const found = expr('string', find(column.name), false);
      return columnFor(column, convert(found, column.type, inner, node), node, inner, outputs);
    }
    const kept = input.columns.find((candidate) => candidate.name === column.name);
    if (kept === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
    return kept;
  });
  const rows = row.finish();
  const ids = [...allIds(rows), ...row.collected()];
  return { ...rows, relation: extended(rows.relation, ids, outputs), columns } satisfies Rows;
};

function optionsOf(node: SyntaxNode, scope: ScalarScope): Options {
  let options: Options = {
    pair: undefined,
    keyValue: undefined,
    quotes: [],
    escapes: [],
    greedy: false,
    regex: undefined,
  };
  const clause = optionalPart(node, 'WithClause');
  for (const property of clause === undefined ? [] : parts(clause, 'Properties')) {
    const name = simpleName(part(property, 'Name'));
    const value = lowerScalar(part(property, 'Expression'), scope);
    const written = constantString(value);
    if (name === 'greedy') {
      options = { ...options, greedy: value.constant?.type === 'bool' && value.constant.value === true };
      continue;
    }
    if (written === undefined || written === '')
      throw scope.semantic(`${name} must be a text that is not empty.`, property);
    if (name === 'pair_delimiter') options = { ...options, pair: written };
    else if (name === 'kv_delimiter') options = { ...options, keyValue: written };
    else if (name === 'quote')
      options = { ...options, quotes: [...options.quotes, quoteOf(written, property, scope)] };
    else if (name === 'escape') options = { ...options, escapes: [...options.escapes, written] };
    else if (name === 'regex') options = { ...options, regex: { source: written, node: property } };
    else throw scope.unsupported(`the parameter ${name}= here`, property);
  }
  if ((options.pair === undefined) !== (options.keyValue === undefined))
    throw scope.semantic('pair_delimiter and kv_delimiter go together.', node);
  if (options.escapes.some((character) => [...character].length !== 1))
    throw scope.semantic('escape must be one character.', node);
  return options;
}

function quoteOf(written: string, node: SyntaxNode, scope: ScalarScope): { open: string; close: string } {
  const [open, close, ...more] = [...written];
  if (open === undefined || more.length > 0)
    throw scope.semantic('quote must be one or two characters.', node);
  return { open, close: close ?? open };
}

/** What gives a key's value as text. */
function finder(
  options: Options,
  keys: readonly string[],
  source: Fragment,
  node: SyntaxNode,
  scope: ScalarScope,
): (key: string) => Fragment {
  const { pair, keyValue, regex } = options;
  if (regex !== undefined) {
    const { groups } = regexOf(stringConstant(regex.source), regex.node, scope);
    if (groups !== 2) throw scope.semantic('regex must have two groups: the key and the value.', regex.node);
    const matches = pairsOf(source, `(?-s)${regex.source}`, scope);
    return (key) => firstOf(matches, sql`x[1]`, key, trimmed(sql`x[2]`));
  }
  if (pair !== undefined && keyValue !== undefined) {
    return options.greedy
      ? greedily(options, pair, keyValue, keys, source)
      : delimited(options, pair, keyValue, source, scope);
  }
  checkPattern(options, node, scope);
  return (key) => betweenWords(options, key, source);
}

function checkPattern({ greedy }: Options, node: SyntaxNode, scope: ScalarScope): void {
  if (greedy) throw scope.semantic('greedy needs pair_delimiter and kv_delimiter.', node);
}

/** All matches of the pattern, each an array of its groups. */
function pairsOf(source: Fragment, pattern: string, scope: ScalarScope): Fragment {
  const matches = sql`extractAllGroupsVertical(${source}, ${text(pattern)})`;
  return scope.row.computed(expr('dynamic', matches, false)).sql;
}

function firstOf(matches: Fragment, found: Fragment, key: string, value: Fragment): Fragment {
  return sql`arrayElement(arrayMap(x -> ${value}, arrayFilter(x -> ${trimmed(found)} = ${text(key)}, ${matches})), 1)`;
}

const trimmed = (value: Fragment): Fragment => sql`trimBoth(${value}, ' \\t\\r\\n')`;

/** Patterns of quoted texts, one group each. */
function quotedPatterns({ quotes, escapes }: Options): string[] {
  const escaping = escapes.map(quoteRegex).join('');
  return quotes.map(({ open, close }) => {
    const plain = `[^${classOf(close)}${classOf(escapes.join(''))}]`;
    const inside = escapes.length === 0 ? plain : `(?:[${escaping}](?s:.)|${plain})`;
    return `${quoteRegex(open)}(${inside}*)${quoteRegex(close)}`;
  });
}

/** Characters as they stand in a class of characters. */
function classOf(characters: string): string {
  return characters.replace(/[\\^\]\-[]/g, '\\$&');
}

/** The text that was quoted, without its escapes. */
function unescaped(value: Fragment, { escapes }: Options): Fragment {
  if (escapes.length === 0) return value;
  return sql`replaceRegexpAll(${value}, ${text(`[${classOf(escapes.join(''))}]((?s:.))`)}, '\\\\1')`;
}

/** The one of these groups that took part, the last of them being the unquoted form. */
function eitherOf(first: number, count: number, options: Options): Fragment {
  const groups = Array.from({ length: count }, (_, index) => {
    const group = sql`x[${integer(first + index)}]`;
    return index === count - 1 ? trimmed(group) : unescaped(group, options);
  });
  return groups.length === 1 && groups[0] !== undefined ? groups[0] : sql`concat(${join(groups)})`;
}

/** Pairs end at the next delimiter, unless it is within quotes. */
function delimited(
  options: Options,
  pair: string,
  keyValue: string,
  source: Fragment,
  scope: ScalarScope,
): (key: string) => Fragment {
  const quoted = quotedPatterns(options);
  const key = `(?:${[...quoted, '(.*?)'].join('|')})`;
  const value = `(?:${[...quoted, '(.*?)'].join('|')})`;
  const pattern = `(?s)\\s*${key}\\s*${quoteRegex(keyValue)}\\s*?${value}\\s*?(?:${quoteRegex(pair)}|$)`;
  const matches = pairsOf(source, pattern, scope);
  const count = quoted.length + 1;
  // What stands before a key without being a pair is not of the key.
  const name = sql`splitByString(${text(pair)}, x[${integer(count)}])[-1]`;
  const names = Array.from({ length: count - 1 }, (_, index) =>
    unescaped(sql`x[${integer(index + 1)}]`, options),
  );
  const found = names.length === 0 ? name : sql`concat(${join([...names, trimmed(name)])})`;
  const result = eitherOf(count + 1, count, options);
  return (wanted) => firstOf(matches, found, wanted, result);
}

/** A value goes on until the next key, or the end. */
function greedily(
  options: Options,
  pair: string,
  keyValue: string,
  keys: readonly string[],
  source: Fragment,
): (key: string) => Fragment {
  const quoted = quotedPatterns(options);
  const isShort = [...pair].length === 1 && [...keyValue].length === 1;
  const anyKey = isShort
    ? `[^${classOf(pair)}${classOf(keyValue)}]+?`
    : `(?:${keys.map(quoteRegex).join('|')})`;
  const [between, assigned] = [quoteRegex(pair), quoteRegex(keyValue)];
  const bare = options.quotes.map(({ open, close }) => [quoteRegex(open), quoteRegex(close)]);
  return (key) => {
    const literal = quoteRegex(key);
    const forms = [...bare.map(([open, close]) => `${open}${literal}${close}`), literal].join('|');
    const value = `(?:${[...quoted, '(.*?)'].join('|')})`;
    const pattern = `(?s)(?:^|${between})\\s*(?:${forms})\\s*${assigned}\\s*?${value}\\s*?(?:${between}\\s*${anyKey}\\s*${assigned}|$|${between}\\s*$)`;
    return oneOf(source, pattern, quoted.length + 1, options);
  };
}

/** Without delimiters, whatever is neither letter nor digit is one. */
function betweenWords(options: Options, key: string, source: Fragment): Fragment {
  const quoted = quotedPatterns(options);
  const bare = options.quotes.map(({ open, close }) => [quoteRegex(open), quoteRegex(close)]);
  const literal = quoteRegex(key);
  const forms = [...bare.map(([open, close]) => `${open}${literal}${close}`), literal].join('|');
  const value = `(?:${[...quoted, '([\\pL\\pN]+)'].join('|')})`;
  const pattern = `(?s)(?:^|[^\\pL\\pN])(?:${forms})[^\\pL\\pN]+?${value}`;
  return oneOf(source, pattern, quoted.length + 1, options);
}

function oneOf(source: Fragment, pattern: string, count: number, options: Options): Fragment {
  const value = eitherOf(1, count, options);
  return sql`arrayElement(arrayMap(x -> ${value}, [extractGroups(${source}, ${text(pattern)})]), 1)`;
}
