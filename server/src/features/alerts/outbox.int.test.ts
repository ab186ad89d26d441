/** From alerts as they are raised to rows of the hunting tables, on a real database. */
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../telemetry/log.ts';
import { devicesMigrations } from '../devices/index.ts';
import { decodeBatchRecord, rowsOf } from '../ingest/index.ts';
import type { AlertCandidate } from './alert-candidate.ts';
import { alertsMigrations } from './migrations.ts';
import { runHuntingOutbox } from './outbox.ts';
import { alertsStore } from './store.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const AT = new Date('2026-11-25T10:00:00Z');

const candidate = (
  key: string,
  reportId = 1,
  timestamp = '2026-11-25T09:59:59.1234567Z',
): AlertCandidate => ({
  tenantId: TENANT,
  deviceId: 'ab'.repeat(20),
  deviceName: 'web-1',
  dedupKey: key,
  ruleId: 'rule',
  title: 'Title',
  description: '',
  severity: 'High',
  category: 'Execution',
  techniques: [],
  recommendedAction: null,
  firstEventTime: timestamp,
  lastEventTime: timestamp,
  events: [{ table: 'DeviceProcessEvents', reportId, timestamp }],
  evidence: [],
  relatedUser: null,
});

/** Rows of a data folder from before the second migration. */
const oldRows = {
  name: '2026-11-24-alerts-1-rows',
  // biome-ignore lint/suspicious/noExplicitAny: as every migration
  async up(db: any) {
    await sql`insert into alert_events (tenant_id, alert_id, dedup_key, table_name, report_id, at)
              values (${TENANT}, 'old', 'old key', 'DeviceProcessEvents', 1, '2026-11-25T09:59:59.1234567Z')`.execute(
      db,
    );
    await sql`insert into alert_hunting_outbox (tenant_id, table_name, row) values (${TENANT}, 'AlertInfo', '{"AlertId":"old"}')`.execute(
      db,
    );
  },
};

let state: StateStore;
let store: ReturnType<typeof alertsStore>;
beforeAll(async () => {
  state = await openTestStateStore([...devicesMigrations, ...alertsMigrations, oldRows]);
  store = alertsStore(state, { now: () => AT });
});
afterAll(() => state.close());

describe('the way of alerts into the hunting tables', () => {
  it('takes a storm in few records, each repeated as it was until it lands', async () => {
    for (let i = 0; i < 300; i++) await store.raise(candidate(`k${i}`), `a${i}`, { windowMs: 3_600_000 });
    const stop = new AbortController();
    const sent: { name: string; rows: number }[] = [];
    const kept = new Set<string>();
    const alertIds = new Set<unknown>();
    const running = runHuntingOutbox({
      store,
      eventLog: {
        async append({ stream, epoch, seq, payload }) {
          const { tenantId, deviceId, machineGroup, sections } = decodeBatchRecord(payload);
          const name = `${stream} ${epoch} ${seq}`;
          sent.push({ name, rows: sections.reduce((sum, { rows }) => sum + rows, 0) });
          if (sent.length <= 2) throw new Error('the log is away');
          expect(stream).toBe(`alerts.${TENANT}`);
          expect([tenantId, machineGroup]).toEqual([TENANT, deviceId === '' ? '' : 'Servers']);
          for (const section of sections) for (const row of rowsOf(section)) alertIds.add(row.AlertId);
          kept.add(name);
          return { duplicate: false, position: kept.size };
        },
      },
      devices: { lookup: async () => ({ name: 'web-1', groupName: 'Servers' }) as never },
      clock: { now: () => AT },
      log: createLogger({ level: 'silent', pretty: false }),
      signal: stop.signal,
    });
    await vi.waitFor(() => expect(alertIds.size).toBe(301), { timeout: 10_000 });
    await vi.waitFor(async () => expect((await store.packOutbox(1)).rows).toEqual([]), { timeout: 10_000 });
    stop.abort();
    await running;
    expect(alertIds.has('old')).toBe(true);
    // A record for the device, and one for the alert that no longer is: both again as they were.
    expect(sent).toHaveLength(4);
    expect(sent.slice(2)).toEqual(sent.slice(0, 2));
  });

  it('packs what is packed no second time', async () => {
    await store.raise(candidate('p1'), 'p1', { windowMs: 3_600_000 });
    const first = await store.packOutbox(10);
    await store.raise(candidate('p2'), 'p2', { windowMs: 3_600_000 });
    expect(await store.packOutbox(10)).toEqual(first);
    await store.dropParcel(first.id);
    expect((await store.packOutbox(10)).rows).toHaveLength(1);
  });
});

describe('the events of an alert', () => {
  it('are told apart by their time, since a device set up anew counts its reports from one again', async () => {
    const first = candidate('again', 1, '2026-11-25T08:00:00.1234567Z');
    expect(await store.raise(first, 'e1', { windowMs: 3_600_000 })).toMatchObject({ created: true });
    expect(await store.raise(first, 'e2', { windowMs: 3_600_000 })).toEqual({
      alertId: 'e1',
      created: false,
      changed: false,
    });
    const later = candidate('again', 1, '2026-11-25T09:59:59Z');
    expect(await store.raise(later, 'e3', { windowMs: 3_600_000 })).toMatchObject({
      alertId: 'e3',
      created: true,
    });
  });

  it('of an older data folder are known again', async () => {
    const known = await state.tenant<{ alert_events: { at: Date } }, { at: Date }[]>(TENANT, (db) =>
      db.selectFrom('alert_events').select('at').where(sql`dedup_key`, '=', 'old key').execute(),
    );
    expect(known).toEqual([{ at: new Date('2026-11-25T09:59:59.123Z') }]);
  });
});
