/** Results of osquery: rows of its tables, as its loggers write them. */
import { isRecord } from '../json.ts';
import type { SourceEvent } from '../map-event.ts';
import type { EventContext, EventMapping, Fields, LeftOut, Row, Rule, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { choice, initiator, path, pid, port, text, time, whole } from '../rules.ts';
import { startFacts } from './sysmon.ts';

const account = (from: readonly string[], to: string): Rule => ({
  from,
  to: [to],
  how: 'the first that is set',
  apply(fields, row) {
    for (const name of from) {
      const said = read.text(fields, name);
      if (said === undefined || said === '4294967295' || said === '-1') continue;
      row[to] = said;
      return;
    }
  },
});

const process = (id: string, title: string, more: readonly Rule[] = []): EventMapping => ({
  id,
  title,
  table: 'DeviceProcessEvents',
  action: 'ProcessCreated',
  rules: [
    initiator({ pid: 'parent' }),
    path('path'),
    pid('pid', 'ProcessId'),
    text('cmdline', 'ProcessCommandLine'),
    account(['username', 'uid'], 'AccountName'),
    started,
    ...more,
  ],
  additional: [
    ['cwd', 'CurrentDirectory'],
    ['auid', 'LoginUid'],
    ['euid', 'EffectiveUid'],
    ['signing_id', 'SigningId'],
    ['team_id', 'TeamId'],
    'cdhash',
    'platform_binary',
    ['cid', 'ContainerId'],
  ],
  remember: (fields: Fields, row: Row, { processes, host, timeMs }: EventContext) =>
    processes.started(
      host,
      { guid: null, pid: read.pid(fields, 'pid') ?? null },
      timeMs,
      'osquery',
      startFacts(row),
    ),
  toldBy: (fields) => (/^(?:exit|fork)$/.test(String(fields.event_type)) ? 'no program started by it' : null),
});

const started: Rule = {
  from: ['time'],
  to: ['ProcessCreationTime'],
  how: 'seconds since 1970',
  apply(_fields, row) {
    row.ProcessCreationTime = row.Timestamp;
  },
};

const socket = (id: string): EventMapping => ({
  id,
  title: 'Sockets connected, bound, accepted',
  table: 'DeviceNetworkEvents',
  action: {
    from: ['action', 'syscall'],
    cases: {
      connect: 'ConnectionSuccess',
      bind: 'ListeningConnectionCreated',
      listen: 'ListeningConnectionCreated',
      accept: 'InboundConnectionAccepted',
      accept4: 'InboundConnectionAccepted',
    },
    otherwise: 'ConnectionAttempt',
  },
  rules: [
    initiator({ pid: 'pid', image: 'path' }),
    text('remote_address', 'RemoteIP'),
    port('remote_port', 'RemotePort'),
    text('local_address', 'LocalIP'),
    port('local_port', 'LocalPort'),
    choice('protocol', 'Protocol', { '6': 'Tcp', '17': 'Udp' }, 'as it is'),
  ],
  additional: [
    ['success', 'Success'],
    ['status', 'Status'],
    ['auid', 'LoginUid'],
  ],
  toldBy: (fields) => (/^(?:1|unix)$/i.test(String(fields.family)) ? 'not a network address' : null),
});

const file = (id: string, title: string): EventMapping => ({
  id,
  title,
  table: 'DeviceFileEvents',
  action: {
    from: ['action', 'event_type', 'operation'],
    cases: {
      CREATED: 'FileCreated',
      MOVED_TO: 'FileRenamed',
      MOVED_FROM: 'FileRenamed',
      UPDATED: 'FileModified',
      ATTRIBUTES_MODIFIED: 'FileModified',
      DELETED: 'FileDeleted',
      create: 'FileCreated',
      write: 'FileModified',
      rename: 'FileRenamed',
      unlink: 'FileDeleted',
      open: 'FileModified',
    },
    otherwise: 'FileModified',
  },
  rules: [
    initiator({ pid: 'pid', image: 'executable' }),
    path('target_path'),
    path('filename'),
    path('dest_path'),
    text('sha1', 'SHA1'),
    text('sha256', 'SHA256'),
    text('md5', 'MD5'),
    whole('size', 'FileSize'),
  ],
  additional: [['category', 'Category'], 'mode', 'uid', ['dest_filename', 'DestinationFileName']],
  toldBy: (fields) => (/^(?:ACCESSED|OPENED)$/.test(String(fields.action)) ? 'a file read' : null),
});

const none = (id: string, title: string, why: string): LeftOut => ({ id, title, table: null, why });

const events: readonly (EventMapping | LeftOut)[] = [
  process('process_events', 'Programs started (Linux audit, macOS OpenBSM, Windows)', [
    account(['owner_uid'], 'InitiatingProcessAccountName'),
  ]),
  process('bpf_process_events', 'Programs started (Linux BPF)'),
  process('es_process_events', 'Programs started (macOS Endpoint Security)', [
    pid('original_parent', 'InitiatingProcessParentId'),
  ]),
  process('process_etw_events', 'Programs started (Windows ETW)', [pid('ppid', 'InitiatingProcessId')]),
  socket('socket_events'),
  socket('bpf_socket_events'),
  file('file_events', 'Files changed'),
  file('process_file_events', 'Files changed, with the process (Linux audit)'),
  file('es_process_file_events', 'Files changed (macOS Endpoint Security)'),
  file('ntfs_journal_events', 'Files changed (Windows NTFS)'),
  {
    id: 'user_events',
    title: 'What the Linux audit log tells of users',
    table: 'DeviceLogonEvents',
    action: 'LogonAttempted',
    rules: [
      initiator({ pid: 'pid', image: 'path' }),
      account(['username', 'uid'], 'AccountName'),
      text('address', 'RemoteIP'),
      text('terminal', 'Protocol'),
    ],
    additional: [
      ['type', 'EventType'],
      ['message', 'Message'],
      ['auid', 'LoginUid'],
    ],
  },
  {
    id: 'logged_in_users',
    title: 'Sessions',
    table: 'DeviceLogonEvents',
    action: 'LogonSuccess',
    rules: [account(['user'], 'AccountName'), text('host', 'RemoteDeviceName'), text('sid', 'AccountSid')],
    additional: [
      ['tty', 'Terminal'],
      ['type', 'EventType'],
    ],
    toldBy: (fields) =>
      /^(?:user|active|)$/.test(String(fields.type ?? '')) ? null : 'no session of a user',
  },
  {
    id: 'last',
    title: 'Logins and logouts of the past',
    table: 'DeviceLogonEvents',
    action: 'LogonSuccess',
    rules: [
      account(['username'], 'AccountName'),
      text('host', 'RemoteDeviceName'),
      pid('pid', 'InitiatingProcessId'),
    ],
    additional: [
      ['tty', 'Terminal'],
      ['type_name', 'EventType'],
    ],
    toldBy: (fields) =>
      /^(?:user-process|7)$/.test(String(fields.type_name ?? fields.type)) ? null : 'no login of a user',
  },
  {
    id: 'process_open_sockets',
    title: 'Open connections',
    table: 'DeviceNetworkEvents',
    action: 'ConnectionFound',
    rules: [
      initiator({ pid: 'pid', image: 'path' }),
      text('remote_address', 'RemoteIP'),
      port('remote_port', 'RemotePort'),
      text('local_address', 'LocalIP'),
      port('local_port', 'LocalPort'),
      choice('protocol', 'Protocol', { '6': 'Tcp', '17': 'Udp' }, 'as it is'),
    ],
    additional: [['state', 'State']],
    toldBy: (fields) => (/^(?:1|)$/.test(String(fields.family ?? '2')) ? 'not a network address' : null),
  },
  {
    id: 'listening_ports',
    title: 'Listening ports',
    table: 'DeviceNetworkEvents',
    action: 'ListeningConnectionCreated',
    rules: [
      initiator({ pid: 'pid' }),
      text('address', 'LocalIP'),
      port('port', 'LocalPort'),
      choice('protocol', 'Protocol', { '6': 'Tcp', '17': 'Udp' }, 'as it is'),
    ],
    additional: [],
    toldBy: (fields) => (fields.port === '0' || fields.port === 0 ? 'not a network address' : null),
  },
  {
    id: 'processes',
    title: 'Programs that run',
    table: null,
    why: 'tells later events who did it',
    remember(fields, { processes, host, timeMs }) {
      const id = read.pid(fields, 'pid');
      const start = read.number(fields, 'start_time');
      const row: Row = {};
      for (const rule of [
        path('path'),
        pid('pid', 'ProcessId'),
        text('cmdline', 'ProcessCommandLine'),
        pid('parent', 'InitiatingProcessId'),
        time('start_time', 'ProcessCreationTime'),
        account(['username', 'uid'], 'AccountName'),
      ])
        rule.apply(fields, row, { host, time: null, timeMs, processes });
      const startedMs = start !== undefined && start > 0 ? start * 1000 : timeMs;
      if (id !== undefined)
        processes.started(host, { guid: null, pid: id }, startedMs, 'osquery', startFacts(row));
    },
  },
  none('deb_packages', 'Packages', 'software is the inventory of the platform itself'),
  none('rpm_packages', 'Packages', 'software is the inventory of the platform itself'),
  none('programs', 'Programs', 'software is the inventory of the platform itself'),
  none('apps', 'Applications', 'software is the inventory of the platform itself'),
];

export const osquery: SourceMapping = {
  name: 'osquery',
  title: 'osquery',
  about:
    'Result log, one row a record (`columns`) or many (`snapshot`), by the table that the name of the query ends with. Rows of `windows_events` and `windows_eventlog` are read as events of the Windows log they come from. A row that went away (`removed`) makes none.',
  events,
};

const TABLES = [...events.map(({ id }) => id), 'windows_events', 'windows_eventlog'].sort(
  (a, b) => b.length - a.length,
);

/** The table of a query, which its name ends with: `pack/merlon/process_events`. */
export function osqueryTable(name: string): string | null {
  return (
    TABLES.find(
      (table) => name === table || (name.endsWith(table) && /[^a-z]$/i.test(name.slice(0, -table.length))),
    ) ?? null
  );
}

export interface OsqueryResult {
  readonly name: string;
  readonly host: unknown;
  readonly time: string | null;
  readonly removed: boolean;
  readonly rows: readonly Fields[];
}

/** Null when it is not osquery's. */
export function osqueryResult(record: Fields): OsqueryResult | null {
  const { name, hostIdentifier, unixTime, columns, snapshot, action } = record;
  if (typeof name !== 'string' || typeof hostIdentifier !== 'string') return null;
  const decorated = isRecord(record.decorations) ? record.decorations.hostname : undefined;
  const rows = isRecord(columns) ? [columns] : Array.isArray(snapshot) ? snapshot.filter(isRecord) : null;
  if (rows === null) return null;
  const seconds = typeof unixTime === 'number' ? unixTime : Number(unixTime);
  return {
    name,
    host: typeof decorated === 'string' ? decorated : hostIdentifier,
    time: Number.isFinite(seconds) ? read.moment(seconds) : null,
    removed: action === 'removed',
    rows,
  };
}

export function osqueryEvent({ host, time }: OsqueryResult, table: string, fields: Fields): SourceEvent {
  const own = read.number(fields, 'time');
  return {
    source: osquery,
    eventId: table,
    host,
    time: own !== undefined && own > 1_000_000_000 ? read.moment(own) : time,
    fields,
    key:
      typeof fields.eid === 'string' && fields.eid !== ''
        ? `osquery ${table} ${fields.eid} ${String(fields.time)}`
        : null,
  };
}
