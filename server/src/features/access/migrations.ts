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
  {
    name: '2026-11-25-access-1',
    async up(db) {
      await tenantTable(db, 'user_groups', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('description', 'text', (c) => c.notNull())
          // Where it is kept: `local`, or whoever provisions it.
          .addColumn('source', 'text', (c) => c.notNull().defaultTo('local'))
          // The name the source has for it.
          .addColumn('external_id', 'text')
          .addPrimaryKeyConstraint('user_groups_pkey', ['tenant_id', 'id']),
      );
      await sql`create unique index user_groups_name on user_groups (tenant_id, lower(name))`.execute(db);
      await sql`create unique index user_groups_external on user_groups (tenant_id, source, external_id) where external_id is not null`.execute(
        db,
      );
      const ofGroup = ['tenant_id', 'group_id'] as const;
      await tenantTable(db, 'user_group_members', (table) =>
        table
          .addColumn('group_id', 'uuid', (c) => c.notNull())
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addPrimaryKeyConstraint('user_group_members_pkey', ['tenant_id', 'group_id', 'user_id'])
          .addForeignKeyConstraint(
            'user_group_members_group',
            [...ofGroup],
            'user_groups',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );
      await sql`create index user_group_members_by_user on user_group_members (tenant_id, user_id)`.execute(
        db,
      );
      await tenantTable(db, 'user_group_roles', (table) =>
        table
          .addColumn('group_id', 'uuid', (c) => c.notNull())
          .addColumn('role_id', 'uuid', (c) => c.notNull())
          .addPrimaryKeyConstraint('user_group_roles_pkey', ['tenant_id', 'group_id', 'role_id'])
          .addForeignKeyConstraint(
            'user_group_roles_group',
            [...ofGroup],
            'user_groups',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          )
          .addForeignKeyConstraint(
            'user_group_roles_role',
            ['tenant_id', 'role_id'],
            'roles',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );
      // A role for some hours, with a reason; it ends by itself.
      await tenantTable(db, 'role_elevations', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('user_id', 'uuid', (c) => c.notNull())
          .addColumn('role_id', 'uuid', (c) => c.notNull())
          .addColumn('reason', 'text', (c) => c.notNull())
          .addColumn('granted_by', 'text', (c) => c.notNull())
          .addColumn('granted_at', 'timestamptz', (c) => c.notNull())
          .addColumn('ends_at', 'timestamptz', (c) => c.notNull())
          .addColumn('ended_by', 'text')
          .addPrimaryKeyConstraint('role_elevations_pkey', ['tenant_id', 'id'])
          .addForeignKeyConstraint(
            'role_elevations_role',
            ['tenant_id', 'role_id'],
            'roles',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );
      await sql`create index role_elevations_by_user on role_elevations (tenant_id, user_id, ends_at)`.execute(
        db,
      );
      // `basic` until the one-way switch to `rbac`.
      await tenantTable(db, 'access_settings', (table) =>
        table
          .addColumn('mode', 'text', (c) => c.notNull())
          .addColumn('switched_at', 'timestamptz')
          .addPrimaryKeyConstraint('access_settings_pkey', ['tenant_id']),
      );

      // Nobody holds a role alone any more: each role that somebody holds gets a group of its name.
      await sql`insert into user_groups (tenant_id, id, name, description)
        select r.tenant_id, gen_random_uuid(), r.name, r.description from roles r
        where exists (select 1 from user_roles u where u.tenant_id = r.tenant_id and u.role_id = r.id)`.execute(
        db,
      );
      await sql`insert into user_group_roles (tenant_id, group_id, role_id)
        select r.tenant_id, g.id, r.id from roles r join user_groups g on g.tenant_id = r.tenant_id and g.name = r.name`.execute(
        db,
      );
      await sql`insert into user_group_members (tenant_id, group_id, user_id)
        select u.tenant_id, g.group_id, u.user_id from user_roles u
        join user_group_roles g on g.tenant_id = u.tenant_id and g.role_id = u.role_id`.execute(db);
      await db.schema.dropTable('user_roles').execute();
      await sql`alter table roles add column kind text`.execute(db);
      await sql`update roles set kind = case when built_in then 'administrator' else 'custom' end`.execute(
        db,
      );
      await sql`alter table roles alter column kind set not null, drop column built_in`.execute(db);
      await sql`insert into roles (tenant_id, id, name, description, permissions, kind)
        select tenant_id, gen_random_uuid(), 'Merlon reader (default)', 'Sees everything and changes nothing; counts until roles are switched on.',
          array['ViewData.SecurityOperations', 'ViewData.Tvm'], 'reader'
        from roles where kind = 'administrator'`.execute(db);
      await sql`insert into access_settings (tenant_id, mode) select tenant_id, 'basic' from roles where kind = 'administrator'`.execute(
        db,
      );
    },
  },
];
