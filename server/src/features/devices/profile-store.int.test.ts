/** Profiles of many devices in one statement, on a real PostgreSQL. */
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../features.ts';
import { deviceGroupsStore } from '../device-groups/store.ts';
import { devicesStore } from './store.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const id = (n: number) => String(n).padStart(40, '0');
let state: Awaited<ReturnType<typeof openTestStateStore>>;
beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
  for (const [tenant, from] of [
    [TENANT, 1],
    [OTHER, 101],
  ] as const)
    await state.tenant<object, void>(tenant, async (db) => {
      await sql`insert into devices (id, public_key_x, onboarded_at, first_seen, last_seen, computer_name, os_platform, os_version, os_architecture, os_processor, agent_version)
        select lpad(n::text, 40, '0'), 'x' || n, now(), now(), now(), 'pc-' || n, 'Linux', '6', '64-bit', 'x64', '1'
        from generate_series(${from}::int, ${from + 9}::int) as n`.execute(db);
    });
});
afterAll(() => state.close());

describe('profiles', () => {
  it('take what is told of each, and keep the rest', async () => {
    const store = devicesStore(state);
    const vm = { vmId: 'v', cloudProvider: 'Azure', resourceId: null, subscriptionId: 's' };
    const addresses = [{ ipAddress: '10.0.0.1', macAddress: null, type: null, operationalStatus: 'Up' }];
    await store.patchProfiles(TENANT, [
      { deviceId: id(1), patch: { osBuild: 19045, isAadJoined: true, addresses, virtualMachine: vm } },
      { deviceId: id(2), patch: { isExcluded: true, exclusionReason: 'OutOfScope' } },
      { deviceId: id(3), patch: {} },
      { deviceId: id(101), patch: { model: 'of another tenant' } },
    ]);
    await store.patchProfiles(TENANT, [
      { deviceId: id(1), patch: { model: "it's" } },
      { deviceId: id(2), patch: { isExcluded: false, exclusionReason: null, isAadJoined: false } },
    ]);
    expect(await store.find(TENANT, { id: id(1) })).toMatchObject({
      os_build: '19045',
      is_aad_joined: true,
      ip_addresses: addresses,
      virtual_machine: vm,
      model: "it's",
      os_version: '6',
      is_excluded: false,
    });
    expect(await store.find(TENANT, { id: id(2) })).toMatchObject({
      is_excluded: false,
      exclusion_reason: null,
      is_aad_joined: false,
      virtual_machine: null,
      ip_addresses: [],
    });
    expect((await store.find(OTHER, { id: id(101) }))?.model).toBeNull();
  });

  it('move devices to the groups that their tags belong to, however the tags came', async () => {
    const store = devicesStore(state);
    const group = await deviceGroupsStore(state).create(TENANT, {
      name: 'Labs',
      description: '',
      remediationLevel: 'Full',
      conditions: [{ property: 'tag', operator: 'equals', value: 'lab' }],
      userGroups: [],
    });
    await store.patchProfiles(
      TENANT,
      [4, 5].map((n) => ({ deviceId: id(n), patch: { deviceTag: 'lab' } })),
    );
    const rows = await store.change(
      { tenantId: TENANT, deviceGroups: 'all' },
      [6, 7].map(id),
      { addTag: 'lab' },
      async () => {},
    );
    expect(rows.map((row) => row.rbac_group_id)).toEqual([group.id, group.id]);
    const all = await store.some(
      { tenantId: TENANT, deviceGroups: [String(group.id)] },
      [4, 5, 6, 7, 8].map(id),
    );
    expect(all.map((row) => row.id).sort()).toEqual([4, 5, 6, 7].map(id));
  });
});
