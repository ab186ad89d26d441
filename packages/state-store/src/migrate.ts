/** Brings the schema to where this version of Merlon wants it. Safe when two servers start at once. */
import { type Kysely, sql } from 'kysely';
import { ensureRoles, grantTables, inspectLogin } from './roles.ts';
import type { Migration, StateStoreLog } from './store.ts';

/** Any number will do, as long as all servers use the same. */
const LOCK = 4_242_001;

/** The database was used by a newer version, whose schema this one cannot work with. */
export class UnknownMigrationError extends Error {
  override readonly name = 'UnknownMigrationError';
  readonly migration: string;
  constructor(migration: string) {
    super(
      `the database has migration "${migration}", which this version of Merlon does not know: it was used by a newer version. Run that one, or restore a backup.`,
    );
    this.migration = migration;
  }
}

/** The schema is as the last migration that succeeded left it. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

// biome-ignore lint/suspicious/noExplicitAny: the schema changes while this runs
type Db = Kysely<any>;

/** Returns the names of what it applied. `login`: who will work with the tables, besides their owner. */
export async function migrate(
  db: Db,
  migrations: readonly Migration[],
  options: { login: string | null; log: StateStoreLog },
): Promise<string[]> {
  const ordered = inOrder(migrations);
  return db.connection().execute(async (connection) => {
    await takeLock(connection, options.log);
    try {
      await ensureRoles(connection, options.login);
      await checkLogin(connection, options.login, options.log);
      await sql`create table if not exists merlon_migrations (name text primary key, applied_at timestamptz not null default now())`.execute(
        connection,
      );
      const { rows } = await sql<{ name: string }>`select name from merlon_migrations`.execute(connection);
      const done = new Set(rows.map((row) => row.name));
      refuseDowngrade(ordered, done, options.log);

      const pending = ordered.filter((migration) => !done.has(migration.name));
      for (const migration of pending) await apply(connection, migration);
      await grantTables(connection);
      return pending.map((migration) => migration.name);
    } finally {
      await sql`select pg_advisory_unlock(${LOCK})`.execute(connection);
    }
  });
}

function inOrder(migrations: readonly Migration[]): Migration[] {
  const ordered = [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = ordered.find((migration, i) => ordered[i + 1]?.name === migration.name);
  if (twice) throw new Error(`two migrations are named "${twice.name}"`);
  return ordered;
}

async function takeLock(db: Db, log: StateStoreLog): Promise<void> {
  const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_lock(${LOCK}) as taken`.execute(db);
  if (rows[0]?.taken) return;
  log.info({}, 'another server is bringing the database schema up to date; waiting for it');
  await sql`select pg_advisory_lock(${LOCK})`.execute(db);
}

async function checkLogin(db: Db, login: string | null, log: StateStoreLog): Promise<void> {
  const { name, unbound, lacks } = await inspectLogin(db);
  if (lacks.length > 0) {
    throw new Error(
      `the database user "${name}" may not work as ${lacks.join(' and ')}: give it CREATEROLE, or create the roles and grant them to it`,
    );
  }
  if (unbound && login === null) {
    log.warn(
      { user: name },
      'the database user is a superuser; give Merlon one of its own, with CREATEROLE and a database that it owns',
    );
  }
}

/** A name later than all known ones is a newer version's. An earlier one is of a feature that is no more. */
function refuseDowngrade(ordered: readonly Migration[], done: ReadonlySet<string>, log: StateStoreLog): void {
  const known = new Set(ordered.map((migration) => migration.name));
  const unknown = [...done].filter((name) => !known.has(name)).sort();
  const newest = ordered.at(-1)?.name ?? '';
  const newer = unknown.find((name) => name > newest);
  if (newer !== undefined) throw new UnknownMigrationError(newer);
  if (unknown.length > 0)
    log.warn({ migrations: unknown }, 'the database has tables of features that this version does not have');
}

async function apply(db: Db, { name, up }: Migration): Promise<void> {
  try {
    await db.transaction().execute(async (transaction) => {
      await up(transaction);
      await sql`insert into merlon_migrations (name) values (${name})`.execute(transaction);
    });
  } catch (error) {
    throw new MigrationError(`migration "${name}" failed and was undone: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
