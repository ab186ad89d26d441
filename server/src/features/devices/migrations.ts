import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const devicesMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-devices-7-standing',
    async up(db) {
      await db.schema
        .alterTable('devices')
        .addColumn('last_enrolled', sql`timestamptz(3)`, (c) => c.notNull().defaultTo(sql`now()`))
        .addColumn('first_signal', sql`timestamptz(3)`)
        .addColumn('last_channel', sql`timestamptz(3)`)
        .addColumn('last_data', sql`timestamptz(3)`)
        .addColumn('merged_at', sql`timestamptz(3)`)
        .execute();
      // Nothing is known of how those spoke until now: they begin in good health.
      await sql`update devices set last_enrolled = onboarded_at, first_signal = onboarded_at, last_channel = last_seen, last_data = last_seen`.execute(
        db,
      );
      await db.schema
        .createIndex('devices_by_package')
        .on('devices')
        .columns(['tenant_id', 'package_id'])
        .execute();
    },
  },
  {
    name: '2026-11-25-devices-6-signed-in',
    async up(db) {
      await db.schema
        .alterTable('devices')
        .addColumn('signed_in', 'jsonb', (c) => c.notNull().defaultTo(sql`'[]'::jsonb`))
        .execute();
    },
  },
  {
    name: '2026-11-24-devices-1',
    async up(db) {
      await tenantTable(db, 'devices', (table) =>
        table
          .addColumn('id', 'char(40)', (c) => c.notNull())
          .addColumn('public_key_x', 'text', (c) => c.notNull())
          .addColumn('state', 'text', (c) => c.notNull().defaultTo('Onboarded'))
          .addColumn('package_id', 'uuid')
          .addColumn('onboarded_at', 'timestamptz', (c) => c.notNull())
          .addColumn('first_seen', 'timestamptz', (c) => c.notNull())
          .addColumn('last_seen', 'timestamptz', (c) => c.notNull())
          .addColumn('computer_name', 'text', (c) => c.notNull())
          .addColumn('os_platform', 'text', (c) => c.notNull())
          .addColumn('os_distribution', 'text')
          .addColumn('os_version', 'text', (c) => c.notNull())
          .addColumn('os_build', 'bigint')
          .addColumn('os_architecture', 'text', (c) => c.notNull())
          .addColumn('os_processor', 'text', (c) => c.notNull())
          .addColumn('agent_version', 'text', (c) => c.notNull())
          .addColumn('hardware_fingerprint', 'text')
          .addColumn('last_ip', 'text')
          .addColumn('last_external_ip', 'text')
          .addColumn('ip_addresses', 'jsonb', (c) => c.notNull().defaultTo(sql`'[]'::jsonb`))
          .addColumn('is_aad_joined', 'boolean')
          .addColumn('aad_device_id', 'text')
          .addColumn('device_tag', 'text')
          .addColumn('manual_tags', sql`text[]`, (c) => c.notNull().defaultTo(sql`'{}'::text[]`))
          .addColumn('device_value', 'text', (c) => c.notNull().defaultTo('Normal'))
          .addColumn('risk_score', 'text', (c) => c.notNull().defaultTo('None'))
          .addColumn('health', 'jsonb')
          .addColumn('sensor_data', 'boolean', (c) => c.notNull().defaultTo(true))
          .addPrimaryKeyConstraint('devices_pkey', ['tenant_id', 'id']),
      );
      await db.schema.createIndex('devices_by_id').on('devices').column('id').unique().execute();
      await db.schema
        .createIndex('devices_by_name')
        .on('devices')
        .columns(['tenant_id', 'computer_name'])
        .execute();
      await db.schema
        .createIndex('devices_by_last_seen')
        .on('devices')
        .columns(['tenant_id', 'last_seen', 'id'])
        .execute();
    },
  },
  {
    name: '2026-11-25-devices-2',
    async up(db) {
      await db.schema
        .alterTable('devices')
        .addColumn('merged_into', 'text')
        .addColumn('is_excluded', 'boolean', (c) => c.notNull().defaultTo(false))
        .addColumn('exclusion_reason', 'text')
        .addColumn('exposure_level', 'text')
        .addColumn('model', 'text')
        .addColumn('host_device_id', 'text')
        .addColumn('virtual_machine', 'jsonb')
        .execute();
      await db.schema
        .createIndex('devices_by_fingerprint')
        .on('devices')
        .columns(['tenant_id', 'hardware_fingerprint'])
        .execute();
    },
  },
  {
    name: '2026-11-25-devices-3-times',
    async up(db) {
      // What the wire shows is what is compared: a client that goes on from the last time it saw would else see that row again.
      await sql`alter table devices alter column first_seen type timestamptz(3), alter column last_seen type timestamptz(3)`.execute(
        db,
      );
    },
  },
  {
    name: '2026-11-25-devices-4-orders',
    async up(db) {
      await db.schema.alterTable('devices').addColumn('carries_out', sql`text[]`).execute();
    },
  },
  {
    name: '2026-11-25-devices-5-name-key',
    async up(db) {
      // An index on lower(…) would not serve: under row-level security a condition with a function in it is tried after the policies.
      await sql`alter table devices add column name_key text generated always as (lower(computer_name)) stored`.execute(
        db,
      );
      await db.schema
        .createIndex('devices_by_name_key')
        .on('devices')
        .columns(['tenant_id', 'name_key', 'last_seen'])
        .execute();
    },
  },
  {
    name: '2026-11-25-devices-8-discovered',
    async up(db) {
      // A device that only collectors tell of has no key.
      await sql`alter table devices alter column public_key_x drop not null`.execute(db);
      await db.schema.alterTable('devices').addColumn('discovered_by', 'text').execute();
    },
  },
];
