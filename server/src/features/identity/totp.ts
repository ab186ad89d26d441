/**
 * The second proof of a person: a code by time, or a recovery code.
 *
 *   none ── enrol ──> offered ── right code ──> on ── reset by an administrator ──> none
 *                        └── enrol ──> offered, with another secret
 *   on:  wrong code ── failures + 1 ── at LOCK_AFTER ──> locked until now + LOCK_MS ── time passes ──> on
 *        right code ── of a later step than the last one ──> taken; of the same or an earlier one ──> wrong
 */
import { createHash, randomBytes } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type Generated, sql, type Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import { matchingStep, otpauthUri, toBase32 } from './totp-code.ts';
import type { User } from './users.ts';

const LOCK_AFTER = 10;
const LOCK_MS = 15 * 60_000;
const SECRET_BYTES = 20;
const RECOVERY_CODES = 10;

interface TotpDatabase {
  user_totp: {
    tenant_id: Generated<string>;
    user_id: string;
    secret: Buffer;
    confirmed_at: Date | null;
    last_step: Generated<string | number>;
    failures: Generated<number>;
    locked_until: Date | null;
  };
  user_recovery_codes: { tenant_id: Generated<string>; user_id: string; hash: string };
  totp_policies: { tenant_id: Generated<string>; everybody: boolean; user_groups: string[] };
  user_group_members: { tenant_id: string; group_id: string; user_id: string };
  user_groups: { tenant_id: string; id: string };
}
type Db = Transaction<TotpDatabase>;

export interface Enrolment {
  readonly secret: string;
  readonly uri: string;
}

export interface TotpPolicy {
  readonly everybody: boolean;
  readonly userGroups: string[];
}

/** `must`: has none yet, and the tenant wants one. */
export type TotpNeed = 'none' | 'code' | 'must';

export type Totp = ReturnType<typeof createTotp>;

