/** Columns of the hunting tables under the names that CEF and LEEF have for them; what they have none for keeps its own. Pure. */
import { stringifyExact } from '../exact-json.ts';

interface FieldNames {
  readonly cef: string;
  readonly leef: string;
}

const NAMES: Readonly<Record<string, FieldNames>> = {
  AccountDomain: { cef: 'dntdom', leef: 'domain' },
  AccountName: { cef: 'duser', leef: 'usrName' },
  AccountSid: { cef: 'duid', leef: 'accountSid' },
  ActionType: { cef: 'act', leef: 'action' },
  Category: { cef: 'cat', leef: 'cat' },
  DeviceName: { cef: 'dvchost', leef: 'identHostName' },
  DeviceId: { cef: 'deviceExternalId', leef: 'deviceId' },
  FileName: { cef: 'fname', leef: 'fileName' },
  FileSize: { cef: 'fsize', leef: 'fileSize' },
  FolderPath: { cef: 'filePath', leef: 'filePath' },
  InitiatingProcessAccountDomain: { cef: 'sntdom', leef: 'srcDomain' },
  InitiatingProcessAccountName: { cef: 'suser', leef: 'srcUsrName' },
  InitiatingProcessFileName: { cef: 'sproc', leef: 'srcProcess' },
  InitiatingProcessId: { cef: 'spid', leef: 'srcPid' },
  LocalIP: { cef: 'src', leef: 'src' },
  LocalPort: { cef: 'spt', leef: 'srcPort' },
  ProcessId: { cef: 'dpid', leef: 'dstPid' },
  Protocol: { cef: 'proto', leef: 'proto' },
  RemoteIP: { cef: 'dst', leef: 'dst' },
  RemotePort: { cef: 'dpt', leef: 'dstPort' },
  RemoteUrl: { cef: 'request', leef: 'url' },
  SHA256: { cef: 'fileHash', leef: 'sha256' },
};

/** In the order of the record; what has no value is left out, since neither format tells nothing from an empty text. */
export function eventFields(
  properties: Readonly<Record<string, unknown>>,
  format: keyof FieldNames,
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(properties)
    .filter(([, value]) => value !== null && value !== '')
    .map(([column, value]) => [
      NAMES[column]?.[format] ?? `Merlon${column}`,
      typeof value === 'string' ? value : stringifyExact(value),
    ]);
}

/** 0 to 10, as both formats count. */
export function eventSeverity(severity: unknown): number {
  switch (severity) {
    case 'High':
      return 9;
    case 'Medium':
      return 6;
    case 'Low':
      return 3;
    default:
      return 1;
  }
}
