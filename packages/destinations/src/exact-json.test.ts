import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseExact, stringifyExact } from './exact-json.ts';

// Properties are tried many times, on machines that have other work.
vi.setConfig({ testTimeout: 30_000 });

const json = fc.jsonValue();

describe('exact JSON', () => {
  it('is JSON where JSON is exact', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        // A double that is written as a whole number beyond 2^53 is one here.
        fc.pre(!/(?<![\d.])\d{16,}(?![\d.eE])/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""')));
        expect(parseExact(text)).toEqual(JSON.parse(text));
        expect(stringifyExact(parseExact(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('keeps whole numbers of any length, beside any texts', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
        fc.string({ unit: 'binary' }),
        (number, text) => {
          const written = `{"a":[${number},${JSON.stringify(`${text}${number}`)}],${JSON.stringify(`b${text}`)}:${number}}`;
          const back = stringifyExact(parseExact(written));
          expect(JSON.parse(back)).toEqual(JSON.parse(written));
          expect(back).toContain(`[${number},`);
        },
      ),
    );
  });

  it('leaves numbers with a point or an exponent to JSON', () => {
    expect(parseExact('[1234567890123456.5, 1e30, 1234567890e10, -9007199254740993]')).toEqual([
      1234567890123456.5,
      1e30,
      1234567890e10,
      -9007199254740993n,
    ]);
  });
});
