/** For tests against the real kernel: a cgroup of their own, a sensor that sees only it, and a way to wait for rows. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCgroup2, type SensorScope } from './scope.ts';
import { createLinuxSensor, type Sensor, type SensorOptions, type SensorRow } from './sensor.ts';

/** Why the kernel cannot be tested here; null when it can. */
export function whyNoKernel(): string | null {
  if (process.platform !== 'linux') return `not Linux but ${process.platform}`;
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'the kernel has no BTF';
  if (findCgroup2(readFileSync('/proc/self/mountinfo', 'utf8')) === null) return 'no cgroup v2 is mounted';
  return null;
}

const WAIT_MS = 20_000;

export class KernelFixture {
  readonly rows: SensorRow[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'merlon-sensor-'));
  readonly cgroup: string;
  readonly #cgroupDir: string;
  readonly #below: string[] = [];
  sensor: Sensor;
  readonly warnings: string[] = [];

  constructor(name: string, options: Partial<SensorOptions> = {}) {
    this.cgroup = `/merlon-test-${name}-${process.pid}`;
    this.#cgroupDir = join(findCgroup2(readFileSync('/proc/self/mountinfo', 'utf8')) ?? '', this.cgroup);
    mkdirSync(this.#cgroupDir);
    const scope: SensorScope = { kind: 'cgroup', path: this.cgroup };
    this.sensor = createLinuxSensor({
      emit: (row) => this.rows.push(row),
      log: {
        info: () => {},
        warn: (text) => this.warnings.push(text),
        error: (text) => this.warnings.push(text),
      },
      dataDir: join(this.folder, 'data'),
      scope,
      ...options,
    });
  }

  /** Runs a shell script inside the cgroup, or one below it, and waits for its end. */
  async run(script: string, below = ''): Promise<{ code: number | null; output: string }> {
    const folder = `${this.#cgroupDir}${below}`;
    if (below !== '') {
      mkdirSync(folder);
      this.#below.push(folder);
    }
    const child = spawn('/bin/sh', ['-c', `echo 0 > ${folder}/cgroup.procs; ${script}`], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  of(table: string, action?: string): SensorRow[] {
    return this.rows.filter(
      (row) => row.Table === table && (action === undefined || row.ActionType === action),
    );
  }

  /** The first row that fits, waited for. */
  async row(what: string, fits: (row: SensorRow) => boolean): Promise<SensorRow> {
    await this.until(what, () => this.rows.some(fits));
    const found = this.rows.find(fits);
    if (found === undefined) throw new Error(`no row: ${what}`);
    return found;
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  async close(): Promise<void> {
    await this.sensor.stop();
    // Its last process may still be on its way out.
    await this.until(
      'an empty cgroup',
      () => readFileSync(join(this.#cgroupDir, 'cgroup.procs'), 'utf8') === '',
    );
    for (const folder of [...this.#below, this.#cgroupDir]) rmdirSync(folder);
    rmSync(this.folder, { recursive: true });
  }
}
