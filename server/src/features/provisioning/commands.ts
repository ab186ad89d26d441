/** `merlon provisioning` */
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';

interface Token {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly expiresAt: string;
}
const line = (one: Token) => [one.id, one.name, `${one.hint}…`, `until ${one.expiresAt}`];

const specs: readonly CommandSpec[] = [
  {
    name: 'tokens',
    help: 'tokens that directories provision people with',
    calls: 'provisioningToken.list',
    human: ({ value }: { value: Token[] }) => columns(value.map(line), 'No provisioning tokens.'),
  },
  {
    name: 'create-token',
    help: 'make a token for a directory; it is shown this once',
    calls: 'provisioningToken.create',
    options: [
      { flags: '--name <name>', help: 'which directory it is for', member: 'name', required: true },
      {
        flags: '--days <days>',
        help: 'how long it works; default 365',
        member: 'days',
        read: (word) => Number(word),
      },
    ],
    human: ({ address, token, expiresAt }: { address: string; token: string; expiresAt: string }) =>
      `address  ${address}\ntoken    ${token}\nuntil    ${expiresAt}`,
  },
  {
    name: 'revoke-token',
    help: 'let a directory in no more',
    calls: 'provisioningToken.revoke',
    args: [{ member: 'id', help: 'id of the token' }],
    human: (token: Token) => `revoked ${token.name}`,
  },
  {
    name: 'adopt',
    help: 'hand an account over to the directory',
    calls: 'account.adopt',
    args: [{ member: 'id', help: 'name or object id of the person', names: 'person' }],
    human: ({ userName }: { userName: string }) => `${userName} is kept by the directory now`,
  },
];

export const provisioningCommands: RegisterCommands = (program, context) =>
  registerCommands(program, context, {
    name: 'provisioning',
    help: 'directories that provision people and groups by SCIM',
    commands: specs,
  });
