/** DeviceNetworkEvents rows out of TCP state changes. Pure. */
import { TCP_STATE, type TcpRecord } from './bpf-records.ts';
import { additionalFields, ipType } from './rows.ts';
import type { SensorRow } from './sensor.ts';

export type TcpMeaning =
  | 'ConnectionSuccess'
  | 'ConnectionFailed'
  | 'InboundConnectionAccepted'
  | 'ListeningConnectionCreated'
  | 'ListenerClosed';

/** What a state change says; null for one that says nothing. */
export function meaningOf(t: TcpRecord): TcpMeaning | null {
  switch (t.newState) {
    case TCP_STATE.listen:
      return 'ListeningConnectionCreated';
    case TCP_STATE.established:
      if (t.oldState === TCP_STATE.synSent) return 'ConnectionSuccess';
      return t.oldState === TCP_STATE.synRecv ? 'InboundConnectionAccepted' : null;
    case TCP_STATE.close:
      if (t.oldState === TCP_STATE.synSent) return 'ConnectionFailed';
      return t.oldState === TCP_STATE.listen ? 'ListenerClosed' : null;
    default:
      return null;
  }
}

export function networkRow(
  timestamp: string,
  meaning: Exclude<TcpMeaning, 'ListenerClosed'>,
  t: TcpRecord,
  remoteUrl: string | null,
  errorName: (errno: number) => string,
): SensorRow {
  const row: SensorRow = {
    Table: 'DeviceNetworkEvents',
    Timestamp: timestamp,
    ActionType: meaning,
    Protocol: 'Tcp',
    LocalIP: t.localIp,
    LocalPort: t.localPort,
    LocalIPType: ipType(t.localIp),
  };
  if (meaning !== 'ListeningConnectionCreated') {
    row.RemoteIP = t.remoteIp;
    row.RemotePort = t.remotePort;
    row.RemoteIPType = ipType(t.remoteIp);
    if (remoteUrl !== null && meaning !== 'InboundConnectionAccepted') row.RemoteUrl = remoteUrl;
  }
  if (meaning === 'ConnectionFailed') {
    // No error: the caller closed the socket before there was an answer.
    row.AdditionalFields = additionalFields({ Error: t.error === 0 ? 'CANCELLED' : errorName(t.error) });
  }
  return row;
}
