/** A server, and a machine of its own beside it on which the real agent is onboarded and connected. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LiveResponseCommand } from '@merlon/contract';
import { AGENT_EXECUTABLE } from './build-agent-once.ts';
import { freePort } from './free-port.ts';
import { makeNetwork, type SimulatedMachine, type SimulatedNetwork } from './hosts.ts';
import { startServer, type TestServer } from './server.ts';
import { eventually } from './wait.ts';

export interface OnboardedMachine {
  readonly server: TestServer;
  readonly host: SimulatedMachine;
  /** Of the server, as the machine reaches it. */
  readonly serverAddress: string;
  /** An application's, with the permissions that were asked for. */
  readonly token: string;
  readonly deviceId: string;
  /** A folder for the test, gone with the machine. */
  readonly work: string;
  /** What `merlon-agent` needs to find its own. */
  readonly env: NodeJS.ProcessEnv;
  /** What the agent printed so far. */
  output(): string;
  /** Orders something, and fails when it is not taken. Resolves to the machine action. */
  order(verb: string, body?: object): Promise<{ id: string }>;
  action(id: string): Promise<MachineActionFacts>;
  /** The action once it is over. */
  ended(id: string, withinMs?: number): Promise<MachineActionFacts>;
  /** Rows of a hunting query once it has any. */
  hunted(query: string, withinMs?: number): Promise<Record<string, unknown>[]>;
  startAgent(): void;
  /** The agent's process, of the last start. */
  agent(): ChildProcess;
  /** Ends the agent as a service manager does. */
  stopAgent(): Promise<void>;
  dispose(): Promise<void>;
}

export interface MachineActionFacts {
  readonly id: string;
  readonly status: string;
  readonly troubleshootInfo: string | null;
  /** Of live response; no other kind has any. */
  readonly commands: readonly LiveResponseCommand[];
}

const CONNECTED_WITHIN_MS = 20_000;

export async function onboardMachine(...permissions: readonly string[]): Promise<OnboardedMachine> {
  const network: SimulatedNetwork = makeNetwork();
  const work = mkdtempSync(join(tmpdir(), 'merlon-journey-'));
  let server: TestServer | undefined;
  let agent: ChildProcess | undefined;
  let printed = '';
  const dispose = async () => {
    await stopAgent();
    await server?.dispose();
    network.remove();
    rmSync(work, { recursive: true, force: true });
  };
  const env = {
    ...process.env,
    MERLON_AGENT_HOME: join(work, 'agent'),
    MERLON_AGENT_CONFIG: join(work, 'etc'),
    MERLON_SENSOR_SCOPE: 'netns',
  };
  async function stopAgent() {
    if (!agent || agent.exitCode !== null || agent.signalCode !== null) return;
    const ended = new Promise((resolve) => agent?.once('exit', resolve));
    agent.kill('SIGTERM');
    await ended;
  }
  try {
    const host = network.machine('host');
    const port = await freePort();
    const started = await startServer({
      env: { MERLON_PUBLIC_URL: `https://${network.address}:${port}`, MERLON_PORT: String(port) },
    });
    server = started;
    const call = async (path: string, json?: object) => {
      const answer = await started.call(path, { token, ...(json ? { json } : {}) });
      return { status: answer.status, body: answer.json() };
    };
    const token = await started.token(
      await started.createApp('Machine.Read.All', 'AdvancedQuery.Read.All', ...permissions),
    );
    const startAgent = () => {
      // `ip netns exec` gives the machine a /sys of its own, without the cgroups that a real one has there.
      agent = host.start(
        'sh',
        ['-c', 'mount -t cgroup2 none /sys/fs/cgroup && exec "$0" run', AGENT_EXECUTABLE],
        { env },
      );
      for (const stream of [agent.stdout, agent.stderr])
        stream?.on('data', (data) => {
          printed += data;
        });
    };
    const made = await started.cli('package', '--os', 'linux', '--tool', 'json', '--out', work);
    const onboarded = await host.run(AGENT_EXECUTABLE, ['onboard', '--package', made.files[0]], { env });
    if (onboarded.code !== 0) throw new Error(`onboarding failed: ${onboarded.stderr}${onboarded.stdout}`);
    startAgent();
    const deviceId = (await call('/api/machines')).body.value[0].id as string;
    const lastSeen = () => printed.slice(-3_000);
    const action = async (id: string) => (await call(`/api/machineactions/${id}`)).body;
    await eventually(
      'the agent is connected',
      async () =>
        (await started.call('/metrics', { token })).text.includes('merlon_devices_connected 1') || null,
      { withinMs: CONNECTED_WITHIN_MS, lastSeen },
    );
    return {
      server: started,
      host,
      serverAddress: network.address,
      token,
      deviceId,
      work,
      env,
      output: () => printed,
      action,
      startAgent,
      agent: () => {
        if (!agent) throw new Error('the agent was not started');
        return agent;
      },
      stopAgent,
      dispose,
      async order(verb, body = {}) {
        const answer = await call(`/api/machines/${deviceId}/${verb}`, { Comment: 'a journey', ...body });
        if (answer.status !== 201 && answer.status !== 200)
          throw new Error(`${verb} was not taken: ${JSON.stringify(answer.body)}`);
        return answer.body;
      },
      ended: async (id, withinMs = 60_000) =>
        (
          await eventually(
            `machine action ${id} ends`,
            async () => {
              const now = await action(id);
              return now.status === 'Pending' || now.status === 'InProgress' ? null : now;
            },
            { withinMs, lastSeen },
          )
        ).value,
      hunted: async (Query, withinMs = 20_000) =>
        (
          await eventually(
            `rows of ${Query}`,
            async () => {
              const { body } = await call('/api/advancedqueries/run', { Query });
              return body.Results?.length > 0 ? body.Results : null;
            },
            { withinMs, lastSeen },
          )
        ).value,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
