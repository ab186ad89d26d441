/**
 * The few system calls Node does not offer, through the C library. Calls are made on the calling thread and must not block; only `pollAsync`
 * waits, on one thread of Node's pool. Failure is -1, with the error number in `errno()` until the next call.
 */
import type { LibraryHandle } from 'koffi';

export interface SystemCalls {
  errno(): number;
  /** A readable name for an error number. */
  errorName(errno: number): string;
  close(fd: number): number;
  read(fd: number, into: Buffer): number;
  recv(fd: number, into: Buffer): number;
  /** As `recv`, but waits as long as the socket's SO_RCVTIMEO allows: for the start only. */
  recvWaiting(fd: number, into: Buffer): number;
  send(fd: number, data: Buffer): number;
  sendTo(fd: number, data: Buffer, address: Buffer): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer): number;
  setSocketOption(fd: number, level: number, option: number, value: Buffer): number;
  /** For SO_ATTACH_FILTER, whose value points at the program. */
  attachFilter(fd: number, program: Buffer): number;
  eventFd(): number;
  wake(eventFd: number): void;
  write(fd: number, data: Buffer): number;
  /** Makes `fd` lead where `by` leads, in one step: what it led to before is let go. */
  replace(fd: number, by: number): number;
  /** `poll(2)` that holds up the calling thread: for a thread that has nothing else to do. */
  pollWaiting(pollFds: Buffer, count: number, timeoutMs: number): number;
  /** `poll(2)` over packed struct pollfd; answers the number of ready ones or -1. The buffer must stay untouched until then. */
  pollAsync(pollFds: Buffer, count: number, timeoutMs: number, done: (ready: number) => void): void;
  fanotifyInit(flags: number, eventFlags: number): number;
  fanotifyMark(fd: number, flags: number, mask: number, path: string): number;
  /** A mark on the file an open descriptor leads to. */
  fanotifyMarkFile(fd: number, flags: number, mask: number, file: number): number;
  /** f_fsid of the file system at `path` as hex, or null. */
  fileSystemId(path: string): string | null;
  openByHandle(mountFd: number, handle: Buffer): number;
  /** Bytes waiting to be read, or -1. */
  bytesWaiting(fd: number): number;
  setNamespace(fd: number, kind: number): number;
  bootNs(): bigint;
  realtimeNs(): bigint;
  pageSize(): number;
  /** Shared mapping of a file descriptor, or null. */
  map(fd: number, bytes: number, writable: boolean, offset: number): Mapping | null;
}

export interface Mapping {
  buffer: ArrayBuffer;
  unmap(): void;
}

export const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17 } as const;
export const SOCK = { datagram: 2, raw: 3, cloexec: 0o2000000, nonblock: 0o4000 } as const;
export const SOL_SOCKET = 1;
export const SO = { receiveTimeout: 20, attachFilter: 26, receiveBufferForce: 33 } as const;
export const CLONE_NEWNET = 0x40000000;
export const ENOBUFS = 105;

const CLOCK = { realtime: 0, boottime: 7 } as const;
const SC_PAGESIZE = 30;
const MSG_DONTWAIT = 0x40;
const O_CLOEXEC = 0o2000000;
const EFD = 0o2004000; // EFD_CLOEXEC | EFD_NONBLOCK
const FIONREAD = 0x541b;
const O_PATH_CLOEXEC = 0o12000000;
const AT_FDCWD = -100;
const FSID_AT = 56;

export type Koffi = typeof import('koffi').default;

/** @throws where koffi has no build for this platform, or there is no C library it can open. */
export async function loadKoffi(): Promise<{ koffi: Koffi; libc: LibraryHandle }> {
  const { default: koffi } = await import('koffi');
  const failures: string[] = [];
  for (const name of ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]) {
    try {
      return { koffi, libc: koffi.load(name) };
    } catch (error) {
      failures.push(String(error));
    }
  }
  throw new Error(`no C library could be opened: ${failures.join('; ')}`);
}

/** Calls `f` and believes the C declaration it was made from. */
function typed<F extends (...args: never[]) => unknown>(f: unknown): F {
  return f as F;
}

