/**
 * One engine a folder. A record beside the data names the running child and its parent by process id and start time, so that a start after
 * a crash can tell three cases apart: nobody is there; an orphan still lets go (it is waited for, then killed); a living server holds the folder
 * (the start is refused). The engines' own locks stay the last word: the record only spares the wait and explains.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

interface ProcessMark {
  readonly pid: number;
  /** Clock ticks since boot: with the process id it names one process for ever. */
  readonly started: string;
}

interface RunRecord {
  readonly child: ProcessMark;
  readonly parent: ProcessMark;
}

export class EngineBusyError extends Error {
  override readonly name = 'EngineBusyError';
}

const POLL_MS = 20;

/** Null where there is no such process, or no /proc to ask (then the engine's own lock is all there is). */
export function markOf(pid: number): ProcessMark | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; after it come state (field 3) and, 19 further on, the start time (field 22).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const started = fields[19];
    return started === undefined || fields[0] === 'Z' ? null : { pid, started };
  } catch {
    return null;
  }
}

function isAlive({ pid, started }: ProcessMark): boolean {
  return markOf(pid)?.started === started;
}

export function writeRunRecord(path: string, childPid: number): void {
  const child = markOf(childPid);
  const parent = markOf(process.pid);
  if (!child || !parent) return;
  // The folder may belong to the engine's user: never write through a name that it could have made a link of.
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(fresh, JSON.stringify({ child, parent } satisfies RunRecord), { flag: 'wx', mode: 0o600 });
  renameSync(fresh, path);
}

export function removeRunRecord(path: string): void {
  rmSync(path, { force: true });
}

/**
 * Resolves when nothing that the record names runs any more.
 * @param uids whose processes may be killed: the record lies where an engine could have written it.
 * @throws EngineBusyError when a living server runs an engine on this folder.
 */
export async function clearOrphan(
  path: string,
  options: { name: string; uids: readonly number[]; graceMs: number },
): Promise<'free' | 'waited' | 'killed'> {
  const record = readRunRecord(path);
  if (!record || !isAlive(record.child)) return 'free';
  if (isAlive(record.parent)) {
    throw new EngineBusyError(
      `process ${record.parent.pid} already runs ${options.name} on this folder (record: ${path}). ` +
        'Stop that server, or give this one another MERLON_HOME.',
    );
  }
  if (await isGone(record.child, options.graceMs)) return 'waited';
  if (options.uids.includes(realUid(record.child.pid) ?? -1)) process.kill(record.child.pid, 'SIGKILL');
  if (await isGone(record.child, options.graceMs)) return 'killed';
  throw new EngineBusyError(
    `process ${record.child.pid}, left over from a server that ended, still holds the folder of ${options.name} (record: ${path}). End it.`,
  );
}

async function isGone(mark: ProcessMark, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await delay(POLL_MS)) {
    if (!isAlive(mark)) return true;
  }
  return !isAlive(mark);
}

function readRunRecord(path: string): RunRecord | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as Partial<RunRecord>;
    return isMark(record.child) && isMark(record.parent)
      ? { child: record.child, parent: record.parent }
      : null;
  } catch {
    return null;
  }
}

function isMark(value: unknown): value is ProcessMark {
  const mark = value as Partial<ProcessMark> | null | undefined;
  return Number.isSafeInteger(mark?.pid) && Number(mark?.pid) > 1 && typeof mark?.started === 'string';
}

function realUid(pid: number): number | null {
  try {
    const line = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return line ? Number(line[1]) : null;
  } catch {
    return null;
  }
}
