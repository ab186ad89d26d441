import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantString } from '../constants.ts';
import { jsonElements, jsonNumbers } from '../json.ts';
import type { FunctionFamily, FunctionRule } from './rule.ts';

const string = (value: Fragment): Expr => expr('string', value, false);

const characters = (t: Fragment): Fragment => sql`extractAll(${t}, '(?s).')`;

/** Code point of a character from its bytes. */
function codePoint(character: Fragment): Fragment {
  const byte = (at: number) => sql`toInt64(reinterpretAsUInt8(substring(${character}, ${integer(at)}, 1)))`;
  const low = (at: number) => sql`bitAnd(${byte(at)}, 63)`;
  return sql`multiIf(length(${character}) = 1, ${byte(1)}, length(${character}) = 2, bitAnd(${byte(1)}, 31) * 64 + ${low(2)}, length(${character}) = 3, bitAnd(${byte(1)}, 15) * 4096 + ${low(2)} * 64 + ${low(3)}, bitAnd(${byte(1)}, 7) * 262144 + ${low(2)} * 4096 + ${low(3)} * 64 + ${low(4)})`;
}

/** The character of a code point `n` that is one. */
const character = sql`multiIf(n < 128, char(n), n < 2048, char(192 + intDiv(n, 64), 128 + n % 64), n < 65536, char(224 + intDiv(n, 4096), 128 + intDiv(n, 64) % 64, 128 + n % 64), char(240 + intDiv(n, 262144), 128 + intDiv(n, 4096) % 64, 128 + intDiv(n, 64) % 64, 128 + n % 64))`;

const toCodePoints: FunctionRule = (call) =>
  expr('dynamic', jsonNumbers(sql`arrayMap(c -> ${codePoint(sql`c`)}, ${characters(call.text(0))})`), false);

/** Of numbers and arrays of numbers, in a row; '' when one of them is no code point. */
const fromCodePoints: FunctionRule = (call) => {
  const lists = call.values().map((value, index) => {
    if (value.type !== 'dynamic') return sql`[ifNull(${call.long(index).sql}, -1)]`;
    const json = call.json(index);
    return sql`arrayMap(e -> ifNull(toInt64OrNull(e), -1), if(JSONType(${json}) = 'Array', ${jsonElements(json)}, [${json}]))`;
  });
  const points = call.shared(expr('dynamic', sql`arrayConcat(${join(lists)})`, false)).sql;
  const isWrong = sql`n < 0 OR n > 1114111 OR n BETWEEN 55296 AND 57343`;
  return string(
    sql`if(arrayExists(n -> ${isWrong}, ${points}), '', arrayStringConcat(arrayMap(n -> ${character}, ${points})))`,
  );
};

/** translate(characters, replacements, text): the last replacement stands for those that lack one; without any they are removed. */
const translate: FunctionRule = (call) => {
  const [from, to] = [constantString(call.value(0)), constantString(call.value(1))];
  const t = call.text(2);
  if (from !== undefined && to !== undefined) {
    const replaced = [...new Set(from)];
    const replacements = [...to];
    if (replaced.length === 0) return string(t);
    // The engine takes replacements of the same number, and none of an empty list.
    if (replacements.length > 0) {
      const padded = replaced.map(
        (_, index) => replacements[[...from].indexOf(replaced[index] ?? '')] ?? replacements.at(-1),
      );
      return string(sql`translateUTF8(${t}, ${text(replaced.join(''))}, ${text(padded.join(''))})`);
    }
  }
  const searched = call.shared(expr('dynamic', characters(call.text(0)), false)).sql;
  const given = call.shared(expr('dynamic', characters(call.text(1)), false)).sql;
  const replacement = sql`${given}[least(indexOf(${searched}, c), length(${given}))]`;
  const each = sql`arrayMap(c -> if(has(${searched}, c), ${replacement}, c), ${characters(t)})`;
  return string(sql`arrayStringConcat(${each})`);
};

export const unicodeFunctions: FunctionFamily = {
  unicode_codepoints_from_string: toCodePoints,
  to_utf8: toCodePoints,
  unicode_codepoints_to_string: fromCodePoints,
  make_string: fromCodePoints,
  isutf8: (call) => expr('bool', sql`isValidUTF8(${call.text(0)})`, false),
  translate,
};
