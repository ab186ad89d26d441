/** The Elastic Common Schema, for events that came without the original log's fields. */
import { isRecord } from '../json.ts';
import type { SourceEvent } from '../map-event.ts';
import type { EventContext, EventMapping, Fields, LeftOut, Row, Rule, SourceMapping } from '../mapping.ts';
import * as read from '../read.ts';
import { guid, initiator, path, pid, port, text, time, whole } from '../rules.ts';
import { registryKey } from './registry.ts';
import { startFacts } from './sysmon.ts';
import { flatten } from './tetragon.ts';

const hash = (of: string, prefix = ''): readonly Rule[] => [
  text(`${of}.hash.sha1`, `${prefix}SHA1`),
  text(`${of}.hash.sha256`, `${prefix}SHA256`),
  text(`${of}.hash.md5`, `${prefix}MD5`),
];
const who = (of: string, prefix: string): readonly Rule[] => [
  lower(`${of}.name`, `${prefix}Name`),
  lower(`${of}.domain`, `${prefix}Domain`),
  {
    from: [`${of}.id`],
    to: [`${prefix}Sid`],
    how: 'when it is a SID',
    apply(fields, row) {
      const id = read.text(fields, `${of}.id`);
      if (id?.startsWith('S-1-')) row[`${prefix}Sid`] = id;
    },
  },
];
function lower(from: string, to: string): Rule {
  return {
    from: [from],
    to: [to],
    how: 'lower case',
    apply(fields, row) {
      const said = read.text(fields, from);
      if (said !== undefined) row[to] = said.toLowerCase();
    },
  };
}

const by = (table: 'DeviceEvents' | 'other'): readonly Rule[] => [
  initiator({ guid: 'process.entity_id', pid: 'process.pid', image: 'process.executable' }, table),
  text('process.command_line', 'InitiatingProcessCommandLine'),
  time('process.start', 'InitiatingProcessCreationTime'),
  ...hash('process', 'InitiatingProcess'),
  ...who('user', 'InitiatingProcessAccount'),
  pid('process.parent.pid', 'InitiatingProcessParentId'),
];
const BY = by('other');
const BY_IN_EVENTS = by('DeviceEvents');
const MORE: EventMapping['additional'] = [
  ['event.action', 'EventAction'],
  ['event.module', 'EventModule'],
  ['event.outcome', 'Outcome'],
];

const network = (
  id: string,
  title: string,
  action: EventMapping['action'],
  local: string,
  remote: string,
): EventMapping => ({
  id,
  title,
  table: 'DeviceNetworkEvents',
  action,
  rules: [
    ...BY,
    text(`${local}.ip`, 'LocalIP'),
    port(`${local}.port`, 'LocalPort'),
    text(`${remote}.ip`, 'RemoteIP'),
    port(`${remote}.port`, 'RemotePort'),
    text(`${remote}.domain`, 'RemoteUrl'),
    {
      from: ['network.transport'],
      to: ['Protocol'],
      how: 'tcp: Tcp, udp: Udp',
      apply(fields, row) {
        const said = read.text(fields, 'network.transport');
        if (said !== undefined) row.Protocol = said.slice(0, 1).toUpperCase() + said.slice(1).toLowerCase();
      },
    },
  ],
  additional: MORE,
});

