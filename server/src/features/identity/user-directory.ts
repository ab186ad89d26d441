/** People of a tenant as those see them who manage them. */
import { ApiError, nowIso7 } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { sql, type Transaction } from 'kysely';
import type { IdentityDatabase } from './database.ts';
import type { Tenants } from './tenants.ts';
import type { Users } from './users.ts';

interface DirectoryUser {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly accountEnabled: boolean;
  readonly mustChangePassword: boolean;
  readonly signInCodes: boolean;
  readonly createdDateTime: string;
}

interface DirectoryDatabase extends IdentityDatabase {
  user_totp: { tenant_id: string; user_id: string; confirmed_at: Date | null };
}
type Db = Transaction<DirectoryDatabase>;

/** Undoes the work when nobody would be left who administers the tenant. */
type KeepingAnAdministrator = <T>(db: Transaction<unknown>, work: () => Promise<T>) => Promise<T>;

export type UserDirectory = ReturnType<typeof createUserDirectory>;

export function createUserDirectory(deps: {
  readonly state: StateStore;
  readonly users: Users;
  readonly tenants: Tenants;
  readonly keepingAnAdministrator: KeepingAnAdministrator;
}) {
  const { users, tenants } = deps;
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    deps.state.tenant<DirectoryDatabase, T>(tenantId, work);
  const kept = <T>(db: Db, work: () => Promise<T>) =>
    deps.keepingAnAdministrator(db as unknown as Transaction<unknown>, work);

  const select = (db: Db) =>
    db
      .selectFrom('users')
      .leftJoin('user_totp', (join) =>
        join.onRef('user_totp.tenant_id', '=', 'users.tenant_id').onRef('user_totp.user_id', '=', 'users.id'),
      )
      .select([
        'users.id',
        'principal_name',
        'display_name',
        'enabled',
        'must_change_password',
        'created_at',
        'confirmed_at',
      ]);

  async function read(db: Db, id: string): Promise<DirectoryUser> {
    const row = await select(db).where('users.id', '=', id).executeTakeFirst();
    if (!row) throw new ApiError('ResourceNotFound', `User ${id} was not found.`);
    return shape(row);
  }

  async function endSessions(db: Db, ...ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await db.deleteFrom('oidc_records').where(sql<string>`payload ->> 'accountId'`, 'in', ids).execute();
  }

  return {
    get: (tenantId: string, id: string) => inTenant(tenantId, (db) => read(db, id)),

    page(
      tenantId: string,
      { search, enabled, after, top }: { search?: string; enabled?: boolean; after?: string; top: number },
    ): Promise<{ value: DirectoryUser[]; next: string | null }> {
      return inTenant(tenantId, async (db) => {
        const name = sql<string>`lower(principal_name)`;
        let query = select(db)
          .orderBy(name)
          .limit(top + 1);
        if (search !== undefined) {
          const part = `%${search.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
          query = query.where((e) =>
            e.or([e(name, 'like', part), e(sql<string>`lower(display_name)`, 'like', part)]),
          );
        }
        if (enabled !== undefined) query = query.where('enabled', '=', enabled);
        if (after !== undefined) query = query.where(name, '>', after.toLowerCase());
        const rows = await query.execute();
        const value = rows.slice(0, top).map(shape);
        return { value, next: rows.length > top ? (value.at(-1)?.userPrincipalName ?? null) : null };
      });
    },

    async create(tenantId: string, input: { name: string; displayName?: string | undefined }) {
      const tenant = await tenants.require(tenantId);
      return inTenant(tenantId, async (db) => {
        const { user, oneTimePassword } = await users.create(
          db as unknown as Transaction<IdentityDatabase>,
          tenant,
          input,
        );
        return { ...(await read(db, user.id)), oneTimePassword };
      });
    },

    rename: (tenantId: string, id: string, displayName: string) =>
      inTenant(tenantId, async (db) => {
        await read(db, id);
        await db.updateTable('users').set({ display_name: displayName }).where('id', '=', id).execute();
      }),

    /** Off: every session, code and refresh token ends with it. */
    setEnabled: (tenantId: string, id: string, enabled: boolean) =>
      inTenant(tenantId, async (db) => {
        await read(db, id);
        await kept(db, () => db.updateTable('users').set({ enabled }).where('id', '=', id).execute());
        if (!enabled) await endSessions(db, id);
      }),

    revokeSessions: (tenantId: string, id: string) =>
      inTenant(tenantId, async (db) => {
        await read(db, id);
        await endSessions(db, id);
      }),

    endSessions: (tenantId: string, ids: readonly string[]) =>
      inTenant(tenantId, (db) => endSessions(db, ...ids)),

    async resetPassword(tenantId: string, id: string) {
      const tenant = await tenants.require(tenantId);
      return inTenant(tenantId, async (db) => {
        const { userPrincipalName } = await read(db, id);
        const { oneTimePassword } = await users.resetPassword(
          db as unknown as Transaction<IdentityDatabase>,
          tenant,
          userPrincipalName,
        );
        return { ...(await read(db, id)), oneTimePassword };
      });
    },

    remove: (tenantId: string, id: string): Promise<DirectoryUser> =>
      inTenant(tenantId, async (db) => {
        const user = await read(db, id);
        await kept(db, async () => {
          await sql`delete from user_group_members where user_id = ${id}::uuid`.execute(db);
          await db.deleteFrom('users').where('id', '=', id).execute();
        });
        await endSessions(db, id);
        return user;
      }),
  };
}

function shape(row: {
  id: string;
  principal_name: string;
  display_name: string;
  enabled: boolean;
  must_change_password: boolean;
  created_at: Date;
  confirmed_at: Date | null;
}): DirectoryUser {
  return {
    id: row.id,
    userPrincipalName: row.principal_name,
    displayName: row.display_name,
    accountEnabled: row.enabled,
    mustChangePassword: row.must_change_password,
    signInCodes: row.confirmed_at !== null,
    createdDateTime: nowIso7(row.created_at),
  };
}
