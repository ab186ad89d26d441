import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoKernel } from './sensor/test-kernel.ts';
import { buildExecutable, makeBareMachine, whyNoBareMachine } from './testing/agent-executable.ts';
import { AgentProcess } from './testing/agent-process.ts';
import { makeAuthority } from './testing/authority.ts';
import { ProtocolPeer } from './testing/protocol-peer.ts';
import { until } from './testing/until.ts';
import { AGENT_VERSION } from './version.ts';

const why = whyNoBareMachine();
if (why !== null) console.log(`the single executable was not tried: ${why}`);

describe.skipIf(why !== null)('the agent as one executable file', () => {
  let folder: string;
  let executable: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'merlon-executable-'));
    executable = buildExecutable(join(folder, 'one'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is the same, byte for byte, when it is built again', async () => {
    const again = buildExecutable(join(folder, 'two'));
    expect((await readFile(again)).equals(await readFile(executable))).toBe(true);
    const sha256 = createHash('sha256')
      .update(await readFile(executable))
      .digest('hex');
    expect(await readFile(`${executable}.sha256`, 'utf8')).toBe(`${sha256}  ${basename(executable)}\n`);
    expect(JSON.parse(await readFile(`${executable}.json`, 'utf8'))).toMatchObject({
      version: AGENT_VERSION,
      architecture: process.arch,
      sha256,
    });
  });

  describe('on a machine without Node, npm or anything else', () => {
    let peer: ProtocolPeer;
    let agent: AgentProcess;
    beforeAll(async () => {
      peer = await ProtocolPeer.start(makeAuthority(['IP:127.0.0.1']));
      const root = join(folder, 'root');
      await mkdir(root);
      const inside = makeBareMachine(root, executable);
      agent = new AgentProcess(join(root, 'state'), {
        prefix: [...inside],
        command: ['/merlon-agent'],
        env: {
          MERLON_AGENT_HOME: '/state',
          MERLON_AGENT_CONFIG: '/etc/merlon-agent',
          NODE_EXTRA_CA_CERTS: '',
        },
      });
      await writeFile(join(root, 'package.json'), JSON.stringify(await peer.package('127.0.0.1')));
    });
    afterAll(async () => {
      await agent.end('SIGKILL');
      await peer.close();
    });
    const health = async () => {
      const done = await agent.run('health', '--output', 'json');
      return done.code === 0 ? JSON.parse(done.out) : null;
    };

    it('says its version and tries the way to the server', async () => {
      expect(await agent.run('--version')).toEqual({ code: 0, out: `${AGENT_VERSION}\n`, err: '' });
      expect(await agent.run('health')).toMatchObject({ code: 3 });
      expect(await agent.run('connectivity', 'test', '--package', '/package.json')).toMatchObject({
        code: 0,
      });
    });

    it('onboards, runs with all of its native parts, and offboards', async () => {
      expect(await agent.run('onboard', '--package', '/package.json')).toMatchObject({ code: 0 });
      agent.start();
      const [deviceId = ''] = peer.deviceIds;
      await until('the channel', () => peer.isConnected(deviceId));
      await until('events', () => peer.rows.some(({ row }) => row.Table === 'DeviceInfo'));
      const now = await until('its health', health);
      expect(now, agent.log).toMatchObject({ edr_machine_id: deviceId, app_version: AGENT_VERSION });
      if (whyNoKernel() === null) expect(now).toMatchObject({ healthy: true, health_issues: [] });

      const [runtime = ''] = await readdir(join(agent.home, 'runtime'));
      expect((await stat(join(agent.home, 'runtime', runtime))).mode & 0o777).toBe(0o700);
      expect(await readdir(join(agent.home, 'runtime', runtime))).toEqual(
        expect.arrayContaining(['hash-worker.js', 'koffi.node', 'sensor.bpf.o']),
      );
      expect(await agent.run('offboard')).toMatchObject({ code: 0 });
      expect(await agent.run('health')).toMatchObject({ code: 1 });
    });
  });
});
