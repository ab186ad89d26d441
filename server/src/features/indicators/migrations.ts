import { deviceScope, type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const indicatorsMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-indicators-1',
    async up(db) {
      await tenantTable(db, 'indicators', (table) =>
        table
          .addColumn('id', 'bigint', (c) => c.notNull().primaryKey().generatedAlwaysAsIdentity())
          .addColumn('type', 'text', (c) => c.notNull())
          .addColumn('value', 'text', (c) => c.notNull())
          // As it is compared: by it an indicator is known again.
          .addColumn('compared', 'text', (c) => c.notNull())
          .addColumn('action', 'text', (c) => c.notNull())
          .addColumn('title', 'text', (c) => c.notNull())
          .addColumn('description', 'text', (c) => c.notNull())
          .addColumn('application', 'text')
          .addColumn('severity', 'text', (c) => c.notNull())
          .addColumn('recommended_actions', 'text')
          // Empty: all devices. The names are those of the time it was said, for groups that are gone by now.
          .addColumn('group_ids', sql`integer[]`, (c) => c.notNull())
          .addColumn('group_names', sql`text[]`, (c) => c.notNull())
          .addColumn('generate_alert', 'boolean', (c) => c.notNull())
          .addColumn('educate_url', 'text')
          .addColumn('external_id', 'text')
          .addColumn('look_back_days', 'integer')
          .addColumn('expires_at', 'timestamptz')
          .addColumn('owner_kind', 'text', (c) => c.notNull())
          .addColumn('owner_id', 'text', (c) => c.notNull())
          .addColumn('created_by', 'text', (c) => c.notNull())
          .addColumn('created_by_name', 'text', (c) => c.notNull())
          .addColumn('created_by_source', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_by', 'text', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addColumn('version', 'integer', (c) => c.notNull())
          // Past events from here on are still to be looked through. Null: they were, or need not be.
          .addColumn('hunt_from', 'timestamptz'),
      );
      // A URL may be longer than an index entry.
      await sql`create unique index indicators_value on indicators (tenant_id, type, md5(compared))`.execute(
        db,
      );
      await sql`create index indicators_newest on indicators (tenant_id, created_at desc, id)`.execute(db);
      await sql`create index indicators_expiring on indicators (expires_at) where expires_at is not null`.execute(
        db,
      );
      await sql`create index indicators_hunts on indicators (tenant_id, id) where hunt_from is not null`.execute(
        db,
      );
      await deviceScope(db, 'indicators', { groups: 'group_ids' });
    },
  },
  {
    name: '2026-11-25-indicators-2',
    async up(db) {
      // A server is looking for it in past events since then.
      await db.schema.alterTable('indicators').addColumn('hunt_begun_at', 'timestamptz').execute();
    },
  },
];
