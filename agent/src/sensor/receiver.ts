/** Sockets that are only listened to: the kernel's own announcements, and packets. */
import { ENOBUFS, SO, SOCK, SOL_SOCKET, type SystemCalls } from './system-calls.ts';

export interface ReceiverSettings {
  /** For the error text. */
  readonly what: string;
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly address: Buffer;
  /** Of the kernel's buffer, also past the system's limit. */
  readonly bufferBytes: number;
  /** A classic BPF program: nothing slips in before it, if the protocol is 0 until the address names one. */
  readonly filter?: Buffer;
  /** Said instead when the kernel answers EPERM. */
  readonly denied?: string;
}

/** @throws with the reason. */
export function openReceiver(calls: SystemCalls, settings: ReceiverSettings): number {
  const { what, filter, denied } = settings;
  const failure = (): Error => {
    const reason = calls.errorName(calls.errno());
    return new Error(reason === 'EPERM' && denied !== undefined ? denied : `${what}: ${reason}`);
  };
  const fd = calls.socket(settings.family, settings.type | SOCK.cloexec, settings.protocol);
  if (fd < 0) throw failure();
  const size = Buffer.alloc(4);
  size.writeInt32LE(settings.bufferBytes);
  calls.setSocketOption(fd, SOL_SOCKET, SO.receiveBufferForce, size);
  if (
    (filter !== undefined && calls.attachFilter(fd, filter) !== 0) ||
    calls.bind(fd, settings.address) < 0
  ) {
    const error = failure();
    calls.close(fd);
    throw error;
  }
  return fd;
}

/** Takes what has arrived, message by message. @returns how often the kernel dropped some; how many it does not say. */
export function receiveAll(
  calls: SystemCalls,
  fd: number,
  into: Buffer,
  take: (bytes: number) => void,
): number {
  for (let lost = 0; ; ) {
    const n = calls.recv(fd, into);
    if (n > 0) take(n);
    else if (n < 0 && calls.errno() === ENOBUFS) lost++;
    else return lost;
  }
}
