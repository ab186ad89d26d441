/**
 * Enforcement for real: a server, a machine with the real agent, and a program that somebody runs there. What is denied, cut, stopped or put away is seen from beside the
 * agent, and undone. Only a tmpfs of the journey is guarded, so that the machine it runs on is left alone.
 */
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoNetwork } from '../support/hosts.ts';
import { type OnboardedMachine, onboardMachine } from '../support/onboarded-machine.ts';
import { eventually } from '../support/wait.ts';

const why = whyNoNetwork();
if (why) console.log(`enforcement is not run: ${why}`);

/** From the answer of the server to the effect on the device; two seconds are promised, of a machine that does nothing else. */
const IN_FORCE_WITHIN_MS = 10_000;
const digest = (algorithm: string, path: string) =>
  createHash(algorithm).update(readFileSync(path)).digest('hex');

describe.skipIf(why)('enforcement', () => {
  let machine: OnboardedMachine;
  let mount: string;
  let count = 0;

  const program = (name: string, of = '/bin/sleep'): string => {
    const path = join(mount, name);
    copyFileSync(of, path);
    appendFileSync(path, `${name} ${count++}`);
    chmodSync(path, 0o755);
    return path;
  };
  /** As somebody on the machine does, and not the agent. */
  const runs = async (path: string) => (await machine.host.run('sh', ['-c', '"$0" 0; exit $?', path])).code;
  const connects = async (url: string) =>
    (await machine.host.run('curl', ['-s', '-o', '/dev/null', '--max-time', '3', url])).code;
  const soon = (what: string, holds: () => Promise<boolean>) =>
    eventually(what, async () => (await holds()) || null, {
      withinMs: IN_FORCE_WITHIN_MS,
      lastSeen: () => machine.output().slice(-2_000),
    });
  const indicate = async (indicatorType: string, indicatorValue: string, action: string): Promise<string> => {
    const { server, token } = machine;
    const answer = await server.call('/api/indicators', {
      token,
      json: {
        indicatorType,
        indicatorValue,
        action,
        title: 'journey',
        description: 'journey',
        severity: 'High',
      },
    });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.json().id;
  };
  const withdraw = async (id: string) => {
    const answer = await machine.server.call(`/api/indicators/${id}`, {
      token: machine.token,
      method: 'DELETE',
    });
    expect(answer.status, answer.text).toBe(204);
  };
  const succeeded = async (verb: string, body?: object) => {
    const action = await machine.ended((await machine.order(verb, body)).id);
    expect(action, JSON.stringify(action)).toMatchObject({ status: 'Succeeded', troubleshootInfo: null });
    return action;
  };

  beforeAll(async () => {
    machine = await onboardMachine(
      'Ti.ReadWrite.All',
      'Machine.RestrictExecution',
      'Machine.StopAndQuarantine',
      'Machine.Isolate',
    );
    mount = join(machine.work, 'guarded');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'merlon-test', mount]);
    mkdirSync(join(machine.work, 'etc'), { recursive: true });
    writeFileSync(
      join(machine.work, 'etc', 'config.json'),
      JSON.stringify({ enforcement: { fileSystems: [mount] } }),
    );
    await machine.stopAgent();
    machine.startAgent();
    await eventually(
      'the agent is back',
      async () => machine.output().split('merlon-agent runs').length > 2,
      {
        withinMs: 20_000,
      },
    );
  });
  afterAll(async () => {
    await machine?.stopAgent();
    if (mount) spawnSync('umount', [mount]);
    // What is put away cannot be deleted by accident.
    if (machine) spawnSync('chattr', ['-R', '-i', machine.work]);
    await machine?.dispose();
  });

  it('denies a file by its hash, tells who wanted to run it, and lets it run once the indicator is gone', async () => {
    const evil = program('evil');
    expect(await runs(evil)).toBe(0);
    const id = await indicate('FileSha256', digest('sha256', evil), 'Block');
    await soon('it is denied', async () => (await runs(evil)) === 126);
    const [row] = await machine.hunted(
      `DeviceEvents | where ActionType == "AntivirusDetection" and FileName == "evil" | extend Fields = parse_json(AdditionalFields) | project FolderPath, SHA256, InitiatingProcessFileName, Threat = tostring(Fields.ThreatName), Indicator = tostring(Fields.IndicatorId)`,
    );
    expect(row).toMatchObject({
      FolderPath: evil,
      SHA256: digest('sha256', evil),
      InitiatingProcessFileName: expect.stringMatching(/sh$/),
      Threat: 'EUS:Win32/CustomEnterpriseBlock!cl',
      Indicator: String(id),
    });
    await withdraw(id);
    await soon('it runs', async () => (await runs(evil)) === 0);
  });

  it('stops what runs already, and puts it away, when the indicator says so', async () => {
    const path = program('beacon');
    const hash = digest('sha1', path);
    const running: ChildProcess[] = [1, 2].map(() => machine.host.start(path, ['300']));
    await eventually('it runs', async () => spawnSync('pgrep', ['-f', `^${path} 300`]).status === 0, {
      withinMs: 5_000,
    });
    const id = await indicate('FileSha1', hash, 'BlockAndRemediate');
    await eventually('it is gone', async () => running.every((c) => c.signalCode === 'SIGKILL') || null, {
      withinMs: 10_000,
      lastSeen: () => machine.output().slice(-2_000),
    });
    await soon('its file too', async () => !existsSync(path));
    const [row] = await machine.hunted(
      `DeviceEvents | where ActionType == "AntivirusDetection" and FileName == "beacon" | extend Fields = parse_json(AdditionalFields) | where tostring(Fields.Action) == "Quarantine" | project SHA1, Stopped = array_length(Fields.StoppedProcessIds)`,
    );
    expect(row).toMatchObject({ SHA1: hash, Stopped: 2 });
    await withdraw(id);
  });

  it('cuts an address and a name, tells whose attempt it was, and lets isolation work beside it', async () => {
    const { server, host } = machine;
    const { hostname: address, port } = new URL(server.url);
    const other = `${address.replace(/\d+$/, '')}${Number(address.split('.').at(-1)) + 200}`;
    // The server's own address stays reachable for the agent, whatever an indicator says.
    const id = await indicate('IpAddress', address, 'Block');
    await soon('it is cut', async () => (await connects(`https://${address}:${port}/healthz`)) === 7);
    const [row] = await machine.hunted(
      `DeviceEvents | where ActionType == "ExploitGuardNetworkProtectionBlocked" and RemoteIP == "${address}" | project InitiatingProcessFileName, RemotePort, Category = tostring(parse_json(AdditionalFields).ResponseCategory)`,
    );
    expect(row).toMatchObject({
      InitiatingProcessFileName: 'curl',
      RemotePort: Number(port),
      Category: 'CustomBlockList',
    });
    await succeeded('isolate', { IsolationType: 'Full' });
    expect(await connects(`http://${other}:81/`)).not.toBe(0);
    await succeeded('unisolate');
    expect(await connects(`https://${address}:${port}/healthz`)).toBe(7);
    await withdraw(id);
    await soon('it is open', async () => (await connects(`https://${address}:${port}/healthz`)) !== 7);

    const name = await indicate('DomainName', 'evil.example', 'Block');
    const ask =
      "const r=new (require('dns').Resolver)({timeout:500,tries:1});r.setServers([process.argv[1]]);r.resolve4('www.evil.example',(e)=>console.log(e.code))";
    await eventually(
      'the question is refused and told',
      async () => {
        await host.run(process.execPath, ['-e', ask, other]);
        const rows = await machine
          .hunted(
            'DeviceEvents | where RemoteUrl == "www.evil.example" and ActionType == "ExploitGuardNetworkProtectionBlocked"',
            1_000,
          )
          .catch(() => []);
        return rows[0];
      },
      { withinMs: 15_000 },
    );
    await withdraw(name);
  });

  it('restricts execution to what packages brought, also after the agent was killed, and lifts it by order', async () => {
    const { hunted, startAgent, stopAgent, server, token, deviceId } = machine;
    const tool = program('tool');
    const packaged = join(mount, 'packaged');
    copyFileSync('/bin/sleep', packaged);
    expect(await runs(tool)).toBe(0);
    await succeeded('restrictCodeExecution');
    expect(await runs(tool)).toBe(126);
    expect(await runs(packaged)).toBe(0);
    expect(
      await hunted(
        `DeviceEvents | where ActionType == "AppControlExecutableBlocked" and FileName == "tool" | project FolderPath, InitiatingProcessFileName`,
      ),
    ).toMatchObject([{ FolderPath: tool }]);

    await stopAgent();
    // Without the agent nothing is judged: it fails open, and the service manager starts it again.
    expect(await runs(tool)).toBe(0);
    startAgent();
    await eventually('it is in force again', async () => (await runs(tool)) === 126 || null, {
      withinMs: 20_000,
    });
    expect((await server.call(`/api/machines/${deviceId}`, { token })).status).toBe(200);
    await succeeded('unrestrictCodeExecution');
    expect(await runs(tool)).toBe(0);
  });

  it('stops and puts away a file by order, and puts it back byte for byte', async () => {
    const path = program('dropper');
    chmodSync(path, 0o4711);
    const bytes = readFileSync(path);
    const Sha1 = digest('sha1', path);
    const running = machine.host.start(path, ['300']);
    await eventually('it runs', async () => spawnSync('pgrep', ['-f', `^${path} 300`]).status === 0, {
      withinMs: 5_000,
    });
    await succeeded('StopAndQuarantineFile', { Sha1 });
    expect(existsSync(path)).toBe(false);
    await eventually('it ended', async () => running.signalCode === 'SIGKILL', { withinMs: 2_000 });
    await succeeded('restoreQuarantinedFile', { Sha1 });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(lstatSync(path).mode & 0o7777).toBe(0o4711);
  });
});
