/** All SQL of provisioning. People and groups are identity's and access's; here is what the source says of them, and what it may show itself with. */
import { ApiError, isGuid } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, sql, type Transaction } from 'kysely';
import { SCIM_SOURCE } from '../access/index.ts';
import type { Document } from './match.ts';

type TenantId = ColumnType<string, string | undefined, never>;

interface ProvisioningDatabase {
  scim_tokens: {
    tenant_id: TenantId;
    id: string;
    name: string;
    hash: string;
    hint: string;
    created_by: string;
    created_at: Date;
    expires_at: Date;
  };
  scim_users: {
    tenant_id: TenantId;
    user_id: string;
    user_name: string;
    external_id: string | null;
    document: ColumnType<Document, string, string>;
    created_at: Date;
    changed_at: Date;
  };
  scim_groups: { tenant_id: TenantId; group_id: string; created_at: Date; changed_at: Date };
  users: { tenant_id: TenantId; id: string; principal_name: string; display_name: string; enabled: boolean };
  user_groups: {
    tenant_id: TenantId;
    id: string;
    name: string;
    source: string;
    external_id: string | null;
  };
  user_group_members: { tenant_id: TenantId; group_id: string; user_id: string };
}
type Db = Transaction<ProvisioningDatabase>;

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface UserRow {
  readonly id: string;
  readonly userName: string;
  readonly externalId: string | null;
  readonly document: Document;
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
}

export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** Tells two sets of members apart. */
  readonly membersMark: string;
}

export interface MemberRow {
  readonly id: string;
  readonly name: string;
}

export interface Page {
  readonly offset: number;
  readonly limit: number;
}

const MOST_TOKENS = 10;

export type ProvisioningStore = ReturnType<typeof provisioningStore>;

