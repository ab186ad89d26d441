/** A PostgreSQL of its own on loopback, with the settings PostgreSQL comes with, as an operator would start one beside Merlon. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureEngineUser, giveTo, superviseEngine } from '@merlon/child-engine';
import pg from 'pg';
import { ensureCluster, SUPERUSER } from '../../packages/state-store/src/cluster-files.ts';
import { nativeFolder } from '../../packages/state-store/src/native-folder.ts';

export interface PostgresServer {
  /** As MERLON_DATABASE_URL takes it. */
  readonly url: string;
  readonly pid: number;
  superuser(): Promise<pg.Client>;
  stop(): Promise<void>;
}

const OWNER = 'merlon_owner';
const DATABASE = 'merlon';

export async function startPostgres(): Promise<PostgresServer> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-postgres-'));
  const user = ensureEngineUser('merlon-state');
  giveTo(user, dir);
  const identity = { user, passFolders: true };
  const native = nativeFolder();
  const { data, password } = await ensureCluster({ dir, native, identity, durable: true });
  const port = randomInt(20_000, 32_000);
  const login = (name: string, database: string) =>
    new pg.Client({ host: '127.0.0.1', port, user: name, password, database });
  const connected = async (client: pg.Client) => {
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const engine = await superviseEngine({
    name: 'PostgreSQL',
    command: join(native, 'bin', 'postgres'),
    args: [
      '-D',
      data,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `port=${port}`,
      '-c',
      'unix_socket_directories=',
    ],
    cwd: dir,
    ...identity,
    deathSignal: 'QUIT',
    stopSignal: 'SIGINT',
    stopTimeoutMs: 20_000,
    readyTimeoutMs: 60_000,
    ready: async () => (await connected(login(SUPERUSER, 'postgres'))).end(),
    log: { info() {}, warn() {}, error() {} },
  });
  const root = await connected(login(SUPERUSER, 'postgres'));
  await root.query(`create role ${OWNER} login createrole password '${password}'`);
  await root.query(`create database ${DATABASE} owner ${OWNER}`);
  const { rows } = await root.query<{ pid: number }>(
    `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int as pid`,
  );
  await root.end();
  return {
    url: `postgres://${OWNER}:${password}@127.0.0.1:${port}/${DATABASE}`,
    pid: rows[0]?.pid ?? 0,
    superuser: () => connected(login(SUPERUSER, DATABASE)),
    async stop() {
      await engine.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
