/**
 * People who sign in to the portal.
 *
 *   a sign-in:  wrong password ── failures + 1 ── at LOCK_AFTER ──> locked until now + LOCK_MS ── time passes ──> as before
 *               right password ── failures = 0 ──> must change it? ── yes ──> change step ──> signed in
 *                                                            └──── no ───────────────────> signed in
 */
import { randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';
import { hashPassword, oneTimePassword, passwordProblem, verifyPassword } from './passwords.ts';
import type { Tenant } from './tenants.ts';

const LOCK_AFTER = 10;
const LOCK_MS = 15 * 60_000;
const NOBODY = '00000000-0000-0000-0000-000000000000';

export interface User {
  readonly id: string;
  readonly tenantId: string;
  /** `admin@merlon.local` */
  readonly principalName: string;
  readonly displayName: string;
  readonly mustChangePassword: boolean;
}

type SignIn =
  | { readonly kind: 'ok'; readonly user: User }
  /** Also for unknown and disabled users: who exists is nobody's business. */
  | { readonly kind: 'wrong'; readonly user: User | null }
  /** Nobody but the audit trail hears the difference from `wrong`. */
  | { readonly kind: 'locked'; readonly user: User };

export interface Users {
  create(
    db: Transaction<IdentityDatabase>,
    tenant: Tenant,
    input: { name: string; displayName?: string | undefined },
  ): Promise<{ user: User; oneTimePassword: string }>;
  /** Null also when the account does not work: what that takes is decided here alone, for sign-in, refresh, tokens and roles. */
  find(tenantId: string, userId: string): Promise<User | null>;
  /** `name`: the principal name, or its part before the `@`. */
  signIn(tenant: Tenant, name: string, password: string): Promise<SignIn>;
  /** Null, or why the new password will not do. */
  changePassword(user: User, password: string): Promise<string | null>;
  resetPassword(
    db: Transaction<IdentityDatabase>,
    tenant: Tenant,
    name: string,
  ): Promise<{ user: User; oneTimePassword: string }>;
  list(tenantId: string): Promise<User[]>;
}

type Row = IdentityDatabase['users'] & { failed_sign_ins: unknown; enabled: unknown };

export function createUsers({ state, clock }: { state: StateStore; clock: Clock }): Users {
  const inTenant = <T>(tenantId: string, work: (db: Transaction<IdentityDatabase>) => Promise<T>) =>
    state.tenant<IdentityDatabase, T>(tenantId, work);

  const byName = (db: Transaction<IdentityDatabase>, tenantId: string, principalName: string) =>
    db
      .selectFrom('users')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where(sql`lower(principal_name)`, '=', principalName.toLowerCase())
      .executeTakeFirst();

  const countFailure = (tenantId: string, userId: string, now: Date) =>
    inTenant(tenantId, (db) =>
      db
        .updateTable('users')
        .set({
          failed_sign_ins: sql<number>`case when failed_sign_ins + 1 >= ${LOCK_AFTER} then 0 else failed_sign_ins + 1 end`,
          locked_until: sql<Date | null>`case when failed_sign_ins + 1 >= ${LOCK_AFTER} then ${new Date(now.getTime() + LOCK_MS)}::timestamptz else locked_until end`,
        })
        .where('id', '=', userId)
        .execute(),
    );

  // As the system, for a guest's account at home.
  const find: Users['find'] = (tenantId, userId) =>
    state.system<IdentityDatabase, User | null>(async (db) => {
      const row = await db
        .selectFrom('users')
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('id', '=', userId)
        .where(works(clock.now()))
        .executeTakeFirst();
      return row ? toUser(row) : null;
    });

  return {
    find,

    async create(db, tenant, { name, displayName }) {
      const principalName = principal(tenant, name);
      if (
        !/^[A-Za-z0-9._'-]{1,64}@[a-z0-9.-]+$/.test(principalName) ||
        !principalName.endsWith(`@${tenant.domain}`)
      ) {
        throw new ApiError(
          'InvalidInput',
          `"${name}" is not a user name of ${tenant.domain}; letters, digits, dot, dash and underscore are allowed.`,
        );
      }
      if (await byName(db, tenant.id, principalName))
        throw new ApiError('Conflict', `User ${principalName} exists already.`);
      const password = oneTimePassword();
      const row = {
        tenant_id: tenant.id,
        id: randomUUID(),
        principal_name: principalName,
        display_name: displayName ?? name,
        password_hash: await hashPassword(password),
        must_change_password: true,
        locked_until: null,
        created_at: clock.now(),
      };
      await db.insertInto('users').values(row).execute();
      return { user: toUser(row), oneTimePassword: password };
    },

    async signIn(tenant, name, password) {
      const row = await inTenant(tenant.id, (db) => byName(db, tenant.id, principal(tenant, name)));
      const now = clock.now();
      const locked = row?.locked_until ? row.locked_until > now : false;
      const right = await verifyPassword(password, row && !locked ? row.password_hash : null);
      if (!row || locked) {
        // The same work as for a wrong password, on nobody: neither who exists nor who is locked is told by the clock.
        await countFailure(tenant.id, NOBODY, now);
        return row ? { kind: 'locked', user: toUser(row) } : { kind: 'wrong', user: null };
      }
      if (right && (await find(tenant.id, row.id))) {
        await inTenant(tenant.id, (db) =>
          db
            .updateTable('users')
            .set({ failed_sign_ins: 0, locked_until: null })
            .where('id', '=', row.id)
            .execute(),
        );
        return { kind: 'ok', user: toUser(row) };
      }
      await countFailure(tenant.id, row.id, now);
      return { kind: 'wrong', user: toUser(row) };
    },

    async changePassword(user, password) {
      const problem = passwordProblem(password, user.principalName);
      if (problem) return problem;
      const row = await inTenant(user.tenantId, (db) => byName(db, user.tenantId, user.principalName));
      if (!row) throw new Error('the user of a password change is gone');
      if (await verifyPassword(password, row.password_hash))
        return 'The new password must differ from the old one.';
      const hash = await hashPassword(password);
      await inTenant(user.tenantId, (db) =>
        db
          .updateTable('users')
          .set({ password_hash: hash, must_change_password: false })
          .where('id', '=', user.id)
          .execute(),
      );
      return null;
    },

    async resetPassword(db, tenant, name) {
      const row = await byName(db, tenant.id, principal(tenant, name));
      if (!row) throw new ApiError('ResourceNotFound', `User ${principal(tenant, name)} was not found.`);
      const password = oneTimePassword();
      await db
        .updateTable('users')
        .set({
          password_hash: await hashPassword(password),
          must_change_password: true,
          failed_sign_ins: 0,
          locked_until: null,
        })
        .where('tenant_id', '=', tenant.id)
        .where('id', '=', row.id)
        .execute();
      // Whoever was signed in with the old password is not any more.
      await db
        .deleteFrom('oidc_records')
        .where('tenant_id', '=', tenant.id)
        .where(sql`payload ->> 'accountId'`, '=', row.id)
        .execute();
      return { user: toUser({ ...row, must_change_password: true }), oneTimePassword: password };
    },

    list: (tenantId) =>
      inTenant(tenantId, async (db) =>
        (await db.selectFrom('users').selectAll().orderBy('principal_name').execute()).map(toUser),
      ),
  };
}

/** Switched on and not past its end; of a guest also that he was let in, and that his account at home works. */
function works(now: Date): RawBuilder<boolean> {
  return sql<boolean>`users.enabled and (users.ends_at is null or users.ends_at > ${now}) and not exists (
    select 1 from guests
    left join users as home on home.tenant_id = guests.home_tenant_id and home.id = guests.home_user_id
    where guests.tenant_id = users.tenant_id and guests.user_id = users.id
      and not (guests.status = 'Accepted' and guests.expires_at > ${now}
        and coalesce(home.enabled and (home.ends_at is null or home.ends_at > ${now}), false))
  )`;
}

function principal(tenant: Tenant, name: string): string {
  const trimmed = name.trim();
  return trimmed.includes('@') ? trimmed : `${trimmed}@${tenant.domain}`;
}

function toUser(row: Omit<Row, 'failed_sign_ins' | 'enabled'>): User {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    principalName: row.principal_name,
    displayName: row.display_name,
    mustChangePassword: row.must_change_password,
  };
}
