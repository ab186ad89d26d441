/** Scan, investigation package and offboarding for real: a server, a machine with the real agent, and what is left on either side. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_EXECUTABLE } from '../support/build-agent-once.ts';
import { whyNoNetwork } from '../support/hosts.ts';
import { type OnboardedMachine, onboardMachine } from '../support/onboarded-machine.ts';
import { unzip } from '../support/unzip.ts';
import { eventually } from '../support/wait.ts';

const why = whyNoNetwork();
if (why) console.log(`forensics are not run: ${why}`);

describe.skipIf(why)('forensics', () => {
  let machine: OnboardedMachine;

  beforeAll(async () => {
    machine = await onboardMachine(
      'Machine.Scan',
      'Machine.CollectForensics',
      'Machine.Offboard',
      'Machine.Isolate',
      'Alert.Read.All',
    );
  });
  afterAll(async () => {
    await machine?.dispose();
  });

  it("finds by the tenant's rules, which reach the device in seconds, and raises an alert", async () => {
    const { server, work, order, ended, hunted, deviceId, token } = machine;
    const rules = join(work, 'pirates.yar');
    writeFileSync(rules, 'rule jolly_roger { strings: $a = "a flag with a skull" condition: $a }');
    const loot = join(work, 'loot');
    mkdirSync(loot);
    writeFileSync(join(loot, 'flag.txt'), 'here is a flag with a skull on it');
    writeFileSync(join(loot, 'harmless.txt'), 'here is nothing');
    await server.cli('yara', 'set', 'pirates', rules);
    // The scan takes what is in force when it begins, and content is told, not pushed into an order: asked again until it is there.
    const { value: done } = await eventually(
      'the rules are in force',
      async () => {
        const action = await ended(
          (await order('runAntiVirusScan', { ScanType: 'Custom', Paths: [loot] })).id,
        );
        expect(action).toMatchObject({ status: 'Succeeded', scope: 'Custom' });
        const rows = await hunted(
          `DeviceEvents | where ActionType == 'AntivirusScanCompleted' | where AdditionalFields has '${action.id}'`,
        );
        expect(rows).toHaveLength(1);
        const found = await server.call('/api/advancedqueries/run', {
          token,
          json: {
            Query: `DeviceEvents | where ActionType == 'AntivirusDetection' | where AdditionalFields has '${action.id}'`,
          },
        });
        return found.json().Results.length > 0 ? action : null;
      },
      { withinMs: 30_000, lastSeen: machine.output },
    );
    const [row] = await hunted(
      `DeviceEvents | where ActionType == 'AntivirusDetection' and AdditionalFields has '${done.id}' | project FolderPath, FileName, SHA256, Threat = tostring(parse_json(AdditionalFields).ThreatName)`,
    );
    expect(row).toMatchObject({
      FileName: 'flag.txt',
      FolderPath: join(loot, 'flag.txt'),
      SHA256: expect.stringMatching(/^[0-9a-f]{64}$/),
      Threat: 'YARA:pirates.jolly_roger',
    });
    await eventually(
      'an alert is raised',
      async () =>
        (await server.call(`/api/machines/${deviceId}/alerts`, { token }))
          .json()
          .value.some(({ title }: { title: string }) => title === 'Malware found on the device'),
      { withinMs: 20_000 },
    );
  });

  it('refuses rules that do not compile, with the words of the compiler', async () => {
    const bad = join(machine.work, 'bad.yar');
    writeFileSync(bad, 'rule x { condition: nothing_of_that_name }');
    const refused = await machine.server.command(['yara', 'set', 'bad', bad]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('nothing_of_that_name');
  });

  it('breaks off a scan of everything when it is cancelled', async () => {
    const { server, token, order, action, ended } = machine;
    const { id } = await order('runAntiVirusScan', { ScanType: 'Full' });
    await eventually('it runs', async () => (await action(id)).status === 'InProgress', { withinMs: 10_000 });
    const cancelled = await server.call(`/api/machineactions/${id}/cancel`, {
      token,
      json: { Comment: 'enough' },
    });
    expect(cancelled.status).toBe(200);
    expect(await ended(id, 15_000)).toMatchObject({ status: 'Cancelled', cancellationComment: 'enough' });
  });

  it('goes on with a scan after the agent was stopped in the middle of it', async () => {
    const { order, action, ended, stopAgent, startAgent, work } = machine;
    const many = join(work, 'many');
    mkdirSync(many);
    for (let i = 0; i < 600; i++) writeFileSync(join(many, String(i)), `file ${i}`);
    const { id } = await order('runAntiVirusScan', { ScanType: 'Custom', Paths: [many] });
    await eventually('it runs', async () => (await action(id)).status === 'InProgress', { withinMs: 10_000 });
    await stopAgent();
    startAgent();
    expect(await ended(id)).toMatchObject({ status: 'Succeeded' });
  });

  it('collects a package that holds what it must', async () => {
    const { server, token, order, ended, work } = machine;
    const early = await order('collectInvestigationPackage');
    expect(await ended(early.id, 120_000)).toMatchObject({ status: 'Succeeded', troubleshootInfo: null });
    const link = await server.call(`/api/machineactions/${early.id}/getPackageUri`, { token });
    expect(link.status, link.text).toBe(200);
    const answer = await server.call(
      new URL(link.json().value.replace(/^"|"$/g, '')).href.slice(server.url.length),
    );
    expect(answer.status).toBe(200);
    const zip = await unzip(answer.bytes);
    const folders = new Set([...zip.keys()].map((name) => name.split('/')[0]));
    expect([...folders]).toEqual(
      expect.arrayContaining([
        'Autoruns',
        'NetworkConnections',
        'Firewall',
        'Processes',
        'SystemInformation',
        'SystemSecurity',
        'TempDirectories',
        'UsersAndGroups',
        'CollectionSummaryReport.txt',
      ]),
    );
    expect(zip.get('UsersAndGroups/etc/passwd')).toContain('root:');
    expect(zip.get('Processes/processes.jsonl')).toContain('merlon-agent');
    expect(zip.get('NetworkConnections/addresses.txt')).toContain(machine.host.address);
    expect(zip.get('CollectionSummaryReport.txt')).toMatch(/^Collected\tUsersAndGroups\t/m);
    expect([...zip.keys()].some((name) => name.endsWith('/shadow'))).toBe(false);
    expect(readdirSync(join(work, 'agent', 'packages'))).toEqual([]);
  });

  it('does not offboard a device that is isolated, and says why', async () => {
    const { order, ended } = machine;
    expect(await ended((await order('isolate')).id)).toMatchObject({ status: 'Succeeded' });
    expect(await ended((await order('offboard')).id)).toMatchObject({
      status: 'Failed',
      troubleshootInfo: expect.stringContaining('isolated'),
    });
    expect(await ended((await order('unisolate')).id)).toMatchObject({ status: 'Succeeded' });
  });

  it('offboards: the server knows, and the device forgets who it was', async () => {
    const { order, ended, work, host, env } = machine;
    expect(await ended((await order('offboard')).id)).toMatchObject({ status: 'Succeeded' });
    await eventually('the key is gone', async () => !existsSync(join(work, 'agent', 'device.key')), {
      withinMs: 10_000,
      lastSeen: machine.output,
    });
    const health = await host.run(AGENT_EXECUTABLE, ['health', '--output', 'json'], { env });
    expect(JSON.parse(health.stdout)).toMatchObject({ onboarding_state: 'Offboarded' });
    await expect(order('isolate')).rejects.toThrow(/offboarded/);
  });
});
