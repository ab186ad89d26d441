/** Falco: what its rules found, with the fields of the system call behind it. */
import { isRecord } from '../json.ts';
import type { SourceEvent } from '../map-event.ts';
import type { EventContext, EventMapping, Fields, Row, Rule, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { initiator, path, pid, port, text } from '../rules.ts';
import { startFacts } from './sysmon.ts';

const RULE: EventMapping['additional'] = [
  ['rule', 'FalcoRule'],
  ['priority', 'FalcoPriority'],
  ['output', 'FalcoOutput'],
  ['tags', 'FalcoTags'],
  ['container.id', 'ContainerId'],
  ['container.name', 'ContainerName'],
  ['container.image.repository', 'ContainerImage'],
  ['k8s.pod.name', 'PodName'],
  ['k8s.ns.name', 'Namespace'],
];
const BY: readonly Rule[] = [
  initiator({ pid: 'proc.pid', image: 'proc.exepath' }),
  text('proc.cmdline', 'InitiatingProcessCommandLine'),
  text('user.name', 'InitiatingProcessAccountName'),
  pid('proc.ppid', 'InitiatingProcessParentId'),
  text('proc.pname', 'InitiatingProcessParentFileName'),
];

const file = (id: string, title: string, action: string): EventMapping => ({
  id,
  title,
  table: 'DeviceFileEvents',
  action,
  rules: [...BY, path('fs.path.name'), path('fd.name')],
  additional: RULE,
});

const events: readonly EventMapping[] = [
  {
    id: 'process',
    title: 'execve, execveat, clone, fork, vfork',
    table: 'DeviceProcessEvents',
    action: 'ProcessCreated',
    rules: [
      initiator({ pid: 'proc.ppid' }),
      text('proc.pname', 'InitiatingProcessFileName'),
      text('proc.pcmdline', 'InitiatingProcessCommandLine'),
      text('proc.name', 'FileName'),
      path('proc.exepath'),
      pid('proc.pid', 'ProcessId'),
      text('proc.cmdline', 'ProcessCommandLine'),
      text('user.name', 'AccountName'),
    ],
    additional: [...RULE, ['proc.cwd', 'CurrentDirectory'], ['user.loginuid', 'LoginUid']],
    remember: (fields: Fields, row: Row, { processes, host, timeMs }: EventContext) =>
      processes.started(
        host,
        { guid: null, pid: read.pid(fields, 'proc.pid') ?? null },
        timeMs,
        'falco',
        startFacts(row),
      ),
  },
  {
    id: 'connect',
    title: 'connect, sendto',
    table: 'DeviceNetworkEvents',
    action: 'ConnectionAttempt',
    rules: [
      ...BY,
      text('fd.sip', 'RemoteIP'),
      port('fd.sport', 'RemotePort'),
      text('fd.cip', 'LocalIP'),
      port('fd.cport', 'LocalPort'),
      text('fd.sip.name', 'RemoteUrl'),
    ],
    additional: RULE,
  },
  {
    id: 'accept',
    title: 'accept, accept4',
    table: 'DeviceNetworkEvents',
    action: 'InboundConnectionAccepted',
    rules: [
      ...BY,
      text('fd.cip', 'RemoteIP'),
      port('fd.cport', 'RemotePort'),
      text('fd.sip', 'LocalIP'),
      port('fd.sport', 'LocalPort'),
    ],
    additional: RULE,
  },
  {
    id: 'listen',
    title: 'listen, bind',
    table: 'DeviceNetworkEvents',
    action: 'ListeningConnectionCreated',
    rules: [...BY, text('fd.sip', 'LocalIP'), port('fd.sport', 'LocalPort')],
    additional: RULE,
  },
  file('rename', 'rename and its forms', 'FileRenamed'),
  file('unlink', 'unlink, unlinkat, rmdir', 'FileDeleted'),
  file('write', 'a file opened or changed to be written', 'FileModified'),
  {
    id: 'read',
    title: 'a file opened to be read',
    table: 'DeviceEvents',
    action: 'SensitiveFileRead',
    rules: [
      initiator({ pid: 'proc.pid', image: 'proc.exepath' }, 'DeviceEvents'),
      ...BY.slice(1),
      path('fs.path.name'),
      path('fd.name'),
    ],
    additional: RULE,
  },
  {
    id: 'other',
    title: 'any other',
    table: 'DeviceEvents',
    action: 'FalcoRuleMatched',
    rules: [
      initiator({ pid: 'proc.pid', image: 'proc.exepath' }, 'DeviceEvents'),
      ...BY.slice(1),
      path('fd.name'),
    ],
    additional: [...RULE, ['evt.type', 'EventType']],
  },
];

const KINDS: Readonly<Record<string, string>> = {
  execve: 'process',
  execveat: 'process',
  clone: 'process',
  clone3: 'process',
  fork: 'process',
  vfork: 'process',
  connect: 'connect',
  sendto: 'connect',
  sendmsg: 'connect',
  accept: 'accept',
  accept4: 'accept',
  listen: 'listen',
  bind: 'listen',
  rename: 'rename',
  renameat: 'rename',
  renameat2: 'rename',
  unlink: 'unlink',
  unlinkat: 'unlink',
  rmdir: 'unlink',
  chmod: 'write',
  fchmod: 'write',
  fchmodat: 'write',
  creat: 'write',
  write: 'write',
};
const OPENS = /^open(?:at2?|_by_handle_at)?$/;

export const falco: SourceMapping = {
  name: 'falco',
  title: 'Falco',
  about:
    'JSON output (`json_output: true`), by the system call in `evt.type`. The fields are those of `output_fields`; which there are depends on the rule that matched, and the rule itself is in AdditionalFields.',
  events,
};

/** Null when it is not Falco's. */
export function falcoEvent(record: Fields): SourceEvent | null {
  const { output_fields: fields, rule, priority, output, tags } = record;
  if (!isRecord(fields) || typeof rule !== 'string' || typeof priority !== 'string') return null;
  const call = String(fields['evt.type'] ?? '');
  const writes =
    fields['evt.is_open_write'] === true ||
    /O_WRONLY|O_RDWR|O_CREAT/.test(String(fields['evt.arg.flags'] ?? ''));
  const eventId = OPENS.test(call) ? (writes ? 'write' : 'read') : (KINDS[call] ?? 'other');
  return {
    source: falco,
    eventId,
    host: record.hostname ?? fields['evt.hostname'],
    time: read.moment(record.time),
    fields: { ...fields, rule, priority, output, tags },
    key: fields['evt.num'] === undefined ? null : `falco ${fields['evt.num']} ${String(record.time)}`,
  };
}
