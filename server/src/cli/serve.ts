/** `merlon serve`: the server in this process, until a signal ends it. */
import { readConfig } from '../config.ts';
import type { RegisterCommands } from '../feature.ts';
import { createLogger } from '../telemetry/log.ts';
import { AlreadyRunningError, CliError } from './admin-socket.ts';

export const serveCommand: RegisterCommands = (program, context) => {
  const command = program
    .command('serve')
    .description('run the server until it is stopped')
    .action(async () => {
      const config = readConfig(process.env);
      const log = createLogger({ level: config.logLevel, pretty: process.stderr.isTTY === true });
      const stopped = stopSignal();
      // Loaded here, so that no other command pays for the server.
      const { startApp } = await import('../app.ts');
      const app = await startApp(config, log).catch((error: unknown) => {
        if (error instanceof AlreadyRunningError) throw new CliError('AlreadyRunning', error.message);
        log.error({ err: error }, 'the server could not start');
        throw new CliError('StartFailed', error instanceof Error ? error.message : String(error));
      });
      if (app.firstStart) {
        const { principalName, oneTimePassword } = app.firstStart;
        process.stdout.write(
          `administrator: ${principalName}\none-time password: ${oneTimePassword} (asked to change at the first sign-in)\n`,
        );
      }
      const facts = { url: app.url, home: config.home, ca: `${config.home}/ca.pem` };
      context.print(
        command,
        { ready: true, ...facts },
        () => `merlon ready at ${facts.url} (data in ${facts.home}, CA certificate ${facts.ca})`,
      );
      const end = await Promise.race([stopped, app.failed]);
      if (end instanceof Error) log.error({ err: end }, 'the server cannot go on and stops');
      else log.info({ signal: end }, 'stopping');
      await app.stop();
      if (end instanceof Error) {
        log.error({ reason: end.message }, 'stopped: start the server again');
        throw new CliError('CannotGoOn', end.message);
      }
      log.info({}, 'stopped');
    });
};

/** A terminal sends a signal to every process of the group and some of them pass it on: what comes so soon after is the same wish. */
const SAME_WISH_MS = 2_000;

/** A later second signal ends the process at once: whoever sends it has waited long enough. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | null = null;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (first !== null && performance.now() - first > SAME_WISH_MS) process.exit(1);
        first ??= performance.now();
        resolve(signal);
      });
    }
  });
}
