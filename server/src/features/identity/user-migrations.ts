import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const userMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-identity-users-1',
    async up(db) {
      const ofUser = ['tenant_id', 'user_id'] as const;
      await tenantTable(db, 'user_totp', (table) =>
        table
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('secret', 'bytea', (c) => c.notNull())
          // Null until a code showed that the app has the secret.
          .addColumn('confirmed_at', 'timestamptz')
          // Of the last code taken: none of it or before counts again.
          .addColumn('last_step', 'bigint', (c) => c.notNull().defaultTo(0))
          .addColumn('failures', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('locked_until', 'timestamptz')
          .addPrimaryKeyConstraint('user_totp_pkey', [...ofUser])
          .addForeignKeyConstraint('user_totp_user', [...ofUser], 'users', ['tenant_id', 'id'], (fk) =>
            fk.onDelete('cascade'),
          ),
      );
      await tenantTable(db, 'user_recovery_codes', (table) =>
        table
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('hash', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint('user_recovery_codes_pkey', [...ofUser, 'hash'])
          .addForeignKeyConstraint(
            'user_recovery_codes_user',
            [...ofUser],
            'users',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );
      // Who must sign in with a code: everybody, or the members of some user groups. No row: nobody must.
      await tenantTable(db, 'totp_policies', (table) =>
        table
          .addColumn('everybody', 'boolean', (c) => c.notNull())
          .addColumn('user_groups', sql`uuid[]`, (c) => c.notNull())
          .addPrimaryKeyConstraint('totp_policies_pkey', ['tenant_id']),
      );
    },
  },
];
