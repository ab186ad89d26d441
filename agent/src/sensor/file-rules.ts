/**
 * Which file systems are watched and which files are reported. Pure. What is left out is left out by a rule here, is counted, and is listed in
 * the README.
 */

export interface Mount {
  /** Path of the mounted folder inside its file system: `/` for the whole of it. */
  root: string;
  path: string;
  type: string;
  /** major:minor */
  device: string;
}

const OCTAL = /\\(\d{3})/g;

/** /proc/self/mountinfo. Spaces and the like in paths are written in octal. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [left = '', right] = line.split(' - ');
    const [, , device, root, path] = left.split(' ');
    const type = right?.split(' ')[0];
    if (device === undefined || root === undefined || path === undefined || type === undefined) continue;
    const plain = (s: string): string =>
      s.replace(OCTAL, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
    mounts.push({ root: plain(root), path: plain(path), type, device });
  }
  return mounts;
}

/** File systems that hold files of people and programs. Others are the kernel's own views, or another machine's. */
const WATCHED_TYPES = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'jfs',
  'zfs',
  'bcachefs',
  'vfat',
  'exfat',
  'ntfs3',
  'tmpfs',
  'overlay',
]);
const NEVER_WATCHED_AT = /^\/(proc|sys|dev)(\/|$)/;

/** One mount for each file system to watch: the widest, so that handles resolve to whole paths. */
export function mountsToWatch(mounts: readonly Mount[]): Mount[] {
  const best = new Map<string, Mount>();
  for (const mount of mounts) {
    if (!WATCHED_TYPES.has(mount.type) || NEVER_WATCHED_AT.test(mount.path)) continue;
    const known = best.get(mount.device);
    if (known === undefined || mount.root.length < known.root.length) best.set(mount.device, mount);
  }
  return [...best.values()];
}

/** Rewritten all the time by the system itself, and told of elsewhere where they matter. */
export const QUIET_PATHS: readonly string[] = [
  '/var/log/journal/',
  '/run/log/journal/',
  '/run/systemd/',
  '/run/udev/',
  '/run/user/',
  '/run/utmp',
  '/var/lib/systemd/',
  '/var/lib/dpkg/updates/',
];

export function isQuiet(path: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) if (path.startsWith(prefix)) return true;
  return false;
}
