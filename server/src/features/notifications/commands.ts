/** `merlon notification` */
import { readFileSync } from 'node:fs';
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';
import type { NotificationRule } from './rule.ts';

const id = { member: 'id', help: 'id of the rule' };
const list = (words: string | string[]) => [words].flat();

const line = ({ id: own, name, channel, severities, progress }: NotificationRule) => [
  own,
  name,
  channel.kind,
  severities.join(','),
  progress.state,
  `${progress.sentMessages} sent`,
];

function one(rule: NotificationRule): string {
  const { progress } = rule;
  return [
    line(rule).join('  '),
    `digest of ${rule.digestMinutes} minutes, at most ${rule.maxPerHour} messages an hour`,
    `${progress.sentAlerts} alerts told, ${progress.waitingAlerts} wait, ${progress.givenUpAlerts} given up`,
    ...(progress.lastError === null
      ? []
      : [
          `last error (${progress.lastError.at}): ${progress.lastError.fault}: ${progress.lastError.message}`,
        ]),
  ].join('\n');
}

const members = [
  { flags: '--name <name>', help: 'name of the rule', member: 'name' },
  {
    flags: '--channel-file <path>',
    help: 'JSON: {"kind": "email", "settings": {…}}; see docs/reference/notifications.md',
    member: 'channel',
    // A file, so that no secret stands in the command line, where others see it.
    read: (path: string | string[]) => JSON.parse(readFileSync(String(path), 'utf8')) as unknown,
  },
];
const others = [
  {
    flags: '--severity <severity...>',
    help: 'of the alerts: Informational, Low, Medium, High; default Medium and High',
    member: 'severities',
    read: list,
  },
  {
    flags: '--device-group <id...>',
    help: 'only alerts of devices of these groups',
    member: 'deviceGroups',
    read: (words: string | string[]) => list(words).map(Number),
  },
  {
    flags: '--digest-minutes <minutes>',
    help: 'how long alerts gather before they are sent together; default 0',
    member: 'digestMinutes',
    read: Number,
  },
  {
    flags: '--max-per-hour <messages>',
    help: 'messages an hour; what comes beyond gathers for the next; default 20',
    member: 'maxPerHour',
    read: Number,
  },
];

const specs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'rules and how they fare',
    calls: 'notification.list',
    human: ({ value }: { value: NotificationRule[] }) => columns(value.map(line), 'No rules.'),
  },
  { name: 'show', help: 'one of them', calls: 'notification.get', args: [id], human: one },
  {
    name: 'create',
    help: 'tell somebody of alerts from now on',
    calls: 'notification.create',
    options: [...members.map((option) => ({ ...option, required: true })), ...others],
    human: one,
  },
  {
    name: 'update',
    help: 'change one; what is left out stays',
    calls: 'notification.update',
    args: [id],
    options: [...members, ...others],
    human: one,
  },
  {
    name: 'on',
    help: 'turn one on: it begins at this moment',
    calls: 'notification.update',
    args: [id],
    fixed: { enabled: true },
    human: one,
  },
  {
    name: 'off',
    help: 'turn one off: nothing is kept for it meanwhile',
    calls: 'notification.update',
    args: [id],
    fixed: { enabled: false },
    human: one,
  },
  {
    name: 'delete',
    help: 'remove one',
    calls: 'notification.remove',
    args: [id],
    human: (rule: NotificationRule) => `${rule.name} is removed.`,
  },
  {
    name: 'test',
    help: 'send a message that says it is a test',
    calls: 'notification.test',
    args: [id],
    human: ({ rejected }: { rejected: string[] }) =>
      rejected.length === 0 ? 'It was sent.' : `It was sent, and not taken for ${rejected.join(', ')}.`,
  },
];

export const notificationsCommands: RegisterCommands = (program, context) =>
  registerCommands(program, context, {
    name: 'notification',
    help: 'who is told of alerts, and how',
    commands: specs,
  });
