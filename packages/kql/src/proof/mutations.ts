import fc from 'fast-check';
import { KqlError } from '../index.ts';
import { injections, operatorQueries, pluginQueries } from './leak-queries.ts';

const seeds = [
  'DeviceProcessEvents | where Timestamp > ago(1d) and FileName =~ "cmd.exe" | project DeviceId, ProcessCommandLine | take 10',
  'DeviceInfo | summarize arg_max(Timestamp, *), n = count() by DeviceId | where n > 1 | sort by n desc',
  'let t = dynamic(["a", "b.c"]); DeviceNetworkEvents | where RemoteUrl has_any (t) or RemotePort in (80, 443)',
  'DeviceEvents | extend x = parse_json(AdditionalFields).a[0]["b"] | mv-expand x to typeof(string) | summarize make_set(x) by bin(Timestamp, 1h)',
  'let f = (T:(DeviceId:string), d:timespan = 1h) { T | where DeviceId != "" | extend e = now() - d }; DeviceInfo | invoke f() | count',
  'union withsource=S DeviceInfo, (DeviceEvents | project DeviceId, Timestamp) | join kind=leftouter (DeviceInfo) on DeviceId | top 5 by Timestamp asc',
  'print a = case(1 > 2, "x", strcat("y", tostring(3.5))), b = datetime_diff("day", now(), datetime(2026-01-01)), c = split("a,b", ",")[-1]',
  'DeviceInfo | sort by Timestamp asc | extend p = prev(DeviceId), n = row_number() | serialize | where p == DeviceId',
  'DeviceNetworkEvents | extend g = geo_info_from_ip_address(RemoteIP) | summarize n = dcount(RemoteUrl), percentiles(RemotePort, 5, 50, 95) by tostring(g.country)',
  'print d = decimal(1.5) + 2, t = 1.02:03:04.5 * 2, g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), r = 1e300 / 0.0, i = int(5) % -3, x = dynamic({"a":[1,null]})',
  'DeviceInfo | make-series n = count() on Timestamp from ago(7d) to now() step 1d by OSPlatform | extend (a, b) = series_fit_line(n) | project series_stats(n)',
  'DeviceEvents | parse kind=regex AdditionalFields with * "ThreadId\\":" Thread:long "," * | extend e = extract("([a-z]+)", 1, ActionType), r = replace_regex(FileName, "(.)", "\\\\1") | distinct e, r',
  ...Object.values(operatorQueries).flat(),
  ...Object.values(pluginQueries).flat(),
  ...injections,
];

const token = /\s+|[A-Za-z_]\w*|"[^"]*"|\d+\w*|[^\sA-Za-z0-9]/g;

const tokensOf = (text: string): string[] => text.match(token) ?? [];

export const pieces: readonly string[] = [
  ...new Set(seeds.flatMap(tokensOf).filter((piece) => piece.trim() !== '')),
  ...[
    'null',
    'long(null)',
    'dynamic(null)',
    'real(nan)',
    '-9223372036854775808',
    '1e999',
    '$left',
    '$right',
    '*',
    "'",
    '"',
    '//',
    '\n',
    '@"\\"',
    'range',
    '\0',
    '\ud800',
    '```',
    'h"x"',
  ],
];

/** Tokens of one class may stand in for one another without the text ceasing to be a query. */
function classOf(piece: string): string {
  if (/^["']/.test(piece)) return 'text';
  if (/^\d/.test(piece)) return 'number';
  return /^\w/.test(piece) ? 'word' : 'sign';
}

/** A seed with some of its tokens dropped, exchanged for others alike, doubled, swapped or replaced, or the rest of another seed at its end. */
export const mutated: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(
      fc.tuple(
        fc.nat(400),
        fc.constantFrom('alike', 'alike', 'alike', 'drop', 'insert', 'replace', 'double', 'swap', 'cross'),
        fc.constantFrom(...pieces),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    fc.constantFrom(...seeds),
  )
  .map(([seed, edits, other]) => {
    let tokens = tokensOf(seed);
    for (const [at, edit, piece] of edits) {
      const index = at % Math.max(1, tokens.length);
      switch (edit) {
        case 'alike': {
          const alike = pieces.filter((other) => classOf(other) === classOf(tokens[index] ?? ''));
          tokens[index] = alike[at % Math.max(1, alike.length)] ?? piece;
          break;
        }
        case 'drop':
          tokens.splice(index, 1);
          break;
        case 'insert':
          tokens.splice(index, 0, piece);
          break;
        case 'replace':
          tokens[index] = piece;
          break;
        case 'double':
          tokens.splice(index, 0, tokens[index] ?? '');
          break;
        case 'swap':
          tokens.splice(index, 2, tokens[index + 1] ?? '', tokens[index] ?? '');
          break;
        case 'cross': {
          const bar = other.indexOf('|');
          tokens = [...tokens.slice(0, index), ' ', ...tokensOf(bar === -1 ? other : other.slice(bar))];
          break;
        }
      }
    }
    return tokens.join('');
  });

/** Words of a statement, of the engine or of its errors, that a client must never read. */
const inside = /merlon\.|SELECT |DB::|Chdb|ClickHouse|\bt\d+\.c\d+|\bc\d+\b.*\bAS\b/;

/** What is wrong with the refusal of a text; undefined when it is as it must be. */
export function faultOf(error: unknown, text: string): string | undefined {
  if (!(error instanceof KqlError))
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error.cause !== undefined)
    return `crash inside: ${error.cause instanceof Error ? error.cause.stack : String(error.cause)}`;
  if (error.message === '') return 'an empty message';
  if (error.start < 0 || error.start + error.length > text.length + 1)
    return `a place outside the text: ${error.start} + ${error.length}`;
  const own = error.message.replaceAll(/'[^']*'|`[^`]*`|"[^"]*"/g, '');
  return inside.test(own) ? `the message tells of the engine: ${error.message}` : undefined;
}
