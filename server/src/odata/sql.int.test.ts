/** What our SQL selects and how it pages, on a real PostgreSQL, against the evaluator in memory. */
import { compilePredicate, ODataError, type ODataSet, parseFilter } from '@merlon/odata';
import { openTestStateStore } from '@merlon/state-store/testing';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectionBody, readQuery, sqlPage } from './page.ts';
import { type SqlColumns, sqlFilter } from './sql-filter.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const field = { filterable: true, sortable: true } as const;
const set: ODataSet = {
  name: 'things',
  fields: [
    { ...field, name: 'id', type: 'string' },
    { ...field, name: 'title', type: 'string' },
    { ...field, name: 'seenAt', type: 'datetime' },
    { ...field, name: 'size', type: 'int' },
    { ...field, name: 'level', type: 'enum', enumValues: ['Low', 'Medium', 'High'] },
    { ...field, name: 'open', type: 'bool' },
    { name: 'tags', type: 'collection', filterable: true, sortable: false },
    {
      name: 'parts',
      type: 'collection',
      filterable: true,
      sortable: false,
      items: {
        fields: [
          { ...field, name: 'title', type: 'string' },
          { ...field, name: 'size', type: 'int' },
        ],
      },
    },
  ],
  expandable: [],
  maxTop: 3,
  paging: { key: 'id', orderBy: [{ property: 'seenAt', direction: 'desc' }] },
};
const columns: SqlColumns = {
  id: sql`id`,
  title: sql`title`,
  seenAt: sql`seen_at`,
  size: sql`size`,
  level: sql`level`,
  open: sql`open`,
  tags: sql`tags`,
  parts: sql`parts`,
};

interface Thing {
  readonly id: string;
  readonly title: string | null;
  readonly seenAt: string | null;
  readonly size: number | null;
  readonly level: string | null;
  readonly open: boolean | null;
  readonly tags: readonly (string | null)[] | null;
  readonly parts: readonly { readonly title: string | null; readonly size: number | null }[] | null;
}

let state: Awaited<ReturnType<typeof openTestStateStore>>;
beforeAll(async () => {
  state = await openTestStateStore([]);
});
afterAll(() => state.close());

/** The rows as a table, without one. */
function table(things: readonly Thing[]) {
  const rows = things.map((thing) => ({ ...thing, seen_at: thing.seenAt }));
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as things(id text, title text, seen_at timestamptz, size int, level text, open boolean, tags text[], parts jsonb[])`;
}

async function selected(things: readonly Thing[], filters: readonly string[]): Promise<string[][]> {
  return state.tenant<object, string[][]>(TENANT, async (db) => {
    const answers: string[][] = [];
    for (const filter of filters) {
      const where = sqlFilter(parseFilter(filter, set, NOW), columns);
      const found = await sql<{ id: string }>`select id from ${table(things)} where ${where}`.execute(db);
      answers.push(found.rows.map(({ id }) => id));
    }
    return answers;
  });
}

const NOW = new Date('2026-11-25T00:00:00Z');
const times = [
  '2018-08-01T00:00:00Z',
  '2018-08-01T10:20:30.1234550Z',
  '2018-08-01T10:20:30.1234557Z',
  '2018-08-01T10:20:30.1234560Z',
  '2026-12-31T23:59:59Z',
];
const texts = ['', 'a', 'ab', ' b ', "it's", 'ba', 'AB', 'ß', 'Σ', 'İ', 'a😀b', '😀'];
const orNull = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values));
const thing = fc.record({
  title: orNull(texts),
  // What a row holds ends with microseconds.
  seenAt: orNull(times.filter((time) => !time.endsWith('7Z'))),
  size: fc.option(fc.integer({ min: -2, max: 2 })),
  level: orNull(['Low', 'Medium', 'High']),
  open: fc.option(fc.boolean()),
  tags: fc.option(fc.array(orNull(texts), { maxLength: 3 })),
  parts: fc.option(fc.array(fc.record({ title: orNull(texts), size: orNull([0, 1]) }), { maxLength: 2 })),
});
const things = fc
  .array(thing, { minLength: 1, maxLength: 12 })
  .map((rows) => rows.map((row, at): Thing => ({ id: String(at).padStart(3, '0'), ...row })));

const quoted = fc.constantFrom(...texts).map((text) => `'${text.replaceAll("'", "''")}'`);
const textOrNull = fc.oneof({ weight: 5, arbitrary: quoted }, fc.constant('null'));
const small = fc.integer({ min: -2, max: 4 }).map(String);
const ofText = (name: string) =>
  fc.oneof(
    fc.constantFrom(name, `tolower(${name})`, `toupper(${name})`, `trim(${name})`, 'concat(null, null)'),
    quoted.map((part) => `concat(${name}, ${part})`),
    small.map((from) => `substring(${name}, ${from})`),
    fc.tuple(small, small).map(([from, count]) => `substring(${name}, ${from}, ${count})`),
    fc.constant(`substring(${name}, 9007199254740991)`),
  );
const ofNumber = (name: string, text: string) =>
  fc.oneof(
    fc.constantFrom(name, `length(${text})`),
    quoted.map((part) => `indexof(${text}, ${part})`),
    fc
      .constantFrom('year', 'month', 'day', 'hour', 'minute', 'second')
      .map((part) => `${part}(${name === 'size' ? 'seenAt' : 'null'})`),
  );
const comparison = fc.constantFrom('eq', 'ne', 'eq', 'ne');
const anyComparison = fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le');
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(' '));
const match = (text: string) =>
  fc
    .tuple(fc.constantFrom('contains', 'startswith', 'endswith'), textOrNull)
    .map(([name, part]) => `${name}(${text}, ${part})`);
