/** How processes, files and addresses become columns. Pure. */
import type { FileHashes } from './file-hasher.ts';
import type { ProcessRecord } from './process-table.ts';
import type { SensorRow } from './sensor.ts';

export interface RowContext {
  accountName(uid: number): string;
  /** The host's name: the domain of local accounts. */
  accountDomain: string;
  bootId: string;
}

/** Unique over reboots and pid reuse. */
export function processUniqueId(context: RowContext, record: Pick<ProcessRecord, 'pid' | 'start'>): string {
  return `${context.bootId.slice(0, 8)}-${record.pid}-${record.start.toString(36)}`;
}

/** The InitiatingProcess… columns, hashes excepted. Assigned, not spread: this runs for every row. */
export function setInitiatingProcess(row: SensorRow, context: RowContext, by: ProcessRecord): void {
  row.InitiatingProcessFileName = by.fileName;
  row.InitiatingProcessFolderPath = by.path;
  row.InitiatingProcessId = by.pid;
  row.InitiatingProcessCommandLine = by.commandLine;
  row.InitiatingProcessCreationTime = by.creationTime;
  row.InitiatingProcessAccountName = context.accountName(by.uid);
  row.InitiatingProcessAccountDomain = context.accountDomain;
  row.InitiatingProcessParentId = by.parentPid;
  row.InitiatingProcessParentFileName = by.parentFileName;
  if (by.parentCreationTime !== null) row.InitiatingProcessParentCreationTime = by.parentCreationTime;
  if (by.fileSize !== null) row.InitiatingProcessFileSize = by.fileSize;
  row.InitiatingProcessUniqueId = processUniqueId(context, by);
}

export function setHashes(row: SensorRow, hashes: FileHashes): void {
  row.SHA1 = hashes.sha1;
  row.SHA256 = hashes.sha256;
  row.MD5 = hashes.md5;
}

export function setInitiatingHashes(row: SensorRow, hashes: FileHashes): void {
  row.InitiatingProcessSHA1 = hashes.sha1;
  row.InitiatingProcessSHA256 = hashes.sha256;
  row.InitiatingProcessMD5 = hashes.md5;
}

/** JSON text of what is set; undefined when nothing is, so that the column stays empty. */
export function additionalFields(fields: Readonly<Record<string, unknown>>): string | undefined {
  const set: Record<string, unknown> = {};
  let any = false;
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined || value === null || value === '') continue;
    set[key] = value;
    any = true;
  }
  return any ? JSON.stringify(set) : undefined;
}

/** MDE's class of an address. */
export type IpType =
  | 'Public'
  | 'Private'
  | 'Reserved'
  | 'Loopback'
  | 'Teredo'
  | 'FourToSixMapping'
  | 'Broadcast';

function ipv4Type(ip: string): IpType {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
  if (a === 127) return 'Loopback';
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'Private';
  if (a === 255 && b === 255 && c === 255 && d === 255) return 'Broadcast';
  if (a === 0 || a >= 224 || (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128)) return 'Reserved';
  return 'Public';
}

export function ipType(ip: string): IpType {
  if (!ip.includes(':')) return ipv4Type(ip);
  if (ip === '::1') return 'Loopback';
  if (ip.startsWith('::ffff:')) return 'FourToSixMapping';
  // 2001::/32: the second word is zero, which the text leaves out or writes as 0.
  if (/^2001:(0:|:)/.test(ip)) return 'Teredo';
  if (/^f[cd]/.test(ip)) return 'Private';
  if (ip === '::' || /^(fe[89ab]|ff|2001:db8:)/.test(ip)) return 'Reserved';
  return 'Public';
}
