/** `merlon tenant`, `merlon user`, `merlon app`, `merlon key` */
import { readFileSync } from 'node:fs';
import { builtInAdministratorRole, permissions } from '@merlon/contract';
import type { Command } from 'commander';
import type { CliContext, RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands, yesOrNo } from '../../management/command-table.ts';

interface MadeUser {
  readonly userId: string;
  readonly principalName: string;
  readonly oneTimePassword: string;
}
interface MadeApp {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly secretExpires: string | null;
}
interface ListedApp {
  readonly clientId: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly delegatedPermissions: readonly string[];
  readonly enabled: boolean;
  readonly usage: readonly { readonly calls: number }[];
  readonly certificates: readonly {
    readonly id: string;
    readonly subject: string;
    readonly expires: string;
  }[];
  readonly secrets: readonly { readonly id: string; readonly hint: string; readonly expires: string }[];
}

const TENANT_OPTION = ['--tenant <tenant>', 'tenant by id, domain or name; default: the first one'] as const;

export const identityCommands: RegisterCommands = (program, context) => {
  tenantCommands(program, context);
  userCommands(program, context);
  registerCommands(program, context, {
    name: 'account',
    help: 'people: who may sign in, sessions, sign-in codes',
    commands: accountSpecs,
  });
  registerCommands(program, context, { name: 'app', help: 'programs that call the API', commands: appSpecs });
  registerCommands(program, context, {
    name: 'consent',
    help: 'applications of other tenants',
    commands: consentSpecs,
  });
  keyCommands(program, context);
};

function tenantCommands(program: Command, context: CliContext): void {
  const tenant = program
    .command('tenant')
    .description('tenants: directories of users, applications and devices');
  const create = tenant
    .command('create')
    .description('make a tenant')
    .requiredOption('--name <name>', 'name for people')
    .requiredOption('--domain <domain>', 'domain of its users, such as contoso.example')
    .action(async ({ name, domain }: { name: string; domain: string }) => {
      const made = await context.call<{ tenantId: string }>('tenant.create', { name, domain });
      context.print(create, made, () => `Tenant ${name} (${domain}) made: ${made.tenantId}`);
    });
  const list = tenant
    .command('list')
    .description('all tenants')
    .action(async () => {
      const rows = await context.call<{ tenantId: string; name: string; domain: string }[]>(
        'tenant.list',
        {},
      );
      context.print(list, rows, () =>
        rows.map((row) => `${row.tenantId}  ${row.domain}  ${row.name}`).join('\n'),
      );
    });
}

function userCommands(program: Command, context: CliContext): void {
  const user = program.command('user').description('people who sign in to the portal');
  const create = user
    .command('create')
    .description('make a user with a one-time password')
    .requiredOption('--name <name>', 'user name, with or without the domain')
    .option('--display-name <name>', 'name for people')
    .option('--role <role>', 'role by name')
    .option('--administrator', `the role "${builtInAdministratorRole}"`)
    .option(...TENANT_OPTION)
    .action(
      async (options: {
        name: string;
        displayName?: string;
        role?: string;
        administrator?: boolean;
        tenant?: string;
      }) => {
        const role = options.administrator ? builtInAdministratorRole : options.role;
        const made = await context.call<MadeUser>('user.create', {
          name: options.name,
          ...given('displayName', options.displayName),
          ...given('role', role),
          ...given('tenant', options.tenant),
        });
        context.print(create, made, () => passwordLines('User', made));
      },
    );
  const reset = user
    .command('reset-password')
    .description('give a user a new one-time password and end his sessions')
    .requiredOption('--name <name>', 'user name, with or without the domain')
    .option(...TENANT_OPTION)
    .action(async ({ name, tenant }: { name: string; tenant?: string }) => {
      const made = await context.call<MadeUser>('user.resetPassword', { name, ...given('tenant', tenant) });
      context.print(reset, made, () => passwordLines('User', made));
    });
  const list = user
    .command('list')
    .description('users of a tenant')
    .option(...TENANT_OPTION)
    .action(async ({ tenant }: { tenant?: string }) => {
      const rows = await context.call<{ userId: string; principalName: string; displayName: string }[]>(
        'user.list',
        given('tenant', tenant),
      );
      context.print(list, rows, () =>
        rows.map((row) => `${row.userId}  ${row.principalName}  ${row.displayName}`).join('\n'),
      );
    });
}

interface AccountLine {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly accountEnabled: boolean;
  readonly signInCodes: boolean;
}
const accountLine = (one: AccountLine) =>
  [
    one.id,
    one.userPrincipalName,
    one.displayName,
    one.accountEnabled ? 'enabled' : 'disabled',
    one.signInCodes ? 'with codes' : 'password only',
  ].join('  ');
