/** One process a folder. The lock names its holder so exactly (boot, process, start time) that a crash or reboot never leaves it stuck. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogLockedError } from './errors.ts';

export function lockFolder(dir: string): () => void {
  const path = join(dir, 'lock');
  const me = identity(process.pid);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, `${process.pid} ${me}\n`, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 3) throw error;
    }
    const [pid = '', holder = ''] = readFileSync(path, 'utf8').trim().split(' ');
    if (holder !== '' && identity(Number(pid)) === holder) {
      throw new LogLockedError(`the event log in ${dir} is open in process ${pid}`);
    }
    rmSync(path, { force: true });
  }
}

/** Empty for a process that does not run. Without /proc only the process id itself can tell. */
function identity(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : `${boot}:${fields[19]}`;
  } catch {
    if (process.platform === 'linux') return '';
  }
  try {
    process.kill(pid, 0);
    return `pid:${pid}`;
  } catch {
    return '';
  }
}
