/** Files, addresses, domains, accounts and the devices that saw them, from what a fleet really sent; and what is said of devices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
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
  it('say of a file what hunting says', async () => {
    const [told] = await hunt(
      'DeviceProcessEvents | where isnotempty(SHA1) | union (DeviceFileEvents | where isnotempty(SHA1)) | summarize Devices = dcount(DeviceId) by SHA1 | top 1 by Devices',
    );
    const file = await get(`/api/files/${told?.SHA1}`);
    expect(file.status, file.text).toBe(200);
    expect(file.body['@odata.context']).toBe(`${server.url}/api/$metadata#Files/$entity`);
    const stats = (await get(`/api/v1.0/files/${file.body.sha1.toUpperCase()}/stats?lookBackHours=720`)).body;
    expect(stats.organizationPrevalence).toBeGreaterThanOrEqual(Number(told?.Devices));
    expect(stats.orgPrevalence).toBe(String(stats.organizationPrevalence));
    const machines = (await get(`/api/files/${file.body.sha1}/machines`)).body.value;
    expect(machines.length).toBeGreaterThan(0);
    expect((await get(`/api/files/${file.body.sha1}/alerts`)).status).toBe(200);
  });

  it('say of an address what hunting says', async () => {
    const [told] = await hunt(
      'DeviceNetworkEvents | where isnotempty(RemoteIP) | summarize Devices = dcount(DeviceId), First = min(Timestamp), Last = max(Timestamp) by RemoteIP | top 1 by Devices',
    );
    const stats = await get(`/api/ips/${told?.RemoteIP}/stats`);
    expect(stats.status, stats.text).toBe(200);
    expect(stats.body.organizationPrevalence).toBeGreaterThanOrEqual(Number(told?.Devices));
    expect((await get(`/api/ips/${told?.RemoteIP}`)).body.id).toBe(told?.RemoteIP);
    expect((await get(`/api/ips/${told?.RemoteIP}/machines`)).body.value.length).toBeGreaterThan(0);
    expect((await get(`/api/ips/${told?.RemoteIP}/alerts`)).status).toBe(200);
  });

  it('know accounts, their devices, and the accounts of a device', async () => {
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
  });

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

describe('devices', () => {
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
