/**
 * When machine actions change, as clients that poll must be able to rely on it: whoever goes on from the last time he saw (`lastUpdateDateTimeUtc gt …`), or asks
 * for what changed up to now and goes on from there, gets every change.
 *
 * So the time of a change is given at its commit, by the database: a trigger that waits until then takes the tenant's lock, gives the next time, and lets go when
 * the commit stands. What can be seen is then always earlier than what cannot be seen yet, and nobody holds the lock while he waits for a client. Times of one
 * tenant grow by a millisecond at least, which is what the wire shows.
 */
import { tenantTable } from '@merlon/state-store';
import { type Kysely, sql } from 'kysely';

/** Of the statements that mean a change; the one that gives the time is none. */
const CHANGING =
  'insert or update of status, approval, progress, cancelled_at, receipt, troubleshoot_info, seq';

// biome-ignore lint/suspicious/noExplicitAny: the schema before this migration has no type
export async function orderChanges(db: Kysely<any>): Promise<void> {
  await tenantTable(db, 'machine_action_change_times', (table) =>
    table
      .addColumn('last', sql`timestamptz(3)`, (c) => c.notNull())
      .addPrimaryKeyConstraint('machine_action_change_times_pkey', ['tenant_id']),
  );
  await sql`insert into machine_action_change_times (tenant_id, last) select tenant_id, max(updated_at) from machine_actions group by tenant_id`.execute(
    db,
  );
  await sql`create function machine_action_lock(tenant uuid) returns bigint language sql immutable as
    $$ select hashtextextended('machine actions ' || tenant::text, 0) $$`.execute(db);
  await sql`create function machine_action_changed() returns trigger language plpgsql as $$
    declare at timestamptz;
    begin
      perform pg_advisory_xact_lock(machine_action_lock(new.tenant_id));
      -- The next millisecond: one that has begun may be over for a client that asked within it.
      insert into machine_action_change_times as times (tenant_id, last)
        values (new.tenant_id, greatest(new.updated_at, date_trunc('milliseconds', clock_timestamp())) + interval '1 millisecond')
        on conflict (tenant_id) do update set last = greatest(excluded.last, times.last + interval '1 millisecond')
        returning last into at;
      update machine_actions set updated_at = at where tenant_id = new.tenant_id and id = new.id;
      return null;
    end $$`.execute(db);
  await sql`create constraint trigger machine_action_changed after ${sql.raw(CHANGING)} on machine_actions
    deferrable initially deferred for each row execute function machine_action_changed()`.execute(db);
  // Gives the lock back at once, whatever comes between: it belongs to the block that is undone.
  await sql`create function machine_action_changes_settled(tenant uuid) returns void language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(machine_action_lock(tenant));
      raise sqlstate 'MRL00';
    exception when sqlstate 'MRL00' then null;
    end $$`.execute(db);
}

/** Waits for the commit under way: what is selected after this lacks nothing that has a time before this. */
// biome-ignore lint/suspicious/noExplicitAny: any transaction will do; only its connection is used
export async function changesSettled(db: Kysely<any>, tenantId: string): Promise<void> {
  await sql`select machine_action_changes_settled(${tenantId}::uuid)`.execute(db);
}
