/**
 * ClickHouse out of the npm package `chdb`, as a supervised child that listens on loopback only.
 *
 * Folder: `secrets.json` (ours alone) beside `engine/`, which is the engine's and, when confined, all of the file system it can see.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type EngineUser,
  ensureEngineUser,
  giveTo,
  type SupervisedEngine,
  superviseEngine,
  unreachableFor,
} from '@merlon/child-engine';
import { libchdbPath } from 'chdb/libchdb';
import { type Connection, connect, readerOf } from './connection.ts';
import { ENGINE_KEY_HEADER, engineAccounts, engineConfig } from './engine-config.ts';
import type { LaunchRequest } from './launch-request.ts';
import type { EventStoreLog, ReaderCeilings } from './store.ts';

export interface EmbeddedEngine {
  readonly connection: Connection;
  readonly ceilings: ReaderCeilings;
  readonly engine: SupervisedEngine;
}

const OS_USER = 'merlon-events';
const DATABASE = 'merlon';
const WRITER = 'merlon_writer';
const READY_TIMEOUT_MS = 60_000;
const MAX_QUERY_SECONDS = 600;
const GIB = 1024 ** 3;
/** Below what the kernel gives out by itself (32768 and up), so that no passing connection sits on it when the engine comes back. */
const PORTS = { from: 20_000, to: 32_768 } as const;

export async function startEmbeddedEngine(options: {
  dir: string;
  memoryBytes?: number | undefined;
  log: EventStoreLog;
}): Promise<EmbeddedEngine> {
  const { log } = options;
  const dir = resolve(options.dir);
  const folder = join(dir, 'engine');
  mkdirSync(dir, { recursive: true });
  // Passable, for an engine that is not confined; what lies in it is closed by itself.
  chmodSync(dir, 0o711);
  const user = ensureEngineUser(OS_USER);
  giveTo(user, folder);

  const secrets = readOrMakeSecrets(join(dir, 'secrets.json'));
  const httpPort = await freePort();
  const connection: Connection = {
    origin: `http://127.0.0.1:${httpPort}`,
    database: DATABASE,
    writer: { name: WRITER, password: secrets.writer },
    headers: { [ENGINE_KEY_HEADER]: secrets.key },
  };
  const memoryBytes = options.memoryBytes ?? Math.min(2 * GIB, Math.floor(totalmem() / 4));
  const ceilings = { maxSeconds: MAX_QUERY_SECONDS, maxMemoryBytes: Math.floor(memoryBytes * 0.75) };
  const put = (name: string, text: string) => putFile(dir, folder, name, text, user);
  put('config.xml', engineConfig({ memoryBytes, key: secrets.key }));
  put('users.xml', accountsFile(connection, ceilings));

  const stance = chooseStance(user, folder, log);
  const launcher = launcherPath();
  const request: LaunchRequest = {
    folder,
    httpPort,
    parentPid: process.pid,
    confineAs: stance === 'confined' && user ? { uid: user.uid, gid: user.gid } : null,
  };
  const node = [process.execPath, '--max-semi-space-size=1', launcher, JSON.stringify(request)] as const;
  const [command, ...args] =
    stance === 'confined'
      ? (['unshare', '--mount', '--propagation', 'private', '--', ...node] as const)
      : node;
  const probe = connect(connection, connection.writer, { connections: 1 });
  try {
    const engine = await superviseEngine({
      name: 'ClickHouse',
      command,
      args,
      cwd: folder,
      user,
      becomesUser: stance === 'confined',
      passFolders: stance === 'passing',
      ready: async () => void (await probe.command({ query: 'SELECT 1' })),
      readyTimeoutMs: READY_TIMEOUT_MS,
      log,
    });
    return { connection, ceilings, engine };
  } finally {
    await probe.close();
  }
}

function accountsFile(connection: Connection, ceilings: ReaderCeilings): string {
  const reader = readerOf(connection);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  return engineAccounts({
    database: connection.database,
    writer: { name: connection.writer.name, passwordSha256: sha256(connection.writer.password) },
    reader: { name: reader.name, passwordSha256: sha256(reader.password) },
    ceilings,
  });
}

/**
 * `own`: as ourselves, when we are not root. `confined`: under its own user with its folder as root of the file system. Where that is not to be had (a container
 * without CAP_SYS_ADMIN): `user`, which can still read what everyone may; and below a private folder `passing`, which can read everything.
 */
type Stance = 'own' | 'confined' | 'user' | 'passing';

function chooseStance(user: EngineUser | null, folder: string, log: EventStoreLog): Stance {
  if (!user) return 'own';
  if (mayConfine()) return 'confined';
  const needed = [join(folder, '.'), process.execPath, launcherPath(), libchdbPath(), ffiPath()];
  const blocked = needed.map((path) => unreachableFor(user, path)).find((path) => path !== null);
  if (blocked === undefined) {
    log.info(
      { user: user.name },
      'the event engine cannot be confined to its folder here; under its own user it can read what every user of this machine can',
    );
    return 'user';
  }
  log.warn(
    { folder: blocked, user: user.name },
    'the event engine lies below a folder that its user may not pass, and cannot be confined here: it runs with the right to read every file ' +
      'of this machine. Move MERLON_HOME and the program to where every user may look, or allow mounts (CAP_SYS_ADMIN)',
  );
  return 'passing';
}

/** Tries it: a mount namespace of its own, and a fresh /proc in it. */
function mayConfine(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    execFileSync(
      'unshare',
      [
        '--mount',
        '--propagation',
        'private',
        '--',
        'mount',
        '-t',
        'proc',
        '-o',
        'hidepid=2',
        'proc',
        '/proc',
      ],
      { stdio: 'ignore', timeout: 10_000 },
    );
    return true;
  } catch {
    return false;
  }
}

interface Secrets {
  readonly writer: string;
  readonly key: string;
}

/** Kept for those who look after the store by hand. The engine is told anew at every start, so a file that was lost or cut short costs nothing. */
function readOrMakeSecrets(path: string): Secrets {
  const known = readSecrets(path);
  if (known) return known;
  const made: Secrets = {
    writer: randomBytes(32).toString('base64url'),
    key: randomBytes(32).toString('base64url'),
  };
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(made), { mode: 0o600, flag: 'wx' });
  return made;
}

function readSecrets(path: string): Secrets | null {
  if (!existsSync(path)) return null;
  try {
    const { writer, key } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>;
    return writer && key ? { writer, key } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Made outside and moved in: the engine's user owns the folder and could have put a link in the way. */
function putFile(dir: string, folder: string, name: string, text: string, user: EngineUser | null): void {
  const fresh = join(dir, `${name}.${randomBytes(6).toString('hex')}`);
  writeFileSync(fresh, text, { mode: 0o400, flag: 'wx' });
  if (user) chownSync(fresh, user.uid, user.gid);
  renameSync(fresh, join(folder, name));
}

async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port was found on 127.0.0.1');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** Beside our own bundle, or, when we run from source, where the build puts it. */
function launcherPath(): string {
  const candidates = ['./event-store-engine.js', '../../../server/dist/event-store-engine.js'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (!found)
    throw new Error(
      `the event engine's launcher is not built (looked for ${candidates.join(', ')}): npm run build`,
    );
  return found;
}

function ffiPath(): string {
  return createRequire(import.meta.url).resolve('ffi-rs');
}
