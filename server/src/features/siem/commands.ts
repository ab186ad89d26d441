/** `merlon siem` */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, registerCommands } from '../../management/command-table.ts';

interface State {
  readonly enabled: boolean;
  readonly clientId: string | null;
  readonly tokenUrl: string;
  readonly eventsUrl: string;
  readonly authorised: readonly Authorised[];
}
interface Authorised {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
}
interface Made {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly secretExpires: string;
}
interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly refreshTokenExpires: string;
}

const secretDays = {
  flags: '--secret-days <days>',
  help: 'how long the secret works; default: 365',
  member: 'secretDays',
  read: (word: string | string[]) => Number(word),
};
const madeSecret = (made: Made) =>
  `client id: ${made.clientId}\nclient secret, shown once: ${made.clientSecret}\nit ends: ${made.secretExpires}`;
const one = ({ id, tenantId, name }: Authorised) => `${id}  ${name}  of tenant ${tenantId}`;

const specs: readonly CommandSpec[] = [
  {
    name: 'show',
    help: 'whether it is on, and its addresses',
    calls: 'siem.get',
    human: (state: State) =>
      [
        state.enabled ? `SIEM integration is on, client id ${state.clientId}.` : 'SIEM integration is off.',
        `token URL: ${state.tokenUrl}`,
        `events URL: ${state.eventsUrl}`,
        ...state.authorised.map(one),
      ].join('\n'),
  },
  {
    name: 'enable',
    help: 'make the connector application; its secret is shown once',
    calls: 'siem.enable',
    options: [secretDays],
    human: (made: Made & State) =>
      `${madeSecret(made)}\ntoken URL: ${made.tokenUrl}\nevents URL: ${made.eventsUrl}`,
  },
  {
    name: 'renew-secret',
    help: 'a further secret, shown once; the oldest goes when there are two',
    calls: 'siem.renewSecret',
    options: [secretDays],
    human: madeSecret,
  },
  {
    name: 'tokens',
    help: 'an access token of an hour and a refresh token of 90 days, for a person',
    calls: 'siem.generateTokens',
    options: [
      {
        flags: '--for <person>',
        help: 'who reads detections by them',
        member: 'userId',
        names: 'person',
        required: true,
      },
    ],
    human: (made: Tokens) =>
      `access token: ${made.accessToken}\nrefresh token, until ${made.refreshTokenExpires}: ${made.refreshToken}`,
  },
  {
    name: 'authorise',
    help: 'let an application of another tenant read detections of this one',
    calls: 'siem.authorise',
    args: [
      { member: 'applicationId', help: 'client id of the application' },
      { member: 'tenantId', help: 'id of the tenant where it is registered' },
    ],
    human: one,
  },
  {
    name: 'withdraw',
    help: 'let it read them no longer',
    calls: 'siem.withdraw',
    args: [{ member: 'id', help: 'client id of the application' }],
    human: ({ id }: { id: string }) => `Application ${id} reads no detections any more.`,
  },
  {
    name: 'disable',
    help: 'remove the connector application',
    calls: 'siem.disable',
    human: ({ id }: { id: string }) => `SIEM integration is off; application ${id} is gone.`,
  },
];

export const siemCommands: RegisterCommands = (program, context) => {
  registerCommands(program, context, {
    name: 'siem',
    help: 'detections for SIEM connectors',
    commands: specs,
  });
  const command = program.commands
    .find((group) => group.name() === 'siem')
    ?.command('files')
    .description('write ready-made settings of a connector')
    .argument('<kind>', 'generic, splunk, arcsight or qradar')
    .option('--tenant <tenant>', 'tenant by id, domain or name; default: the first one')
    .option('--client-secret-file <path>', 'file that holds the client secret')
    .option('--access-token-file <path>', 'file that holds the access token')
    .option('--refresh-token-file <path>', 'file that holds the refresh token')
    .option('--out <folder>', 'where to write the files', '.')
    .action(async (kind: string, options: Record<string, string>) => {
      const held = (member: string, path: string | undefined) =>
        path === undefined ? {} : { [member]: readFileSync(path, 'utf8').trim() };
      const { files } = await context.call<{ files: { name: string; content: string }[] }>('siem.files', {
        kind,
        ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
        ...held('clientSecret', options.clientSecretFile),
        ...held('accessToken', options.accessTokenFile),
        ...held('refreshToken', options.refreshTokenFile),
      });
      const folder = resolve(options.out ?? '.');
      mkdirSync(folder, { recursive: true });
      const paths = files.map(({ name, content }) => {
        const path = join(folder, name);
        // It holds what opens the feed.
        writeFileSync(path, Buffer.from(content, 'base64'), { mode: 0o600 });
        return path;
      });
      if (command) context.print(command, { files: paths }, () => paths.join('\n'));
    });
};
