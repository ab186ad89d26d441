import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import type pg from 'pg';
import { type EmbeddedServer, startEmbeddedServer } from './embedded-server.ts';
import { Listener } from './listener.ts';
import { migrate } from './migrate.ts';
import { patientPool } from './patient-pool.ts';
import { ROLES, SETTING } from './roles.ts';
import type { Migration, StateStore, StateStoreLog } from './store.ts';

export interface StateStoreOptions {
  /** `postgres://…`: an external server. Absent: embedded, with its files in `dir`. */
  readonly url?: string | undefined;
  /** Folder of the embedded server. */
  readonly dir: string;
  readonly migrations: readonly Migration[];
  readonly log: StateStoreLog;
  /** False, for tests alone: do not wait for the disk. */
  readonly durable?: boolean;
}

const POOL_SIZE = 16;
const MAX_ATTEMPTS = 4;
/** Deadlock and serialisation failure: PostgreSQL undid the transaction and asks for it again. */
const TRY_AGAIN = new Set(['40001', '40P01']);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Opens the store and brings its schema up to date. Rejects with a message fit to print when it cannot. */
export async function openStateStore(options: StateStoreOptions): Promise<StateStore> {
  const { log } = options;
  let server: EmbeddedServer | null = null;
  let connection: pg.ClientConfig;
  if (options.url) connection = { connectionString: options.url };
  else {
    server = await startEmbeddedServer({ dir: options.dir, log, durable: options.durable ?? true });
    connection = server.connection;
  }
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: patientPool(connection, POOL_SIZE) as pg.Pool }),
  });
  const listener = new Listener(connection, log);
  const close = async () => {
    await listener.close();
    await db.destroy();
    await server?.close();
  };
  try {
    const applied = await migrate(db, options.migrations);
    if (applied.length > 0) log.info({ migrations: applied }, 'the database schema was brought up to date');
  } catch (error) {
    await close();
    throw error;
  }

  const run = async <DB, T>(
    role: string,
    tenantId: string,
    work: (db: Transaction<DB>) => Promise<T>,
  ): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await (db as Kysely<DB>).transaction().execute(async (transaction) => {
          // Both settings end with the transaction, so a pooled connection carries nothing over.
          await sql`select set_config('role', ${role}, true), set_config(${SETTING}, ${tenantId}, true)`.execute(
            transaction,
          );
          return work(transaction);
        });
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !TRY_AGAIN.has((error as { code?: string }).code ?? '')) throw error;
      }
    }
  };

  return {
    async tenant(tenantId, work) {
      if (!UUID.test(tenantId)) throw new Error(`"${tenantId}" is not a tenant id`);
      return run(ROLES.tenant, tenantId, work);
    },
    system: (work) => run(ROLES.system, '', work),
    listen: (channel, handler) => listener.add(channel, handler),
    async notify(channel, payload) {
      await sql`select pg_notify(${channel}, ${payload})`.execute(db);
    },
    close,
  };
}
