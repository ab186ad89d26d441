import { randomUUID } from 'node:crypto';
import { type Generated, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceScope, type Migration, type StateStore, tenantTable } from './index.ts';
import { openTestStateStore } from './testing.ts';

interface Db {
  devices: { tenant_id: Generated<string>; id: string; rbac_group_id: number };
  findings: { tenant_id: Generated<string>; device_id: string; text: string };
}

const migrations: Migration[] = [
  {
    name: '2026-01-01-devices-1',
    async up(db) {
      await tenantTable(db, 'devices', (table) =>
        table
          .addColumn('id', 'text', (c) => c.notNull())
          .addColumn('rbac_group_id', 'integer', (c) => c.notNull())
          .addPrimaryKeyConstraint('devices_pkey', ['tenant_id', 'id']),
      );
      await deviceScope(db, 'devices', { group: 'rbac_group_id' });
      await tenantTable(db, 'findings', (table) =>
        table
          .addColumn('device_id', 'text', (c) => c.notNull())
          .addColumn('text', 'text', (c) => c.notNull()),
      );
      await deviceScope(db, 'findings', { device: 'device_id' });
    },
  },
];

describe('the device groups of a scope', () => {
  const tenantId = randomUUID();
  const other = randomUUID();
  let store: StateStore;

  beforeAll(async () => {
    store = await openTestStateStore(migrations);
    for (const tenant of [tenantId, other]) {
      await store.tenant<Db, void>(tenant, async (db) => {
        const devices = [0, 1, 2].map((group) => ({ id: `d${group}`, rbac_group_id: group }));
        await db.insertInto('devices').values(devices).execute();
        await db
          .insertInto('findings')
          .values(
            devices.map(({ id }) => ({ device_id: id, text: `${tenant === other ? 'their' : 'our'} ${id}` })),
          )
          .execute();
      });
    }
  });
  afterAll(() => store.close());

  const seen = (deviceGroups: 'all' | readonly string[]) =>
    store.tenant<Db, { devices: string[]; findings: string[] }>({ tenantId, deviceGroups }, async (db) => ({
      devices: (await db.selectFrom('devices').select('id').orderBy('id').execute()).map(({ id }) => id),
      findings: (
        await sql<{ text: string }>`select text from findings where true or 1 = 1 order by text`.execute(db)
      ).rows.map(({ text }) => text),
    }));

  it.each([
    ['all', ['d0', 'd1', 'd2']],
    [['1'], ['d1']],
    [
      ['0', '2'],
      ['d0', 'd2'],
    ],
    [['7'], []],
    [[], []],
  ] as const)('%j shows the devices of these groups and what is about them', async (groups, devices) => {
    expect(await seen(groups)).toEqual({ devices, findings: devices.map((id) => `our ${id}`) });
  });

  it('keeps rows about other devices from being changed, removed, added or moved', async () => {
    const scope = { tenantId, deviceGroups: ['1'] };
    const changed = await store.tenant<Db, bigint>(scope, async (db) => {
      const updated = await sql`update findings set text = 'taken' where device_id in ('d0', 'd2')`.execute(
        db,
      );
      const deleted = await sql`delete from devices where id = 'd2'`.execute(db);
      return (updated.numAffectedRows ?? 0n) + (deleted.numAffectedRows ?? 0n);
    });
    expect(changed).toBe(0n);
    await expect(
      store.tenant<Db, unknown>(scope, (db) =>
        db.insertInto('findings').values({ device_id: 'd2', text: 'x' }).execute(),
      ),
    ).rejects.toThrow(/row-level security/);
    await expect(
      store.tenant<Db, unknown>(scope, (db) => db.updateTable('devices').set({ rbac_group_id: 2 }).execute()),
    ).rejects.toThrow(/row-level security/);
  });

  it('leaves nothing behind for the next transaction', async () => {
    await seen(['1']);
    expect(
      (await store.tenant<Db, unknown[]>(tenantId, (db) => db.selectFrom('devices').selectAll().execute()))
        .length,
    ).toBe(3);
  });

  it('takes nothing but ids', async () => {
    await expect(seen(["1}'; reset role; --"])).rejects.toThrow('device group');
  });
});
