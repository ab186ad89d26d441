/** `merlon package`: makes an onboarding package and writes its files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RegisterCommands } from '../../feature.ts';
import type { PackageFile } from './onboarding-package.ts';

export interface PackageAnswer {
  readonly packageId: string;
  readonly tenantId: string;
  readonly serverUrl: string;
  readonly expiresAt: string;
  readonly files: readonly PackageFile[];
}

export const onboardingCommands: RegisterCommands = (program, context) => {
  const command = program
    .command('package')
    .description('make an onboarding package for devices of one operating system')
    .requiredOption('--os <os>', 'linux')
    .requiredOption('--tool <tool>', 'script, json')
    .option('--tag <tag>', 'tag that every device enrolled with it carries')
    .option('--tenant <tenant>', 'tenant by name or id; default: the only one')
    .option('--server <url>', 'address under which the devices reach the server; default: its public address')
    .option('--valid-days <days>', 'days during which devices may enrol with it', '365')
    .option('--out <folder>', 'where to write the files', '.')
    .action(async (options: Record<string, string>) => {
      const { out = '.', ...input } = options;
      const answer = await context.call<PackageAnswer>('package.create', input);
      const folder = resolve(out);
      mkdirSync(folder, { recursive: true });
      const paths = answer.files.map((file) => {
        const path = join(folder, file.name);
        // The package holds the token that lets devices enrol.
        writeFileSync(path, file.content, { mode: file.executable ? 0o700 : 0o600 });
        return path;
      });
      const { files: _, ...facts } = answer;
      context.print(command, { ...facts, files: paths }, () =>
        [
          `Onboarding package ${facts.packageId} for ${facts.serverUrl}, valid until ${facts.expiresAt}:`,
          ...paths.map((path) => `  ${path}`),
        ].join('\n'),
      );
    });
};
