import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const onboardingMigrations: readonly Migration[] = [
  {
    name: '2026-11-24-onboarding-1',
    async up(db) {
      await db.schema
        .createTable('command_keys')
        .addColumn('id', 'smallint', (c) => c.primaryKey())
        .addColumn('private_key_pem', 'text', (c) => c.notNull())
        .addColumn('created_at', 'timestamptz', (c) => c.notNull())
        .execute();
      await tenantTable(db, 'onboarding_packages', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull().primaryKey())
          .addColumn('os', 'text', (c) => c.notNull())
          .addColumn('tool', 'text', (c) => c.notNull())
          .addColumn('tag', 'text')
          .addColumn('server_url', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull()),
      );
    },
  },
  {
    name: '2026-11-25-onboarding-2-campaigns',
    async up(db) {
      await db.schema
        .alterTable('onboarding_packages')
        .addColumn('name', 'text', (c) => c.notNull().defaultTo(''))
        .addColumn('kind', 'text', (c) => c.notNull().defaultTo('onboarding'))
        .addColumn('proxy_url', 'text')
        .addColumn('agents', 'jsonb', (c) => c.notNull().defaultTo(sql`'{}'::jsonb`))
        .addColumn('created_by', 'text', (c) => c.notNull().defaultTo(''))
        .addColumn('revoked_at', 'timestamptz')
        .addColumn('revoked_by', 'text')
        .execute();
      await tenantTable(db, 'onboarding_reports', (table) =>
        table
          .addColumn('package_id', 'uuid', (c) => c.notNull().references('onboarding_packages.id'))
          .addColumn('name_key', 'text', (c) => c.notNull())
          .addColumn('computer_name', 'text', (c) => c.notNull())
          .addColumn('stage', 'text', (c) => c.notNull())
          .addColumn('code', 'bigint', (c) => c.notNull())
          .addColumn('detail', 'text', (c) => c.notNull())
          .addColumn('os', 'text', (c) => c.notNull())
          .addColumn('external_ip', 'text', (c) => c.notNull())
          .addColumn('at', 'timestamptz', (c) => c.notNull())
          .addColumn('count', 'integer', (c) => c.notNull().defaultTo(1))
          .addPrimaryKeyConstraint('onboarding_reports_pkey', ['package_id', 'name_key']),
      );
    },
  },
];
