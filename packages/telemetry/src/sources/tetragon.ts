/** Tetragon's JSON export. */
import { isRecord } from '../json.ts';
import type { SourceEvent } from '../map-event.ts';
import type { EventContext, EventMapping, Fields, LeftOut, Row, Rule, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { initiator, path, pid, port, text, time } from '../rules.ts';
import { startFacts } from './sysmon.ts';

const CONTEXT: EventMapping['additional'] = [
  ['policy_name', 'TracingPolicy'],
  ['function_name', 'Function'],
  ['action', 'Action'],
  ['process.pod.name', 'PodName'],
  ['process.pod.namespace', 'Namespace'],
  ['process.pod.container.id', 'ContainerId'],
  ['process.pod.container.image.name', 'ContainerImage'],
];
const commandLine = (of: 'process' | 'parent', to: string): Rule => ({
  from: [`${of}.binary`, `${of}.arguments`],
  to: [to],
  how: 'the binary and its arguments',
  apply(fields, row) {
    const binary = read.text(fields, `${of}.binary`);
    const words = read.text(fields, `${of}.arguments`);
    if (binary !== undefined) row[to] = words === undefined ? binary : `${binary} ${words}`;
  },
});
const account = (from: string, to: string): Rule => ({
  from: [from],
  to: [to],
  how: 'the number',
  apply(fields, row) {
    const uid = read.text(fields, from);
    if (uid !== undefined) row[to] = uid;
  },
});
const BY: readonly Rule[] = [
  initiator({ pid: 'process.pid', image: 'process.binary' }),
  commandLine('process', 'InitiatingProcessCommandLine'),
  time('process.start_time', 'InitiatingProcessCreationTime'),
  text('process.exec_id', 'InitiatingProcessUniqueId'),
  account('process.uid', 'InitiatingProcessAccountName'),
  pid('parent.pid', 'InitiatingProcessParentId'),
  {
    from: ['parent.binary'],
    to: ['InitiatingProcessParentFileName'],
    how: 'the file name',
    apply(fields, row) {
      const binary = read.text(fields, 'parent.binary');
      if (binary !== undefined) row.InitiatingProcessParentFileName = read.fileNameOf(binary);
    },
  },
];
const IN_EVENTS = [
  initiator({ pid: 'process.pid', image: 'process.binary' }, 'DeviceEvents'),
  ...BY.slice(1),
];

const events: readonly (EventMapping | LeftOut)[] = [
  {
    id: 'process_exec',
    title: 'Program started',
    table: 'DeviceProcessEvents',
    action: 'ProcessCreated',
    rules: [
      initiator({ pid: 'parent.pid', image: 'parent.binary' }),
      commandLine('parent', 'InitiatingProcessCommandLine'),
      time('parent.start_time', 'InitiatingProcessCreationTime'),
      text('parent.exec_id', 'InitiatingProcessUniqueId'),
      account('parent.uid', 'InitiatingProcessAccountName'),
      path('process.binary'),
      commandLine('process', 'ProcessCommandLine'),
      pid('process.pid', 'ProcessId'),
      time('process.start_time', 'ProcessCreationTime'),
      text('process.exec_id', 'ProcessUniqueId'),
      account('process.uid', 'AccountName'),
    ],
    additional: [...CONTEXT, ['process.cwd', 'CurrentDirectory'], ['process.auid', 'LoginUid']],
    remember: (fields: Fields, row: Row, { processes, host, timeMs }: EventContext) =>
      processes.started(
        host,
        { guid: null, pid: read.pid(fields, 'process.pid') ?? null },
        timeMs,
        'tetragon',
        startFacts(row),
      ),
  },
  {
    id: 'process_exit',
    title: 'Program ended',
    table: null,
    why: 'ends what is remembered of the process',
    remember: (fields, { processes, host, timeMs }) =>
      processes.ended(host, { guid: null, pid: read.pid(fields, 'process.pid') ?? null }, timeMs),
  },
  {
    id: 'connect',
    title: 'process_kprobe with a socket, of a function that connects',
    table: 'DeviceNetworkEvents',
    action: 'ConnectionAttempt',
    rules: [
      ...BY,
      text('sock.daddr', 'RemoteIP'),
      port('sock.dport', 'RemotePort'),
      text('sock.saddr', 'LocalIP'),
      port('sock.sport', 'LocalPort'),
      protocol(),
    ],
    additional: CONTEXT,
  },
  {
    id: 'accept',
    title: 'process_kprobe with a socket, of a function that accepts',
    table: 'DeviceNetworkEvents',
    action: 'InboundConnectionAccepted',
    rules: [
      ...BY,
      text('sock.daddr', 'RemoteIP'),
      port('sock.dport', 'RemotePort'),
      text('sock.saddr', 'LocalIP'),
      port('sock.sport', 'LocalPort'),
      protocol(),
    ],
    additional: CONTEXT,
  },
  {
    id: 'file',
    title: 'process_kprobe or process_lsm with a file',
    table: 'DeviceEvents',
    action: 'FileAccessed',
    rules: [...IN_EVENTS, path('file.path')],
    additional: [...CONTEXT, ['file.permission', 'Permission']],
  },
  {
    id: 'other',
    title: 'any other process_kprobe, process_lsm, process_uprobe or process_tracepoint',
    table: 'DeviceEvents',
    action: 'TracingPolicyMatched',
    rules: IN_EVENTS,
    additional: [...CONTEXT, ['subsys', 'Subsystem'], ['event', 'Tracepoint'], ['args', 'Arguments']],
  },
  {
    id: 'process_loader',
    title: 'Library loaded',
    table: 'DeviceImageLoadEvents',
    action: 'ImageLoaded',
    rules: [...BY, path('path')],
    additional: [],
  },
];

function protocol(): Rule {
  return {
    from: ['sock.protocol'],
    to: ['Protocol'],
    how: 'IPPROTO_TCP: Tcp, IPPROTO_UDP: Udp',
    apply(fields, row) {
      const said = read.text(fields, 'sock.protocol')?.replace(/^IPPROTO_/, '');
      if (said !== undefined) row.Protocol = said.slice(0, 1).toUpperCase() + said.slice(1).toLowerCase();
    },
  };
}

export const tetragon: SourceMapping = {
  name: 'tetragon',
  title: 'Tetragon',
  about:
    'JSON export, by the kind of event. The fields are those of the event, nested ones with dots; `sock.…` is the first argument that is a socket, `file.…` the first that is a file or path.',
  events,
};

const KINDS = [
  'process_exec',
  'process_exit',
  'process_kprobe',
  'process_tracepoint',
  'process_lsm',
  'process_uprobe',
  'process_loader',
] as const;

/** Null when it is not Tetragon's. */
export function tetragonEvent(record: Fields): SourceEvent | null {
  if (typeof record.node_name !== 'string') return null;
  const kind = KINDS.find((one) => isRecord(record[one]));
  const told = kind === undefined ? null : record[kind];
  if (kind === undefined || !isRecord(told)) return null;
  const fields: Record<string, unknown> = {};
  flatten(told, '', fields, 0);
  let eventId: string = kind;
  if (kind !== 'process_exec' && kind !== 'process_exit' && kind !== 'process_loader') {
    eventId = argumentsOf(told.args, fields);
    if (eventId === 'connect' && /accept/.test(String(told.function_name))) eventId = 'accept';
    fields.args = told.args;
  }
  return {
    source: tetragon,
    eventId,
    host: record.node_name,
    time: read.moment(record.time),
    fields,
    key: null,
  };
}

const MAX_DEPTH = 5;

/** Nested objects under names with dots; arrays are left out. */
export function flatten(value: Fields, prefix: string, into: Record<string, unknown>, depth: number): void {
  for (const name in value) {
    const inner = value[name];
    if (isRecord(inner)) {
      if (depth < MAX_DEPTH) flatten(inner, `${prefix}${name}.`, into, depth + 1);
    } else if (!Array.isArray(inner)) into[prefix + name] = inner;
  }
}

function argumentsOf(args: unknown, fields: Record<string, unknown>): 'connect' | 'file' | 'other' {
  if (!Array.isArray(args)) return 'other';
  for (const argument of args) {
    if (!isRecord(argument)) continue;
    const socket = argument.sock_arg ?? argument.skb_arg ?? argument.sockaddr_arg;
    if (isRecord(socket)) {
      flatten(socket, 'sock.', fields, 0);
      return 'connect';
    }
    const file = argument.file_arg ?? argument.path_arg;
    if (isRecord(file)) {
      flatten(file, 'file.', fields, 0);
      return 'file';
    }
  }
  return 'other';
}
