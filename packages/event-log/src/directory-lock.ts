/** One process, one log. The lock is the kernel's: it ends with the process, however that ends. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { LogLockedError } from './errors.ts';

/** libuv's UV_FS_O_EXLOCK (uv.h), which Node passes through but does not name. Linux has none. */
const EXCLUSIVE_OPEN: Partial<Record<NodeJS.Platform, number>> = {
  darwin: 0x20,
  freebsd: 0x20,
  win32: 0x10000000,
};
const O_RDWR_CREAT_NONBLOCK: Partial<Record<NodeJS.Platform, number>> = {
  darwin: 0x206,
  freebsd: 0x206,
  win32: 0x102,
};
const TAKEN = 1;

/** Returns the way to give it free. */
export function lockDirectory(dir: string): () => void {
  const path = join(dir, 'lock');
  const inUse = new LogLockedError(`the event log in ${dir} is in use by another process`);
  const exclusive = EXCLUSIVE_OPEN[process.platform];
  if (exclusive !== undefined) {
    try {
      const fd = openSync(path, exclusive | (O_RDWR_CREAT_NONBLOCK[process.platform] ?? 0), 0o600);
      return () => closeSync(fd);
    } catch (error) {
      if (['EAGAIN', 'EWOULDBLOCK', 'EBUSY', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw inUse;
      throw error;
    }
  }
  const fd = openSync(path, 'w', 0o600);
  // flock(1) locks the open file that it inherits; the lock stays with our side of it after the command has ended.
  const { status, error } = spawnSync('flock', ['-n', '-x', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
  });
  if (status === 0) return () => closeSync(fd);
  closeSync(fd);
  if (status === TAKEN) throw inUse;
  throw new LogLockedError(
    `the event log in ${dir} could not be locked: the command "flock" (util-linux, busybox) ${error ? 'is missing' : 'failed'}`,
    { cause: error },
  );
}
