/** Brings the schema to where this version of Merlon wants it. Safe when two servers start at once. */
import { type Kysely, sql } from 'kysely';
import { ensureRoles, grantTables } from './roles.ts';
import type { Migration } from './store.ts';

/** Any number will do, as long as all servers use the same. */
const LOCK = 4_242_001;

export class UnknownMigrationError extends Error {
  override readonly name = 'UnknownMigrationError';
  constructor(migration: string) {
    super(
      `the database has migration "${migration}", which this version of Merlon does not know: it was used by a newer version. Run that one, or restore a backup.`,
    );
  }
}

interface Recorded {
  merlon_migrations: { name: string };
}

// biome-ignore lint/suspicious/noExplicitAny: the schema changes while this runs
export async function migrate(db: Kysely<any>, migrations: readonly Migration[]): Promise<string[]> {
  const ordered = [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = ordered.find((migration, i) => ordered[i + 1]?.name === migration.name);
  if (twice) throw new Error(`two migrations are named "${twice.name}"`);

  return db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${LOCK})`.execute(connection);
    try {
      await ensureRoles(connection);
      await sql`create table if not exists merlon_migrations (name text primary key, applied_at timestamptz not null default now())`.execute(
        connection,
      );
      const recorded = await (connection as Kysely<Recorded>)
        .selectFrom('merlon_migrations')
        .select('name')
        .execute();
      const done = new Set(recorded.map((row) => row.name));
      const known = new Set(ordered.map((migration) => migration.name));
      const unknown = [...done].find((name) => !known.has(name));
      if (unknown !== undefined) throw new UnknownMigrationError(unknown);

      const pending = ordered.filter((migration) => !done.has(migration.name));
      for (const migration of pending) {
        await connection.transaction().execute(async (transaction) => {
          await migration.up(transaction);
          await sql`insert into merlon_migrations (name) values (${migration.name})`.execute(transaction);
        });
      }
      await grantTables(connection);
      return pending.map((migration) => migration.name);
    } finally {
      await sql`select pg_advisory_unlock(${LOCK})`.execute(connection);
    }
  });
}
