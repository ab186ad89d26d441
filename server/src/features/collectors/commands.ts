/** `merlon collector` */
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';

interface Collector {
  readonly id: string;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly deviceGroups: readonly number[];
  readonly state: string;
  readonly expiresAt: string;
}
interface Count {
  readonly source: string;
  readonly eventId: string;
  readonly fate: string;
  readonly reason: string;
  readonly events: number;
}
const line = (one: Collector) => [
  one.id,
  one.name,
  one.hosts.length === 0 ? 'any host' : one.hosts.join(' '),
  one.state,
  `until ${one.expiresAt.slice(0, 10)}`,
];
const id = { member: 'id', help: 'id of the collector' };
const list = (words: string | string[]) => [words].flat();

const specs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'programs that ship events of other hosts',
    calls: 'collector.list',
    human: ({ value }: { value: Collector[] }) => columns(value.map(line), 'There are no collectors.'),
  },
  {
    name: 'create',
    help: 'let a program ship events of other hosts; its secret is shown this once',
    calls: 'collector.create',
    options: [
      { flags: '--name <name>', help: 'what it is', member: 'name', required: true },
      {
        flags: '--host <host...>',
        help: 'hosts it may speak for, * for any run of characters; none: any',
        member: 'hosts',
        read: list,
      },
      {
        flags: '--device-group <id...>',
        help: 'device groups its hosts must belong to; none: any',
        member: 'deviceGroups',
        names: 'deviceGroup',
        read: (words) => list(words).map(Number),
      },
      {
        flags: '--days <days>',
        help: 'how long its secret works; default 365',
        member: 'days',
        read: (word) => Number(word),
      },
    ],
    human: ({
      id: made,
      address,
      secret,
      apiKey,
      expiresAt,
    }: Collector & { address: string; secret: string; apiKey: string }) =>
      `id       ${made}\naddress  ${address}\nsecret   ${secret}\napi key  ${apiKey}\nuntil    ${expiresAt}`,
  },
  {
    name: 'revoke',
    help: 'take no more events from a collector',
    calls: 'collector.revoke',
    args: [id],
    human: ({ name }: Collector) => `revoked ${name}`,
  },
  {
    name: 'counts',
    help: 'what became of the events of a collector',
    calls: 'collector.counts',
    args: [id],
    human: ({ value }: { value: Count[] }) =>
      columns(
        value.map(({ source, eventId, fate, reason, events }) => [
          String(events),
          source,
          eventId,
          fate,
          reason,
        ]),
        'Nothing came yet.',
      ),
  },
];

export const collectorCommands: RegisterCommands = (program, context) =>
  registerCommands(program, context, {
    name: 'collector',
    help: 'programs that ship events of hosts without an agent of ours',
    commands: specs,
  });
