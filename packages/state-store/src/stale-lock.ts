/**
 * PostgreSQL refuses to start while the process named in `postmaster.pid` runs. After a crash of the machine that number may be any other
 * process's. The supervisor has already made sure that no engine of ours runs on the folder; this tells whether one of anyone's does.
 */
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Removes the lock if the process it names is certainly no PostgreSQL. Elsewhere than on Linux PostgreSQL's own word is the last. */
export function removeStaleLock(data: string): void {
  const path = join(data, 'postmaster.pid');
  let pid: string;
  try {
    pid = readFileSync(path, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch {
    return;
  }
  if (process.platform !== 'linux' || !/^\d+$/.test(pid)) return;
  try {
    if (basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('postgres')) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
  }
  rmSync(path, { force: true });
}
