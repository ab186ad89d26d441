/** Decodes the records of `agent/native/sensor.bpf.c`, in place: only text is copied out of the ring. */

export const RECORD = { fork: 1, exec: 2, exit: 3, tcp: 4 } as const;
export const TCP_STATE = { established: 1, synSent: 2, synRecv: 3, close: 7, listen: 10 } as const;

/** "Not set" for login uid and session. */
export const UNSET_ID = 0xffffffff;

export interface ForkRecord {
  kind: 'fork';
  /** All times are nanoseconds since boot. */
  time: number;
  start: number;
  parentStart: number;
  pid: number;
  parentPid: number;
  uid: number;
  gid: number;
  euid: number;
  loginUid: number;
  session: number;
  netns: number;
  cgroup: number;
  comm: string;
}

/** What tells one content of one file from another without reading it. */
export interface FileIdentity {
  /** Kernel numbering: major << 20 | minor. */
  device: number;
  inode: number;
  size: number;
  mtimeSec: number;
  mtimeNsec: number;
  ctimeSec: number;
  ctimeNsec: number;
}

export interface ExecRecord extends Omit<ForkRecord, 'kind'> {
  kind: 'exec';
  file: FileIdentity;
  mode: number;
  /** The file had no name left when it was executed: deleted, or never had one (memfd). */
  unlinked: boolean;
  /** Absolute, in the process's own mount namespace. */
  path: string;
  pathCut: boolean;
  cwd: string;
  /** Arguments joined by one space. */
  commandLine: string;
  /** Bytes of all arguments; more than `commandLine` holds when `argumentsCut`. */
  argumentBytes: number;
  argumentsCut: boolean;
  tty: string;
}

export interface ExitRecord {
  kind: 'exit';
  time: number;
  start: number;
  pid: number;
  /** wait(2) status. */
  code: number;
}

export interface TcpRecord {
  kind: 'tcp';
  time: number;
  /** Zero pid: not known here. */
  ownerPid: number;
  ownerStart: number;
  ownerUid: number;
  ownerComm: string;
  netns: number;
  /** errno of a failed attempt, 0 when it was given up by the caller. */
  error: number;
  family: 4 | 6;
  localIp: string;
  localPort: number;
  remoteIp: string;
  remotePort: number;
  oldState: number;
  newState: number;
}

export type SensorRecord = ForkRecord | ExecRecord | ExitRecord | TcpRecord;

const FORK_BYTES = 88;
const EXEC_BYTES = 168;
const EXIT_BYTES = 32;
const TCP_BYTES = 96;
const FLAG = { pathCut: 1, cwdCut: 2, argumentsCut: 4, unlinked: 8 } as const;
const AF_INET = 2;
const AF_INET6 = 10;

function u64(b: Buffer, at: number): number {
  return b.readUInt32LE(at + 4) * 4294967296 + b.readUInt32LE(at);
}

function cString(b: Buffer, at: number, size: number): string {
  const end = b.indexOf(0, at);
  return b.toString('utf8', at, end >= 0 && end < at + size ? end : at + size);
}

/** Names leaf first, each ended by NUL, as an absolute path. No names is the root. */
function pathOf(b: Buffer, from: number, to: number): string {
  if (to <= from) return '/';
  const names = b.toString('utf8', from, to - 1).split('\0');
  // An unmounted or pseudo root is itself called "/".
  if (names.at(-1) === '/') names.pop();
  return `/${names.reverse().join('/')}`;
}

function argumentsOf(b: Buffer, from: number, to: number): string {
  let end = to;
  while (end > from && b[end - 1] === 0) end--;
  return b.toString('utf8', from, end).replaceAll('\0', ' ');
}

/** Text of an address of 4 or 16 bytes; IPv6 as RFC 5952 writes it, an IPv4 address inside IPv6 as IPv4. */
export function addressText(b: Uint8Array, at: number, family: 4 | 6): string {
  if (family === 4) return `${b[at]}.${b[at + 1]}.${b[at + 2]}.${b[at + 3]}`;
  const words: number[] = [];
  for (let i = 0; i < 8; i++) words.push(((b[at + 2 * i] ?? 0) << 8) | (b[at + 2 * i + 1] ?? 0));
  if (words.slice(0, 5).every((w) => w === 0) && words[5] === 0xffff) return addressText(b, at + 12, 4);
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; ) {
    let j = i;
    while (j < 8 && words[j] === 0) j++;
    if (j - i > bestLength) {
      best = i;
      bestLength = j - i;
    }
    i = Math.max(j, i + 1);
  }
  const hex = words.map((w) => w.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}

