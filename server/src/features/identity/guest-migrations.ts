import { type Migration, tenantTable } from '@merlon/state-store';

export const guestMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-identity-guests-1',
    async up(db) {
      // After it an account counts no more. Null: no end.
      await db.schema.alterTable('users').addColumn('ends_at', 'timestamptz').execute();
      // People of other tenants who may act in this one; `user_id` is who they are here.
      await tenantTable(db, 'guests', (table) =>
        table
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('home_tenant_id', 'uuid', (c) => c.notNull())
          // Null until accepted: who is invited is known by name.
          .addColumn('home_user_id', 'uuid')
          .addColumn('home_name', 'text', (c) => c.notNull())
          .addColumn('status', 'text', (c) => c.notNull())
          .addColumn('invited_by', 'text', (c) => c.notNull())
          .addColumn('invited_at', 'timestamptz', (c) => c.notNull())
          .addColumn('accepted_at', 'timestamptz')
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addColumn('ended_at', 'timestamptz')
          .addPrimaryKeyConstraint('guests_pkey', ['tenant_id', 'user_id'])
          .addUniqueConstraint('guests_once', ['tenant_id', 'home_tenant_id', 'home_name']),
      );
      // Who came to know a secret, or brought the key of a certificate, and until when it works.
      await tenantTable(db, 'app_holders', (table) =>
        table
          .addColumn('credential_id', 'uuid', (c) => c.notNull())
          .addColumn('client_id', 'uuid', (c) => c.notNull())
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('since', 'timestamptz', (c) => c.notNull())
          .addColumn('until', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('app_holders_pkey', ['tenant_id', 'credential_id', 'user_id']),
      );
      await db.schema.createIndex('app_holders_by_client').on('app_holders').column('client_id').execute();
    },
  },
];
