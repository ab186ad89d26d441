import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const auditMigrations: readonly Migration[] = [
  {
    name: '2026-11-24-audit-1',
    async up(db) {
      await tenantTable(db, 'audit_records', (table) =>
        table
          .addColumn('id', 'bigint', (c) => c.notNull().generatedAlwaysAsIdentity())
          .addColumn('time', 'timestamptz', (c) => c.notNull())
          .addColumn('actor_kind', 'text', (c) => c.notNull())
          .addColumn('actor_id', 'text', (c) => c.notNull())
          .addColumn('actor_name', 'text', (c) => c.notNull())
          .addColumn('action', 'text', (c) => c.notNull())
          .addColumn('target_kind', 'text')
          .addColumn('target_id', 'text')
          .addColumn('outcome', 'text', (c) => c.notNull())
          .addColumn('details', 'jsonb', (c) => c.notNull())
          .addColumn('source_ip', 'text')
          .addColumn('correlation_id', 'text')
          .addPrimaryKeyConstraint('audit_records_pkey', ['tenant_id', 'id']),
      );
      await sql`create index audit_records_by_action on audit_records (tenant_id, action, id desc)`.execute(
        db,
      );
      await sql`create index audit_records_by_target on audit_records (tenant_id, target_id, id desc)`.execute(
        db,
      );
      // The trail only grows: also the server itself can neither change nor remove a record.
      await sql`
        create function audit_records_are_final() returns trigger language plpgsql as
        $$ begin raise exception 'audit records are append-only'; end $$`.execute(db);
      await sql`
        create trigger audit_records_final before update or delete or truncate on audit_records
        for each statement execute function audit_records_are_final()`.execute(db);
    },
  },
];
