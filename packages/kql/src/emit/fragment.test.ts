import { describe, expect, it } from 'vitest';
import { float, identifier, integer, join, sql, text } from './fragment.ts';
import { StatementPrinter } from './statement.ts';

const printer = () =>
  new StatementPrinter({
    scope: { tenantId: '11111111-1111-1111-1111-111111111111', deviceGroups: 'all' },
    database: 'merlon',
    oldest: 0n,
  });

describe('fragments', () => {
  it('carry values beside the statement', () => {
    const print = printer();
    expect(print.fragment(sql`lower(${text("'; DROP TABLE x")})`)).toBe('lower({p0:String})');
    expect(print.parameters.values).toEqual({ p0: "'; DROP TABLE x" });
  });

  it('print numbers exactly', () => {
    const print = printer();
    expect(print.fragment(integer(-9_223_372_036_854_775_808n))).toBe('-9223372036854775808');
    expect(
      [1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((x) =>
        print.fragment(float(x)),
      ),
    ).toEqual(['toFloat64(1.5)', 'toFloat64(1e+300)', 'nan', 'inf', '(-inf)']);
  });

  it('join with commas', () => {
    expect(printer().fragment(join([integer(1), integer(2)]))).toBe('1, 2');
  });

  it.each(['', 'a b', 'a`b', "a'b", '1a', 'a;', 'ä'])('take %j for no schema name', (name) => {
    expect(() => identifier(name)).toThrow(TypeError);
  });
});
