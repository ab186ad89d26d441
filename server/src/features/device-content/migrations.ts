import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const deviceContentMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-device-content-1',
    async up(db) {
      await tenantTable(db, 'content_topics', (table) =>
        table
          .addColumn('topic', 'text', (c) => c.notNull())
          // Counts the changes of the topic; what a device holds is of one of them.
          .addColumn('version', 'bigint', (c) => c.notNull())
          // What was removed up to here is forgotten: a device that is behind gets all there is.
          .addColumn('forgotten', 'bigint', (c) => c.notNull().defaultTo(0))
          .addPrimaryKeyConstraint('content_topics_pkey', ['tenant_id', 'topic']),
      );
      await tenantTable(db, 'content_items', (table) =>
        table
          .addColumn('topic', 'text', (c) => c.notNull())
          .addColumn('id', 'text', (c) => c.notNull())
          .addColumn('version', 'bigint', (c) => c.notNull())
          // Whose devices it is for now; empty: all.
          .addColumn('scopes', sql`text[]`, (c) => c.notNull())
          // Whose devices may hold it, or have held it; '*': any.
          .addColumn('reach', sql`text[]`, (c) => c.notNull())
          // Null: it was removed.
          .addColumn('item', 'jsonb')
          .addColumn('expires_at', 'timestamptz')
          .addColumn('changed_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('content_items_pkey', ['tenant_id', 'topic', 'id']),
      );
      await sql`create index content_items_changed on content_items (tenant_id, topic, version)`.execute(db);
      await sql`create index content_items_removed on content_items (changed_at) where item is null`.execute(
        db,
      );
      await sql`create index content_items_expiring on content_items (expires_at) where expires_at is not null`.execute(
        db,
      );
      await tenantTable(db, 'content_heads', (table) =>
        table
          .addColumn('topic', 'text', (c) => c.notNull())
          // '*': what is for all devices.
          .addColumn('scope', 'text', (c) => c.notNull())
          // The newest change that concerns it.
          .addColumn('version', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('content_heads_pkey', ['tenant_id', 'topic', 'scope']),
      );
    },
  },
];
