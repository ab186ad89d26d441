/** Machines that boot and know nothing of Merlon, for packages to onboard; and a server that hands its agent out. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { freePort } from './free-port.ts';
import { makeNetwork, type SimulatedNetwork } from './hosts.ts';
import { startServer, type TestServer } from './server.ts';
import { bootMachine, type SystemdMachine } from './systemd-machine.ts';
import { eventually } from './wait.ts';

/** For tests alone: the kernel is the test machine's too, so each agent speaks for its own network only. */
const DROP_IN = '[Service]\nEnvironment=MERLON_SENSOR_SCOPE=netns\n';
const CONNECTED_WITHIN_MS = 40_000;

export interface FreshHost extends SystemdMachine {
  readonly name: string;
  /** Runs a command that must succeed, and resolves to what it printed. */
  inside(command: string, ...args: string[]): Promise<string>;
  /** Brings the files of a package below a folder there. */
  bring(made: { readonly files: readonly string[]; readonly folder: string }, to: string): void;
  /** Resolves when its service is active and the server heard of it. */
  reporting(): Promise<DeviceStanding>;
}

export interface DeviceStanding {
  readonly deviceId: string;
  readonly computerName: string;
  readonly state: string;
  readonly packageId: string;
}

export interface OnboardingSite {
  readonly server: TestServer;
  readonly token: string;
  host(name: string): Promise<FreshHost>;
  /** `merlon package …`, and where its files lie. */
  package(
    ...args: string[]
  ): Promise<{ packageId: string; files: string[]; folder: string; expiresAt: string }>;
  standing(name: string): Promise<DeviceStanding | undefined>;
  dispose(): Promise<void>;
}

export async function onboardingSite(): Promise<OnboardingSite> {
  const work = mkdtempSync(join(tmpdir(), 'merlon-site-'));
  const network: SimulatedNetwork = makeNetwork();
  const hosts: FreshHost[] = [];
  const port = await freePort();
  const server = await startServer({
    env: { MERLON_PUBLIC_URL: `https://${network.address}:${port}`, MERLON_PORT: String(port) },
  });
  const token = await server.token(await server.createApp('Machine.Read.All', 'AccessManagement.Read.All'));
  const standing = async (name: string): Promise<DeviceStanding | undefined> =>
    (await server.call('/api/merlon/onboarding/devices', { token }))
      .json()
      .value.find((one: DeviceStanding) => one.computerName === name && one.state !== 'Superseded');
  return {
    server,
    token,
    standing,
    async host(name) {
      const machine = await bootMachine(network.machine(name), mkdtempSync(join(work, 'host-')));
      const inside = async (command: string, ...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await machine.run(command, ...args);
        if (code !== 0) throw new Error(`${name}: ${command} ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
        return stdout.trim();
      };
      machine.put('/etc/systemd/system/merlon-agent.service.d/test.conf', DROP_IN);
      // Each is its own machine, not a clone of the one it is a layer upon.
      await inside('sh', '-c', 'rm -f /etc/machine-id && systemd-machine-id-setup');
      let log = '';
      const host: FreshHost = {
        ...machine,
        name,
        inside,
        bring(made, to) {
          for (const file of made.files)
            machine.put(join(to, relative(made.folder, file)), readFileSync(file), 0o700);
        },
        async reporting() {
          const { value } = await eventually(
            `${name} reports`,
            async () => {
              log = (await machine.run('journalctl', '-b', '-u', 'merlon-agent', '-n', '40', '--no-pager'))
                .stdout;
              const now = await standing(name);
              return now?.state === 'Reporting' ? now : null;
            },
            { withinMs: CONNECTED_WITHIN_MS, everyMs: 250, lastSeen: () => log },
          );
          return value;
        },
      };
      hosts.push(host);
      return host;
    },
    async package(...args) {
      const folder = mkdtempSync(join(work, 'package-'));
      const made = await server.cli('package', '--os', 'linux', '--out', folder, ...args);
      return { ...made, folder };
    },
    async dispose() {
      for (const host of hosts) await host.off();
      await server.dispose();
      network.remove();
      rmSync(work, { recursive: true, force: true });
    },
  };
}
