/** All SQL of access: roles, user groups, elevations and the mode of a tenant. */
import { randomUUID } from 'node:crypto';
import { ApiError, builtInAdministratorRole, nowIso7 } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Generated, type Selectable, sql, type Transaction } from 'kysely';
import { nameTaken } from '../../management/name-taken.ts';
import type { GuardedGroup, HeldRole, Holdings } from './grants.ts';
import {
  type AccessMode,
  type Elevation,
  type Role,
  type RoleKind,
  readerRole,
  type UserGroup,
} from './role.ts';

type TenantId = ColumnType<string, string | undefined, never>;

export interface AccessDatabase {
  roles: {
    tenant_id: TenantId;
    id: string;
    name: string;
    description: string;
    permissions: string[] | null;
    kind: RoleKind;
  };
  user_groups: {
    tenant_id: TenantId;
    id: string;
    name: string;
    description: string;
    source: Generated<string>;
    external_id: string | null;
  };
  user_group_members: { tenant_id: TenantId; group_id: string; user_id: string };
  user_group_roles: { tenant_id: TenantId; group_id: string; role_id: string };
  role_elevations: {
    tenant_id: TenantId;
    id: string;
    user_id: string;
    role_id: string;
    reason: string;
    granted_by: string;
    granted_at: Date;
    ends_at: Date;
    ended_by: string | null;
  };
  access_settings: { tenant_id: TenantId; mode: AccessMode; switched_at: Date | null };
  device_groups: { tenant_id: TenantId; id: number; name: string };
  device_group_access: { tenant_id: TenantId; device_group_id: number; user_group_id: string };
  devices: { tenant_id: TenantId; id: string; computer_name: string; rbac_group_id: number; last_seen: Date };
  users: {
    tenant_id: TenantId;
    id: string;
    principal_name: string;
    display_name: string;
  };
}
type Db = Transaction<AccessDatabase>;

export interface RoleFields {
  readonly name?: string;
  readonly description?: string;
  readonly permissions?: readonly string[];
  readonly userGroups?: readonly string[];
}

export interface UserGroupFields {
  readonly name?: string;
  readonly description?: string;
  readonly roles?: readonly string[];
}

const MAX_ROLES = 500;
export const MAX_USER_GROUPS = 5_000;

export type AccessStore = ReturnType<typeof accessStore>;

/** What access asks of the people of a tenant. */
export interface Accounts {
  works(tenantId: string, userId: string): Promise<boolean>;
}

