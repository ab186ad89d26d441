import { spawn } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentProcess } from './testing/agent-process.ts';
import { makeAuthority } from './testing/authority.ts';
import { TestCommandKey } from './testing/command-key.ts';
import { ProtocolPeer } from './testing/protocol-peer.ts';
import { temporaryFolders } from './testing/temporary-folder.ts';

const folder = temporaryFolders();
const authority = makeAuthority(['DNS:localhost', 'IP:127.0.0.1']);

describe('onboarding against a server of the protocol', () => {
  let peer: ProtocolPeer;
  let agent: AgentProcess;

  beforeEach(async () => {
    peer = await ProtocolPeer.start(authority);
    const dir = await folder();
    agent = new AgentProcess(join(dir, 'home'), { env: { MERLON_AGENT_LOG: 'error' } });
  });
  afterEach(() => peer.close());

  const state = async () =>
    JSON.parse(await readFile(join(agent.home, 'onboarding.json'), 'utf8')) as Record<string, unknown>;

  it('enrols, says as what, and keeps key and state for root alone', async () => {
    const done = await agent.onboard(await peer.package('127.0.0.1'));
    expect(done).toMatchObject({ code: 0 });
    const [deviceId] = peer.deviceIds;
    expect(done.out).toContain(`as device ${deviceId}`);
    expect(done.out).toContain('not running');
    expect(await state()).toMatchObject({ state: 'Enrolled', deviceId });
    for (const name of ['device.key', 'onboarding.json']) {
      expect((await stat(join(agent.home, name))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(agent.home)).mode & 0o777).toBe(0o700);
  });

  it('asks again with the same key when the answer is lost, and is one device', async () => {
    peer.enrolFaults.push('dropAnswer', 'close', { status: 503, code: 'ServiceUnavailable' });
    expect(await agent.onboard(await peer.package('127.0.0.1'))).toMatchObject({ code: 0 });
    expect(peer.deviceIds).toHaveLength(1);
  });

  it('may be killed at any point and repeated, and is one device', async () => {
    const content = await peer.package('127.0.0.1');
    const file = join(agent.home, '..', 'p.json');
    await writeFile(file, JSON.stringify(content));
    const bin = new URL('../../bin/merlon-agent.mjs', import.meta.url).pathname;
    for (let ms = 200; ms < 700; ms += 50) {
      const child = spawn(process.execPath, [bin, 'onboard', '--package', file], {
        env: { ...process.env, MERLON_AGENT_HOME: agent.home },
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      setTimeout(() => child.kill('SIGKILL'), ms);
      await ended;
    }
    expect(await agent.onboard(content)).toMatchObject({ code: 0 });
    expect(peer.deviceIds).toHaveLength(1);
    expect(await state()).toMatchObject({ state: 'Enrolled', deviceId: peer.deviceIds[0] });
  });

  it('corrects its clock by the server', async () => {
    peer.clockOffsetMs = -7_200_000;
    expect(await agent.onboard(await peer.package('127.0.0.1'))).toMatchObject({ code: 0 });
  });

  it('stays as it is when onboarded again, refuses another tenant, and takes it once offboarded', async () => {
    await agent.onboard(await peer.package('127.0.0.1'));
    const [first] = peer.deviceIds;
    expect(await agent.onboard(await peer.package('127.0.0.1'))).toMatchObject({
      code: 0,
      out: expect.stringContaining(`already onboarded`),
    });
    const other = await new TestCommandKey().package(
      {
        tenantId: 'bbbbbbbb-0000-0000-0000-000000000000',
        serverUrl: `https://127.0.0.1:${peer.port}`,
        caPem: authority.caPem,
      },
      new Date(),
    );
    expect(await agent.onboard(other)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/offboard it first/),
    });
    expect(await agent.run('offboard')).toMatchObject({
      code: 0,
      out: expect.stringContaining(String(first)),
    });
    expect(await agent.run('offboard')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/not onboarded/),
    });
    expect(await agent.onboard(await peer.package('127.0.0.1'))).toMatchObject({ code: 0 });
    expect(peer.deviceIds).toHaveLength(2);
  });

  describe('names the cause', () => {
    it('of an expired package', async () => {
      const done = await agent.onboard(await peer.package('127.0.0.1', { secondsValid: -1 }));
      expect(done).toMatchObject({ code: 1, err: expect.stringMatching(/expired at .* clock says/) });
    });

    it('of a server that another authority vouches for', async () => {
      const { caPem } = makeAuthority(['DNS:localhost']);
      const done = await agent.onboard(await peer.package('127.0.0.1', { caPem }));
      expect(done).toMatchObject({
        code: 1,
        err: expect.stringMatching(/authority pinned in the onboarding package did not sign/),
      });
      expect(peer.deviceIds).toHaveLength(0);
    });

    it('of a certificate for another name', async () => {
      const stranger = await ProtocolPeer.start(makeAuthority(['DNS:elsewhere']));
      try {
        const done = await agent.onboard(await stranger.package('127.0.0.1'));
        expect(done).toMatchObject({ code: 1, err: expect.stringMatching(/is for another name/) });
      } finally {
        await stranger.close();
      }
    });

    it('of a server that does not listen', async () => {
      const content = await peer.package('127.0.0.1');
      await peer.close();
      const done = await agent.onboard(content);
      await peer.listen('127.0.0.1', 0);
      expect(done).toMatchObject({ code: 1, err: expect.stringMatching(/nothing listens at 127.0.0.1/) });
    });

    it("of the server's refusal", async () => {
      peer.enrolFaults.push({ status: 401, code: 'Unauthorized' });
      const done = await agent.onboard(await peer.package('127.0.0.1'));
      expect(done).toMatchObject({
        code: 1,
        err: expect.stringMatching(/refused to enrol.*401 Unauthorized/),
      });
    });

    it('of a package that is not there, and of a missing option', async () => {
      expect(await agent.run('onboard', '--package', '/nowhere')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/package cannot be read: .*ENOENT/),
      });
      expect((await agent.run('onboard')).code).toBe(2);
    });
  });
});

