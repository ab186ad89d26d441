/** The entities an event gives an alert: processes with those that led to them, files, users, addresses, registry values. Pure. */
import { isIP } from 'node:net';
import type { AlertEvidence, AlertRelatedUser } from '@merlon/contract';
import type { Lineage, ProcessRecord } from './lineage.ts';
import { initiatingProcess, type Row, subjectProcess, textOf } from './row-processes.ts';

/** Generations above the process at the centre. */
const MAX_ANCESTORS = 8;
/** Addresses taken out of one command line. */
const MAX_NAMED = 5;
const DETECTED = 'Detected';

export interface EventEvidence {
  readonly evidence: readonly AlertEvidence[];
  readonly relatedUser: AlertRelatedUser | null;
}

export function evidenceOf(table: string, row: Row, deviceId: string, lineage: Lineage): EventEvidence {
  const at = textOf(row, 'Timestamp');
  const found: AlertEvidence[] = [];
  const add = (entity: Partial<AlertEvidence> & Pick<AlertEvidence, 'entityType'>) =>
    found.push({ ...NOTHING, evidenceCreationTime: at, ...entity });

  const subject = subjectProcess(row);
  const actor = initiatingProcess(row);
  // What a process row is about is the process started; elsewhere it is what the acting process did.
  const started = table === 'DeviceProcessEvents' ? subject : null;
  const chain = [...(started ? [started] : []), ...(actor ? withAncestors(actor, deviceId, lineage) : [])];
  const centre = chain[0] ?? null;
  for (const [index, process] of chain.entries()) {
    const parent = chain[index + 1] ?? null;
    add({ ...processEntity(process, parent), detectionStatus: index === 0 ? DETECTED : null });
  }
  if (!started && subject) add({ ...processEntity(subject, actor), detectionStatus: DETECTED });
  if (textOf(row, 'FileName') !== null || textOf(row, 'FolderPath') !== null) {
    add({ ...fileEntity(row), detectionStatus: DETECTED });
  }
  const key = textOf(row, 'RegistryKey');
  if (key !== null) add({ ...registryEntity(row, key), detectionStatus: DETECTED });
  for (const ip of new Set([textOf(row, 'RemoteIP'), ...addressesIn(centre?.commandLine ?? null)])) {
    if (ip !== null) add({ entityType: 'Ip', ipAddress: ip, detectionStatus: DETECTED });
  }
  for (const url of new Set([
    textOf(row, 'RemoteUrl'),
    textOf(row, 'FileOriginUrl'),
    ...urlsIn(centre?.commandLine ?? null),
  ])) {
    if (url !== null) add({ entityType: 'Url', url, detectionStatus: DETECTED });
  }
  const user = userOf(table, row, centre);
  if (user?.accountName) add({ entityType: 'User', ...user });
  return {
    evidence: found,
    relatedUser: user?.accountName ? { userName: user.accountName, domainName: user.domainName ?? '' } : null,
  };
}

/** Better known from its own row than from what another tells of it. */
function withAncestors(actor: ProcessRecord, deviceId: string, lineage: Lineage): ProcessRecord[] {
  const process = lineage.find(deviceId, actor) ?? actor;
  return [process, ...lineage.ancestors(deviceId, process, MAX_ANCESTORS)];
}

function processEntity(process: ProcessRecord, parent: ProcessRecord | null) {
  return {
    entityType: 'Process' as const,
    sha1: process.sha1,
    sha256: process.sha256,
    fileName: process.fileName,
    filePath: folderOf(process.path, process.fileName),
    processId: process.processId,
    processCommandLine: process.commandLine,
    processCreationTime: process.creationTime,
    parentProcessId: process.parent?.processId ?? null,
    parentProcessCreationTime: process.parent?.creationTime ?? null,
    parentProcessFileName: parent?.fileName ?? process.parent?.fileName ?? null,
    parentProcessFilePath: parent ? folderOf(parent.path, parent.fileName) : null,
    accountName: process.accountName,
    domainName: process.accountDomain,
    userSid: process.accountSid,
  };
}

function fileEntity(row: Row) {
  const name = textOf(row, 'FileName');
  const path = textOf(row, 'FolderPath');
  return {
    entityType: 'File' as const,
    fileName: name ?? (path === null ? null : path.slice(separatorAt(path) + 1)),
    filePath: folderOf(path, name),
    sha1: textOf(row, 'SHA1'),
    sha256: textOf(row, 'SHA256'),
  };
}

function registryEntity(row: Row, key: string) {
  const split = key.indexOf('\\');
  return {
    entityType: 'Registry' as const,
    registryHive: split < 0 ? key : key.slice(0, split),
    registryKey: split < 0 ? '' : key.slice(split + 1),
    registryValueName: textOf(row, 'RegistryValueName'),
    registryValueType: textOf(row, 'RegistryValueType'),
    registryValue: textOf(row, 'RegistryValueData'),
  };
}

/** Who it is about: in sign-ins and account events the account named, elsewhere the one the process runs as. */
function userOf(
  table: string,
  row: Row,
  centre: ProcessRecord | null,
): Pick<AlertEvidence, 'accountName' | 'domainName' | 'userSid'> | null {
  const named = table === 'DeviceLogonEvents' || table === 'DeviceEvents';
  const accountName = named ? textOf(row, 'AccountName') : null;
  if (accountName !== null) {
    return { accountName, domainName: textOf(row, 'AccountDomain'), userSid: textOf(row, 'AccountSid') };
  }
  if (centre?.accountName) {
    return { accountName: centre.accountName, domainName: centre.accountDomain, userSid: centre.accountSid };
  }
  const initiator = textOf(row, 'InitiatingProcessAccountName');
  return initiator === null
    ? null
    : {
        accountName: initiator,
        domainName: textOf(row, 'InitiatingProcessAccountDomain'),
        userSid: textOf(row, 'InitiatingProcessAccountSid'),
      };
}

/** Hunting keeps the file's name at the end of the folder; evidence does not. */
function folderOf(path: string | null, name: string | null): string | null {
  if (path === null) return null;
  const at = separatorAt(path);
  const last = path.slice(at + 1);
  if (name !== null && last.toLowerCase() !== name.toLowerCase()) return path;
  return at < 0 ? null : path.slice(0, Math.max(at, path.startsWith('/') ? 1 : 0)) || '/';
}

function separatorAt(path: string): number {
  return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
}

function urlsIn(commandLine: string | null): string[] {
  const found = commandLine?.match(/\bhttps?:\/\/[^\s"'`|<>(){}\\;]{1,2000}/gi) ?? [];
  return found.slice(0, MAX_NAMED);
}

function addressesIn(commandLine: string | null): string[] {
  const found = commandLine?.match(/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g) ?? [];
  return found.filter((text) => isIP(text) === 4).slice(0, MAX_NAMED);
}

const NOTHING: AlertEvidence = {
  entityType: 'Process',
  evidenceCreationTime: null,
  sha1: null,
  sha256: null,
  fileName: null,
  filePath: null,
  processId: null,
  processCommandLine: null,
  processCreationTime: null,
  parentProcessId: null,
  parentProcessCreationTime: null,
  parentProcessFileName: null,
  parentProcessFilePath: null,
  ipAddress: null,
  url: null,
  registryKey: null,
  registryHive: null,
  registryValueType: null,
  registryValueName: null,
  registryValue: null,
  accountName: null,
  domainName: null,
  userSid: null,
  aadUserId: null,
  userPrincipalName: null,
  detectionStatus: null,
};
