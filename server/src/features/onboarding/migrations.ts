import { type Migration, tenantTable } from '@merlon/state-store';

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
];
