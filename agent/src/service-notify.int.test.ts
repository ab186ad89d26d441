import { join } from 'node:path';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { serviceNotifier } from './service-notify.ts';
import { quietLog } from './testing/quiet-log.ts';
import { temporaryFolders } from './testing/temporary-folder.ts';
import { until } from './testing/until.ts';

const folder = temporaryFolders();

/** A datagram socket as a service manager has it. */
function listen(address: Buffer): { read(): string | null; close(): void } {
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int, int, int)');
  const bind = libc.func('int bind(int, void *, uint)');
  const recv = libc.func('long recv(int, _Out_ void *, size_t, int)');
  const close = libc.func('int close(int)');
  const NONBLOCKING = 0o4000;
  const fd = Number(socket(1, 2 | NONBLOCKING, 0));
  if (Number(bind(fd, address, address.byteLength)) !== 0) throw new Error('bind');
  const into = Buffer.alloc(4096);
  return {
    read: () => {
      const bytes = Number(recv(fd, into, into.byteLength, 0));
      return bytes < 0 ? null : into.subarray(0, bytes).toString();
    },
    close: () => void close(fd),
  };
}

function addressOf(path: string): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(1);
  return Buffer.concat([family, Buffer.from(path)]);
}

describe('serviceNotifier', () => {
  it.each(['path', 'abstract'])(
    'says that it is ready, alive and stopping, to a socket by %s',
    async (kind) => {
      const path = join(await folder(), 'notify');
      const manager = listen(addressOf(kind === 'path' ? `${path}\0` : `\0${path}`));
      const notifier = await serviceNotifier(
        { NOTIFY_SOCKET: kind === 'path' ? path : `@${path}`, WATCHDOG_USEC: '20000' },
        quietLog(),
      );
      notifier.ready('Active');
      expect(await until('READY', () => manager.read())).toBe('READY=1\nSTATUS=Active');
      for (let i = 0; i < 3; i += 1) expect(await until('WATCHDOG', () => manager.read())).toBe('WATCHDOG=1');
      notifier.stopping();
      await until('STOPPING', () => manager.read() === 'STOPPING=1');
      manager.close();
    },
  );

  it('is silent without a service manager, and says when there is none at the address', async () => {
    (await serviceNotifier({}, quietLog())).ready('Active');
    const log = quietLog();
    (await serviceNotifier({ NOTIFY_SOCKET: join(await folder(), 'nobody') }, log)).ready('Active');
    expect(log.lines).toHaveLength(1);
  });
});
