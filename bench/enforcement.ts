/**
 * What the agent costs with all enforcement on (sensor of the whole machine, execution restricted, 15,000 indicators of files, 1,000 of addresses and 1,000 of names): wall time of
 * a fork-heavy load (4,000 short processes, 8 at a time) and of an open-heavy one (30,000 files opened and read) with it against without, in interleaved pairs; its processor
 * time and memory when nothing happens. What is judged lies on a tmpfs of its own. As root, after `npm run build && npm run build:agent`:
 * `node scripts/run-ts.mjs bench/enforcement.ts [pairs]`.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentProcess } from '../agent/src/testing/agent-process.ts';
import { makeAuthority } from '../agent/src/testing/authority.ts';
import { ProtocolPeer } from '../agent/src/testing/protocol-peer.ts';
import { until } from '../agent/src/testing/until.ts';
import { figure, show } from './figures.ts';

// This file runs from server/dist.
const EXECUTABLE = fileURLToPath(new URL(`../../dist/merlon-agent-linux-${process.arch}`, import.meta.url));
const PROCESSES = 4_000;
const FILES = 300;
const READINGS = 100;
const IDLE_MS = 10_000;
const SETTLE_MS = 2_000;
const TICK_MICROS = 10_000;

const pairs = Number(process.argv[2] ?? 5);
if (process.getuid?.() !== 0) console.log('not run: the agent needs root');
else await measure();

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
  const mount = join(folder, 'guarded');
  mkdirSync(mount);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'merlon-bench', mount]);
  const peer = await ProtocolPeer.start(makeAuthority(['IP:127.0.0.1']));
  const agent = new AgentProcess(join(folder, 'home'), {
    command: [EXECUTABLE],
    env: { MERLON_AGENT_LOG: 'info' },
  });
  try {
    prepare(mount);
    await agent.onboard(await peer.package('127.0.0.1'));
    wantEverything(folder, mount);
    const loads = { fork: () => forkHeavy(mount), open: () => openHeavy(mount) };
    const ratios = { fork: [] as number[], open: [] as number[] };
    const idle: { cpu: number; rss: number; pss: number }[] = [];
    for (const load of Object.values(loads)) load();
    for (let pair = 0; pair < pairs; pair++) {
      for (const kind of ['fork', 'open'] as const) {
        const off = loads[kind]();
        const { took } = await withAgent(agent, peer, async () => ({ took: loads[kind]() }));
        ratios[kind].push(took / off);
      }
    }
    idle.push(await withAgent(agent, peer, (pid) => idling(pid)));
    console.log(`fork-heavy load, with / without: ${show(figure(ratios.fork), '', 2)} over ${pairs} pairs`);
    console.log(`open-heavy load, with / without: ${show(figure(ratios.open), '', 2)} over ${pairs} pairs`);
    for (const { cpu, rss, pss } of idle)
      console.log(
        `idle: ${cpu.toFixed(1)} % of a core, RSS ${rss.toFixed(0)} MiB, PSS ${pss.toFixed(0)} MiB`,
      );
  } finally {
    await agent.end();
    await peer.close();
    execFileSync('umount', [mount]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function prepare(mount: string): void {
  for (const name of ['true', 'cat']) copyFileSync(`/bin/${name}`, join(mount, name));
  mkdirSync(join(mount, 'files'));
  for (let i = 0; i < FILES; i++) writeFileSync(join(mount, 'files', String(i)), `file ${i}\n`.repeat(100));
}

/** As it lies on a device that was told of it before. */
function wantEverything(folder: string, mount: string): void {
  mkdirSync(join(folder, 'etc'));
  writeFileSync(
    join(folder, 'etc', 'config.json'),
    JSON.stringify({ enforcement: { fileSystems: [mount] } }),
  );
  const home = join(folder, 'home');
  writeFileSync(
    join(home, 'restriction.json'),
    JSON.stringify({ restricted: true, orderId: 'bench', since: new Date().toISOString() }),
  );
  const item = (id: string, type: string, value: string) => ({
    id,
    type,
    value,
    action: 'Block',
    title: 'bench',
    severity: 'High',
  });
  const items = [
    ...list(15_000, (i) => item(`f${i}`, 'FileSha256', i.toString(16).padStart(64, '0'))),
    ...list(1_000, (i) => item(`a${i}`, 'IpAddress', `198.18.${i >> 8}.${i & 255}`)),
    ...list(1_000, (i) => item(`n${i}`, 'DomainName', `n${i}.bench.example`)),
  ];
  mkdirSync(join(home, 'content'), { mode: 0o700 });
  writeFileSync(join(home, 'content', 'indicators.json'), JSON.stringify({ version: 1, scope: '', items }));
}

function list<T>(length: number, of: (i: number) => T): T[] {
  return Array.from({ length }, (_, i) => of(i));
}

async function withAgent<T>(
  agent: AgentProcess,
  peer: ProtocolPeer,
  work: (pid: number) => Promise<T>,
): Promise<T> {
  const before = agent.log.length;
  agent.start();
  const deviceId = peer.deviceIds.at(-1) ?? '';
  await until('the channel', () => peer.isConnected(deviceId));
  await until('the indicators', () => agent.log.slice(before).includes('content is in force'));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  try {
    return await work(agent.pid ?? 0);
  } finally {
    await agent.end();
  }
}

function seconds(script: string): number {
  const began = performance.now();
  execFileSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
  return (performance.now() - began) / 1000;
}

function forkHeavy(mount: string): number {
  return seconds(`seq ${PROCESSES} | xargs -P 8 -n 1 ${mount}/true`);
}

function openHeavy(mount: string): number {
  return seconds(`i=0; while [ $i -lt ${READINGS} ]; do ${mount}/cat ${mount}/files/*; i=$((i+1)); done`);
}

async function idling(pid: number): Promise<{ cpu: number; rss: number; pss: number }> {
  const before = cpuMicrosOf(pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
  return {
    cpu: (cpuMicrosOf(pid) - before) / 10 / IDLE_MS,
    rss: mib('Rss'),
    pss: mib('Pss'),
  };
}

function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}
