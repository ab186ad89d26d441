/** Quotas, history and saved queries on a real PostgreSQL. */
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { historyStore, type NewHistoryEntry } from './history-store.ts';
import { HUNTING_DEFAULTS } from './limits.ts';
import { huntingMigrations } from './migrations.ts';
import { limitsOf, type Meter } from './quota.ts';
import { usageStore } from './usage-store.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const at = (time: string) => new Date(`2026-11-25T${time}Z`);
const limits = limitsOf('api', {
  ...HUNTING_DEFAULTS,
  callsPerMinute: 3,
  callsPerHour: 5,
  runSecondsPerHour: 10,
});

let state: Awaited<ReturnType<typeof openTestStateStore>>;
beforeAll(async () => {
  state = await openTestStateStore(huntingMigrations);
});
afterAll(() => state.close());

let meters = 0;
const freshMeter = (): Meter => ({ name: 'api', subject: `app ${meters++}` });
const tooMany = (seconds: number) => ({ code: 'TooManyRequests', retryAfterSeconds: seconds });

describe('usage', () => {
  it('lets calls in until the minute is full, and again in the next', async () => {
    const usage = usageStore(state);
    const meter = freshMeter();
    const admit = (time: string) => usage.admit(TENANT, meter, limits, at(time));
    for (const second of ['01', '02', '03']) await admit(`10:00:${second}`);
    await expect(admit('10:00:15')).rejects.toMatchObject(tooMany(45));
    await expect(admit('10:00:59')).rejects.toMatchObject(tooMany(1));
    await admit('10:01:00');
    await admit('10:01:01');
    // The hour has had its five: what was refused did not count.
    await expect(admit('10:30:00')).rejects.toMatchObject(tooMany(1_800));
    await admit('11:00:00');
  });

  it('counts run time when it has been taken, and shows what is used', async () => {
    const usage = usageStore(state);
    const meter = freshMeter();
    await usage.admit(TENANT, meter, limits, at('10:00:00'));
    await state.tenant(TENANT, (db) => usage.charge(db as never, meter, limits, at('10:00:07'), 9_999.2));
    const used = async (time: string) =>
      (await usage.read(TENANT, meter, limits, at(time)))
        .sort((a, b) => a.windowMs - b.windowMs)
        .map(({ calls, runMs }) => [calls, runMs]);
    expect(await used('10:00:08')).toEqual([
      [1, 10_000],
      [1, 10_000],
      [1, 10_000],
    ]);
    expect(await used('10:01:00')).toHaveLength(2);
    await expect(usage.admit(TENANT, meter, limits, at('10:01:00'))).rejects.toMatchObject({
      ...tooMany(3_540),
      publicMessage: expect.stringMatching(/run time/),
    });
  });

  it('is known to another server, and to the next start of this one', async () => {
    const meter = freshMeter();
    for (const second of ['01', '02', '03'])
      await usageStore(state).admit(TENANT, meter, limits, at(`10:00:${second}`));
    await expect(usageStore(state).admit(TENANT, meter, limits, at('10:00:04'))).rejects.toMatchObject(
      tooMany(56),
    );
  });

  it('is exact when many calls come at once', async () => {
    const usage = usageStore(state);
    const meter = freshMeter();
    const calls = Array.from({ length: 20 }, () => usage.admit(TENANT, meter, limits, at('10:00:00')));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('is apart for each application and each tenant', async () => {
    const usage = usageStore(state);
    const meter = freshMeter();
    for (let i = 0; i < 3; i++) await usage.admit(TENANT, meter, limits, at('10:00:00'));
    await usage.admit(OTHER, meter, limits, at('10:00:00'));
    await usage.admit(TENANT, freshMeter(), limits, at('10:00:00'));
    await usage.admit(TENANT, { ...meter, name: 'xdr' }, limits, at('10:00:00'));
  });

  it('is forgotten when it is past', async () => {
    const usage = usageStore(state);
    const meter = freshMeter();
    await usage.admit(TENANT, meter, limits, at('10:00:00'));
    await usage.forget(new Date('2026-11-27T10:00:01Z'));
    // The day of the call began too long ago, too.
    expect(await usage.read(TENANT, meter, limits, at('10:00:00'))).toEqual([]);
  });
});

describe('history', () => {
  const history = () => historyStore(state);
  const newestFirst = [{ expression: sql`id`, direction: 'desc' as const }];
  const everything = { where: null, orderBy: newestFirst, limit: 10, offset: 0, count: true };
  const entry = (more: Partial<NewHistoryEntry> = {}): NewHistoryEntry => ({
    time: at('10:00:00'),
    interface: 'api',
    actor_kind: 'application',
    actor_id: 'ann',
    actor_name: 'Ann',
    app_id: 'app',
    query: 'DeviceInfo',
    state: 'Completed',
    reason: null,
    resource_usage: 'Low',
    run_ms: 1_500,
    total_ms: 2_000,
    result_rows: 3,
    result_bytes: 30,
    rows_read: 300,
    peak_memory_bytes: 1_000,
    tables: ['DeviceInfo'],
    ...more,
  });
  const add = (tenant: string, more?: Partial<NewHistoryEntry>) =>
    state.tenant(tenant, (db) => history().add(db as never, entry(more)));

  it('is seen by whoever it is about, or whole, and never by another tenant', async () => {
    await add(TENANT);
    await add(TENANT, { actor_id: 'bob', state: 'Failed', reason: 'No.', tables: [] });
    const page = async (tenant: string, actor: string | null) =>
      (await history().page(tenant, actor, everything)).rows.map(({ actorId }) => actorId);
    expect(await page(TENANT, null)).toEqual(['bob', 'ann']);
    expect(await page(TENANT, 'ann')).toEqual(['ann']);
    expect(await page(OTHER, null)).toEqual([]);
    const { rows, total } = await history().page(TENANT, 'ann', everything);
    expect(total).toBe(1);
    expect(rows[0]).toMatchObject({
      time: '2026-11-25T10:00:00.0000000Z',
      runSeconds: 1.5,
      totalSeconds: 2,
      resultRows: 3,
      tables: ['DeviceInfo'],
    });
  });

  it('adds up by day and interface', async () => {
    await add(OTHER, { run_ms: 1_000 });
    await add(OTHER, { run_ms: 4_000, state: 'Failed', peak_memory_bytes: 5_000 });
    await add(OTHER, { interface: 'portal', state: 'Throttled', run_ms: 0, actor_id: 'bob' });
    await add(OTHER, { time: new Date('2026-11-23T23:59:59Z') });
    const from = new Date('2026-11-01T00:00:00Z');
    expect(await history().report(OTHER, null, from, at('23:00:00'))).toEqual([
      {
        date: '2026-11-25',
        interface: 'api',
        queries: 2,
        failed: 1,
        throttled: 0,
        runSeconds: { total: 5, average: 2.5, highest: 4 },
        peakMemoryBytes: 5_000,
      },
      expect.objectContaining({ interface: 'portal', queries: 1, throttled: 1 }),
      expect.objectContaining({ date: '2026-11-23', queries: 1 }),
    ]);
    expect(await history().report(OTHER, 'bob', from, at('23:00:00'))).toHaveLength(1);
    expect(await history().report(OTHER, null, at('00:00:00'), at('23:00:00'))).toHaveLength(2);
  });

  it('lets go of what is older than thirty days', async () => {
    await add(TENANT, { time: new Date('2026-10-01T00:00:00Z') });
    const before = (await history().page(TENANT, null, everything)).total;
    expect(await history().forget(at('10:00:00'))).toBe(1);
    expect((await history().page(TENANT, null, everything)).total).toBe(Number(before) - 1);
  });

  it('keeps no more than so many of a tenant, the newest', async () => {
    const THIRD = '33333333-3333-4333-8333-333333333333';
    await state.system((db) =>
      sql`insert into hunting_history (tenant_id, time, interface, actor_kind, actor_id, actor_name, app_id, query, state,
          resource_usage, run_ms, total_ms, result_rows, result_bytes, rows_read, peak_memory_bytes, tables)
        select ${THIRD}, ${at('10:00:00')}, 'api', 'application', 'ann', 'Ann', 'app', number::text, 'Completed', 'Low', 0, 0, 0, 0, 0, 0, '{}'
        from generate_series(1, 50010) as series(number) order by series.number`.execute(db as never),
    );
    const before = (await history().page(TENANT, null, everything)).total;
    expect(await history().forget(at('10:00:00'))).toBe(10);
    const { rows, total } = await history().page(THIRD, null, everything);
    expect([total, rows[0]?.query]).toEqual([50_000, '50010']);
    expect((await history().page(TENANT, null, everything)).total).toBe(before);
  });
});
