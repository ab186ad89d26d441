import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const federationMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-federation-1',
    async up(db) {
      await tenantTable(db, 'identity_providers', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('issuer', 'text', (c) => c.notNull())
          .addColumn('api_audience', 'text')
          .addColumn('settings', 'jsonb', (c) => c.notNull())
          .addColumn('discovered', 'jsonb', (c) => c.notNull())
          .addColumn('sealed_secret', 'text')
          .addColumn('enabled', 'boolean', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('identity_providers_pkey', ['tenant_id', 'id']),
      );
      await sql`create unique index identity_providers_name on identity_providers (tenant_id, lower(name))`.execute(
        db,
      );
      // Across tenants, so that a token never has a choice of tenants.
      await sql`create unique index identity_providers_audience on identity_providers (issuer, api_audience) where api_audience is not null`.execute(
        db,
      );
      await tenantTable(db, 'federated_accounts', (table) =>
        table
          .addColumn('issuer', 'text', (c) => c.notNull())
          .addColumn('subject', 'text', (c) => c.notNull())
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('linked_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('federated_accounts_pkey', ['tenant_id', 'issuer', 'subject']),
      );
    },
  },
];
