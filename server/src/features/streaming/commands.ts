/** `merlon export` */
import { readFileSync } from 'node:fs';
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';
import type { ExportSetting } from './export-setting.ts';
import type { Reconciliation } from './reconcile.ts';
import type { Replay } from './replays.ts';

const id = { member: 'id', help: 'id of the export' };
const list = (words: string | string[]) => [words].flat();

const line = ({ id: own, name, enabled, destination, progress }: ExportSetting) => [
  own,
  name,
  destination.kind,
  enabled ? progress.state : 'off',
  `${progress.deliveredRows} rows`,
  progress.lagSeconds === 0 ? 'nothing waits' : `${Math.round(progress.lagSeconds)} s behind`,
];

function one(setting: ExportSetting): string {
  const { progress } = setting;
  const facts = [
    line(setting).join('  '),
    `event types: ${setting.eventTypes.join(', ')}`,
    ...Object.entries(setting.filters).map(([table, filter]) => `${table} | where ${filter}`),
    `${progress.deliveredBytes} bytes, ${progress.leftOutRows} rows left out, ${progress.refusedRows} refused, ${progress.droppedRows} dropped`,
  ];
  if (progress.lastError !== null)
    facts.push(
      `last error (${progress.lastError.at}): ${progress.lastError.fault}: ${progress.lastError.message}`,
    );
  return facts.join('\n');
}

const replayLine = (replay: Replay) => [
  replay.id,
  replay.state,
  `${replay.rowsDone} of ${replay.rowsTotal ?? '?'} rows`,
  `${replay.from} to ${replay.to}`,
];

function compared({ agrees, hours, total }: Reconciliation): string {
  const rows = [
    ['event type', 'hour', 'received', 'delivered', 'left out', 'refused', 'dropped', 'difference'],
    ...hours.map((hour) => [
      hour.eventType,
      hour.hour,
      ...[hour.received, hour.delivered, hour.leftOut, hour.refused, hour.dropped, hour.difference].map(
        String,
      ),
    ]),
  ];
  return `${columns(rows, '')}\n${agrees ? 'agrees' : 'DIFFERS'}: ${total.received} received, ${total.delivered} delivered, ${total.difference} not settled`;
}

/** `DeviceProcessEvents=FileName has "x"` */
const filters = (words: string | string[]) =>
  Object.fromEntries(
    list(words).map((word) => {
      const cut = word.indexOf('=');
      return [word.slice(0, cut), word.slice(cut + 1)];
    }),
  );

/** A file, so that no secret stands in the command line, where others see it. */
const destination = (path: string | string[]) => JSON.parse(readFileSync(String(path), 'utf8')) as unknown;

const members = [
  { flags: '--name <name>', help: 'name of the export', member: 'name' },
  {
    flags: '--event-type <type...>',
    help: 'hunting tables, such as DeviceProcessEvents AlertInfo',
    member: 'eventTypes',
    read: list,
  },
  {
    flags: '--destination-file <path>',
    help: 'JSON: {"kind": "webhook", "settings": {…}}; see docs/reference/destinations.md',
    member: 'destination',
    read: destination,
  },
];
const others = [
  {
    flags: '--device-group <id...>',
    help: 'only devices of these groups',
    member: 'deviceGroups',
    read: (words: string | string[]) => list(words).map(Number),
  },
  {
    flags: '--filter <table=predicate...>',
    help: 'only rows of the table for which the KQL predicate holds',
    member: 'filters',
    read: filters,
  },
  {
    flags: '--skip-test',
    help: 'save it without trying the destination',
    member: 'skipTest',
  },
];

const specs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'exports and how they fare',
    calls: 'export.list',
    human: ({ value }: { value: ExportSetting[] }) => columns(value.map(line), 'No exports.'),
  },
  { name: 'show', help: 'one of them', calls: 'export.get', args: [id], human: one },
  {
    name: 'create',
    help: 'stream event types to a destination from now on',
    calls: 'export.create',
    options: [...members.map((option) => ({ ...option, required: true })), ...others],
    human: one,
  },
  {
    name: 'update',
    help: 'change one; what is left out stays',
    calls: 'export.update',
    args: [id],
    options: [...members, ...others],
    human: one,
  },
  {
    name: 'on',
    help: 'turn one on: it begins at this moment',
    calls: 'export.update',
    args: [id],
    fixed: { enabled: true },
    human: one,
  },
  {
    name: 'off',
    help: 'turn one off: nothing is kept for it meanwhile',
    calls: 'export.update',
    args: [id],
    fixed: { enabled: false },
    human: one,
  },
  {
    name: 'delete',
    help: 'remove one',
    calls: 'export.remove',
    args: [id],
    human: (setting: ExportSetting) => `${setting.name} is removed.`,
  },
  {
    name: 'test',
    help: 'try whether the destination can be written to',
    calls: 'export.test',
    args: [id],
    human: () => 'It works.',
  },
  {
    name: 'replay',
    help: 'deliver again what was received from a moment on',
    calls: 'export.replay',
    args: [id],
    options: [
      { flags: '--from <time>', help: 'as 2026-11-25T10:00:00Z', member: 'from', required: true },
      { flags: '--to <time>', help: 'default: now', member: 'to' },
    ],
    human: (replay: Replay) => replayLine(replay).join('  '),
  },
  {
    name: 'replays',
    help: 'replays of an export',
    calls: 'export.listReplays',
    args: [id],
    human: ({ value }: { value: Replay[] }) => columns(value.map(replayLine), 'No replays.'),
  },
  {
    name: 'cancel-replay',
    help: 'end a replay',
    calls: 'export.cancelReplay',
    args: [{ member: 'id', help: 'id of the replay' }],
    human: (replay: Replay) => replayLine(replay).join('  '),
  },
  {
    name: 'reconcile',
    help: 'compare rows received with rows delivered, by event type and hour',
    calls: 'export.reconcile',
    args: [id],
    options: [
      { flags: '--from <time>', help: 'default: a day ago, or when it was made', member: 'from' },
      { flags: '--to <time>', help: 'default: now', member: 'to' },
    ],
    human: compared,
  },
];

export const streamingCommands: RegisterCommands = (program, context) =>
  registerCommands(program, context, {
    name: 'export',
    help: 'streams of raw events to other systems',
    commands: specs,
  });
