import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantExpr, constantString } from '../constants.ts';
import { toText } from '../convert.ts';
import { jsonElementTexts } from '../json.ts';
import { termPatternSql } from '../predicates/terms.ts';
import { regexOf, wrapped } from '../regex.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const string = (value: Fragment): Expr => expr('string', value, false);
const long = (value: Fragment, nullable = false): Expr => expr('long', value, nullable);
const dynamic = (value: Fragment): Expr => expr('dynamic', value, false);

/** An array of texts as JSON. */
const arrayOfTexts = (texts: Fragment): Fragment => sql`replaceAll(toJSONString(${texts}), '\\\\/', '/')`;

const onText =
  (apply: (t: Fragment) => Fragment): FunctionRule =>
  (call) =>
    string(apply(call.text(0)));

const strcat: FunctionRule = (call) => {
  const values = call.values().map((value) => toText(value, call.scope));
  const known = values.map(constantString);
  if (known.every((word) => word !== undefined))
    return constantExpr({ type: 'string', value: known.join('') });
  return string(sql`concat(${join([...values.map((value) => value.sql), sql`''`])})`);
};

const strcatDelim: FunctionRule = (call) => {
  const texts = call.values(1).map((value) => toText(value, call.scope).sql);
  return string(separated(sql`[${join(texts)}]`, call, 0));
};

/** substring(text, start[, length]): start from 0, from the end when negative; in characters. */
const substring: FunctionRule = (call) => {
  const t = call.text(0);
  const start = call.long(1).sql;
  const offset = sql`if(${start} >= 0, ${start} + 1, greatest(lengthUTF8(${t}) + ${start} + 1, 1))`;
  const length = call.count > 2 ? sql`greatest(${call.long(2).sql}, 0)` : sql`lengthUTF8(${t})`;
  return string(sql`ifNull(substringUTF8(${t}, ${offset}, ${length}), '')`);
};

/** indexof(text, part[, start[, length[, occurrence]]]): position from 0, or -1. */
const indexof: FunctionRule = (call) => {
  if (call.count > 3) call.refuse('with a length or an occurrence');
  const [t, needle] = [call.text(0), call.text(1)];
  if (call.count === 2) return long(sql`(toInt64(positionUTF8(${t}, ${needle})) - 1)`);
  const start = call.long(2).sql;
  return long(
    sql`if(${start} < 0 OR ${start} > lengthUTF8(${t}), -1, toInt64(positionUTF8(${t}, ${needle}, toUInt64(greatest(${start}, 0) + 1))) - 1)`,
    true,
  );
};

/** split(text, delimiter[, index]): an array, of the one wanted element when an index is given. */
const split: FunctionRule = (call) => {
  const t = call.text(0);
  const delimiter = call.constantText(1, 'a delimiter');
  const pieces = delimiter === '' ? sql`[${t}]` : sql`splitByString(${text(delimiter)}, ${t})`;
  if (call.count === 2) return dynamic(arrayOfTexts(pieces));
  const index = call.constantInteger(2, 'an index');
  return dynamic(arrayOfTexts(sql`arraySlice(${pieces}, ${integer(index >= 0n ? index + 1n : index)}, 1)`));
};

const replaceRegex: FunctionRule = (call) => {
  // replace_regex(text, regex, rewrite); the older replace(regex, rewrite, text) has them the other way round.
  const [source, pattern, rewrite] = call.name === 'replace' ? [2, 0, 1] : [0, 1, 2];
  const regex = regexOf(call.value(pattern), call.nodeAt(pattern), call.scope);
  const replacement = call.constantText(rewrite, 'a rewrite');
  const highest = Math.max(0, ...[...replacement.matchAll(/\\(\d)/g)].map((match) => Number(match[1])));
  if (highest > regex.groups)
    throw call.scope.semantic(
      `The rewrite refers to group ${highest}, which the pattern lacks.`,
      call.nodeAt(rewrite),
    );
  // A backslash that refers to no group stands for itself, which the engine wants doubled.
  const escaped = replacement.replace(/\\(?![0-9\\])/g, '\\\\');
  return string(sql`replaceRegexpAll(${call.text(source)}, ${regex.sql}, ${text(escaped)})`);
};

const trimmed =
  (ends: 'start' | 'end' | 'both'): FunctionRule =>
  (call) => {
    const regex = regexOf(call.value(0), call.nodeAt(0), call.scope);
    const t = call.text(1);
    const start = (value: Fragment) => sql`replaceRegexpOne(${value}, ${wrapped(regex, '^', '+')}, '')`;
    const end = (value: Fragment) => sql`replaceRegexpOne(${value}, ${wrapped(regex, '', '+$')}, '')`;
    return string(ends === 'start' ? start(t) : ends === 'end' ? end(t) : end(start(t)));
  };