export function createTotp({ state, clock }: { state: StateStore; clock: Clock }) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<TotpDatabase, T>(tenantId, work);

  async function rowOf(db: Db, userId: string) {
    return db.selectFrom('user_totp').selectAll().where('user_id', '=', userId).executeTakeFirst();
  }

  /** Held until the code is counted, so that of many guesses at once no more are checked than may be wrong. */
  async function heldRowOf(db: Db, userId: string) {
    return db
      .selectFrom('user_totp')
      .selectAll()
      .where('user_id', '=', userId)
      .forUpdate()
      .executeTakeFirst();
  }

  return {
    /** What a sign-in still lacks that was proved by `amr` so far. */
    async missing(tenantId: string, userId: string, amr: readonly string[]): Promise<TotpNeed> {
      if (amr.includes('mfa')) return 'none';
      return inTenant(tenantId, async (db) => {
        if ((await rowOf(db, userId))?.confirmed_at) return 'code';
        const { rows } = await sql<{ must: boolean }>`
          select exists (
            select 1 from totp_policies p where p.everybody or exists (
              select 1 from user_group_members m
              where m.tenant_id = p.tenant_id and m.user_id = ${userId}::uuid and m.group_id = any(p.user_groups)
            )
          ) as must`.execute(db);
        return rows[0]?.must === true ? 'must' : 'none';
      });
    },

    /** The secret offered, kept while it is unconfirmed, so that a page shown twice shows the same picture. @throws Conflict when codes are on */
    enrol(user: Pick<User, 'tenantId' | 'id' | 'principalName'>, issuer: string): Promise<Enrolment> {
      return inTenant(user.tenantId, async (db) => {
        await db
          .insertInto('user_totp')
          .values({
            user_id: user.id,
            secret: randomBytes(SECRET_BYTES),
            confirmed_at: null,
            locked_until: null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const row = await rowOf(db, user.id);
        if (!row || row.confirmed_at)
          throw new ApiError('Conflict', 'Sign-in codes are on already; an administrator can reset them.');
        return { secret: toBase32(row.secret), uri: otpauthUri(issuer, user.principalName, row.secret) };
      });
    },

    /** The recovery codes, shown this once; null when the code is wrong. */
    confirm(tenantId: string, userId: string, code: string): Promise<string[] | null> {
      return inTenant(tenantId, async (db) => {
        const row = await heldRowOf(db, userId);
        if (!row || row.confirmed_at || !(await takeCode(db, row, code))) return null;
        await db
          .updateTable('user_totp')
          .set({ confirmed_at: clock.now() })
          .where('user_id', '=', userId)
          .execute();
        const codes = Array.from({ length: RECOVERY_CODES }, recoveryCode);
        await db
          .insertInto('user_recovery_codes')
          .values(codes.map((one) => ({ user_id: userId, hash: hashOf(one) })))
          .execute();
        return codes;
      });
    },

    /** What the code was; null when it is wrong, was used, or too many were wrong. */
    check(tenantId: string, userId: string, code: string): Promise<'code' | 'recovery' | null> {
      return inTenant(tenantId, async (db) => {
        const row = await heldRowOf(db, userId);
        if (!row?.confirmed_at) return null;
        if (await takeCode(db, row, code)) return 'code';
        if (isLocked(row)) return null;
        const { numDeletedRows } = await db
          .deleteFrom('user_recovery_codes')
          .where('user_id', '=', userId)
          .where('hash', '=', hashOf(code))
          .executeTakeFirst();
        return numDeletedRows > 0n ? 'recovery' : null;
      });
    },

    reset(tenantId: string, userId: string): Promise<void> {
      return inTenant(tenantId, async (db) => {
        await db.deleteFrom('user_totp').where('user_id', '=', userId).execute();
        await db.deleteFrom('user_recovery_codes').where('user_id', '=', userId).execute();
      });
    },

    policy(tenantId: string): Promise<TotpPolicy> {
      return inTenant(tenantId, async (db) => {
        const row = await db.selectFrom('totp_policies').selectAll().executeTakeFirst();
        return { everybody: row?.everybody ?? false, userGroups: row?.user_groups ?? [] };
      });
    },

    /** @throws InvalidInput for a group that is not there */
    setPolicy(tenantId: string, policy: TotpPolicy): Promise<void> {
      return inTenant(tenantId, async (db) => {
        const wanted = [...new Set(policy.userGroups)];
        const known =
          wanted.length === 0
            ? []
            : await db.selectFrom('user_groups').select('id').where('id', 'in', wanted).execute();
        const unknown = wanted.find((id) => !known.some((group) => group.id === id));
        if (unknown !== undefined) throw new ApiError('InvalidInput', `There is no user group ${unknown}.`);
        const row = { everybody: policy.everybody, user_groups: wanted };
        await db
          .insertInto('totp_policies')
          .values(row)
          .onConflict((conflict) => conflict.column('tenant_id').doUpdateSet(row))
          .execute();
      });
    },
  };

  function isLocked(row: { locked_until: Date | null }): boolean {
    return row.locked_until !== null && row.locked_until > clock.now();
  }

  /** One statement decides, so that of two servers given the same code one takes it. */
  async function takeCode(
    db: Db,
    row: { user_id: string; secret: Buffer; locked_until: Date | null },
    code: string,
  ): Promise<boolean> {
    const now = clock.now();
    const step = matchingStep(row.secret, code, now);
    if (step !== null && !isLocked(row)) {
      const { numUpdatedRows } = await db
        .updateTable('user_totp')
        .set({ last_step: step, failures: 0, locked_until: null })
        .where('user_id', '=', row.user_id)
        .where('last_step', '<', step)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) return true;
    }
    await db
      .updateTable('user_totp')
      .set({
        failures: sql<number>`case when failures + 1 >= ${LOCK_AFTER} then 0 else failures + 1 end`,
        locked_until: sql<Date | null>`case when failures + 1 >= ${LOCK_AFTER} then ${new Date(now.getTime() + LOCK_MS)}::timestamptz else locked_until end`,
      })
      .where('user_id', '=', row.user_id)
      .execute();
    return false;
  }
}

/** Sixty random bits, so that one SHA-256 is enough: `k3f9-x2ab-77qd`. */
function recoveryCode(): string {
  const text = toBase32(randomBytes(8)).toLowerCase().slice(0, 12);
  return [text.slice(0, 4), text.slice(4, 8), text.slice(8)].join('-');
}

function hashOf(code: string): string {
  return createHash('sha256').update(code.trim().toLowerCase().replaceAll(/[\s-]/g, '')).digest('hex');
}
