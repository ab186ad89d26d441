/**
 * Where Sigma's log sources and fields are found in hunting tables: which table, which kinds of event, which column. Sigma's names come
 * from Sysmon and keep its sense; where a table keeps something in another shape, the entry says how the value is made.
 */

/** How the value of a Sigma field is made from a row. */
export type FieldSource =
  | { readonly column: string }
  /** The first of these keys that AdditionalFields, a JSON text, holds. */
  | { readonly extra: readonly string[] }
  /** A whole path with the file's name at its end. Some sources fill only the folder, some only the name. */
  | { readonly path: { readonly folder: string | null; readonly name: string } }
  /** Columns that hold something, with the separator between them. */
  | { readonly join: readonly string[]; readonly separator: string }
  /** `SHA1=…,MD5=…`, as Sysmon writes it: label -> column. */
  | { readonly hashes: Readonly<Record<string, string>> }
  /** Local and remote end change places with who began the connection. */
  | { readonly outbound: string; readonly inbound: string }
  /** `true` when this device began the connection, else `false`. */
  | { readonly initiated: true };

export type Os = 'windows' | 'linux' | 'macos';
export const systems: readonly Os[] = ['windows', 'linux', 'macos'];

/** Kinds of DeviceNetworkEvents in which the other side began. */
export const INBOUND_ACTIONS: readonly string[] = ['InboundConnectionAccepted', 'ListeningConnectionCreated'];

type Fields = Readonly<Record<string, FieldSource>>;

export interface TableMapping {
  readonly table: string;
  /** Null: every kind of event in the table. */
  readonly actions: readonly string[] | null;
  readonly fields: Fields;
  /** Fields whose value has another shape on systems other than Windows. */
  readonly unixFields?: Fields;
}

const column = (name: string): FieldSource => ({ column: name });
const extra = (...keys: string[]): FieldSource => ({ extra: keys });
const path = (folder: string | null, name: string): FieldSource => ({ path: { folder, name } });

/** DOMAIN\name on Windows; elsewhere the bare name, which is how rules for those systems write it. */
const windowsUser = (prefix: string): FieldSource => ({
  join: [`${prefix}AccountDomain`, `${prefix}AccountName`],
  separator: '\\',
});

const hashes = (prefix: string): FieldSource => ({
  hashes: { SHA1: `${prefix}SHA1`, MD5: `${prefix}MD5`, SHA256: `${prefix}SHA256` },
});

/** The acting process, in every table but that of process starts. */
const ACTOR: Fields = {
  Image: path('InitiatingProcessFolderPath', 'InitiatingProcessFileName'),
  CommandLine: column('InitiatingProcessCommandLine'),
  ProcessId: column('InitiatingProcessId'),
  ProcessGuid: column('InitiatingProcessUniqueId'),
  ParentImage: path(null, 'InitiatingProcessParentFileName'),
  ParentProcessId: column('InitiatingProcessParentId'),
  IntegrityLevel: column('InitiatingProcessIntegrityLevel'),
  User: windowsUser('InitiatingProcess'),
};
const UNIX_ACTOR: Fields = { User: column('InitiatingProcessAccountName') };

const FILE: Fields = {
  ...ACTOR,
  TargetFilename: path('FolderPath', 'FileName'),
  Hashes: hashes(''),
  md5: column('MD5'),
  sha1: column('SHA1'),
  sha256: column('SHA256'),
};

