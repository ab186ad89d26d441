/** A listing of what lies below some folders: for places whose contents are too many, or not ours, to copy. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { lstat, opendir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_ENTRIES = 50_000;
const MAX_DEPTH = 16;
const HEADER = ['path', 'type', 'bytes', 'mode', 'uid', 'gid', 'modified', 'changed', 'created', 'links to'];

/** Tab-separated; names are written as JSON texts, since they may hold anything but NUL. Returns the number of entries, and whether that was all. */
export async function writeListing(
  below: readonly string[],
  to: string,
  signal: AbortSignal,
): Promise<{ entries: number; whole: boolean }> {
  const file = createWriteStream(to, { mode: 0o600, flags: 'wx' });
  const write = async (cells: readonly unknown[]) => {
    if (!file.write(`${cells.join('\t')}\n`)) await once(file, 'drain');
  };
  let entries = 0;
  let whole = true;
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) {
      whole = false;
      return;
    }
    const opened = await opendir(folder).catch(() => null);
    if (!opened) return;
    for await (const { name } of opened) {
      signal.throwIfAborted();
      if (entries >= MAX_ENTRIES) {
        whole = false;
        return;
      }
      const path = join(folder, name);
      const found = await lstat(path).catch(() => null);
      if (!found) continue;
      entries += 1;
      const target = found.isSymbolicLink() ? await readlink(path).catch(() => '') : '';
      await write([
        JSON.stringify(path),
        typeOf(found),
        found.size,
        (found.mode & 0o7777).toString(8),
        found.uid,
        found.gid,
        found.mtime.toISOString(),
        found.ctime.toISOString(),
        found.birthtime.toISOString(),
        target === '' ? '' : JSON.stringify(target),
      ]);
      if (found.isDirectory()) await walk(path, depth + 1);
    }
  };
  try {
    await write(HEADER);
    for (const folder of below) await walk(folder, 0);
  } finally {
    file.end();
    await once(file, 'close');
  }
  return { entries, whole };
}

function typeOf(found: Awaited<ReturnType<typeof lstat>>): string {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  if (found.isSymbolicLink()) return 'link';
  if (found.isSocket()) return 'socket';
  if (found.isFIFO()) return 'fifo';
  return found.isBlockDevice() || found.isCharacterDevice() ? 'device' : 'other';
}
