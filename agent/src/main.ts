/** The `merlon-agent` command. */
import { Command, CommanderError, Option } from 'commander';
import { AgentError, EXIT, type ExitCode, messageOf } from './agent-error.ts';
import { testConnectivity } from './cli/connectivity.ts';
import { health } from './cli/health.ts';
import { restoreIsolation } from './cli/isolation.ts';
import { offboard } from './cli/offboard.ts';
import { onboard } from './cli/onboard.ts';
import { standardOutput } from './cli/output.ts';
import { readSettings } from './settings.ts';
import { AGENT_VERSION } from './version.ts';

function commandLine(settled: (code: ExitCode) => void): Command {
  const program = new Command('merlon-agent')
    .description('The Merlon device agent.')
    .version(AGENT_VERSION)
    .exitOverride()
    .showHelpAfterError();
  const settings = () => readSettings(process.env);
  const out = standardOutput;

  program
    .command('run')
    .description('run the agent in the foreground, for the service manager')
    .action(async () => {
      // Kernel bindings and all: not for the short commands to load.
      const { runDaemon } = await import('./daemon.ts');
      await runDaemon({ settings: settings() });
    });
  program
    .command('onboard')
    .description('enrol this device with the server that made the package')
    .requiredOption('--package <file>', 'the onboarding package, merlon_onboard.json')
    .option('--tag <text>', 'tag of this device, instead of the one in the package')
    .action((options: { package: string; tag?: string }) => onboard(settings(), options, out));
  program
    .command('offboard')
    .description('withdraw this device from its server and delete its key')
    .option('--package <file>', 'only as an offboarding package of its tenant allows, until that expires')
    .option('--force', 'also while the device is isolated; it then stays cut off', false)
    .action((options: { force: boolean; package?: string }) => offboard(settings(), options, out));
  program
    .command('health')
    .description('show how the running agent does; exit status 1: not onboarded, 3: not running')
    .option('--field <name>', 'this field alone')
    .addOption(new Option('--output <form>').choices(['table', 'json']).default('table'))
    .action(async (options: { field?: string; output: 'table' | 'json' }) =>
      settled(await health(settings(), options, out)),
    );
  program
    .command('connectivity')
    .description('the way to the server')
    .command('test')
    .description('try every step of it, one line each')
    .option('--package <file>', 'try the server of this package, before onboarding')
    .action(async (options: { package?: string }) =>
      settled(await testConnectivity(settings(), options, out)),
    );
  program
    .command('isolation')
    .description('isolation of this device')
    .command('restore')
    .description('put a wanted isolation in force again; run at boot, before the network')
    .action(() => restoreIsolation(settings(), out));
  return program;
}

async function main(): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  try {
    await commandLine((settled) => {
      code = settled;
    }).parseAsync();
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`merlon-agent: ${messageOf(error)}\n`);
    if (!(error instanceof AgentError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return error instanceof AgentError ? error.exitCode : EXIT.failed;
  }
}

// Not process.exit: what was printed must reach a pipe first. Not top-level await: the single executable is CommonJS.
void main().then((code) => {
  process.exitCode = code;
});