export function provisioningStore(state: StateStore) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<ProvisioningDatabase, T>(tenantId, work);

  return {
    tokens: (tenantId: string): Promise<TokenRow[]> =>
      inTenant(tenantId, async (db) =>
        (await db.selectFrom('scim_tokens').selectAll().orderBy('created_at').execute()).map(toToken),
      ),

    addToken: (
      tenantId: string,
      row: { id: string; name: string; hash: string; hint: string; by: string; now: Date; expiresAt: Date },
    ): Promise<void> =>
      inTenant(tenantId, async (db) => {
        const { count } = await db
          .selectFrom('scim_tokens')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) >= MOST_TOKENS)
          throw new ApiError(
            'DisallowedOperation',
            `A tenant has at most ${MOST_TOKENS} provisioning tokens.`,
          );
        await db
          .insertInto('scim_tokens')
          .values({
            id: row.id,
            name: row.name,
            hash: row.hash,
            hint: row.hint,
            created_by: row.by,
            created_at: row.now,
            expires_at: row.expiresAt,
          })
          .execute();
      }),

    removeToken: (tenantId: string, id: string): Promise<TokenRow> =>
      inTenant(tenantId, async (db) => {
        const row = await db.deleteFrom('scim_tokens').where('id', '=', id).returningAll().executeTakeFirst();
        if (!row) throw new ApiError('ResourceNotFound', `Provisioning token ${id} was not found.`);
        return toToken(row);
      }),

    tokenByHash: (tenantId: string, hash: string, now: Date): Promise<TokenRow | null> =>
      inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('scim_tokens')
          .selectAll()
          .where('hash', '=', hash)
          .where('expires_at', '>', now)
          .executeTakeFirst();
        return row ? toToken(row) : null;
      }),

    /** In the order they were made. Narrowed by what is given. */
    users: (
      tenantId: string,
      by: { id?: string | null; userName?: string | null; externalId?: string | null },
      page?: Page,
    ): Promise<UserRow[]> =>
      inTenant(tenantId, async (db) => {
        let query = usersOf(db).orderBy('scim_users.created_at').orderBy('scim_users.user_id');
        if (by.id != null) {
          if (!isGuid(by.id)) return [];
          query = query.where('scim_users.user_id', '=', by.id);
        }
        if (by.userName != null)
          query = query.where(sql<string>`lower(scim_users.user_name)`, '=', by.userName.toLowerCase());
        if (by.externalId != null) query = query.where('scim_users.external_id', '=', by.externalId);
        if (page) query = query.offset(page.offset).limit(page.limit);
        return withGroups(db, await query.execute());
      }),

    countUsers: (tenantId: string): Promise<number> =>
      inTenant(tenantId, async (db) => {
        const { count } = await db
          .selectFrom('scim_users')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        return Number(count);
      }),

    /** Keeps other writers from it until the unit of work ends. False when it is not there. */
    lockUser: (tenantId: string, id: string): Promise<boolean> =>
      inTenant(tenantId, async (db) => {
        if (!isGuid(id)) return false;
        const row = await db
          .selectFrom('scim_users')
          .select('user_id')
          .where('user_id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        return row !== undefined;
      }),

    addUser: (
      tenantId: string,
      row: { id: string; userName: string; externalId: string | null; document: Document; now: Date },
    ): Promise<void> =>
      inTenant(tenantId, async (db) => {
        await db
          .insertInto('scim_users')
          .values({
            user_id: row.id,
            user_name: row.userName,
            external_id: row.externalId,
            document: JSON.stringify(row.document),
            created_at: row.now,
            changed_at: row.now,
          })
          .execute();
      }),

    changeUser: (
      tenantId: string,
      row: { id: string; userName: string; externalId: string | null; document: Document; now: Date },
    ): Promise<void> =>
      inTenant(tenantId, async (db) => {
        await db
          .updateTable('scim_users')
          .set({
            user_name: row.userName,
            external_id: row.externalId,
            document: JSON.stringify(row.document),
            changed_at: row.now,
          })
          .where('user_id', '=', row.id)
          .execute();
      }),

    /** An account of the tenant's own, for the source to take over; null when it is a guest's, kept already, or not there. */
    adoptable: (
      tenantId: string,
      id: string,
    ): Promise<{ userName: string; displayName: string; enabled: boolean } | null> =>
      inTenant(tenantId, async (db) => {
        const { rows } = await sql<{ userName: string; displayName: string; enabled: boolean }>`
          select principal_name as "userName", display_name as "displayName", enabled from users u
          where u.id = ${id}::uuid
            and not exists (select 1 from guests g where g.tenant_id = u.tenant_id and g.user_id = u.id)
            and not exists (select 1 from scim_users s where s.tenant_id = u.tenant_id and s.user_id = u.id)`.execute(
          db,
        );
        return rows[0] ?? null;
      }),

    groups: (
      tenantId: string,
      by: {
        id?: string | null;
        name?: string | null;
        externalId?: string | null;
        member?: string | null;
      },
      page?: Page,
    ): Promise<GroupRow[]> =>
      inTenant(tenantId, async (db) => {
        let query = groupsOf(db).orderBy('scim_groups.created_at').orderBy('scim_groups.group_id');
        if (by.id != null) {
          if (!isGuid(by.id)) return [];
          query = query.where('scim_groups.group_id', '=', by.id);
        }
        if (by.name != null)
          query = query.where(sql<string>`lower(user_groups.name)`, '=', by.name.toLowerCase());
        if (by.externalId != null) query = query.where('user_groups.external_id', '=', by.externalId);
        const { member } = by;
        if (member != null && !isGuid(member)) return [];
        if (member != null)
          query = query.where((e) =>
            e.exists(
              e
                .selectFrom('user_group_members')
                .select('user_id')
                .whereRef('user_group_members.tenant_id', '=', 'scim_groups.tenant_id')
                .whereRef('user_group_members.group_id', '=', 'scim_groups.group_id')
                .where('user_group_members.user_id', '=', member),
            ),
          );
        if (page) query = query.offset(page.offset).limit(page.limit);
        return (await query.execute()).map(toGroup);
      }),

    countGroups: (tenantId: string): Promise<number> =>
      inTenant(tenantId, async (db) => {
        const { count } = await db
          .selectFrom('scim_groups')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        return Number(count);
      }),

    lockGroup: (tenantId: string, id: string): Promise<boolean> =>
      inTenant(tenantId, async (db) => {
        if (!isGuid(id)) return false;
        const row = await db
          .selectFrom('scim_groups')
          .select('group_id')
          .where('group_id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        return row !== undefined;
      }),

    addGroup: (tenantId: string, id: string, now: Date): Promise<void> =>
      inTenant(tenantId, async (db) => {
        await db
          .insertInto('scim_groups')
          .values({ group_id: id, created_at: now, changed_at: now })
          .execute();
      }),

    changeGroup: (tenantId: string, id: string, now: Date): Promise<void> =>
      inTenant(tenantId, async (db) => {
        await db.updateTable('scim_groups').set({ changed_at: now }).where('group_id', '=', id).execute();
      }),

    /** Provisioned people of each group. */
    members: (tenantId: string, groupIds: readonly string[]): Promise<Map<string, MemberRow[]>> =>
      inTenant(tenantId, async (db) => {
        const members = new Map<string, MemberRow[]>(groupIds.map((id) => [id, []]));
        if (groupIds.length === 0) return members;
        const rows = await db
          .selectFrom('user_group_members')
          .innerJoin('scim_users', (join) =>
            join
              .onRef('scim_users.tenant_id', '=', 'user_group_members.tenant_id')
              .onRef('scim_users.user_id', '=', 'user_group_members.user_id'),
          )
          .innerJoin('users', (join) =>
            join
              .onRef('users.tenant_id', '=', 'scim_users.tenant_id')
              .onRef('users.id', '=', 'scim_users.user_id'),
          )
          .where('user_group_members.group_id', 'in', [...groupIds])
          .select(['user_group_members.group_id', 'users.id', 'users.display_name as name'])
          .orderBy('scim_users.created_at')
          .orderBy('users.id')
          .execute();
        for (const { group_id, id, name } of rows) members.get(group_id)?.push({ id, name });
        return members;
      }),

    /** The first of the ids that is not a provisioned person's. */
    unknownUser: (tenantId: string, ids: readonly string[]): Promise<string | null> =>
      inTenant(tenantId, async (db) => {
        const odd = ids.find((id) => !isGuid(id));
        if (odd !== undefined || ids.length === 0) return odd ?? null;
        const { rows } = await sql<{ id: string }>`
          select asked.id from unnest(${ids}::uuid[]) as asked (id)
          where not exists (select 1 from scim_users s where s.user_id = asked.id) limit 1`.execute(db);
        return rows[0]?.id ?? null;
      }),
  };
}

