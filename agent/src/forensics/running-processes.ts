/** The processes that run, each with the hash of what it was started from, as JSON lines. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { constants, createWriteStream, statSync } from 'node:fs';
import { open, readlink } from 'node:fs/promises';
import { cgroupPathOf, listPids, readProcess } from '../sensor/proc-files.ts';

const MAX_HASHED_BYTES = 512 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Returns the number of processes. */
export async function writeProcesses(to: string, signal: AbortSignal): Promise<number> {
  const file = createWriteStream(to, { mode: 0o600, flags: 'wx' });
  /** By device and inode: most processes share few executables. */
  const hashes = new Map<string, string | null>();
  let count = 0;
  try {
    for (const pid of listPids()) {
      signal.throwIfAborted();
      const facts = readProcess(pid);
      if (!facts) continue;
      const line = {
        pid,
        parentPid: facts.parentPid,
        startedNanosecondsAfterBoot: facts.start,
        executable: facts.path,
        deleted: await isDeleted(pid),
        sha256: await hashOf(pid, hashes, signal),
        commandLine: facts.commandLine,
        workingFolder: await readlink(`/proc/${pid}/cwd`).catch(() => null),
        uid: facts.uid,
        session: facts.session,
        cgroup: cgroupPathOf(pid),
        networkNamespace: facts.netns,
      };
      if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, 'drain');
      count += 1;
    }
  } finally {
    file.end();
    await once(file, 'close');
  }
  return count;
}

async function isDeleted(pid: number): Promise<boolean> {
  const link = await readlink(`/proc/${pid}/exe`).catch(() => '');
  return link.endsWith(' (deleted)');
}

async function hashOf(
  pid: number,
  known: Map<string, string | null>,
  signal: AbortSignal,
): Promise<string | null> {
  const path = `/proc/${pid}/exe`;
  try {
    const { dev, ino, size } = statSync(path);
    const key = `${dev}:${ino}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const hash = size > MAX_HASHED_BYTES ? null : await sha256(path, signal);
    known.set(key, hash);
    return hash;
  } catch {
    signal.throwIfAborted();
    // A kernel thread, or one that ended just now.
    return null;
  }
}

async function sha256(path: string, signal: AbortSignal): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES, signal }))
      hash.update(chunk as Buffer);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}