const accountId = [{ member: 'id', help: 'name or object id', names: 'person' }] as const;

const accountSpecs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'list people, a page at a time',
    calls: 'account.list',
    options: [
      { flags: '--search <text>', help: 'part of the name', member: 'search' },
      { flags: '--after <name>', help: 'go on after this principal name', member: 'after' },
      { flags: '--top <count>', help: 'most on a page', member: 'top', read: Number },
      {
        flags: '--disabled',
        help: 'only those who are switched off',
        member: 'enabled',
        attribute: 'disabled',
        read: () => false,
      },
    ],
    human: ({ value }: { value: AccountLine[] }) => value.map(accountLine).join('\n'),
  },
  { name: 'get', help: 'one person', calls: 'account.get', args: accountId, human: accountLine },
  {
    name: 'update',
    help: 'change what a person is called',
    calls: 'account.update',
    args: accountId,
    options: [
      { flags: '--display-name <name>', help: 'name for people', member: 'displayName', required: true },
    ],
    human: accountLine,
  },
  ...(
    [
      ['disable', 'let a person in no more, and end his sessions', 'account.disable'],
      ['enable', 'let a person in again', 'account.enable'],
      ['revoke-sessions', 'end all sessions of a person', 'account.revokeSessions'],
      ['remove', 'remove a person for good', 'account.remove'],
    ] as const
  ).map(([name, help, calls]): CommandSpec => ({ name, help, calls, args: accountId, human: accountLine })),
  {
    name: 'reset-codes',
    help: 'switch off the sign-in codes of a person who lost them',
    calls: 'totp.reset',
    args: accountId,
    human: () => 'Sign-in codes are off; the sessions have ended.',
  },
  {
    name: 'code-policy',
    help: 'say who must sign in with a code',
    calls: 'totp.setPolicy',
    options: [
      {
        flags: '--everybody <yes|no>',
        help: 'whether everybody must',
        member: 'everybody',
        read: yesOrNo,
      },
      {
        flags: '--user-group <group...>',
        help: 'whose members must, all of them, by name or id',
        member: 'userGroups',
        names: 'userGroup',
      },
    ],
    human: ({ everybody, userGroups }: { everybody: boolean; userGroups: string[] }) =>
      everybody ? 'everybody' : userGroups.join(' ') || 'nobody',
  },
];

const permissionOption = {
  flags: '--permission <permissions...>',
  help: `what it may do as itself, such as ${permissions[0]?.application}; may be given several times`,
  member: 'permissions',
  read: separate,
};
const appOptions = [
  {
    flags: '--delegated <permissions...>',
    help: `what it may do for a person, such as ${permissions[0]?.delegated}`,
    member: 'delegatedPermissions',
    read: separate,
  },
  { flags: '--redirect <uri...>', help: 'where a sign-in may return to', member: 'redirectUris' },
];
const clientIdArgument = { member: 'id', help: 'client id' };

