import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { record } from '../testing.ts';
import { envelopes } from './envelopes.ts';

describe('envelopes', () => {
  it('hold every record once, each device in order, one hub and device each, under the limit', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom('DeviceEvents', 'AlertInfo'),
            fc.string({ unit: 'grapheme', maxLength: 300 }),
          ),
        ),
        fc.integer({ min: 8_000, max: 20_000 }),
        (list, limit) => {
          const records = list.map(([table, text], n) => record(n, { text }, table));
          const sequences = envelopes(records, (table) => table.toLowerCase(), limit);
          for (const { hub, key, bodies } of sequences) {
            const texts = bodies.flatMap((body) => {
              expect(body.length).toBeLessThanOrEqual(limit - 1_024);
              const { records: held }: { records: unknown[] } = JSON.parse(body.toString());
              return held.map((one) => JSON.stringify(one));
            });
            expect(texts).toEqual(
              records
                .filter((one) => one.table.toLowerCase() === hub && one.key === key)
                .map(({ json }) => json),
            );
          }
          expect(new Set(sequences.map(({ hub, key }) => `${hub} ${key}`)).size).toBe(sequences.length);
          expect(sequences.length).toBe(new Set(records.map(({ table, key }) => `${table} ${key}`)).size);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuse a record that no message holds, by its id', () => {
    expect(() => envelopes([record(7, { text: 'x'.repeat(5_000) })], () => 'hub', 5_000)).toThrow(
      record(7).id,
    );
  });
});