const PROCESS: Fields = {
  Image: path('FolderPath', 'FileName'),
  CommandLine: column('ProcessCommandLine'),
  CurrentDirectory: extra('CurrentWorkingDirectory', 'CurrentDirectory'),
  OriginalFileName: column('ProcessVersionInfoOriginalFileName'),
  Description: column('ProcessVersionInfoFileDescription'),
  Product: column('ProcessVersionInfoProductName'),
  Company: column('ProcessVersionInfoCompanyName'),
  FileVersion: column('ProcessVersionInfoProductVersion'),
  ProcessId: column('ProcessId'),
  ProcessGuid: column('ProcessUniqueId'),
  User: windowsUser(''),
  LogonId: column('LogonId'),
  TerminalSessionId: column('CreatedProcessSessionId'),
  IntegrityLevel: column('ProcessIntegrityLevel'),
  Hashes: hashes(''),
  md5: column('MD5'),
  sha1: column('SHA1'),
  sha256: column('SHA256'),
  Imphash: extra('Imphash', 'IMPHASH'),
  imphash: extra('Imphash', 'IMPHASH'),
  ParentImage: path('InitiatingProcessFolderPath', 'InitiatingProcessFileName'),
  ParentCommandLine: column('InitiatingProcessCommandLine'),
  ParentProcessId: column('InitiatingProcessId'),
  ParentProcessGuid: column('InitiatingProcessUniqueId'),
  ParentUser: windowsUser('InitiatingProcess'),
  ParentIntegrityLevel: column('InitiatingProcessIntegrityLevel'),
  GrandParentImage: path(null, 'InitiatingProcessParentFileName'),
};
const UNIX_PROCESS: Fields = {
  User: column('AccountName'),
  ParentUser: column('InitiatingProcessAccountName'),
};

const CONNECTION: Fields = {
  ...ACTOR,
  Initiated: { initiated: true },
  Protocol: column('Protocol'),
  SourceIp: { outbound: 'LocalIP', inbound: 'RemoteIP' },
  SourcePort: { outbound: 'LocalPort', inbound: 'RemotePort' },
  DestinationIp: { outbound: 'RemoteIP', inbound: 'LocalIP' },
  DestinationPort: { outbound: 'RemotePort', inbound: 'LocalPort' },
  DestinationHostname: column('RemoteUrl'),
};

const REGISTRY: Fields = {
  ...ACTOR,
  EventType: column('ActionType'),
  TargetObject: { join: ['RegistryKey', 'RegistryValueName'], separator: '\\' },
  Details: column('RegistryValueData'),
  NewName: column('RegistryKey'),
};

const IMAGE_LOAD: Fields = {
  ...ACTOR,
  ImageLoaded: path('FolderPath', 'FileName'),
  Hashes: hashes(''),
  md5: column('MD5'),
  sha1: column('SHA1'),
  sha256: column('SHA256'),
  OriginalFileName: extra('OriginalFileName'),
  Description: extra('Description'),
  Product: extra('Product'),
  Company: extra('Company'),
  Signed: extra('Signed'),
  Signature: extra('Signature'),
  SignatureStatus: extra('SignatureStatus'),
};

const DNS: Fields = {
  ...ACTOR,
  QueryName: extra('DnsQueryString'),
  query: extra('DnsQueryString'),
  QueryResults: extra('DnsQueryResult'),
  answer: extra('DnsQueryResult'),
  QueryStatus: extra('DnsQueryStatus', 'QueryStatus'),
  record_type: extra('DnsQueryType'),
};

/** One process acting upon another. */
const PROCESS_ACCESS: Fields = {
  SourceImage: path('InitiatingProcessFolderPath', 'InitiatingProcessFileName'),
  SourceProcessId: column('InitiatingProcessId'),
  SourceCommandLine: column('InitiatingProcessCommandLine'),
  SourceUser: windowsUser('InitiatingProcess'),
  TargetImage: path('FolderPath', 'FileName'),
  TargetProcessId: column('ProcessId'),
  CallTrace: extra('CallTrace'),
  StartAddress: extra('StartAddress'),
  StartModule: extra('StartModule'),
  StartFunction: extra('StartFunction'),
};

const LOGON: Fields = {
  TargetUserName: column('AccountName'),
  TargetDomainName: column('AccountDomain'),
  TargetUserSid: column('AccountSid'),
  TargetLogonId: column('LogonId'),
  LogonType: column('LogonType'),
  IpAddress: column('RemoteIP'),
  IpPort: column('RemotePort'),
  WorkstationName: column('RemoteDeviceName'),
  LogonProcessName: column('Protocol'),
  ProcessName: path('InitiatingProcessFolderPath', 'InitiatingProcessFileName'),
  User: windowsUser(''),
};