const appSpecs: readonly CommandSpec[] = [
  {
    name: 'create',
    help: 'register an application; its secret is shown this once',
    calls: 'app.create',
    options: [
      { flags: '--name <name>', help: 'name for people', member: 'name', required: true },
      permissionOption,
      ...appOptions,
      {
        flags: '--public',
        help: 'it cannot keep a secret: a program on people’s computers',
        member: 'publicClient',
        read: () => true,
      },
      {
        flags: '--multi-tenant',
        help: 'other tenants may consent to it',
        member: 'multiTenant',
        read: () => true,
      },
      {
        flags: '--password-grant',
        help: 'people may give their passwords to it, where no page will do',
        member: 'passwordGrant',
        read: () => true,
      },
      {
        flags: '--no-secret',
        help: 'it will sign in with a certificate',
        member: 'withSecret',
        attribute: 'secret',
        read: (word) => Boolean(word),
      },
      {
        flags: '--secret-days <days>',
        help: 'days until the secret ends; 365 when absent',
        member: 'secretDays',
        read: Number,
      },
    ],
    human: secretLines,
  },
  {
    name: 'list',
    help: 'applications of a tenant',
    calls: 'app.list',
    human: ({ value }: { value: ListedApp[] }) =>
      value.length === 0 ? 'No applications.' : value.map(appLine).join('\n'),
  },
  {
    name: 'update',
    help: 'rename, disable or enable an application, or change what it may do; what is left out stays',
    calls: 'app.update',
    args: [clientIdArgument],
    options: [
      { flags: '--name <name>', help: 'name for people', member: 'name' },
      permissionOption,
      ...appOptions,
      {
        flags: '--password-grant <yes|no>',
        help: 'whether people may give their passwords to it',
        member: 'passwordGrant',
        read: yesOrNo,
      },
      {
        flags: '--enabled <yes|no>',
        help: 'whether it may sign in',
        member: 'enabled',
        read: yesOrNo,
      },
    ],
    human: ({ clientId, name, enabled }: { clientId: string; name: string; enabled: boolean }) =>
      `${clientId}  ${name}${enabled ? '' : '  disabled'}`,
  },
  {
    name: 'remove',
    help: 'remove an application and its credentials',
    calls: 'app.remove',
    args: [clientIdArgument],
    human: ({ id }: { id: string }) => `removed ${id}`,
  },
  {
    name: 'add-secret',
    help: 'make a further secret, at most two at a time; it is shown this once',
    calls: 'app.addSecret',
    args: [clientIdArgument],
    options: [
      { flags: '--days <days>', help: 'days until it ends; 365 when absent', member: 'days', read: Number },
    ],
    human: secretLines,
  },
  {
    name: 'remove-secret',
    help: 'take a secret away; tokens given for it end within the hour',
    calls: 'app.removeSecret',
    args: [clientIdArgument, { member: 'secretId', help: 'id of the secret, as `app list` shows it' }],
    human: () => 'Secret removed.',
  },
  {
    name: 'add-certificate',
    help: 'let the application prove itself with the key of a certificate',
    calls: 'app.addCertificate',
    args: [
      clientIdArgument,
      {
        member: 'certificate',
        help: 'file of the certificate, PEM, without its key',
        read: (file) => readFileSync(file, 'utf8'),
      },
    ],
    human: ({ id, subject, expires }: { id: string; subject: string; expires: string }) =>
      `${id}  ${subject}  until ${expires.slice(0, 10)}`,
  },
  {
    name: 'remove-certificate',
    help: 'take a certificate away',
    calls: 'app.removeCertificate',
    args: [
      clientIdArgument,
      { member: 'certificateId', help: 'id of the certificate, as `app list` shows it' },
    ],
    human: () => 'Certificate removed.',
  },
];

const consentSpecs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'applications of other tenants that may act in this one',
    calls: 'consent.list',
    human: ({ value }: { value: { clientId: string; permissions: string[]; consentedBy: string }[] }) =>
      columns(
        value.map((one) => [one.clientId, one.permissions.join(' '), one.consentedBy]),
        'None.',
      ),
  },
  {
    name: 'give',
    help: 'let an application of another tenant do here what it asks for',
    calls: 'consent.give',
    args: [{ member: 'clientId', help: 'client id' }],
    human: ({ name, permissions: granted }: { name: string; permissions: string[] }) =>
      `${name} may: ${granted.join(' ')}`,
  },
  {
    name: 'withdraw',
    help: 'withdraw consent',
    calls: 'consent.withdraw',
    args: [clientIdArgument],
    human: () => 'Consent withdrawn.',
  },
];

/** Several words, or one with commas. */
function separate(words: string | string[]): string[] {
  return [words].flat().flatMap((word) => word.split(','));
}

function keyCommands(program: Command, context: CliContext): void {
  const key = program.command('key').description('keys that sign tokens');
  const rotate = key
    .command('rotate')
    .description('sign with a new key from now on; the old one verifies for a day')
    .action(async () => {
      const made = await context.call<{ kid: string }>('key.rotate', {});
      context.print(rotate, made, () => `Tokens are now signed by key ${made.kid}.`);
    });
}

function given(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}

function passwordLines(what: string, made: MadeUser): string {
  return [
    `${what} ${made.principalName}, one-time password: ${made.oneTimePassword}`,
    `object id: ${made.userId}`,
  ].join('\n');
}

function secretLines(made: MadeApp): string {
  return [
    `tenant id      ${made.tenantId}`,
    `client id      ${made.clientId}`,
    ...(made.clientSecret === null
      ? []
      : [
          `client secret  ${made.clientSecret}`,
          `The secret is shown this once and ends on ${made.secretExpires?.slice(0, 10)}.`,
        ]),
  ].join('\n');
}

function appLine(row: ListedApp): string {
  const secrets = row.secrets.map(
    ({ id, hint, expires }) => `    secret ${id} (${hint}…) until ${expires.slice(0, 10)}`,
  );
  const certificates = row.certificates.map(
    ({ id, subject, expires }) => `    certificate ${id} (${subject}) until ${expires.slice(0, 10)}`,
  );
  const calls = row.usage.reduce((sum, day) => sum + day.calls, 0);
  return [
    `${row.clientId}  ${row.name}${row.enabled ? '' : '  disabled'}`,
    `    ${[...row.permissions, ...row.delegatedPermissions].join(' ')}`,
    `    ${calls} calls in 30 days`,
    ...secrets,
    ...certificates,
  ].join('\n');
}
