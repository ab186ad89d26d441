/** Files, addresses, domains, accounts and the devices that saw them, from what a fleet really sent; and what is said of devices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { onceFolded } from '../support/once-folded.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

let server: TestServer;
let fleet: DemoFleet;
let token: string;

const call = async (method: string, path: string, json?: unknown) => {
  const answer = await server.call(path, { method, token, ...(json === undefined ? {} : { json }) });
  return { status: answer.status, text: answer.text, body: answer.text === '' ? null : answer.json() };
};
const get = (path: string) => call('GET', path);
const hunt = async (Query: string) =>
  (await call('POST', '/api/advancedqueries/run', { Query })).body.Results as Record<string, string>[];

beforeAll(async () => {
  server = await startServer();
  fleet = await startDemoFleet(server);
  token = await server.token(
    await server.createApp(
      'File.Read.All',
      'Ip.Read.All',
      'URL.Read.All',
      'User.Read.All',
      'Machine.ReadWrite.All',
      'Alert.Read.All',
      'AdvancedQuery.Read.All',
      'Software.Read.All',
      'Vulnerability.Read.All',
      'SecurityRecommendation.Read.All',
    ),
  );
  await eventually('events', async () => (await hunt('DeviceLogonEvents | take 1')).length === 1, {
    withinMs: 30_000,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
});

describe('entities', () => {
  it('say of a file what hunting says', () =>
    onceFolded(async () => {
      const [told] = await hunt(
        'DeviceProcessEvents | where isnotempty(SHA1) | union (DeviceFileEvents | where isnotempty(SHA1)) | summarize Devices = dcount(DeviceId) by SHA1 | top 1 by Devices',
      );
      const file = await get(`/api/files/${told?.SHA1}`);
      expect(file.status, file.text).toBe(200);
      expect(file.body['@odata.context']).toBe(`${server.url}/api/$metadata#Files/$entity`);
      const stats = (await get(`/api/v1.0/files/${file.body.sha1.toUpperCase()}/stats?lookBackHours=720`))
        .body;
      expect(stats.organizationPrevalence).toBeGreaterThanOrEqual(Number(told?.Devices));
      expect(stats.orgPrevalence).toBe(String(stats.organizationPrevalence));
      const machines = (await get(`/api/files/${file.body.sha1}/machines`)).body.value;
      expect(machines.length).toBeGreaterThan(0);
      expect((await get(`/api/files/${file.body.sha1}/alerts`)).status).toBe(200);
    }));

  it('say of an address what hunting says', () =>
    onceFolded(async () => {
      const [told] = await hunt(
        'DeviceNetworkEvents | where isnotempty(RemoteIP) | summarize Devices = dcount(DeviceId), First = min(Timestamp), Last = max(Timestamp) by RemoteIP | top 1 by Devices',
      );
      const stats = await get(`/api/ips/${told?.RemoteIP}/stats`);
      expect(stats.status, stats.text).toBe(200);
      expect(stats.body.organizationPrevalence).toBeGreaterThanOrEqual(Number(told?.Devices));
      expect((await get(`/api/ips/${told?.RemoteIP}`)).body.id).toBe(told?.RemoteIP);
      expect((await get(`/api/ips/${told?.RemoteIP}/machines`)).body.value.length).toBeGreaterThan(0);
      expect((await get(`/api/ips/${told?.RemoteIP}/alerts`)).status).toBe(200);
    }));

  it('know accounts, their devices, and the accounts of a device', () =>
    onceFolded(async () => {
      const [told] = await hunt(
        "DeviceLogonEvents | where ActionType == 'LogonSuccess' | summarize by AccountName, DeviceId | take 1",
      );
      const user = await get(`/api/users/${encodeURIComponent(told?.AccountName ?? '')}`);
      expect(user.status, user.text).toBe(200);
      const machines = (await get(`/api/users/${told?.AccountName}/machines`)).body.value;
      expect(machines.map((one: { id: string }) => one.id)).toContain(told?.DeviceId);
      const users = await get(`/api/machines/${told?.DeviceId}/logonusers`);
      expect(users.status, users.text).toBe(200);
      expect(users.body.value.map((one: { accountName: string }) => one.accountName)).toContain(
        told?.AccountName,
      );
      expect((await get(`/api/users/${told?.AccountName}/alerts`)).status).toBe(200);
    }));

  it.each([
    ['no hash', '/api/files/xyz', 400, 'InvalidHashValue'],
    ['a file nobody saw', `/api/files/${'0'.repeat(40)}`, 404, 'ResourceNotFound'],
    ['statistics of a file nobody saw', `/api/files/${'0'.repeat(64)}/stats`, 404, 'ResourceNotFound'],
    ['no address', '/api/ips/1.2.3/stats', 400, 'InvalidIpAddress'],
    ['an address nobody saw', '/api/ips/192.0.2.250', 404, 'ResourceNotFound'],
    ['too long a time', '/api/ips/192.0.2.250/stats?lookBackHours=721', 400, 'InvalidInput'],
    ['a domain nobody saw', '/api/domains/nobody.example', 404, 'ResourceNotFound'],
    ['no domain', '/api/domains/a%20b/stats', 400, 'InvalidDomainName'],
    ['an account nobody saw', '/api/users/nobody', 404, 'ResourceNotFound'],
    [
      'an old moment',
      "/api/machines/findbyip(ip='10.0.0.1',timestamp=2020-01-01T00:00:00Z)",
      400,
      'InvalidInput',
    ],
    ['no moment', "/api/machines/findbyip(ip='10.0.0.1')", 400, 'MissingRequiredParameter'],
    ['no address', "/api/machines/findbyip(ip='x',timestamp=2026-11-24T10:00:00Z)", 400, 'InvalidIpAddress'],
    ['no moment of old', "/api/machines/find(key='10.0.0.1')", 400, 'MissingRequiredParameter'],
    ['an investigation that is none', '/api/investigations/7', 404, 'ResourceNotFound'],
    ['a filter on what investigations lack', '/api/investigations?$filter=nose eq 1', 400, 'ODataError'],
    ['software of no device', `/api/machines/${'0'.repeat(40)}/software`, 404, 'ResourceNotFound'],
    ['alerts of no device', `/api/machines/${'0'.repeat(40)}/alerts/$count`, 404, 'ResourceNotFound'],
    ['the device of no alert', '/api/alerts/da0_0/machine', 404, 'ResourceNotFound'],
    ['the files of no alert', '/api/alerts/da0_0/files', 404, 'ResourceNotFound'],
  ])('refuse %s', async (_, path, status, code) => {
    const answer = await get(path);
    expect([answer.status, answer.body.error.code], answer.text).toEqual([status, code]);
  });

  it('answer zero for addresses and domains nobody saw', async () => {
    for (const path of ['/api/ips/192.0.2.250/stats', '/api/domains/nobody.example/stats'])
      expect((await get(path)).body).toMatchObject({
        organizationPrevalence: 0,
        orgPrevalence: '0',
        orgFirstSeen: null,
      });
    for (const path of ['/api/domains/nobody.example/machines', '/api/users/nobody/machines'])
      expect((await get(path)).body.value).toEqual([]);
  });
});

describe('alerts', () => {
  const named = (alert: { evidence: Record<string, string | null>[] }, column: string) => [
    ...new Set(alert.evidence.flatMap((one) => (one[column] ? [one[column].toLowerCase()] : []))),
  ];

  it('lead to what they name', async () => {
    const { value: alerts } = await eventually(
      'alerts with evidence',
      async () => {
        const { value } = (await get('/api/alerts?$expand=evidence')).body;
        return value.length > 3 && value;
      },
      { withinMs: 20_000 },
    );
    const met = { files: 0, ips: 0, domains: 0, users: 0, known: 0 };
    for (const alert of alerts) {
      const at = `/api/alerts/${alert.id}`;
      expect((await get(`${at}/machine`)).body.id).toBe(alert.machineId);
      const files = (await get(`${at}/files`)).body.value as Record<string, string | null>[];
      expect(files.map(({ sha1 }) => sha1).sort()).toEqual(named(alert, 'sha1').sort());
      met.files += files.length;
      met.known += files.filter(({ size }) => size !== null).length;
      const ips = (await get(`${at}/ips`)).body.value as { id: string }[];
      expect(ips.map(({ id }) => id).sort()).toEqual(named(alert, 'ipAddress').sort());
      met.ips += ips.length;
      const domains = (await get(`${at}/domains`)).body.value as { host: string }[];
      met.domains += domains.length;
      for (const { host } of domains) expect(named(alert, 'url').join(' ')).toContain(host);
      const user = await get(`${at}/user`);
      if (alert.relatedUser === null && named(alert, 'accountName').length === 0)
        expect(user.status).toBe(404);
      else {
        expect(user.status, user.text).toBe(200);
        met.users++;
        if (alert.relatedUser) expect(user.body.accountName).toBe(alert.relatedUser.userName);
      }
    }
    expect(Math.min(met.files, met.known, met.users), JSON.stringify(met)).toBeGreaterThan(0);
    const { machineId } = alerts[0];
    const count = await get(`/api/machines/${machineId}/alerts/$count`);
    const listed = (await get(`/api/machines/${machineId}/alerts`)).body.value;
    expect([count.status, count.text]).toEqual([200, String(listed.length)]);
    const low = await get(`/api/machines/${machineId}/alerts/$count?$filter=severity eq 'Nonsense'`);
    expect(low.status).toBe(400);
    const resolved = await get(`/api/machines/${machineId}/alerts/$count?$filter=status eq 'Resolved'`);
    expect(resolved.text).toBe('0');
  });
});

describe('devices', () => {
  it('are found by an address they had, by either question', async () => {
    const [told] = await hunt(
      "DeviceNetworkEvents | where isnotempty(LocalIP) and LocalIP !startswith '127.' | project LocalIP, DeviceId, Timestamp | take 1",
    );
    const moment = new Date(told?.Timestamp ?? '').toISOString();
    const ids = async (path: string) => {
      const answer = await get(path);
      expect(answer.status, answer.text).toBe(200);
      return answer.body.value.map((one: { id: string }) => one.id);
    };
    expect(await ids(`/api/machines/findbyip(ip='${told?.LocalIP}',timestamp=${moment})`)).toContain(
      told?.DeviceId,
    );
    expect(await ids(`/api/machines/find(timestamp=${moment},key=${told?.LocalIP})`)).toContain(
      told?.DeviceId,
    );
    expect(await ids(`/api/machines/findbyip(ip='192.0.2.250',timestamp=${moment})`)).toEqual([]);
    expect((await get(`/api/machines/find(timestamp=${moment},key='192.0.2.250')`)).status).toBe(404);
  });

  it('have no known software, weaknesses or missing updates', async () => {
    const [one] = (await get('/api/machines?$top=1')).body.value as { id: string }[];
    for (const [path, context] of [
      [`/api/machines/${one?.id}/software`, 'Software'],
      [
        `/api/machines/${one?.id}/vulnerabilities`,
        'Collection(Analytics.Contracts.PublicAPI.PublicVulnerabilityDto)',
      ],
      [`/api/machines/${one?.id}/recommendations`, 'Recommendations'],
      [
        `/api/machines/${one?.id}/getmissingkbs`,
        'Collection(microsoft.windowsDefenderATP.api.PublicProductFixDto)',
      ],
    ] as const)
      expect((await get(`${path}?$count=true&$top=5`)).body).toEqual({
        '@odata.context': `${server.url}/api/$metadata#${context}`,
        '@odata.count': 0,
        value: [],
      });
  });

  it('are in the groups that the preview lists', async () => {
    expect((await get('/api/machinegroups')).body).toMatchObject({ '@odata.count': 0, value: [] });
    await server.cli('devicegroup', 'create', '--name', 'Windows', '--where', 'name startsWith ws-');
    const { value } = (await get('/testwdatppreview/machinegroups')).body;
    expect(value.map((one: { name: string; ungrouped: boolean }) => [one.name, one.ungrouped])).toEqual([
      ['Windows', false],
      ['UnassignedGroup', true],
    ]);
  });

  it('take tags and a worth, as often as a client says so', async () => {
    const [a, b] = (await get('/api/machines?$top=2')).body.value as { id: string }[];
    for (let i = 0; i < 2; i++) {
      const tagged = await call('POST', `/api/machines/${a?.id}/tags`, { Value: 'red', Action: 'Add' });
      expect(tagged.status, tagged.text).toBe(200);
      expect(tagged.body.machineTags.filter((tag: string) => tag === 'red')).toEqual(['red']);
    }
    const both = await call('POST', '/api/machines/AddOrRemoveTagForMultipleMachines', {
      Value: 'blue',
      Action: 'Add',
      MachineIds: [a?.id, b?.id],
    });
    expect(both.body.value.length, both.text).toBe(2);
    expect(
      (await call('POST', `/api/machines/${a?.id}/setDeviceValue`, { DeviceValue: 'High' })).body.deviceValue,
    ).toBe('High');
    const updated = await call('PATCH', `/api/machines/${a?.id}`, { machineTags: ['x'], deviceValue: 'Low' });
    expect(updated.body.deviceValue).toBe('Low');
    expect(updated.body.machineTags).toContain('x');
    expect(updated.body.machineTags).not.toContain('red');
    expect(
      (await call('POST', `/api/machines/${a?.id}/tags`, { Value: 'x', Action: 'Remove' })).body.machineTags,
    ).not.toContain('x');
  });

  it.each([
    [
      'an unknown device',
      { Value: 'x', Action: 'Add', MachineIds: ['0'.repeat(40)] },
      404,
      'ResourceNotFound',
    ],
    [
      'too many',
      {
        Value: 'x',
        Action: 'Add',
        MachineIds: Array.from({ length: 501 }, (_, i) => String(i).padStart(40, '0')),
      },
      400,
      'MaximumBatchSizeExceeded',
    ],
    ['an unknown action', { Value: 'x', Action: 'Set', MachineIds: [] }, 400, 'InvalidInput'],
  ])('refuse %s', async (_, body, status, code) => {
    const answer = await call('POST', '/api/machines/AddOrRemoveTagForMultipleMachines', body);
    expect([answer.status, answer.body.error.code], answer.text).toEqual([status, code]);
  });
});
