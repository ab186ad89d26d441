/** Which files a scan looks at. */
import { lstat, opendir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { expand } from '../forensics/copied-files.ts';
import { autorunPlaces } from '../forensics/package-contents.ts';
import { listPids } from '../sensor/proc-files.ts';

export interface ScanTarget {
  readonly path: string;
  /** The path is the kernel's link to a running executable, which is followed though its name may be gone. */
  readonly link: boolean;
}

/** Besides what runs and what starts by itself: where files from elsewhere are put first. */
const LANDING_PLACES = ['/tmp', '/var/tmp', '/dev/shm', '/home/*/Downloads', '/root/Downloads', '/var/www'];

/** No files of this device: made by the kernel, or another machine's. */
const SKIPPED_FILE_SYSTEMS = new Set(
  `proc sysfs devtmpfs devpts cgroup cgroup2 debugfs tracefs securityfs pstore bpf configfs fusectl mqueue hugetlbfs autofs binfmt_misc nsfs
   rpc_pipefs efivarfs nfs nfs4 cifs smb3 smbfs 9p ceph glusterfs afs fuse.sshfs fuse.rclone fuse.s3fs fuse.glusterfs`.split(
    /\s+/,
  ),
);
const MAX_DEPTH = 64;

export interface TargetOptions {
  /** Folders that hold what was put away already: the agent's own. */
  readonly except: readonly string[];
  readonly signal: AbortSignal;
  /** Told of each folder or mount that was left out. */
  readonly skipped: (reason: string) => void;
}

export async function* quickTargets(options: TargetOptions): AsyncGenerator<ScanTarget> {
  const seen = new Set<string>();
  for (const pid of listPids()) {
    const path = `/proc/${pid}/exe`;
    const of = await realpath(path).catch(() => null);
    // A kernel thread has none; one whose name is gone has only the link.
    const found = of === null ? await lstat(path).catch(() => null) : null;
    if (of === null && found === null) continue;
    if (of !== null && seen.has(of)) continue;
    if (of !== null) seen.add(of);
    yield { path, link: true };
  }
  for (const pattern of [...autorunPlaces, ...LANDING_PLACES]) {
    for (const path of await expand(pattern)) yield* below(path, options);
  }
}

export function fullTargets(options: TargetOptions): AsyncGenerator<ScanTarget> {
  return below('/', options);
}

export async function* customTargets(
  paths: readonly string[],
  options: TargetOptions,
): AsyncGenerator<ScanTarget> {
  for (const path of paths) {
    if (await lstat(path).catch(() => null)) yield* below(path, options);
    else options.skipped('ENOENT');
  }
}

async function* below(root: string, options: TargetOptions): AsyncGenerator<ScanTarget> {
  const mounts = skippedMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  yield* walk(root, 0);

  async function* walk(path: string, depth: number): AsyncGenerator<ScanTarget> {
    options.signal.throwIfAborted();
    if (options.except.includes(path)) return;
    if (mounts.has(path)) return options.skipped('otherFileSystem');
    const found = await lstat(path).catch(() => null);
    if (!found) return;
    if (found.isFile()) return yield { path, link: false };
    if (!found.isDirectory()) return;
    if (depth > MAX_DEPTH) return options.skipped('tooDeep');
    const folder = await opendir(path).catch(() => null);
    if (!folder) return options.skipped('unreadable');
    for await (const { name } of folder) yield* walk(join(path, name), depth + 1);
  }
}

/** Mount points below which nothing of this device lies. Overlays other than the root show again what lies elsewhere. */
export function skippedMounts(mountinfo: string): Set<string> {
  const points = new Set<string>();
  for (const line of mountinfo.split('\n')) {
    const [before = '', after] = line.split(' - ');
    const point = before.split(' ')[4];
    const type = after?.split(' ')[0];
    if (point === undefined || type === undefined) continue;
    const path = unescapeOctal(point);
    if (SKIPPED_FILE_SYSTEMS.has(type) || (type === 'overlay' && path !== '/')) points.add(path);
    // What is mounted later at the same place hides the earlier.
    else points.delete(path);
  }
  return points;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