describe('connectivity test', () => {
  let peer: ProtocolPeer;
  beforeAll(async () => {
    peer = await ProtocolPeer.start(authority);
  });
  afterAll(() => peer.close());

  const lines = (out: string) =>
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/\s{2,}/g, ' '));

  it('walks the way before and after onboarding', async () => {
    const dir = await folder();
    const agent = new AgentProcess(join(dir, 'home'));
    expect((await agent.run('connectivity', 'test')).code).toBe(2);
    const file = join(dir, 'p.json');
    await writeFile(file, JSON.stringify(await peer.package('localhost')));
    const before = await agent.run('connectivity', 'test', '--package', file);
    expect(before.code).toBe(0);
    expect(lines(before.out)[0]).toMatch(/^DNS localhost OK \(.*127.0.0.1/);
    expect(before.out).toMatch(/TLS localhost:\d+ +OK \(TLSv1.3, signed by the pinned authority/);
    expect(before.out).toMatch(/POST .*\/device\/v1\/enrol +OK/);
    expect(before.out).toMatch(/WebSocket .* OK \(the server answers; not enrolled yet\)/);

    await agent.onboard(await peer.package('127.0.0.1'));
    const after = await agent.run('connectivity', 'test');
    expect(after).toMatchObject({ code: 0, out: expect.stringMatching(/OK \(opened and closed again\)/) });
  });

  it('shows the exact error of every step that fails', async () => {
    const dir = await folder();
    await mkdir(join(dir, 'home'));
    const agent = new AgentProcess(join(dir, 'home'));
    const file = join(dir, 'p.json');
    const { caPem } = makeAuthority(['DNS:localhost']);
    await writeFile(file, JSON.stringify(await peer.package('127.0.0.1', { caPem })));
    const wrongCa = await agent.run('connectivity', 'test', '--package', file);
    expect(wrongCa.code).toBe(1);
    expect(wrongCa.out).toMatch(/TCP .* OK/);
    expect(wrongCa.out).toMatch(/TLS .* ERROR .*authority pinned/);
    await writeFile(file, JSON.stringify(await peer.package('no-such-name.invalid')));
    expect(await agent.run('connectivity', 'test', '--package', file)).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /DNS no-such-name.invalid +ERROR the name no-such-name.invalid cannot be resolved/,
      ),
    });
  });
});
