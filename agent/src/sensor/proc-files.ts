/** Reads processes out of /proc. What is gone or forbidden is null, never an error. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { addressText, UNSET_ID } from './bpf-records.ts';
import { NS_PER_TICK } from './process-table.ts';

export interface ProcStat {
  comm: string;
  state: string;
  parentPid: number;
  session: number;
  /** Clock ticks since boot. */
  startTicks: number;
}

export interface ProcFacts {
  pid: number;
  parentPid: number;
  /** Nanoseconds since boot, exact to 10 ms. */
  start: number;
  path: string;
  commandLine: string;
  uid: number;
  session: number | null;
  netns: number;
}

/** /proc/<pid>/stat. The name, in parentheses, may itself hold parentheses and spaces. */
export function parseStat(text: string): ProcStat | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return null;
  const rest = text
    .slice(close + 2)
    .trimEnd()
    .split(' ');
  const startTicks = Number(rest[19]);
  const parentPid = Number(rest[1]);
  if (!Number.isSafeInteger(startTicks) || !Number.isSafeInteger(parentPid)) return null;
  return {
    comm: text.slice(open + 1, close),
    state: rest[0] ?? '',
    parentPid,
    session: Number(rest[3]),
    startTicks,
  };
}

export function parseCommandLine(bytes: Buffer): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.toString('utf8', 0, end).replaceAll('\0', ' ');
}

/** Path of the unified (v2) hierarchy in /proc/<pid>/cgroup. */
export function parseCgroupPath(text: string): string | null {
  for (const line of text.split('\n')) if (line.startsWith('0::')) return line.slice(3);
  return null;
}

/** The container whose cgroup this is: the 64 hex digits Docker, containerd, CRI-O and Podman put in it. */
export function containerIdOf(cgroupPath: string): string | null {
  const found = cgroupPath.match(/[0-9a-f]{64}/g);
  return found?.at(-1) ?? null;
}

export function parseNamespaceLink(link: string): number {
  return Number(/\[(\d+)\]$/.exec(link)?.[1] ?? 0);
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

export function cgroupPathOf(pid: number): string | null {
  const found = text(`/proc/${pid}/cgroup`);
  return found === null ? null : parseCgroupPath(found);
}

/** Inode of the process's network namespace, 0 when it cannot be read. */
export function netnsOf(pid: number | 'self'): number {
  try {
    // A thread may be elsewhere than its process; "self" is the one asking.
    return parseNamespaceLink(readlinkSync(`/proc/${pid === 'self' ? 'thread-self' : pid}/ns/net`));
  } catch {
    return 0;
  }
}

/** A deleted executable's link ends so. */
const DELETED = ' (deleted)';

export function readProcess(pid: number): ProcFacts | null {
  const stat = parseStat(text(`/proc/${pid}/stat`) ?? '');
  // A zombie has nothing left to read.
  if (stat === null || stat.state === 'Z') return null;
  let path: string;
  try {
    path = readlinkSync(`/proc/${pid}/exe`);
    if (path.endsWith(DELETED)) path = path.slice(0, -DELETED.length);
  } catch {
    // Kernel threads have no executable.
    path = stat.comm;
  }
  let commandLine = '';
  try {
    commandLine = parseCommandLine(readFileSync(`/proc/${pid}/cmdline`));
  } catch {
    // ended just now
  }
  const status = text(`/proc/${pid}/status`) ?? '';
  const session = Number(text(`/proc/${pid}/sessionid`)?.trim() ?? UNSET_ID);
  return {
    pid,
    parentPid: stat.parentPid,
    start: stat.startTicks * NS_PER_TICK,
    path,
    commandLine,
    uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 0),
    session: session === UNSET_ID ? null : session,
    netns: netnsOf(pid),
  };
}

export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export interface ListeningSocket {
  ip: Buffer;
  family: 4 | 6;
  port: number;
  inode: number;
}

/** Listening sockets in the text of /proc/<pid>/net/tcp or tcp6. Addresses are printed as 32-bit words of the machine's order. */
export function parseListeners(table: string, family: 4 | 6): ListeningSocket[] {
  const found: ListeningSocket[] = [];
  const digits = family === 4 ? 8 : 32;
  for (const line of table.split('\n').slice(1)) {
    const column = line.trim().split(/\s+/);
    const [address = '', port = ''] = (column[1] ?? '').split(':');
    if (column[3] !== '0A' || address.length !== digits || !/^[0-9A-F]+$/.test(address)) continue;
    const ip = Buffer.from(address, 'hex');
    ip.swap32();
    found.push({ ip, family, port: Number.parseInt(port, 16), inode: Number(column[9]) });
  }
  return found;
}

export function addressOf(socket: ListeningSocket): string {
  return addressText(socket.ip, 0, socket.family);
}

export function listenersSeenBy(pid: number): ListeningSocket[] {
  return [
    ...parseListeners(text(`/proc/${pid}/net/tcp`) ?? '', 4),
    ...parseListeners(text(`/proc/${pid}/net/tcp6`) ?? '', 6),
  ];
}

/** Inodes of the sockets the process holds. */
export function socketInodesOf(pid: number): number[] {
  const inodes: number[] = [];
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        const link = readlinkSync(`/proc/${pid}/fd/${fd}`);
        if (link.startsWith('socket:[')) inodes.push(parseNamespaceLink(link));
      } catch {
        // closed meanwhile
      }
    }
  } catch {
    // ended meanwhile
  }
  return inodes;
}
