/** An event in one sentence. Pure. */
import type { TimelineRow } from './timeline-query.ts';

export type EventKind = 'process' | 'network' | 'file' | 'registry' | 'logon' | 'image' | 'other';

export interface EventDescription {
  readonly kind: EventKind;
  readonly sentence: string;
  /** What one reads next: command line, path, address. */
  readonly detail: string;
}

export function describeEvent(row: TimelineRow): EventDescription {
  const of = (column: string) => textOf(row[column]);
  const actor = of('InitiatingProcessFileName') || 'A process';
  const path = joinPath(of('FolderPath'), of('FileName'));
  switch (row.Table) {
    case 'DeviceProcessEvents':
      return {
        kind: 'process',
        sentence:
          row.ActionType === 'ProcessCreated'
            ? `${actor} started ${of('FileName') || 'a process'}`
            : `${of('FileName') || actor}: ${row.ActionType}`,
        detail: of('ProcessCommandLine') || path,
      };
    case 'DeviceNetworkEvents': {
      const remote = endpoint(of('RemoteIP'), of('RemotePort'));
      const url = of('RemoteUrl');
      return {
        kind: 'network',
        sentence: networkSentence(
          row.ActionType,
          actor,
          url || remote,
          endpoint(of('LocalIP'), of('LocalPort')),
        ),
        detail: [of('Protocol'), url === '' ? '' : remote].filter(Boolean).join(' '),
      };
    }
    case 'DeviceFileEvents': {
      const verb = fileVerbs[row.ActionType];
      const name = of('FileName') || 'a file';
      const former = of('PreviousFileName');
      return {
        kind: 'file',
        sentence:
          row.ActionType === 'FileRenamed' && former
            ? `${actor} renamed ${former} to ${name}`
            : verb
              ? `${actor} ${verb} ${name}`
              : `${actor}: ${row.ActionType} ${name}`,
        detail: path,
      };
    }
    case 'DeviceRegistryEvents':
      return {
        kind: 'registry',
        sentence: `${actor} ${registryVerbs[row.ActionType] ?? row.ActionType} ${of('RegistryValueName') || lastPart(of('RegistryKey'))}`,
        detail: [of('RegistryKey'), of('RegistryValueData')].filter(Boolean).join(' = '),
      };
    case 'DeviceLogonEvents': {
      const who = [of('AccountDomain'), of('AccountName')].filter(Boolean).join('\\') || 'Somebody';
      const from = of('RemoteDeviceName') || of('RemoteIP');
      const how = [of('LogonType'), from === '' ? '' : `from ${from}`].filter(Boolean).join(' ');
      return {
        kind: 'logon',
        sentence: `${who} ${logonVerbs[row.ActionType] ?? row.ActionType}${how === '' ? '' : ` (${how})`}`,
        detail: of('FailureReason'),
      };
    }
    case 'DeviceImageLoadEvents':
      return { kind: 'image', sentence: `${actor} loaded ${of('FileName') || 'an image'}`, detail: path };
    case 'DeviceEvents':
      return {
        kind: 'other',
        sentence: `${actor}: ${row.ActionType}`,
        detail: of('ProcessCommandLine') || path || of('RemoteUrl') || of('AdditionalFields'),
      };
  }
}

const fileVerbs: Readonly<Record<string, string>> = {
  FileCreated: 'created',
  FileModified: 'changed',
  FileDeleted: 'deleted',
  FileRenamed: 'renamed',
};

const registryVerbs: Readonly<Record<string, string>> = {
  RegistryKeyCreated: 'created key',
  RegistryKeyDeleted: 'deleted key',
  RegistryKeyRenamed: 'renamed key',
  RegistryValueSet: 'set value',
  RegistryValueDeleted: 'deleted value',
};

const logonVerbs: Readonly<Record<string, string>> = {
  LogonSuccess: 'signed in',
  LogonFailed: 'failed to sign in',
  LogonAttempted: 'tried to sign in',
};

function networkSentence(action: string, actor: string, remote: string, local: string): string {
  switch (action) {
    case 'ConnectionSuccess':
      return `${actor} connected to ${remote}`;
    case 'ConnectionFailed':
      return `${actor} could not connect to ${remote}`;
    case 'ConnectionAttempt':
    case 'ConnectionRequest':
      return `${actor} tried to connect to ${remote}`;
    case 'InboundConnectionAccepted':
      return `${actor} accepted a connection from ${remote}`;
    case 'ListeningConnectionCreated':
      return `${actor} began to listen on ${local}`;
    case 'DnsConnectionInspected':
      return `${actor} looked up ${remote}`;
    default:
      return `${actor}: ${action} ${remote}`.trim();
  }
}

/** Any value as text; objects as JSON. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function endpoint(address: string, port: string): string {
  if (address === '') return port === '' ? '' : `port ${port}`;
  if (port === '') return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `FolderPath` holds the whole path for files of an event, only the folder in other places; the name is not said twice. */
function joinPath(folder: string, name: string): string {
  if (folder === '' || folder.endsWith(`/${name}`) || folder.endsWith(`\\${name}`)) return folder || name;
  if (name === '') return folder;
  const separator = folder.includes('\\') ? '\\' : '/';
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1);
}
