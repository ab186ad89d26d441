/** `merlon approvalpolicy` */
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';
import type { ApprovalPolicy } from './approval-policies.ts';

const line = ({ id, name, enabled, actionTypes, deviceGroups }: ApprovalPolicy) => [
  id,
  name,
  enabled ? 'on' : 'off',
  actionTypes.join(' ') || 'every action',
  deviceGroups.length === 0 ? 'every device' : `device groups ${deviceGroups.join(', ')}`,
];
const one = (policy: ApprovalPolicy) => line(policy).join('  ');
const id = { member: 'id', help: 'name or id of the policy', names: 'approvalPolicy' } as const;
const nameOption = { flags: '--name <name>', help: 'name for people', member: 'name' };
const options = [
  {
    flags: '--action <type...>',
    help: 'kinds of action, such as Isolate; none: every kind',
    member: 'actionTypes',
  },
  {
    flags: '--device-group <group...>',
    help: 'device groups, by name or number; none: every device',
    member: 'deviceGroups',
    names: 'deviceGroup',
  },
] as const;

const specs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'which orders a second person must approve',
    calls: 'approvalPolicy.list',
    human: ({ value }: { value: ApprovalPolicy[] }) => columns(value.map(line), 'No order needs approval.'),
  },
  {
    name: 'create',
    help: 'ask for a second person’s approval of some orders',
    calls: 'approvalPolicy.create',
    options: [{ ...nameOption, required: true }, ...options],
    human: one,
  },
  {
    name: 'update',
    help: 'change an approval policy; what is left out stays',
    calls: 'approvalPolicy.update',
    args: [id],
    options: [
      nameOption,
      ...options,
      {
        flags: '--enabled <on|off>',
        help: 'turn it on or off',
        member: 'enabled',
        read: (word) => word === 'on',
      },
    ],
    human: one,
  },
  {
    name: 'remove',
    help: 'remove an approval policy',
    calls: 'approvalPolicy.remove',
    args: [id],
    human: (policy: ApprovalPolicy) => `removed ${policy.name}`,
  },
];

export const responseCommands: RegisterCommands = (program, context) => {
  registerCommands(program, context, {
    name: 'approvalpolicy',
    help: 'orders that a second person must approve',
    commands: specs,
  });
};
