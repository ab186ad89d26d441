import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const collectorsMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-collectors-1',
    async up(db) {
      await tenantTable(db, 'collectors', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('hash', 'text', (c) => c.notNull())
          .addColumn('hint', 'text', (c) => c.notNull())
          // Empty: any host.
          .addColumn('hosts', sql`text[]`, (c) => c.notNull())
          // Empty: any device group.
          .addColumn('device_groups', sql`integer[]`, (c) => c.notNull())
          .addColumn('created_by', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addColumn('revoked_at', 'timestamptz')
          .addPrimaryKeyConstraint('collectors_pkey', ['tenant_id', 'id']),
      );
      await db.schema.createIndex('collectors_by_hash').on('collectors').column('hash').unique().execute();
      await tenantTable(db, 'collector_counts', (table) =>
        table
          .addColumn('collector_id', 'uuid', (c) => c.notNull())
          .addColumn('source', 'text', (c) => c.notNull())
          .addColumn('event_id', 'text', (c) => c.notNull())
          .addColumn('fate', 'text', (c) => c.notNull())
          .addColumn('reason', 'text', (c) => c.notNull())
          .addColumn('events', 'bigint', (c) => c.notNull())
          .addColumn('last_at', 'timestamptz', (c) => c.notNull())
          .addColumn('last_host', 'text')
          .addPrimaryKeyConstraint('collector_counts_pkey', [
            'tenant_id',
            'collector_id',
            'source',
            'event_id',
            'fate',
            'reason',
          ]),
      );
    },
  },
];
