import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { KqlError } from './index.ts';
import { translated } from './testing/translated.ts';

// Loading the binder and building its grammar is the slow part, once.
beforeAll(() => void translated('print 1'), 120_000);

/** How many times the usual number of texts to try. */
const thoroughness = Number(process.env.MERLON_FUZZ_FACTOR ?? 1);

/** Either a translation or a KqlError with a place inside the text. */
function answers(text: string): void {
  try {
    const { sql, columns } = translated(text);
    expect(sql.startsWith('SELECT ') || sql.startsWith('WITH ')).toBe(true);
    expect(columns.length).toBeGreaterThan(0);
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    expect(error.message).not.toBe('');
    expect(error.cause, `${text}\n${String((error.cause as Error | undefined)?.stack)}`).toBeUndefined();
    expect(error.start).toBeGreaterThanOrEqual(0);
    expect(error.start + error.length).toBeLessThanOrEqual(text.length + 1);
  }
}

const seeds = [
  'DeviceProcessEvents | where Timestamp > ago(1d) and FileName =~ "cmd.exe" | project DeviceId, ProcessCommandLine | take 10',
  'DeviceInfo | summarize arg_max(Timestamp, *), n = count() by DeviceId | where n > 1 | sort by n desc',
  'let t = dynamic(["a", "b.c"]); DeviceNetworkEvents | where RemoteUrl has_any (t) or RemotePort in (80, 443)',
  'DeviceEvents | extend x = parse_json(AdditionalFields).a[0]["b"] | mv-expand x to typeof(string) | summarize make_set(x) by bin(Timestamp, 1h)',
  'let f = (T:(DeviceId:string), d:timespan = 1h) { T | where DeviceId != "" | extend e = now() - d }; DeviceInfo | invoke f() | count',
  'union withsource=S DeviceInfo, (DeviceEvents | project DeviceId, Timestamp) | join kind=leftouter (DeviceInfo) on DeviceId | top 5 by Timestamp asc',
  'print a = case(1 > 2, "x", strcat("y", tostring(3.5))), b = datetime_diff("day", now(), datetime(2026-01-01)), c = split("a,b", ",")[-1]',
  'DeviceInfo | sort by Timestamp asc | extend p = prev(DeviceId), n = row_number() | serialize | where p == DeviceId',
];

const pieces = [
  ...new Set(seeds.flatMap((seed) => seed.match(/[A-Za-z_]\w*|"[^"]*"|\d+\w*|[^\sA-Za-z0-9]/g) ?? [])),
  '|',
  '(',
  ')',
  '[',
  ']',
  'null',
  'long(null)',
  'dynamic(null)',
  '$left',
  '*',
  "'",
  '"',
  '//',
  '\n',
  '@"\\"',
  'project-away',
  'getschema',
  'range',
];

/** A seed with some tokens dropped, doubled, swapped or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(
      fc.tuple(
        fc.nat(200),
        fc.constantFrom('drop', 'insert', 'replace', 'double'),
        fc.constantFrom(...pieces),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([seed, edits]) => {
    const tokens = seed.match(/\s+|[A-Za-z_]\w*|"[^"]*"|\d+\w*|[^\sA-Za-z0-9]/g) ?? [];
    for (const [at, edit, piece] of edits) {
      const index = at % tokens.length;
      if (edit === 'drop') tokens.splice(index, 1);
      if (edit === 'insert') tokens.splice(index, 0, piece);
      if (edit === 'replace') tokens[index] = piece;
      if (edit === 'double') tokens.splice(index, 0, tokens[index] ?? '');
      if (tokens.length === 0) break;
    }
    return tokens.join('');
  });

describe('whatever the text, translation', () => {
  it('answers a broken query', () => {
    fc.assert(fc.property(mutated, answers), {
      numRuns: 200 * thoroughness,
      seed: 20_261_124 + thoroughness,
    });
  }, 300_000);

  it('answers tokens in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 25 }), (tokens) =>
        answers(tokens.join(' ')),
      ),
      { numRuns: 80 * thoroughness, seed: 20_261_124 + thoroughness },
    );
  }, 300_000);

  it('answers random characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), answers), {
      numRuns: 80 * thoroughness,
      seed: 20_261_124 + thoroughness,
    });
  }, 300_000);
});
