import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
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
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  EngineBusyError,
  type EngineOptions,
  EngineStartError,
  ensureEngineUser,
  giveTo,
  type SupervisedEngine,
  superviseEngine,
  unreachableFor,
} from './index.ts';
import { markOf } from './run-record.ts';

const isRoot = process.getuid?.() === 0;
const OS_USER = 'merlon-events';

let dir: string;
let bundles: string;
const engines: SupervisedEngine[] = [];
const parents: ChildProcess[] = [];
const logged: { level: string; message: string }[] = [];

const log = {
  info: (_: object, message: string) => void logged.push({ level: 'info', message }),
  warn: (_: object, message: string) => void logged.push({ level: 'warn', message }),
  error: (_: object, message: string) => void logged.push({ level: 'error', message }),
};

/** An engine: a shell that says it is up by a file holding its process id. */
const ENGINE = 'echo $$ > up.fresh; mv up.fresh up; while :; do sleep 0.05; done';

beforeAll(async () => {
  bundles = mkdtempSync(join(tmpdir(), 'merlon-child-engine-'));
  const entry = fileURLToPath(new URL('./index.ts', import.meta.url));
  const outfile = join(bundles, 'supervise.mjs');
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm' });
  const text = readFileSync(outfile, 'utf8');
  // What macOS and BusyBox see.
  writeFileSync(join(bundles, 'supervise-bare.mjs'), text.replaceAll('/bin/setpriv', '/nowhere/setpriv'));
});
afterAll(() => rmSync(bundles, { recursive: true, force: true }));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-engine-'));
  logged.length = 0;
});
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(10)) {
    const seen = look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
  }
  throw new Error(`waited in vain for ${what}`);
}

function options(script: string, more: Partial<EngineOptions> = {}): EngineOptions {
  return {
    name: 'test engine',
    command: '/bin/sh',
    args: ['-c', script],
    cwd: dir,
    user: null,
    ready: async () => void readFileSync(join(dir, 'up')),
    readyTimeoutMs: 10_000,
    log,
    ...more,
  };
}

async function start(script: string, more: Partial<EngineOptions> = {}): Promise<SupervisedEngine> {
  const engine = await superviseEngine(options(script, more));
  engines.push(engine);
  return engine;
}

