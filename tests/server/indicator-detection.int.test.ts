/** Indicators in events: in those that arrive, and in those that were there before. */
import { readFileSync } from 'node:fs';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const sha256 = (seed: number) => seed.toString(16).padStart(64, '0');
const HOUR_MS = 3_600_000;

describe('indicators in events', () => {
  let server: TestServer;
  let token: string;
  let device: DeviceClient;
  let red: DeviceClient;

  const post = async (path: string, json: object) => {
    const answer = await server.call(path, { token, json });
    expect(answer.status, answer.text).toBe(200);
    return answer.json();
  };
  const submit = (more: object) =>
    post('/api/indicators', {
      indicatorType: 'FileSha256',
      action: 'Alert',
      title: 'title',
      description: 'description',
      ...more,
    });
  const alerts = async (title: string) =>
    (
      await server.call(`/api/alerts?$expand=evidence&$filter=title%20eq%20'${encodeURIComponent(title)}'`, {
        token,
      })
    ).json().value as {
      id: string;
      machineId: string;
      firstEventTime: string;
      evidence: Record<string, unknown>[];
      [property: string]: unknown;
    }[];
  const alerted = async (title: string, count = 1) =>
    (
      await eventually(
        `an alert "${title}"`,
        async () => {
          const found = await alerts(title);
          return found.length >= count ? found : null;
        },
        { withinMs: 15_000 },
      )
    ).value;
  const time = (agoMs = 0) => nowIso7(new Date(Date.now() - agoMs));
  const process = (hash: string, agoMs = 0) => ({
    Table: 'DeviceProcessEvents',
    Timestamp: time(agoMs),
    ActionType: 'ProcessCreated',
    ProcessId: 77,
    ProcessCreationTime: time(agoMs),
    FileName: 'tool',
    FolderPath: '/tmp/tool',
    SHA256: hash,
    ProcessCommandLine: '/tmp/tool --do',
    AccountName: 'ann',
    InitiatingProcessId: 5,
    InitiatingProcessCreationTime: time(agoMs + 1_000),
    InitiatingProcessFileName: 'bash',
  });
  const connection = (more: object, agoMs = 0) => ({
    Table: 'DeviceNetworkEvents',
    Timestamp: time(agoMs),
    ActionType: 'ConnectionSuccess',
    RemotePort: 443,
    Protocol: 'Tcp',
    InitiatingProcessId: 78,
    InitiatingProcessFileName: 'curl',
    InitiatingProcessCreationTime: time(agoMs + 1_000),
    ...more,
  });

  beforeAll(async () => {
    server = await startServer();
    token = await server.token(
      await server.createApp('Ti.ReadWrite.All', 'Alert.Read.All', 'AdvancedQuery.Read.All'),
    );
    const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    const onboarding: OnboardingPackage = JSON.parse(readFileSync(made.files[0], 'utf8'));
    await server.cli('devicegroup', 'create', '--name', 'Red', '--where', 'name startsWith red-');
    const described = (computerName: string) => ({
      computerName,
      osPlatform: 'Linux',
      osVersion: '12',
      osArchitecture: '64-bit' as const,
      osProcessor: 'x64',
      agentVersion: 'test',
    });
    device = await enrolDevice(onboarding, described('plain-1'));
    red = await enrolDevice(onboarding, described('red-1'));
  });
  afterAll(async () => {
    device?.close();
    red?.close();
    await server?.dispose();
  });

  it('raise an alert that says what the indicator says, with what was met', async () => {
    await submit({
      indicatorValue: sha256(1),
      title: 'a known tool',
      description: 'seen elsewhere',
      severity: 'Medium',
      recommendedActions: 'look at it',
    });
    await device.send([process(sha256(1))]);
    const [alert] = await alerted('a known tool');
    expect(alert).toMatchObject({
      machineId: device.deviceId,
      description: 'seen elsewhere',
      severity: 'Medium',
      recommendedAction: 'look at it',
      detectionSource: 'CustomerTI',
      category: 'SuspiciousActivity',
      status: 'New',
    });
    expect(alert?.evidence).toContainEqual(
      expect.objectContaining({ entityType: 'Process', sha256: sha256(1), fileName: 'tool' }),
    );
    // The same again is the same matter.
    await device.send([process(sha256(1))]);
    await submit({ indicatorValue: sha256(2), title: 'the next one' });
    await device.send([process(sha256(2))]);
    await alerted('the next one');
    expect(await alerts('a known tool')).toHaveLength(1);
  });

  it('are addresses, names with those below them, and URLs', async () => {
    await post('/api/indicators/import', {
      Indicators: [
        ['IpAddress', '192.0.2.66', 'an address'],
        ['DomainName', 'evil.example', 'a name'],
        ['Url', 'http://shared.example/bad', 'a page'],
      ].map(([indicatorType, indicatorValue, title]) => ({
        indicatorType,
        indicatorValue,
        title,
        action: 'AlertAndBlock',
        description: '',
      })),
    });
    await device.send([
      connection({ RemoteIP: '192.0.2.66' }),
      connection({ RemoteIP: '192.0.2.1', RemoteUrl: 'cdn.evil.example' }),
      connection({ RemoteIP: '192.0.2.2', RemoteUrl: 'https://shared.example/bad/thing' }),
      connection({ RemoteIP: '192.0.2.3', RemoteUrl: 'https://shared.example/good' }),
    ]);
    for (const title of ['an address', 'a name', 'a page']) expect(await alerted(title)).toHaveLength(1);
    expect((await alerts('a page'))[0]?.evidence).not.toContainEqual(
      expect.objectContaining({ url: 'https://shared.example/good' }),
    );
  });

  it('say nothing when they are allowed, block in silence, are for other devices, or are gone', async () => {
    await submit({ indicatorValue: sha256(11), title: 'allowed', action: 'Allowed' });
    await submit({ indicatorValue: sha256(12), title: 'blocked in silence', action: 'Block' });
    await submit({ indicatorValue: sha256(13), title: 'for red', rbacGroupNames: ['Red'] });
    const { id } = await submit({ indicatorValue: sha256(14), title: 'gone' });
    expect((await server.call(`/api/indicators/${id}`, { method: 'DELETE', token })).status).toBe(204);
    await submit({ indicatorValue: sha256(15), title: 'the last of them' });
    await device.send([11, 12, 13, 14, 15].map((seed) => process(sha256(seed))));
    await alerted('the last of them');
    for (const title of ['allowed', 'blocked in silence', 'for red', 'gone'])
      expect(await alerts(title), title).toEqual([]);
    await red.send([process(sha256(13))]);
    expect((await alerted('for red')).map(({ machineId }) => machineId)).toEqual([red.deviceId]);
  });

  it('are looked for in past events when they are new, and found with the time of the event', async () => {
    await device.send([
      process(sha256(21), 50 * HOUR_MS),
      process(sha256(22), 50 * HOUR_MS),
      process(sha256(23), 50 * HOUR_MS),
      connection({ RemoteIP: '198.51.100.9', RemoteUrl: 'a.b.past.example' }, 30 * HOUR_MS),
      connection({ RemoteIP: '::ffff:198.51.100.77' }, 29 * HOUR_MS),
    ]);
    await red.send([process(sha256(21), 3 * HOUR_MS)]);
    await eventually(
      'the events are kept',
      async () =>
        (
          await post('/api/advancedqueries/run', {
            Query: `union DeviceProcessEvents, DeviceNetworkEvents | where Timestamp < ago(2h) | count`,
          })
        ).Results[0].Count === 6,
      { withinMs: 15_000 },
    );
    await post('/api/indicators/import', {
      Indicators: [
        { indicatorType: 'FileSha256', indicatorValue: sha256(21), title: 'past file', action: 'Alert' },
        {
          indicatorType: 'FileSha256',
          indicatorValue: sha256(22),
          title: 'too long ago',
          action: 'Alert',
          lookBackPeriod: 'P2D',
        },
        {
          indicatorType: 'FileSha256',
          indicatorValue: sha256(23),
          title: 'not asked for',
          action: 'Alert',
          historicalDetection: false,
        },
        { indicatorType: 'DomainName', indicatorValue: 'past.example', title: 'past name', action: 'Alert' },
        {
          indicatorType: 'IpAddress',
          indicatorValue: '198.51.100.77',
          title: 'past address',
          action: 'Audit',
          generateAlert: true,
        },
      ].map((one) => ({ description: 'd', ...one })),
    });
    const found = await alerted('past file', 2);
    expect(found.map(({ machineId }) => machineId).sort()).toEqual([device.deviceId, red.deviceId].sort());
    const ago = (alert: { firstEventTime: string } | undefined) =>
      Math.round((Date.now() - Date.parse(alert?.firstEventTime ?? '')) / HOUR_MS);
    expect(ago(found.find(({ machineId }) => machineId === device.deviceId))).toBe(50);
    expect(ago(found.find(({ machineId }) => machineId === red.deviceId))).toBe(3);
    expect(ago((await alerted('past name'))[0])).toBe(30);
    expect(ago((await alerted('past address'))[0])).toBe(29);
    expect(await alerts('too long ago')).toEqual([]);
    expect(await alerts('not asked for')).toEqual([]);
  });
});
