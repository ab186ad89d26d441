/** The Windows security log. */
import type { EventContext, EventMapping, Fields, LeftOut, Row, Rule, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { accountParts, choice, devicePath, initiator, path, pid, port, text, whole } from '../rules.ts';
import { registryKey } from './registry.ts';
import { startFacts } from './sysmon.ts';

const parts = (whose: string) => ({
  name: `${whose}UserName`,
  domain: `${whose}DomainName`,
  sid: `${whose}UserSid`,
});
const SUBJECT = accountParts(parts('Subject'), 'InitiatingProcessAccount');
const TARGET = accountParts(parts('Target'), 'Account');
/** Accounts and groups as such have `TargetSid`. */
const TARGET_ACCOUNT = accountParts(
  { name: 'TargetUserName', domain: 'TargetDomainName', sid: 'TargetSid' },
  'Account',
);
const BY = initiator({ pid: 'ProcessId', image: 'ProcessName' });
const BY_IN_EVENTS = initiator({ pid: 'ProcessId', image: 'ProcessName' }, 'DeviceEvents');

const LOGON_TYPES = {
  '2': 'Interactive',
  '3': 'Network',
  '4': 'Batch',
  '5': 'Service',
  '7': 'Unlock',
  '8': 'NetworkCleartext',
  '9': 'NewCredentials',
  '10': 'RemoteInteractive',
  '11': 'CachedInteractive',
};

/** NTSTATUS of a refused logon. */
const FAILURES: Readonly<Record<string, string>> = {
  '0xc000006a': 'InvalidUserNameOrPassword',
  '0xc000006d': 'InvalidUserNameOrPassword',
  '0xc0000064': 'UnknownUser',
  '0xc0000071': 'PasswordExpired',
  '0xc0000224': 'PasswordMustChange',
  '0xc0000072': 'AccountDisabled',
  '0xc0000193': 'AccountExpired',
  '0xc0000234': 'AccountLocked',
  '0xc000006f': 'OutsideLogonHours',
  '0xc0000070': 'WorkstationNotAllowed',
  '0xc000015b': 'LogonTypeNotGranted',
  '0xc0000133': 'ClocksDiffer',
};

const failure: Rule = {
  from: ['SubStatus', 'Status', 'FailureReason'],
  to: ['FailureReason'],
  how: 'by the status: wrong password InvalidUserNameOrPassword, no such user UnknownUser, AccountDisabled, AccountLocked, PasswordExpired …; another status as it is',
  apply(fields, row) {
    for (const name of ['SubStatus', 'Status']) {
      const status = read.text(fields, name)?.toLowerCase();
      if (status === undefined || /^0x0*$/.test(status)) continue;
      row.FailureReason = FAILURES[status] ?? status;
      return;
    }
    const said = read.text(fields, 'FailureReason');
    if (said !== undefined) row.FailureReason = said;
  },
};

const remote: readonly Rule[] = [
  {
    from: ['IpAddress'],
    to: ['RemoteIP'],
    how: 'an IPv4 address written as IPv6 as IPv4',
    apply(fields, row) {
      const said = read.text(fields, 'IpAddress');
      if (said !== undefined) row.RemoteIP = said.replace(/^::ffff:(?=\d+\.)/i, '');
    },
  },
  port('IpPort', 'RemotePort'),
  text('WorkstationName', 'RemoteDeviceName'),
];

const elevation = choice(
  'TokenElevationType',
  'ProcessTokenElevation',
  {
    '%%1936': 'TokenElevationTypeDefault',
    '%%1937': 'TokenElevationTypeFull',
    '%%1938': 'TokenElevationTypeLimited',
  },
  'none',
);
const integrity = choice(
  'MandatoryLabel',
  'ProcessIntegrityLevel',
  {
    'S-1-16-0': 'Untrusted',
    'S-1-16-4096': 'Low',
    'S-1-16-8192': 'Medium',
    'S-1-16-8448': 'Medium',
    'S-1-16-12288': 'High',
    'S-1-16-16384': 'System',
    'S-1-16-20480': 'Protected',
  },
  'none',
);

/** Whom the new process runs as: the target when one is named, else whoever started it. */
const runsAs: Rule = {
  from: [
    'TargetUserName',
    'TargetDomainName',
    'TargetUserSid',
    'SubjectUserName',
    'SubjectDomainName',
    'SubjectUserSid',
    'TargetLogonId',
    'SubjectLogonId',
  ],
  to: ['AccountName', 'AccountDomain', 'AccountSid', 'LogonId'],
  how: 'the target when one is named, else the subject',
  apply(fields, row, context) {
    const named = read.text(fields, 'TargetUserName') !== undefined;
    const whose = named ? 'Target' : 'Subject';
    accountParts(parts(whose), 'Account').apply(fields, row, context);
    row.LogonId = read.whole(fields, `${whose}LogonId`);
  },
};

const startedNow: Rule = {
  from: [],
  to: ['ProcessCreationTime'],
  how: 'the time of the event',
  apply(_fields, row) {
    row.ProcessCreationTime = row.Timestamp;
  },
};

const connection: readonly Rule[] = [
  initiator({ pid: 'ProcessID' }),
  devicePath('Application', 'InitiatingProcess'),
  {
    from: ['Direction', 'SourceAddress', 'SourcePort', 'DestAddress', 'DestPort'],
    to: ['LocalIP', 'LocalPort', 'RemoteIP', 'RemotePort'],
    how: 'the source is local; of an inbound connection (%%14592) the destination is',
    apply(fields, row) {
      const [local, remote] = fields.Direction === '%%14592' ? ['Dest', 'Source'] : ['Source', 'Dest'];
      row.LocalIP = read.text(fields, `${local}Address`);
      row.LocalPort = read.port(fields, `${local}Port`);
      row.RemoteIP = read.text(fields, `${remote}Address`);
      row.RemotePort = read.port(fields, `${remote}Port`);
    },
  },
];
const protocol = choice(
  'Protocol',
  'Protocol',
  { '6': 'Tcp', '17': 'Udp', '1': 'Icmp', '58': 'Icmpv6' },
  'as it is',
);

const event = (
  id: string,
  title: string,
  action: EventMapping['action'],
  rules: readonly Rule[],
  additional: EventMapping['additional'] = [],
): EventMapping => ({ id, title, table: 'DeviceEvents', action, rules, additional });

const task = (id: string, what: string, action: string) =>
  event(
    id,
    `Scheduled task ${what}`,
    action,
    [SUBJECT],
    ['TaskName', 'TaskContent', ['TaskContentNew', 'TaskContent']],
  );
const user = (id: string, what: string, action: string) =>
  event(
    `${id}`,
    `User account ${what}`,
    action,
    [SUBJECT, TARGET_ACCOUNT],
    ['PrivilegeList', 'SamAccountName', 'UserAccountControl'],
  );
const group = (id: string, what: string, action: string) =>
  event(
    id,
    `Local group ${what}`,
    action,
    [SUBJECT, memberOrGroup],
    [
      'MemberSid',
      'MemberName',
      ['TargetUserName', 'GroupName'],
      ['TargetDomainName', 'GroupDomainName'],
      ['TargetSid', 'GroupSid'],
    ],
  );
const memberOrGroup: Rule = {
  from: ['MemberSid', 'MemberName'],
  to: ['AccountSid', 'AccountName'],
  how: 'the member; its name is the first part of a distinguished name',
  apply(fields, row) {
    const sid = read.text(fields, 'MemberSid');
    if (sid?.startsWith('S-1-')) row.AccountSid = sid;
    const name = read.text(fields, 'MemberName');
    const common = name === undefined ? undefined : (/^CN=([^,]+)/i.exec(name)?.[1] ?? name);
    if (common !== undefined) row.AccountName = common.toLowerCase();
  },
};
const share = (id: string, what: string, action: string) =>
  event(
    id,
    `Network share ${what}`,
    action,
    [SUBJECT, remoteOnly],
    ['ShareName', 'ShareLocalPath', 'RelativeTargetName', 'AccessMask', 'AccessList', 'ObjectType'],
  );
const remoteOnly: Rule = {
  from: ['IpAddress', 'IpPort'],
  to: ['RemoteIP', 'RemotePort'],
  how: '',
  apply(fields, row) {
    row.RemoteIP = read.text(fields, 'IpAddress')?.replace(/^::ffff:(?=\d+\.)/i, '');
    row.RemotePort = read.port(fields, 'IpPort');
  },
};

const logon = (
  id: string,
  title: string,
  action: string,
  rules: readonly Rule[],
  additional: EventMapping['additional'],
): EventMapping => ({
  id,
  title,
  table: 'DeviceLogonEvents',
  action,
  rules: [BY, SUBJECT, TARGET, ...rules],
  additional,
});

const none = (id: string, title: string, why: string): LeftOut => ({ id, title, table: null, why });
const NO_KIND = 'the service has no such event';

const events: readonly (EventMapping | LeftOut)[] = [
  logon(
    '4624',
    'Logon',
    'LogonSuccess',
    [
      choice('LogonType', 'LogonType', LOGON_TYPES, 'as it is'),
      whole('TargetLogonId', 'LogonId'),
      ...remote,
      text('AuthenticationPackageName', 'Protocol'),
    ],
    [
      'LogonProcessName',
      'LmPackageName',
      'LogonGuid',
      'ElevatedToken',
      'ImpersonationLevel',
      'TargetOutboundUserName',
      'TargetOutboundDomainName',
    ],
  ),
  logon(
    '4625',
    'Logon refused',
    'LogonFailed',
    [
      choice('LogonType', 'LogonType', LOGON_TYPES, 'as it is'),
      ...remote,
      text('AuthenticationPackageName', 'Protocol'),
      failure,
    ],
    ['LogonProcessName', 'Status', 'SubStatus'],
  ),
  {
    ...logon(
      '4648',
      'Logon with explicit credentials',
      'LogonAttempted',
      [remoteOnly, text('TargetServerName', 'RemoteDeviceName')],
      ['TargetInfo', 'LogonGuid', 'TargetLogonGuid'],
    ),
  },
  none('4634', 'Logoff', NO_KIND),
  none('4647', 'User initiated logoff', NO_KIND),
  none('4672', 'Special privileges assigned', 'a part of the logon before it'),
  {
    id: '4688',
    title: 'Process creation',
    table: 'DeviceProcessEvents',
    action: 'ProcessCreated',
    rules: [
      initiator({ pid: 'ProcessId', image: 'ParentProcessName' }),
      SUBJECT,
      path('NewProcessName'),
      pid('NewProcessId', 'ProcessId'),
      text('CommandLine', 'ProcessCommandLine'),
      startedNow,
      runsAs,
      elevation,
      integrity,
    ],
    additional: [],
    remember: (fields: Fields, row: Row, { processes, host, timeMs }: EventContext) =>
      processes.started(
        host,
        { guid: null, pid: read.pid(fields, 'NewProcessId') ?? null },
        timeMs,
        'security',
        startFacts(row),
      ),
    toldBy(fields, { processes, host, timeMs }) {
      const id = read.pid(fields, 'NewProcessId');
      return id !== undefined && processes.startToldBy(host, id, timeMs, 'sysmon')
        ? 'Sysmon told of this start'
        : null;
    },
  },
  {
    id: '4689',
    title: 'Process exit',
    table: null,
    why: 'ends what is remembered of the process',
    remember: (fields, { processes, host, timeMs }) =>
      processes.ended(host, { guid: null, pid: read.pid(fields, 'ProcessId') ?? null }, timeMs),
  },
  event(
    '4697',
    'Service installed',
    'ServiceInstalled',
    [SUBJECT, path('ServiceFileName')],
    ['ServiceName', 'ServiceType', ['ServiceStartType', 'ServiceStartType'], 'ServiceAccount'],
  ),
  task('4698', 'created', 'ScheduledTaskCreated'),
  task('4699', 'deleted', 'ScheduledTaskDeleted'),
  task('4700', 'enabled', 'ScheduledTaskEnabled'),
  task('4701', 'disabled', 'ScheduledTaskDisabled'),
  task('4702', 'updated', 'ScheduledTaskUpdated'),
  event(
    '4719',
    'Audit policy changed',
    'AuditPolicyModification',
    [SUBJECT],
    ['CategoryId', 'SubcategoryId', 'SubcategoryGuid', 'AuditPolicyChanges'],
  ),
  user('4720', 'created', 'UserAccountCreated'),
  user('4722', 'enabled', 'UserAccountModified'),
  user('4723', 'changed its password', 'PasswordChangeAttempt'),
  user('4724', 'was given a new password', 'PasswordChangeAttempt'),
  user('4725', 'disabled', 'UserAccountModified'),
  user('4726', 'deleted', 'UserAccountDeleted'),
  user('4738', 'changed', 'UserAccountModified'),
  user('4740', 'locked out', 'UserAccountModified'),
  user('4767', 'unlocked', 'UserAccountModified'),
  user('4781', 'renamed', 'UserAccountModified'),
  group('4731', 'created', 'SecurityGroupCreated'),
  group('4732', 'got a member', 'UserAccountAddedToLocalGroup'),
  group('4733', 'lost a member', 'UserAccountRemovedFromLocalGroup'),
  group('4734', 'deleted', 'SecurityGroupDeleted'),
  event(
    '4797',
    'Account asked for a blank password',
    'AccountCheckedForBlankPassword',
    [SUBJECT, TARGET],
    ['Workstation'],
  ),
  event(
    '4663',
    'Object accessed',
    'SensitiveFileRead',
    [BY_IN_EVENTS, SUBJECT, path('ObjectName')],
    ['ObjectType', 'ObjectServer', 'AccessMask', 'AccessList'],
  ),
  event(
    '4656',
    'Handle to an object asked for',
    'ObjectHandleRequested',
    [BY_IN_EVENTS, SUBJECT, path('ObjectName')],
    ['ObjectType', 'ObjectServer', 'AccessMask', 'AccessList', 'PrivilegeList'],
  ),
  {
    id: '4657',
    title: 'Registry value changed',
    table: 'DeviceRegistryEvents',
    action: {
      from: ['OperationType'],
      cases: { '%%1904': 'RegistryValueSet', '%%1905': 'RegistryValueSet', '%%1906': 'RegistryValueDeleted' },
      otherwise: 'RegistryValueSet',
    },
    rules: [
      BY,
      SUBJECT,
      registryKey('ObjectName', 'RegistryKey'),
      text('ObjectValueName', 'RegistryValueName'),
      text('NewValue', 'RegistryValueData'),
      text('OldValue', 'PreviousRegistryValueData'),
      choice(
        'NewValueType',
        'RegistryValueType',
        {
          '%%1873': 'String',
          '%%1874': 'ExpandString',
          '%%1875': 'Binary',
          '%%1876': 'Dword',
          '%%1879': 'MultiString',
          '%%1883': 'Qword',
        },
        'none',
      ),
    ],
    additional: [],
  },
  event(
    '4673',
    'Privileged service called',
    'PrivilegedServiceCalled',
    [BY_IN_EVENTS, SUBJECT],
    ['ObjectServer', 'Service', 'PrivilegeList'],
  ),
  event(
    '4703',
    'Token right adjusted',
    'ProcessPrimaryTokenModified',
    [BY_IN_EVENTS, SUBJECT, TARGET],
    [['EnabledPrivilegeList', 'CurrentTokenPrivEnabled'], 'DisabledPrivilegeList'],
  ),
  event(
    '5379',
    'Credentials read',
    'CredentialsRead',
    [SUBJECT, initiator({ pid: 'ClientProcessId' }, 'DeviceEvents')],
    ['TargetName', 'Type', 'CountOfCredentialsReturned', 'ReadOperation', 'ReturnCode'],
  ),
  share('5140', 'accessed', 'NetworkShareObjectAccessChecked'),
  share('5145', 'access checked', 'NetworkShareObjectAccessChecked'),
  share('5142', 'added', 'NetworkShareObjectAdded'),
  share('5143', 'changed', 'NetworkShareObjectModified'),
  share('5144', 'deleted', 'NetworkShareObjectDeleted'),
  event(
    '5136',
    'Directory object changed',
    'DirectoryServiceObjectModified',
    [SUBJECT],
    ['ObjectDN', 'ObjectClass', 'AttributeLDAPDisplayName', 'AttributeValue', 'OperationType'],
  ),
  event(
    '5137',
    'Directory object created',
    'DirectoryServiceObjectCreated',
    [SUBJECT],
    ['ObjectDN', 'ObjectClass'],
  ),
  event('5025', 'Firewall service stopped', 'FirewallServiceStopped', []),
  event(
    '5031',
    'Firewall kept a program from accepting connections',
    'FirewallInboundConnectionToAppBlocked',
    [devicePath('Application', '')],
    ['Profiles'],
  ),
  {
    id: '5154',
    title: 'Program listens',
    table: 'DeviceNetworkEvents',
    action: 'ListeningConnectionCreated',
    rules: [
      initiator({ pid: 'ProcessId' }),
      devicePath('Application', 'InitiatingProcess'),
      text('SourceAddress', 'LocalIP'),
      port('SourcePort', 'LocalPort'),
      protocol,
    ],
    additional: [],
  },
  {
    id: '5156',
    title: 'Connection permitted',
    table: 'DeviceNetworkEvents',
    action: {
      from: ['Direction'],
      cases: { '%%14593': 'ConnectionSuccess', '%%14592': 'InboundConnectionAccepted' },
      otherwise: 'ConnectionSuccess',
    },
    rules: [...connection, protocol],
    additional: ['FilterRTID', 'LayerName'],
  },
  ...(['5152', '5157'] as const).map((id) =>
    event(
      id,
      id === '5152' ? 'Packet blocked' : 'Connection blocked',
      {
        from: ['Direction'],
        cases: {
          '%%14593': 'FirewallOutboundConnectionBlocked',
          '%%14592': 'FirewallInboundConnectionBlocked',
        },
        otherwise: 'FirewallInboundConnectionBlocked',
      },
      [initiator({ pid: id === '5152' ? 'ProcessId' : 'ProcessID' }, 'DeviceEvents'), ...connection.slice(1)],
      ['Protocol', 'FilterRTID', 'LayerName'],
    ),
  ),
  none('5158', 'Port bound', 'the listening or connection that follows tells more'),
  event(
    '6416',
    'External device recognised',
    'PnpDeviceConnected',
    [SUBJECT],
    ['DeviceId', 'DeviceDescription', 'ClassId', 'ClassName', 'VendorIds', 'LocationInformation'],
  ),
  event('1102', 'Log cleared', 'SecurityLogCleared', [SUBJECT]),
  none('4768', 'Kerberos ticket asked for', 'of a domain controller: not of a device'),
  none('4769', 'Kerberos service ticket asked for', 'of a domain controller: not of a device'),
  none('4771', 'Kerberos pre-authentication failed', 'of a domain controller: not of a device'),
  none('4776', 'Credentials validated', 'of a domain controller: not of a device'),
  none('4658', 'Handle closed', NO_KIND),
  none('4690', 'Handle duplicated', NO_KIND),
];

export const windowsSecurity: SourceMapping = {
  name: 'windows-security',
  title: 'Windows security log',
  about:
    'Channel `Security`, by event id. Process ids there are hexadecimal. Where Sysmon tells of the same start of a process, 4688 makes no second row.',
  events,
};
