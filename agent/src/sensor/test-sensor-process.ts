/** For tests: the sensor bundled and run as a process of its own, under another user or in another namespace. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SensorSourceHealth } from '@merlon/contract';
import { build } from 'esbuild';
import type { SensorRow } from './sensor.ts';

const SCRIPT = `
  import { createLinuxSensor } from './sensor.ts';
  const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
  const log = { info() {}, warn() {}, error(text, fields) { console.error(text, fields); } };
  const sensor = createLinuxSensor({ emit: (row) => say({ row }), log, dataDir: process.argv[2] });
  await sensor.start();
  say({ ready: true });
  process.stdin.resume().on('end', async () => {
    await sensor.stop();
    say({ health: sensor.health() });
  });
`;

/** Writes `sensor.mjs` and its worker to the folder. */
export async function bundleSensorProcess(folder: string): Promise<void> {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const koffi = createRequire(import.meta.url).resolve('koffi');
  await build({
    stdin: { contents: SCRIPT, resolveDir: here },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'sensor.mjs'),
    plugins: [
      {
        name: 'koffi-from-here',
        setup: (b) => void b.onResolve({ filter: /^koffi$/ }, () => ({ path: koffi, external: true })),
      },
    ],
  });
  await build({
    entryPoints: [join(here, 'hash-worker.mjs')],
    bundle: true,
    platform: 'node',
    outfile: join(folder, 'hash-worker.js'),
    format: 'esm',
  });
  cpSync(join(here, '../../native/sensor.bpf.o'), join(folder, 'sensor.bpf.o'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}

const WAIT_MS = 20_000;

export class SensorProcess {
  readonly rows: SensorRow[] = [];
  health: SensorSourceHealth[] = [];
  #child: ChildProcess;
  #ready = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('no output');
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line) as { row?: SensorRow; ready?: boolean; health?: SensorSourceHealth[] };
      if (said.row !== undefined) this.rows.push(said.row);
      if (said.ready === true) this.#ready = true;
      if (said.health !== undefined) this.health = said.health;
    });
  }

  static async start(command: string[], options: SpawnOptions): Promise<SensorProcess> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { cwd: '/', ...options, stdio: ['pipe', 'pipe', 'inherit'] });
    const sensor = new SensorProcess(child);
    await sensor.until('its start', () => sensor.#ready);
    return sensor;
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    while (!holds()) {
      if (performance.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`waited in vain for ${what}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.stdin?.end();
    await ended;
  }
}
