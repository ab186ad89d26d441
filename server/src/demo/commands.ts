/** `merlon demo`: a simulated fleet, so that there is something to look at within a minute. */
import type { OnboardingPackage } from '@merlon/contract';
import { CliError } from '../cli/admin-socket.ts';
import type { RegisterCommands } from '../feature.ts';
import type { PackageFilesAnswer } from '../features/onboarding/commands.ts';
import { planFleet, playFleet } from './fleet.ts';

const MAX_DEVICES = 500;
const MAX_DAYS = 29;

export const demoCommands: RegisterCommands = (program, context) => {
  const command = program
    .command('demo')
    .description('enrol a simulated fleet and play ordinary days and several attacks on it')
    .option('--devices <count>', 'number of simulated devices', '8')
    .option('--days <count>', 'days of ordinary life before now', '2')
    .option('--seed <text>', 'the same seed gives the same fleet', 'merlon')
    .option('--tenant <tenant>', 'tenant by name or id; default: the only one')
    .option('--server <url>', 'address of the server; default: its public address')
    .option('--stay', 'keep the devices connected until interrupted, so that they can be isolated')
    .action(
      async (options: {
        devices: string;
        days: string;
        seed: string;
        tenant?: string;
        server?: string;
        stay?: boolean;
      }) => {
        const fleet = planFleet({
          devices: whole('devices', options.devices, MAX_DEVICES),
          days: whole('days', options.days, MAX_DAYS),
          seed: options.seed,
          end: new Date(),
        });
        const whose = options.tenant ? { tenant: options.tenant } : {};
        const { id } = await context.call<{ id: string }>('package.create', {
          os: 'linux',
          tool: 'json',
          tag: 'simulated',
          name: 'Simulated fleet',
          validDays: 1,
          ...whose,
          ...(options.server ? { server: options.server } : {}),
        });
        const { files } = await context.call<PackageFilesAnswer>('package.files', { ...whose, id });
        const information = Buffer.from(files[0]?.content ?? '', 'base64').toString('utf8');
        const onboarding = JSON.parse(information) as OnboardingPackage;
        let devices = 0;
        let rows = 0;
        const attacks: { device: string; story: string }[] = [];
        const playing = playFleet(fleet, onboarding, options.stay ?? false);
        let step = await playing.next();
        for (; !step.done; step = await playing.next()) {
          devices += 1;
          rows += step.value.rows;
          if (step.value.story) attacks.push({ device: step.value.device, story: step.value.story });
        }
        context.print(command, { devices, rows, attacks }, () =>
          [
            `${devices} simulated devices enrolled, ${rows} events sent. Attacks:`,
            ...attacks.map(({ device, story }) => `  ${device}: ${story}`),
            `See them at ${onboarding.serverUrl}`,
            ...(options.stay ? ['The devices stay connected until Ctrl+C.'] : []),
          ].join('\n'),
        );
        if (options.stay) {
          await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
          for (const client of step.value) client.close();
        }
      },
    );
};

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new CliError('InvalidInput', `--${name} must be a whole number from 1 to ${most}`);
  }
  return value;
}
