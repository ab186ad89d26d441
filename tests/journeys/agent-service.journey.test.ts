/**
 * The agent as a service, on a machine that boots: one file and two units, installed as agent/README.md says, under a real systemd. It is isolated, its
 * machine is started again, it is killed, hung and stopped, and the isolation holds until the server releases it. No Node is there.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_EXECUTABLE } from '../support/build-agent-once.ts';
import { freePort } from '../support/free-port.ts';
import { makeNetwork, type SimulatedMachine, type SimulatedNetwork, whyNoNetwork } from '../support/hosts.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { bootMachine, type SystemdMachine, whyNoSystemd } from '../support/systemd-machine.ts';
import { eventually } from '../support/wait.ts';

const UNITS = fileURLToPath(new URL('../../deploy/systemd', import.meta.url));
const SERVICES = ['merlon-agent', 'merlon-agent-isolation'].map(
  (name) => `/etc/systemd/system/${name}.service`,
);
const why = whyNoNetwork() ?? whyNoSystemd();
if (why) console.log(`the agent as a service is not run: ${why}`);

/**
 * For the test alone: it speaks for its own network only, since the kernel is the test machine's too, and a hang is noticed sooner than after the
 * thirty seconds of the unit.
 */
const DROP_IN = '[Service]\nEnvironment=MERLON_SENSOR_SCOPE=netns\nWatchdogSec=5\n';

