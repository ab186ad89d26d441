import { deviceScope, type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const deviceGroupsMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-device-groups-1',
    async up(db) {
      await tenantTable(db, 'device_groups', (table) =>
        table
          // 0 is the group of the devices that no other took; it comes with the first group.
          .addColumn('id', 'integer', (c) => c.notNull().generatedByDefaultAsIdentity())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('description', 'text', (c) => c.notNull())
          .addColumn('rank', 'integer')
          .addColumn('remediation_level', 'text', (c) => c.notNull())
          .addColumn('conditions', 'jsonb', (c) => c.notNull())
          .addPrimaryKeyConstraint('device_groups_pkey', ['tenant_id', 'id']),
      );
      await sql`create unique index device_groups_name on device_groups (tenant_id, lower(name))`.execute(db);
      await tenantTable(db, 'device_group_access', (table) =>
        table
          .addColumn('device_group_id', 'integer', (c) => c.notNull())
          .addColumn('user_group_id', 'uuid', (c) => c.notNull())
          .addPrimaryKeyConstraint('device_group_access_pkey', [
            'tenant_id',
            'device_group_id',
            'user_group_id',
          ])
          .addForeignKeyConstraint(
            'device_group_access_group',
            ['tenant_id', 'device_group_id'],
            'device_groups',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          )
          .addForeignKeyConstraint(
            'device_group_access_users',
            ['tenant_id', 'user_group_id'],
            'user_groups',
            ['tenant_id', 'id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );

      await db.schema
        .alterTable('devices')
        .addColumn('rbac_group_id', 'integer', (c) => c.notNull().defaultTo(0))
        // The event store does not know this device's group yet.
        .addColumn('scope_pending', 'boolean', (c) => c.notNull().defaultTo(true))
        .execute();
      await sql`create index devices_by_group on devices (tenant_id, rbac_group_id, last_seen, id)`.execute(
        db,
      );
      // With the group in it, the index alone tells which of the newest devices are in sight.
      await db.schema.dropIndex('devices_by_last_seen').execute();
      await sql`create index devices_by_last_seen on devices (tenant_id, last_seen, id, rbac_group_id)`.execute(
        db,
      );
      await sql`create index devices_scope_pending on devices (tenant_id, id) where scope_pending`.execute(
        db,
      );

      await deviceScope(db, 'devices', { group: 'rbac_group_id' });
      await deviceScope(db, 'machine_actions', { device: 'machine_id' });
      await deviceScope(db, 'alerts', { device: 'machine_id' });
      for (const part of ['alert_events', 'alert_evidence', 'alert_comments'])
        await deviceScope(db, part, { parent: 'alerts', key: 'alert_id' });
    },
  },
];
