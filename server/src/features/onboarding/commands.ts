/** `merlon package` makes a package and writes its files; `merlon onboarding` shows what became of packages. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands } from '../../management/command-table.ts';

interface CampaignAnswer {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly os: string;
  readonly tool: string;
  readonly serverUrl: string;
  readonly expiresAt: string;
  readonly state: string;
  readonly devicesEnrolled: number;
  readonly devicesHeard: number;
  readonly medianSecondsToFirstSignal: number | null;
  readonly computersFailing: number;
}

export interface PackageFilesAnswer {
  readonly files: readonly {
    readonly path: string;
    /** base64 */
    readonly content: string;
    readonly executable: boolean;
  }[];
}

export const onboardingCommands: RegisterCommands = (program, context) => {
  const command = program
    .command('package')
    .description('make an onboarding package for devices of one operating system and tool')
    .requiredOption('--os <os>', 'linux, windows or macos')
    .requiredOption('--tool <tool>', 'one of `merlon onboarding tools`')
    .option('--offboarding', 'a package that takes devices out instead, for 30 days at most')
    .option('--name <name>', 'of the campaign, for people')
    .option('--tag <tag>', 'tag that every device enrolled with it carries')
    .option('--device-group <group>', 'in place of a tag: that of this device group, by name or id')
    .option('--tenant <tenant>', 'tenant by name or id; default: the only one')
    .option('--server <url>', 'address under which the devices reach the server; default: its public address')
    .option('--proxy <url>', 'http://host:port through which they reach it')
    .option('--valid-days <days>', 'days during which it is good; default: 365, for offboarding 30', whole)
    .option('--out <folder>', 'where to write the files', '.')
    .action(async (options: Record<string, string | number | boolean>) => {
      const { out = '.', json: _, offboarding, tenant, ...input } = options;
      const whose = tenant === undefined ? {} : { tenant };
      const made = await context.call<CampaignAnswer>('package.create', {
        ...whose,
        ...input,
        ...(offboarding ? { kind: 'offboarding' } : {}),
      });
      const { files } = await context.call<PackageFilesAnswer>('package.files', { ...whose, id: made.id });
      const folder = resolve(String(out));
      const paths = files.map((file) => {
        const path = join(folder, file.path);
        mkdirSync(dirname(path), { recursive: true });
        // The package holds the token that lets devices enrol.
        writeFileSync(path, Buffer.from(file.content, 'base64'), { mode: file.executable ? 0o700 : 0o600 });
        return path;
      });
      const { id: packageId, ...facts } = made;
      context.print(command, { packageId, ...facts, files: paths }, () =>
        [
          `${facts.kind === 'offboarding' ? 'Offboarding' : 'Onboarding'} package ${packageId} for ${facts.serverUrl}, valid until ${facts.expiresAt}:`,
          ...paths.map((path) => `  ${path}`),
        ].join('\n'),
      );
    });
  registerCommands(program, context, {
    name: 'onboarding',
    help: 'onboarding packages, and what became of them',
    commands: specs,
  });
};

function whole(word: string): number {
  const value = Number(word);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It is a whole number.');
  return value;
}

const line = (one: CampaignAnswer) => [
  one.id,
  `${one.os}/${one.tool}`,
  one.kind,
  one.state,
  `until ${one.expiresAt.slice(0, 10)}`,
  `${one.devicesEnrolled} enrolled, ${one.devicesHeard} heard`,
  one.medianSecondsToFirstSignal === null
    ? ''
    : `first signal after ${one.medianSecondsToFirstSignal.toFixed(0)} s`,
  one.computersFailing === 0 ? '' : `${one.computersFailing} failing`,
  one.name,
];
const id = { member: 'id', help: 'of the package' };

const specs: readonly CommandSpec[] = [
  {
    name: 'tools',
    help: 'tools that packages are made for',
    calls: 'package.tools',
    human: ({ value }: { value: { os: string; tool: string; title: string; use: string }[] }) =>
      columns(
        value.map(({ os, tool, title, use }) => [os, tool, title, use]),
        '',
      ),
  },
  {
    name: 'list',
    help: 'packages, with what became of each',
    calls: 'package.list',
    human: ({ value }: { value: CampaignAnswer[] }) => columns(value.map(line), 'There are no packages.'),
  },
  {
    name: 'get',
    help: 'one package',
    calls: 'package.get',
    args: [id],
    human: (one: CampaignAnswer) => line(one).join('  '),
  },
  {
    name: 'revoke',
    help: 'let no further device enrol with a package',
    calls: 'package.revoke',
    args: [id],
    human: (one: CampaignAnswer) => `${one.id} is ${one.state}`,
  },
  {
    name: 'reports',
    help: 'where installers stopped, and why',
    calls: 'package.reports',
    args: [id],
    human: ({ value }: { value: Record<string, string | number | boolean>[] }) =>
      columns(
        value.map((one) => [
          `${one.at}`.slice(0, 19),
          `${one.computerName}`,
          one.resolved ? 'resolved' : 'failing',
          `${one.stage}`,
          `${one.code}`,
          `${one.detail}`,
        ]),
        'No installer reported anything.',
      ),
  },
];
