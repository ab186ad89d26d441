import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyQuery, ODataError, type ODataSet, parseQuery, printFilter } from './index.ts';

const alerts: ODataSet = {
  name: 'alerts',
  maxTop: 100,
  expandable: [],
  fields: [
    { name: 'title', type: 'string', filterable: true, sortable: true },
    { name: 'severity', type: 'enum', filterable: true, sortable: true, enumValues: ['Low', 'High'] },
    { name: 'evidence', type: 'string', filterable: false, sortable: false },
  ],
};
const machines: ODataSet = {
  name: 'machines',
  maxTop: 10_000,
  expandable: [
    { name: 'logonUsers', items: { ...alerts, name: 'logonUsers' } },
    { name: 'alerts', items: alerts },
  ],
  fields: [
    { name: 'computerDnsName', type: 'string', filterable: true, sortable: true },
    { name: 'lastSeen', type: 'datetime', filterable: true, sortable: true },
    { name: 'machineTags', type: 'collection', filterable: true, sortable: false },
  ],
};

const parse = (search: string) => parseQuery(search, machines);

describe('a query', () => {
  it('without options asks for everything', () => {
    expect(parse('')).toEqual({
      filter: null,
      top: undefined,
      skip: 0,
      orderBy: [],
      select: null,
      expand: [],
      count: false,
    });
  });

  it('may carry every option at once, in any case, with the parameters of the route among them', () => {
    const query = parse(
      "?$Filter=COMPUTERDNSNAME+eq+'a%26b'&$top=10&$skip=20&$orderby=lastseen%20desc,%20computerDnsName&$select=LastSeen,lastSeen,computerDnsName&$expand=alerts&$count=true&tag=x",
    );
    expect(query.filter && printFilter(query.filter)).toBe("computerDnsName eq 'a&b'");
    expect(query.top).toBe(10);
    expect(query.skip).toBe(20);
    expect(query.orderBy.map((o) => [o.field.name, o.direction])).toEqual([
      ['lastSeen', 'desc'],
      ['computerDnsName', 'asc'],
    ]);
    expect(query.select).toEqual(['lastSeen', 'computerDnsName']);
    expect(query.expand.map(({ name }) => name)).toEqual(['alerts']);
    expect(query.count).toBe(true);
  });

  it('may be split already', () => {
    expect(parseQuery(new URLSearchParams({ $top: '1' }), machines).top).toBe(1);
  });

  it('takes a raw plus sign of an offset for what it was', () => {
    const query = parse('$filter=lastSeen gt 2018-08-01T02:00:00+02:00');
    expect(query.filter && printFilter(query.filter)).toBe('lastSeen gt 2018-08-01T00:00:00.0000000Z');
  });

  it('takes nanoseconds, as Go writes them', () => {
    const query = parse('$filter=lastSeen gt 2018-08-01T02:00:00.123456789Z');
    expect(query.filter && printFilter(query.filter)).toBe('lastSeen gt 2018-08-01T02:00:00.1234567Z');
  });

  it('takes plus signs that were encoded once more for blanks, but in texts', () => {
    const query = parse(
      '%24filter=lastSeen%2Bgt%2B2018-08-01T02%3A00%3A00%2B02%3A00+and+(computerDnsName%2Beq%2B%27a%2Bb%27)&%24orderby=lastSeen%2Basc',
    );
    expect(query.filter && printFilter(query.filter)).toBe(
      "(lastSeen gt 2018-08-01T00:00:00.0000000Z and computerDnsName eq 'a+b')",
    );
    expect(query.orderBy.map((o) => [o.field.name, o.direction])).toEqual([['lastSeen', 'asc']]);
  });

  it('takes * in $select and $expand for all', () => {
    expect(parse('$select=*').select).toBeNull();
    expect(parse('$expand=*').expand.map(({ name }) => name)).toEqual(['logonUsers', 'alerts']);
  });

  it('takes options inside $expand for the items', () => {
    const { expand } = parse(
      "$expand=Alerts ( $select=title,severity; $Filter=contains(title,'a;b),(') or title eq 'it''s';$orderby=severity desc;$top=3;$skip=1;$count=true ),logonUsers()",
    );
    expect(expand.map(({ name }) => name)).toEqual(['alerts', 'logonUsers']);
    const [first, second] = expand.map(({ query }) => query);
    expect(first?.filter && printFilter(first.filter)).toBe(
      "(contains(title, 'a;b),(') or title eq 'it''s')",
    );
    expect(first).toMatchObject({ select: ['title', 'severity'], top: 3, skip: 1, count: true });
    expect(first?.orderBy.map(({ field, direction }) => [field.name, direction])).toEqual([
      ['severity', 'desc'],
    ]);
    expect(second).toMatchObject({ filter: null, top: undefined, select: null });
  });

  it('does to objects in memory what it says', () => {
    const [{ query } = { query: null }] = parse(
      "$expand=alerts($filter=title ne 'z';$orderby=severity desc,title;$skip=1;$top=2;$count=true)",
    ).expand;
    const items = ['High b', 'Low c', 'High a', 'Low z', ' n'].map((text) => {
      const [severity, title] = text.split(' ');
      return { severity: severity || null, title };
    });
    expect(query && applyQuery(items, query)).toEqual({
      entities: [
        { severity: 'High', title: 'a' },
        { severity: 'High', title: 'b' },
      ],
      count: 4,
    });
  });

  it.each([
    ['$top=10001', '$top', /10001 is more than the 10000 allowed for machines/],
    ['$top=-1', '$top', /'-1' is no whole number from 0/],
    ['$top=', '$top', /no whole number/],
    ['$top=1e3', '$top', /no whole number/],
    ['$skip=9999999999999999', '$skip', /no whole number/],
    ['$top=1&$TOP=2', '$top', /given twice/],
    ['$apply=aggregate(x)', "'$apply'", /not supported/],
    ['$skiptoken=abc', '$skiptoken', /has no such pages/],
    ['$count=maybe', '$count', /'maybe' is neither true nor false/],
    ['$orderby=nothing', '$orderby', /'nothing' is no property of machines/],
    ['$orderby=machineTags', '$orderby', /'machineTags' cannot be sorted by/],
    ['$orderby=lastSeen down', '$orderby', /is not "<property> asc" or "<property> desc"/],
    ['$orderby=lastSeen,lastSeen desc', '$orderby', /given twice \(at position 9\)/],
    ['$orderby=lastSeen,,', '$orderby', /a name is missing/],
    ['$orderby=', '$orderby', /a name is missing/],
    ['$select=*,nothing', '$select', /'nothing' is no property of machines \(at position 2\)/],
    ['$expand=evidence', '$expand', /'evidence' cannot be expanded in machines/],
    ['$expand=alerts($top=101)', '$expand', /in alerts: \$top: 101 is more than the 100 allowed/],
    ['$expand=alerts($filter=evidence eq 1)', '$expand', /in alerts: \$filter: .*evidence/],
    ['$expand=alerts($levels=2)', '$expand', /in alerts: '\$levels': this query option is not supported/],
    ['$expand=alerts($skiptoken=x)', '$expand', /in alerts: \$skiptoken: alerts has no such pages/],
    ['$expand=alerts(top=1)', '$expand', /in alerts: 'top': this query option is not supported/],
    ['$expand=alerts($top)', '$expand', /in alerts: \$top: '' is no whole number/],
    ['$expand=alerts($top=1;;)', '$expand', /a name is missing/],
    ['$expand=alerts($expand=evidence)', '$expand', /'evidence' cannot be expanded in alerts/],
    ['$expand=alerts,alerts($top=1)', '$expand', /'alerts' is given twice/],
    ['$expand=alerts($top=1', '$expand', /cannot be expanded/],
    ['$expand=alerts/title', '$expand', /'alerts\/title' cannot be expanded/],
    ['$filter=', '$filter', /found the end/],
    [`$select=${'a'.repeat(9000)}`, '$select', /longer than 8192/],
  ])('%s is refused by name', (search, option, message) => {
    let caught: unknown;
    try {
      parse(search);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ODataError);
    expect((caught as ODataError).option).toBe(option);
    expect((caught as ODataError).message).toMatch(message);
  });

  it('that is made of random text throws nothing but ODataError', () => {
    const option = fc.constantFrom(
      '$filter',
      '$top',
      '$skip',
      '$orderby',
      '$select',
      '$expand',
      '$count',
      '$x',
      'x',
    );
    const pairs = fc.array(fc.tuple(option, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          pairs.map((p) => new URLSearchParams(p)),
        ),
        (search) => {
          try {
            parseQuery(search, machines);
          } catch (error) {
            expect(error).toBeInstanceOf(ODataError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('sorts by no more properties than anybody means', () => {
    const names = Array.from({ length: 11 }, (_, at) => `p${at}`);
    const wide: ODataSet = {
      name: 'wide',
      maxTop: 1,
      expandable: [],
      fields: names.map((name) => ({ name, type: 'string', filterable: true, sortable: true })),
    };
    expect(parseQuery(`$orderby=${names.slice(1).join(',')}`, wide).orderBy.length).toBe(10);
    expect(() => parseQuery(`$orderby=${names.join(',')}`, wide)).toThrow(/at most 10 properties/);
  });
});