function usersOf(db: Db) {
  return db
    .selectFrom('scim_users')
    .innerJoin('users', (join) =>
      join.onRef('users.tenant_id', '=', 'scim_users.tenant_id').onRef('users.id', '=', 'scim_users.user_id'),
    )
    .select([
      'scim_users.user_id',
      'scim_users.user_name',
      'scim_users.external_id',
      'scim_users.document',
      'scim_users.created_at',
      'scim_users.changed_at',
      'users.enabled',
    ]);
}

async function withGroups(
  db: Db,
  rows: readonly {
    user_id: string;
    user_name: string;
    external_id: string | null;
    document: Document;
    created_at: Date;
    changed_at: Date;
    enabled: boolean;
  }[],
): Promise<UserRow[]> {
  const held = new Map<string, { id: string; name: string }[]>();
  const ids = rows.map(({ user_id }) => user_id);
  if (ids.length > 0) {
    const groups = await sql<{ user_id: string; id: string; name: string }>`
      select m.user_id, g.id, g.name from user_group_members m
      join user_groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.source = ${SCIM_SOURCE}
      where m.user_id = any(${ids}::uuid[]) order by lower(g.name)`.execute(db);
    for (const { user_id, id, name } of groups.rows)
      held.set(user_id, [...(held.get(user_id) ?? []), { id, name }]);
  }
  return rows.map((row) => ({
    id: row.user_id,
    userName: row.user_name,
    externalId: row.external_id,
    document: row.document,
    enabled: row.enabled,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    groups: held.get(row.user_id) ?? [],
  }));
}

function groupsOf(db: Db) {
  return db
    .selectFrom('scim_groups')
    .innerJoin('user_groups', (join) =>
      join
        .onRef('user_groups.tenant_id', '=', 'scim_groups.tenant_id')
        .onRef('user_groups.id', '=', 'scim_groups.group_id'),
    )
    .select([
      'user_groups.id',
      'user_groups.name',
      'user_groups.external_id',
      'scim_groups.created_at',
      'scim_groups.changed_at',
      sql<string>`(select count(*) || '.' || coalesce(bit_xor(hashtextextended(m.user_id::text, 0)), 0)
        from user_group_members m where m.tenant_id = scim_groups.tenant_id and m.group_id = scim_groups.group_id)`.as(
        'members_mark',
      ),
    ]);
}

function toGroup(row: {
  id: string;
  name: string;
  external_id: string | null;
  created_at: Date;
  changed_at: Date;
  members_mark: string;
}): GroupRow {
  return {
    id: row.id,
    name: row.name,
    externalId: row.external_id,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    membersMark: row.members_mark,
  };
}

function toToken(row: {
  id: string;
  name: string;
  hint: string;
  created_by: string;
  created_at: Date;
  expires_at: Date;
}): TokenRow {
  return {
    id: row.id,
    name: row.name,
    hint: row.hint,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