/** Another Merlon: a process that supervises an engine in `dir`. Resolves with the engine's process id. */
async function startParent(bundle: string, script: string, deathSignal = 'KILL'): Promise<number> {
  const code = `
    import { readFileSync } from 'node:fs';
    import { superviseEngine } from ${JSON.stringify(join(bundles, bundle))};
    const log = { info() {}, warn() {}, error() {} };
    const engine = await superviseEngine({ name: 'test engine', command: '/bin/sh', args: ['-c', ${JSON.stringify(script)}],
      cwd: ${JSON.stringify(dir)}, user: null, ready: async () => void readFileSync(${JSON.stringify(join(dir, 'up'))}),
      readyTimeoutMs: 10000, deathSignal: ${JSON.stringify(deathSignal)}, log });
    console.log(engine.pid());
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  parents.push(parent);
  const [data] = (await once(parent.stdout, 'data')) as [Buffer];
  return Number(data.toString());
}

const status = (pid: number) => readFileSync(`/proc/${pid}/status`, 'utf8');

describe('superviseEngine', () => {
  it('starts, answers, stops', async () => {
    const engine = await start(ENGINE);
    const pid = engine.pid() ?? 0;
    expect(markOf(pid)).not.toBeNull();
    expect(existsSync(join(dir, 'engine.run'))).toBe(true);
    await engine.stop();
    expect(markOf(pid)).toBeNull();
    expect(engine.pid()).toBeNull();
    expect(existsSync(join(dir, 'engine.run'))).toBe(false);
  });

  it('kills what does not heed the stop signal', async () => {
    const engine = await start(`trap '' TERM; ${ENGINE}`, { stopTimeoutMs: 200 });
    await engine.stop();
    expect(logged).toContainEqual({
      level: 'warn',
      message: 'the engine did not stop in time and is killed',
    });
  });

  it('starts it again when it ends by itself, and says so', async () => {
    const engine = await start(ENGINE);
    const lives = [engine.pid()];
    for (let life = 1; life <= 3; life++) {
      const back = new Promise<void>((resolve) => engine.onRestart(resolve));
      rmSync(join(dir, 'up'));
      process.kill(engine.pid() ?? 0, 'SIGKILL');
      await back;
      lives.push(engine.pid());
    }
    expect(new Set(lives).size).toBe(4);
    expect(lives).not.toContain(null);
    expect(logged.filter((entry) => entry.level === 'error')).toHaveLength(3);
  });

  it('stops at once while it waits to start again', async () => {
    const engine = await start(ENGINE);
    process.kill(engine.pid() ?? 0, 'SIGKILL');
    await until('the exit to be seen', () => engine.pid() === null);
    await engine.stop();
    expect(engine.pid()).toBeNull();
  });

  it('gives up a start that keeps failing, quoting the last words', async () => {
    const failing = superviseEngine(options('echo the disk is on fire >&2; exit 3'));
    await expect(failing).rejects.toThrow(EngineStartError);
    await expect(failing).rejects.toThrow(/the disk is on fire\n\[test engine ended: code 3\]/);
  });

  it('gives up a start that hangs', async () => {
    const hanging = superviseEngine(
      options('echo $$ > hung; exec sleep 60', { readyTimeoutMs: 300, ready: () => new Promise(() => {}) }),
    );
    await expect(hanging).rejects.toThrow(EngineStartError);
    expect(markOf(Number(readFileSync(join(dir, 'hung'), 'utf8')))).toBeNull();
  });

  it('names a command that is not there', async () => {
    await expect(superviseEngine(options('', { command: '/nowhere/engine' }))).rejects.toThrow(
      /\/nowhere\/engine/,
    );
  });
});

describe('the end of the parent', () => {
  it.each(['supervise.mjs', 'supervise-bare.mjs'])(
    'by kill -9 is the end of the engine (%s)',
    async (bundle) => {
      for (let round = 0; round < 3; round++) {
        const pid = await startParent(bundle, ENGINE);
        expect(markOf(pid)).not.toBeNull();
        parents.pop()?.kill('SIGKILL');
        await until('the engine to end', () => markOf(pid) === null);
        rmSync(join(dir, 'up'));
      }
    },
  );

  it('leaves an orphan at worst, which the next start clears away', async () => {
    const orphan = await startParent('supervise.mjs', `trap '' TERM; ${ENGINE}`, 'TERM');
    const parent = parents.pop();
    parent?.kill('SIGKILL');
    await until('the parent to end', () => markOf(parent?.pid ?? 0) === null);
    expect(markOf(orphan)).not.toBeNull();
    const engine = await start(ENGINE);
    expect(markOf(orphan)).toBeNull();
    expect(engine.pid()).not.toBe(orphan);
    expect(logged.filter((entry) => entry.level === 'warn')).toHaveLength(1);
  });

  it('does not kill a stranger that a forged record names', async () => {
    const stranger = spawn('/bin/sleep', ['60'], isRoot ? { uid: 65_534, gid: 65_534 } : {});
    parents.push(stranger);
    const mark = await until('the stranger', () => markOf(stranger.pid ?? 0));
    const parent = { pid: 4_194_300, started: '1' };
    // Another start time: the process id was given out anew. As root also: the right process, but not the engine's user.
    const records = [
      { child: { ...mark, started: '1' }, parent },
      ...(isRoot ? [{ child: mark, parent }] : []),
    ];
    for (const record of records) {
      writeFileSync(join(dir, 'engine.run'), JSON.stringify(record));
      const tried = await superviseEngine(options(ENGINE)).catch((error: unknown) => error);
      if (!(tried instanceof Error)) await (tried as SupervisedEngine).stop();
      expect(markOf(stranger.pid ?? 0)).not.toBeNull();
    }
  });

  it('does not happen to two servers on one folder: the second is refused, the first unharmed', async () => {
    const pid = await startParent('supervise.mjs', ENGINE);
    await expect(superviseEngine(options(ENGINE))).rejects.toThrow(EngineBusyError);
    expect(markOf(pid)).not.toBeNull();
  });
});

describe.runIf(isRoot && process.platform === 'linux')('as root', () => {
  it('runs the engine as its own user, without any right', async () => {
    const user = ensureEngineUser(OS_USER);
    giveTo(user, dir);
    const engine = await start(ENGINE, { user });
    const text = status(engine.pid() ?? 0);
    expect(text).toMatch(new RegExp(`^Uid:\\s+${user?.uid}\\s+${user?.uid}\\s+${user?.uid}`, 'm'));
    expect(text).toMatch(/^CapEff:\s+0{16}$/m);
    expect(text).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(text).toMatch(/^Groups:\s*$/m);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('below a private folder works only with the right to pass it, and then writes nothing but its own', async () => {
    const user = ensureEngineUser(OS_USER);
    if (!user) throw new Error('no user');
    const outer = dir;
    const inner = join(outer, 'clone', 'data');
    mkdirSync(join(outer, 'clone'));
    giveTo(user, inner);
    chmodSync(outer, 0o755);
    expect(unreachableFor(user, join(inner, 'x', '..'))).toBeNull();
    chmodSync(join(outer, 'clone'), 0o700);
    expect(unreachableFor(user, join(inner, '.'))).toBe(join(outer, 'clone'));
    // By absolute paths, as engines do.
    const script = `cd ${inner} && touch mine && ! touch ../not-mine && ${ENGINE}`;
    const ready = async () => void readFileSync(join(inner, 'up'));
    const barred = superviseEngine(options(script, { user, cwd: inner, ready }));
    await expect(barred).rejects.toThrow(EngineStartError);
    const engine = await start(script, { user, cwd: inner, ready, passFolders: true });
    expect(existsSync(join(inner, 'mine'))).toBe(true);
    expect(existsSync(join(outer, 'clone', 'not-mine'))).toBe(false);
    // CAP_DAC_READ_SEARCH and nothing else.
    expect(status(engine.pid() ?? 0)).toMatch(/^CapEff:\s+0{15}4$/m);
  });

  it('refuses by name when the user cannot be made', () => {
    const script = `
      import { ensureEngineUser } from ${JSON.stringify(join(bundles, 'supervise.mjs'))};
      process.env.PATH = '/nowhere';
      try { ensureEngineUser('merlon-none'); } catch (error) { console.log(error.message); }`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script]).toString();
    expect(said).toMatch(/system user "merlon-none" .*Create it, or run Merlon as an ordinary user/s);
  });
});
