import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compilePredicate,
  FILTER_LIMITS,
  type FilterNode,
  type LiteralNode,
  ODataError,
  type ODataField,
  type ODataSet,
  parseFilter,
  printFilter,
  type ValueNode,
} from './index.ts';
import { lower, upper } from './letter-case.ts';

const field = (name: string, type: ODataField['type'], more: Partial<ODataField> = {}): ODataField => ({
  name,
  type,
  filterable: true,
  sortable: true,
  ...more,
});

const alerts: ODataSet = {
  name: 'alerts',
  maxTop: 10_000,
  expandable: [],
  fields: [
    field('title', 'string'),
    field('machineId', 'string'),
    field('alertCreationTime', 'datetime'),
    field('incidentId', 'int'),
    field('score', 'number'),
    field('isHandled', 'bool'),
    field('severity', 'enum', { enumValues: ['Low', 'Medium', 'High'] }),
    field('tags', 'collection'),
    field('ports', 'collection', { items: { type: 'int' } }),
    field('evidence', 'collection', {
      items: {
        fields: [
          field('sha1', 'string'),
          field('labels', 'collection'),
          field('secret', 'string', { filterable: false }),
        ],
      },
    }),
    field('hidden', 'string', { filterable: false }),
  ],
};

type Entity = Record<string, unknown>;

const entity: Entity = {
  title: "Web shell isn't nice",
  machineId: 'abc',
  alertCreationTime: '2018-08-01T10:30:00.1234567Z',
  incidentId: 7,
  score: 2.5,
  isHandled: true,
  severity: 'High',
  tags: ['red', 'blue'],
  ports: [80, 443],
  evidence: [
    { sha1: 'aa', labels: ['x'] },
    { sha1: 'bb', labels: [] },
  ],
};

const selects = (filter: string, of: Entity = entity) => compilePredicate(parseFilter(filter, alerts))(of);

function refusal(filter: string): ODataError {
  try {
    parseFilter(filter, alerts);
  } catch (error) {
    if (error instanceof ODataError) return error;
    throw error;
  }
  throw new Error(`accepted: ${filter}`);
}

