import { describe, expect, it } from 'vitest';
import { and, anyOf, contains, equal, literal, odataParams, oneOf, or, since } from './odata.ts';

describe('conditions', () => {
  it('double the quotes inside a literal', () => {
    expect(literal("it's 'x'")).toBe("'it''s ''x'''");
    expect(equal('computerDnsName', "o'brien")).toBe("computerDnsName eq 'o''brien'");
  });

  it('ask for nothing when nothing is chosen', () => {
    expect(oneOf('healthStatus', [])).toBeNull();
    expect(contains('computerDnsName', '  ')).toBeNull();
    expect(and(null, null)).toBeNull();
    expect(anyOf('machineTags', [])).toBeNull();
  });

  it('keep their meaning when joined', () => {
    expect(oneOf('healthStatus', ['Active'])).toBe("healthStatus eq 'Active'");
    expect(and(or('a eq 1', 'b eq 2'), null, 'c eq 3')).toBe('((a eq 1) or (b eq 2)) and (c eq 3)');
    expect(anyOf('machineTags', ['dmz'])).toBe("machineTags/any(x: x eq 'dmz')");
    expect(since('lastSeen', '2026-11-24T00:00:00Z')).toBe('lastSeen ge 2026-11-24T00:00:00Z');
  });
});

describe('odataParams', () => {
  it('ask for what is asked for, and no more', () => {
    expect(odataParams({})).toEqual({});
    expect(odataParams({ filter: null, orderBy: null, skip: 0, count: false })).toEqual({});
    expect(
      odataParams({
        filter: "a eq 'b'",
        orderBy: 'lastSeen desc',
        top: 50,
        skip: 100,
        count: true,
        expand: 'evidence',
      }),
    ).toEqual({
      $filter: "a eq 'b'",
      $orderby: 'lastSeen desc',
      $top: 50,
      $skip: 100,
      $count: true,
      $expand: 'evidence',
    });
  });
});
