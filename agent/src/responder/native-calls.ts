/** System calls of stopping processes and of putting files away and back whole, which Node does not offer. Failure is an error with the system's code. */
import { loadKoffi } from '../sensor/system-calls.ts';

export interface NativeCalls {
  /** A descriptor of the very process, which no other can come to be. Null: there is none of that pid. */
  openProcess(pid: number): number | null;
  /** False: it has ended. */
  signal(processFd: number, signal: number): boolean;
  close(fd: number): void;
  /** Attributes of `chattr`, or null where the file system has none. */
  attributes(fd: number): number | null;
  /** False where the file system has none. */
  setAttributes(fd: number, attributes: number): boolean;
  extendedAttributes(fd: number): Map<string, Buffer>;
  setExtendedAttribute(fd: number, name: string, value: Buffer): void;
}

export const SIGNAL = { kill: 9, stop: 19 } as const;
export const ATTRIBUTE = { immutable: 0x10, appendOnly: 0x20 } as const;

/** The same on every architecture since Linux 5.1. */
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const MAX_NAMES = 64 * 1024;
const MAX_VALUE = 64 * 1024;

type Call = (...args: (number | string | Buffer | null)[]) => number;

export async function nativeCalls(): Promise<NativeCalls> {
  const { koffi, libc } = await loadKoffi();
  const declare = (declaration: string): Call => {
    const call = libc.func(declaration);
    return (...args) => Number(call(...args));
  };
  const syscall = declare('long syscall(long, long, long, void *, long)');
  const closeFd = declare('int close(int)');
  const ioctl = declare('int ioctl(int, ulong, void *)');
  const flistxattr = declare('long flistxattr(int, void *, size_t)');
  const fgetxattr = declare('long fgetxattr(int, str, void *, size_t)');
  const fsetxattr = declare('int fsetxattr(int, str, void *, size_t, int)');
  const codes = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));
  const code = (): string => codes.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
  const failed = (what: string): Error => Object.assign(new Error(`${what}: ${code()}`), { code: code() });
  const hasNone = (): boolean => ['ENOTTY', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'ENOSYS'].includes(code());

  return {
    openProcess: (pid) => {
      const fd = syscall(SYS_PIDFD_OPEN, pid, 0, null, 0);
      if (fd >= 0) return fd;
      if (code() === 'ESRCH' || code() === 'EINVAL') return null;
      throw failed(`opening process ${pid}`);
    },
    signal: (processFd, signal) => {
      if (syscall(SYS_PIDFD_SEND_SIGNAL, processFd, signal, null, 0) === 0) return true;
      if (code() === 'ESRCH') return false;
      throw failed('signalling a process');
    },
    close: (fd) => void closeFd(fd),
    attributes: (fd) => {
      const into = Buffer.alloc(8);
      if (ioctl(fd, FS_IOC_GETFLAGS, into) === 0) return into.readUInt32LE(0);
      if (hasNone()) return null;
      throw failed('reading attributes');
    },
    setAttributes: (fd, attributes) => {
      const from = Buffer.alloc(8);
      from.writeUInt32LE(attributes, 0);
      if (ioctl(fd, FS_IOC_SETFLAGS, from) === 0) return true;
      if (hasNone()) return false;
      throw failed('setting attributes');
    },
    extendedAttributes: (fd) => {
      const names = Buffer.alloc(MAX_NAMES);
      const bytes = flistxattr(fd, names, names.length);
      if (bytes < 0) {
        if (hasNone()) return new Map();
        throw failed('listing extended attributes');
      }
      const found = new Map<string, Buffer>();
      for (const name of names.toString('utf8', 0, bytes).split('\0')) {
        if (name === '') continue;
        const value = Buffer.alloc(MAX_VALUE);
        const size = fgetxattr(fd, name, value, value.length);
        if (size < 0) throw failed(`reading the extended attribute ${name}`);
        found.set(name, value.subarray(0, size));
      }
      return found;
    },
    setExtendedAttribute: (fd, name, value) => {
      if (fsetxattr(fd, name, value, value.length, 0) !== 0)
        throw failed(`setting the extended attribute ${name}`);
    },
  };
}
