import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const accessMigrations: readonly Migration[] = [
  {
    name: '2026-11-24-access-1',
    async up(db) {
      await tenantTable(db, 'roles', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('description', 'text', (c) => c.notNull())
          // Null: every portal permission there is, also ones that come later. Only the built-in administrator role.
          .addColumn('permissions', sql`text[]`)
          .addColumn('built_in', 'boolean', (c) => c.notNull())
          .addPrimaryKeyConstraint('roles_pkey', ['tenant_id', 'id'])
          .addUniqueConstraint('roles_name', ['tenant_id', 'name']),
      );
      await tenantTable(db, 'user_roles', (table) =>
        table
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('role_id', 'uuid', (c) => c.notNull())
          .addPrimaryKeyConstraint('user_roles_pkey', ['tenant_id', 'user_id', 'role_id'])
          .addForeignKeyConstraint(
            'user_roles_role',
            ['tenant_id', 'role_id'],
            'roles',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );
    },
  },
];
