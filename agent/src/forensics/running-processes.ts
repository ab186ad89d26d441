/** The processes that run, each with the hash of what it was started from, as JSON lines. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { ImageHashes } from '../responder/image-hashes.ts';
import { runningImages } from '../responder/program-processes.ts';
import { cgroupPathOf, listPids, readProcess } from '../sensor/proc-files.ts';

const MAX_HASHED_BYTES = 512 * 1024 * 1024;

/** Returns the number of processes. */
export async function writeProcesses(to: string, signal: AbortSignal): Promise<number> {
  const file = createWriteStream(to, { mode: 0o600, flags: 'wx' });
  let count = 0;
  try {
    const hashes = await hashesByPid(signal);
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
        sha256: hashes.get(pid) ?? null,
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

/** SHA-256 of what each process was started from; none for threads of the kernel and for what is too large. */
async function hashesByPid(signal: AbortSignal): Promise<Map<number, string>> {
  const reading = new ImageHashes(() => null);
  const found = new Map<number, string>();
  for (const image of runningImages()) {
    signal.throwIfAborted();
    if (image.size > MAX_HASHED_BYTES) continue;
    const hashes = await reading.of(image);
    for (const pid of image.pids) if (hashes) found.set(pid, hashes.sha256);
  }
  return found;
}
