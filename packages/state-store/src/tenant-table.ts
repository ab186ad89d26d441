/** How a table that belongs to tenants is made. */
import { type CreateTableBuilder, type Kysely, sql } from 'kysely';
import { ROLES, SETTING } from './roles.ts';

/**
 * Creates a table with `tenant_id uuid not null`, filled by itself with the tenant at work, and the policy that hides every other
 * tenant's rows from reading and refuses them in writing.
 */
export async function tenantTable(
  // biome-ignore lint/suspicious/noExplicitAny: the schema before this migration has no type
  db: Kysely<any>,
  name: string,
  build: (table: CreateTableBuilder<string, 'tenant_id'>) => CreateTableBuilder<string, string>,
): Promise<void> {
  const base = db.schema
    .createTable(name)
    .addColumn('tenant_id', 'uuid', (column) =>
      column.notNull().defaultTo(sql`nullif(current_setting(${sql.lit(SETTING)}, true), '')::uuid`),
    );
  await build(base).execute();
  const table = sql.table(name);
  await sql`alter table ${table} enable row level security`.execute(db);
  await sql`alter table ${table} force row level security`.execute(db);
  await sql`create policy tenant_rows on ${table} to ${sql.id(ROLES.tenant)}
    using (tenant_id = nullif(current_setting(${sql.lit(SETTING)}, true), '')::uuid)
    with check (tenant_id = nullif(current_setting(${sql.lit(SETTING)}, true), '')::uuid)`.execute(db);
  await sql`create policy all_rows on ${table} to ${sql.id(ROLES.system)} using (true) with check (true)`.execute(
    db,
  );
}
