import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRules } from './parse-rule.ts';
import { checkRule, compileRules } from './rule-set.ts';
import { SigmaError } from './sigma-error.ts';

const rule = (detection: string, rest = '') => `title: A rule
logsource:
  category: process_creation
  product: linux
${rest}detection:
${detection
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
`;

/** The error that reading or compiling the text ends with. */
function problemOf(text: string): SigmaError {
  try {
    for (const one of parseRules(text, 'a.yml')) {
      const problem = checkRule(one);
      if (problem) return problem;
    }
  } catch (error) {
    if (error instanceof SigmaError) return error;
    throw error;
  }
  throw new Error('no problem was found');
}

describe('parseRules', () => {
  it('reads what a rule says of itself', () => {
    const [found] = parseRules(
      `title: Shell from web server
id: 0C3CB1B4-5C6B-4C43-8A6E-3B5A1F0A7D11
status: stable
description: |
  Two
  lines
references: [https://a.example]
author: us
tags: [attack.execution, attack.t1059.004]
logsource: { category: process_creation, product: Linux }
detection: { selection: { Image|endswith: /sh }, condition: selection }
falsepositives: maintenance
level: high
recommended_action: look
custom: [let, through]
`,
      'x.yml',
    );
    expect(found).toMatchObject({
      id: '0c3cb1b4-5c6b-4c43-8a6e-3b5a1f0a7d11',
      title: 'Shell from web server',
      status: 'stable',
      level: 'high',
      description: 'Two\nlines',
      author: 'us',
      references: ['https://a.example'],
      tags: ['attack.execution', 'attack.t1059.004'],
      falsePositives: ['maintenance'],
      recommendedAction: 'look',
      logSource: { category: 'process_creation', product: 'linux', service: null },
      file: 'x.yml',
    });
  });

  it('gives a rule without an id the same one at every reading, and another to another rule', () => {
    const text = rule('selection: { Image: a }\ncondition: selection');
    const [a] = parseRules(text);
    const [b] = parseRules(text.replace('Image: a', 'Image: b'));
    expect(parseRules(text)[0]?.id).toBe(a?.id);
    expect(a?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(b?.id).not.toBe(a?.id);
  });

  it('reads several documents', () => {
    const one = rule('s: { Image: a }\ncondition: s');
    const other = one.replace('A rule', 'Another');
    for (const text of [
      `${one}---\n${other}`,
      `---\n${one}...\n---\n${other}...\n`,
      `# ours\n${one}\n--- # next\n${other}`,
    ]) {
      const rules = parseRules(text);
      expect(rules.map((each) => each.title)).toEqual(['A rule', 'Another']);
      for (const each of rules) {
        const again = parseRules(each.source);
        expect(again.map(({ id, title }) => ({ id, title }))).toEqual([{ id: each.id, title: each.title }]);
      }
    }
    expect(parseRules('')).toEqual([]);
  });

  it.each([
    ['s: { Image: a }', 'rule', 'detection.condition', 'a condition is needed'],
    ['condition: s', 'rule', 'detection', 'no selection'],
    ['s: {}\ncondition: s', 'rule', 'detection.s', 'empty'],
    ['s: []\ncondition: s', 'rule', 'detection.s', 'empty'],
    ['s: { Image: [] }\ncondition: s', 'rule', 'detection.s.Image', 'empty'],
    ['s: { Image: { a: b } }\ncondition: s', 'rule', 'detection.s.Image', 'a value is'],
    [
      's: { Image: a }\ncondition: s and t',
      'rule',
      'detection.condition',
      'character 7: there is no selection "t"',
    ],
    ['s: { Image: a }\ncondition: 1 of t*', 'rule', 'detection.condition', 'no selection is named like "t*"'],
    ['s: { Image: a }\ncondition: s and', 'syntax', 'detection.condition', 'ends too early'],
    ['s: { Image: a }\ncondition: (s', 'syntax', 'detection.condition', 'ends too early'],
    ['s: { Image: a }\ncondition: s)', 'syntax', 'detection.condition', 'character 2: ")"'],
    ['s: { Image: a }\ncondition: s s', 'syntax', 'detection.condition', 'character 3: "s"'],
    [
      's: { Image: a }\ncondition: s | count() > 5',
      'unsupported',
      'detection.condition',
      'character 3: aggregations ("| count")',
    ],
    ['s: { Image: a }\ncondition: 2 of s*', 'unsupported', 'detection.condition', '"2 of"'],
    ['s: { Image: a }\ncondition: s near s', 'syntax', 'detection.condition', 'near'],
    ['s: { Image: a }\ntimeframe: 5m\ncondition: s', 'unsupported', 'detection.timeframe', 'one event'],
    ['s: { Image|expand: a }\ncondition: s', 'unsupported', 'detection.s.Image|expand', '"expand"'],
    ['s: { Image|shout: a }\ncondition: s', 'unsupported', 'detection.s.Image|shout', '"shout"'],
    ['s: { Image|re: "(" }\ncondition: s', 'regex', 'detection.s.Image|re', ')'],
    ['s: { Image|re: "(?=a)" }\ncondition: s', 'regex', 'detection.s.Image|re', 'look-around'],
    ['s: { Image|re|contains: a }\ncondition: s', 'rule', 'detection.s.Image|re|contains', 'contains'],
    ['s: { Image|cidr: 10.0.0.0/33 }\ncondition: s', 'rule', 'detection.s.Image|cidr', 'not an IP network'],
    ['s: { Image|gt: many }\ncondition: s', 'rule', 'detection.s.Image|gt', 'a number'],
    ['s: { Image|exists: maybe }\ncondition: s', 'rule', 'detection.s.Image|exists', 'true or false'],
    ['s: { Image|wide|contains: a }\ncondition: s', 'rule', 'detection.s.Image|wide|contains', 'encoding'],
    ['s: { Image|base64: "a*" }\ncondition: s', 'rule', 'detection.s.Image|base64', 'wildcards'],
    [
      's: { Image|base64offset|contains: a }\ncondition: s',
      'rule',
      'detection.s.Image|base64offset|contains',
      'two bytes',
    ],
    [
      's: { EventID: 4624 }\ncondition: s',
      'unsupported',
      'detection.s.EventID',
      'no place in DeviceProcessEvents',
    ],
    ['s: { constructor: a }\ncondition: s', 'unsupported', 'detection.s.constructor', 'no place'],
  ])('refuses %j', (detection, kind, path, text) => {
    const problem = problemOf(rule(detection));
    expect({ kind: problem.kind, path: problem.place.path }).toEqual({ kind, path });
    expect(problem.problem).toContain(text);
    expect(problem.message).toMatch(/^a\.yml:\d+:\d+: /);
  });

  it('names line and column of the value at fault', () => {
    const problem = problemOf(rule('s:\n  Image|re:\n    - fine\n    - "("\ncondition: s'));
    expect(problem.place).toEqual({ file: 'a.yml', path: 'detection.s.Image|re.1', line: 9, column: 9 });
  });

  it.each([
    ['title: [', 'syntax'],
    ['just text', 'rule'],
    ['title: a\ntitle: b', 'syntax'],
    ['correlation: {}', 'unsupported'],
    ['action: global', 'unsupported'],
    [rule('s: { Image: a }\ncondition: s', 'level: awful\n'), 'rule'],
    [rule('s: { Image: a }\ncondition: s', 'id: 7\n'), 'rule'],
    [rule('s: { Image: a }\ncondition: s').replace('process_creation', 'proxy'), 'unsupported'],
    [rule('s: { Image: a }\ncondition: s').replace('linux', 'okta'), 'unsupported'],
    [
      rule('s: { Image: a }\ncondition: s').replace('category: process_creation', 'service: auditd'),
      'unsupported',
    ],
    [
      `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n${[...'defghijklmno'].map((c, i) => `${c}: &${c} [*${'cdefghijklmn'[i]}, *${'cdefghijklmn'[i]}]`).join('\n')}`,
      'syntax',
    ],
    ['['.repeat(100_000), 'syntax'],
  ])('refuses the document %#', (text, kind) => {
    expect(problemOf(text).kind).toBe(kind);
  });

  it('throws nothing but SigmaError, whatever the text', () => {
    const words = fc.constantFrom(
      'title: a',
      'logsource:',
      '  category: process_creation',
      '  category: file_event',
      'detection:',
      '  s:',
      '    Image|contains: a',
      '    Image|re: [a-',
      '    - x',
      '    - {A|all: [a, b]}',
      '  condition: s',
      '  condition: not 1 of s*',
      '  condition: ((s)',
      '---',
      '&a',
      '*a',
      '? !!map',
      '<<: *a',
      '__proto__: 1',
      '  constructor:',
      '\t',
      'level: high',
      '  s: !!binary aGVsbG8=',
      '  s: 0x7f',
      '    Image|base64offset|contains: ab',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 14 }).map((lines) => lines.join('\n')),
        ),
        (text) => {
          try {
            for (const one of parseRules(text)) checkRule(one);
          } catch (error) {
            expect(error).toBeInstanceOf(SigmaError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('compiles rules it has parsed, whatever the modifiers', () => {
    const modifier = fc.constantFrom(
      'contains',
      'startswith',
      'endswith',
      'all',
      're',
      'i',
      'cased',
      'cidr',
      'base64',
      'base64offset',
      'wide',
      'windash',
      'lt',
      'exists',
      'fieldref',
      'neq',
      'utf16',
    );
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('10.0.0.0/8', 'Image', '\\*x?'),
    );
    fc.assert(
      fc.property(fc.array(modifier, { maxLength: 4 }), value, (modifiers, one) => {
        const text = `{title: x, logsource: {category: process_creation}, detection: {s: {${JSON.stringify(['Image', ...modifiers].join('|'))}: ${JSON.stringify(one)}}, condition: s}}`;
        try {
          compileRules(parseRules(text));
        } catch (error) {
          expect(error).toBeInstanceOf(SigmaError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
