import { deviceScope, type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const automationMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-investigations-1-automation',
    async up(db) {
      await tenantTable(db, 'investigation_counters', (table) =>
        table
          .addColumn('last', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('investigation_counters_pkey', ['tenant_id']),
      );
      await tenantTable(db, 'investigations', (table) =>
        table
          .addColumn('id', 'bigint', (c) => c.notNull())
          .addColumn('state', 'text', (c) => c.notNull())
          .addColumn('started_at', sql`timestamptz(3)`, (c) => c.notNull())
          .addColumn('ended_at', sql`timestamptz(3)`)
          .addColumn('cancelled_by', 'text')
          .addColumn('status_details', 'text')
          .addColumn('machine_id', 'char(40)', (c) => c.notNull())
          .addColumn('machine_name', 'text', (c) => c.notNull())
          .addColumn('triggering_alert_id', 'text')
          .addColumn('requestor', 'text', (c) => c.notNull())
          .addColumn('comment', 'text')
          // Whoever runs it has until then; after that it is anybody's.
          .addColumn('due_at', 'timestamptz', (c) => c.notNull())
          .addColumn('attempts', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('held', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('unanswered', 'integer', (c) => c.notNull().defaultTo(0))
          .addPrimaryKeyConstraint('investigations_pkey', ['tenant_id', 'id']),
      );
      await sql`create unique index investigations_one_open on investigations (tenant_id, machine_id)
        where state in ('Queued', 'Running', 'PendingApproval', 'PendingResource')`.execute(db);
      await sql`create index investigations_due on investigations (due_at) where state in ('Queued', 'Running')`.execute(
        db,
      );
      await db.schema
        .createIndex('investigations_alert')
        .on('investigations')
        .columns(['tenant_id', 'triggering_alert_id'])
        .execute();
      await deviceScope(db, 'investigations', { device: 'machine_id' });

      await tenantTable(db, 'investigation_entities', (table) =>
        table
          .addColumn('investigation', 'bigint', (c) => c.notNull())
          .addColumn('identity', 'text', (c) => c.notNull())
          .addColumn('entity', 'jsonb', (c) => c.notNull())
          .addColumn('verdict', 'text', (c) => c.notNull())
          .addColumn('rule', 'text', (c) => c.notNull())
          .addColumn('reason', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint('investigation_entities_pkey', ['tenant_id', 'investigation', 'identity']),
      );
      await deviceScope(db, 'investigation_entities', { parent: 'investigations', key: 'investigation' });

      await tenantTable(db, 'remediations', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull().primaryKey())
          .addColumn('investigation', 'bigint', (c) => c.notNull())
          .addColumn('machine_id', 'char(40)', (c) => c.notNull())
          .addColumn('machine_name', 'text', (c) => c.notNull())
          .addColumn('state', 'text', (c) => c.notNull())
          .addColumn('automatic', 'boolean', (c) => c.notNull())
          .addColumn('file_algorithm', 'text', (c) => c.notNull())
          .addColumn('file_hash', 'text', (c) => c.notNull())
          .addColumn('file_name', 'text')
          .addColumn('folders', sql`text[]`, (c) => c.notNull())
          .addColumn('verdict', 'text', (c) => c.notNull())
          .addColumn('reason', 'text', (c) => c.notNull())
          .addColumn('details', 'text')
          .addColumn('created_at', sql`timestamptz(3)`, (c) => c.notNull())
          .addColumn('updated_at', sql`timestamptz(3)`, (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addColumn('decided_by', 'text')
          .addColumn('decided_at', 'timestamptz')
          .addColumn('comment', 'text')
          // Its order is not tried again before.
          .addColumn('retry_at', 'timestamptz', (c) => c.notNull())
          .addColumn('action_id', 'uuid')
          .addColumn('undo_id', 'uuid'),
      );
      await sql`create unique index remediations_of_file on remediations (tenant_id, investigation, file_hash)`.execute(
        db,
      );
      await sql`create index remediations_pending on remediations (expires_at) where state = 'Pending'`.execute(
        db,
      );
      await sql`create index remediations_approved on remediations (retry_at) where state = 'Approved'`.execute(
        db,
      );
      await sql`create index remediations_under_way on remediations (updated_at) where state in ('InProgress', 'Undoing', 'Failed')`.execute(
        db,
      );
      await sql`create index remediations_action on remediations (tenant_id, action_id) where action_id is not null`.execute(
        db,
      );
      await sql`create index remediations_undo on remediations (tenant_id, undo_id) where undo_id is not null`.execute(
        db,
      );
      await deviceScope(db, 'remediations', { device: 'machine_id' });
    },
  },
];
