import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const huntingMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-hunting-1',
    async up(db) {
      await tenantTable(db, 'hunting_usage', (table) =>
        table
          .addColumn('meter', 'text', (c) => c.notNull())
          .addColumn('subject', 'text', (c) => c.notNull())
          .addColumn('window_ms', 'integer', (c) => c.notNull())
          .addColumn('starts_at', 'timestamptz', (c) => c.notNull())
          .addColumn('calls', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('run_ms', 'bigint', (c) => c.notNull().defaultTo(0))
          .addPrimaryKeyConstraint('hunting_usage_pkey', [
            'tenant_id',
            'meter',
            'subject',
            'window_ms',
            'starts_at',
          ]),
      );
      await db.schema.createIndex('hunting_usage_age').on('hunting_usage').column('starts_at').execute();

      await tenantTable(db, 'hunting_history', (table) =>
        table
          .addColumn('id', 'bigint', (c) => c.notNull().generatedAlwaysAsIdentity())
          .addColumn('time', 'timestamptz', (c) => c.notNull())
          .addColumn('interface', 'text', (c) => c.notNull())
          .addColumn('actor_kind', 'text', (c) => c.notNull())
          .addColumn('actor_id', 'text', (c) => c.notNull())
          .addColumn('actor_name', 'text', (c) => c.notNull())
          .addColumn('app_id', 'text', (c) => c.notNull())
          .addColumn('query', 'text', (c) => c.notNull())
          .addColumn('state', 'text', (c) => c.notNull())
          .addColumn('reason', 'text')
          .addColumn('resource_usage', 'text', (c) => c.notNull())
          .addColumn('run_ms', 'bigint', (c) => c.notNull())
          .addColumn('total_ms', 'bigint', (c) => c.notNull())
          .addColumn('result_rows', 'bigint', (c) => c.notNull())
          .addColumn('result_bytes', 'bigint', (c) => c.notNull())
          .addColumn('rows_read', 'bigint', (c) => c.notNull())
          .addColumn('peak_memory_bytes', 'bigint', (c) => c.notNull())
          .addColumn('tables', sql`text[]`, (c) => c.notNull())
          .addPrimaryKeyConstraint('hunting_history_pkey', ['tenant_id', 'id']),
      );
      await db.schema.createIndex('hunting_history_age').on('hunting_history').column('time').execute();
      await db.schema
        .createIndex('hunting_history_of_actor')
        .on('hunting_history')
        .columns(['tenant_id', 'actor_id', 'id'])
        .execute();

      await tenantTable(db, 'hunting_folders', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull().defaultTo(sql`gen_random_uuid()`))
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('shared', 'boolean', (c) => c.notNull())
          .addColumn('owner_id', 'text', (c) => c.notNull())
          .addColumn('owner_name', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('hunting_folders_pkey', ['tenant_id', 'id']),
      );
      await tenantTable(db, 'hunting_saved_queries', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull().defaultTo(sql`gen_random_uuid()`))
          .addColumn('folder_id', 'uuid')
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('description', 'text', (c) => c.notNull())
          .addColumn('query', 'text', (c) => c.notNull())
          .addColumn('shared', 'boolean', (c) => c.notNull())
          .addColumn('owner_id', 'text', (c) => c.notNull())
          .addColumn('owner_name', 'text', (c) => c.notNull())
          .addColumn('changed_by', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('hunting_saved_queries_pkey', ['tenant_id', 'id'])
          .addForeignKeyConstraint(
            'hunting_saved_queries_folder',
            ['tenant_id', 'folder_id'] as never,
            'hunting_folders',
            ['tenant_id', 'id'],
          ),
      );
      // Names are unique where they are seen: among what is shared, or among what is one person's.
      for (const table of ['hunting_folders', 'hunting_saved_queries']) {
        const folder = table === 'hunting_folders' ? sql`` : sql`, coalesce(folder_id::text, '')`;
        const index = (kind: string) => sql.id(`${table}_${kind}_name`);
        await sql`create unique index ${index('shared')} on ${sql.table(table)} (tenant_id, lower(name)${folder}) where shared`.execute(
          db,
        );
        await sql`create unique index ${index('own')} on ${sql.table(table)} (tenant_id, owner_id, lower(name)${folder}) where not shared`.execute(
          db,
        );
      }
    },
  },
];
