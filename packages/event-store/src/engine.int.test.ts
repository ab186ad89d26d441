/** The embedded engine as a process: who it is, what it can reach, and that nothing is lost or doubled when it dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from './connection.ts';
import { type EventStore, type EventStoreOptions, openEventStore } from './index.ts';
import { enginePid, ownConnection } from './testing.ts';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const TENANT = '11111111-2222-3333-4444-555555555555';

let dir: string;
const stores: EventStore[] = [];
const parents: ChildProcess[] = [];
const logged: { level: string; message: string }[] = [];
const log = {
  info: (_: object, message: string) => void logged.push({ level: 'info', message }),
  warn: (_: object, message: string) => void logged.push({ level: 'warn', message }),
  error: (_: object, message: string) => void logged.push({ level: 'error', message }),
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-engine-'));
  logged.length = 0;
});
afterEach(async () => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
  for (const store of stores.splice(0)) await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(more: Partial<EventStoreOptions> = {}): Promise<EventStore> {
  const store = await openEventStore({ dir, log, ...more });
  stores.push(store);
  return store;
}

async function rowsOf(store: EventStore, sql: string): Promise<unknown[][]> {
  const limits = { maxSeconds: 60, maxRows: 1e6, maxBytes: 1e8, maxMemoryBytes: 5e8 };
  return (await store.query({ sql, parameters: {}, queryId: `${Math.random()}`, ...limits })).rows;
}

/** Of 2 000 rows over three days, as one insert becomes three parts, each of which may land alone. */
function batch(index: number): Buffer {
  const rows = Array.from({ length: 2_000 }, (_, i) =>
    JSON.stringify({
      TenantId: TENANT,
      IngestionTime: '2026-11-24T10:00:01Z',
      Timestamp: `2026-11-2${1 + (i % 3)}T10:00:00.1234567Z`,
      DeviceId: `device-${i % 7}`,
      DeviceName: `batch-${index}`,
      ReportId: i,
      ProcessCommandLine: `tool --number ${i} --of ${index}`,
    }),
  );
  return Buffer.from(`${rows.join('\n')}\n`);
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}/status`) && !/^State:\s+Z/m.test(status(pid));
const status = (pid: number) => readFileSync(`/proc/${pid}/status`, 'utf8');

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(10)) if (holds()) return;
  throw new Error(`waited in vain: ${what}`);
}

describe('kill -9 of the engine', () => {
  it('between knowing an insert and keeping its part: the repeat is taken', async () => {
    const store = await open();
    await store.insert('DeviceProcessEvents', batch(1), 'batch 1');
    const count = async (from: EventStore) =>
      (await rowsOf(from, 'SELECT count(), uniqExact(ReportId) FROM DeviceProcessEvents'))[0];
    expect(await count(store)).toEqual([2_000, 2_000]);
    await stores.pop()?.close();
    // What a kill at that moment leaves behind: the line of the log, and no part.
    const engine = join(dir, 'engine', 'store');
    const parts = readdirSync(engine).flatMap((prefix) =>
      readdirSync(join(engine, prefix)).flatMap((id) =>
        readdirSync(join(engine, prefix, id))
          .filter((name) => name.startsWith('20261122_'))
          .map((name) => join(engine, prefix, id, name)),
      ),
    );
    expect(parts).toHaveLength(1);
    for (const part of parts) rmSync(part, { recursive: true });
    const again = await open();
    expect(await count(again)).toEqual([1_333, 1_333]);
    await again.insert('DeviceProcessEvents', batch(1), 'batch 1');
    expect(await count(again)).toEqual([2_000, 2_000]);
  });

  it('twenty times in mid-insert: every batch is there exactly once', async () => {
    const acknowledged = new Set<number>();
    let attempts = 0;
    let next = 0;
    for (let opening = 0; opening < 4; opening++) {
      const store = await open();
      let killed = 0;
      const insertAll = async () => {
        while (killed < 5) {
          const index = next++;
          for (;;) {
            attempts++;
            try {
              await store.insert('DeviceProcessEvents', batch(index), `batch ${index}`);
              acknowledged.add(index);
              break;
            } catch (error) {
              expect(error).toMatchObject({ retriable: true });
              await delay(20);
            }
          }
        }
      };
      const inserting = Promise.all([insertAll(), insertAll()]);
      for (; killed < 5; killed++) {
        const before = acknowledged.size;
        const pid = enginePid(dir);
        await until('inserts to go on', () => acknowledged.size > before);
        await delay(Math.random() * 100);
        process.kill(pid, 'SIGKILL');
        await until('the engine to end', () => !isAlive(pid));
        await until('the engine to come back', () => enginePid(dir) !== pid);
      }
      await inserting;
      await stores.pop()?.close();
    }

    const store = await open();
    // Everything once more, as after a crash before the commit: nothing may be added.
    for (const index of acknowledged)
      await store.insert('DeviceProcessEvents', batch(index), `batch ${index}`);
    const counts = await rowsOf(
      store,
      'SELECT DeviceName, count(), uniqExact(ReportId) FROM DeviceProcessEvents GROUP BY DeviceName',
    );
    const wrong = counts.filter(([, count, distinct]) => count !== 2_000 || distinct !== 2_000);
    expect(wrong).toEqual([]);
    expect(counts).toHaveLength(acknowledged.size);
    expect(attempts).toBeGreaterThan(acknowledged.size);
    expect(logged.filter((entry) => entry.level === 'error').length).toBe(20);
  }, 300_000);
});

describe('the end of the server', () => {
  it('by kill -9 is the end of the engine, and the next start finds everything', async () => {
    // A process that opens the store and inserts one batch, out of our own source.
    const outfile = fileURLToPath(new URL('../dist/parent-for-test.mjs', import.meta.url));
    const entry = fileURLToPath(new URL('./index.ts', import.meta.url));
    const external = ['chdb', 'chdb/libchdb', '@clickhouse/client', 'ffi-rs'];
    await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', external });
    const code = `
      import { readFileSync } from 'node:fs';
      import { openEventStore } from ${JSON.stringify(outfile)};
      const log = { info() {}, warn() {}, error() {} };
      const store = await openEventStore({ dir: ${JSON.stringify(dir)}, log });
      await store.insert('DeviceProcessEvents', readFileSync(process.argv[1]), 'one');
      console.log('stored');
      setInterval(() => {}, 1000);`;
    const rows = join(dir, 'rows.ndjson');
    writeFileSync(rows, batch(0));
    try {
      for (let round = 0; round < 3; round++) {
        const parent = spawn(process.execPath, ['--input-type=module', '-e', code, rows], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        parents.push(parent);
        await once(parent.stdout, 'data');
        const pid = enginePid(dir);
        expect(isAlive(pid)).toBe(true);
        parent.kill('SIGKILL');
        await until('the engine to end', () => !isAlive(pid));
      }
    } finally {
      rmSync(outfile, { force: true });
    }
    const store = await open();
    expect(await rowsOf(store, 'SELECT count() FROM DeviceProcessEvents')).toEqual([[2_000]]);
  }, 120_000);

  it('is waited for by a second one on the same folder, which is refused', async () => {
    const first = await open();
    await expect(openEventStore({ dir, log })).rejects.toThrow(/already runs ClickHouse on this folder/);
    expect(await rowsOf(first, 'SELECT 1')).toEqual([[1]]);
  });
});

describe('strangers on this machine', () => {
  it('get nothing without the key, and next to nothing with it', async () => {
    await open();
    const { origin, headers } = ownConnection(dir);
    const ask = async (sql: string, more: Record<string, string> = {}) => {
      const answer = await fetch(origin, { method: 'POST', body: sql, headers: more });
      return { status: answer.status, text: await answer.text() };
    };
    for (const sql of ['SELECT 1', "SELECT file('users.xml')", 'SYSTEM START LISTEN TCP']) {
      expect((await ask(sql)).status).toBe(404);
      expect((await ask(sql, { 'X-Merlon-Engine': 'guess' })).status).toBe(404);
    }
    for (const sql of [
      'SELECT * FROM merlon.DeviceInfo',
      'SELECT * FROM system.users',
      'CREATE DATABASE x',
    ]) {
      expect(await ask(sql, headers)).toMatchObject({ text: expect.stringContaining('ACCESS_DENIED') });
    }
  });

  it('cannot read the secrets', async () => {
    await open();
    expect(statSync(join(dir, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'engine')).mode & 0o777).toBe(0o700);
    const { writer, headers } = ownConnection(dir);
    for (const secret of [writer.password, ...Object.values(headers)]) {
      expect(readFileSync(`/proc/${enginePid(dir)}/cmdline`, 'utf8')).not.toContain(secret);
      expect(readFileSync(join(dir, 'engine', 'users.xml'), 'utf8')).not.toContain(secret);
    }
  });
});

describe.runIf(isRoot)('as root', () => {
  const PRIVATE = '/root/merlon-test-private';
  const { PATH } = process.env;
  afterEach(() => {
    process.env.PATH = PATH;
    rmSync(PRIVATE, { force: true });
  });

  /** Without `unshare` on the path: what a container without CAP_SYS_ADMIN comes to. */
  const withoutMounts = async (): Promise<EventStore> => {
    process.env.PATH = '/nowhere';
    return open().finally(() => {
      process.env.PATH = PATH;
    });
  };

  /** The scalar function `file` cannot be refused by a grant: what the engine can see, every reader can. */
  const readFile = async (path: string): Promise<string> => {
    const connection = ownConnection(dir);
    const client = connect(connection, connection.writer, { connections: 1 });
    try {
      const result = await client.query({
        query: 'SELECT file({path:String}) AS f',
        query_params: { path },
        format: 'JSONEachRow',
      });
      return (await result.json<{ f: string }>())[0]?.f ?? '';
    } finally {
      await client.close();
    }
  };

  const expectUnprivileged = (capabilities: RegExp) => {
    const text = status(enginePid(dir));
    const uid = /^merlon-events:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1];
    expect(text).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'));
    expect(text).toMatch(capabilities);
    expect(text).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(text).toMatch(/^Groups:\s*$/m);
  };
  const NO_RIGHTS = /^CapPrm:\s+0{16}\nCapEff:\s+0{16}$/m;

  it('the engine is confined: its own user, no rights, and its folder is all of the file system', async () => {
    await open();
    expectUnprivileged(NO_RIGHTS);
    for (const path of [
      '/etc/passwd',
      '/proc/1/cmdline',
      `/proc/${process.pid}/environ`,
      join(dir, 'secrets.json'),
    ]) {
      await expect(readFile(path)).rejects.toThrow(/FILE_DOESNT_EXIST|Cannot open file/);
    }
    expect(logged.filter((entry) => entry.level === 'warn')).toEqual([]);
  });

  it('also when its data lies under a folder that only root may pass', async () => {
    const outer = dir;
    chmodSync(outer, 0o700);
    dir = join(outer, 'home');
    mkdirSync(dir);
    try {
      const store = await open();
      expectUnprivileged(NO_RIGHTS);
      await store.insert('DeviceProcessEvents', batch(1), 'private');
      expect(await rowsOf(store, 'SELECT count() FROM DeviceProcessEvents')).toEqual([[2_000]]);
      await stores.pop()?.close();
    } finally {
      dir = outer;
    }
  });

  it('where it cannot be confined it is still its own user, and reads no file of root', async () => {
    writeFileSync(PRIVATE, 'for root alone', { mode: 0o600 });
    writeFileSync(join(dir, 'of-root'), 'for root alone', { mode: 0o600 });
    await withoutMounts();
    expectUnprivileged(NO_RIGHTS);
    await expect(readFile(PRIVATE)).rejects.toThrow(/Permission denied|Cannot open file/);
    await expect(readFile(join(dir, 'of-root'))).rejects.toThrow(/Permission denied|Cannot open file/);
    await expect(readFile(join(dir, 'secrets.json'))).rejects.toThrow(/Permission denied|Cannot open file/);
    await expect(readFile('/etc/passwd')).resolves.toContain('root:');
    expect(logged).toContainEqual({ level: 'info', message: expect.stringContaining('cannot be confined') });
  });

  it('finds its data whichever way it was started before', async () => {
    const confined = await open();
    await confined.insert('DeviceProcessEvents', batch(1), 'one');
    await stores.pop()?.close();
    const unconfined = await withoutMounts();
    await unconfined.insert('DeviceProcessEvents', batch(2), 'two');
    await stores.pop()?.close();
    // Cut short by a loss of power: made anew.
    writeFileSync(join(dir, 'secrets.json'), '{"wri');
    const again = await open();
    await again.insert('DeviceProcessEvents', batch(2), 'two');
    expect(await rowsOf(again, 'SELECT count() FROM DeviceProcessEvents')).toEqual([[4_000]]);
  });

  it('where it cannot be confined and lies under a private folder it works, with a warning that says what that opens', async () => {
    const outer = dir;
    chmodSync(outer, 0o700);
    dir = join(outer, 'home');
    mkdirSync(dir);
    try {
      await withoutMounts();
      // CAP_DAC_READ_SEARCH and nothing else.
      expectUnprivileged(/^CapEff:\s+0{15}4$/m);
      expect(logged).toContainEqual({
        level: 'warn',
        message: expect.stringContaining('the right to read every file'),
      });
      await stores.pop()?.close();
    } finally {
      dir = outer;
    }
  });
});
