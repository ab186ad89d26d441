/** The other Windows logs: System, PowerShell, Defender, task scheduler, WMI, DNS client, AppLocker, Plug and Play. */
import type { EventMapping, LeftOut, Rule, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { account, accountParts, initiator, path, text } from '../rules.ts';

const event = (
  id: string,
  title: string,
  action: EventMapping['action'],
  rules: readonly Rule[],
  additional: EventMapping['additional'] = [],
): EventMapping => ({ id, title, table: 'DeviceEvents', action, rules, additional });
const none = (id: string, title: string, why: string): LeftOut => ({ id, title, table: null, why });

/** Whoever the log's writer says it happened for. */
const WRITER: Rule = {
  from: ['System.Execution.ProcessID', 'System.Security.UserID'],
  to: ['InitiatingProcessId', 'InitiatingProcessAccountSid'],
  how: 'of the head of the event',
  apply(fields, row, context) {
    initiator({ pid: 'System.Execution.ProcessID' }, 'DeviceEvents').apply(fields, row, context);
    const sid = read.text(fields, 'System.Security.UserID');
    if (sid?.startsWith('S-1-')) row.InitiatingProcessAccountSid = sid;
  },
};

export const windowsSystem: SourceMapping = {
  name: 'windows-system',
  title: 'Windows system log',
  about: 'Channel `System`, by event id; 7045 and 104 of the providers that write them.',
  events: [
    event(
      '7045',
      'Service installed',
      'ServiceInstalled',
      [path('ImagePath')],
      ['ServiceName', 'ServiceType', ['StartType', 'ServiceStartType'], ['AccountName', 'ServiceAccount']],
    ),
    event(
      '104',
      'Log cleared',
      'SecurityLogCleared',
      [
        accountParts(
          { name: 'SubjectUserName', domain: 'SubjectDomainName', sid: 'SubjectUserSid' },
          'InitiatingProcessAccount',
        ),
      ],
      ['Channel', 'BackupPath'],
    ),
  ],
};

export const powershell: SourceMapping = {
  name: 'powershell',
  title: 'PowerShell',
  about:
    'Channel `Microsoft-Windows-PowerShell/Operational`. A long script comes in several events: each part is a row, with its number and the id they share.',
  events: [
    event(
      '4103',
      'Command run',
      'PowerShellCommand',
      [WRITER, contextUser()],
      [['Payload', 'Command'], 'ContextInfo'],
    ),
    event(
      '4104',
      'Script block',
      'ScriptContent',
      [WRITER],
      [['ScriptBlockText', 'Content'], 'ScriptBlockId', 'MessageNumber', 'MessageTotal', 'Path'],
    ),
    none('4105', 'Script block begun', 'the script block itself tells more'),
    none('4106', 'Script block ended', 'the script block itself tells more'),
  ],
};

/** `User = DOMAIN\name` in the lines of ContextInfo. */
function contextUser(): Rule {
  return {
    from: ['ContextInfo'],
    to: ['InitiatingProcessAccountDomain', 'InitiatingProcessAccountName'],
    how: 'the line `User =`',
    apply(fields, row, context) {
      const user = /^\s*User = (.+?)\s*$/m.exec(read.text(fields, 'ContextInfo') ?? '')?.[1];
      if (user !== undefined) account('user', 'InitiatingProcessAccount').apply({ user }, row, context);
    },
  };
}

const THREAT = [
  'Threat Name',
  'Threat ID',
  'Severity Name',
  'Category Name',
  'Action Name',
  'Source Name',
  'Process Name',
  'Error Code',
  'Error Description',
] as const;
const threat: EventMapping['additional'] = THREAT.map((name) => [name, name.replaceAll(' ', '')] as const);
const threatFile: Rule = {
  from: ['Path'],
  to: ['FolderPath', 'FileName'],
  how: 'the first `file:_` of it',
  apply(fields, row) {
    const said = /(?:^|;)\s*(?:container)?file:_([^;]+)/.exec(read.text(fields, 'Path') ?? '')?.[1];
    if (said === undefined) return;
    const whole = said.split('->', 1)[0] ?? said;
    row.FolderPath = whole;
    row.FileName = read.fileNameOf(whole);
  },
};
const detectionUser = account('Detection User', 'Account');

export const defender: SourceMapping = {
  name: 'defender',
  title: 'Microsoft Defender Antivirus',
  about: 'Channel `Microsoft-Windows-Windows Defender/Operational`.',
  events: [
    event('1116', 'Malware found', 'AntivirusDetection', [threatFile, detectionUser], threat),
    event('1117', 'Malware dealt with', 'AntivirusMalwareBlocked', [threatFile, detectionUser], threat),
    event(
      '1118',
      'Dealing with malware failed',
      'AntivirusMalwareActionFailed',
      [threatFile, detectionUser],
      threat,
    ),
    event(
      '1119',
      'Dealing with malware failed critically',
      'AntivirusMalwareActionFailed',
      [threatFile, detectionUser],
      threat,
    ),
    event(
      '1001',
      'Scan completed',
      'AntivirusScanCompleted',
      [],
      [['Scan ID', 'ScanId'], ['Scan Type', 'ScanType'], 'Domain', 'User'],
    ),
    event(
      '1002',
      'Scan cancelled',
      'AntivirusScanCancelled',
      [],
      [['Scan ID', 'ScanId'], ['Scan Type', 'ScanType'], 'Domain', 'User'],
    ),
    event(
      '1005',
      'Scan failed',
      'AntivirusScanFailed',
      [],
      [
        ['Scan ID', 'ScanId'],
        ['Error Code', 'ErrorCode'],
        ['Error Description', 'ErrorDescription'],
      ],
    ),
    event(
      '2000',
      'Definitions updated',
      'AntivirusDefinitionsUpdated',
      [],
      [
        ['Current security intelligence Version', 'CurrentVersion'],
        ['Current Signature Version', 'CurrentVersion'],
      ],
    ),
    event(
      '2001',
      'Definitions not updated',
      'AntivirusDefinitionsUpdateFailed',
      [],
      [
        ['Error Code', 'ErrorCode'],
        ['Error Description', 'ErrorDescription'],
      ],
    ),
    event('5001', 'Real-time protection turned off', 'TamperingAttempt', [], []),
  ],
};

export const taskScheduler: SourceMapping = {
  name: 'task-scheduler',
  title: 'Task scheduler',
  about: 'Channel `Microsoft-Windows-TaskScheduler/Operational`.',
  events: [
    event(
      '106',
      'Task registered',
      'ScheduledTaskCreated',
      [account('UserContext', 'InitiatingProcessAccount')],
      ['TaskName'],
    ),
    event(
      '140',
      'Task updated',
      'ScheduledTaskUpdated',
      [account('UserName', 'InitiatingProcessAccount')],
      ['TaskName'],
    ),
    event(
      '141',
      'Task deleted',
      'ScheduledTaskDeleted',
      [account('UserName', 'InitiatingProcessAccount')],
      ['TaskName'],
    ),
    event(
      '142',
      'Task disabled',
      'ScheduledTaskDisabled',
      [account('UserName', 'InitiatingProcessAccount')],
      ['TaskName'],
    ),
  ],
};

export const wmiActivity: SourceMapping = {
  name: 'wmi-activity',
  title: 'WMI activity',
  about: 'Channel `Microsoft-Windows-WMI-Activity/Operational`.',
  events: [
    event(
      '5861',
      'Consumer bound to filter',
      'WmiBindEventFilterToConsumer',
      [],
      ['Namespace', 'ESS', ['CONSUMER', 'Consumer'], 'PossibleCause'],
    ),
    event(
      '5860',
      'Temporary subscription',
      'WmiEventFilter',
      [account('User', 'InitiatingProcessAccount')],
      ['NamespaceName', 'Query', 'PossibleCause', 'ClientMachine'],
    ),
    event(
      '5857',
      'Provider loaded',
      'WmiProviderLoaded',
      [path('ProviderPath')],
      ['ProviderName', 'HostProcess', 'Code'],
    ),
    event(
      '5858',
      'Operation failed',
      'RemoteWmiOperation',
      [account('User', 'InitiatingProcessAccount'), text('ClientMachine', 'RemoteDeviceName')],
      [['Operation', 'OperationDetails'], 'ResultCode', 'PossibleCause'],
    ),
  ],
};

export const dnsClient: SourceMapping = {
  name: 'dns-client',
  title: 'DNS client',
  about: 'Channel `Microsoft-Windows-DNS-Client/Operational`.',
  events: [
    event(
      '3008',
      'Query answered',
      'DnsQueryResponse',
      [WRITER, text('QueryName', 'RemoteUrl')],
      [['QueryName', 'DnsQueryString'], ['QueryResults', 'DnsQueryResult'], 'QueryType', 'QueryStatus'],
    ),
    event(
      '3006',
      'Query begun',
      'DnsQueryRequest',
      [WRITER, text('QueryName', 'RemoteUrl')],
      [['QueryName', 'DnsQueryString'], 'QueryType'],
    ),
  ],
};

const blocked = (id: string, title: string, action: string) =>
  event(
    id,
    title,
    action,
    [WRITER, path('FullFilePath'), path('FilePath')],
    [
      'Fqbn',
      ['FileHash', 'AuthenticodeHash'],
      'RuleName',
      'PolicyName',
      'TargetUser',
      ['Package', 'AppPackageFamilyName'],
    ],
  );

export const appLocker: SourceMapping = {
  name: 'app-locker',
  title: 'AppLocker',
  about: 'Channels `Microsoft-Windows-AppLocker/…`.',
  events: [
    blocked('8003', 'Program would have been blocked', 'AppControlExecutableAudited'),
    blocked('8004', 'Program blocked', 'AppLockerBlockExecutable'),
    blocked('8006', 'Script would have been blocked', 'AppControlScriptAudited'),
    blocked('8007', 'Script blocked', 'AppLockerBlockScript'),
    blocked('8021', 'Packaged app would have been blocked', 'AppControlPackagedAppAudited'),
    blocked('8022', 'Packaged app blocked', 'AppLockerBlockPackagedApp'),
    blocked('8024', 'Installation would have been blocked', 'AppControlAppInstallationAudited'),
    blocked('8025', 'Installation blocked', 'AppLockerBlockPackagedAppInstallation'),
  ],
};
