/**
 * The `merlon` command. What a feature offers, the feature registers, in its `commands.ts`; that file must not lead to the feature's server part,
 * so that a command starts at once.
 */
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { demoCommands } from '../demo/commands.ts';
import type { CliContext, RegisterCommands } from '../feature.ts';
import { accessCommands } from '../features/access/commands.ts';
import { auditCommands } from '../features/audit/commands.ts';
import { collectorCommands } from '../features/collectors/commands.ts';
import { detectionCommands } from '../features/detection/commands.ts';
import { deviceGroupCommands } from '../features/device-groups/commands.ts';
import { federationCommands } from '../features/federation/commands.ts';
import { identityCommands } from '../features/identity/commands.ts';
import { guestCommands } from '../features/identity/guest-commands.ts';
import { notificationsCommands } from '../features/notifications/commands.ts';
import { onboardingCommands } from '../features/onboarding/commands.ts';
import { provisioningCommands } from '../features/provisioning/commands.ts';
import { responseCommands } from '../features/response/commands.ts';
import { siemCommands } from '../features/siem/commands.ts';
import { streamingCommands } from '../features/streaming/commands.ts';
import { yaraCommands } from '../features/yara-rules/commands.ts';
import { version } from '../version.ts';
import { CliError, callServer, streamFromServer } from './admin-socket.ts';
import { serveCommand } from './serve.ts';
import { statusCommand } from './status.ts';

const COMMANDS: readonly RegisterCommands[] = [
  serveCommand,
  statusCommand,
  identityCommands,
  guestCommands,
  federationCommands,
  provisioningCommands,
  accessCommands,
  deviceGroupCommands,
  responseCommands,
  yaraCommands,
  onboardingCommands,
  collectorCommands,
  detectionCommands,
  notificationsCommands,
  streamingCommands,
  siemCommands,
  auditCommands,
  demoCommands,
];

/** Runs one command line and resolves to the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('merlon')
    .description('Merlon: a self-hosted endpoint security platform')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false });
  const home = resolve(process.env.MERLON_HOME?.trim() || '.merlon');
  const context: CliContext = {
    home,
    call: <T>(name: string, input: unknown) => callServer(home, name, input) as Promise<T>,
    stream: <T>(name: string, input: unknown) => streamFromServer(home, name, input) as AsyncIterable<T>,
    print(command, value, human) {
      process.stdout.write(`${command.opts().json ? JSON.stringify(value) : human()}\n`);
    },
  };
  for (const register of COMMANDS) register(program, context);
  for (const leaf of leaves(program)) leaf.option('--json', 'print the result as JSON');

  try {
    await program.parseAsync(argv, { from: 'user' });
    return process.exitCode === undefined ? 0 : Number(process.exitCode);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof CliError) {
      const text = argv.includes('--json')
        ? JSON.stringify({ error: { code: error.code, message: error.message } })
        : `merlon: ${error.message}`;
      process.stderr.write(`${text}\n`);
      return 1;
    }
    if (error instanceof ConfigError) {
      process.stderr.write(`merlon: ${error.message}\n`);
      return 2;
    }
    throw error;
  }
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}