export function accessStore(state: StateStore, accounts: Accounts) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<AccessDatabase, T>(tenantId, work);

  return {
    async holdings(tenantId: string, userId: string, now: Date): Promise<Holdings> {
      const enabled = await accounts.works(tenantId, userId);
      return { enabled, ...(await inTenant(tenantId, (db) => readHoldings(db, userId, now))) };
    },

    mode: (tenantId: string): Promise<AccessMode> => inTenant(tenantId, readMode),

    /** @throws Conflict when roles are on already */
    switchToRbac(tenantId: string, now: Date): Promise<void> {
      return inTenant(tenantId, async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('access_settings')
          .set({ mode: 'rbac', switched_at: now })
          .where('mode', '=', 'basic')
          .executeTakeFirst();
        if (numUpdatedRows === 0n)
          throw new ApiError('Conflict', 'Roles are switched on already; there is no way back.');
      });
    },

    roles: (tenantId: string): Promise<Role[]> => inTenant(tenantId, readRoles),
    async role(tenantId: string, id: string): Promise<Role> {
      return found('Role', await inTenant(tenantId, readRoles), id);
    },

    createRole(tenantId: string, fields: Required<RoleFields>): Promise<Role> {
      return inTenant(tenantId, async (db) => {
        await bounded(db, 'roles', MAX_ROLES);
        const id = randomUUID();
        await db
          .insertInto('roles')
          .values({
            id,
            name: fields.name,
            description: fields.description,
            permissions: [...fields.permissions],
            kind: 'custom',
          })
          .execute()
          .catch(nameTaken('role', fields.name));
        await setHolders(db, id, fields.userGroups);
        return found('Role', await readRoles(db), id);
      });
    },

    updateRole(tenantId: string, id: string, fields: RoleFields): Promise<Role> {
      return inTenant(tenantId, async (db) => {
        const role = found('Role', await readRoles(db), id);
        if (role.kind !== 'custom' && Object.keys(fields).some((name) => name !== 'userGroups'))
          throw new ApiError(
            'DisallowedOperation',
            'Of a built-in role only the user groups that hold it can be changed.',
          );
        if (fields.name !== undefined || fields.description !== undefined || fields.permissions !== undefined)
          await db
            .updateTable('roles')
            .set({
              ...(fields.name === undefined ? {} : { name: fields.name }),
              ...(fields.description === undefined ? {} : { description: fields.description }),
              ...(fields.permissions === undefined ? {} : { permissions: [...fields.permissions] }),
            })
            .where('id', '=', id)
            .execute()
            .catch(nameTaken('role', fields.name ?? ''));
        const { userGroups } = fields;
        if (userGroups !== undefined) await keepingAnAdministrator(db, () => setHolders(db, id, userGroups));
        return found('Role', await readRoles(db), id);
      });
    },

    removeRole(tenantId: string, id: string): Promise<Role> {
      return inTenant(tenantId, async (db) => {
        const role = found('Role', await readRoles(db), id);
        if (role.kind !== 'custom')
          throw new ApiError('DisallowedOperation', 'A built-in role cannot be removed.');
        await db.deleteFrom('roles').where('id', '=', id).execute();
        return role;
      });
    },

    userGroups: (tenantId: string): Promise<UserGroup[]> => inTenant(tenantId, readUserGroups),
    async userGroup(tenantId: string, id: string): Promise<UserGroup> {
      return found('User group', await inTenant(tenantId, readUserGroups), id);
    },

    /** Whether a device group is open to it by name. */
    guardsDevices(tenantId: string, groupId: string): Promise<boolean> {
      return inTenant(tenantId, async (db) =>
        (await readGuardedGroups(db)).some(({ userGroups }) => userGroups.includes(groupId)),
      );
    },

    createUserGroup(tenantId: string, fields: Required<UserGroupFields>): Promise<UserGroup> {
      return inTenant(tenantId, async (db) => {
        await roomForUserGroup(db);
        const id = randomUUID();
        await insertUserGroup(db, { id, name: fields.name, description: fields.description });
        await setRoles(db, id, fields.roles);
        return found('User group', await readUserGroups(db), id);
      });
    },

    updateUserGroup(tenantId: string, id: string, fields: UserGroupFields): Promise<UserGroup> {
      return inTenant(tenantId, async (db) => {
        const group = found('User group', await readUserGroups(db), id);
        if (group.source !== 'local' && (fields.name !== undefined || fields.description !== undefined))
          throw new ApiError(
            'DisallowedOperation',
            `The group is kept by ${group.source}; only its roles are decided here.`,
          );
        if (fields.name !== undefined || fields.description !== undefined)
          await db
            .updateTable('user_groups')
            .set({
              ...(fields.name === undefined ? {} : { name: fields.name }),
              ...(fields.description === undefined ? {} : { description: fields.description }),
            })
            .where('id', '=', id)
            .execute()
            .catch(nameTaken('user group', fields.name ?? ''));
        const { roles } = fields;
        if (roles !== undefined) await keepingAnAdministrator(db, () => setRoles(db, id, roles));
        return found('User group', await readUserGroups(db), id);
      });
    },

    removeUserGroup(tenantId: string, id: string): Promise<UserGroup> {
      return inTenant(tenantId, async (db) => {
        const group = found('User group', await readUserGroups(db), id);
        await requireNoDeviceGroupOpens(db, id);
        await keepingAnAdministrator(db, () => db.deleteFrom('user_groups').where('id', '=', id).execute());
        return group;
      });
    },

    members(tenantId: string, groupId: string) {
      return inTenant(tenantId, async (db) => {
        found('User group', await readUserGroups(db), groupId);
        return db
          .selectFrom('user_group_members')
          .innerJoin('users', (join) =>
            join
              .onRef('users.tenant_id', '=', 'user_group_members.tenant_id')
              .onRef('users.id', '=', 'user_group_members.user_id'),
          )
          .where('user_group_members.group_id', '=', groupId)
          .select(['users.id', 'users.principal_name as principalName', 'users.display_name as displayName'])
          .orderBy('users.principal_name')
          .execute();
      });
    },

    addMember(tenantId: string, groupId: string, userId: string): Promise<void> {
      return inTenant(tenantId, async (db) => {
        await changeable(db, groupId);
        await requireUser(db, userId);
        await insertMember(db, groupId, userId);
      });
    },

    removeMember(tenantId: string, groupId: string, userId: string): Promise<void> {
      return inTenant(tenantId, async (db) => {
        await changeable(db, groupId);
        const { numDeletedRows } = await keepingAnAdministrator(db, () =>
          db
            .deleteFrom('user_group_members')
            .where('group_id', '=', groupId)
            .where('user_id', '=', userId)
            .executeTakeFirst(),
        );
        if (numDeletedRows === 0n) throw new ApiError('ResourceNotFound', 'The person is not in that group.');
      });
    },

    elevate(
      tenantId: string,
      input: { userId: string; roleId: string; reason: string; grantedBy: string; now: Date; endsAt: Date },
    ): Promise<Elevation> {
      return inTenant(tenantId, async (db) => {
        await requireUser(db, input.userId);
        found('Role', await readRoles(db), input.roleId);
        const row = await db
          .insertInto('role_elevations')
          .values({
            id: randomUUID(),
            user_id: input.userId,
            role_id: input.roleId,
            reason: input.reason,
            granted_by: input.grantedBy,
            granted_at: input.now,
            ends_at: input.endsAt,
            ended_by: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return elevation(row);
      });
    },

    endElevation(tenantId: string, id: string, by: string, now: Date): Promise<Elevation> {
      return inTenant(tenantId, async (db) => {
        const row = await db
          .updateTable('role_elevations')
          .set({ ends_at: now, ended_by: by })
          .where('id', '=', id)
          .where('ends_at', '>', now)
          .returningAll()
          .executeTakeFirst();
        if (!row) throw new ApiError('ResourceNotFound', `There is no elevation ${id} that still counts.`);
        return elevation(row);
      });
    },

    /** Newest first. */
    elevations(tenantId: string): Promise<Elevation[]> {
      return inTenant(tenantId, async (db) =>
        (
          await db
            .selectFrom('role_elevations')
            .selectAll()
            .orderBy('granted_at', 'desc')
            .limit(1_000)
            .execute()
        ).map(elevation),
      );
    },

    /** By object id or principal name. */
    async findUser(tenantId: string, idOrName: string) {
      const user = await inTenant(tenantId, (db) =>
        db
          .selectFrom('users')
          .select(['id', 'principal_name'])
          .where((e) =>
            e.or([
              e(sql<string>`id::text`, '=', idOrName.toLowerCase()),
              e(sql<string>`lower(principal_name)`, '=', idOrName.toLowerCase()),
            ]),
          )
          .executeTakeFirst(),
      );
      if (!user) throw new ApiError('ResourceNotFound', `User ${idOrName} was not found.`);
      return user;
    },

    /** By id or computer name, with or without its domain. */
    async findDevice(tenantId: string, idOrName: string): Promise<{ name: string; groupId: number }> {
      const device = await inTenant(tenantId, (db) =>
        db
          .selectFrom('devices')
          .select(['computer_name as name', 'rbac_group_id as groupId'])
          .where((e) =>
            e.or([
              e('id', '=', idOrName.toLowerCase()),
              e(sql<string>`lower(computer_name)`, '=', idOrName.toLowerCase()),
              e(sql<string>`split_part(lower(computer_name), '.', 1)`, '=', idOrName.toLowerCase()),
            ]),
          )
          .orderBy('last_seen', 'desc')
          .executeTakeFirst(),
      );
      if (!device) throw new ApiError('ResourceNotFound', `Machine ${idOrName} was not found.`);
      return device;
    },
  };
}

