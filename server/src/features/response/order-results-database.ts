/** Tables of what orders yielded and of the links to it. */
import { deviceScope, type Migration, tenantTable } from '@merlon/state-store';
import { type ColumnType, sql } from 'kysely';

type Tenant = ColumnType<string, string | undefined, never>;

export interface OrderResultsDb {
  order_results: {
    tenant_id: Tenant;
    id: string;
    /** Of a machine action or of a console session. */
    action_id: string;
    name: string;
    /** bigint arrives as text. */
    size: ColumnType<string, number, number>;
    sha256: string;
    /** Bytes kept so far; the next part begins there. */
    received: ColumnType<string, number, number>;
    created_at: Date;
    /** Null: not whole, or its hash was not checked yet. */
    completed_at: Date | null;
    expires_at: Date;
  };
  order_result_parts: {
    tenant_id: Tenant;
    result_id: string;
    start: ColumnType<string, number, never>;
    bytes: Buffer;
  };
  download_links: {
    tenant_id: Tenant;
    /** SHA-256 of the token in hex: who reads this table can use none of them. */
    token_hash: string;
    result_id: string;
    file_name: string;
    content_type: string;
    /** What `action_id` of its result is the id of. */
    target_kind: 'machineAction' | 'liveSession';
    /** Who asked for the link. */
    actor_kind: 'application' | 'user';
    actor_id: string;
    actor_name: string;
    expires_at: Date;
  };
}

export const orderResultMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-response-5-results',
    async up(db) {
      await tenantTable(db, 'order_results', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull().primaryKey())
          .addColumn('action_id', 'uuid', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('size', 'bigint', (c) => c.notNull())
          .addColumn('sha256', 'char(64)', (c) => c.notNull())
          .addColumn('received', 'bigint', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('completed_at', 'timestamptz')
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addUniqueConstraint('order_results_of_action', ['tenant_id', 'action_id', 'name']),
      );
      await db.schema
        .createIndex('order_results_expiry')
        .on('order_results')
        .columns(['expires_at'])
        .execute();
      await tenantTable(db, 'order_result_parts', (table) =>
        table
          .addColumn('result_id', 'uuid', (c) => c.notNull())
          .addColumn('start', 'bigint', (c) => c.notNull())
          .addColumn('bytes', 'bytea', (c) => c.notNull())
          .addPrimaryKeyConstraint('order_result_parts_pkey', ['result_id', 'start']),
      );
      // Packages are zips and files may be anything: trying to compress them costs more than it saves.
      await sql`alter table order_result_parts alter column bytes set storage external`.execute(db);
      await tenantTable(db, 'download_links', (table) =>
        table
          .addColumn('token_hash', 'char(64)', (c) => c.notNull().primaryKey())
          .addColumn('result_id', 'uuid', (c) => c.notNull())
          .addColumn('file_name', 'text', (c) => c.notNull())
          .addColumn('content_type', 'text', (c) => c.notNull())
          .addColumn('target_kind', 'text', (c) => c.notNull())
          .addColumn('actor_kind', 'text', (c) => c.notNull())
          .addColumn('actor_id', 'text', (c) => c.notNull())
          .addColumn('actor_name', 'text', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull()),
      );
      await deviceScope(db, 'order_results', { parent: 'machine_actions', key: 'action_id' });
      for (const part of ['order_result_parts', 'download_links'])
        await deviceScope(db, part, { parent: 'order_results', key: 'result_id' });
    },
  },
];
