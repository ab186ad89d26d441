/** All SQL of the device groups. */
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Generated, sql, type Transaction } from 'kysely';
import { nameTaken } from '../../management/name-taken.ts';
import { type Condition, type DeviceGroup, UNGROUPED_ID, UNGROUPED_NAME } from './device-group.ts';
import { conditionsHold, groupOfDevice, type RankedGroup } from './membership.ts';

type TenantId = ColumnType<string, string | undefined, never>;

export interface DeviceGroupsDb {
  device_groups: {
    tenant_id: TenantId;
    id: Generated<number>;
    name: string;
    description: string;
    rank: number | null;
    remediation_level: string;
    conditions: ColumnType<Condition[], string, string>;
  };
  device_group_access: { tenant_id: TenantId; device_group_id: number; user_group_id: string };
  user_groups: { tenant_id: TenantId; id: string; name: string };
  devices: {
    tenant_id: TenantId;
    id: string;
    computer_name: string;
    os_platform: string;
    rbac_group_id: number;
    scope_pending: boolean;
  };
}
type Db = Transaction<DeviceGroupsDb>;

export interface GroupFields {
  readonly name?: string;
  readonly description?: string;
  readonly remediationLevel?: DeviceGroup['remediationLevel'];
  readonly conditions?: readonly Condition[];
  readonly userGroups?: readonly string[];
}

/** The portal's own limit is not published; a rule is worked out for every device. */
const MAX_GROUPS = 200;
const PREVIEW = 10;

export type DeviceGroupsStore = ReturnType<typeof deviceGroupsStore>;

export function deviceGroupsStore(state: StateStore) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<DeviceGroupsDb, T>(tenantId, work);

  /** One change at a time in a tenant, and none while a device is being placed by the rules as they were. */
  const changing = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    inTenant(tenantId, async (db) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${lockName(tenantId)}, 0))`.execute(db);
      return work(db);
    });

  return {
    list: (tenantId: string): Promise<DeviceGroup[]> => inTenant(tenantId, readGroups),

    async find(tenantId: string, id: number): Promise<DeviceGroup> {
      return found(await inTenant(tenantId, readGroups), id);
    },

    create(tenantId: string, fields: Required<GroupFields>): Promise<DeviceGroup> {
      return changing(tenantId, async (db) => {
        const groups = await readGroups(db);
        if (groups.length >= MAX_GROUPS)
          throw new ApiError('DisallowedOperation', `A tenant holds at most ${MAX_GROUPS} device groups.`);
        if (groups.length === 0) await insertUngrouped(db);
        const { id } = await db
          .insertInto('device_groups')
          .values({
            ...columnsOf(fields),
            rank: groups.filter(({ ungrouped }) => !ungrouped).length + 1,
          } as never)
          .returning('id')
          .executeTakeFirstOrThrow()
          .catch(nameTaken('device group', fields.name));
        await setAccess(db, id, fields.userGroups);
        await assignAll(db);
        return found(await readGroups(db), id);
      });
    },

    update(tenantId: string, id: number, fields: GroupFields): Promise<DeviceGroup> {
      return changing(tenantId, async (db) => {
        const { ungrouped } = found(await readGroups(db), id);
        if (ungrouped && (fields.conditions !== undefined || fields.name !== undefined))
          throw new ApiError(
            'DisallowedOperation',
            'The group of ungrouped devices keeps its name and has no conditions.',
          );
        const set = columnsOf(fields);
        if (Object.keys(set).length > 0)
          await db
            .updateTable('device_groups')
            .set(set)
            .where('id', '=', id)
            .execute()
            .catch(nameTaken('device group', fields.name ?? ''));
        if (fields.userGroups !== undefined) await setAccess(db, id, fields.userGroups);
        if (fields.conditions !== undefined) await assignAll(db);
        return found(await readGroups(db), id);
      });
    },

    /** Moves a group to a rank; those between move by one. */
    rank(tenantId: string, id: number, rank: number): Promise<DeviceGroup> {
      return changing(tenantId, async (db) => {
        const groups = await readGroups(db);
        if (found(groups, id).ungrouped)
          throw new ApiError('DisallowedOperation', 'The group of ungrouped devices is always the last.');
        const order = groups.filter((group) => !group.ungrouped && group.id !== id).map((group) => group.id);
        order.splice(Math.min(rank, order.length + 1) - 1, 0, id);
        await setRanks(db, order);
        await assignAll(db);
        return found(await readGroups(db), id);
      });
    },

    remove(tenantId: string, id: number): Promise<DeviceGroup> {
      return changing(tenantId, async (db) => {
        const groups = await readGroups(db);
        const group = found(groups, id);
        if (group.ungrouped)
          throw new ApiError('DisallowedOperation', 'The group of ungrouped devices stays.');
        await db.deleteFrom('device_groups').where('id', '=', id).execute();
        await setRanks(
          db,
          groups.filter((one) => !one.ungrouped && one.id !== id).map((one) => one.id),
        );
        await assignAll(db);
        return group;
      });
    },

    /** What a rule would take, were it the only one. */
    preview(tenantId: string, conditions: readonly Condition[]) {
      return inTenant(tenantId, async (db) => {
        const matching = db.selectFrom('devices').where(conditionsHold(conditions));
        const devices = await matching
          .select([
            'id',
            'computer_name as computerDnsName',
            'os_platform as osPlatform',
            'rbac_group_id as rbacGroupId',
          ])
          .orderBy('computer_name')
          .limit(PREVIEW)
          .execute();
        const { count } = await matching
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        return { count: Number(count), devices };
      });
    },

    /** Devices whose group the event store does not know yet, held until `tell` has told it. How many there were. */
    syncPending(
      limit: number,
      tell: (tenantId: string, devices: { deviceId: string; deviceGroup: string }[]) => Promise<void>,
    ): Promise<number> {
      return state.system<DeviceGroupsDb, number>(async (db) => {
        const pending = await db
          .selectFrom('devices')
          .select(['tenant_id', 'id', 'rbac_group_id'])
          .where('scope_pending', '=', true)
          .orderBy('tenant_id')
          .orderBy('id')
          .limit(limit)
          .forUpdate()
          .skipLocked()
          .execute();
        for (const tenantId of new Set(pending.map((row) => row.tenant_id))) {
          const devices = pending
            .filter((row) => row.tenant_id === tenantId)
            .map((row) => ({ deviceId: row.id, deviceGroup: String(row.rbac_group_id) }));
          await tell(tenantId, devices);
          await db
            .updateTable('devices')
            .set({ scope_pending: false })
            .where('tenant_id', '=', tenantId)
            .where(
              'id',
              'in',
              devices.map(({ deviceId }) => deviceId),
            )
            .execute();
        }
        return pending.length;
      });
    },
  };
}

/** Puts devices where the rules put them, in the transaction that changed what those look at. */
export async function assignDevices(
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction the caller is in
  transaction: Transaction<any>,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<void> {
  if (deviceIds.length === 0) return;
  const db = transaction as Db;
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(${lockName(tenantId)}, 0))`.execute(db);
  await assign(db, deviceIds);
}

