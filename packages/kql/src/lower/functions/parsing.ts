import { type Fragment, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { decimalOfText } from '../decimal.ts';
import { jsonString, jsonTexts } from '../json.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const dynamic = (value: Fragment): Expr => expr('dynamic', value, false);
const kept = (call: Call, value: Fragment): Fragment => call.shared(expr('string', value, false)).sql;
const bagOf = (members: Readonly<Record<string, Fragment>>): Fragment =>
  sql`concat('{', ${join(
    Object.entries(members).map(([name, value]) => sql`${text(`"${name}":`)}, ${jsonString(value)}`),
    sql`, ',', `,
  )}, '}')`;

/** The values of the first record: commas, line ends and doubled quotes may stand inside quotes. */
const parseCsv: FunctionRule = (call) => {
  const record = kept(call, sql`regexpExtract(${call.text(0)}, '(?s)^((?:"(?:[^"]|"")*"|[^"\\r\\n])*)', 1)`);
  const fields = sql`extractAllGroupsVertical(concat(',', ${record}), '(?s),(?:"((?:[^"]|"")*)"|([^,]*))')`;
  const values = sql`arrayMap(f -> if(f[1] != '', replaceAll(f[1], '""', '"'), f[2]), ${fields})`;
  return dynamic(jsonTexts(values));
};

/**
 * parse_command_line(text, "windows"): the arguments as CommandLineToArgvW gives them. The program's name takes no escapes: it ends at its second
 * quote, or at white space. After it, backslashes before a quote halve, an odd one makes the quote a plain character, and of three quotes in a
 * row that close and open, one is left.
 */
const parseCommandLine: FunctionRule = (call) => {
  if (call.constantText(1, 'a parser type').toLowerCase() !== 'windows')
    call.refuse(`of type '${call.constantText(1, 'a parser type')}'`);
  const line = kept(call, sql`trimLeft(${call.text(0)}, ' \\t')`);
  const program = kept(call, sql`regexpExtract(${line}, '(?s)^("[^"]*"?|[^ \\t]*)', 1)`);
  const tail = kept(call, sql`substring(${line}, length(${program}) + 1)`);
  const chunks = sql`extractAll(${tail}, '(?s)\\\\\\\\*"+|\\\\\\\\+|[ \\t]+|[^"\\\\\\\\ \\t]+')`;
  // State: arguments, the one being read, whether there is one, quotes that are open (0 or 1). A last piece of nothing ends the last argument.
  const isBlank = sql`match(c, '^[ \\t]')`;
  const slashes = sql`position(c, '"') - 1`;
  const quotes = sql`length(c) - (${slashes})`;
  const counted = sql`(s.4 + ${quotes} - (${slashes}) % 2)`;
  const plain = sql`(s.1, concat(s.2, c), 1, s.4)`;
  const pushed = sql`if(s.3 = 1, (arrayPushBack(s.1, s.2), '', 0, s.4), s)`;
  const blank = sql`if(s.4 = 1, ${plain}, ${pushed})`;
  const threes = sql`intDiv(${counted}, 3)`;
  const open = sql`if(${counted} % 3 = 2, 0, ${counted} % 3)`;
  const quoted = sql`(s.1, concat(s.2, repeat('\\\\', intDiv(${slashes}, 2)), if((${slashes}) % 2 = 1, '"', ''), repeat('"', ${threes})), 1, ${open})`;
  const step = sql`multiIf(c = '', ${pushed}, ${isBlank}, ${blank}, position(c, '"') > 0, ${quoted}, ${plain})`;
  const start = sql`(CAST([], 'Array(String)'), '', toInt64(0), toInt64(0))`;
  const careful = sql`(arrayFold((s, c) -> ${step}, arrayPushBack(${chunks}, ''), ${start})).1`;
  // Most lines have no quote that is escaped, doubled or left open: in them quotes only hold an argument together.
  const simple = sql`arrayMap(a -> replaceAll(a, '"', ''), extractAll(${tail}, '(?s)(?:"[^"]*"|[^ \\t"])+'))`;
  const isSimple = sql`(NOT match(${tail}, '\\\\\\\\"|""') AND countSubstrings(${tail}, '"') % 2 = 0)`;
  const all = sql`arrayPushFront(if(${isSimple}, ${simple}, ${careful}), replaceAll(${program}, '"', ''))`;
  return dynamic(sql`if(${line} = '', '[]', ${jsonTexts(all)})`);
};

/** parse_path(text): its pieces, whichever way its slashes lean. */
const parsePath: FunctionRule = (call) => {
  const t = call.text(0);
  const scheme = kept(call, sql`regexpExtract(${t}, '^([A-Za-z][A-Za-z0-9+.-]+)://', 1)`);
  const path = kept(call, sql`if(${scheme} = '', ${t}, substring(${t}, length(${scheme}) + 4))`);
  const last = kept(call, sql`regexpExtract(${path}, '([^\\\\\\\\/]*)$', 1)`);
  const directory = kept(
    call,
    sql`substring(${path}, 1, greatest(toInt64(length(${path})) - toInt64(length(${last})) - 1, 0))`,
  );
  const name = kept(call, sql`splitByChar(':', ${last})[1]`);
  return dynamic(
    bagOf({
      Scheme: scheme,
      RootPath: sql`regexpExtract(${path}, '^(?:\\\\\\\\\\\\\\\\[?]\\\\\\\\)?([A-Za-z]:)', 1)`,
      DirectoryPath: directory,
      DirectoryName: sql`regexpExtract(${directory}, '([^\\\\\\\\/:]*)$', 1)`,
      Filename: name,
      Extension: sql`regexpExtract(${name}, '[.]([^.]*)$', 1)`,
      AlternateDataStreamName: sql`regexpExtract(${last}, ':(.*)$', 1)`,
    }),
  );
};

/** Up to four numbers of up to eight digits as one that sorts as they do; null for anything else. */
const parseVersion: FunctionRule = (call) => {
  const t = call.text(0);
  const parts = sql`arrayResize(splitByChar('.', ${t}), 4, '0')`;
  const digits = sql`arrayStringConcat(arrayMap(p -> leftPad(p, 8, '0'), ${parts}))`;
  const valid = sql`match(${t}, '^[0-9]{1,8}([.][0-9]{1,8}){0,3}$')`;
  return expr('decimal', decimalOfText(sql`if(${valid}, ${digits}, '')`), true);
};

export const parsingFunctions: FunctionFamily = {
  parse_csv: parseCsv,
  parse_command_line: parseCommandLine,
  parse_path: parsePath,
  parse_version: parseVersion,
};
