import { type Migration, tenantTable } from '@merlon/state-store';

export const detectionMigrations: readonly Migration[] = [
  {
    name: '2026-11-24-detection-1',
    async up(db) {
      await tenantTable(db, 'detection_rules', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('title', 'text', (c) => c.notNull())
          .addColumn('level', 'text', (c) => c.notNull())
          .addColumn('file', 'text')
          .addColumn('source', 'text', (c) => c.notNull())
          .addColumn('imported_by', 'text', (c) => c.notNull())
          .addColumn('imported_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('detection_rules_pkey', ['tenant_id', 'id']),
      );
      // Builtin rules have no row of their own; a rule of either kind runs unless it is named here.
      await tenantTable(db, 'detection_rules_off', (table) =>
        table
          .addColumn('rule_id', 'uuid', (c) => c.notNull())
          .addColumn('switched_by', 'text', (c) => c.notNull())
          .addColumn('switched_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('detection_rules_off_pkey', ['tenant_id', 'rule_id']),
      );
    },
  },
];
