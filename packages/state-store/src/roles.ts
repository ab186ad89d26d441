/**
 * Three roles. The login owns nothing that work is done with; each transaction takes on one of the two working roles. The tenant role sees
 * rows of the tenant named by the setting; the system role sees all. Neither owns a table or may change a policy.
 */
import { type Kysely, sql } from 'kysely';

export const ROLES = { tenant: 'merlon_tenant', system: 'merlon_system' } as const;
/** Names the tenant at work, for one transaction. */
export const SETTING = 'merlon.tenant';

// biome-ignore lint/suspicious/noExplicitAny: runs before any schema exists
export async function ensureRoles(db: Kysely<any>): Promise<void> {
  for (const role of Object.values(ROLES)) {
    await sql`do $$ begin
      if not exists (select from pg_roles where rolname = ${sql.lit(role)}) then
        create role ${sql.id(role)} nologin nosuperuser nobypassrls;
      end if;
    end $$`.execute(db);
    await sql`grant ${sql.id(role)} to current_user`.execute(db);
  }
}

/** Existing and future tables of the schema are open to both roles; what rows they see is for the policies. */
// biome-ignore lint/suspicious/noExplicitAny: runs on whatever tables there are
export async function grantTables(db: Kysely<any>): Promise<void> {
  const { tenant, system } = ROLES;
  await sql`grant usage on schema public to ${sql.id(tenant)}, ${sql.id(system)}`.execute(db);
  await sql`grant select, insert, update, delete on all tables in schema public to ${sql.id(system)}`.execute(
    db,
  );
  await sql`grant usage, select on all sequences in schema public to ${sql.id(tenant)}, ${sql.id(system)}`.execute(
    db,
  );
  // The tenant role gets only tables that have policies: a table without tenants is the platform's own.
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relrowsecurity`.execute(db);
  for (const { name } of rows) {
    await sql`grant select, insert, update, delete on ${sql.table(name)} to ${sql.id(tenant)}`.execute(db);
  }
}