/** The built-in roles and the mode, for a tenant that is being made. */
export async function prepareTenant(
  transaction: Transaction<AccessDatabase>,
  tenantId: string,
): Promise<void> {
  await transaction
    .insertInto('roles')
    .values([
      {
        tenant_id: tenantId,
        id: randomUUID(),
        name: builtInAdministratorRole,
        description: 'Every permission, every device.',
        permissions: null,
        kind: 'administrator',
      },
      {
        tenant_id: tenantId,
        id: randomUUID(),
        name: readerRole,
        description: 'Sees everything and changes nothing; counts until roles are switched on.',
        permissions: ['ViewData.SecurityOperations', 'ViewData.Tvm'],
        kind: 'reader',
      },
    ])
    .execute();
  await transaction
    .insertInto('access_settings')
    .values({ tenant_id: tenantId, mode: 'basic', switched_at: null })
    .execute();
}

/** Puts a person into the group of the role's name, which is made if there is none. False when there is no such role. */
export async function giveRole(
  db: Transaction<AccessDatabase>,
  tenantId: string,
  userId: string,
  roleName: string,
): Promise<boolean> {
  const role = await db
    .selectFrom('roles')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', roleName)
    .select(['id', 'description'])
    .executeTakeFirst();
  if (!role) return false;
  const holder = await db
    .selectFrom('user_groups')
    .innerJoin('user_group_roles', (join) =>
      join
        .onRef('user_group_roles.tenant_id', '=', 'user_groups.tenant_id')
        .onRef('user_group_roles.group_id', '=', 'user_groups.id'),
    )
    .where('user_groups.tenant_id', '=', tenantId)
    .where('user_groups.source', '=', 'local')
    .where('user_group_roles.role_id', '=', role.id)
    .orderBy(sql`lower(user_groups.name) = ${roleName.toLowerCase()}`, 'desc')
    .select('user_groups.id')
    .executeTakeFirst();
  const groupId = holder?.id ?? randomUUID();
  if (!holder) {
    await db
      .insertInto('user_groups')
      .values({
        tenant_id: tenantId,
        id: groupId,
        name: roleName,
        description: role.description,
        external_id: null,
      })
      .execute();
    await db
      .insertInto('user_group_roles')
      .values({ tenant_id: tenantId, group_id: groupId, role_id: role.id })
      .execute();
  }
  await db
    .insertInto('user_group_members')
    .values({ tenant_id: tenantId, group_id: groupId, user_id: userId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return true;
}

async function readHoldings(db: Db, userId: string, now: Date): Promise<Omit<Holdings, 'enabled'>> {
  const groups = await db
    .selectFrom('user_group_members')
    .innerJoin('user_groups', (join) =>
      join
        .onRef('user_groups.tenant_id', '=', 'user_group_members.tenant_id')
        .onRef('user_groups.id', '=', 'user_group_members.group_id'),
    )
    .where('user_id', '=', userId)
    .select(['user_groups.id', 'user_groups.name'])
    .execute();
  const ids = groups.map(({ id }) => id);
  const throughGroups =
    ids.length === 0
      ? []
      : await db
          .selectFrom('user_group_roles')
          .innerJoin('roles', (join) =>
            join
              .onRef('roles.tenant_id', '=', 'user_group_roles.tenant_id')
              .onRef('roles.id', '=', 'user_group_roles.role_id'),
          )
          .where('user_group_roles.group_id', 'in', ids)
          .select(['roles.id', 'roles.name', 'roles.kind', 'roles.permissions', 'user_group_roles.group_id'])
          .execute();
  const elevated = await db
    .selectFrom('role_elevations')
    .innerJoin('roles', (join) =>
      join
        .onRef('roles.tenant_id', '=', 'role_elevations.tenant_id')
        .onRef('roles.id', '=', 'role_elevations.role_id'),
    )
    .where('user_id', '=', userId)
    .where('ends_at', '>', now)
    .select(['roles.id', 'roles.name', 'roles.kind', 'roles.permissions', 'ends_at'])
    .execute();
  const roles: HeldRole[] = [
    ...throughGroups.map(
      ({ group_id, ...role }): HeldRole => ({
        ...role,
        through: { kind: 'group', group: groups.find(({ id }) => id === group_id)?.name ?? group_id },
      }),
    ),
    ...elevated.map(
      ({ ends_at, ...role }): HeldRole => ({ ...role, through: { kind: 'elevation', endsAt: ends_at } }),
    ),
  ];
  return {
    mode: await readMode(db),
    roles,
    userGroups: ids,
    deviceGroups: await readGuardedGroups(db),
  };
}

async function readGuardedGroups(db: Db): Promise<GuardedGroup[]> {
  return db
    .selectFrom('device_groups')
    .leftJoin('device_group_access', (join) =>
      join
        .onRef('device_group_access.tenant_id', '=', 'device_groups.tenant_id')
        .onRef('device_group_access.device_group_id', '=', 'device_groups.id'),
    )
    .groupBy(['device_groups.id', 'device_groups.name'])
    .select([
      'device_groups.id',
      'device_groups.name',
      sql<
        string[]
      >`coalesce(array_agg(user_group_id::text) filter (where user_group_id is not null), '{}')`.as(
        'userGroups',
      ),
    ])
    .execute();
}

async function readMode(db: Db): Promise<AccessMode> {
  const row = await db.selectFrom('access_settings').select('mode').executeTakeFirst();
  return row?.mode ?? 'basic';
}

async function readRoles(db: Db): Promise<Role[]> {
  const roles = await db.selectFrom('roles').selectAll().orderBy('name').execute();
  const holders = await db.selectFrom('user_group_roles').select(['role_id', 'group_id']).execute();
  return roles.map(
    (row): Role => ({
      id: row.id,
      name: row.name,
      description: row.description,
      kind: row.kind,
      permissions: row.permissions ?? [],
      userGroups: holders.filter(({ role_id }) => role_id === row.id).map(({ group_id }) => group_id),
    }),
  );
}

async function readUserGroups(db: Db): Promise<UserGroup[]> {
  const groups = await db.selectFrom('user_groups').selectAll().orderBy('name').execute();
  const roles = await db.selectFrom('user_group_roles').select(['role_id', 'group_id']).execute();
  const members = await db
    .selectFrom('user_group_members')
    .select(['group_id', (e) => e.fn.countAll<string>().as('count')])
    .groupBy('group_id')
    .execute();
  return groups.map(
    (row): UserGroup => ({
      id: row.id,
      name: row.name,
      description: row.description,
      source: row.source,
      externalId: row.external_id,
      roles: roles.filter(({ group_id }) => group_id === row.id).map(({ role_id }) => role_id),
      members: Number(members.find(({ group_id }) => group_id === row.id)?.count ?? 0),
    }),
  );
}

/**
 * A tenant that nobody could administer would need the machine's own administrator to be let in again. Within a tenant's transaction only.
 * @throws DisallowedOperation when the work would take the last one
 */
export async function keepingAnAdministrator<T>(db: Db, work: () => Promise<T>): Promise<T> {
  // Of two who each take one of the last two away, the second must see what the first did.
  await db.selectFrom('access_settings').select('mode').forUpdate().execute();
  const before = await hasAdministrator(db);
  const done = await work();
  if (before && !(await hasAdministrator(db)))
    throw new ApiError('DisallowedOperation', 'Nobody would be left who holds the administrator role.');
  return done;
}

/** A device group that names no user group is everybody's: the last one that it names may not just go. */
export async function requireNoDeviceGroupOpens(db: Db, userGroupId: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select d.name from device_group_access a
    join device_groups d on d.tenant_id = a.tenant_id and d.id = a.device_group_id
    where a.user_group_id = ${userGroupId} and not exists (
      select 1 from device_group_access other where other.tenant_id = a.tenant_id
        and other.device_group_id = a.device_group_id and other.user_group_id <> a.user_group_id)
    order by d.name limit 1`.execute(db);
  const [opened] = rows;
  if (opened)
    throw new ApiError(
      'DisallowedOperation',
      `The device group "${opened.name}" would be open to everybody without this user group. Name another one for it first.`,
    );
}

/** Only who stays: the time of a guest or of an elevation runs out without anybody asking. */
async function hasAdministrator(db: Db): Promise<boolean> {
  const { rows } = await sql<{ there: boolean }>`
    select exists (
      select 1 from user_group_members m
      join user_group_roles g on g.tenant_id = m.tenant_id and g.group_id = m.group_id
      join roles r on r.tenant_id = g.tenant_id and r.id = g.role_id and r.kind = 'administrator'
      join users u on u.tenant_id = m.tenant_id and u.id = m.user_id and u.enabled and u.ends_at is null
    ) as there`.execute(db);
  return rows[0]?.there === true;
}

async function changeable(db: Db, groupId: string): Promise<void> {
  const group = found('User group', await readUserGroups(db), groupId);
  if (group.source !== 'local')
    throw new ApiError('DisallowedOperation', `The members of this group are kept by ${group.source}.`);
}

async function requireUser(db: Db, userId: string): Promise<void> {
  const user = await db.selectFrom('users').select('id').where('id', '=', userId).executeTakeFirst();
  if (!user) throw new ApiError('ResourceNotFound', `User ${userId} was not found.`);
}

async function insertUserGroup(
  db: Db,
  row: { id: string; name: string; description: string },
): Promise<void> {
  await db
    .insertInto('user_groups')
    .values({ ...row, external_id: null })
    .execute()
    .catch(nameTaken('user group', row.name));
}

async function insertMember(db: Db, groupId: string, userId: string): Promise<void> {
  await db
    .insertInto('user_group_members')
    .values({ group_id: groupId, user_id: userId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function setHolders(db: Db, roleId: string, groupIds: readonly string[]): Promise<void> {
  const known = (await readUserGroups(db)).map(({ id }) => id);
  const unknown = groupIds.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new ApiError('InvalidInput', `There is no user group ${unknown}.`);
  await db.deleteFrom('user_group_roles').where('role_id', '=', roleId).execute();
  if (groupIds.length > 0)
    await db
      .insertInto('user_group_roles')
      .values([...new Set(groupIds)].map((group_id) => ({ group_id, role_id: roleId })))
      .execute();
}

async function setRoles(db: Db, groupId: string, roleIds: readonly string[]): Promise<void> {
  const known = (await readRoles(db)).map(({ id }) => id);
  const unknown = roleIds.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new ApiError('InvalidInput', `There is no role ${unknown}.`);
  await db.deleteFrom('user_group_roles').where('group_id', '=', groupId).execute();
  if (roleIds.length > 0)
    await db
      .insertInto('user_group_roles')
      .values([...new Set(roleIds)].map((role_id) => ({ group_id: groupId, role_id })))
      .execute();
}

/** @throws DisallowedOperation when the tenant holds as many user groups as it may, whoever keeps them */
export function roomForUserGroup(db: Db): Promise<void> {
  return bounded(db, 'user_groups', MAX_USER_GROUPS);
}

async function bounded(db: Db, table: 'roles' | 'user_groups', most: number): Promise<void> {
  const { count } = await db
    .selectFrom(table)
    .select((e) => e.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  if (Number(count) >= most)
    throw new ApiError(
      'DisallowedOperation',
      `A tenant holds at most ${most} ${table === 'roles' ? 'roles' : 'user groups'}.`,
    );
}

function elevation(row: Selectable<AccessDatabase['role_elevations']>): Elevation {
  return {
    id: row.id,
    userId: row.user_id,
    roleId: row.role_id,
    reason: row.reason,
    grantedBy: row.granted_by,
    grantedAt: nowIso7(row.granted_at),
    endsAt: nowIso7(row.ends_at),
    endedBy: row.ended_by,
  };
}

function found<T extends { readonly id: string }>(what: string, all: readonly T[], id: string): T {
  const one = all.find((candidate) => candidate.id === id);
  if (!one) throw new ApiError('ResourceNotFound', `${what} ${id} was not found.`);
  return one;
}