const events: readonly (EventMapping | LeftOut)[] = [
  {
    id: 'process start',
    title: 'event.category process, event.type start',
    table: 'DeviceProcessEvents',
    action: 'ProcessCreated',
    rules: [
      initiator({
        guid: 'process.parent.entity_id',
        pid: 'process.parent.pid',
        image: 'process.parent.executable',
      }),
      text('process.parent.command_line', 'InitiatingProcessCommandLine'),
      time('process.parent.start', 'InitiatingProcessCreationTime'),
      path('process.executable'),
      text('process.name', 'FileName'),
      pid('process.pid', 'ProcessId'),
      guid('process.entity_id', 'ProcessUniqueId'),
      text('process.command_line', 'ProcessCommandLine'),
      time('process.start', 'ProcessCreationTime'),
      ...hash('process'),
      ...who('user', 'Account'),
      text('process.pe.original_file_name', 'ProcessVersionInfoOriginalFileName'),
      text('process.pe.company', 'ProcessVersionInfoCompanyName'),
      text('process.pe.product', 'ProcessVersionInfoProductName'),
      text('process.pe.description', 'ProcessVersionInfoFileDescription'),
      text('process.pe.file_version', 'ProcessVersionInfoProductVersion'),
    ],
    additional: [...MORE, ['process.working_directory', 'CurrentDirectory']],
    remember: (fields: Fields, row: Row, { processes, host, timeMs }: EventContext) =>
      processes.started(
        host,
        {
          guid: read.guid(fields, 'process.entity_id') ?? null,
          pid: read.pid(fields, 'process.pid') ?? null,
        },
        timeMs,
        'ecs',
        startFacts(row),
      ),
  },
  {
    id: 'process end',
    title: 'event.category process, event.type end',
    table: null,
    why: 'ends what is remembered of the process',
    remember: (fields, { processes, host, timeMs }) =>
      processes.ended(
        host,
        {
          guid: read.guid(fields, 'process.entity_id') ?? null,
          pid: read.pid(fields, 'process.pid') ?? null,
        },
        timeMs,
      ),
  },
  network(
    'network out',
    'event.category network, egress or without direction',
    'ConnectionSuccess',
    'source',
    'destination',
  ),
  network(
    'network in',
    'event.category network, network.direction ingress or inbound',
    'InboundConnectionAccepted',
    'destination',
    'source',
  ),
  {
    id: 'file',
    title: 'event.category file',
    table: 'DeviceFileEvents',
    action: {
      from: ['file.change'],
      cases: {
        creation: 'FileCreated',
        change: 'FileModified',
        deletion: 'FileDeleted',
        rename: 'FileRenamed',
      },
      otherwise: null,
    },
    rules: [
      ...BY,
      path('file.path'),
      text('file.name', 'FileName'),
      whole('file.size', 'FileSize'),
      ...hash('file'),
      previous(),
    ],
    additional: MORE,
    toldBy: (fields) => (fields['file.change'] === 'access' ? 'a file read' : null),
  },
  {
    id: 'registry',
    title: 'event.category registry or configuration, with registry.…',
    table: 'DeviceRegistryEvents',
    action: {
      from: ['registry.change'],
      cases: {
        creation: 'RegistryKeyCreated',
        change: 'RegistryValueSet',
        deletion: 'RegistryValueDeleted',
        access: 'RegistryValueSet',
      },
      otherwise: 'RegistryValueSet',
    },
    rules: [
      ...BY,
      registryKey('registry.path', 'RegistryKey'),
      {
        from: ['registry.hive', 'registry.key'],
        to: ['RegistryKey'],
        how: 'hive written out, and the key',
        apply(fields, row) {
          const key = read.text(fields, 'registry.key');
          const hive = read.text(fields, 'registry.hive');
          if (key !== undefined)
            row.RegistryKey = read.registryKey(hive === undefined ? key : `${hive}\\${key}`);
        },
      },
      text('registry.value', 'RegistryValueName'),
      text('registry.strings', 'RegistryValueData'),
    ],
    additional: [],
  },
  {
    id: 'library',
    title: 'event.category library',
    table: 'DeviceImageLoadEvents',
    action: 'ImageLoaded',
    rules: [...BY, path('dll.path'), path('file.path'), ...hash('dll'), ...hash('file')],
    additional: [],
  },
  {
    id: 'driver',
    title: 'event.category driver',
    table: 'DeviceEvents',
    action: 'DriverLoad',
    rules: [path('dll.path'), path('file.path'), ...hash('dll'), ...hash('file')],
    additional: MORE,
  },
  {
    id: 'dns',
    title: 'with dns.question.name',
    table: 'DeviceEvents',
    action: 'DnsQueryResponse',
    rules: [...BY_IN_EVENTS, text('dns.question.name', 'RemoteUrl')],
    additional: [
      ...MORE,
      ['dns.question.name', 'DnsQueryString'],
      ['dns.answers', 'DnsQueryResult'],
      ['dns.response_code', 'QueryStatus'],
    ],
  },
  {
    id: 'authentication',
    title: 'event.category authentication or session, event.type start',
    table: 'DeviceLogonEvents',
    action: {
      from: ['event.outcome'],
      cases: { success: 'LogonSuccess', failure: 'LogonFailed' },
      otherwise: 'LogonAttempted',
    },
    rules: [
      initiator({ guid: 'process.entity_id', pid: 'process.pid', image: 'process.executable' }),
      ...who('user', 'Account'),
      text('source.ip', 'RemoteIP'),
      port('source.port', 'RemotePort'),
      text('source.domain', 'RemoteDeviceName'),
      text('process.name', 'Protocol'),
    ],
    additional: MORE,
  },
];