describe('a filter', () => {
  it.each([
    ["title eq 'Web shell isn''t nice'", true],
    ["TITLE EQ 'other'", false],
    ["title ne 'other'", true],
    ['incidentId gt 6 and incidentId lt 8', true],
    ['incidentId ge 7 and incidentId le 7', true],
    ['incidentId eq -7', false],
    ['score gt 2', true],
    ['score eq 2.5', true],
    ['score lt 2.5e1', true],
    ['7 eq incidentId', true],
    ["severity eq 'High'", true],
    ["severity eq 'high'", true],
    ['severity eq High', true],
    ['High eq severity', true],
    ["severity ne 'High'", false],
    ["severity eq Microsoft.Windows.Severity'High'", true],
    ["severity in ('Low', 'High')", true],
    ['severity in [Low,Medium]', false],
    ['incidentId in (1,7)', true],
    ["title in ('a','b') or machineId in ('abc')", true],
    ['alertCreationTime gt 2018-08-01', true],
    ['alertCreationTime gt 2018-08-01Z', true],
    ['alertCreationTime lt 2018-08-01T10:30:00.1234568Z', true],
    ['alertCreationTime eq 2018-08-01T10:30:00.1234567Z', true],
    ['alertCreationTime eq 2018-08-01T12:30:00.1234567+02:00', true],
    ['alertCreationTime eq 2018-08-01T12:30:00.1234567 02:00', true],
    ['alertCreationTime eq 2018-08-01T08:30:00.1234567-02:00', true],
    ['alertCreationTime lt 2018-08-01T10:30Z', false],
    ["alertCreationTime gt '2018-08-01T00:00:00Z'", true],
    ["alertCreationTime gt datetime'2018-08-01T00:00:00'", true],
    ['alertCreationTime in (2018-08-01T10:30:00.1234567Z)', true],
    ["startswith(title,'Web') and endswith(title,'nice')", true],
    ["contains(tolower(title), 'SHELL')", true],
    ["length('a😀') eq 2 and indexof('a😀b', 'b') eq 2 and substring('a😀b', 1, 1) eq '😀'", true],
    ["toupper('ß') eq 'ß' and tolower('İ') eq 'i' and endswith('ΑΣ', 'ασ')", true],
    ["contains(toupper(title), 'SHELL')", true],
    ["contains(title,'zzz') eq false", true],
    ["contains(title,'Web') ne false", true],
    ['length(machineId) eq 3', true],
    ["indexof(machineId,'c') eq 2", true],
    ["not contains(title,'Web')", false],
    ['not (incidentId eq 7)', false],
    ['not isHandled', false],
    ['isHandled', true],
    ['isHandled eq true and true', true],
    ['false or isHandled ne false', true],
    ["tags/any(t: t eq 'red')", true],
    ["tags/any(t:t eq 'green')", false],
    ["tags/all(t: startswith(t,'r') or startswith(t,'b'))", true],
    ['tags/any()', true],
    ['ports/any(p: p gt 400)', true],
    ['ports/any(p: p in (1,2))', false],
    ["evidence/any(e: e/sha1 eq 'bb' and incidentId eq 7)", true],
    ["evidence/any(e: e/labels/any(l: l eq 'x') and e/sha1 eq 'aa')", true],
    ["evidence/any(e: e/labels/any(l: l eq 'x') and e/sha1 eq 'bb')", false],
    ["title eq 'a' or title eq 'b' and incidentId eq 7", false],
    ['true or true and false', true],
    ['false and false or true', true],
    ["(title eq 'a' or isHandled) and incidentId eq 7", true],
    ['((((incidentId)))) eq (7)', true],
    ['machineId eq 5382f7ea-7557-4ab7-9782-d50480024a4e', false],
  ])('%s -> %s', (filter, expected) => {
    expect(selects(filter)).toBe(expected);
  });

  it.each([
    ['title eq null', true],
    ['null eq title', true],
    ['title ne null', false],
    ["title ne 'x'", true],
    ['incidentId gt 1', false],
    ['not (incidentId gt 1)', true],
    ["contains(title,'a')", false],
    ["not contains(title,'a')", false],
    ["contains(title,'a') or true", true],
    ["not (contains(title,'a') eq true)", true],
    ["title in (null,'a')", true],
    ['length(title) eq null', true],
    ['isHandled', false],
    ['not isHandled', false],
    ['isHandled eq null', true],
    ['tags/any()', false],
    ["tags/all(t: t eq 'x')", true],
    ["evidence/any(e: e/sha1 eq 'x')", false],
    ['alertCreationTime ne 2018-01-01', true],
  ])('of an entity whose properties are null: %s -> %s', (filter, expected) => {
    expect(selects(filter, {})).toBe(expected);
    const nulls = Object.fromEntries(alerts.fields.map((f) => [f.name, null]));
    expect(selects(filter, nulls)).toBe(expected);
  });

  it.each([
    ['foo eq 1', /'foo' is no property of alerts \(at position 0\)/, 'foo'],
    ['title eq bar', /'bar' is no property/, 'bar'],
    ['hidden eq 1', /'hidden' cannot be filtered by/, 'hidden'],
    ["evidence/any(e: e/secret eq 'a')", /'e\/secret' cannot be filtered by/, 'e/secret'],
    ['title eq 5', /text cannot be compared with an integer/, 'title'],
    ["incidentId eq '5'", /an integer cannot be compared with text/, 'incidentId'],
    ["incidentId in ('5')", /an integer cannot be compared with text/, 'incidentId'],
    ["severity eq 'Extreme'", /'Extreme' is none of Low, Medium, High/, 'severity'],
    ['severity gt Low', /"gt" has no meaning for an enumeration/, 'severity'],
    ["startswith(severity,'L')", /startswith takes text, not an enumeration/, 'severity'],
    ["alertCreationTime gt 'yesterday'", /'yesterday' is no date-time/, undefined],
    ['alertCreationTime gt 2018-13-01', /'2018-13-01' is no date-time/, undefined],
    ['alertCreationTime gt 2018-02-29', /'2018-02-29' is no date-time/, undefined],
    ['alertCreationTime gt 2018-01-01T00:00:00.1234567890123Z', /is no date-time/, undefined],
    ["tags eq 'red'", /use any or all/, 'tags'],
    ["tags in ('red')", /use any or all/, 'tags'],
    ["title/any(t: t eq 'x')", /'title' is no collection/, 'title'],
    ["tags/some(t: t eq 'x')", /expected "any" or "all" after 'tags'/, 'tags'],
    ["tags/any(t: t/x eq 'a')", /'t' has no properties/, 't'],
    ["evidence/any(e: e eq 'a')", /'e' has properties/, 'e'],
    ["evidence/any(e: e/labels/any(e: e eq 'a'))", /'e' is taken already/, undefined],
    ["tags/any(ü: ü eq 'a')", /'ü' is no name of a variable/, undefined],
    [`tags/any(${'x'.repeat(33)}: true)`, /is no name of a variable/, undefined],
    ['tags/all()', /"all" needs a condition/, undefined],
    ["matchespattern(title,'a')", /the function 'matchespattern' is not supported/, undefined],
    ["substring(title) eq 'a'", /substring takes 2 or 3 arguments/, undefined],
    ["substring(title,'a') eq 'a'", /substring takes an integer, not text/, undefined],
    ['year(title) eq 2018', /year takes a date-time, not text/, 'title'],
    ["title eq 'a\0'", /U\+0000/, undefined],
    ["constructor(title) eq 'a'", /the function 'constructor' is not supported/, undefined],
    ['contains(title)', /contains takes 2 arguments/, undefined],
    ["tolower(title,'a') eq 'a'", /tolower takes 1 argument /, undefined],
    ["not title eq 'a'", /put the comparison in parentheses/, undefined],
    ['title', /expected a condition, found text/, 'title'],
    ["title eq 'a", /a quoted text has no end \(at position 9\)/, undefined],
    ["title eq 'a''b", /a quoted text has no end \(at position 9\)/, undefined],
    ["title eq 'a' title", /expected the end, "and" or "or", found 'title'/, undefined],
    ['title eq', /found the end \(at position 8\)/, undefined],
    ["(title eq 'a'", /expected "\)", found the end/, undefined],
    ["title eq 'a' and", /found the end/, undefined],
    ['', /found the end/, undefined],
    ['title eq ;', /';' cannot be read \(at position 9\)/, undefined],
    ['title in ()', /found '\)'/, undefined],
    ['title in (title)', /"in" takes literal values/, undefined],
    ["title in ('a']", /expected "\)", found '\]'/, undefined],
    ['incidentId eq 99999999999999999999', /is too large/, undefined],
    ['incidentId eq 5L', /cannot be read/, undefined],
    ["incidentId eq duration'P1D'", /'duration' is no type of a literal/, undefined],
    ['(title eq null) eq (title eq null)', /expected a value, found a condition/, undefined],
  ])('%s is refused', (filter, message, property) => {
    const error = refusal(filter);
    expect(error.option).toBe('$filter');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^\$filter: /);
    expect(error.property).toBe(property);
  });

  it('may be nested to the limit and no further', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}isHandled${')'.repeat(depth)}`;
    expect(selects(nested(FILTER_LIMITS.depth))).toBe(true);
    expect(refusal(nested(FILTER_LIMITS.depth + 1)).message).toMatch(/nested more than 50 deep/);
    expect(refusal(`${'not '.repeat(2000)}isHandled`).message).toMatch(/nested more than 50 deep/);
    expect(selects(Array.from({ length: 200 }, () => '((isHandled))').join(' and '))).toBe(true);
    expect(refusal('('.repeat(8000)).message).toMatch(/nested more than 50 deep/);
    expect(refusal(`${'tolower('.repeat(900)}`).message).toMatch(/nested more than 50 deep/);
  });

  it('may be as long as the limit and no longer', () => {
    const padded = (length: number) => 'isHandled'.padEnd(length);
    expect(selects(padded(FILTER_LIMITS.length))).toBe(true);
    expect(refusal(padded(FILTER_LIMITS.length + 1)).message).toMatch(/longer than 8192/);
    expect(selects(Array.from({ length: 500 }, () => 'isHandled').join(' and '))).toBe(true);
  });

  it('that joins or lists more than anybody means is refused', () => {
    expect(selects(`${'true or '.repeat(FILTER_LIMITS.operands)}true`)).toBe(true);
    expect(refusal(`${'true or '.repeat(FILTER_LIMITS.operands + 1)}true`).message).toMatch(
      /more than 1000 conditions/,
    );
    const among = (count: number) => `title in (${Array(count).fill("'a'").join(',')})`;
    expect(selects(among(FILTER_LIMITS.options))).toBe(false);
    expect(refusal(among(FILTER_LIMITS.options + 1)).message).toMatch(/at most 1000 values/);
  });
});

describe('functions', () => {
  const of: Entity = {
    title: ' Ab ',
    alertCreationTime: '2018-12-31T23:59:58.7654321Z',
    vmMetadata: { vmId: 'v1' },
  };
  const set: ODataSet = {
    ...alerts,
    fields: [...alerts.fields, { name: 'vmMetadata/vmId', type: 'string', filterable: true, sortable: true }],
  };
  it.each([
    ["trim(title) eq 'Ab'", true],
    ["concat(trim(title),'c') eq 'Abc'", true],
    ["substring(title,1) eq 'Ab '", true],
    ["substring(title,1,1) eq 'A'", true],
    ["substring(title,9) eq ''", true],
    ["substring(machineId,1) eq ''", false],
    ['year(alertCreationTime) eq 2018 and month(alertCreationTime) eq 12', true],
    ['day(alertCreationTime) eq 31 and hour(alertCreationTime) eq 23', true],
    ['minute(alertCreationTime) eq 59 and second(alertCreationTime) eq 58', true],
    ['date(alertCreationTime) eq 2018-12-31', true],
    ['date(alertCreationTime) eq 2018-12-30', false],
    ['alertCreationTime lt now()', true],
    ['alertCreationTime gt now()', false],
    ["VmMetadata/vmid eq 'v1'", true],
    ["vmMetadata/vmId eq 'v2'", false],
  ])('%s is %s', (text, expected) => {
    const node = parseFilter(text, set, new Date('2019-01-01T00:00:00Z'));
    expect(compilePredicate(node)(of)).toBe(expected);
  });
});

// Filters made by a generator that knows the set, and a naive model of what they mean.

const literal = {
  string: fc
    .oneof(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.constantFrom("'", "''", "a'b"))
    .map((value): LiteralNode => ({ kind: 'literal', type: 'string', value })),
  int: fc
    .integer({ min: -3, max: 3 })
    .map((value): LiteralNode => ({ kind: 'literal', type: 'int', value: value + 0 })),
  number: fc
    .constantFrom(-1.5, 0.25, 2.5)
    .map((value): LiteralNode => ({ kind: 'literal', type: 'number', value })),
  bool: fc.boolean().map((value): LiteralNode => ({ kind: 'literal', type: 'bool', value })),
  enum: fc
    .constantFrom('Low', 'Medium', 'High')
    .map((value): LiteralNode => ({ kind: 'literal', type: 'enum', value })),
  datetime: fc
    .constantFrom(
      '2018-08-01T00:00:00.0000000Z',
      '2018-08-01T00:00:00.0000001Z',
      '9999-12-31T23:59:59.9999999Z',
    )
    .map((value): LiteralNode => ({ kind: 'literal', type: 'datetime', value })),
  null: fc.constant<LiteralNode>({ kind: 'literal', type: 'null', value: null }),
};

const named = (name: string): ValueNode & { kind: 'property' } => {
  const found = alerts.fields.find((f) => f.name === name);
  if (!found) throw new Error(name);
  return { kind: 'property', of: null, field: found };
};

const textValue: fc.Arbitrary<ValueNode> = fc.oneof(
  fc.constantFrom(named('title'), named('machineId')),
  fc
    .constantFrom('tolower' as const, 'toupper' as const)
    .map((name): ValueNode => ({ kind: 'call', name, type: 'string', args: [named('title')] })),
);
const numberValue: fc.Arbitrary<ValueNode> = fc.oneof(
  fc.constantFrom(named('incidentId'), named('score')),
  fc.constant<ValueNode>({ kind: 'call', name: 'length', type: 'int', args: [named('title')] }),
  literal.string.map(
    (part): ValueNode => ({ kind: 'call', name: 'indexof', type: 'int', args: [named('title'), part] }),
  ),
);

const compared = (
  left: fc.Arbitrary<ValueNode>,
  right: fc.Arbitrary<ValueNode>,
  ops: readonly ('eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le')[],
) => fc.record({ kind: fc.constant('compare' as const), operator: fc.constantFrom(...ops), left, right });
const all = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;

const leaf: fc.Arbitrary<FilterNode> = fc.oneof(
  compared(textValue, fc.oneof(literal.string, literal.null, textValue), all),
  compared(numberValue, fc.oneof(literal.int, literal.number, literal.null, numberValue), all),
  compared(fc.constant(named('severity')), fc.oneof(literal.enum, literal.null), ['eq', 'ne']),
  compared(fc.constant(named('isHandled')), fc.oneof(literal.bool, literal.null), ['eq', 'ne']),
  compared(fc.constant(named('alertCreationTime')), fc.oneof(literal.datetime, literal.null), all),
  fc.record({
    kind: fc.constant('in' as const),
    value: fc.constant(named('severity')),
    options: fc.array(fc.oneof(literal.enum, literal.null), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('match' as const),
    function: fc.constantFrom('contains' as const, 'startswith' as const, 'endswith' as const),
    text: textValue,
    part: fc.oneof(literal.string, textValue),
  }),
  fc.constant<FilterNode>({ kind: 'truth', value: named('isHandled') }),
  fc.record({
    kind: fc.constantFrom('any' as const, 'all' as const),
    collection: fc.constant(named('tags')),
    variable: fc.constant('t'),
    condition: compared(
      fc.constant({ kind: 'variable' as const, name: 't', type: 'string' as const }),
      literal.string,
      all,
    ),
  }),
);

const { filter } = fc.letrec<{ filter: FilterNode }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({ kind: fc.constant('not' as const), operand: tie('filter') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('filter'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('is' as const),
      // A bool property that stands alone would be compared as a value, not as a condition.
      condition: tie('filter').filter((node) => node.kind !== 'truth'),
      value: fc.boolean(),
    }),
  ),
}));

const entities: fc.Arbitrary<Entity> = fc.record({
  title: fc.option(fc.string({ maxLength: 4 })),
  machineId: fc.option(fc.constantFrom('a', 'A', 'b')),
  incidentId: fc.option(fc.integer({ min: -3, max: 3 })),
  score: fc.option(fc.constantFrom(-1.5, 0.25, 2.5)),
  isHandled: fc.option(fc.boolean()),
  severity: fc.option(fc.constantFrom('Low', 'Medium', 'High')),
  alertCreationTime: fc.option(fc.constantFrom('2018-08-01T00:00:00Z', '2018-08-01T00:00:00.0000001Z')),
  tags: fc.option(fc.array(fc.constantFrom('a', 'b', ''), { maxLength: 3 })),
});

/** 100 ns units, exactly. */
const ticks = (iso: string) =>
  BigInt(Date.parse(iso)) * 10_000n + BigInt(iso.slice(23, 27).replace('Z', '') || 0);

/** The model: walks the tree with plain ifs, null for null all the way. */
function model(node: FilterNode, of: Entity, t: unknown = null): boolean | null {
  const value = (v: ValueNode): unknown => {
    if (v.kind === 'literal') return v.type === 'datetime' ? ticks(v.value) : v.value;
    if (v.kind === 'variable') return t;
    if (v.kind === 'property') {
      const raw = of[v.field.name] ?? null;
      return v.field.type === 'datetime' && typeof raw === 'string' ? ticks(raw) : raw;
    }
    const args = v.args.map(value);
    if (args.includes(null)) return null;
    const [a = '', b = ''] = args as string[];
    switch (v.name) {
      case 'tolower':
        return lower(a);
      case 'toupper':
        return upper(a);
      case 'length':
        return [...a].length;
      case 'indexof':
        return a.includes(b) ? [...a.slice(0, a.indexOf(b))].length : -1;
      default:
        throw new Error(`the generator makes no ${v.name}`);
    }
  };
  switch (node.kind) {
    case 'and': {
      const results = node.operands.map((o) => model(o, of, t));
      return results.includes(false) ? false : results.includes(null) ? null : true;
    }
    case 'or': {
      const results = node.operands.map((o) => model(o, of, t));
      return results.includes(true) ? true : results.includes(null) ? null : false;
    }
    case 'not': {
      const result = model(node.operand, of, t);
      return result === null ? null : !result;
    }
    case 'is':
      return model(node.condition, of, t) === node.value;
    case 'truth':
      return value(node.value) as boolean | null;
    case 'in':
      return node.options.map(value).includes(value(node.value));
    case 'compare': {
      const [a, b] = [value(node.left), value(node.right)] as [number, number];
      if (node.operator === 'eq') return a === b;
      if (node.operator === 'ne') return a !== b;
      if (a === null || b === null) return false;
      return { gt: a > b, ge: a >= b, lt: a < b, le: a <= b }[node.operator];
    }
    case 'match': {
      const [a, b] = [value(node.text), value(node.part)] as [string | null, string | null];
      if (a === null || b === null) return null;
      const [whole, part] = [lower(a), lower(b)];
      return {
        contains: whole.includes(part),
        startswith: whole.startsWith(part),
        endswith: whole.endsWith(part),
      }[node.function];
    }
    case 'any':
    case 'all': {
      const items = (of.tags ?? []) as unknown[];
      const results = items.map((item) => (node.condition ? model(node.condition, of, item) : true));
      return node.kind === 'any' ? results.includes(true) : !results.includes(false);
    }
  }
}

describe('any filter', () => {
  it('parses back to itself after printing', () => {
    fc.assert(
      fc.property(filter, (node) => {
        const text = printFilter(node);
        fc.pre(text.length <= FILTER_LIMITS.length);
        expect(parseFilter(text, alerts)).toEqual(node);
      }),
      { numRuns: 500 },
    );
  });

  it('selects what the model selects', () => {
    fc.assert(
      fc.property(filter, entities, (node, of) => {
        expect(compilePredicate(node)(of)).toBe(model(node, of) === true);
      }),
      { numRuns: 2000 },
    );
  });

  it('that is made of random text throws nothing but ODataError', () => {
    const words = [
      'title',
      'tags',
      '/any(',
      't:',
      '(',
      ')',
      "'",
      "'a'",
      ' eq ',
      ' in ',
      '[',
      ',',
      'not ',
      ' and ',
      '2018-08-01',
      '-1',
      'severity',
      'High',
      'null',
      'contains(',
      'evidence',
      '/',
      'Z',
      '+02:00',
    ];
    const soup = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.constantFrom(...words), { maxLength: 20 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(soup, (text) => {
        try {
          compilePredicate(parseFilter(text, alerts))(entity);
        } catch (error) {
          expect(error).toBeInstanceOf(ODataError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
