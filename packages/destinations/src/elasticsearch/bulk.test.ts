import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { record } from '../testing.ts';
import { bulkFault, bulkLines } from './bulk.ts';

// Properties are tried many times, on machines that have other work.
vi.setConfig({ testTimeout: 30_000 });

const item = (status: number, type = '') => ({
  create: { status, ...(type === '' ? {} : { error: { type, reason: 'because' } }) },
});
const answer = (...items: object[]) => JSON.stringify({ items });

describe('_bulk', () => {
  it('has two lines for each record, whatever the texts hold', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), {
          minLength: 1,
        }),
        (many) => {
          const records = many.map((more, n) => record(n, { AdditionalFields: more }));
          const lines = records
            .map((one) => bulkLines(one, 'merlon-{table}'))
            .join('')
            .split('\n');
          expect(lines.pop()).toBe('');
          expect(lines).toHaveLength(records.length * 2);
          for (const [n, one] of records.entries()) {
            expect(JSON.parse(lines[2 * n] ?? '')).toEqual({
              create: { _index: 'merlon-deviceprocessevents', _id: one.id },
            });
            expect(JSON.parse(lines[2 * n + 1] ?? '')).toEqual({
              '@timestamp': one.time,
              ...(JSON.parse(one.json) as object),
            });
          }
        },
      ),
    );
  });

  it('counts a conflict as delivered', () => {
    expect(
      bulkFault(
        answer(item(201), item(409, 'version_conflict_engine_exception')),
        [record(1), record(2)],
        'x',
      ),
    ).toBeNull();
  });

  it.each([
    [[429, 400], 'refused'],
    [[400, 403], 'forbidden'],
    [[403, 401], 'credentials'],
    [[503, 404], 'missing'],
    [[201, 429], 'throttled'],
    [[500, 429], 'throttled'],
    [[500, 201], 'unreachable'],
  ] as const)('tells of %j the gravest: %s', (statuses, fault) => {
    const items = statuses.map((status) => item(status, status === 201 ? '' : 'x'));
    expect(bulkFault(answer(...items), [record(1), record(2)], 'x')?.fault).toBe(fault);
  });

  it.each(['', '[]', '{}', answer(item(201)), '{"items":[null,1]}'])(
    'does not take %j for an answer that all is well',
    (body) => {
      const judge = () => bulkFault(body, [record(1), record(2)], 'x');
      let fault: unknown;
      try {
        fault = judge();
      } catch (error) {
        fault = error;
      }
      expect(fault).toMatchObject({ fault: 'unreachable' });
    },
  );
});
