/** The processes that run a file, and stopping every one of them, also those that start while it happens. */
import { readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../agent-error.ts';
import { fileKey, identityOf } from '../sensor/file-identity.ts';
import { cgroupPathOf, listPids } from '../sensor/proc-files.ts';
import { cgroupFolder } from '../sensor/scope.ts';
import { type NativeCalls, SIGNAL } from './native-calls.ts';

/** A file by what it is, whatever its names. */
export interface FileId {
  readonly device: bigint;
  readonly inode: bigint;
}

export interface RunningImage extends FileId {
  readonly pids: readonly number[];
  /** As its process sees it; `null` when it was deleted. */
  readonly path: string | null;
  readonly size: number;
  /** `fileKey` of its content. */
  readonly key: string;
}

const DELETED = ' (deleted)';
const END_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 5;
/** Looks that must find nobody new before all count as stopped. */
const QUIET_LOOKS = 2;
const MAX_LOOKS = 2_000;

/** What runs now, once for each file. */
export function runningImages(): RunningImage[] {
  const images = new Map<string, RunningImage & { pids: number[] }>();
  for (const pid of listPids()) {
    try {
      const exe = `/proc/${pid}/exe`;
      const stat = statSync(exe, { bigint: true });
      const { dev, ino, size } = stat;
      const id = `${dev}:${ino}`;
      const known = images.get(id);
      if (known !== undefined) {
        known.pids.push(pid);
        continue;
      }
      const link = readlinkSync(exe);
      const path = link.endsWith(DELETED) ? null : link;
      images.set(id, {
        device: dev,
        inode: ino,
        pids: [pid],
        path,
        size: Number(size),
        key: fileKey(identityOf(stat)),
      });
    } catch (error) {
      // Ended meanwhile, or a thread of the kernel.
      if (!['ENOENT', 'ESRCH', 'EACCES'].includes(codeOf(error))) throw error;
    }
  }
  return [...images.values()];
}

export function runs(pid: number, { device, inode }: FileId): boolean {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/exe`, { bigint: true });
    return dev === device && ino === inode;
  } catch {
    return false;
  }
}

/** Signals a process only if it runs one of the files, and no other that came to have its pid. @returns whether it did. */
function signalIfRuns(calls: NativeCalls, pid: number, files: readonly FileId[], signal: number): boolean {
  const fd = calls.openProcess(pid);
  if (fd === null) return false;
  try {
    // The descriptor is of whoever has the pid now; if that one ends, the signal reaches nobody.
    return files.some((file) => runs(pid, file)) && calls.signal(fd, signal);
  } finally {
    calls.close(fd);
  }
}

/** Processes of the agent itself are never among them. */
function pidsOf(files: readonly FileId[]): number[] {
  return listPids().filter((pid) => pid !== process.pid && files.some((file) => runs(pid, file)));
}

/**
 * Halts every process of the files: a halted one starts no other. Where one has a cgroup to itself and its like, that is frozen first, which no fork outruns.
 * @returns the pids that were halted.
 */
export async function haltProcesses(calls: NativeCalls, files: readonly FileId[]): Promise<Set<number>> {
  const halted = new Set<number>();
  for (const folder of ownCgroups(files)) tryWrite(join(folder, 'cgroup.freeze'), '1');
  for (let looks = 0, quiet = 0; quiet < QUIET_LOOKS && looks < MAX_LOOKS; looks++) {
    const fresh = pidsOf(files).filter((pid) => !halted.has(pid));
    quiet = fresh.length === 0 ? quiet + 1 : 0;
    for (const pid of fresh) if (signalIfRuns(calls, pid, files, SIGNAL.stop)) halted.add(pid);
    if (looks % 100 === 99) await delay(LOOK_EVERY_MS);
  }
  return halted;
}

/** Ends every process of the files. @returns the pids that were killed. @throws when some are left after a while, naming them. */
export async function killProcesses(calls: NativeCalls, files: readonly FileId[]): Promise<Set<number>> {
  const killed = new Set<number>();
  const deadline = performance.now() + END_LIMIT_MS;
  for (const folder of ownCgroups(files)) {
    for (const pid of pidsIn(folder)) killed.add(pid);
    tryWrite(join(folder, 'cgroup.kill'), '1');
    tryWrite(join(folder, 'cgroup.freeze'), '0');
  }
  for (let quiet = 0; quiet < QUIET_LOOKS; ) {
    const left = pidsOf(files);
    quiet = left.length === 0 ? quiet + 1 : 0;
    for (const pid of left) if (signalIfRuns(calls, pid, files, SIGNAL.kill)) killed.add(pid);
    if (left.length === 0) continue;
    if (performance.now() > deadline) throw new Error(`processes ${left.join(', ')} do not end`);
    await delay(LOOK_EVERY_MS);
  }
  return killed;
}

/** Cgroups in which nobody runs anything but these files. */
function ownCgroups(files: readonly FileId[]): string[] {
  const folders = new Set<string>();
  for (const pid of pidsOf(files)) {
    const path = cgroupPathOf(pid);
    if (path === null || path === '/') continue;
    try {
      folders.add(cgroupFolder(path));
    } catch {
      // no hierarchy is to be seen from here
    }
  }
  return [...folders].filter((folder) => {
    const pids = pidsIn(folder);
    return pids.length > 0 && pids.every((pid) => files.some((file) => runs(pid, file)));
  });
}

function pidsIn(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** An older kernel lacks the file; then the signals do it alone. */
function tryWrite(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    if (!['ENOENT', 'EACCES', 'EPERM', 'EINVAL', 'ENODEV', 'EOPNOTSUPP'].includes(codeOf(error))) throw error;
  }
}
