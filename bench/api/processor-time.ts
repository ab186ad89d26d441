/** Processor time of processes, from /proc: what noise on a shared machine touches less than times on the clock. */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

interface Stat {
  readonly parent: number;
  readonly ms: number;
  readonly name: string;
}

function stat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and those of children that ended.
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return {
      parent: Number(fields[1]),
      ms: ticks * TICK_MS,
      name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    };
  } catch {
    return null;
  }
}

export interface ProcessorTime {
  /** Milliseconds so far. */
  readonly server: number;
  readonly postgres: number;
  readonly clickhouse: number;
}

/** Of the server and what runs below it, and of another PostgreSQL if there is one. */
export function processorTime(serverPid: number, postgresPid: number | null): ProcessorTime {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const found = stat(Number(name));
        return found ? [[Number(name), found] as const] : [];
      }),
  );
  const below = (pid: number, ancestor: number): boolean =>
    pid === ancestor || (pid > 1 && below(all.get(pid)?.parent ?? 0, ancestor));
  const sum = { server: 0, postgres: 0, clickhouse: 0 };
  for (const [pid, { ms, name }] of all) {
    if (pid === serverPid) sum.server += ms;
    else if (postgresPid !== null && below(pid, postgresPid)) sum.postgres += ms;
    else if (below(pid, serverPid)) sum[/postgres/.test(name) ? 'postgres' : 'clickhouse'] += ms;
  }
  return sum;
}

/** Resident bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
}
