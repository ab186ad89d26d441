import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const alertsMigrations: readonly Migration[] = [
  {
    name: '2026-11-24-alerts-1',
    async up(db) {
      await tenantTable(db, 'alerts', (table) =>
        table
          .addColumn('id', 'text', (c) => c.notNull())
          .addColumn('dedup_key', 'text', (c) => c.notNull())
          .addColumn('detector_id', 'text', (c) => c.notNull())
          .addColumn('detection_source', 'text', (c) => c.notNull())
          .addColumn('title', 'text', (c) => c.notNull())
          .addColumn('description', 'text', (c) => c.notNull())
          .addColumn('recommended_action', 'text')
          .addColumn('category', 'text', (c) => c.notNull())
          .addColumn('severity', 'text', (c) => c.notNull())
          .addColumn('techniques', sql`text[]`, (c) => c.notNull())
          .addColumn('status', 'text', (c) => c.notNull())
          .addColumn('classification', 'text')
          .addColumn('determination', 'text')
          .addColumn('assigned_to', 'text')
          .addColumn('machine_id', 'char(40)', (c) => c.notNull())
          .addColumn('machine_name', 'text', (c) => c.notNull())
          .addColumn('related_user', 'jsonb')
          .addColumn('first_event_at', 'timestamptz', (c) => c.notNull())
          .addColumn('last_event_at', 'timestamptz', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addColumn('resolved_at', 'timestamptz')
          .addPrimaryKeyConstraint('alerts_pkey', ['tenant_id', 'id']),
      );
      await db.schema
        .createIndex('alerts_newest')
        .on('alerts')
        .columns(['tenant_id', 'created_at', 'id'])
        .execute();
      await db.schema
        .createIndex('alerts_of_machine')
        .on('alerts')
        .columns(['tenant_id', 'machine_id', 'created_at'])
        .execute();
      await sql`create index alerts_open_by_key on alerts (tenant_id, dedup_key) where status <> 'Resolved'`.execute(
        db,
      );

      await tenantTable(db, 'alert_events', (table) =>
        table
          .addColumn('alert_id', 'text', (c) => c.notNull())
          .addColumn('dedup_key', 'text', (c) => c.notNull())
          .addColumn('table_name', 'text', (c) => c.notNull())
          .addColumn('report_id', 'bigint', (c) => c.notNull())
          .addColumn('at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_events_pkey', [
            'tenant_id',
            'dedup_key',
            'table_name',
            'report_id',
          ]),
      );
      await tenantTable(db, 'alert_evidence', (table) =>
        table
          .addColumn('alert_id', 'text', (c) => c.notNull())
          .addColumn('ordinal', 'integer', (c) => c.notNull())
          .addColumn('identity', 'text', (c) => c.notNull())
          .addColumn('entity', 'jsonb', (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_evidence_pkey', ['tenant_id', 'alert_id', 'identity']),
      );
      await tenantTable(db, 'alert_comments', (table) =>
        table
          .addColumn('alert_id', 'text', (c) => c.notNull())
          .addColumn('ordinal', 'bigint', (c) => c.notNull().generatedAlwaysAsIdentity())
          .addColumn('comment', 'text', (c) => c.notNull())
          .addColumn('created_by', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_comments_pkey', ['tenant_id', 'alert_id', 'ordinal']),
      );
      await tenantTable(db, 'alert_hunting_outbox', (table) =>
        table
          .addColumn('ordinal', 'bigint', (c) => c.notNull().generatedAlwaysAsIdentity().primaryKey())
          .addColumn('table_name', 'text', (c) => c.notNull())
          .addColumn('row', 'jsonb', (c) => c.notNull()),
      );
    },
  },
  {
    name: '2026-11-25-alerts-2',
    async up(db) {
      await db.schema.alterTable('alert_hunting_outbox').addColumn('parcel', 'uuid').execute();
      await db.schema
        .createIndex('alert_hunting_outbox_parcel')
        .on('alert_hunting_outbox')
        .column('parcel')
        .execute();
      // A device that was set up anew counts its reports from one again: the number alone does not name an event.
      await sql`alter table alert_events drop constraint alert_events_pkey`.execute(db);
      // Kept to the millisecond from now on; rows of before that were finer would not be known again.
      await sql`update alert_events set at = date_trunc('milliseconds', at)`.execute(db);
      await sql`alter table alert_events add constraint alert_events_pkey
                primary key (tenant_id, dedup_key, table_name, report_id, at)`.execute(db);
    },
  },
];