function fork(b: Buffer, at: number): ForkRecord {
  return {
    kind: 'fork',
    time: u64(b, at + 8),
    start: u64(b, at + 16),
    parentStart: u64(b, at + 24),
    pid: b.readUInt32LE(at + 32),
    parentPid: b.readUInt32LE(at + 36),
    uid: b.readUInt32LE(at + 40),
    gid: b.readUInt32LE(at + 44),
    euid: b.readUInt32LE(at + 48),
    loginUid: b.readUInt32LE(at + 52),
    session: b.readUInt32LE(at + 56),
    netns: b.readUInt32LE(at + 60),
    cgroup: u64(b, at + 64),
    comm: cString(b, at + 72, 16),
  };
}

function exec(b: Buffer, at: number, size: number): ExecRecord | null {
  const pathBytes = b.readUInt32LE(at + 140);
  const cwdBytes = b.readUInt32LE(at + 144);
  const argumentBytes = b.readUInt32LE(at + 148);
  if (EXEC_BYTES + pathBytes + cwdBytes + argumentBytes > size) return null;
  const flags = b.readUInt32LE(at + 136);
  const path = at + EXEC_BYTES;
  const cwd = path + pathBytes;
  const args = cwd + cwdBytes;
  // Written out, not spread from fork(): this is the hot path, and spreading costs several times the reading.
  return {
    kind: 'exec',
    time: u64(b, at + 8),
    start: u64(b, at + 16),
    parentStart: u64(b, at + 24),
    pid: b.readUInt32LE(at + 32),
    parentPid: b.readUInt32LE(at + 36),
    uid: b.readUInt32LE(at + 40),
    gid: b.readUInt32LE(at + 44),
    euid: b.readUInt32LE(at + 48),
    loginUid: b.readUInt32LE(at + 52),
    session: b.readUInt32LE(at + 56),
    netns: b.readUInt32LE(at + 60),
    cgroup: u64(b, at + 64),
    comm: cString(b, at + 72, 16),
    file: {
      inode: u64(b, at + 88),
      size: u64(b, at + 96),
      mtimeSec: u64(b, at + 104),
      ctimeSec: u64(b, at + 112),
      mtimeNsec: b.readUInt32LE(at + 120),
      ctimeNsec: b.readUInt32LE(at + 124),
      device: b.readUInt32LE(at + 128),
    },
    mode: b.readUInt32LE(at + 132),
    unlinked: (flags & FLAG.unlinked) !== 0,
    path: pathOf(b, path, cwd),
    pathCut: (flags & FLAG.pathCut) !== 0,
    cwd: pathOf(b, cwd, args),
    commandLine: argumentsOf(b, args, args + argumentBytes),
    argumentBytes: b.readUInt32LE(at + 152),
    argumentsCut: (flags & FLAG.argumentsCut) !== 0,
    tty: cString(b, at + 156, 12),
  };
}

function tcp(b: Buffer, at: number): TcpRecord | null {
  const family = b.readUInt16LE(at + 40);
  if (family !== AF_INET && family !== AF_INET6) return null;
  const version = family === AF_INET ? 4 : 6;
  return {
    kind: 'tcp',
    time: u64(b, at + 8),
    ownerStart: u64(b, at + 16),
    ownerPid: b.readUInt32LE(at + 24),
    ownerUid: b.readUInt32LE(at + 28),
    ownerComm: cString(b, at + 80, 16),
    netns: b.readUInt32LE(at + 32),
    error: b.readUInt32LE(at + 36),
    family: version,
    localIp: addressText(b, at + 48, version),
    localPort: b.readUInt16LE(at + 42),
    remoteIp: addressText(b, at + 64, version),
    remotePort: b.readUInt16LE(at + 44),
    oldState: b[at + 46] ?? 0,
    newState: b[at + 47] ?? 0,
  };
}

/** The record of `size` bytes at `at`; null for one this build does not know or that contradicts itself. */
export function decodeRecord(b: Buffer, at: number, size: number): SensorRecord | null {
  if (size < EXIT_BYTES || at < 0 || at + size > b.length) return null;
  switch (b.readUInt32LE(at)) {
    case RECORD.fork:
      return size >= FORK_BYTES ? fork(b, at) : null;
    case RECORD.exec:
      return size >= EXEC_BYTES ? exec(b, at, size) : null;
    case RECORD.exit:
      return {
        kind: 'exit',
        time: u64(b, at + 8),
        start: u64(b, at + 16),
        pid: b.readUInt32LE(at + 24),
        code: b.readUInt32LE(at + 28),
      };
    case RECORD.tcp:
      return size >= TCP_BYTES ? tcp(b, at) : null;
    default:
      return null;
  }
}
