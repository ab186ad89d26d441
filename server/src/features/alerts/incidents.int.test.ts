/** Alerts of one story come together, on a real database, however they arrive. */
import type { AlertEvidence } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../features.ts';
import type { AlertCandidate } from './alert-candidate.ts';
import { incidentsStore } from './incident-store.ts';
import { alertsStore } from './store.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const AT = new Date('2026-11-25T10:00:00Z');
const everything = { tenantId: TENANT, deviceGroups: 'all' } as const;
const page = { where: null, orderBy: [], limit: 100, offset: 0, count: true } as const;

const NOTHING: AlertEvidence = {
  entityType: 'File',
  evidenceCreationTime: null,
  sha1: null,
  sha256: null,
  fileName: null,
  filePath: null,
  processId: null,
  processCommandLine: null,
  processCreationTime: null,
  parentProcessId: null,
  parentProcessCreationTime: null,
  parentProcessFileName: null,
  parentProcessFilePath: null,
  ipAddress: null,
  url: null,
  registryKey: null,
  registryHive: null,
  registryValueType: null,
  registryValueName: null,
  registryValue: null,
  accountName: null,
  domainName: null,
  userSid: null,
  aadUserId: null,
  userPrincipalName: null,
  detectionStatus: null,
};
const file = (sha1: string): AlertEvidence => ({ ...NOTHING, sha1 });
let count = 0;

function candidate(
  device: string,
  time: string,
  evidence: AlertEvidence[],
  more: Partial<AlertCandidate> = {},
): AlertCandidate {
  count++;
  return {
    tenantId: TENANT,
    deviceId: device.repeat(40).slice(0, 40),
    deviceName: `pc-${device}`,
    dedupKey: `key ${count}`,
    ruleId: 'rule',
    title: `Title ${count}`,
    description: '',
    severity: 'Medium',
    category: 'Execution',
    techniques: [],
    recommendedAction: null,
    firstEventTime: time,
    lastEventTime: time,
    events: [{ table: 'DeviceProcessEvents', reportId: count, timestamp: time }],
    evidence,
    relatedUser: null,
    ...more,
  };
}

let state: StateStore;
let alerts: ReturnType<typeof alertsStore>;
let incidents: ReturnType<typeof incidentsStore>;
let named = 0;
const raise = async (found: AlertCandidate): Promise<string> =>
  (await alerts.raise(found, `da${++named}_1`, { windowMs: 3_600_000 })).alertId;
const incidentOf = async (alertId: string) => (await alerts.find(everything, alertId))?.alert.incident;

beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
  alerts = alertsStore(state, { now: () => AT });
  incidents = incidentsStore(state, { now: () => AT });
});
afterAll(() => state.close());

