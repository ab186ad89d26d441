/** `merlon devicegroup` */
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';
import type { Condition, DeviceGroup } from './device-group.ts';
import type { AppliedStructure } from './team-structures.ts';

const line = ({ id, rank, name, devices, conditions }: DeviceGroup) => [
  String(id),
  rank === null ? 'last' : `rank ${rank}`,
  name,
  `${devices} devices`,
  conditions.map(({ property, operator, value }) => `${property} ${operator} ${value}`).join(', '),
];
const one = (group: DeviceGroup) => line(group).join('  ');
const id = { member: 'id', help: 'name or number of the group', names: 'deviceGroup' } as const;
const conditionsOption = {
  flags: '--where <condition...>',
  help: 'conditions, such as "name startsWith ws-" or "tag equals kiosk"; of one property any, of different ones each must hold',
  member: 'conditions',
  read: (words: string | string[]) => [words].flat().map(condition),
};
const nameOption = { flags: '--name <name>', help: 'name for people', member: 'name' };
const others = [
  { flags: '--description <text>', help: 'what it is for', member: 'description' },
  {
    flags: '--remediation <level>',
    help: 'Full, SemiAllFolders, SemiNonTempFolders, SemiCoreFolders or None',
    member: 'remediationLevel',
  },
  {
    flags: '--user-group <group...>',
    help: 'who may see its devices, all of them, by name or id; none: everybody',
    member: 'userGroups',
    names: 'userGroup',
  },
] as const;

/** `property operator value`; the server says what of it is not known. */
function condition(text: string): Partial<Condition> {
  const [property = '', operator = '', ...value] = text.trim().split(/\s+/);
  return {
    property: property as Condition['property'],
    operator: operator as Condition['operator'],
    value: value.join(' '),
  };
}

const specs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'device groups by rank',
    calls: 'deviceGroup.list',
    human: ({ value }: { value: DeviceGroup[] }) =>
      columns(value.map(line), 'No device groups: everybody sees every device.'),
  },
  {
    name: 'create',
    help: 'make a device group; it comes after the others',
    calls: 'deviceGroup.create',
    options: [{ ...nameOption, required: true }, { ...conditionsOption, required: true }, ...others],
    human: one,
  },
  {
    name: 'update',
    help: 'change a device group; what is left out stays',
    calls: 'deviceGroup.update',
    args: [id],
    options: [nameOption, conditionsOption, ...others],
    human: one,
  },
  {
    name: 'rank',
    help: 'promote or demote a device group; 1 is the first',
    calls: 'deviceGroup.rank',
    args: [id, { member: 'rank', help: 'the new rank', read: Number }],
    human: one,
  },
  {
    name: 'remove',
    help: 'remove a device group; its devices go where the other rules put them',
    calls: 'deviceGroup.remove',
    args: [id],
    human: (group: DeviceGroup) => `removed ${group.name}`,
  },
  {
    name: 'preview',
    help: 'how many devices a rule would match, and the first ten',
    calls: 'deviceGroup.preview',
    options: [{ ...conditionsOption, required: true }],
    human: ({ count, devices }: { count: number; devices: { id: string; computerDnsName: string }[] }) =>
      [`${count} devices`, ...devices.map((device) => `  ${device.id}  ${device.computerDnsName}`)].join(
        '\n',
      ),
  },
];

const structureSpecs: readonly CommandSpec[] = [
  {
    name: 'apply',
    help: 'make the roles, user groups and device groups of a structure: global-teams, tiers or divisions',
    calls: 'access.applyStructure',
    args: [{ member: 'structure', help: 'name of the structure' }],
    human: ({ about, roles, userGroups, deviceGroups }: AppliedStructure) =>
      [
        about,
        `roles: ${roles.join(', ')}`,
        `user groups: ${userGroups.join(', ')}`,
        `device groups: ${deviceGroups.join(', ')}`,
      ].join('\n'),
  },
];

export const deviceGroupCommands: RegisterCommands = (program, context) => {
  registerCommands(program, context, {
    name: 'devicegroup',
    help: 'device groups: rules that sort devices, and who may see each group',
    commands: specs,
  });
  registerCommands(program, context, {
    name: 'teamstructure',
    help: 'ready divisions of a security team',
    commands: structureSpecs,
  });
};
