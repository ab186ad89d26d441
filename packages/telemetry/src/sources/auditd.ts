/** The Linux audit log. */
import type { EventContext, EventMapping, Fields, LeftOut, Row, Rule, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { initiator, path, pid, port, text } from '../rules.ts';
import { startFacts } from './sysmon.ts';

const UNSET = new Set(['4294967295', '-1', 'unset']);

/** Name where auditd or Laurel has looked it up, else the number. */
function userOf(fields: Fields, names: readonly string[]): string | undefined {
  for (const name of names) {
    const said = read.text(fields, name);
    if (said !== undefined && !UNSET.has(said) && said !== '?') return said;
  }
  return undefined;
}

function user(names: readonly string[], to: string): Rule {
  return {
    from: names,
    to: [to],
    how: 'the name where it was looked up, else the number; the first that is set',
    apply(fields, row) {
      const found = userOf(fields, names);
      if (found !== undefined) row[to] = found;
    },
  };
}

const EFFECTIVE = ['SYSCALL.EUID', 'SYSCALL.euid', 'SYSCALL.UID', 'SYSCALL.uid'];
const LOGIN = ['SYSCALL.AUID', 'SYSCALL.auid'];
const SESSION: Rule = {
  from: ['SYSCALL.ses'],
  to: ['LogonId'],
  how: 'when the process belongs to a session',
  apply(fields, row) {
    const session = read.text(fields, 'SYSCALL.ses');
    if (session !== undefined && !UNSET.has(session)) row.LogonId = read.whole(fields, 'SYSCALL.ses');
  },
};

const BY: readonly Rule[] = [
  initiator({ pid: 'SYSCALL.pid', image: 'SYSCALL.exe' }),
  text('command', 'InitiatingProcessCommandLine'),
  user(EFFECTIVE, 'InitiatingProcessAccountName'),
  pid('SYSCALL.ppid', 'InitiatingProcessParentId'),
];
const BY_IN_EVENTS: readonly Rule[] = [
  initiator({ pid: 'SYSCALL.pid', image: 'SYSCALL.exe' }, 'DeviceEvents'),
  ...BY.slice(1),
];
const CALL = [
  ['SYSCALL.key', 'AuditKey'],
  ['SYSCALL.auid', 'LoginUid'],
  ['SYSCALL.tty', 'Terminal'],
  ['SYSCALL.exit', 'Exit'],
] as const;

const socket: readonly Rule[] = [text('socket.ip', 'RemoteIP'), port('socket.port', 'RemotePort')];
/** A local socket is no network event: its address is empty, and the row would tell nothing. */
const needsAddress = (fields: Fields): string | null =>
  fields['socket.ip'] === undefined ? 'not a network address' : null;
const failed = (fields: Fields): string | null => (fields.failed === 'yes' ? 'the call failed' : null);

const file = (
  id: string,
  title: string,
  action: EventMapping['action'],
  rules: readonly Rule[],
  toldBy = failed,
): EventMapping => ({
  id,
  title,
  table: 'DeviceFileEvents',
  action,
  rules: [...BY, ...rules],
  additional: CALL,
  toldBy,
});
const event = (
  id: string,
  title: string,
  action: string,
  rules: readonly Rule[],
  additional: EventMapping['additional'] = [],
): EventMapping => ({
  id,
  title,
  table: 'DeviceEvents',
  action,
  rules: [...BY_IN_EVENTS, ...rules],
  additional: [...CALL, ...additional],
  toldBy: failed,
});

/** Programs that open sessions, and what kind of logon that is. Others: Interactive at a terminal, Batch without. */
const PROGRAMS: Readonly<Record<string, string>> = {
  sshd: 'Network',
  'sshd-session': 'Network',
  'sshd-auth': 'Network',
  vsftpd: 'Network',
  smbd: 'Network',
  login: 'Interactive',
  su: 'Interactive',
  sudo: 'Interactive',
  'gdm-session-worker': 'Interactive',
  lightdm: 'Interactive',
  'sddm-helper': 'Interactive',
  'xrdp-sesman': 'RemoteInteractive',
  cron: 'Batch',
  crond: 'Batch',
  atd: 'Batch',
};

const told = (type: string, name: string) => `${type}.${name}`;
const said = (fields: Fields, type: string, name: string) => {
  const value = read.text(fields, told(type, name));
  return value === undefined || value === '?' || value === '(null)' ? undefined : value;
};

function logonRules(type: string): readonly Rule[] {
  return [
    {
      from: ['acct', 'ACCT', 'exe', 'terminal', 'addr', 'hostname', 'ses'].map((name) => told(type, name)),
      to: ['AccountName', 'LogonType', 'Protocol', 'RemoteIP', 'RemoteDeviceName', 'LogonId'],
      how: 'the kind of logon by the program: sshd Network, login and sudo Interactive, cron Batch …',
      apply(fields, row) {
        const program = read.fileNameOf(said(fields, type, 'exe') ?? '');
        const terminal = said(fields, type, 'terminal');
        row.AccountName =
          said(fields, type, 'acct') ?? said(fields, type, 'ACCT') ?? said(fields, type, 'id');
        row.LogonType =
          PROGRAMS[program] ?? (terminal === undefined || terminal === 'cron' ? 'Batch' : 'Interactive');
        if (program !== '') row.Protocol = program;
        const address = said(fields, type, 'addr');
        const name = said(fields, type, 'hostname');
        row.RemoteIP = address;
        if (name !== address) row.RemoteDeviceName = name;
        const session = said(fields, type, 'ses');
        if (session !== undefined && !UNSET.has(session)) row.LogonId = read.whole(fields, told(type, 'ses'));
      },
    },
    initiator({ pid: told(type, 'pid'), image: told(type, 'exe') }),
  ];
}

const SESSION_MANAGER = /^\(?systemd(?:-user)?\)?$/;

const account = (type: string, title: string, action: EventMapping['action']): EventMapping => ({
  id: type,
  title,
  table: 'DeviceEvents',
  action,
  rules: [
    initiator({ pid: told(type, 'pid'), image: told(type, 'exe') }, 'DeviceEvents'),
    user([told(type, 'ACCT'), told(type, 'acct'), told(type, 'ID'), told(type, 'id')], 'AccountName'),
    user(
      [told(type, 'AUID'), told(type, 'auid'), told(type, 'UID'), told(type, 'uid')],
      'InitiatingProcessAccountName',
    ),
  ],
  additional: [
    [told(type, 'op'), 'Operation'],
    [told(type, 'grp'), 'Group'],
    [told(type, 'res'), 'Result'],
    [told(type, 'hostname'), 'HostName'],
    [told(type, 'addr'), 'RemoteIP'],
    [told(type, 'terminal'), 'Terminal'],
    [told(type, 'cmd'), 'Command'],
    [told(type, 'cwd'), 'CurrentWorkingDirectory'],
    [told(type, 'unit'), 'Unit'],
  ],
});
const none = (id: string, title: string, why: string): LeftOut => ({ id, title, table: null, why });

const events: readonly (EventMapping | LeftOut)[] = [
  {
    id: 'execve',
    title: 'Program started (execve, execveat)',
    table: 'DeviceProcessEvents',
    action: 'ProcessCreated',
    rules: [
      initiator({ pid: 'SYSCALL.ppid' }),
      path('SYSCALL.exe'),
      pid('SYSCALL.pid', 'ProcessId'),
      text('command', 'ProcessCommandLine'),
      user(EFFECTIVE, 'AccountName'),
      user(LOGIN, 'InitiatingProcessAccountName'),
      SESSION,
      {
        from: [],
        to: ['ProcessCreationTime'],
        how: 'the time of the event',
        apply(_fields: Fields, row: Row) {
          row.ProcessCreationTime = row.Timestamp;
        },
      },
    ],
    additional: [
      ...CALL,
      ['CWD.cwd', 'CurrentDirectory'],
      ['SYSCALL.comm', 'Command'],
      ['path.normal', 'Program'],
    ],
    toldBy: failed,
    remember: (fields: Fields, row: Row, { processes, host, timeMs }: EventContext) =>
      processes.started(
        host,
        { guid: null, pid: read.pid(fields, 'SYSCALL.pid') ?? null },
        timeMs,
        'auditd',
        startFacts(row),
      ),
  },
  {
    id: 'connect',
    title: 'Connection asked for',
    table: 'DeviceNetworkEvents',
    action: {
      from: ['failed'],
      cases: { no: 'ConnectionSuccess', 'in progress': 'ConnectionAttempt', yes: 'ConnectionFailed' },
      otherwise: 'ConnectionAttempt',
    },
    rules: [...BY, ...socket],
    additional: CALL,
    toldBy: needsAddress,
  },
  {
    id: 'accept',
    title: 'Connection accepted (accept, accept4)',
    table: 'DeviceNetworkEvents',
    action: 'InboundConnectionAccepted',
    rules: [...BY, ...socket],
    additional: CALL,
    toldBy: (fields) => failed(fields) ?? needsAddress(fields),
  },
  {
    id: 'bind',
    title: 'Port bound',
    table: 'DeviceNetworkEvents',
    action: 'ListeningConnectionCreated',
    rules: [...BY, text('socket.ip', 'LocalIP'), port('socket.port', 'LocalPort')],
    additional: CALL,
    toldBy: (fields) => failed(fields) ?? needsAddress(fields),
  },
  file('rename', 'File renamed (rename, renameat, renameat2)', 'FileRenamed', [
    path('path.created'),
    {
      from: ['path.deleted'],
      to: ['PreviousFolderPath', 'PreviousFileName'],
      how: 'the whole path, and the file name',
      apply(fields: Fields, row: Row) {
        const before = read.text(fields, 'path.deleted');
        if (before === undefined) return;
        row.PreviousFolderPath = before;
        row.PreviousFileName = read.fileNameOf(before);
      },
    },
  ]),
  file('unlink', 'File deleted (unlink, unlinkat, rmdir)', 'FileDeleted', [path('path.deleted')]),
  file('link', 'Link made (link, symlink and their forms)', 'FileCreated', [path('path.created')]),
  file('mkdir', 'Folder made', 'FileCreated', [path('path.created')]),
  file(
    'open',
    'File opened to create or write (open, openat, openat2, creat)',
    {
      from: ['path.kind'],
      cases: { created: 'FileCreated', written: 'FileModified' },
      otherwise: 'FileModified',
    },
    [path('path.target')],
    (fields) => failed(fields) ?? (fields['path.kind'] === 'read' ? 'a file read' : null),
  ),
  file('chmod', 'Mode of a file changed (chmod and its forms)', 'FileModified', [path('path.target')]),
  file('chown', 'Owner of a file changed (chown and its forms)', 'FileModified', [path('path.target')]),
  event(
    'ptrace',
    'Process traced',
    'PTraceDetected',
    [],
    [
      ['SYSCALL.a0', 'Request'],
      ['OBJ_PID.opid', 'TargetProcessId'],
      ['OBJ_PID.ocomm', 'TargetProcessName'],
    ],
  ),
  event(
    'init_module',
    'Kernel module loaded (init_module, finit_module)',
    'DriverLoad',
    [path('path.normal')],
    [['KERN_MODULE.name', 'ModuleName']],
  ),
  event('delete_module', 'Kernel module unloaded', 'DriverUnload', [], [['KERN_MODULE.name', 'ModuleName']]),
  event(
    'setuid',
    'Identity changed (setuid, setreuid, setresuid)',
    'ProcessPrimaryTokenModified',
    [pid('SYSCALL.pid', 'ProcessId')],
    [['SYSCALL.uid', 'CurrentTokenUserSid']],
  ),
  event('mount', 'File system mounted', 'FileSystemMounted', [path('path.target')]),
  event(
    'bpf',
    'BPF program or map handled',
    'BpfOperation',
    [],
    [
      ['BPF.op', 'Operation'],
      ['BPF.prog-id', 'ProgramId'],
    ],
  ),
  {
    id: 'USER_START',
    title: 'Session begun',
    table: 'DeviceLogonEvents',
    action: {
      from: ['USER_START.res'],
      cases: { success: 'LogonSuccess', failed: 'LogonFailed' },
      otherwise: 'LogonSuccess',
    },
    rules: logonRules('USER_START'),
    additional: [
      ['USER_START.op', 'Operation'],
      ['USER_START.terminal', 'Terminal'],
    ],
    toldBy: (fields) =>
      SESSION_MANAGER.test(read.fileNameOf(said(fields, 'USER_START', 'exe') ?? ''))
        ? 'a session manager beside every session'
        : null,
  },
  {
    id: 'USER_AUTH',
    title: 'Authentication refused',
    table: 'DeviceLogonEvents',
    action: 'LogonFailed',
    rules: [
      ...logonRules('USER_AUTH'),
      {
        from: [],
        to: ['FailureReason'],
        how: '`InvalidUserNameOrPassword`',
        apply(_fields: Fields, row: Row) {
          row.FailureReason = 'InvalidUserNameOrPassword';
        },
      },
    ],
    additional: [
      ['USER_AUTH.op', 'Operation'],
      ['USER_AUTH.terminal', 'Terminal'],
    ],
    toldBy: (fields) =>
      said(fields, 'USER_AUTH', 'res') === 'success' ? 'the session that follows tells more' : null,
  },
  none('USER_LOGIN', 'Login', 'authentication and session tell the same'),
  none('USER_END', 'Session ended', 'the service has no such event'),
  none('USER_ACCT', 'Account checked', 'the session that follows tells more'),
  none('CRED_ACQ', 'Credentials acquired', 'the session that follows tells more'),
  none('CRED_REFR', 'Credentials refreshed', 'the session that follows tells more'),
  none('CRED_DISP', 'Credentials given back', 'the service has no such event'),
  none('LOGIN', 'Login uid set', 'the session that follows tells more'),
  account('USER_CMD', 'Command run through sudo', 'SudoCommand'),
  account('ADD_USER', 'User added', 'UserAccountCreated'),
  account('DEL_USER', 'User deleted', 'UserAccountDeleted'),
  account('ADD_GROUP', 'Group added', 'SecurityGroupCreated'),
  account('DEL_GROUP', 'Group deleted', 'SecurityGroupDeleted'),
  account('USER_MGMT', 'User changed', 'UserAccountModified'),
  account('GRP_MGMT', 'Group changed', 'UserAccountModified'),
  account('USER_CHAUTHTOK', 'Password changed', 'PasswordChangeAttempt'),
  account('SERVICE_START', 'Service started', 'ServiceStarted'),
  account('SERVICE_STOP', 'Service stopped', 'ServiceStopped'),
  ...(['CONFIG_CHANGE', 'DAEMON_END', 'DAEMON_CONFIG'] as const).map(
    (id): EventMapping => ({
      ...account(id, 'Auditing changed', 'AuditPolicyModification'),
    }),
  ),
  ...(['ANOM_PROMISCUOUS', 'ANOM_ABEND', 'AVC', 'SECCOMP'] as const).map(
    (id): EventMapping => ({
      ...account(
        id,
        {
          ANOM_PROMISCUOUS: 'Interface promiscuous',
          ANOM_ABEND: 'Program crashed',
          AVC: 'Access denied by policy',
          SECCOMP: 'System call denied',
        }[id],
        {
          ANOM_PROMISCUOUS: 'PromiscuousModeChanged',
          ANOM_ABEND: 'ProcessCrashed',
          AVC: 'MandatoryAccessDenied',
          SECCOMP: 'SystemCallDenied',
        }[id],
      ),
    }),
  ),
];

export const auditd: SourceMapping = {
  name: 'auditd',
  title: 'Linux audit',
  about:
    'Lines of `audit.log`, whose records are joined by their id, or Laurel’s JSON, one object an event. `SYSCALL.pid` is the field `pid` of the record SYSCALL. System calls are told by number and architecture (x86-64, arm64) or by name. `command` is what EXECVE tells, else PROCTITLE; `socket.…` is SOCKADDR decoded; `path.…` are the PATH records, made whole by CWD.',
  events,
};
