/**
 * Opens a file that somebody named, and nothing that only looks like one. Folders on the way may be links; the file itself may not, so that what is read is what
 * was named. Devices, pipes and sockets are refused before anything waits for them, and so are file systems whose files are questions to the kernel or to another
 * program (/proc, FUSE): reading there may never end.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AgentError, codeOf } from '../agent-error.ts';
import { type Mount, mountOf, readMounts } from './mounts.ts';

const NOT_FILES = new Set([
  'proc',
  'sysfs',
  'debugfs',
  'tracefs',
  'securityfs',
  'configfs',
  'cgroup',
  'cgroup2',
  'bpf',
  'pstore',
  'efivarfs',
  'binfmt_misc',
  'autofs',
  'devpts',
  'mqueue',
]);
const MAX_LINKS = 40;

export interface PlainFile {
  /** Without links on the way. */
  readonly path: string;
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/** The caller closes the handle. @throws AgentError that says what is in the way */
export async function openPlainFile(path: string): Promise<PlainFile> {
  const found = await realPath(path);
  if (!found.stats.isFile()) throw new AgentError(`${path} is ${kindOf(found.stats)}, not a file`);
  let handle: FileHandle;
  try {
    // Whatever took its place in the meantime: no link is followed, and nothing is waited for.
    handle = await open(found.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw explained(path, error);
  }
  const stats = await handle.stat();
  if (stats.isFile()) return { path: found.path, handle, stats };
  await handle.close();
  throw new AgentError(`${path} is ${kindOf(stats)}, not a file`);
}

/** Follows links of folders on the way, never onto a file system where looking may hang. @throws AgentError */
export async function realPath(path: string): Promise<{ path: string; stats: Stats }> {
  if (!isAbsolute(path) || path.includes('\0')) throw new AgentError(`${path} is not an absolute path`);
  const mounts = await readMounts();
  let links = 0;
  let at = '/';
  let stats = await look('/', path, mounts);
  const ahead = parts(path);
  for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
    if (part === '..') {
      at = join(at, '..');
      stats = await look(at, path, mounts);
      continue;
    }
    const next = join(at, part);
    stats = await look(next, path, mounts);
    if (!stats.isSymbolicLink()) {
      at = next;
      continue;
    }
    const target = await readlink(next);
    if (ahead.length === 0) {
      throw new AgentError(`${path} is a symbolic link to ${target}: name the file itself`);
    }
    if (++links > MAX_LINKS) throw new AgentError(`${path} leads through too many symbolic links`);
    ahead.unshift(...parts(target));
    if (isAbsolute(target)) at = '/';
  }
  return { path: at, stats };
}

/** Whether a file system of this type holds files, and looking at them ends. */
export function holdsFiles(type: string): boolean {
  return !NOT_FILES.has(type) && !type.startsWith('fuse');
}

async function look(path: string, asked: string, mounts: readonly Mount[]): Promise<Stats> {
  const type = mountOf(path, mounts)?.type ?? '';
  if (!holdsFiles(type))
    throw new AgentError(`${asked} lies on a file system of type ${type}, which is not read from`);
  try {
    return await lstat(path);
  } catch (error) {
    throw explained(asked, error);
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function explained(path: string, error: unknown): AgentError {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AgentError(`there is no ${path}`, { cause: error });
    case 'ELOOP':
      return new AgentError(`${path} became a symbolic link`, { cause: error });
    default:
      return new AgentError(`${path} cannot be opened: ${codeOf(error)}`, { cause: error });
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return 'a device';
}
