/** `merlon tenant`, `merlon user`, `merlon app`, `merlon key` */
import { builtInAdministratorRole, permissions } from '@merlon/contract';
import type { Command } from 'commander';
import type { CliContext, RegisterCommands } from '../../feature.ts';

interface MadeUser {
  readonly principalName: string;
  readonly oneTimePassword: string;
}
interface MadeApp {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly secretExpires: string;
}
interface ListedApp {
  readonly clientId: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly secrets: readonly { readonly id: string; readonly hint: string; readonly expires: string }[];
}

const TENANT_OPTION = ['--tenant <tenant>', 'tenant by id, domain or name; default: the first one'] as const;

export const identityCommands: RegisterCommands = (program, context) => {
  tenantCommands(program, context);
  userCommands(program, context);
  appCommands(program, context);
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

function appCommands(program: Command, context: CliContext): void {
  const app = program.command('app').description('programs that call the API');
  const create = app
    .command('create')
    .description('register an application; its secret is shown this once')
    .requiredOption('--name <name>', 'name for people')
    .requiredOption(
      '--permission <permissions...>',
      `what it may do, such as ${permissions[0]?.application}; may be given several times`,
    )
    .option('--secret-days <days>', 'days until the secret ends', '365')
    .option(...TENANT_OPTION)
    .action(async (options: { name: string; permission: string[]; secretDays: string; tenant?: string }) => {
      const made = await context.call<MadeApp>('app.create', {
        name: options.name,
        permissions: options.permission.flatMap((one) => one.split(',')),
        secretDays: Number(options.secretDays),
        ...given('tenant', options.tenant),
      });
      context.print(create, made, () => secretLines(made));
    });
  const list = app
    .command('list')
    .description('applications of a tenant')
    .option(...TENANT_OPTION)
    .action(async ({ tenant }: { tenant?: string }) => {
      const rows = await context.call<ListedApp[]>('app.list', given('tenant', tenant));
      context.print(list, rows, () =>
        rows.length === 0 ? 'No applications.' : rows.map(appLine).join('\n'),
      );
    });

  const secret = app.command('secret').description('secrets of an application; at most two at a time');
  const add = secret
    .command('add')
    .description('make a further secret; it is shown this once')
    .requiredOption('--app <clientId>', 'client id')
    .option('--days <days>', 'days until it ends', '365')
    .option(...TENANT_OPTION)
    .action(async ({ app: clientId, days, tenant }: { app: string; days: string; tenant?: string }) => {
      const made = await context.call<MadeApp>('app.addSecret', {
        clientId,
        days: Number(days),
        ...given('tenant', tenant),
      });
      context.print(add, made, () => secretLines(made));
    });
  const remove = secret
    .command('remove')
    .description('take a secret away; tokens given for it end within the hour')
    .requiredOption('--app <clientId>', 'client id')
    .requiredOption('--secret <id>', 'id of the secret, as `app list` shows it')
    .option(...TENANT_OPTION)
    .action(
      async ({
        app: clientId,
        secret: secretId,
        tenant,
      }: {
        app: string;
        secret: string;
        tenant?: string;
      }) => {
        const done = await context.call<object>('app.removeSecret', {
          clientId,
          secretId,
          ...given('tenant', tenant),
        });
        context.print(remove, done, () => 'Secret removed.');
      },
    );
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
  return `${what} ${made.principalName}, one-time password: ${made.oneTimePassword}`;
}

function secretLines(made: MadeApp): string {
  return [
    `tenant id      ${made.tenantId}`,
    `client id      ${made.clientId}`,
    `client secret  ${made.clientSecret}`,
    `The secret is shown this once and ends on ${made.secretExpires.slice(0, 10)}.`,
  ].join('\n');
}

function appLine(row: ListedApp): string {
  const secrets = row.secrets.map(
    ({ id, hint, expires }) => `    secret ${id} (${hint}…) until ${expires.slice(0, 10)}`,
  );
  return [`${row.clientId}  ${row.name}`, `    ${row.permissions.join(' ')}`, ...secrets].join('\n');
}
