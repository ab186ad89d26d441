/**
 * When alerts and incidents change, as clients that poll must be able to rely on it: whoever goes on from the last time he saw (`lastUpdateTime gt …`), or
 * asks for what changed up to now (`… le <now>`) and goes on from there, gets every change.
 *
 * So the changes of a tenant come one after another: each takes the tenant's lock, then its time, and holds the lock until it is committed. Times of one
 * tenant grow by a millisecond at least, which is what the wire shows, and no later change has an earlier one. Whoever lists waits for the change under way.
 */
import { type Kysely, sql } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { AlertsDb, AlertTransaction } from './database.ts';

/** Begins a change: the time of everything in it. The first thing of its transaction, so that no two wait for each other. */
export async function beginChange(db: AlertTransaction, tenantId: string, clock: Clock): Promise<Date> {
  await sql`select pg_advisory_xact_lock(${lockOf(tenantId)})`.execute(db);
  // The next millisecond: one that has begun may be over for a client that asked within it.
  const next = new Date(clock.now().getTime() + 1);
  const { last } = await db
    .insertInto('alert_change_times')
    .values({ last: next })
    .onConflict((conflict) =>
      conflict.column('tenant_id').doUpdateSet({
        last: sql<Date>`greatest(alert_change_times.last + interval '1 millisecond', excluded.last)`,
      }),
    )
    .returning('last')
    .executeTakeFirstOrThrow();
  return last;
}

/** Waits for the change under way: what is selected after this lacks nothing that has a time before this. */
export async function changesSettled(db: Kysely<AlertsDb>, tenantId: string): Promise<void> {
  await sql`select alert_changes_settled(${lockOf(tenantId)})`.execute(db);
}

function lockOf(tenantId: string) {
  return sql`hashtextextended(${`alerts ${tenantId}`}, 0)`;
}
