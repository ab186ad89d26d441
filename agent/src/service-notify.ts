/** Tells systemd that the service is ready and alive: sd_notify(3) as datagrams to NOTIFY_SOCKET. Node has no datagram Unix sockets, so by libc. */
import type { AgentLog } from './agent-log.ts';
import { AF, loadKoffi, SOCK, systemCalls } from './sensor/system-calls.ts';

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
    if (!send(message)) log.warn('the service manager could not be notified', { notice: message });
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
  const { koffi, libc } = await loadKoffi();
  const calls = systemCalls(koffi, libc);
  const fd = calls.socket(AF.unix, SOCK.datagram | SOCK.cloexec, 0);
  // An abstract name is written with an @, begins with a NUL and ends where it ends.
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
  const address = Buffer.alloc(2 + name.byteLength);
  address.writeUInt16LE(AF.unix, 0);
  name.copy(address, 2);
  return (message) => {
    const bytes = Buffer.from(message);
    return calls.sendTo(fd, bytes, address) === bytes.byteLength;
  };
}
