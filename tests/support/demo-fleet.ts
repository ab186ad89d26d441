/** The simulated fleet of `merlon demo --stay`, as a process of its own: devices that enrolled, reported, and stay connected. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestServer } from './server.ts';

const SERVER_MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
const ENROL_MS = 90_000;

export interface DemoFleet {
  stop(): Promise<void>;
}

/** Before the fleet comes: nothing looks into its alerts by itself, so that they change only by what a test does. */
export async function withoutAutomation(server: TestServer): Promise<void> {
  await server.cli(
    'devicegroup',
    'create',
    ...['--name', 'by people', '--where', 'name contains .', '--remediation', 'None'],
  );
}

/** Resolves once every device has enrolled and sent its events. */
export async function startDemoFleet(server: TestServer, ...args: readonly string[]): Promise<DemoFleet> {
  const child = spawn(process.execPath, [SERVER_MAIN, 'demo', '--stay', ...args], {
    env: server.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the fleet was not there in time:\n${output}`)),
      ENROL_MS,
    );
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    const read = (chunk: Buffer) => {
      output += chunk;
      if (/\d+ simulated devices enrolled/.test(output)) settle(resolve);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then(() => settle(() => reject(new Error(`the fleet ended too soon:\n${output}`))));
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
