/** Tells systemd that the service is ready and alive: sd_notify(3) as datagrams to NOTIFY_SOCKET. Node has no datagram Unix sockets, so by libc. */
import type { AgentLog } from './agent-log.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

export interface ServiceNotifier {
  /** Sends READY=1, and from then on WATCHDOG=1 as often as the service manager wants. */
  ready(status: string): void;
  stopping(): void;
}

export async function serviceNotifier(
  env: Readonly<Record<string, string | undefined>>,
  log: AgentLog,
): Promise<ServiceNotifier> {
  const path = env.NOTIFY_SOCKET;
  if (!path) return { ready: () => undefined, stopping: () => undefined };
  const send = await datagramTo(path);
  const say = (message: string) => {
    if (!send(message)) log.warn('the service manager could not be notified', { message });
  };
  const watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1000;
  let watchdog: NodeJS.Timeout | undefined;
  return {
    ready(status) {
      say(`READY=1\nSTATUS=${status}`);
      if (watchdogMs > 0) watchdog = setInterval(() => say('WATCHDOG=1'), watchdogMs / 2);
    },
    stopping() {
      clearInterval(watchdog);
      say('STOPPING=1');
    },
  };
}

/** False: not sent. */
async function datagramTo(path: string): Promise<(message: string) => boolean> {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int, int, int)');
  const sendto = libc.func('long sendto(int, void *, size_t, int, void *, uint)');
  const fd = Number(socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
  const name = Buffer.from(path);
  const address = Buffer.alloc(2 + 108);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2, 0, 108);
  // An abstract name is written with an @ and begins with a NUL.
  const abstract = path.startsWith('@');
  if (abstract) address[2] = 0;
  const length = 2 + name.byteLength + (abstract ? 0 : 1);
  return (message) => {
    const bytes = Buffer.from(message);
    return Number(sendto(fd, bytes, bytes.byteLength, 0, address, length)) === bytes.byteLength;
  };
}