export function systemCalls(koffi: Koffi, libc: LibraryHandle): SystemCalls {
  const fn = <F extends (...args: never[]) => unknown>(declaration: string): F =>
    typed<F>(libc.func(declaration));
  const close = fn<(fd: number) => number>('int close(int)');
  const read = fn<(fd: number, b: Buffer, n: number) => number>('long read(int, void *, size_t)');
  const write = fn<(fd: number, b: Buffer, n: number) => number>('long write(int, void *, size_t)');
  const recv = fn<(fd: number, b: Buffer, n: number, f: number) => number>(
    'long recv(int, void *, size_t, int)',
  );
  const send = fn<(fd: number, b: Buffer, n: number, f: number) => number>(
    'long send(int, void *, size_t, int)',
  );
  const sendto = fn<(fd: number, b: Buffer, n: number, f: number, a: Buffer, l: number) => number>(
    'long sendto(int, void *, size_t, int, void *, uint)',
  );
  const socket = fn<(a: number, b: number, c: number) => number>('int socket(int, int, int)');
  const bind = fn<(fd: number, b: Buffer, n: number) => number>('int bind(int, void *, uint)');
  const setsockopt = fn<(fd: number, l: number, o: number, b: Buffer, n: number) => number>(
    'int setsockopt(int, int, int, void *, uint)',
  );
  const dup3 = fn<(by: number, fd: number, f: number) => number>('int dup3(int, int, int)');
  const eventfd = fn<(n: number, f: number) => number>('int eventfd(uint, int)');
  const poll = libc.func('int poll(void *, ulong, int)');
  const fanotifyInit = fn<(a: number, b: number) => number>('int fanotify_init(uint, uint)');
  const fanotifyMark = fn<(fd: number, f: number, m: number, d: number, p: string) => number>(
    'int fanotify_mark(int, uint, uint64_t, int, str)',
  );
  const fanotifyMarkFile = fn<(fd: number, f: number, m: number, d: number, p: null) => number>(
    'int fanotify_mark(int, uint, uint64_t, int, void *)',
  );
  const statfs = fn<(p: string, b: Buffer) => number>('int statfs(str, void *)');
  const openByHandle = fn<(fd: number, b: Buffer, f: number) => number>(
    'int open_by_handle_at(int, void *, int)',
  );
  const ioctl = fn<(fd: number, r: number, b: Buffer) => number>('int ioctl(int, ulong, void *)');
  const setns = fn<(fd: number, k: number) => number>('int setns(int, int)');
  const clockGettime = fn<(c: number, b: Buffer) => number>('int clock_gettime(int, void *)');
  const sysconf = fn<(n: number) => number>('long sysconf(int)');
  const mmap = fn<(a: null, n: number, p: number, f: number, fd: number, o: number) => unknown>(
    'void *mmap(void *, size_t, int, int, int, long)',
  );
  const munmap = fn<(a: unknown, n: number) => number>('int munmap(void *, size_t)');

  const timespec = Buffer.alloc(16);
  const clock = (id: number): bigint => {
    clockGettime(id, timespec);
    return timespec.readBigInt64LE(0) * 1_000_000_000n + timespec.readBigInt64LE(8);
  };
  const names = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));

  return {
    errno: () => koffi.errno(),
    errorName: (errno) => names.get(errno) ?? `errno ${errno}`,
    close,
    read: (fd, into) => Number(read(fd, into, into.length)),
    recv: (fd, into) => Number(recv(fd, into, into.length, MSG_DONTWAIT)),
    recvWaiting: (fd, into) => Number(recv(fd, into, into.length, 0)),
    send: (fd, data) => Number(send(fd, data, data.length, 0)),
    sendTo: (fd, data, address) => Number(sendto(fd, data, data.length, 0, address, address.length)),
    socket,
    bind: (fd, address) => bind(fd, address, address.length),
    setSocketOption: (fd, level, option, value) => setsockopt(fd, level, option, value, value.length),
    attachFilter: (fd, program) => {
      const filter = Buffer.alloc(16);
      filter.writeUInt16LE(program.length / 8, 0);
      filter.writeBigUInt64LE(BigInt(koffi.address(program)), 8);
      return setsockopt(fd, SOL_SOCKET, SO.attachFilter, filter, filter.length);
    },
    eventFd: () => eventfd(0, EFD),
    wake: (fd) => {
      const one = Buffer.alloc(8);
      one.writeUInt8(1, 0);
      write(fd, one, 8);
    },
    write: (fd, data) => Number(write(fd, data, data.length)),
    replace: (fd, by) => dup3(by, fd, O_CLOEXEC),
    pollWaiting: (pollFds, count, timeoutMs) => Number(poll(pollFds, count, timeoutMs)),
    pollAsync: (pollFds, count, timeoutMs, done) => {
      poll.async(pollFds, count, timeoutMs, (error: unknown, ready: number) => done(error ? -1 : ready));
    },
    fanotifyInit,
    fanotifyMark: (fd, flags, mask, path) => fanotifyMark(fd, flags, mask, AT_FDCWD, path),
    fanotifyMarkFile: (fd, flags, mask, file) => fanotifyMarkFile(fd, flags, mask, file, null),
    fileSystemId: (path) => {
      const b = Buffer.alloc(256);
      return statfs(path, b) === 0 ? b.toString('hex', FSID_AT, FSID_AT + 8) : null;
    },
    openByHandle: (mountFd, handle) => openByHandle(mountFd, handle, O_PATH_CLOEXEC),
    bytesWaiting: (fd) => {
      const b = Buffer.alloc(4);
      return ioctl(fd, FIONREAD, b) === 0 ? b.readInt32LE(0) : -1;
    },
    setNamespace: setns,
    bootNs: () => clock(CLOCK.boottime),
    realtimeNs: () => clock(CLOCK.realtime),
    pageSize: () => Number(sysconf(SC_PAGESIZE)),
    map: (fd, bytes, writable, offset) => {
      const at = mmap(null, bytes, writable ? 3 : 1, 1, fd, offset);
      // MAP_FAILED is all ones.
      if (at === null || BigInt(koffi.address(at)) === 0xffffffffffffffffn) return null;
      return { buffer: koffi.view(at, bytes), unmap: () => void munmap(at, bytes) };
    },
  };
}
