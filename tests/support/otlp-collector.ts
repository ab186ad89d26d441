/** Starts `otlp-collector.py`: the collector that the tests of OpenTelemetry logs send to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonWith } from './python-packages.ts';

export interface OtlpCollector {
  readonly url: string;
  /** Requests that parsed, in the order of arrival. */
  readonly requests: readonly unknown[];
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('otlp-collector.py', import.meta.url));

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const child = spawn(await pythonWith('otlp-collector'), [program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const requests: unknown[] = [];
  const port = await new Promise<string>((done, fail) => {
    let first = true;
    createInterface(child.stdout).on('line', (line) => {
      if (first) done(line);
      else requests.push(JSON.parse(line));
      first = false;
    });
    child.once('exit', () => fail(new Error('The collector did not start.')));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
