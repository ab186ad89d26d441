/**
 * Seconds from what `npm start` runs, in an installed and built clone, to the ready line, first on an empty data folder, then on the same folder again; and the memory
 * of the idle server and its engines. `node scripts/run-ts.mjs bench/start.ts [rounds]`, after `npm run build`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figure, show } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const IDLE_MS = 10_000;
const root = process.cwd();
const first: number[] = [];
const again: number[] = [];
const memory = new Map<string, number[]>();

for (let round = 0; round < ROUNDS; round++) {
  const home = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
  try {
    first.push(await once(home, false));
    again.push(await once(home, true));
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
console.log(`first start (empty data folder): ${show(figure(first), 's', 2)}`);
console.log(`start again:                     ${show(figure(again), 's', 2)}   target: at most 5 s`);
for (const [name, values] of memory) console.log(`idle memory, ${name}: ${show(figure(values), 'MiB')}`);

async function once(home: string, measureMemory: boolean): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: root,
    env: { ...process.env, MERLON_HOME: home, MERLON_PORT: '0', MERLON_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        if (String(data).includes('merlon ready')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`npm start ended with ${code}`)));
    });
    const seconds = (performance.now() - began) / 1000;
    if (measureMemory) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      for (const [name, mib] of residentMemory(child.pid ?? 0))
        memory.set(name, [...(memory.get(name) ?? []), mib]);
    }
    return seconds;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Proportional set size of the server and its engines, by what they are: PostgreSQL's processes share memory. */
function residentMemory(group: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!descends(Number(pid), group)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const name = command.includes('postgres')
        ? 'PostgreSQL'
        : command.includes('event-store-engine')
          ? 'ClickHouse'
          : command.includes('main.js') || command.includes('start.mjs')
            ? 'server'
            : 'npm';
      const kib = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
      sums.set(name, (sums.get(name) ?? 0) + kib / 1024);
    } catch {
      // The process ended meanwhile.
    }
  }
  return sums;
}

function descends(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1; ) {
    if (at === ancestor) return true;
    const stat = readFileSync(`/proc/${at}/stat`, 'utf8');
    at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  return false;
}
