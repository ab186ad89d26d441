/**
 * What the sensor costs: wall time of a fork-heavy load (4,000 short processes, 8 at a time) with the sensor against without, in interleaved pairs; how many of
 * the processes it saw; its memory and processor time when nothing happens. As root:
 * `node scripts/run-ts.mjs --beside agent bench/sensor.ts [pairs]`, after `npm run build`.
 */
import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinuxSensor } from '../agent/src/sensor/sensor.ts';
import { figure, show } from './figures.ts';

const PROCESSES = 4_000;
const IDLE_MS = 10_000;

if (process.argv[2] === 'sensor') await beTheSensor(process.argv[3] ?? '');
else await measure(Number(process.argv[2] ?? 5));

interface Report {
  readonly seen: number;
  readonly lost: number;
  readonly sources: string;
}

/** The child: a sensor alone, counting its own rows of the load. */
async function beTheSensor(dataDir: string): Promise<void> {
  let seen = 0;
  const say = () => {};
  const sensor = createLinuxSensor({
    dataDir,
    log: { info: say, warn: say, error: say },
    emit: (row) => {
      if (row.FileName === 'true' && String(row.ProcessCommandLine).includes('merlon-bench-load')) seen += 1;
    },
  });
  await sensor.start();
  process.on('message', (ask) => {
    if (ask === 'report') {
      const health = sensor.health();
      process.send?.({
        seen,
        lost: health.reduce((sum, source) => sum + source.lost, 0),
        sources: health.map((source) => `${source.source} ${source.state}`).join(', '),
      } satisfies Report);
      seen = 0;
    } else void sensor.stop().then(() => process.exit(0));
  });
  process.send?.('ready');
}

async function measure(pairs: number): Promise<void> {
  if (process.getuid?.() !== 0) {
    console.log('not run: the sensor needs root');
    return;
  }
  const without: number[] = [];
  const ratios: number[] = [];
  const cpu: number[] = [];
  let missed = 0;
  let lost = 0;
  load();
  for (let pair = 0; pair < pairs; pair++) {
    const off = load();
    const { seconds: on, cpuMicros, report } = await withSensor(async () => load());
    without.push(off);
    ratios.push(on / off);
    cpu.push(cpuMicros / PROCESSES);
    missed += PROCESSES - report.seen;
    lost += report.lost;
  }
  const idle = await withSensor(async (pid) => {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return memoryMib(pid);
  });
  console.log(`load without the sensor: ${show(figure(without), 's', 2)}`);
  console.log(
    `ratio with / without:    ${show(figure(ratios), '', 2)} over ${pairs} pairs of ${PROCESSES} processes`,
  );
  console.log(`sensor's own processor time: ${show(figure(cpu), 'µs a process', 0)}`);
  console.log(`missed: ${missed} of ${pairs * PROCESSES}; counted as lost by the sensor: ${lost}`);
  console.log(
    `idle: RSS ${idle.seconds.toFixed(0)} MiB, ${((idle.cpuMicros / 1000 / IDLE_MS) * 100).toFixed(1)} % of a core; ${idle.report.sources}`,
  );
}

function load(): number {
  const began = performance.now();
  execFileSync('sh', ['-c', `seq ${PROCESSES} | xargs -P 8 -n 1 /bin/true merlon-bench-load`]);
  return (performance.now() - began) / 1000;
}

/** Whatever `work` answers (seconds, or MiB), the sensor's processor time meanwhile, and what it saw once it is quiet. */
async function withSensor(
  work: (pid: number) => Promise<number>,
): Promise<{ seconds: number; cpuMicros: number; report: Report }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
  const child = fork(fileURLToPath(import.meta.url), ['sensor', dataDir], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const pid = child.pid ?? 0;
  const said = <T>() =>
    new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)));
  try {
    await said();
    const before = cpuMicrosOf(pid);
    const seconds = await work(pid);
    let report: Report;
    let total = 0;
    // Rows come a little after the processes: asked until nothing more arrives.
    do {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const answer = said<Report>();
      child.send('report');
      report = await answer;
      total += report.seen;
    } while (report.seen > 0);
    return { seconds, cpuMicros: cpuMicrosOf(pid) - before, report: { ...report, seen: total } };
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.send('stop');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const TICK_MICROS = 10_000;
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

function memoryMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
