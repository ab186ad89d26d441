/** Sysmon, for Windows and for Linux: the same events with the same fields. */
import type { EventContext, EventMapping, Fields, LeftOut, Row, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { account, choice, guid, hashes, initiator, path, pid, target, text, time, whole } from '../rules.ts';
import { registryKey, registryTarget, registryValue } from './registry.ts';

const BY = initiator({ guid: 'ProcessGuid', pid: 'ProcessId', image: 'Image' });
const BY_IN_EVENTS = initiator({ guid: 'ProcessGuid', pid: 'ProcessId', image: 'Image' }, 'DeviceEvents');
const SOURCE = initiator(
  { guid: 'SourceProcessGUID', pid: 'SourceProcessId', image: 'SourceImage' },
  'DeviceEvents',
);
const SOURCE_GUID = initiator(
  { guid: 'SourceProcessGuid', pid: 'SourceProcessId', image: 'SourceImage' },
  'DeviceEvents',
);
const DOER = account('User', 'InitiatingProcessAccount');

const VERSION = [
  text('FileVersion', 'ProcessVersionInfoProductVersion'),
  text('Description', 'ProcessVersionInfoFileDescription'),
  text('Product', 'ProcessVersionInfoProductName'),
  text('Company', 'ProcessVersionInfoCompanyName'),
  text('OriginalFileName', 'ProcessVersionInfoOriginalFileName'),
];

/** The new process, as later events of its own will show it. */
function rememberStart(fields: Fields, row: Row, { processes, host, timeMs }: EventContext): void {
  const id = read.pid(fields, 'ProcessId');
  processes.started(
    host,
    { guid: read.guid(fields, 'ProcessGuid') ?? null, pid: id ?? null },
    timeMs,
    'sysmon',
    startFacts(row),
  );
}

/** Columns of a start, and what they are called of a process that does something. */
const START_FACTS: readonly (readonly [column: string, initiating: string])[] = [
  ['ProcessId', 'InitiatingProcessId'],
  ['ProcessCommandLine', 'InitiatingProcessCommandLine'],
  ['ProcessCreationTime', 'InitiatingProcessCreationTime'],
  ['SHA1', 'InitiatingProcessSHA1'],
  ['SHA256', 'InitiatingProcessSHA256'],
  ['MD5', 'InitiatingProcessMD5'],
  ['ProcessIntegrityLevel', 'InitiatingProcessIntegrityLevel'],
  ['ProcessTokenElevation', 'InitiatingProcessTokenElevation'],
  ['AccountDomain', 'InitiatingProcessAccountDomain'],
  ['AccountName', 'InitiatingProcessAccountName'],
  ['AccountSid', 'InitiatingProcessAccountSid'],
  ['CreatedProcessSessionId', 'InitiatingProcessSessionId'],
  ['ProcessUniqueId', 'InitiatingProcessUniqueId'],
  ['ProcessVersionInfoCompanyName', 'InitiatingProcessVersionInfoCompanyName'],
  ['ProcessVersionInfoProductName', 'InitiatingProcessVersionInfoProductName'],
  ['ProcessVersionInfoProductVersion', 'InitiatingProcessVersionInfoProductVersion'],
  ['ProcessVersionInfoOriginalFileName', 'InitiatingProcessVersionInfoOriginalFileName'],
  ['ProcessVersionInfoFileDescription', 'InitiatingProcessVersionInfoFileDescription'],
  ['InitiatingProcessId', 'InitiatingProcessParentId'],
  ['InitiatingProcessFileName', 'InitiatingProcessParentFileName'],
  ['InitiatingProcessCreationTime', 'InitiatingProcessParentCreationTime'],
];

/** What a row of DeviceProcessEvents says of the new process, in the columns of one that does something. What is not known is not in it. */
export function startFacts(row: Row): Row {
  const facts: Row = {};
  for (const [column, initiating] of START_FACTS) {
    const value = row[column];
    if (value !== undefined) facts[initiating] = value;
  }
  const { FolderPath: path, FileName: name } = row;
  // Paths of Windows only: elsewhere case tells files apart.
  const windows = typeof path === 'string' && path.includes('\\');
  if (typeof path === 'string') facts.InitiatingProcessFolderPath = windows ? path.toLowerCase() : path;
  if (typeof name === 'string') facts.InitiatingProcessFileName = windows ? name.toLowerCase() : name;
  return facts;
}

function rememberEnd(fields: Fields, { processes, host, timeMs }: EventContext): void {
  processes.ended(
    host,
    { guid: read.guid(fields, 'ProcessGuid') ?? null, pid: read.pid(fields, 'ProcessId') ?? null },
    timeMs,
  );
}

const health = (id: string, title: string): LeftOut => ({
  id,
  title,
  table: null,
  why: 'tells of Sysmon itself',
});

const file = (
  id: string,
  title: string,
  action: string,
  additional: EventMapping['additional'] = [],
  hash: 'Hashes' | 'Hash' | null = 'Hashes',
): EventMapping => ({
  id,
  title,
  table: 'DeviceFileEvents',
  action,
  rules: [BY, DOER, path('TargetFilename'), ...(hash === null ? [] : [hashes(hash, true)])],
  additional: ['RuleName', ...additional],
});

const events: readonly (EventMapping | LeftOut)[] = [
  {
    id: '1',
    title: 'Process creation',
    table: 'DeviceProcessEvents',
    action: 'ProcessCreated',
    rules: [
      initiator({ guid: 'ParentProcessGuid', pid: 'ParentProcessId', image: 'ParentImage' }),
      text('ParentCommandLine', 'InitiatingProcessCommandLine'),
      account('ParentUser', 'InitiatingProcessAccount'),
      path('Image'),
      pid('ProcessId', 'ProcessId'),
      guid('ProcessGuid', 'ProcessUniqueId'),
      time('UtcTime', 'ProcessCreationTime'),
      text('CommandLine', 'ProcessCommandLine'),
      hashes('Hashes', true),
      ...VERSION,
      account('User', 'Account'),
      whole('LogonId', 'LogonId'),
      whole('TerminalSessionId', 'CreatedProcessSessionId'),
      text('IntegrityLevel', 'ProcessIntegrityLevel'),
    ],
    additional: ['RuleName', 'CurrentDirectory', 'LogonGuid'],
    remember: rememberStart,
  },
  {
    id: '2',
    title: 'A process changed a file creation time',
    table: 'DeviceEvents',
    action: 'FileTimestampModificationEvent',
    rules: [BY_IN_EVENTS, DOER, path('TargetFilename')],
    additional: ['RuleName', 'CreationUtcTime', 'PreviousCreationUtcTime'],
  },
  {
    id: '3',
    title: 'Network connection',
    table: 'DeviceNetworkEvents',
    action: {
      from: ['Initiated'],
      cases: { true: 'ConnectionSuccess', false: 'InboundConnectionAccepted' },
      otherwise: 'ConnectionSuccess',
    },
    rules: [
      BY,
      DOER,
      endpoints(),
      choice('Protocol', 'Protocol', { tcp: 'Tcp', udp: 'Udp', icmp: 'Icmp' }, 'as it is'),
    ],
    additional: ['RuleName', 'SourceHostname', 'SourcePortName', 'DestinationPortName'],
  },
  health('4', 'Sysmon service state changed'),
  {
    id: '5',
    title: 'Process terminated',
    table: null,
    why: 'ends what is remembered of the process',
    remember: rememberEnd,
  },
  {
    id: '6',
    title: 'Driver loaded',
    table: 'DeviceEvents',
    action: 'DriverLoad',
    rules: [path('ImageLoaded'), hashes('Hashes', true)],
    additional: ['RuleName', 'Signed', 'Signature', 'SignatureStatus'],
  },
  {
    id: '7',
    title: 'Image loaded',
    table: 'DeviceImageLoadEvents',
    action: 'ImageLoaded',
    // What it says of company and version is the library's, for which the table has no columns.
    rules: [BY, DOER, path('ImageLoaded'), hashes('Hashes')],
    additional: [],
  },
  {
    id: '8',
    title: 'CreateRemoteThread',
    table: 'DeviceEvents',
    action: 'CreateRemoteThreadApiCall',
    rules: [
      SOURCE_GUID,
      account('SourceUser', 'InitiatingProcessAccount'),
      target({ guid: 'TargetProcessGuid', pid: 'TargetProcessId', image: 'TargetImage' }),
      account('TargetUser', 'Account'),
    ],
    additional: ['RuleName', 'NewThreadId', 'StartAddress', 'StartModule', 'StartFunction'],
  },
  {
    id: '9',
    title: 'RawAccessRead',
    table: 'DeviceEvents',
    action: 'RawDiskRead',
    rules: [BY_IN_EVENTS, DOER],
    additional: ['RuleName', 'Device'],
  },
  {
    id: '10',
    title: 'Process access',
    table: 'DeviceEvents',
    action: 'OpenProcessApiCall',
    rules: [
      SOURCE,
      account('SourceUser', 'InitiatingProcessAccount'),
      target({ guid: 'TargetProcessGUID', pid: 'TargetProcessId', image: 'TargetImage' }),
      account('TargetUser', 'Account'),
      desiredAccess(),
    ],
    additional: ['RuleName', 'CallTrace', 'SourceThreadId'],
  },
  file('11', 'File created', 'FileCreated', ['CreationUtcTime'], null),
  {
    id: '12',
    title: 'Registry object added or deleted',
    table: 'DeviceRegistryEvents',
    action: {
      from: ['EventType'],
      cases: {
        CreateKey: 'RegistryKeyCreated',
        CreateValue: 'RegistryValueSet',
        DeleteKey: 'RegistryKeyDeleted',
        DeleteValue: 'RegistryValueDeleted',
      },
      // NXLog puts the log's own EventType over Sysmon's: which of the two it was is lost then.
      otherwise: 'RegistryObjectAddedOrDeleted',
    },
    rules: [BY, DOER, registryTarget('TargetObject', 'EventType', ['DeleteValue', 'CreateValue'])],
    additional: [],
  },
  {
    id: '13',
    title: 'Registry value set',
    table: 'DeviceRegistryEvents',
    action: 'RegistryValueSet',
    rules: [BY, DOER, registryTarget('TargetObject', null, []), registryValue('Details')],
    additional: [],
  },
  {
    id: '14',
    title: 'Registry key or value renamed',
    table: 'DeviceRegistryEvents',
    action: 'RegistryKeyRenamed',
    rules: [
      BY,
      DOER,
      registryKey('NewName', 'RegistryKey'),
      registryKey('TargetObject', 'PreviousRegistryKey'),
    ],
    additional: [],
  },
  {
    ...file('15', 'File stream created', 'FileCreated', ['CreationUtcTime', 'Contents'], 'Hash'),
    rules: [BY, DOER, path('TargetFilename'), hashes('Hash', true), origin()],
  },
  health('16', 'Sysmon configuration changed'),
  ...(['17', '18'] as const).map(
    (id): EventMapping => ({
      id,
      title: id === '17' ? 'Pipe created' : 'Pipe connected',
      table: 'DeviceEvents',
      action: 'NamedPipeEvent',
      rules: [BY_IN_EVENTS, DOER, fileOperation(id === '17' ? 'File created' : 'File opened')],
      additional: ['RuleName', 'PipeName'],
    }),
  ),
  ...(['19', '20', '21'] as const).map(
    (id): EventMapping => ({
      id,
      title: { 19: 'WMI filter', 20: 'WMI consumer', 21: 'WMI consumer bound to filter' }[id],
      table: 'DeviceEvents',
      action:
        id === '21' ? 'WmiBindEventFilterToConsumer' : id === '19' ? 'WmiEventFilter' : 'WmiEventConsumer',
      rules: [DOER],
      additional: [
        'RuleName',
        'Operation',
        'EventNamespace',
        'Name',
        'Query',
        'Type',
        'Destination',
        'Consumer',
        'Filter',
      ],
    }),
  ),
  {
    id: '22',
    title: 'DNS query',
    table: 'DeviceEvents',
    action: 'DnsQueryResponse',
    rules: [BY_IN_EVENTS, DOER, text('QueryName', 'RemoteUrl')],
    additional: [
      'RuleName',
      ['QueryName', 'DnsQueryString'],
      ['QueryResults', 'DnsQueryResult'],
      'QueryStatus',
    ],
  },
  file('23', 'File deleted, and kept by Sysmon', 'FileDeleted', ['IsExecutable', 'Archived']),
  {
    id: '24',
    title: 'Clipboard changed',
    table: 'DeviceEvents',
    action: 'GetClipboardData',
    rules: [BY_IN_EVENTS, DOER, hashes('Hashes')],
    additional: ['RuleName', 'Session', 'ClientInfo', 'Archived'],
  },
  {
    id: '25',
    title: 'Process tampering',
    table: 'DeviceEvents',
    action: 'ProcessTampering',
    rules: [BY_IN_EVENTS, DOER],
    additional: ['RuleName', 'Type'],
  },
  file('26', 'File deleted', 'FileDeleted', ['IsExecutable']),
  ...(['27', '28'] as const).map(
    (id): EventMapping => ({
      id,
      title: id === '27' ? 'Executable blocked' : 'Shredding blocked',
      table: 'DeviceEvents',
      action: id === '27' ? 'FileBlockExecutable' : 'FileBlockShredding',
      rules: [BY_IN_EVENTS, DOER, path('TargetFilename'), hashes('Hashes', true)],
      additional: ['RuleName', 'IsExecutable'],
    }),
  ),
  {
    ...file('29', 'Executable file detected', 'FileCreated'),
    rules: [BY, DOER, path('TargetFilename'), hashes('Hashes', true), detected()],
  },
  health('255', 'Sysmon error'),
];

function endpoints() {
  return {
    from: ['Initiated', 'SourceIp', 'SourcePort', 'DestinationIp', 'DestinationPort', 'DestinationHostname'],
    to: ['LocalIP', 'LocalPort', 'RemoteIP', 'RemotePort', 'RemoteUrl'],
    how: 'Initiated: the source is local; otherwise the destination is',
    apply(fields: Fields, row: Row) {
      const outward = read.flag(fields, 'Initiated') !== false;
      const [local, remote] = outward ? ['Source', 'Destination'] : ['Destination', 'Source'];
      row.LocalIP = read.text(fields, `${local}Ip`);
      row.LocalPort = read.port(fields, `${local}Port`);
      row.RemoteIP = read.text(fields, `${remote}Ip`);
      row.RemotePort = read.port(fields, `${remote}Port`);
      const name = read.text(fields, `${remote}Hostname`);
      if (name !== undefined) row.RemoteUrl = name;
    },
  };
}

function desiredAccess() {
  return {
    from: ['GrantedAccess'],
    to: ['AdditionalFields'],
    how: 'decimal, as `DesiredAccess`',
    apply(fields: Fields, row: Row) {
      const access = read.number(fields, 'GrantedAccess');
      if (access !== undefined) row.AdditionalFields = { DesiredAccess: access };
    },
  };
}

function fileOperation(value: string) {
  return {
    from: [],
    to: ['AdditionalFields'],
    how: `\`${value}\` as \`FileOperation\``,
    apply(_fields: Fields, row: Row) {
      row.AdditionalFields = { FileOperation: value };
    },
  };
}

function detected() {
  return {
    from: [],
    to: ['AdditionalFields'],
    how: '`true` as `IsExecutable`',
    apply(_fields: Fields, row: Row) {
      row.AdditionalFields = { ...(row.AdditionalFields as object | undefined), IsExecutable: true };
    },
  };
}

/** The mark of the web, as Windows writes it into a stream beside a downloaded file. */
function origin() {
  return {
    from: ['Contents'],
    to: ['FileOriginUrl', 'FileOriginReferrerUrl'],
    how: 'lines `HostUrl=` and `ReferrerUrl=`',
    apply(fields: Fields, row: Row) {
      const contents = read.text(fields, 'Contents');
      if (contents === undefined) return;
      const host = /\bHostUrl=(\S+)/.exec(contents)?.[1];
      const referrer = /\bReferrerUrl=(\S+)/.exec(contents)?.[1];
      if (host !== undefined) row.FileOriginUrl = host;
      if (referrer !== undefined) row.FileOriginReferrerUrl = referrer;
    },
  };
}

export const sysmon: SourceMapping = {
  name: 'sysmon',
  title: 'Sysmon for Windows and for Linux',
  about:
    'Channel `Microsoft-Windows-Sysmon/Operational` or `Linux-Sysmon/Operational`, by event id. `UtcTime` is the time of every event. Columns `InitiatingProcess…` beyond those that an event names come from the event 1 of that process, found by its GUID.',
  events,
};
