/**
 * Where a script runs, so that it ends with all it started: a cgroup of its own, killed as a whole. Without a cgroup 2 hierarchy that can be written to, what
 * holds it together is its process group and a word in its environment, which a process that wants to can leave both; whoever uses it says so.
 *
 * The cgroup is none of the agent's own: what an isolated device lets through for the agent must not be open to scripts.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../agent-error.ts';
import { readMounts } from './mounts.ts';

const BASE = 'merlon-live-response';
const MARK = 'MERLON_SCRIPT';
const MEMORY_BYTES = 1024 ** 3;
const MOST_PROCESSES = 1024;
const KILL_LIMIT_MS = 5_000;
const LOOK_EVERY_MS = 10;

export interface Confinement {
  readonly kind: 'cgroup' | 'environment';
  /** Whether the kernel bounds its memory and the number of its processes. */
  readonly bounded: boolean;
  /** Words before a command that put it, and what it starts, in here. */
  readonly prefix: readonly string[];
  /** What its environment must hold. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends every process in it. Resolves when none is left. @throws Error when some will not die */
  kill(leader: number | null): Promise<void>;
}

/** @param name unique to the script: a crash leaves its cgroup behind, and {@link killLeftOver} finds it by that */
export async function confine(name: string, root?: string | null): Promise<Confinement> {
  const folder = await makeCgroup(name, root === undefined ? await cgroupRoot() : root);
  if (folder === null) {
    return {
      kind: 'environment',
      bounded: false,
      prefix: [],
      environment: { [MARK]: name },
      async kill(leader) {
        if (leader !== null) kill(-leader);
        await killMarked(name);
      },
    };
  }
  const bounded = await bound(folder);
  return {
    kind: 'cgroup',
    bounded,
    // The shell moves itself, then becomes the command: no moment in which the command is outside.
    environment: {},
    prefix: ['/bin/sh', '-c', 'echo 0 > "$0" && exec "$@"', join(folder, 'cgroup.procs')],
    kill: () => killCgroup(folder),
  };
}

/** What a script left running when the agent was killed. False: there was nothing. */
export async function killLeftOver(name: string): Promise<boolean> {
  const root = await cgroupRoot();
  const folder = root && join(root, BASE, name);
  if (folder !== null && (await isThere(folder))) {
    await killCgroup(folder);
    return true;
  }
  return killMarked(name);
}

async function cgroupRoot(): Promise<string | null> {
  return (await readMounts()).findLast(({ type }) => type === 'cgroup2')?.path ?? null;
}

async function makeCgroup(name: string, root: string | null): Promise<string | null> {
  if (root === null) return null;
  const base = join(root, BASE);
  const folder = join(base, name);
  try {
    await mkdir(base, { recursive: true });
    // Each where the kernel has it here: in hybrid hierarchies neither is.
    for (const controller of ['+memory', '+pids'])
      await writeFile(join(base, 'cgroup.subtree_control'), controller).catch(() => undefined);
    await mkdir(folder, { recursive: true });
    await access(join(folder, 'cgroup.procs'), constants.W_OK);
    return folder;
  } catch {
    return null;
  }
}

async function bound(folder: string): Promise<boolean> {
  const limits = [
    ['memory.max', MEMORY_BYTES],
    ['memory.swap.max', 0],
    ['pids.max', MOST_PROCESSES],
  ] as const;
  const set = await Promise.all(
    limits.map(async ([file, value]) => {
      try {
        await writeFile(join(folder, file), String(value), { flag: 'r+' });
        return true;
      } catch {
        // A kernel without swap accounting has no file for it.
        return file === 'memory.swap.max';
      }
    }),
  );
  return set.every(Boolean);
}

async function killCgroup(folder: string): Promise<void> {
  const until = performance.now() + KILL_LIMIT_MS;
  for (;;) {
    await signalCgroup(folder);
    if (await isEmpty(folder)) break;
    if (performance.now() > until) throw new Error(`processes in ${folder} do not die`);
    await delay(LOOK_EVERY_MS);
  }
  await removeTree(folder);
}

async function signalCgroup(folder: string): Promise<void> {
  try {
    const file = await open(join(folder, 'cgroup.kill'), constants.O_WRONLY);
    try {
      await file.write('1');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    // Before Linux 5.14: one by one, again and again until none is left.
    const pids = (await readFile(join(folder, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean);
    for (const pid of pids) kill(Number(pid));
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  return /^populated 0$/m.test(await readFile(join(folder, 'cgroup.events'), 'utf8'));
}

/** A script that is root may have made cgroups of its own inside. */
async function removeTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder);
}

async function killMarked(name: string): Promise<boolean> {
  const until = performance.now() + KILL_LIMIT_MS;
  for (let found = false; ; found = true) {
    const marked = await markedProcesses(name);
    if (marked.length === 0) return found;
    if (performance.now() > until) throw new Error(`processes of ${name} do not die`);
    for (const pid of marked) kill(pid);
    await delay(LOOK_EVERY_MS);
  }
}

async function markedProcesses(name: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return `\0${environment}`.includes(`\0${MARK}=${name}\0`);
    }),
  );
  return pids.filter((_pid, at) => marked[at]).map(Number);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
