/** People with a password here: who they are, whether their accounts work, and whether a password is right (`lockout.ts` says how often it may be wrong). */
import { randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';
import { createLockout } from './lockout.ts';
import { hashPassword, oneTimePassword, passwordProblem, verifyPassword } from './passwords.ts';
import type { Tenant } from './tenants.ts';
import { createWorkGate } from './work-gate.ts';

const MAX_WAITING = 32;

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
  /** Also of a name that nobody has: who exists is nobody's business. */
  | { readonly kind: 'wrong'; readonly user: User | null }
  /** Names that nobody has are locked like others. */
  | { readonly kind: 'locked'; readonly user: User | null }
  /** The password is right, but the account is switched off or has ended. */
  | { readonly kind: 'disabled'; readonly user: User };

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
  /** Forgets wrong passwords of long ago. */
  sweep(): Promise<void>;
}

type Row = Omit<IdentityDatabase['users'], 'enabled'>;

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

  const lockout = createLockout({ state, clock });
  /** Looked up, hashed and counted one after the other: of many guesses at once no more are checked than may be wrong. */
  const oneAtATime = createWorkGate(MAX_WAITING);

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
        created_at: clock.now(),
      };
      await db.insertInto('users').values(row).execute();
      return { user: toUser(row), oneTimePassword: password };
    },

    signIn: (tenant, name, password) =>
      oneAtATime(async () => {
        const wanted = principal(tenant, name);
        const row = await inTenant(tenant.id, (db) => byName(db, tenant.id, wanted));
        const locked = await lockout.isLocked(tenant.id, wanted);
        const right = await verifyPassword(password, row && !locked ? row.password_hash : null);
        const user = row ? toUser(row) : null;
        if (locked) return { kind: 'locked', user };
        if (!right || !user) {
          await lockout.failed(tenant.id, wanted);
          return { kind: 'wrong', user };
        }
        await inTenant(tenant.id, (db) => lockout.clear(db, tenant.id, wanted));
        return { kind: (await find(tenant.id, user.id)) ? 'ok' : 'disabled', user };
      }),

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
        })
        .where('tenant_id', '=', tenant.id)
        .where('id', '=', row.id)
        .execute();
      await lockout.clear(db, tenant.id, row.principal_name);
      // Whoever was signed in with the old password is not any more.
      await db
        .deleteFrom('oidc_records')
        .where('tenant_id', '=', tenant.id)
        .where(sql`payload ->> 'accountId'`, '=', row.id)
        .execute();
      return { user: toUser({ ...row, must_change_password: true }), oneTimePassword: password };
    },

    sweep: lockout.sweep,

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

function toUser(row: Row): User {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    principalName: row.principal_name,
    displayName: row.display_name,
    mustChangePassword: row.must_change_password,
  };
}
