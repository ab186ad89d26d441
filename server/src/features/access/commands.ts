/** `merlon access`, `merlon role`, `merlon usergroup`, `merlon elevation` */
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';
import type { Explanation } from './explain.ts';
import type { Elevation, Role, UserGroup } from './role.ts';

const roleLine = ({ id, name, kind, permissions }: Role) => [
  id,
  name,
  kind,
  kind === 'administrator' ? 'everything' : permissions.join(' '),
];
const groupLine = ({ id, name, source, members, roles }: UserGroup) => [
  id,
  name,
  source,
  `${members} members`,
  `${roles.length} roles`,
];
const elevationLine = ({ id, userId, roleId, endsAt, reason }: Elevation) => [
  id,
  userId,
  roleId,
  endsAt,
  reason,
];
const one = (line: readonly string[]) => line.join('  ');

const permissionOption = {
  flags: '--permission <name...>',
  help: 'portal permissions, such as ViewData.SecurityOperations',
  member: 'permissions',
};
const nameOption = { flags: '--name <name>', help: 'name for people', member: 'name' };
const descriptionOption = { flags: '--description <text>', help: 'what it is for', member: 'description' };
const holdersOption = {
  flags: '--user-group <group...>',
  help: 'the user groups that hold it, all of them, by name or id',
  member: 'userGroups',
  names: 'userGroup',
} as const;
const roleArgument = { member: 'id', help: 'name or id of the role', names: 'role' } as const;
const groupArgument = { member: 'id', help: 'name or id of the group', names: 'userGroup' } as const;
const personArgument = {
  member: 'userId',
  help: 'name or object id of the person',
  names: 'person',
} as const;
const heldOption = {
  flags: '--role <role...>',
  help: 'roles it holds, all of them, by name or id',
  member: 'roles',
  names: 'role',
} as const;

const accessSpecs: readonly CommandSpec[] = [
  {
    name: 'mode',
    help: 'whether built-in roles alone decide (basic), or roles and device groups (rbac)',
    calls: 'access.mode',
    human: ({ mode }: { mode: string }) => mode,
  },
  {
    name: 'rbac',
    help: 'let roles and device groups decide; there is no way back',
    calls: 'access.switchToRbac',
    human: () => 'Roles and device groups decide from now on.',
  },
  {
    name: 'explain',
    help: 'why a person can, or cannot, use an operation on a device',
    calls: 'access.explain',
    args: [
      { member: 'user', help: 'name or id of the person', names: 'person' },
      { member: 'operation', help: 'id of an operation, such as machines.isolate' },
    ],
    options: [{ flags: '--device <device>', help: 'id or computer name', member: 'device' }],
    human: ({ allowed, steps }: Explanation) =>
      [
        allowed ? 'Allowed.' : 'Not allowed.',
        ...steps.map(({ ok, text }) => `  ${ok ? 'yes' : ' no'}  ${text}`),
      ].join('\n'),
  },
];

const roleSpecs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'all roles',
    calls: 'role.list',
    human: ({ value }: { value: Role[] }) => columns(value.map(roleLine), 'No roles.'),
  },
  {
    name: 'create',
    help: 'make a role',
    calls: 'role.create',
    options: [
      { ...nameOption, required: true },
      descriptionOption,
      { ...permissionOption, required: true },
      holdersOption,
    ],
    human: (role: Role) => one(roleLine(role)),
  },
  {
    name: 'update',
    help: 'change a role; what is left out stays',
    calls: 'role.update',
    args: [roleArgument],
    options: [nameOption, descriptionOption, permissionOption, holdersOption],
    human: (role: Role) => one(roleLine(role)),
  },
  {
    name: 'remove',
    help: 'remove a role',
    calls: 'role.remove',
    args: [roleArgument],
    human: (role: Role) => `removed ${role.name}`,
  },
];

const userGroupSpecs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'all user groups',
    calls: 'userGroup.list',
    human: ({ value }: { value: UserGroup[] }) => columns(value.map(groupLine), 'No user groups.'),
  },
  {
    name: 'create',
    help: 'make a user group',
    calls: 'userGroup.create',
    options: [{ ...nameOption, required: true }, descriptionOption, heldOption],
    human: (group: UserGroup) => one(groupLine(group)),
  },
  {
    name: 'update',
    help: 'change a user group; what is left out stays',
    calls: 'userGroup.update',
    args: [groupArgument],
    options: [nameOption, descriptionOption, heldOption],
    human: (group: UserGroup) => one(groupLine(group)),
  },
  {
    name: 'remove',
    help: 'remove a user group',
    calls: 'userGroup.remove',
    args: [groupArgument],
    human: (group: UserGroup) => `removed ${group.name}`,
  },
  {
    name: 'members',
    help: 'who is in a user group',
    calls: 'userGroup.members',
    args: [groupArgument],
    human: ({ value }: { value: { id: string; principalName: string }[] }) =>
      columns(
        value.map((member) => [member.id, member.principalName]),
        'Nobody.',
      ),
  },
  {
    name: 'add-member',
    help: 'put a person into a user group',
    calls: 'userGroup.addMember',
    args: [groupArgument, personArgument],
    human: (group: UserGroup) => one(groupLine(group)),
  },
  {
    name: 'remove-member',
    help: 'take a person out of a user group',
    calls: 'userGroup.removeMember',
    args: [groupArgument, personArgument],
    human: (group: UserGroup) => one(groupLine(group)),
  },
];

const elevationSpecs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'roles given for some hours, newest first',
    calls: 'elevation.list',
    human: ({ value }: { value: Elevation[] }) => columns(value.map(elevationLine), 'None.'),
  },
  {
    name: 'create',
    help: 'give a person a role for some hours',
    calls: 'elevation.create',
    options: [
      { ...personArgument, flags: '--user <person>', required: true },
      { ...roleArgument, flags: '--role <role>', member: 'roleId', required: true },
      { flags: '--hours <hours>', help: 'how long', member: 'hours', read: Number, required: true },
      { flags: '--reason <text>', help: 'why', member: 'reason', required: true },
    ],
    human: (elevation: Elevation) => one(elevationLine(elevation)),
  },
  {
    name: 'end',
    help: 'end an elevation before its time',
    calls: 'elevation.end',
    args: [{ member: 'id', help: 'id of the elevation' }],
    human: (elevation: Elevation) => `ended ${elevation.id}`,
  },
];

export const accessCommands: RegisterCommands = (program, context) => {
  registerCommands(program, context, { name: 'access', help: 'who may do what', commands: accessSpecs });
  registerCommands(program, context, {
    name: 'role',
    help: 'roles: sets of permissions in the portal',
    commands: roleSpecs,
  });
  registerCommands(program, context, {
    name: 'usergroup',
    help: 'user groups, which hold roles',
    commands: userGroupSpecs,
  });
  registerCommands(program, context, {
    name: 'elevation',
    help: 'roles for some hours',
    commands: elevationSpecs,
  });
};