/** extract(regex, group, text[, typeof]): '' when nothing matches, or null for a type other than string. */
const extract: FunctionRule = (call) => {
  const regex = regexOf(call.value(0), call.nodeAt(0), call.scope);
  const group = call.constantInteger(1, 'a group');
  if (group < 0n || group > BigInt(regex.groups))
    return call.convert(constantExpr({ type: 'string', value: '' }), call.typeArgument(3) ?? 'string');
  const found = string(sql`regexpExtract(${call.text(2)}, ${regex.sql}, ${integer(group)})`);
  return call.convert(found, call.typeArgument(3) ?? 'string');
};

/** extract_all(regex[, groups], text): of one group an array of texts, of more an array of arrays; null when nothing matches. */
const extractAll: FunctionRule = (call) => {
  const regex = regexOf(call.value(0), call.nodeAt(0), call.scope);
  if (call.count > 2) call.refuse('with chosen groups');
  const matches = sql`extractAllGroupsVertical(${call.text(1)}, ${regex.sql})`;
  if (regex.groups === 0)
    throw call.scope.semantic('extract_all() needs a capturing group in its pattern.', call.nodeAt(0));
  const found = call.shared(
    dynamic(regex.groups === 1 ? arrayOfTexts(sql`arrayMap(m -> m[1], ${matches})`) : arrayOfTexts(matches)),
  );
  return dynamic(sql`if(${found.sql} = '[]', '', ${found.sql})`);
};

/** countof(text, part[, kind]): plain parts may overlap, regular expressions may not. */
const countof: FunctionRule = (call) => {
  const kind = call.count > 2 ? call.constantText(2, 'a kind').toLowerCase() : 'normal';
  if (kind === 'regex') {
    const regex = regexOf(call.value(1), call.nodeAt(1), call.scope);
    return long(sql`toInt64(countMatches(${call.text(0)}, ${regex.sql}))`);
  }
  if (kind !== 'normal') call.refuse(`of kind '${kind}'`);
  const [t, needle] = [call.text(0), call.text(1)];
  return long(
    sql`if(empty(${needle}), 0, toInt64(arrayCount(i -> startsWith(substring(${t}, i), ${needle}), range(1, length(${t}) + 1))))`,
  );
};

/** has_any_index(text, array): position of the first needle found as a term, or -1. */
const hasAnyIndex: FunctionRule = (call) => {
  const needles = sql`arrayMap(n -> lowerUTF8(n), ${jsonElementTexts(call.json(1))})`;
  const t = sql`lowerUTF8(${call.text(0)})`;
  return long(
    sql`(toInt64(arrayFirstIndex(n -> match(${t}, ${termPatternSql(sql`n`, 'whole')}), ${needles})) - 1)`,
  );
};

const strcmp: FunctionRule = (call) => {
  const [a, b] = [call.text(0), call.text(1)];
  return long(sql`toInt64(multiIf(${a} < ${b}, -1, ${a} > ${b}, 1, 0))`);
};

const strcatArray: FunctionRule = (call) => string(separated(jsonElementTexts(call.json(0)), call, 1));

/** The texts in a row with the argument at `index` between them; the engine's own joins only by a constant. */
function separated(texts: Fragment, call: Call, index: number): Fragment {
  const known = constantString(call.value(index));
  if (known !== undefined) return sql`arrayStringConcat(${texts}, ${text(known)})`;
  const separator = call.text(index);
  return sql`arrayStringConcat(arrayMap((e, nth) -> if(nth = 1, e, concat(${separator}, e)), ${texts}, arrayEnumerate(${texts})))`;
}

const strrep: FunctionRule = (call) => {
  if (call.count > 2) call.refuse('with a delimiter');
  return string(sql`repeat(${call.text(0)}, greatest(${call.long(1).sql}, 0))`);
};

export const stringFunctions: FunctionFamily = {
  strcat,
  strcat_delim: strcatDelim,
  strcat_array: strcatArray,
  array_strcat: strcatArray,
  strcmp,
  strrep,
  strlen: (call) => long(sql`toInt64(lengthUTF8(${call.text(0)}))`),
  string_size: (call) => long(sql`toInt64(length(${call.text(0)}))`),
  tolower: onText((t) => sql`lowerUTF8(${t})`),
  toupper: onText((t) => sql`upperUTF8(${t})`),
  reverse: onText((t) => sql`reverseUTF8(${t})`),
  substring,
  indexof,
  split,
  replace_string: (call) => string(sql`replaceAll(${call.text(0)}, ${call.text(1)}, ${call.text(2)})`),
  replace_regex: replaceRegex,
  replace: replaceRegex,
  trim: trimmed('both'),
  trim_start: trimmed('start'),
  trim_end: trimmed('end'),
  extract,
  extract_all: extractAll,
  extractall: extractAll,
  countof,
  has_any_index: hasAnyIndex,
  isascii: (call) => expr('bool', sql`match(${call.text(0)}, '^[\\\\x00-\\\\x7f]*$')`, false),
  regex_quote: onText((t) => sql`regexpQuoteMeta(${t})`),
  url_encode: onText((t) => sql`encodeURLComponent(${t})`),
  url_encode_component: onText((t) => sql`encodeURLComponent(${t})`),
  url_decode: onText((t) => sql`decodeURLComponent(${t})`),
};