describe.skipIf(why)('the agent as a service', () => {
  let work: string;
  let network: SimulatedNetwork;
  let host: SimulatedMachine;
  let third: SimulatedMachine;
  let server: TestServer;
  let token: string;
  let machine: SystemdMachine;
  let deviceId = '';

  const inside = async (command: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await machine.run(command, ...args);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
    return stdout.trim();
  };
  const property = (name: string, unit = 'merlon-agent') =>
    inside('systemctl', 'show', '--value', '--property', name, unit);
  const health = async () => {
    const { stdout } = await machine.run('merlon-agent', 'health', '--output', 'json');
    return stdout.startsWith('{') ? JSON.parse(stdout) : null;
  };
  const lately = async () => (await machine.run('journalctl', '-b', '-n', '60', '--no-pager')).stdout;
  let log = '';
  const connected = () =>
    eventually(
      'the channel',
      async () => {
        const now = await health();
        log = await lately();
        return now?.channel_state === 'Open' ? now : null;
      },
      { withinMs: 30_000, everyMs: 250, lastSeen: () => log },
    );
  const reaches = async () =>
    (await host.run('curl', ['-s', '-o', '/dev/null', '--max-time', '2', `http://${third.address}:8000/`]))
      .code === 0;
  const order = async (what: 'isolate' | 'unisolate') => {
    const ordered = await server.call(`/api/machines/${deviceId}/${what}`, {
      token,
      json: { Comment: 'service', ...(what === 'isolate' ? { IsolationType: 'Full' } : {}) },
    });
    expect(ordered.status, ordered.text).toBe(201);
    const { value } = await eventually(
      what,
      async () => {
        const now = (await server.call(`/api/machineactions/${ordered.json().id}`, { token })).json();
        return now.status !== 'Pending' && now.status !== 'InProgress' ? now : null;
      },
      { withinMs: 15_000, lastSeen: () => log },
    );
    expect(value.status, JSON.stringify(value)).toBe('Succeeded');
  };
  /** Resolves once the service has another process than `before`, and says so. */
  const restarted = (before: string) =>
    eventually(
      'the restart',
      async () => {
        const [pid, state] = [await property('MainPID'), await property('ActiveState')];
        log = await lately();
        return state === 'active' && pid !== before && pid !== '0';
      },
      { withinMs: 30_000, everyMs: 200, lastSeen: () => log },
    );

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'merlon-service-'));
    network = makeNetwork();
    host = network.machine('host');
    third = network.machine('third');
    third.start(process.execPath, [
      '-e',
      `require('http').createServer((q,s)=>s.end('ok')).listen(8000,'0.0.0.0')`,
    ]);
    const port = await freePort();
    server = await startServer({
      env: { MERLON_PUBLIC_URL: `https://${network.address}:${port}`, MERLON_PORT: String(port) },
    });
    token = await server.token(await server.createApp('Machine.Read.All', 'Machine.Isolate'));
    machine = await bootMachine(host, work);
  });
  afterAll(async () => {
    await machine?.off();
    await server?.dispose();
    network?.remove();
    if (work) rmSync(work, { recursive: true, force: true });
  });

  it('is installed by three files, and starts without an onboarding', async () => {
    expect((await machine.run('sh', '-c', 'command -v node npm')).code).not.toBe(0);
    machine.put('/usr/bin/merlon-agent', readFileSync(AGENT_EXECUTABLE), 0o755);
    for (const unit of SERVICES) machine.put(unit, readFileSync(join(UNITS, basename(unit))));
    machine.put('/etc/systemd/system/merlon-agent.service.d/test.conf', DROP_IN);
    await inside('systemd-analyze', 'verify', ...SERVICES);
    await inside('systemctl', 'daemon-reload');
    await inside('systemctl', 'enable', '--now', 'merlon-agent', 'merlon-agent-isolation');
    // Type=notify: it is active because it said so.
    expect(await property('ActiveState')).toBe('active');
    expect(await property('StatusText')).toBe('Idle');
    expect(await health()).toMatchObject({ onboarding_state: 'NotOnboarded' });
  });

  it('onboards with the package, and works', async () => {
    const made = await server.cli('package', '--os', 'linux', '--tool', 'script', '--out', work);
    for (const file of made.files) machine.put(`/root/${basename(file)}`, readFileSync(file), 0o600);
    await inside('merlon-agent', 'connectivity', 'test', '--package', '/root/merlon_onboard.json');
    await inside('sh', '/root/onboard.sh');
    const { value } = await connected();
    deviceId = value.edr_machine_id;
    expect(value).toMatchObject({ onboarding_state: 'Enrolled', isolation: 'None' });
    expect(
      await inside('stat', '-c', '%a %U', '/var/lib/merlon-agent', '/var/lib/merlon-agent/runtime'),
    ).toBe('700 root\n700 root');
    expect(await reaches()).toBe(true);
  });

  it('stays isolated across a reboot: the rules stand before the network is up, and the agent comes back through them', async () => {
    await order('isolate');
    expect(await reaches()).toBe(false);
    // The kernel's rules live in the network namespace, which a simulated machine keeps over its reboot; a real one loses them.
    await inside('systemctl', 'stop', 'merlon-agent');
    await inside('nft', 'flush', 'ruleset');
    expect(await reaches()).toBe(true);
    await machine.reboot();
    const at = async (unit: string) => Number(await property('ActiveEnterTimestampMonotonic', unit));
    expect(await property('Result', 'merlon-agent-isolation')).toBe('success');
    expect(await at('merlon-agent-isolation')).toBeLessThan(await at('network-pre.target'));
    expect(await at('merlon-agent-isolation')).toBeLessThan(await at('merlon-agent'));
    expect(await reaches()).toBe(false);
    const { value } = await connected();
    expect(value.isolation).toBe('Full');
  });

  it('is started again when it is killed, and when it hangs', async () => {
    const first = await property('MainPID');
    await inside('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'merlon-agent');
    await restarted(first);
    expect(await property('NRestarts')).toBe('1');
    await connected();

    const second = await property('MainPID');
    await inside('systemctl', 'kill', '--kill-whom=main', '--signal=STOP', 'merlon-agent');
    await restarted(second);
    expect(await property('NRestarts')).toBe('2');
    expect(
      await inside('journalctl', '-b', '-u', 'merlon-agent', '--grep', 'Watchdog timeout', '--no-pager'),
    ).toContain('Watchdog timeout');
    expect((await connected()).value.isolation).toBe('Full');
    expect(await reaches()).toBe(false);
  });

  it('stops in order without letting go, and is released by the server', async () => {
    await inside('systemctl', 'stop', 'merlon-agent');
    expect([
      await property('ActiveState'),
      await property('Result'),
      await property('ExecMainStatus'),
    ]).toEqual(['inactive', 'success', '0']);
    expect(await reaches()).toBe(false);
    await inside('systemctl', 'start', 'merlon-agent');
    await connected();
    await order('unisolate');
    expect(await reaches()).toBe(true);
  });

  it('offboards, and waits for another onboarding', async () => {
    await inside('merlon-agent', 'offboard');
    expect(await health()).toMatchObject({ onboarding_state: 'Offboarded', healthy: false });
    expect(await property('ActiveState')).toBe('active');
    expect((await machine.run('sh', '-c', 'ls /var/lib/merlon-agent/device.key')).code).not.toBe(0);
    await inside('systemctl', 'disable', '--now', 'merlon-agent', 'merlon-agent-isolation');
    expect(await property('Result')).toBe('success');
  });
});