const inTable = (
  table: string,
  actions: readonly string[] | null,
  fields: Fields,
  unixFields?: Fields,
): TableMapping => ({
  table,
  actions,
  fields,
  ...(unixFields ? { unixFields } : {}),
});
const FILES = 'DeviceFileEvents';
const REGISTRIES = 'DeviceRegistryEvents';
const OTHERS = 'DeviceEvents';

/** Sigma category -> where its events are. */
export const categories: Readonly<Record<string, TableMapping>> = {
  process_creation: inTable('DeviceProcessEvents', ['ProcessCreated'], PROCESS, UNIX_PROCESS),
  process_access: inTable(OTHERS, ['OpenProcessApiCall'], PROCESS_ACCESS),
  create_remote_thread: inTable(OTHERS, ['CreateRemoteThreadApiCall'], PROCESS_ACCESS),
  // Sysmon tells creation and overwriting as one, and a rename brings a file to its name too.
  file_event: inTable(FILES, ['FileCreated', 'FileModified', 'FileRenamed'], FILE, UNIX_ACTOR),
  file_change: inTable(FILES, ['FileModified'], FILE, UNIX_ACTOR),
  file_delete: inTable(FILES, ['FileDeleted'], FILE, UNIX_ACTOR),
  file_rename: inTable(
    FILES,
    ['FileRenamed'],
    { ...FILE, SourceFilename: path('PreviousFolderPath', 'PreviousFileName') },
    UNIX_ACTOR,
  ),
  network_connection: inTable(
    'DeviceNetworkEvents',
    [
      'ConnectionSuccess',
      'ConnectionFailed',
      'ConnectionAttempt',
      'ConnectionRequest',
      'ConnectionFound',
      'InboundConnectionAccepted',
    ],
    CONNECTION,
    UNIX_ACTOR,
  ),
  image_load: inTable('DeviceImageLoadEvents', ['ImageLoaded'], IMAGE_LOAD, UNIX_ACTOR),
  driver_load: inTable(OTHERS, ['DriverLoad'], {
    ImageLoaded: path('FolderPath', 'FileName'),
    Hashes: hashes(''),
    md5: column('MD5'),
    sha1: column('SHA1'),
    sha256: column('SHA256'),
    Signed: extra('Signed'),
    Signature: extra('Signature'),
    SignatureStatus: extra('SignatureStatus'),
  }),
  registry_event: inTable(REGISTRIES, null, REGISTRY),
  registry_set: inTable(REGISTRIES, ['RegistryValueSet'], REGISTRY),
  registry_add: inTable(REGISTRIES, ['RegistryKeyCreated'], REGISTRY),
  registry_delete: inTable(REGISTRIES, ['RegistryKeyDeleted', 'RegistryValueDeleted'], REGISTRY),
  registry_rename: inTable(REGISTRIES, ['RegistryKeyRenamed'], {
    ...REGISTRY,
    TargetObject: column('PreviousRegistryKey'),
  }),
  dns_query: inTable(OTHERS, ['DnsQueryResponse'], DNS, UNIX_ACTOR),
  dns: inTable(OTHERS, ['DnsQueryResponse'], DNS, UNIX_ACTOR),
  pipe_created: inTable(OTHERS, ['NamedPipeEvent'], { ...ACTOR, PipeName: extra('PipeName') }),
  wmi_event: inTable(OTHERS, ['WmiBindEventFilterToConsumer'], {
    ...ACTOR,
    Name: extra('Name'),
    Query: extra('Query', 'ESS'),
    Consumer: extra('Consumer'),
    Filter: extra('Filter', 'Namespace'),
    Destination: extra('Destination'),
  }),
  logon: inTable('DeviceLogonEvents', null, LOGON, {
    User: column('AccountName'),
  }),
};
