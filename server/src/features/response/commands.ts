/** `merlon approvalpolicy` and `merlon isolation` */
import type { IsolationAllowance } from '@merlon/contract';
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands, yesOrNo } from '../../management/command-table.ts';
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
        flags: '--enabled <yes|no>',
        help: 'turn it on or off',
        member: 'enabled',
        read: yesOrNo,
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

const allowance = ({ address, protocol, port }: IsolationAllowance) => [
  address,
  protocol ?? 'every protocol',
  port === undefined ? 'every port' : String(port),
];
const allowances = ({ value }: { value: IsolationAllowance[] }) =>
  columns(value.map(allowance), 'Nothing but the server is reachable.');

const isolationSpecs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'what a device in selective isolation may still reach',
    calls: 'isolationAllowance.list',
    human: allowances,
  },
  {
    name: 'allow',
    help: 'say anew what a device in selective isolation may still reach; without --peer: nothing',
    calls: 'isolationAllowance.set',
    options: [
      {
        flags: '--peer <peer...>',
        help: 'address or network, with protocol and port where wanted: 10.0.0.0/8 or 192.0.2.7,tcp,443',
        member: 'value',
        read: (words: string | string[]) => [words].flat().map(readAllowance),
      },
    ],
    human: allowances,
  },
];

/** What it says is judged by the operation. */
function readAllowance(word: string): object {
  const [address, protocol, port] = word.split(',');
  return {
    address,
    ...(protocol === undefined ? {} : { protocol }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

export const responseCommands: RegisterCommands = (program, context) => {
  registerCommands(program, context, {
    name: 'approvalpolicy',
    help: 'orders that a second person must approve',
    commands: specs,
  });
  registerCommands(program, context, {
    name: 'isolation',
    help: 'what selective isolation leaves reachable',
    commands: isolationSpecs,
  });
};
