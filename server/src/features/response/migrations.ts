import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';
import { orderChanges } from './change-time.ts';
import { orderResultMigrations } from './order-results-database.ts';

export const responseMigrations: readonly Migration[] = [
  {
    name: '2026-11-24-response-1',
    async up(db) {
      await tenantTable(db, 'machine_actions', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull().primaryKey())
          .addColumn('type', 'text', (c) => c.notNull())
          .addColumn('scope', 'text')
          .addColumn('status', 'text', (c) => c.notNull())
          .addColumn('requestor', 'text', (c) => c.notNull())
          .addColumn('requestor_comment', 'text', (c) => c.notNull())
          .addColumn('request_source', 'text', (c) => c.notNull())
          .addColumn('machine_id', 'char(40)', (c) => c.notNull())
          .addColumn('computer_dns_name', 'text', (c) => c.notNull())
          .addColumn('seq', 'bigint', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addColumn('cancellation_requestor', 'text')
          .addColumn('cancellation_comment', 'text')
          .addColumn('cancelled_at', 'timestamptz')
          .addColumn('troubleshoot_info', 'text')
          .addColumn('receipt', 'text'),
      );
      await sql`create unique index machine_actions_one_active on machine_actions (tenant_id, machine_id, type)
        where status in ('Pending', 'InProgress')`.execute(db);
      await sql`create index machine_actions_open on machine_actions (expires_at) where status in ('Pending', 'InProgress')`.execute(
        db,
      );
      await db.schema
        .createIndex('machine_actions_newest')
        .on('machine_actions')
        .columns(['tenant_id', 'created_at', 'id'])
        .execute();
      await tenantTable(db, 'order_sequences', (table) =>
        table
          .addColumn('machine_id', 'char(40)', (c) => c.notNull().primaryKey())
          .addColumn('last_seq', 'bigint', (c) => c.notNull()),
      );
    },
  },
  {
    name: '2026-11-25-response-2',
    async up(db) {
      await db.schema
        .alterTable('machine_actions')
        .addColumn('requestor_id', 'text')
        // Null: none was asked for. Required, Approved, Rejected.
        .addColumn('approval', 'text')
        .addColumn('approval_by', 'text')
        .addColumn('approval_comment', 'text')
        .addColumn('approval_at', 'timestamptz')
        .execute();
      await sql`create index machine_actions_awaiting on machine_actions (tenant_id, created_at) where approval = 'Required'`.execute(
        db,
      );
      await tenantTable(db, 'approval_policies', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('action_types', sql`text[]`, (c) => c.notNull())
          .addColumn('device_groups', sql`integer[]`, (c) => c.notNull())
          .addColumn('enabled', 'boolean', (c) => c.notNull())
          .addPrimaryKeyConstraint('approval_policies_pkey', ['tenant_id', 'id']),
      );
    },
  },
  {
    name: '2026-11-25-response-3-times',
    async up(db) {
      // What the wire shows is what is compared: a client that goes on from the last time it saw would else see that row again.
      await sql`alter table machine_actions alter column created_at type timestamptz(3), alter column updated_at type timestamptz(3)`.execute(
        db,
      );
      await db.schema
        .createIndex('machine_actions_updated')
        .on('machine_actions')
        .columns(['tenant_id', 'updated_at', 'id'])
        .execute();
      await db.schema
        .createIndex('machine_actions_of_machine')
        .on('machine_actions')
        .columns(['tenant_id', 'machine_id', 'created_at'])
        .execute();
    },
  },
  {
    name: '2026-11-25-response-4-params',
    async up(db) {
      await db.schema
        .alterTable('machine_actions')
        .addColumn('params', 'jsonb', (c) => c.notNull().defaultTo(sql`'{}'::jsonb`))
        .addColumn('progress', 'jsonb')
        .addColumn('external_id', 'text')
        .execute();
      await sql`update machine_actions set params = jsonb_build_object('isolationType', scope) where type = 'Isolate'`.execute(
        db,
      );
    },
  },
  ...orderResultMigrations,
  {
    name: '2026-11-25-response-6-allowances',
    async up(db) {
      await tenantTable(db, 'isolation_allowances', (table) =>
        table
          .addColumn('allow', 'jsonb', (c) => c.notNull())
          .addPrimaryKeyConstraint('isolation_allowances_pkey', ['tenant_id']),
      );
    },
  },
  {
    name: '2026-11-25-response-7-change-times',
    up: (db) => orderChanges(db),
  },
];
