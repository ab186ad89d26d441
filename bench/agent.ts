/**
 * The agent as the bundle that Node runs and as one executable file: how long a short command takes, how long until the service has its channel, and
 * what it holds in memory when nothing happens. As root, after `npm run build && npm run build:agent`: `node scripts/run-ts.mjs bench/agent.ts [rounds]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentProcess } from '../agent/src/testing/agent-process.ts';
import { makeAuthority } from '../agent/src/testing/authority.ts';
import { ProtocolPeer } from '../agent/src/testing/protocol-peer.ts';
import { until } from '../agent/src/testing/until.ts';
import { figure, show } from './figures.ts';

// This file runs from server/dist.
const root = fileURLToPath(new URL('../..', import.meta.url));
const IDLE_MS = 10_000;
const EXECUTABLE = join(root, `dist/merlon-agent-linux-${process.arch}`);
const WAYS: readonly (readonly [string, readonly string[]])[] = [
  ['bundle', [process.execPath, join(root, 'agent/dist/main.js')]],
  ['executable', [EXECUTABLE]],
];

const rounds = Number(process.argv[2] ?? 3);
if (process.getuid?.() !== 0) console.log('not run: the agent needs root');
else await measure();

async function measure(): Promise<void> {
  const peer = await ProtocolPeer.start(makeAuthority(['IP:127.0.0.1']));
  console.log(`executable: ${(statSync(EXECUTABLE).size / 1e6).toFixed(1)} MB`);
  for (const [name, command] of WAYS) {
    const versions: number[] = [];
    const starts: number[] = [];
    const memory: Memory[] = [];
    for (let round = 0; round < rounds; round++) {
      versions.push(versionMs(command));
      const one = await service(peer, command);
      starts.push(one.startMs);
      memory.push(one.memory);
    }
    const mib = (of: keyof Memory) => show(figure(memory.map((m) => m[of])), 'MiB', 0);
    console.log(
      `${name}: --version ${show(figure(versions), 'ms', 0)}; to the channel ${show(figure(starts), 'ms', 0)}; idle RSS ${mib('rss')}, PSS ${mib('pss')}, of which its own ${mib('anonymous')}`,
    );
  }
  await peer.close();
}

function versionMs(command: readonly string[]): number {
  const [program = '', ...args] = command;
  const began = performance.now();
  execFileSync(program, [...args, '--version'], { stdio: 'ignore' });
  return performance.now() - began;
}

interface Memory {
  readonly rss: number;
  readonly pss: number;
  readonly anonymous: number;
}

async function service(
  peer: ProtocolPeer,
  command: readonly string[],
): Promise<{ startMs: number; memory: Memory }> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
  const agent = new AgentProcess(join(folder, 'home'), { command, env: { MERLON_AGENT_LOG: 'error' } });
  try {
    await agent.onboard(await peer.package('127.0.0.1'));
    const deviceId = peer.deviceIds.at(-1) ?? '';
    const began = performance.now();
    agent.start();
    await until('the channel', () => peer.isConnected(deviceId));
    const startMs = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return { startMs, memory: memoryOf(agent.pid ?? 0) };
  } finally {
    await agent.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
  return { rss: mib('Rss'), pss: mib('Pss'), anonymous: mib('Pss_Anon') };
}
