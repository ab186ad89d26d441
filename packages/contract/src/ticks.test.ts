import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTicks, isoToMs, nowIso7, parseTicks, ticksFromDate, UNIX_EPOCH_TICKS } from './index.ts';

describe('time on the wire', () => {
  it.each([
    ['0001-01-01T00:00:00Z', 0n],
    ['1970-01-01T00:00:00Z', UNIX_EPOCH_TICKS],
    ['1970-01-01T00:00:00.0000001Z', UNIX_EPOCH_TICKS + 1n],
    ['1970-01-01T00:00:00.1Z', UNIX_EPOCH_TICKS + 1_000_000n],
    ['1969-12-31T23:59:59.9999999Z', UNIX_EPOCH_TICKS - 1n],
    ['2000-02-29T12:34:56.1234Z', 630_874_244_961_234_000n],
    ['9999-12-31T23:59:59.9999999Z', 3_155_378_975_999_999_999n],
  ])('%s is %s ticks', (text, ticks) => {
    expect(parseTicks(text)).toBe(ticks);
  });

  it.each([
    '',
    '2026-01-01',
    '2026-01-01T00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01t00:00:00Z',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00z',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00.12345678Z',
    '2026-01-01T00:00:00,1Z',
    '2026-01-01T00:00:00+00:00',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '0000-01-01T00:00:00Z',
    '+026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.1Z ',
  ])('"%s" is no time', (text) => {
    expect(parseTicks(text)).toBeNull();
    expect(isoToMs(text)).toBeNaN();
  });

  it('survives the way to text and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 3_155_378_975_999_999_999n }), (ticks) => {
        const text = formatTicks(ticks);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
        expect(parseTicks(text)).toBe(ticks);
      }),
      { numRuns: 1000 },
    );
  });

  it('agrees with the built-in clock, however many digits are written', () => {
    const dates = fc.date({
      noInvalidDate: true,
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
    });
    fc.assert(
      fc.property(dates, fc.integer({ min: 0, max: 7 }), (date, count) => {
        expect(nowIso7(date)).toBe(date.toISOString().replace('Z', '0000Z'));
        const text = `${nowIso7(date).slice(0, count === 0 ? 19 : 20 + count)}Z`;
        expect(isoToMs(text)).toBe(Date.parse(text));
        expect(parseTicks(text)).toBe(ticksFromDate(new Date(Date.parse(text))));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes any text without an exception', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => void parseTicks(text)));
  });

  it('has no text beyond the years 1 to 9999', () => {
    expect(() => formatTicks(-1n)).toThrow(RangeError);
    expect(() => formatTicks(3_155_378_976_000_000_000n)).toThrow(RangeError);
  });
});