const assignAll = (db: Db) => assign(db, null);

/** One statement, however many devices: those that move are written, the others only read. */
async function assign(db: Db, deviceIds: readonly string[] | null): Promise<bigint> {
  const group = groupOfDevice(await rankedGroups(db));
  let update = db
    .updateTable('devices')
    .set({ rbac_group_id: group, scope_pending: true })
    .where(sql<boolean>`rbac_group_id is distinct from (${group})`);
  // As the type of the column: compared as text, no index would answer.
  if (deviceIds !== null) update = update.where(sql<boolean>`id = any(${deviceIds}::bpchar[])`);
  const { numUpdatedRows } = await update.executeTakeFirst();
  return numUpdatedRows;
}

async function rankedGroups(db: Db): Promise<RankedGroup[]> {
  return db
    .selectFrom('device_groups')
    .select(['id', 'conditions'])
    .where('id', '!=', UNGROUPED_ID)
    .orderBy('rank')
    .execute();
}

async function readGroups(db: Db): Promise<DeviceGroup[]> {
  const groups = await db.selectFrom('device_groups').selectAll().orderBy(sql`rank asc nulls last`).execute();
  const access = await db
    .selectFrom('device_group_access')
    .select(['device_group_id', 'user_group_id'])
    .execute();
  const counts = await db
    .selectFrom('devices')
    .select(['rbac_group_id', (e) => e.fn.countAll<string>().as('count')])
    .groupBy('rbac_group_id')
    .execute();
  return groups.map(
    (row): DeviceGroup => ({
      id: row.id,
      name: row.name,
      description: row.description,
      rank: row.rank,
      remediationLevel: row.remediation_level as DeviceGroup['remediationLevel'],
      conditions: row.conditions,
      userGroups: access.filter((one) => one.device_group_id === row.id).map((one) => one.user_group_id),
      devices: Number(counts.find((one) => one.rbac_group_id === row.id)?.count ?? 0),
      ungrouped: row.id === UNGROUPED_ID,
    }),
  );
}

function found(groups: readonly DeviceGroup[], id: number): DeviceGroup {
  const group = groups.find((one) => one.id === id);
  if (!group) throw new ApiError('ResourceNotFound', `Device group ${id} was not found.`);
  return group;
}

async function insertUngrouped(db: Db): Promise<void> {
  await db
    .insertInto('device_groups')
    .values({
      id: UNGROUPED_ID,
      name: UNGROUPED_NAME,
      description: 'Devices that no other group took.',
      rank: null,
      remediation_level: 'Full',
      conditions: '[]',
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
    .execute();
}

function columnsOf(fields: GroupFields) {
  return {
    ...(fields.name === undefined ? {} : { name: fields.name }),
    ...(fields.description === undefined ? {} : { description: fields.description }),
    ...(fields.remediationLevel === undefined ? {} : { remediation_level: fields.remediationLevel }),
    ...(fields.conditions === undefined ? {} : { conditions: JSON.stringify(fields.conditions) }),
  };
}

async function setRanks(db: Db, order: readonly number[]): Promise<void> {
  await sql`update device_groups set rank = place.rank
    from unnest(${[...order]}::integer[]) with ordinality as place(id, rank) where device_groups.id = place.id`.execute(
    db,
  );
}

async function setAccess(db: Db, id: number, userGroups: readonly string[]): Promise<void> {
  const known =
    userGroups.length === 0
      ? []
      : await db
          .selectFrom('user_groups')
          .select('id')
          .where('id', 'in', [...userGroups])
          .execute();
  const unknown = userGroups.find((wanted) => !known.some((group) => group.id === wanted));
  if (unknown !== undefined) throw new ApiError('InvalidInput', `There is no user group ${unknown}.`);
  await db.deleteFrom('device_group_access').where('device_group_id', '=', id).execute();
  if (known.length > 0)
    await db
      .insertInto('device_group_access')
      .values(known.map((group) => ({ device_group_id: id, user_group_id: group.id })))
      .execute();
}

function lockName(tenantId: string): string {
  return `device groups ${tenantId}`;
}
