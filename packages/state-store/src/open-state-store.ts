import { Kysely } from 'kysely';
import type pg from 'pg';
import { type EmbeddedServer, startEmbeddedServer } from './embedded-server.ts';
import { Listener } from './listener.ts';
import { migrate } from './migrate.ts';
import { PatientPool } from './patient-pool.ts';
import { LOGIN } from './roles.ts';
import { scopedDialect } from './scoped-dialect.ts';
import type { Migration, StateStore, StateStoreLog } from './store.ts';
import { Transactions } from './transactions.ts';

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

const WORK = { size: 16, statementTimeoutMs: 30_000 };
/** A migration may take its time, and so may waiting for another server's. */
const SCHEMA = { size: 1, statementTimeoutMs: 0 };

/** Opens the store and brings its schema up to date. Rejects with a message fit to print when it cannot. */
export async function openStateStore(options: StateStoreOptions): Promise<StateStore> {
  if (options.url) {
    const connection = { connectionString: options.url, application_name: 'merlon' };
    return openOn({ owner: connection, work: connection, login: null, server: null }, options);
  }
  const server = await startEmbeddedServer({
    dir: options.dir,
    log: options.log,
    durable: options.durable ?? true,
  });
  return openOn({ owner: server.owner, work: server.work, login: LOGIN, server }, options);
}

async function openOn(
  database: {
    owner: pg.ClientConfig;
    work: pg.ClientConfig;
    login: string | null;
    server: EmbeddedServer | null;
  },
  { migrations, log }: StateStoreOptions,
): Promise<StateStore> {
  try {
    await bringUpToDate(database, migrations, log);
  } catch (error) {
    await database.server?.close();
    throw error;
  }
  const pool = new PatientPool(database.work, WORK);
  const transactions = new Transactions(pool);
  const listener = new Listener(database.work, log);
  let closing: Promise<void> | null = null;
  const close = async () => {
    await listener.close();
    await pool.end();
    await database.server?.close();
  };
  return {
    tenant: (scope, work) => transactions.asTenant(scope, work),
    read: (scope, work) => transactions.reading(scope, work),
    system: (work) => transactions.asSystem(work),
    together: (work) => transactions.together(work, (channel, payload) => listener.hear(channel, payload)),
    listen: (channel, handler) => listener.add(channel, handler),
    async notify(channel, payload) {
      if (await transactions.notifyTogether(channel, payload)) return;
      const client = await pool.connect();
      try {
        await client.query('select pg_notify($1, $2)', [channel, payload]);
      } finally {
        client.release();
      }
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

async function bringUpToDate(
  { owner, login }: { owner: pg.ClientConfig; login: string | null },
  migrations: readonly Migration[],
  log: StateStoreLog,
): Promise<void> {
  const pool = new PatientPool(owner, SCHEMA);
  try {
    const db = new Kysely<unknown>({ dialect: scopedDialect(pool) });
    const applied = await migrate(db, migrations, { login, log });
    if (applied.length > 0) log.info({ migrations: applied }, 'the database schema was brought up to date');
  } finally {
    await pool.end();
  }
}
