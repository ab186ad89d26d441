/** Tables of the live response library. */
import { type Migration, tenantTable } from '@merlon/state-store';
import { type ColumnType, sql } from 'kysely';

type Tenant = ColumnType<string, string | undefined, never>;

export interface LibraryDb {
  library_files: {
    tenant_id: Tenant;
    /** The name in lower case: two that differ in case alone would be one file on some devices. */
    key: string;
    file_name: string;
    sha256: string;
    size: number;
    description: string | null;
    parameters_description: string | null;
    has_parameters: boolean;
    created_by: string;
    created_at: Date;
    updated_at: Date;
  };
  /** By hash: an order that names a file gets that file, though it was replaced or deleted since. */
  library_contents: {
    tenant_id: Tenant;
    sha256: string;
    content: Buffer;
    /** When a name last led to it, as far as known. */
    used_at: Date;
  };
}

export const libraryMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-live-response-1-library',
    async up(db) {
      await tenantTable(db, 'library_files', (table) =>
        table
          .addColumn('key', 'text', (c) => c.notNull())
          .addColumn('file_name', 'text', (c) => c.notNull())
          .addColumn('sha256', 'char(64)', (c) => c.notNull())
          .addColumn('size', 'integer', (c) => c.notNull())
          .addColumn('description', 'text')
          .addColumn('parameters_description', 'text')
          .addColumn('has_parameters', 'boolean', (c) => c.notNull())
          .addColumn('created_by', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('library_files_pkey', ['tenant_id', 'key']),
      );
      await tenantTable(db, 'library_contents', (table) =>
        table
          .addColumn('sha256', 'char(64)', (c) => c.notNull())
          .addColumn('content', 'bytea', (c) => c.notNull())
          .addColumn('used_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('library_contents_pkey', ['tenant_id', 'sha256']),
      );
      await sql`alter table library_contents alter column content set storage external`.execute(db);
    },
  },
];