function previous(): Rule {
  return {
    from: ['file.Ext.original.path'],
    to: ['PreviousFolderPath', 'PreviousFileName'],
    how: 'the whole path, and the file name',
    apply(fields, row) {
      const before = read.text(fields, 'file.Ext.original.path');
      if (before === undefined) return;
      row.PreviousFolderPath = before;
      row.PreviousFileName = read.fileNameOf(before);
    },
  };
}

export const ecs: SourceMapping = {
  name: 'ecs',
  title: 'Elastic Common Schema',
  about:
    'Documents with `event.category`, without `winlog`: Elastic Defend, Auditbeat, integrations of Elastic Agent. `file.change` and `registry.change` stand for `event.type`.',
  events,
};

const CHANGES = ['creation', 'change', 'deletion', 'access'] as const;

function list(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
}

/** Null when it is not of the schema. */
export function ecsEvent(record: Fields): SourceEvent | null {
  const { event, host } = record;
  if (!isRecord(event) || event.category === undefined) return null;
  const fields: Record<string, unknown> = {};
  flatten(record, '', fields, 0);
  const categories = list(event.category);
  const types = list(event.type);
  const change = /rename/.test(String(event.action)) ? 'rename' : CHANGES.find((one) => types.includes(one));
  fields['file.change'] = change;
  fields['registry.change'] = change;
  const data =
    isRecord(record.registry) && isRecord(record.registry.data) ? record.registry.data.strings : undefined;
  if (data !== undefined) fields['registry.strings'] = list(data).join(' ');
  const answers = isRecord(record.dns) ? record.dns.answers : undefined;
  if (answers !== undefined) fields['dns.answers'] = answers;
  const eventId = kindOf(categories, types, fields);
  return {
    source: ecs,
    eventId,
    host: isRecord(host) ? (host.hostname ?? host.name) : undefined,
    time: read.moment(record['@timestamp']),
    fields,
    key: typeof event.id === 'string' && event.id !== '' ? `ecs ${event.id}` : null,
  };
}

function kindOf(categories: readonly string[], types: readonly string[], fields: Fields): string {
  const is = (name: string) => categories.includes(name);
  if (fields['dns.question.name'] !== undefined) return 'dns';
  if (fields['registry.path'] !== undefined || fields['registry.key'] !== undefined) return 'registry';
  if (is('process'))
    return types.includes('end')
      ? 'process end'
      : types.includes('start')
        ? 'process start'
        : `process ${types.join(' ')}`;
  if (is('network'))
    return /^(?:ingress|inbound)$/.test(String(fields['network.direction'])) ? 'network in' : 'network out';
  if (is('file')) return 'file';
  if (is('library')) return 'library';
  if (is('driver')) return 'driver';
  if ((is('authentication') || is('session')) && !types.includes('end')) return 'authentication';
  return categories.join(' ');
}
