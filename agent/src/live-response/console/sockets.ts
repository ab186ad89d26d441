/** The kernel's tables of sockets: /proc/net/{tcp,tcp6,udp,udp6}. */
import { addressText } from '../../sensor/bpf-records.ts';

export interface SocketRow {
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly state: string;
  readonly inode: number;
}

/** Of include/net/tcp_states.h, in hex as the table prints them. */
const STATES: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
};

export function parseSockets(table: string, protocol: string, family: 4 | 6): SocketRow[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const column = line.trim().split(/\s+/);
      const local = endpoint(column[1], family);
      const remote = endpoint(column[2], family);
      const state = column[3];
      if (local === null || remote === null || state === undefined) return [];
      // A UDP socket that is bound and not connected is told as closed.
      const listens = protocol.startsWith('udp') && state === '07';
      return [
        {
          protocol,
          local,
          remote,
          state: listens ? 'BOUND' : (STATES[state] ?? state),
          inode: Number(column[9]),
        },
      ];
    });
}

function endpoint(text: string | undefined, family: 4 | 6): string | null {
  const [address = '', port = ''] = (text ?? '').split(':');
  if (address.length !== (family === 4 ? 8 : 32) || !/^[0-9A-F]+$/.test(address + port)) return null;
  const ip = Buffer.from(address, 'hex');
  ip.swap32();
  const printed = addressText(ip, 0, family);
  return `${family === 6 ? `[${printed}]` : printed}:${Number.parseInt(port, 16)}`;
}
