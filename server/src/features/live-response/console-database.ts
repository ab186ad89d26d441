/** Tables of console sessions, their log and the tickets that open them. */
import type { LiveFile, LiveInputKind } from '@merlon/contract';
import { deviceScope, type Migration, tenantTable } from '@merlon/state-store';
import { type ColumnType, sql } from 'kysely';
import type { SessionState } from './session-state.ts';

type Tenant = ColumnType<string, string | undefined, never>;
/** bigint arrives as text. */
type BigInteger = ColumnType<string, number, number>;

export interface ConsoleDb {
  live_sessions: {
    tenant_id: Tenant;
    id: string;
    machine_id: string;
    computer_dns_name: string;
    state: SessionState;
    comment: string;
    requestor_kind: 'application' | 'user';
    requestor_id: string;
    requestor_name: string;
    created_at: Date;
    connected_at: Date | null;
    ended_at: Date | null;
    end_reason: string | null;
    /** Of people or the device, whichever was later. */
    active_at: Date;
    /** Name of the policy that asks for a second person's word. */
    policy: string | null;
    approval_by: string | null;
    approval_comment: string | null;
    /** The newest word for the device, the newest it confirmed, and the newest of its own that is kept. */
    input_seq: number;
    taken_seq: number;
    output_seq: number;
    /** Place of the next entry of the log. */
    next_position: BigInteger;
    log_bytes: BigInteger;
  };
  live_entries: {
    tenant_id: Tenant;
    session_id: string;
    position: BigInteger;
    /** input: a word for the device. output: a word of the device. event: what the server has to say. */
    kind: 'input' | 'output' | 'event';
    /** The sequence of the input that it is, or belongs to; 0 for none. */
    command: number;
    /** Of input: its kind. Of output: `out`, `err`, or `done` with the outcome as text. Else null. */
    stream: LiveInputKind | 'out' | 'err' | 'done' | null;
    text: string;
    /** Who typed the input; null for what nobody did. */
    author: string | null;
    /** Of input: whether its author may do more than look. */
    advanced: boolean;
    /** Of input: the library file that it names. Of `done`: the name of what was handed in. */
    file: ColumnType<LiveFile | null, string | null, never>;
    result: string | null;
    at: Date;
  };
  live_tickets: {
    tenant_id: Tenant;
    token_hash: string;
    session_id: string;
    holder: ColumnType<TicketHolder, string, never>;
    expires_at: Date;
  };
}

export interface TicketHolder {
  readonly kind: 'application' | 'user';
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  /** May give advanced commands. */
  readonly advanced: boolean;
}

export const consoleMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-live-response-2-console',
    async up(db) {
      await tenantTable(db, 'live_sessions', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull().primaryKey())
          .addColumn('machine_id', 'char(40)', (c) => c.notNull())
          .addColumn('computer_dns_name', 'text', (c) => c.notNull())
          .addColumn('state', 'text', (c) => c.notNull())
          .addColumn('comment', 'text', (c) => c.notNull())
          .addColumn('requestor_kind', 'text', (c) => c.notNull())
          .addColumn('requestor_id', 'text', (c) => c.notNull())
          .addColumn('requestor_name', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('connected_at', 'timestamptz')
          .addColumn('ended_at', 'timestamptz')
          .addColumn('end_reason', 'text')
          .addColumn('active_at', 'timestamptz', (c) => c.notNull())
          .addColumn('policy', 'text')
          .addColumn('approval_by', 'text')
          .addColumn('approval_comment', 'text')
          .addColumn('input_seq', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('taken_seq', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('output_seq', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('next_position', 'bigint', (c) => c.notNull().defaultTo(1))
          .addColumn('log_bytes', 'bigint', (c) => c.notNull().defaultTo(0)),
      );
      await sql`create unique index live_sessions_one_active on live_sessions (tenant_id, machine_id)
        where state in ('AwaitingApproval', 'Connecting', 'Connected')`.execute(db);
      await sql`create index live_sessions_open on live_sessions (active_at)
        where state in ('AwaitingApproval', 'Connecting', 'Connected')`.execute(db);
      await db.schema
        .createIndex('live_sessions_newest')
        .on('live_sessions')
        .columns(['tenant_id', 'created_at', 'id'])
        .execute();
      await tenantTable(db, 'live_entries', (table) =>
        table
          .addColumn('session_id', 'uuid', (c) => c.notNull())
          .addColumn('position', 'bigint', (c) => c.notNull())
          .addColumn('kind', 'text', (c) => c.notNull())
          .addColumn('command', 'integer', (c) => c.notNull())
          .addColumn('stream', 'text')
          .addColumn('text', 'text', (c) => c.notNull())
          .addColumn('author', 'text')
          .addColumn('advanced', 'boolean', (c) => c.notNull().defaultTo(false))
          .addColumn('file', 'jsonb')
          .addColumn('result', 'text')
          .addColumn('at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('live_entries_pkey', ['session_id', 'position']),
      );
      // A log that could be changed would prove nothing.
      await sql`create function live_entries_stand() returns trigger language plpgsql as
        $$ begin raise exception 'entries of a live response log are never changed'; end $$`.execute(db);
      await sql`create trigger live_entries_stand before update on live_entries
        for each row execute function live_entries_stand()`.execute(db);
      await sql`create index live_entries_input on live_entries (session_id, command) where kind = 'input'`.execute(
        db,
      );
      await tenantTable(db, 'live_tickets', (table) =>
        table
          .addColumn('token_hash', 'char(64)', (c) => c.notNull().primaryKey())
          .addColumn('session_id', 'uuid', (c) => c.notNull())
          .addColumn('holder', 'jsonb', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull()),
      );
      await deviceScope(db, 'live_sessions', { device: 'machine_id' });
      for (const part of ['live_entries', 'live_tickets'])
        await deviceScope(db, part, { parent: 'live_sessions', key: 'session_id' });
    },
  },
];
