import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const siemMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-siem-1-connectors',
    async up(db) {
      await tenantTable(db, 'siem_integrations', (table) =>
        table
          .addColumn('client_id', 'uuid', (c) => c.notNull())
          .addColumn('enabled_by', 'text', (c) => c.notNull())
          .addColumn('enabled_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('siem_integrations_pkey', ['tenant_id']),
      );
      // Programs of other tenants that may read detections of this one.
      await tenantTable(db, 'siem_readers', (table) =>
        table
          .addColumn('client_id', 'uuid', (c) => c.notNull())
          .addColumn('home_tenant_id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          // What it was given with it, and loses with it.
          .addColumn('permissions', sql`text[]`, (c) => c.notNull())
          .addColumn('delegated', sql`text[]`, (c) => c.notNull())
          .addColumn('authorised_by', 'text', (c) => c.notNull())
          .addColumn('authorised_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('siem_readers_pkey', ['tenant_id', 'client_id']),
      );
    },
  },
];
