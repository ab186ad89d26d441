/** A client that polls by time gets every change once, however changes overlap, on a real database. */
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { gate } from '../../../../tests/support/gate.ts';
import { MIGRATIONS } from '../../features.ts';
import type { AlertCandidate } from './alert-candidate.ts';
import { incidentsStore } from './incident-store.ts';
import { alertsStore } from './store.ts';

const windowMs = 3_600_000;
let tenantId = '';
let tenants = 0;
let made = 0;
let now = new Date(0);
let state: StateStore;
let alerts: ReturnType<typeof alertsStore>;
let incidents: ReturnType<typeof incidentsStore>;

beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
  const clock = { now: () => now };
  alerts = alertsStore(state, clock);
  incidents = incidentsStore(state, clock);
});
afterAll(() => state.close());
beforeEach(() => {
  tenantId = `11111111-1111-4111-8111-${String(++tenants).padStart(12, '0')}`;
  now = new Date('2026-11-25T10:00:00.000Z');
});

function candidate(device = String(made)): AlertCandidate {
  const timestamp = '2026-11-25T09:59:59.0000000Z';
  made++;
  return {
    tenantId,
    deviceId: device.padStart(40, 'a'),
    deviceName: 'pc',
    dedupKey: `key ${made}`,
    ruleId: 'rule',
    title: `Title ${made}`,
    description: '',
    severity: 'Medium',
    category: 'Execution',
    techniques: [],
    recommendedAction: null,
    firstEventTime: timestamp,
    lastEventTime: timestamp,
    events: [{ table: 'DeviceProcessEvents', reportId: made, timestamp }],
    evidence: [],
    relatedUser: null,
  };
}

const raise = (id: string, alongside = async () => {}, found = candidate()) =>
  alerts.raise(found, id, { windowMs, alongside });
const list = async (where: ReturnType<typeof sql<boolean>>) => {
  const page = { where, orderBy: [], limit: 100, offset: 0, count: false };
  const found = await alerts.list({ tenantId, deviceGroups: 'all' }, page, null, false);
  return found.alerts.map(({ alert }) => alert);
};
/** As clients do it: everything after the last time seen. */
function poller() {
  let last = new Date(0);
  const seen: string[] = [];
  return {
    seen,
    async poll() {
      const found = await list(sql<boolean>`updated_at > ${last}::timestamptz`);
      for (const alert of found) if (alert.updated_at > last) last = alert.updated_at;
      seen.push(...found.map(({ id }) => id));
    },
  };
}

/** The work is over, or waits for somebody else's. */
async function stands(work: Promise<unknown>): Promise<void> {
  let over = false;
  void work.finally(() => {
    over = true;
  });
  await vi.waitFor(async () => {
    const waiting = await state.system(async (db) => {
      const found = await sql<{ n: string }>`select count(*) as n from pg_locks where not granted`.execute(
        db,
      );
      return Number(found.rows[0]?.n);
    });
    if (!over && waiting === 0) throw new Error('still at work');
  });
}

describe('a client that goes on from the last time it saw', () => {
  it('gets what was begun before and committed after what it saw', async () => {
    const [one, two] = [candidate(), candidate()];
    await raise('one', undefined, one);
    await raise('two', undefined, two);
    const client = poller();
    await client.poll();
    const late = gate();
    const first = raise('', late.pass, { ...one, events: candidate().events });
    await late.arrived;
    now = new Date('2026-11-25T10:00:01.000Z');
    const second = raise('', undefined, { ...two, events: candidate().events });
    await stands(second);
    const poll = client.poll();
    await stands(poll);
    late.open();
    await Promise.all([first, second, poll]);
    await client.poll();
    expect(client.seen.sort()).toEqual(['one', 'one', 'two', 'two']);
  });

  it('gets what came in the same millisecond, and nothing twice', async () => {
    const client = poller();
    for (const id of ['a', 'b', 'c', 'd']) {
      await raise(id);
      await client.poll();
    }
    await client.poll();
    expect(client.seen).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gets what came after the clock went back', async () => {
    const client = poller();
    await raise('before');
    await client.poll();
    now = new Date('2026-11-25T09:00:00.000Z');
    await raise('after');
    await client.poll();
    expect(client.seen).toEqual(['before', 'after']);
  });

  it('gets an update that overlaps with a new alert', async () => {
    await raise('old');
    const client = poller();
    await client.poll();
    const late = gate();
    const update = alerts.update(
      { tenantId, deviceGroups: 'all' },
      ['old'],
      { status: 'InProgress' },
      'ann',
      () => late.pass(),
    );
    await late.arrived;
    now = new Date('2026-11-25T10:00:01.000Z');
    const fresh = raise('fresh');
    await stands(fresh);
    const poll = client.poll();
    await stands(poll);
    late.open();
    await Promise.all([update, fresh, poll]);
    await client.poll();
    expect(client.seen.sort()).toEqual(['fresh', 'old', 'old']);
  });

  it('gets the alert whose incident became part of another', async () => {
    const sha1 = 'c'.repeat(40);
    const withFile = (device: string): AlertCandidate => ({
      ...candidate(device),
      evidence: [{ entityType: 'File', sha1 } as AlertCandidate['evidence'][number]],
    });
    await raise('one', undefined, candidate('b'));
    const two = candidate('c');
    await raise('two', undefined, two);
    const client = poller();
    await client.poll();
    await raise('one again', undefined, { ...withFile('b'), dedupKey: `key ${made - 2}` });
    await raise('two again', undefined, { ...withFile('c'), dedupKey: two.dedupKey });
    await client.poll();
    const found = await list(sql<boolean>`true`);
    const changed = client.seen.slice(2);
    for (const alert of found) expect(changed, alert.id).toContain(alert.id);
  });
});

describe('a client that asks for what changed up to now, and goes on from there', () => {
  it('gets what is being committed', async () => {
    const late = gate();
    const change = raise('late', late.pass);
    await late.arrived;
    now = new Date('2026-11-25T10:00:00.500Z');
    const until = now;
    const poll = list(sql<boolean>`updated_at <= ${until}::timestamptz`);
    await stands(poll);
    late.open();
    await change;
    const next = await list(sql<boolean>`updated_at > ${until}::timestamptz`);
    expect([...(await poll), ...next].map(({ id }) => id)).toEqual(['late']);
  });

  it('gets what begins in the millisecond in which it asked', async () => {
    const until = now;
    expect(await list(sql<boolean>`updated_at <= ${until}::timestamptz`)).toEqual([]);
    await raise('just now');
    const next = await list(sql<boolean>`updated_at > ${until}::timestamptz`);
    expect(next.map(({ id }) => id)).toEqual(['just now']);
  });
});

describe('an incident', () => {
  it('changes with its alerts', async () => {
    const found = candidate();
    await raise('alert', undefined, found);
    const updated = async () => {
      const page = { where: null, orderBy: [], limit: 100, offset: 0, count: false };
      const all = await incidents.list({ tenantId, deviceGroups: 'all' }, page, false);
      return all.incidents[0]?.incident.updated_at.getTime() ?? 0;
    };
    const before = await updated();
    await raise('alert', undefined, { ...found, events: candidate().events });
    expect(await updated()).toBeGreaterThan(before);
  });
});
