import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantExpr, constantString } from '../constants.ts';
import { toText } from '../convert.ts';
import { jsonElementTexts, jsonTexts } from '../json.ts';
import { termPatternSql } from '../predicates/terms.ts';
import { groupNames, type Regex, regexOf, wrapped } from '../regex.ts';
import { formatBytes } from './byte-size.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const string = (value: Fragment): Expr => expr('string', value, false);
const long = (value: Fragment, nullable = false): Expr => expr('long', value, nullable);
const dynamic = (value: Fragment): Expr => expr('dynamic', value, false);

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
  const [t, needle] = [call.text(0), call.text(1)];
  if (call.count === 2) return long(sql`(toInt64(positionUTF8(${t}, ${needle})) - 1)`);
  const { start, rest, size, part, occurrence, valid } = searched(call, 'from the end');
  const place =
    call.count < 5
      ? sql`toInt64(positionUTF8(${part}, ${needle}))`
      : nthPlace(rest, size, needle, occurrence);
  return long(sql`if(${valid}, if(${place} = 0, -1, ${place} + ${start} - 1), NULL)`, true);
};

/** The part of a text that start and length (-1: all) choose, and whether all of it makes sense. A negative start may count from the end. */
function searched(call: Call, negative: 'from the end' | 'wrong') {
  const t = call.text(0);
  const at = (index: number, otherwise: bigint) =>
    call.count > index ? sql`toInt64(ifNull(${call.long(index).sql}, 0))` : integer(otherwise);
  const [from, length, occurrence] = [at(2, 0n), at(3, -1n), at(4, 1n)];
  const start = call.shared(
    long(
      negative === 'from the end'
        ? sql`toInt64(if(${from} < 0, greatest(toInt64(lengthUTF8(${t})) + ${from}, 0), ${from}))`
        : sql`toInt64(greatest(${from}, 0))`,
    ),
  ).sql;
  const rest = call.shared(string(sql`substringUTF8(${t}, ${start} + 1)`)).sql;
  const size = call.shared(
    long(
      sql`if(${length} < 0, toInt64(lengthUTF8(${rest})), least(${length}, toInt64(lengthUTF8(${rest}))))`,
    ),
  ).sql;
  const sense = sql`${length} >= -1 AND ${occurrence} >= 0`;
  return {
    start,
    rest,
    size,
    part: sql`substringUTF8(${rest}, 1, ${size})`,
    occurrence: sql`greatest(${occurrence}, 1)`,
    valid: negative === 'wrong' ? sql`(${sense} AND ${from} >= 0)` : sense,
  };
}

/** Where the nth occurrence is: as Kusto does it, each is searched within the length from behind the start of the one before. 0 for nowhere. */
function nthPlace(rest: Fragment, size: Fragment, needle: Fragment, nth: Fragment): Fragment {
  const next = sql`toInt64(positionUTF8(${rest}, ${needle}, toUInt64(p + 1)))`;
  const within = sql`${next} > 0 AND ${next} + toInt64(lengthUTF8(${needle})) - 1 <= p + ${size}`;
  const turns = sql`range(toUInt64(least(${nth}, toInt64(lengthUTF8(${rest})) + 1)))`;
  return sql`greatest(arrayFold((p, i) -> if(p >= 0 AND ${within}, ${next}, toInt64(-1)), ${turns}, toInt64(0)), 0)`;
}

/** indexof_regex(text, regex[, start[, length[, occurrence]]]): matches do not overlap. */
const indexofRegex: FunctionRule = (call) => {
  const regex = regexOf(call.value(1), call.nodeAt(1), call.scope);
  const { start, part, occurrence, valid } = searched(call, 'wrong');
  // In bytes, from 1.
  const place = call.shared(long(sql`toInt64(regexpPosition(${part}, ${regex.sql}, 1, ${occurrence}))`)).sql;
  const before = sql`toInt64(lengthUTF8(substring(${part}, 1, greatest(${place} - 1, 0))))`;
  return long(sql`if(${valid}, if(${place} = 0, -1, ${start} + ${before}), NULL)`, true);
};

/** split(text, delimiter[, index]): an array, of the one wanted element when an index is given. */
const split: FunctionRule = (call) => {
  const t = call.text(0);
  const pieces = splitPieces(call, t);
  if (call.count === 2) return dynamic(jsonTexts(pieces));
  const index = sql`ifNull(${call.long(2).sql}, 0)`;
  return dynamic(jsonTexts(sql`arraySlice(${pieces}, if(${index} >= 0, ${index} + 1, ${index}), 1)`));
};

