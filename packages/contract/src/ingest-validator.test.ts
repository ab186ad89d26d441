import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DYNAMIC_DEPTH,
  formatTicks,
  type HuntingTable,
  huntingTable,
  huntingTables,
  type KustoType,
  ticksFromDate,
  validateRow,
} from './index.ts';

const now = new Date('2026-11-24T12:00:00Z');

function table(name: string): HuntingTable {
  const found = huntingTable(name);
  if (!found) throw new Error(name);
  return found;
}

/** One table with a column of every type. */
const everything: HuntingTable = {
  ...table('DeviceProcessEvents'),
  name: 'Everything',
  columns: (
    ['bool', 'datetime', 'decimal', 'dynamic', 'guid', 'int', 'long', 'real', 'string', 'timespan'] as const
  ).map((type) => ({ name: `a_${type}`, type, description: type })),
};

const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);

describe('a row', () => {
  it.each<[KustoType, unknown[], unknown[]]>([
    ['string', ['', 'x', 'ü€😀'], [1, true, {}, [], 'a\0b', '\ud800', 'x\udc00y']],
    ['bool', [true, false], [0, 1, 'true', {}]],
    ['int', [0, -1, 2_147_483_647, -2_147_483_648], [2_147_483_648, 1.5, '1', true, 1e300]],
    [
      'long',
      [0, -5, Number.MAX_SAFE_INTEGER, '9223372036854775807', '-9223372036854775808', '0', '123'],
      [
        2 ** 53,
        1.5,
        '9223372036854775808',
        '-9223372036854775809',
        '1.0',
        '01',
        '',
        ' 1',
        '1e3',
        '12345678901234567890',
        true,
      ],
    ],
    ['real', [0, -1.5, 1e300], ['1', true, Number.POSITIVE_INFINITY, {}]],
    ['decimal', [0, 1.5, '12.50', '-3'], ['1e5', '', {}, true]],
    [
      'datetime',
      [
        '2026-01-01T00:00:00Z',
        '0001-01-01T00:00:00.1Z',
        '9999-12-31T23:59:59.9999999Z',
        '2024-02-29T00:00:00Z',
      ],
      [
        '2026-01-01',
        '2026-01-01T00:00:00',
        '2026-02-29T00:00:00Z',
        '2026-01-01T24:00:00Z',
        '2026-01-01T00:00:00.12345678Z',
        5,
        '',
      ],
    ],
    ['timespan', ['00:00:01', '-1.02:03:04.1234567', '23:59:59'], ['24:00:00', '1', 5, '']],
    [
      'guid',
      ['5382F7EA-7557-4ab7-9782-d50480024a4e'],
      ['5382f7ea', 1, '{5382f7ea-7557-4ab7-9782-d50480024a4e}'],
    ],
    [
      'dynamic',
      [{ a: [1, { b: null }] }, [], 'text', 5, true, nest(DYNAMIC_DEPTH)],
      [nest(DYNAMIC_DEPTH + 1), nest(5000)],
    ],
  ])('takes a %s as the wire writes it, and nothing else', (type, good, bad) => {
    const name = `a_${type}`;
    for (const value of [...good, null, undefined])
      expect(validateRow(everything, { [name]: value }, now)).toBeNull();
    for (const value of bad) {
      expect(validateRow(everything, { [name]: value }, now)).toMatch(
        new RegExp(`^${name}: expected ${type}`),
      );
    }
  });

  const minimal = { Timestamp: '2026-11-24T11:59:59.1234567Z' };
  const events = table('DeviceProcessEvents');

  it.each<[unknown, RegExp | null]>([
    [undefined, /^Timestamp: required$/],
    [null, /^Timestamp: required$/],
    [5, /^Timestamp: expected datetime/],
    ['yesterday', /^Timestamp: expected datetime/],
    ['1999-12-31T23:59:59.9999999Z', /^Timestamp: before 2000/],
    ['2000-01-01T00:00:00Z', null],
    ['2026-11-25T12:00:00.0000000Z', null],
    ['2026-11-25T12:00:00.0010000Z', /^Timestamp: more than a day ahead/],
  ])('with Timestamp %s', (value, reason) => {
    const verdict = validateRow(events, { Timestamp: value }, now);
    if (reason === null) expect(verdict).toBeNull();
    else expect(verdict).toMatch(reason);
  });

  it('needs no Timestamp where its table has none', () => {
    expect(validateRow(table('DeviceTvmSoftwareInventory'), { SoftwareName: 'curl' }, now)).toBeNull();
  });

  it.each(['Nonsense', 'filename', 'toString', '__proto__', 'constructor', 'Table', 'IngestionTime'])(
    'with the unknown column %s is refused by name',
    (name) => {
      const row = JSON.parse(`{"Timestamp":"2026-11-24T11:00:00Z","${name}":1}`) as Record<string, unknown>;
      expect(validateRow(events, row, now)).toBe(`"${name}": not a column of DeviceProcessEvents`);
    },
  );

  it('with an endless column name is refused with the beginning of it', () => {
    const reason = validateRow(events, { ...minimal, [`x${'y'.repeat(100_000)}`]: 1 }, now);
    expect(reason?.length).toBeLessThan(200);
  });

  const good: Readonly<Record<KustoType, fc.Arbitrary<unknown>>> = {
    string: fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0')),
    bool: fc.boolean(),
    int: fc.integer(),
    long: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
    real: fc.double({ noNaN: true, noDefaultInfinity: true }),
    decimal: fc.double({ noNaN: true, noDefaultInfinity: true }),
    datetime: fc
      .date({ noInvalidDate: true, min: new Date('2000-01-01'), max: now })
      .map((d) => formatTicks(ticksFromDate(d))),
    timespan: fc.constant('00:00:01'),
    guid: fc.uuid(),
    dynamic: fc.jsonValue({ maxDepth: 5 }),
  };

  it('made of values of the right types is taken, in every table', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...huntingTables).chain((t) => {
          const values = Object.fromEntries(t.columns.map((c) => [c.name, good[c.type]]));
          const requiredKeys = t.columns.some((c) => c.name === 'Timestamp') ? ['Timestamp'] : [];
          return fc.tuple(fc.constant(t), fc.record(values, { requiredKeys }));
        }),
        ([t, row]) => {
          // As it arrives: through JSON.
          expect(validateRow(t, JSON.parse(JSON.stringify(row)) as Record<string, unknown>, now)).toBeNull();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('made of anything gets a verdict and no exception', () => {
    fc.assert(
      fc.property(fc.constantFrom(...huntingTables), fc.dictionary(fc.string(), fc.jsonValue()), (t, row) => {
        const verdict = validateRow(t, row, now);
        expect(verdict === null || verdict.length > 0).toBe(true);
      }),
    );
  });
});
