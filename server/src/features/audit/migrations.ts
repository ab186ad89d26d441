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
  {
    name: '2026-11-25-audit-2',
    async up(db) {
      await db.schema.alterTable('audit_records').addColumn('app_id', 'text').execute();
      await tenantTable(db, 'audit_seals', (table) =>
        table
          .addColumn('position', 'bigint', (c) => c.notNull())
          .addColumn('record_id', 'bigint', (c) => c.notNull())
          .addColumn('hash', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint('audit_seals_pkey', ['tenant_id', 'position'])
          .addUniqueConstraint('audit_seals_record', ['tenant_id', 'record_id']),
      );
      await sql`
        create trigger audit_seals_final before update or delete or truncate on audit_seals
        for each statement execute function audit_records_are_final()`.execute(db);
      // Records that committed and wait for their seal. Filled by the database, so that none is forgotten.
      await tenantTable(db, 'audit_unsealed', (table) =>
        table
          .addColumn('record_id', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('audit_unsealed_pkey', ['tenant_id', 'record_id']),
      );
      await sql`
        create function audit_record_awaits_seal() returns trigger language plpgsql as
        $$ begin insert into audit_unsealed (tenant_id, record_id) values (new.tenant_id, new.id); return null; end $$`.execute(
        db,
      );
      await sql`
        create trigger audit_records_await_seal after insert on audit_records
        for each row execute function audit_record_awaits_seal()`.execute(db);
      await sql`insert into audit_unsealed (tenant_id, record_id) select tenant_id, id from audit_records`.execute(
        db,
      );
    },
  },
];
