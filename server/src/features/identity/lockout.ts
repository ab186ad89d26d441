/**
 * Wrong passwords, counted by name whether or not anybody has it: neither the answer nor the work it takes says who has an account.
 *
 *   wrong ── failures + 1 ── at LOCK_AFTER ──> locked until now + LOCK_MS ── time passes ──> counted anew
 *   right, or nothing wrong for FORGET_MS ──> failures = 0
 */
import { createHash } from 'node:crypto';
import type { StateStore } from '@merlon/state-store';
import { sql, type Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';

const LOCK_AFTER = 10;
const LOCK_MS = 15 * 60_000;
/** A refusal is given no sooner than this, so that what is written about some of them is not seen by the clock. */
export const REFUSED_AFTER_MS = 400;
/** Longer than the lock, so that forgetting never ends one early. */
const FORGET_MS = 60 * 60_000;

type Db = Transaction<IdentityDatabase>;

export function createLockout({ state, clock }: { state: StateStore; clock: Clock }) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<IdentityDatabase, T>(tenantId, work);

  return {
    isLocked: (tenantId: string, name: string): Promise<boolean> =>
      inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('sign_in_failures')
          .select('locked_until')
          .where('name', '=', keyOf(name))
          .executeTakeFirst();
        return row?.locked_until ? row.locked_until > clock.now() : false;
      }),

    failed: (tenantId: string, name: string): Promise<void> =>
      inTenant(tenantId, async (db) => {
        const now = clock.now();
        const until = sql<Date>`${new Date(now.getTime() + LOCK_MS)}::timestamptz`;
        const stale = sql<boolean>`sign_in_failures.failed_at < ${new Date(now.getTime() - FORGET_MS)}`;
        const locks = sql<boolean>`(not ${stale} and sign_in_failures.failures + 1 >= ${LOCK_AFTER})`;
        await db
          .insertInto('sign_in_failures')
          .values({
            tenant_id: tenantId,
            name: keyOf(name),
            failures: 1,
            failed_at: now,
            locked_until: null,
          })
          .onConflict((conflict) =>
            conflict.columns(['tenant_id', 'name']).doUpdateSet({
              failures: sql<number>`case when ${stale} then 1 when ${locks} then 0 else sign_in_failures.failures + 1 end`,
              locked_until: sql<Date | null>`case when ${locks} then ${until} else sign_in_failures.locked_until end`,
              failed_at: now,
            }),
          )
          .execute();
      }),

    async clear(db: Db, tenantId: string, name: string): Promise<void> {
      await db
        .deleteFrom('sign_in_failures')
        .where('tenant_id', '=', tenantId)
        .where('name', '=', keyOf(name))
        .execute();
    },

    /** Of all tenants. What makes these rows costs a password's hash each, so that an hour of them is bounded. */
    sweep: (): Promise<void> =>
      state.system<IdentityDatabase, void>(async (db) => {
        await db
          .deleteFrom('sign_in_failures')
          .where('failed_at', '<', new Date(clock.now().getTime() - FORGET_MS))
          .execute();
      }),
  };
}

/** People type passwords where names belong: what they typed is not kept as it is. */
function keyOf(name: string): string {
  return createHash('sha256').update(name.toLowerCase()).digest('base64url');
}
