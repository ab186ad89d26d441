/** `merlon yara` */
import { readFileSync } from 'node:fs';
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';

interface RulesSet {
  readonly id: string;
  readonly rules: readonly string[];
  readonly deviceGroups: readonly number[];
  readonly updatedAt: string;
  readonly updatedBy: string;
}

const line = ({ id, rules, deviceGroups, updatedAt, updatedBy }: RulesSet) => [
  id,
  `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`,
  deviceGroups.length === 0 ? 'every device' : `device groups ${deviceGroups.join(', ')}`,
  `${updatedAt.slice(0, 19)}Z by ${updatedBy}`,
];
const one = (set: RulesSet) => line(set).join('  ');
const id = { member: 'id', help: 'name of the set' };

const specs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'sets of YARA rules that scans of devices look for',
    calls: 'yaraRules.list',
    human: ({ value }: { value: RulesSet[] }) => columns(value.map(line), 'There are no YARA rules.'),
  },
  {
    name: 'get',
    help: 'the text of a set',
    calls: 'yaraRules.get',
    args: [id],
    human: ({ text }: { text: string }) => text,
  },
  {
    name: 'set',
    help: 'keep a set of YARA rules out of a file, new or in place of the one of that name',
    calls: 'yaraRules.set',
    args: [id, { member: 'text', help: 'file with the rules', read: (path) => readFileSync(path, 'utf8') }],
    options: [
      {
        flags: '--device-group <id...>',
        help: 'device groups it is for; none: every device',
        member: 'deviceGroups',
        names: 'deviceGroup',
        read: (words: string | string[]) => [words].flat().map(Number),
      },
    ],
    human: one,
  },
  {
    name: 'remove',
    help: 'remove a set of YARA rules',
    calls: 'yaraRules.remove',
    args: [id],
    human: (set: RulesSet) => `removed ${set.id}`,
  },
];

export const yaraCommands: RegisterCommands = (program, context) => {
  registerCommands(program, context, {
    name: 'yara',
    help: 'YARA rules that scans of devices look for',
    commands: specs,
  });
};