const leaf = fc.oneof(
  joined(ofText('title'), comparison, textOrNull),
  joined(ofNumber('size', 'title'), anyComparison, fc.oneof(small, fc.constant('null'))),
  joined(
    fc.constantFrom('seenAt', 'date(seenAt)', 'date(null)'),
    anyComparison,
    fc.constantFrom(...times, '2018-08-01', 'null', 'now()'),
  ),
  joined(fc.constant('level'), comparison, fc.constantFrom("'high'", 'Low', 'null')),
  fc.constantFrom(
    'open',
    'open eq null',
    "level in ('Low', null)",
    "title in ['a', 'ab']",
    'size in (1, 2)',
    'size in (1, 2.5, null)',
    'size eq 1.5',
    'seenAt in (2018-08-01, 2018-08-01T10:20:30.1234557Z)',
    'title eq concat(title, null)',
    'open eq true',
    'true ne open',
    'tags/any()',
    'parts/any()',
  ),
  match('title'),
  fc
    .tuple(fc.constantFrom('any', 'all'), fc.oneof(match('t'), joined(ofText('t'), comparison, textOrNull)))
    .map(([quantifier, condition]) => `tags/${quantifier}(t: ${condition})`),
  fc
    .tuple(
      fc.constantFrom('any', 'all'),
      fc.oneof(
        match('p/title'),
        joined(ofNumber('p/size', 'p/title'), anyComparison, small),
        fc.constant('p/title eq title'),
      ),
    )
    .map(([quantifier, condition]) => `parts/${quantifier}(p: ${condition})`),
);
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie('filter').map((inner) => `not (${inner})`),
    fc
      .tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter'))
      .map(([a, word, b]) => `(${a}) ${word} (${b})`),
  ),
}));

