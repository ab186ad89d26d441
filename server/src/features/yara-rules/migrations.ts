import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';

export const yaraRulesMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-yara-rules-1',
    async up(db) {
      await tenantTable(db, 'yara_rules', (table) =>
        table
          .addColumn('id', 'text', (c) => c.notNull())
          .addColumn('text', 'text', (c) => c.notNull())
          .addColumn('rules', sql`text[]`, (c) => c.notNull())
          // Empty: every device.
          .addColumn('device_groups', sql`integer[]`, (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_by', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint('yara_rules_pkey', ['tenant_id', 'id']),
      );
    },
  },
];
