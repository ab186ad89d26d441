import type { RegisterCommands } from '../feature.ts';
import { CliError } from './admin-socket.ts';

export interface ServerStatus {
  readonly running: true;
  readonly url: string;
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  readonly upSeconds: number;
  readonly stores: Readonly<Record<string, 'reachable' | 'unreachable'>>;
}

/** As `systemctl status` answers for a unit that is not running. */
const EXIT_NOT_RUNNING = 3;

/** `merlon status` */
export const statusCommand: RegisterCommands = (program, context) => {
  const command = program
    .command('status')
    .description('whether the server runs, and how it is')
    .action(async () => {
      const status = await context.call<ServerStatus>('server.status', {}).catch((error: unknown) => {
        if (error instanceof CliError && error.code === 'NotRunning')
          return { running: false, home: context.home } as const;
        throw error;
      });
      if (!status.running) {
        process.exitCode = EXIT_NOT_RUNNING;
        context.print(command, status, () => `No Merlon server runs on ${status.home}.`);
        return;
      }
      context.print(command, status, () =>
        [
          `Merlon ${status.version} runs at ${status.url} (process ${status.pid}, up ${status.upSeconds} s)`,
          ...Object.entries(status.stores).map(([name, state]) => `  ${name}: ${state}`),
        ].join('\n'),
      );
    });
};
