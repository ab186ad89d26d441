import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const provisioningMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-provisioning-1',
    async up(db) {
      await tenantTable(db, 'scim_tokens', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('hash', 'text', (c) => c.notNull())
          .addColumn('hint', 'text', (c) => c.notNull())
          .addColumn('created_by', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('scim_tokens_pkey', ['tenant_id', 'id'])
          .addUniqueConstraint('scim_tokens_hash', ['tenant_id', 'hash']),
      );
      // What the source says of a person; the account itself is identity's.
      await tenantTable(db, 'scim_users', (table) =>
        table
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('user_name', 'text', (c) => c.notNull())
          .addColumn('external_id', 'text')
          .addColumn('document', 'jsonb', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('changed_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('scim_users_pkey', ['tenant_id', 'user_id'])
          .addForeignKeyConstraint(
            'scim_users_user',
            ['tenant_id', 'user_id'],
            'users',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );
      await sql`create index scim_users_name on scim_users (tenant_id, lower(user_name))`.execute(db);
      await sql`create index scim_users_external on scim_users (tenant_id, external_id)`.execute(db);
      // The group itself, its name, its external id and its members are access's.
      await tenantTable(db, 'scim_groups', (table) =>
        table
          .addColumn('group_id', 'uuid', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('changed_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('scim_groups_pkey', ['tenant_id', 'group_id'])
          .addForeignKeyConstraint(
            'scim_groups_group',
            ['tenant_id', 'group_id'],
            'user_groups',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );
    },
  },
];