describe('incidents', () => {
  it('begin with an alert, and take what is linked to it', async () => {
    const first = await raise(candidate('a', '2026-11-01T10:00:00.0000000Z', [file('aa')]));
    const near = await raise(candidate('a', '2026-11-01T10:30:00.0000000Z', []));
    const same = await raise(
      candidate('b', '2026-11-01T20:00:00.0000000Z', [file('AA')], {
        severity: 'High',
        category: 'Persistence',
      }),
    );
    const apart = await raise(candidate('c', '2026-11-01T10:00:00.0000000Z', []));
    const id = await incidentOf(first);
    expect(await incidentOf(near)).toBe(id);
    expect(await incidentOf(same)).toBe(id);
    expect(await incidentOf(apart)).not.toBe(id);
    const found = await incidents.find(everything, Number(id));
    expect(found?.summary).toEqual({
      alerts: 3,
      devices: 2,
      resolved: false,
      severity: 'High',
      categories: ['Execution', 'Persistence'],
      firstTitle: expect.stringMatching(/^Title \d+$/),
    });
    expect(found?.alerts.map(({ alert }) => alert.incident_links)).toEqual([
      [],
      [{ reason: 'ProximateTime', alertId: first }],
      [{ reason: 'SameFile', alertId: first }],
    ]);
  });

  it('become one when an alert, or what comes to one later, ties them together', async () => {
    const [one, two] = [
      await raise(candidate('d', '2026-11-02T10:00:00.0000000Z', [file('d1')])),
      await raise(candidate('e', '2026-11-02T10:00:00.0000000Z', [file('e1')])),
    ];
    const [older, younger] = [await incidentOf(one), await incidentOf(two)];
    expect(younger).not.toBe(older);
    await incidents.update(everything, Number(younger), { comment: 'mine' }, 'ann', async () => {});
    const both = await raise(candidate('f', '2026-11-02T11:00:00.0000000Z', [file('d1'), file('e1')]));
    expect([await incidentOf(both), await incidentOf(two)]).toEqual([older, older]);
    const gone = await incidents.find(everything, Number(younger));
    expect([gone?.incident.leads_to, gone?.summary]).toEqual([older, null]);
    expect((await incidents.find(everything, Number(older)))?.comments.map(({ comment }) => comment)).toEqual(
      ['mine'],
    );
    expect(
      await incidents.update(everything, Number(younger), { name: 'x' }, 'ann', async () => {}),
    ).toBeUndefined();

    const late = candidate('1', '2026-11-02T12:00:00.0000000Z', []);
    const third = await raise(late);
    expect(await incidentOf(third)).not.toBe(older);
    await raise({
      ...late,
      events: [{ table: 'DeviceFileEvents', reportId: 9_000, timestamp: late.firstEventTime }],
      evidence: [file('e1')],
    });
    expect(await incidentOf(third)).toBe(older);
  });

  it('are resolved with their last alert, take nothing more then, and open again with one', async () => {
    const one = await raise(candidate('2', '2026-11-03T10:00:00.0000000Z', [file('22')]));
    const two = await raise(candidate('2', '2026-11-03T10:10:00.0000000Z', []));
    const id = Number(await incidentOf(one));
    const resolved = async () => (await incidents.find(everything, id))?.summary?.resolved;
    await alerts.update(everything, [one], { status: 'Resolved' }, 'ann', async () => {});
    expect(await resolved()).toBe(false);
    await alerts.update(everything, [two], { status: 'Resolved' }, 'ann', async () => {});
    expect(await resolved()).toBe(true);
    const next = await raise(candidate('2', '2026-11-03T10:20:00.0000000Z', [file('22')]));
    expect(await incidentOf(next)).not.toBe(String(id));
    await incidents.update(everything, id, { status: 'Active' }, 'ann', async () => {});
    expect(await resolved()).toBe(false);
    await incidents.update(
      everything,
      id,
      { status: 'Resolved', classification: 'FalsePositive', assignedTo: 'ann' },
      'ann',
      async () => {},
    );
    expect(await resolved()).toBe(true);
    const alert = (await alerts.find(everything, one))?.alert;
    expect([alert?.status, alert?.classification, alert?.assigned_to]).toEqual([
      'Resolved',
      'FalsePositive',
      'ann',
    ]);
  });

  it('are one when alerts of one story are raised at the same moment', async () => {
    const raised = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        raise(candidate('0123456789abcdef'[i + 2] ?? '0', '2026-11-04T10:00:00.0000000Z', [file('44')])),
      ),
    );
    expect(new Set(await Promise.all(raised.map(incidentOf))).size).toBe(1);
  });

  it('take what a person makes only from its own device', async () => {
    const there = await raise(candidate('8', '2026-11-07T10:00:00.0000000Z', [file('88')]));
    const own = await raise(candidate('9', '2026-11-07T12:00:00.0000000Z', []));
    const made = candidate('9', '2026-11-07T12:10:00.0000000Z', [file('88')]);
    const { alertId } = await alerts.raise(made, 'da_by_hand', { windowMs: 1, linkWithin: 'device' });
    expect(await incidentOf(alertId)).toBe(await incidentOf(own));
    expect(await incidentOf(alertId)).not.toBe(await incidentOf(there));
  });

  it('keep to their tenant', async () => {
    const mine = await raise(candidate('5', '2026-11-05T10:00:00.0000000Z', [file('55')]));
    await raise(candidate('5', '2026-11-05T10:00:00.0000000Z', [file('55')], { tenantId: OTHER }));
    const theirs = await incidents.list({ tenantId: OTHER, deviceGroups: 'all' }, page, true);
    expect(theirs.incidents.map(({ incident, alerts: of }) => [incident.id, of.length])).toEqual([['1', 1]]);
    expect((await incidents.find(everything, Number(await incidentOf(mine))))?.summary?.alerts).toBe(1);
  });

  it('show a caller the alerts of his devices only, and nothing where he has none', async () => {
    await state.tenant(TENANT, async (db) => {
      for (const [id, device] of [
        [7, 'ab'],
        [8, 'cd'],
      ] as const) {
        await sql`insert into devices (id, public_key_x, state, onboarded_at, first_seen, last_seen, computer_name, os_platform, os_version, os_architecture, os_processor, agent_version, rbac_group_id)
          values (${device.repeat(20)}, ${device}, 'Onboarded', now(), now(), now(), ${`pc-${device}`}, 'Linux', '1', '64-bit', 'x64', '1', ${id})`.execute(
          db,
        );
      }
    });
    const seen = await raise(candidate('ab', '2026-11-06T10:00:00.0000000Z', [file('66')]));
    await raise(candidate('cd', '2026-11-06T10:00:00.0000000Z', [file('66')], { severity: 'High' }));
    const hidden = await raise(candidate('cd', '2026-11-09T10:00:00.0000000Z', []));
    const scoped = { tenantId: TENANT, deviceGroups: ['7'] } as const;
    const id = Number(await incidentOf(seen));
    const found = await incidents.find(scoped, id);
    expect(found?.alerts.map(({ alert }) => alert.id)).toEqual([seen]);
    expect(found?.summary).toMatchObject({ alerts: 1, devices: 1, severity: 'Medium' });
    const other = Number(await incidentOf(hidden));
    expect(await incidents.find(scoped, other)).toBeUndefined();
    expect(await incidents.update(scoped, other, { name: 'x' }, 'ann', async () => {})).toBeUndefined();
    expect((await incidents.list(scoped, page, false)).total).toBe(1);
    await incidents.update(scoped, id, { status: 'Resolved' }, 'ann', async () => {});
    expect((await incidents.find(everything, id))?.summary).toMatchObject({ alerts: 2, resolved: false });
  });
});