/** The engine splits by a constant only: another delimiter is made into a character that no text has. */
function splitPieces(call: Call, t: Fragment): Fragment {
  const known = constantString(toText(call.value(1), call.scope));
  if (known === '') return sql`[${t}]`;
  if (known !== undefined) return sql`splitByString(${text(known)}, ${t})`;
  const delimiter = call.text(1);
  return sql`if(${delimiter} = '', [${t}], splitByChar('\\xff', replaceAll(${t}, ${delimiter}, '\\xff')))`;
}

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
  // The same for the only group, and faster.
  const only = group === 1n && regex.groups === 1;
  const found = string(
    only
      ? sql`extract(${call.text(2)}, ${regex.sql})`
      : sql`regexpExtract(${call.text(2)}, ${regex.sql}, ${integer(group)})`,
  );
  return call.convert(found, call.typeArgument(3) ?? 'string');
};

/** extract_all(regex[, groups], text): of one group an array of texts, of more an array of arrays; null when nothing matches. */
const extractAll: FunctionRule = (call) => {
  const regex = regexOf(call.value(0), call.nodeAt(0), call.scope);
  if (regex.groups === 0)
    throw call.scope.semantic('extract_all() needs a capturing group in its pattern.', call.nodeAt(0));
  const chosen =
    call.count > 2 ? chosenGroups(call, regex) : Array.from({ length: regex.groups }, (_, i) => i + 1);
  const matches = sql`extractAllGroupsVertical(${call.text(call.count - 1)}, ${regex.sql})`;
  const [only] = chosen;
  const all = chosen.length === regex.groups && chosen.every((group, index) => group === index + 1);
  const picked = join(chosen.map((group) => sql`m[${integer(group)}]`));
  const found = call.shared(
    dynamic(
      jsonTexts(
        chosen.length === 1 && only !== undefined
          ? sql`arrayMap(m -> m[${integer(only)}], ${matches})`
          : all
            ? matches
            : sql`arrayMap(m -> [${picked}], ${matches})`,
      ),
    ),
  );
  return dynamic(sql`if(${found.sql} = '[]', '', ${found.sql})`);
};

/** Groups by number or by name. */
function chosenGroups(call: Call, regex: Regex): number[] {
  const names = groupNames(regex);
  return call.constantElements(1, 'groups').map((element) => {
    const written = element.type === 'dynamic' ? element.value.json : String(element.value);
    const group = names.get(written) ?? Number(written);
    if (!Number.isInteger(group) || group < 1 || group > regex.groups)
      throw call.scope.semantic(`The pattern has no group '${written}'.`, call.nodeAt(1));
    return group;
  });
}

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

/** More are as many as this. */
const maxRepetitions = 1024;

const strrep: FunctionRule = (call) => {
  const times = sql`toUInt64(least(greatest(ifNull(${call.long(1).sql}, 0), 0), ${integer(maxRepetitions)}))`;
  if (call.count === 2) return string(sql`repeat(${call.text(0)}, ${times})`);
  return string(separated(sql`arrayWithConstant(${times}, ${call.text(0)})`, call, 2));
};

/**
 * replace_strings(text, lookups, rewrites): the earlier lookup first, and none in what another has replaced. A rewrite that is no text leaves what
 * it stands for. In between, bytes that no UTF-8 has stand for the rewrites.
 */
const replaceStrings: FunctionRule = (call) => {
  const lookups = call.constantElements(1, 'lookups');
  const rewrites = call.constantElements(2, 'rewrites');
  if (lookups.length !== rewrites.length)
    throw call.scope.semantic('replace_strings() needs a rewrite for each lookup.', call.node);
  const pairs = lookups.flatMap((lookup, index): [string, string, Fragment][] => {
    if (lookup.type !== 'string' || lookup.value === '') return [];
    const rewrite = rewrites[index];
    const digits = [...index.toString(4)].map((digit) => (0xf8 + Number(digit)).toString(16)).join('');
    const mark = sql`unhex(${text(`ff${digits}ff`)})`;
    return [[lookup.value, rewrite?.type === 'string' ? rewrite.value : lookup.value, mark]];
  });
  const marked = pairs.reduce(
    (t, [from, , mark]) => sql`replaceAll(${t}, ${text(from)}, ${mark})`,
    call.text(0),
  );
  return string(pairs.reduce((t, [, to, mark]) => sql`replaceAll(${t}, ${mark}, ${text(to)})`, marked));
};

/** Escapes in lower case; a space is a plus sign, or an escape in a component. */
const urlEncode =
  (encode: (t: Fragment) => Fragment): FunctionRule =>
  (call) =>
    string(
      sql`arrayStringConcat(arrayMap(p -> if(startsWith(p, '%'), lower(p), p), extractAll(${encode(call.text(0))}, '%[0-9A-F]{2}|[^%]+')))`,
    );

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
  indexof_regex: indexofRegex,
  replace_strings: replaceStrings,
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
  format_bytes: formatBytes,
  regex_quote: onText((t) => sql`regexpQuoteMeta(${t})`),
  url_encode: urlEncode((t) => sql`encodeURLFormComponent(${t})`),
  url_encode_component: urlEncode((t) => sql`encodeURLComponent(${t})`),
  url_decode: onText((t) => sql`decodeURLComponent(${t})`),
};
