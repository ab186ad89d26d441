/**
 * Three roles do all work; none owns a table or may change a policy. The tenant role sees rows of the tenant named by the setting; the scoped role is one
 * of its members and of rows about devices sees only those of the device groups named by another setting; the system role sees all. The login of the embedded server has no rights but to become one of them, for one transaction. On another server the login is
 * the one of its address, which also owns the tables.
 */
import { type Kysely, sql } from 'kysely';

export const ROLES = { tenant: 'merlon_tenant', scoped: 'merlon_scoped', system: 'merlon_system' } as const;
/** Names the tenant at work, for one transaction. */
export const SETTING = 'merlon.tenant';
/** The device groups whose devices the scoped role may see, as an array of PostgreSQL: `{1,2}`. */
export const GROUPS_SETTING = 'merlon.device_groups';
/** The embedded server's login for work. */
export const LOGIN = 'merlon_app';

// biome-ignore lint/suspicious/noExplicitAny: runs before any schema exists
type Db = Kysely<any>;

/** `login`: who takes the roles on, besides whoever makes them. */
export async function ensureRoles(db: Db, login: string | null): Promise<void> {
  for (const role of Object.values(ROLES)) {
    // Roles are the whole server's: another database's Merlon may make them at the same moment.
    await sql`do $$ begin
      create role ${sql.id(role)} nologin nosuperuser nobypassrls;
    exception when duplicate_object or unique_violation or insufficient_privilege then null;
    end $$`.execute(db);
    // An administrator may have made the roles and granted them: then there is nothing to do, and no right to. What is missing is told later.
    await sql`do $$ begin
      grant ${sql.id(role)} to current_user;
    exception when insufficient_privilege or undefined_object then null;
    end $$`.execute(db);
    if (login !== null) await sql`grant ${sql.id(role)} to ${sql.id(login)}`.execute(db);
  }
  // With it come the tenant role's rights and policies.
  await sql`do $$ begin
    grant ${sql.id(ROLES.tenant)} to ${sql.id(ROLES.scoped)} with inherit true;
  exception when insufficient_privilege then null;
  end $$`.execute(db);
}

/** Existing and future tables of the schema are open to both roles; what rows they see is for the policies. */
export async function grantTables(db: Db): Promise<void> {
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
    where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relrowsecurity and c.relforcerowsecurity`.execute(
    db,
  );
  for (const { name } of rows) {
    await sql`grant select, insert, update, delete on ${sql.table(name)} to ${sql.id(tenant)}`.execute(db);
  }
}

/** Whether the login could see past row-level security by itself, and whether it may take the roles on. */
export async function inspectLogin(db: Db): Promise<{ name: string; unbound: boolean; lacks: string[] }> {
  const { rows } = await sql<{ name: string; unbound: boolean }>`
    select rolname as name, rolsuper or rolbypassrls as unbound from pg_roles where rolname = current_user`.execute(
    db,
  );
  const lacks: string[] = [];
  for (const role of Object.values(ROLES)) {
    await sql`set role ${sql.id(role)}`.execute(db).catch(() => lacks.push(role));
    await sql`reset role`.execute(db);
  }
  return { name: rows[0]?.name ?? '', unbound: rows[0]?.unbound ?? false, lacks };
}
