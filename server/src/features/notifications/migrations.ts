import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const notificationsMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-notifications-1-rules',
    async up(db) {
      await tenantTable(db, 'notification_rules', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('enabled', 'boolean', (c) => c.notNull())
          .addColumn('kind', 'text', (c) => c.notNull())
          .addColumn('content', 'jsonb', (c) => c.notNull())
          .addColumn('sealed', 'text')
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          // To the millisecond, as the times of alerts it is compared with.
          .addColumn('seen_to', sql`timestamptz(3)`, (c) => c.notNull())
          .addColumn('outbox', 'jsonb', (c) => c.notNull())
          // Which server sends: the others leave the rule alone until then.
          .addColumn('leased_until', 'timestamptz')
          .addColumn('sent_messages', 'bigint', (c) => c.notNull().defaultTo(0))
          .addColumn('sent_alerts', 'bigint', (c) => c.notNull().defaultTo(0))
          .addColumn('given_up_alerts', 'bigint', (c) => c.notNull().defaultTo(0))
          .addColumn('last_success', 'timestamptz')
          .addColumn('last_error', 'jsonb')
          .addPrimaryKeyConstraint('notification_rules_pkey', ['tenant_id', 'id']),
      );
      await sql`create unique index notification_rules_name on notification_rules (tenant_id, lower(name))`.execute(
        db,
      );
    },
  },
];