describe('a filter as SQL', () => {
  it('selects what the evaluator selects', async () => {
    await fc.assert(
      fc.asyncProperty(things, fc.array(filter, { minLength: 5, maxLength: 5 }), async (rows, filters) => {
        const expected = filters.map((text) => {
          const selects = compilePredicate(parseFilter(text, set, NOW));
          return rows.filter((row) => selects({ ...row })).map(({ id }) => id);
        });
        expect(await selected(rows, filters)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

const pieces = [
  '(',
  ')',
  "'",
  '--',
  ';',
  ',',
  '/',
  ' and ',
  ' eq ',
  ' in ',
  'null',
  '9007199254740991',
  '-1',
  '0001-01-01',
  '9999-12-31T23:59:59.9999999Z',
  '\\',
  '$1',
  '😀',
  'substring(title, ',
];
/** A filter with pieces of it taken out, and others put in. */
const broken = fc
  .tuple(
    filter,
    fc.array(fc.tuple(fc.nat(), fc.nat(6), fc.constantFrom('', ...pieces)), { minLength: 1, maxLength: 4 }),
  )
  .map(([text, changes]) =>
    changes.reduce((changed, [place, taken, put]) => {
      const at = place % (changed.length + 1);
      return changed.slice(0, at) + put + changed.slice(at + taken);
    }, text),
  );

describe('a filter that may be broken', () => {
  it('is refused in words of the client, or runs', async () => {
    const rows: Thing[] = [
      {
        id: '0',
        title: 'a',
        seenAt: times[0] ?? null,
        size: 1,
        level: 'Low',
        open: true,
        tags: ['a'],
        parts: null,
      },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(broken, { minLength: 20, maxLength: 20 }), async (texts) => {
        const whole = texts.filter((text) => {
          try {
            return parseFilter(text, set, NOW);
          } catch (error) {
            expect(error).toBeInstanceOf(ODataError);
            return false;
          }
        });
        expect((await selected(rows, whole)).length).toBe(whole.length);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('does not grow beyond what was written', async () => {
    const nested = (depth: number): string =>
      depth === 0 ? 'title' : `substring(title, length(${nested(depth - 1)}))`;
    const filters = [`${nested(20)} eq 'a'`];
    expect(await selected([], filters)).toEqual([[]]);
  });
});

async function page(rows: readonly Thing[], url: string) {
  const request = { url, origin: 'https://merlon.test' };
  const query = readQuery(request, set);
  const asked = sqlPage(query, set, columns);
  const conditions = [asked.where, asked.after].filter((condition) => condition != null);
  const where = conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`;
  const order = sql.join(
    asked.orderBy.map(({ expression, direction }) => sql`${expression} ${sql.raw(direction)}`),
  );
  const ids = await state.tenant<object, string[]>(TENANT, async (db) => {
    const found = await sql<{ id: string }>`
      select id from ${table(rows)} where ${where} order by ${order} limit ${asked.limit} offset ${asked.offset}`.execute(
      db,
    );
    return found.rows.map(({ id }) => id);
  });
  const found = ids.flatMap((id) => rows.filter((row) => row.id === id));
  const body = collectionBody(request, query, set, 'Things', found, null);
  const link = '@odata.nextLink' in body ? String(body['@odata.nextLink']) : null;
  return { ids: ids.slice(0, set.maxTop), next: link?.slice(request.origin.length) ?? null };
}

const orders = [
  '',
  'title',
  'title desc',
  'size desc,level',
  'level desc,title',
  'open,seenAt desc',
  'id desc',
];

describe('pages by key', () => {
  it('hold every row that stays exactly once, whatever comes and goes between them', async () => {
    await fc.assert(
      fc.asyncProperty(things, things, fc.constantFrom(...orders), async (staying, extra, order) => {
        const coming = extra.map((row) => ({ ...row, id: `x${row.id}` }));
        const seen: string[] = [];
        let next: string | null =
          `/api/things?${order === '' ? '' : `$orderby=${encodeURIComponent(order)}`}`;
        for (let turn = 0; next !== null && turn < 20; turn++) {
          const answer = await page(turn % 2 === 0 ? staying : [...staying, ...coming], next);
          seen.push(...answer.ids);
          next = answer.next;
        }
        expect(next).toBeNull();
        expect(new Set(seen).size).toBe(seen.length);
        const stayed = seen.filter((id) => !id.startsWith('x')).sort();
        expect(stayed).toEqual(staying.map(({ id }) => id));
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('go on by properties that were not selected', async () => {
    const url = '/api/things?$select=TITLE&$orderby=size';
    const query = readQuery({ url }, set);
    const rows = [1, 2, 3, 4].map((size) => ({ id: `${size}`, title: 't', size }));
    const body = collectionBody({ url, origin: 'https://merlon.test' }, query, set, 'Things', rows, null);
    expect(body).toMatchObject({ value: [{ title: 't' }, { title: 't' }, { title: 't' }] });
    expect(JSON.stringify(body)).not.toContain('"size"');
    expect(body).toHaveProperty('@odata.nextLink', expect.stringContaining('$skiptoken='));
  });

  it('refuse a token that was altered, or belongs to another order', async () => {
    const rows = ['a', 'b', 'c', 'd'].map(
      (id): Thing => ({
        id,
        title: id,
        seenAt: null,
        size: null,
        level: null,
        open: null,
        tags: null,
        parts: null,
      }),
    );
    const { next } = await page(rows, '/api/things?$orderby=title');
    const token = next?.split('$skiptoken=')[1] ?? '';
    expect((await page(rows, `/api/things?$orderby=title&$skiptoken=${token}`)).ids).toEqual(['d']);
    const forged = Buffer.from(JSON.stringify({ order: 'things,title asc,id asc', after: [{}, 1] })).toString(
      'base64url',
    );
    for (const search of [
      `$skiptoken=${token}`,
      '$orderby=title&$skiptoken=x',
      `$orderby=title&$skiptoken=${forged}`,
    ]) {
      await expect(page(rows, `/api/things?${search}`)).rejects.toMatchObject({ code: 'ODataError' });
    }
  });
});
