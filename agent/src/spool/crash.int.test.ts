import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from '../testing/agent-process.ts';
import { makeAuthority } from '../testing/authority.ts';
import { bundleProgram } from '../testing/bundle.ts';
import { type Fault, ProtocolPeer } from '../testing/protocol-peer.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';

const folder = temporaryFolders();
const KILLS = 30;

describe('kill -9', () => {
  let peer: ProtocolPeer;
  let program: string;
  beforeAll(async () => {
    program = await bundleProgram('spool-writer.program.ts');
    peer = await ProtocolPeer.start(makeAuthority(['IP:127.0.0.1']));
  });
  afterAll(() => peer.close());

  it(`${KILLS} times in mid-flight: every durable row arrives exactly once`, {
    timeout: 180_000,
  }, async () => {
    const dir = await folder();
    const agent = new AgentProcess(join(dir, 'home'));
    await agent.onboard(await peer.package('127.0.0.1'));
    const [deviceId = ''] = peer.deviceIds;
    await mkdir(join(dir, 'spool'));
    const start = (first: number, mode: 'write' | 'drain') =>
      spawn(
        process.execPath,
        [
          program,
          JSON.stringify({
            dir: join(dir, 'spool'),
            deviceId,
            keyFile: join(agent.home, 'device.key'),
            url: `https://127.0.0.1:${peer.port}`,
            caPem: peer.authority.caPem,
            first,
            mode,
          }),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );

    const durable: [first: number, last: number][] = [];
    let next = 1;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const faults: Fault[] = [
        'dropAnswer',
        'close',
        { status: 503, code: 'ServiceUnavailable', retryAfter: '0' },
      ];
      for (let i = 0; i < 4; i += 1) peer.faults.push(faults[(kill + i) % faults.length] ?? 'close');
      // Killed while it works, after a different number of durable blocks each time.
      const last = await runUntilKilled(start(next, 'write'), 1 + (kill % 7) * 3);
      durable.push([next, last]);
      next = last + 1_000_000;
    }
    peer.faults.length = 0;
    const drained = start(next, 'drain');
    expect(await new Promise((resolve) => drained.on('close', resolve))).toBe(0);

    const seen = new Map<number, number>();
    for (const { row } of peer.rows) {
      const n = row.n as number;
      seen.set(n, (seen.get(n) ?? 0) + 1);
    }
    const twice = [...seen].filter(([, count]) => count > 1);
    let wanted = 0;
    const missing: number[] = [];
    for (const [first, last] of durable) {
      for (let n = first; n <= last; n += 1) {
        wanted += 1;
        if (!seen.has(n)) missing.push(n);
      }
    }
    const ids = peer.rows.map(({ row }) => row.ReportId as number);
    process.stdout.write(
      `${KILLS} kills: ${wanted} durable rows, ${peer.rows.length} arrived, ${missing.length} missing, ${twice.length} twice, ${peer.batchRequests} requests\n`,
    );
    expect(missing).toEqual([]);
    expect(twice).toEqual([]);
    expect(peer.changedBatches).toEqual([]);
    expect(ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? 0))).toBe(true);
  });
});

/** Kills the writer once it has said `blocks` times that its rows are durable. Resolves to the last number it said. */
function runUntilKilled(child: ChildProcess, blocks: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.split('\n').length > blocks) child.kill('SIGKILL');
    });
    child.on('close', (_code, signal) => {
      const said = text.split('\n').slice(0, -1).map(Number);
      if (signal !== 'SIGKILL' || said.length === 0) reject(new Error(`the writer ended by itself: ${text}`));
      else resolve(said.at(-1) ?? 0);
    });
  });
}
