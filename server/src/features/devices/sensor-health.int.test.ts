/** Health by what was heard and when: as the rule says it, and as the database does, for every combination. */
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIGRATIONS } from '../../features.ts';
import { healthColumn, healthOf } from './sensor-health.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const NOW = new Date('2026-11-25T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const before = (ms: number) => new Date(NOW.getTime() - ms);

let state: Awaited<ReturnType<typeof openTestStateStore>>;
beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
});
afterAll(() => state.close());

it('is what the table of the rule says', () => {
  const healthy: Parameters<typeof healthOf>[0] = {
    last_seen: before(0),
    last_enrolled: before(30 * DAY),
    last_channel: before(0),
    last_data: before(0),
    sensor_data: true,
    package_id: 'p',
  };
  const of = (row: Partial<typeof healthy>) => healthOf({ ...healthy, ...row }, NOW);
  expect(of({})).toBe('Active');
  expect(of({ last_seen: before(7 * DAY) })).toBe('Active');
  expect(of({ last_seen: before(7 * DAY + 1) })).toBe('Inactive');
  expect(of({ last_channel: before(HOUR) })).toBe('Active');
  expect(of({ last_channel: before(HOUR + 1) })).toBe('ImpairedCommunication');
  expect(of({ last_data: before(3 * HOUR) })).toBe('Active');
  expect(of({ last_data: before(3 * HOUR + 1) })).toBe('NoSensorData');
  expect(of({ sensor_data: false })).toBe('NoSensorData');
  expect(of({ sensor_data: false, last_channel: before(2 * HOUR) })).toBe(
    'NoSensorDataImpairedCommunication',
  );
  // Turned off in good health for two days: nothing is wrong with it yet.
  expect(of({ last_seen: before(2 * DAY), last_channel: before(2 * DAY), last_data: before(2 * DAY) })).toBe(
    'Active',
  );
  // It has just enrolled, and has not spoken in both ways yet.
  expect(
    of({ last_enrolled: before(HOUR / 2), last_channel: before(9 * DAY), last_data: before(9 * DAY) }),
  ).toBe('Active');
  // Without an agent of ours there is one way only.
  expect(of({ package_id: null, last_channel: before(9 * DAY) })).toBe('Active');
});

it('is the same to a filter', async () => {
  const seen = [0, 6 * DAY, 8 * DAY].map(before);
  const ways = [null, ...[0, 2 * HOUR, 4 * HOUR, 6 * DAY, 9 * DAY].map(before)];
  const rows = seen.flatMap((last_seen) =>
    ways.flatMap((last_channel) =>
      ways.flatMap((last_data) =>
        [before(10 * DAY), before(6 * DAY + HOUR / 2)].flatMap((last_enrolled) =>
          [true, false].flatMap((sensor_data) =>
            [null, TENANT].map((package_id) => ({
              last_seen,
              last_channel,
              last_data,
              last_enrolled,
              sensor_data,
              package_id,
            })),
          ),
        ),
      ),
    ),
  );
  const found = await state.tenant<object, string[]>(TENANT, async (db) => {
    const given = JSON.stringify(rows.map((row, n) => ({ ...row, n })));
    const { rows: answered } = await sql<{ health: string }>`select ${healthColumn(NOW)} as health
      from jsonb_to_recordset(${given}::jsonb) as devices(n int, last_seen timestamptz, last_channel timestamptz, last_data timestamptz,
        last_enrolled timestamptz, sensor_data boolean, package_id uuid) order by n`.execute(db);
    return answered.map(({ health }) => health);
  });
  expect(found).toEqual(rows.map((row) => healthOf(row, NOW)));
  expect(new Set(found).size).toBe(5);
});
