import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const streamingMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-streaming-1-settings',
    async up(db) {
      await tenantTable(db, 'export_settings', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('enabled', 'boolean', (c) => c.notNull())
          .addColumn('revision', 'integer', (c) => c.notNull())
          .addColumn('kind', 'text', (c) => c.notNull())
          .addColumn('content', 'jsonb', (c) => c.notNull())
          .addColumn('sealed', 'text')
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('export_settings_pkey', ['tenant_id', 'id']),
      );
      await sql`create unique index export_settings_name on export_settings (tenant_id, lower(name))`.execute(
        db,
      );
      // A log begun anew counts its positions from one again, so each log has its own.
      await tenantTable(db, 'export_progress', (table) =>
        table
          .addColumn('setting_id', 'uuid', (c) => c.notNull())
          .addColumn('log', 'text', (c) => c.notNull())
          .addColumn('counted_to', 'bigint', (c) => c.notNull())
          .addColumn('delivered_rows', 'bigint', (c) => c.notNull())
          .addColumn('delivered_bytes', 'bigint', (c) => c.notNull())
          .addColumn('left_out_rows', 'bigint', (c) => c.notNull())
          .addColumn('refused_rows', 'bigint', (c) => c.notNull())
          .addColumn('dropped_rows', 'bigint', (c) => c.notNull())
          .addColumn('dropped_from', 'text')
          .addColumn('dropped_to', 'text')
          .addColumn('newest_delivered', 'text')
          .addColumn('last_success', 'timestamptz')
          .addPrimaryKeyConstraint('export_progress_pkey', ['tenant_id', 'setting_id', 'log'])
          .addForeignKeyConstraint(
            'export_progress_setting',
            ['tenant_id', 'setting_id'],
            'export_settings',
            ['tenant_id', 'id'],
            (key) => key.onDelete('cascade'),
          ),
      );
      await tenantTable(db, 'export_counts', (table) =>
        table
          .addColumn('setting_id', 'uuid', (c) => c.notNull())
          .addColumn('table_name', 'text', (c) => c.notNull())
          .addColumn('hour', 'timestamptz', (c) => c.notNull())
          .addColumn('delivered', 'bigint', (c) => c.notNull())
          .addColumn('left_out', 'bigint', (c) => c.notNull())
          .addColumn('refused', 'bigint', (c) => c.notNull())
          .addColumn('dropped', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('export_counts_pkey', ['tenant_id', 'setting_id', 'table_name', 'hour'])
          .addForeignKeyConstraint(
            'export_counts_setting',
            ['tenant_id', 'setting_id'],
            'export_settings',
            ['tenant_id', 'id'],
            (key) => key.onDelete('cascade'),
          ),
      );
      await tenantTable(db, 'export_replays', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('setting_id', 'uuid', (c) => c.notNull())
          .addColumn('from_time', 'text', (c) => c.notNull())
          .addColumn('to_time', 'text', (c) => c.notNull())
          .addColumn('state', 'text', (c) => c.notNull())
          /** What is done: a table and a receive time up to which it is. */
          .addColumn('place', 'jsonb')
          .addColumn('rows_total', 'bigint')
          .addColumn('rows_done', 'bigint', (c) => c.notNull())
          .addColumn('bytes', 'bigint', (c) => c.notNull())
          .addColumn('error', 'jsonb')
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('finished_at', 'timestamptz')
          .addPrimaryKeyConstraint('export_replays_pkey', ['tenant_id', 'id'])
          .addForeignKeyConstraint(
            'export_replays_setting',
            ['tenant_id', 'setting_id'],
            'export_settings',
            ['tenant_id', 'id'],
            (key) => key.onDelete('cascade'),
          ),
      );
    },
  },
];
