import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentProcess } from './testing/agent-process.ts';
import { makeAuthority } from './testing/authority.ts';
import { bundleProgram } from './testing/bundle.ts';
import { ProtocolPeer } from './testing/protocol-peer.ts';
import { temporaryFolders } from './testing/temporary-folder.ts';
import { until } from './testing/until.ts';

const folder = temporaryFolders();
const authority = makeAuthority(['IP:127.0.0.1']);

describe('the agent as a service', () => {
  let daemon: string;
  let peer: ProtocolPeer;
  let agent: AgentProcess;

  beforeAll(async () => {
    daemon = await bundleProgram('agent-daemon.program.ts');
  });
  beforeEach(async () => {
    peer = await ProtocolPeer.start(authority);
    agent = new AgentProcess(join(await folder(), 'home'), { daemon });
  });
  afterEach(async () => {
    await agent.end('SIGKILL');
    await peer.close();
  });

  async function enrolled(...more: string[]): Promise<string> {
    expect(await agent.onboard(await peer.package('127.0.0.1'), ...more)).toMatchObject({ code: 0 });
    const [deviceId] = peer.deviceIds;
    if (!deviceId) throw new Error('no device');
    return deviceId;
  }
  const connected = (deviceId: string) => until('the channel', () => peer.isConnected(deviceId));
  const field = async (name: string) => (await agent.run('health', '--field', name)).out.trim();

  it('waits until it is onboarded, then works at once', async () => {
    expect(await agent.run('health')).toMatchObject({ code: 3, err: expect.stringMatching(/not running/) });
    agent.start();
    const idle = await until('the daemon', async () => {
      const done = await agent.run('health', '--output', 'json');
      return done.code === 1 ? done : null;
    });
    expect(JSON.parse(idle.out)).toMatchObject({
      healthy: false,
      onboarding_state: 'NotOnboarded',
      org_id: null,
    });
    const deviceId = await enrolled('--tag', 'lab');
    await connected(deviceId);
    await until('events', () => peer.rows.length > 0);
    expect(peer.rows.find(({ row }) => row.Table === 'DeviceInfo')?.row).toMatchObject({
      RegistryDeviceTag: 'lab',
    });
    const hello = peer.frames[0];
    expect(hello).toMatchObject({
      type: 'hello',
      lastSeq: 0,
      device: { osPlatform: 'Linux' },
      health: { isolation: 'None' },
    });
    expect(await agent.run('health')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/healthy +: true/),
    });
    expect(await field('edr_machine_id')).toBe(deviceId);
    expect(await field('channel_state')).toBe('Open');
    expect((await agent.run('health', '--field', 'nope')).code).toBe(2);
    expect(await agent.run('connectivity', 'test')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/the running agent holds it open/),
    });
    expect(await agent.end()).toBe(0);
  });

  it('comes back when the line breaks and when the server was away, losing and doubling nothing', async () => {
    const deviceId = await enrolled();
    agent.start();
    await connected(deviceId);
    peer.hangUp(deviceId);
    await until('a second connection', () => peer.connections >= 2 && peer.isConnected(deviceId));
    const { port } = peer;
    await peer.close();
    await until('that it noticed', async () => (await field('channel_state')) !== 'Open');
    const before = peer.rows.length;
    await peer.listen('127.0.0.1', port);
    await connected(deviceId);
    await until('events again', () => peer.rows.length > before + 20);
    await agent.end();
    expectConsecutive(peer);
  });

  it('sends every batch through faults of every kind', async () => {
    await enrolled();
    peer.faults.push(
      'dropAnswer',
      'close',
      { status: 503, code: 'ServiceUnavailable', retryAfter: '0' },
      { status: 429, code: 'TooManyRequests' },
      { status: 500, code: 'InternalServerError' },
    );
    agent.start();
    await until('events past the faults', () => peer.faults.length === 0 && peer.rows.length > 30);
    await agent.end();
    expectConsecutive(peer);
  });

  it('sets a refused batch aside, counts its rows and says so', async () => {
    await enrolled();
    peer.faults.push({ status: 413, code: 'PayloadTooLarge' });
    agent.start();
    await until('events', () => peer.rows.length > 0);
    expect(Number(await field('spool_rejected_rows'))).toBeGreaterThan(0);
    expect(agent.log).toMatch(/refused a batch.*413 PayloadTooLarge/);
  });

  it('works with a clock two hours off', async () => {
    peer.clockOffsetMs = 7_200_000;
    const deviceId = await enrolled();
    agent.start();
    await connected(deviceId);
    await until('events', () => peer.rows.length > 0);
    expect(Number(await field('clock_offset_ms'))).toBeGreaterThan(7_000_000);
  });

  it('stops when the server sends it away, by a frame and by an answer', async () => {
    const deviceId = await enrolled();
    agent.start();
    await connected(deviceId);
    peer.offboarded.add(deviceId);
    peer.say(deviceId, { type: 'farewell', reason: 'withdrawn' });
    await until('that it stopped', async () =>
      (await field('health_issues')).includes('sent this device away'),
    );
    expect(peer.isConnected(deviceId)).toBe(false);
    await agent.end();
    agent.start();
    await until('that it stopped again', () => agent.log.includes('nothing is recorded or sent'));
  });

  it('refuses forged, foreign and old orders, and says why', async () => {
    const deviceId = await enrolled();
    agent.start();
    await connected(deviceId);
    peer.say(deviceId, { type: 'order', order: 'a.b.c' });
    await peer.order('f'.repeat(40), 1, 'Unisolate');
    const reasons = await until('a refusal', () => {
      const refused = peer.frames.flatMap((frame) => (frame.type === 'refused' ? [frame.reason] : []));
      return refused.length > 0 ? refused : null;
    });
    expect(reasons).toEqual([expect.stringMatching(/not signed by the command key/)]);
  });

  it('offboards through the daemon: the key is gone, the daemon waits, the channel is closed', async () => {
    const deviceId = await enrolled();
    agent.start();
    await connected(deviceId);
    expect(await agent.run('offboard')).toMatchObject({ code: 0, out: expect.stringContaining(deviceId) });
    await until('the end of the channel', () => !peer.isConnected(deviceId));
    await expect(access(join(agent.home, 'device.key'))).rejects.toThrow();
    await expect(access(join(agent.home, 'spool'))).rejects.toThrow();
    expect(await agent.run('health')).toMatchObject({ code: 1, out: expect.stringMatching(/Offboarded/) });
  });

  it('stops when told to, whatever it is doing', async () => {
    agent.start();
    await until('the daemon', async () => (await agent.run('health')).code === 1);
    expect(await agent.end()).toBe(0);
    const deviceId = await enrolled();
    agent.start();
    await connected(deviceId);
    expect(await agent.end()).toBe(0);
    await peer.close();
    agent.start();
    await until('that it is alone', async () => (await field('channel_state')) === 'Waiting');
    expect(await agent.end()).toBe(0);
    await peer.listen('127.0.0.1', 0);
  });

  it('is the only one of its state folder', async () => {
    await enrolled();
    agent.start();
    await until('the daemon', async () => (await agent.run('health')).code === 0);
    const second = new AgentProcess(agent.home, { daemon });
    second.start();
    await until('its refusal', () => second.log.includes('another merlon-agent runs'));
    await second.end('SIGKILL');
    expect((await agent.run('health')).code).toBe(0);
  });

  it('leaves no stale lock or socket after a kill', async () => {
    const deviceId = await enrolled();
    for (let i = 0; i < 3; i += 1) {
      agent.start();
      await connected(deviceId);
      await agent.end('SIGKILL');
      await until('the end of the channel', () => !peer.isConnected(deviceId));
    }
    agent.start();
    await connected(deviceId);
  });
});

/** Every made-up event of one run, in order, once. */
function expectConsecutive(peer: ProtocolPeer): void {
  const numbers = peer.rows.flatMap(({ row }) => (typeof row.n === 'number' ? [row.n] : []));
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  expect(peer.changedBatches).toEqual([]);
}
