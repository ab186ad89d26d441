/** Every kind of order through the front door, to devices that do what they are told, and to devices that do not. */
import { readFile } from 'node:fs/promises';
import type { OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import {
  type DeviceBehaviour,
  type SimulatedOutcome,
  simulatedResponse,
} from '../../server/src/demo/simulated-response.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const permissions = [
  'Machine.Read.All',
  'Machine.Isolate',
  'Machine.RestrictExecution',
  'Machine.Scan',
  'Machine.StopAndQuarantine',
  'Machine.CollectForensics',
  'Machine.Offboard',
  'Alert.Read.All',
];
const until = async <T>(what: string, probe: () => Promise<T>) =>
  (await eventually(what, probe, { withinMs: 10_000 })).value as Exclude<T, null | false>;
const sha1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';

describe('orders', () => {
  let server: TestServer;
  let onboarding: OnboardingPackage;
  let token: string;
  const devices: DeviceClient[] = [];
  let made = 0;

  const describeDevice = () => ({
    computerName: `order-${++made}.example`,
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit' as const,
    osProcessor: 'x64',
    agentVersion: '0.1.0',
  });
  /** A device that is connected, and does what it is told but for what is given. */
  const device = async (behaviour: Partial<DeviceBehaviour> = {}) => {
    const description = describeDevice();
    const client = await enrolDevice(onboarding, description, {
      ...simulatedResponse(description),
      ...behaviour,
    });
    devices.push(client);
    await client.attend();
    return client;
  };
  const post = async (path: string, json: object) => {
    const answer = await server.call(path, { token, json });
    return { status: answer.status, body: answer.json() };
  };
  const order = (id: string, verb: string, more: object = {}) =>
    post(`/api/machines/${id}/${verb}`, { Comment: 'why', ...more });
  const action = async (id: string) => (await server.call(`/api/machineactions/${id}`, { token })).json();
  const ended = (id: string) =>
    until('the action ends', async () => {
      const now = await action(id);
      return now.status === 'Pending' || now.status === 'InProgress' ? null : now;
    });
  const alertsOf = async (id: string) =>
    (await server.call(`/api/machines/${id}/alerts`, { token })).json().value as {
      title: string;
      description: string;
    }[];

  beforeAll(async () => {
    server = await startServer();
    token = await server.token(await server.createApp(...permissions));
    const { files } = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    onboarding = JSON.parse(await readFile(files[0], 'utf8'));
  });
  afterAll(async () => {
    for (const one of devices) one.close();
    await server?.dispose();
  });

  it.each([
    [
      'isolate',
      { IsolationType: 'Selective' },
      { type: 'Isolate', scope: 'Selective', title: 'Isolate device' },
    ],
    ['unisolate', {}, { type: 'Unisolate', scope: null }],
    ['restrictCodeExecution', {}, { type: 'RestrictCodeExecution' }],
    ['unrestrictCodeExecution', {}, { type: 'UnrestrictCodeExecution' }],
    ['runAntiVirusScan', { ScanType: 'Quick' }, { type: 'RunAntiVirusScan', scope: 'Quick' }],
    [
      'runAntiVirusScan',
      { ScanType: 'Custom', Paths: ['/opt'] },
      { type: 'RunAntiVirusScan', scope: 'Custom' },
    ],
    [
      'StopAndQuarantineFile',
      { Sha1: sha1.toUpperCase() },
      {
        type: 'StopAndQuarantineFile',
        relatedFileInfo: { fileIdentifier: sha1, fileIdentifierType: 'Sha1' },
      },
    ],
    ['collectInvestigationPackage', {}, { type: 'CollectInvestigationPackage' }],
  ])('%s %o is carried out and proven', async (verb, more, expected) => {
    const { deviceId } = await device();
    const { status, body } = await order(deviceId, verb, more);
    expect(status, JSON.stringify(body)).toBe(201);
    expect(body).toMatchObject({
      ...expected,
      status: 'Pending',
      machineId: deviceId,
      requestorComment: 'why',
    });
    expect(await ended(body.id)).toMatchObject({ ...expected, status: 'Succeeded', troubleshootInfo: null });
  });

  it('restores what was quarantined, and says why it cannot', async () => {
    const { deviceId } = await device();
    const early = await order(deviceId, 'restoreQuarantinedFile', { Sha1: sha1 });
    expect(await ended(early.body.id)).toMatchObject({
      status: 'Failed',
      troubleshootInfo: 'no file of that hash is in quarantine',
    });
    await ended((await order(deviceId, 'StopAndQuarantineFile', { Sha1: sha1 })).body.id);
    const restored = await order(deviceId, 'restoreQuarantinedFile', { Sha1: sha1 });
    expect(await ended(restored.body.id)).toMatchObject({ status: 'Succeeded' });
  });

  it('offboards: the device is known, takes no more orders, and its key opens nothing', async () => {
    const client = await device();
    const { status, body } = await order(client.deviceId, 'offboard');
    expect(status).toBe(200);
    expect(await ended(body.id)).toMatchObject({ status: 'Succeeded' });
    expect(await order(client.deviceId, 'isolate')).toMatchObject({
      status: 400,
      body: { error: { code: 'BadRequest', message: expect.stringContaining('offboarded') } },
    });
    await expect(
      client.send([{ Table: 'DeviceEvents', Timestamp: new Date().toISOString(), ActionType: 'x' }]),
    ).rejects.toThrow(/offboarded/);
  });

  it.each([
    ['runAntiVirusScan', {}, 'MissingRequiredParameter', /ScanType/],
    ['runAntiVirusScan', { ScanType: 'Deep' }, 'InvalidInput', /Quick.*Full.*Custom/],
    ['runAntiVirusScan', { ScanType: 'Custom' }, 'InvalidInput', /Paths/],
    ['runAntiVirusScan', { ScanType: 'Quick', Paths: ['/x'] }, 'InvalidInput', /Paths/],
    ['runAntiVirusScan', { ScanType: 'Custom', Paths: ['etc'] }, 'InvalidInput', /absolute.*etc/],
    ['StopAndQuarantineFile', { Sha1: 'abc' }, 'InvalidHashValue', /40 hex/],
    ['StopAndQuarantineFile', {}, 'MissingRequiredParameter', /Sha1/],
    ['isolate', { IsolationType: 'UnManagedDevice' }, 'InvalidInput', /UnManagedDevice/],
    ['offboard', { Comment: '' }, 'InvalidInput', /Comment/],
  ])('%s refuses %o', async (verb, more, code, message) => {
    const { deviceId } = devices[0] as DeviceClient;
    const { status, body } = await order(deviceId, verb, more);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses by name what the agent of a device cannot do', async () => {
    const { deviceId } = await device({ carriesOut: ['Isolate', 'Unisolate'] });
    // What a device can do comes with its first word.
    await until('the device is known', async () => {
      const { status, body } = await order(deviceId, 'offboard');
      return (
        status === 400 &&
        body.error.code === 'ClientVersionNotSupported' &&
        /Isolate, Unisolate/.test(body.error.message)
      );
    });
  });

  it('allows one active action of a kind', async () => {
    let finish = (_: SimulatedOutcome) => {};
    const { deviceId } = await device({
      carryOut: () =>
        new Promise<SimulatedOutcome>((resolve) => {
          finish = resolve;
        }),
    });
    const first = await order(deviceId, 'runAntiVirusScan', { ScanType: 'Full' });
    expect(await order(deviceId, 'runAntiVirusScan', { ScanType: 'Full' })).toMatchObject({
      status: 400,
      body: { error: { code: 'ActiveRequestAlreadyExists', message: 'Action is already in progress' } },
    });
    await until('it began', async () => (await action(first.body.id)).status === 'InProgress');
    const { status, body } = await post(`/api/machineactions/${first.body.id}/cancel`, { Comment: 'enough' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'InProgress', cancellationComment: 'enough' });
    finish({ outcome: 'Cancelled', evidence: { files: 3 } });
    expect(await ended(first.body.id)).toMatchObject({ status: 'Cancelled', cancellationComment: 'enough' });
  });

  describe('to many devices at once', () => {
    it('tell of each what became of it', async () => {
      const [one, other, old] = await Promise.all([
        device(),
        device(),
        device({ carriesOut: ['Unisolate'] }),
      ]);
      await until('the old one said what it can', async () => {
        const { body } = await order(old.deviceId, 'isolate');
        return body.error?.code === 'ClientVersionNotSupported';
      });
      const { status, body } = await post('/api/merlon/machineactions/bulk', {
        Type: 'Isolate',
        MachineIds: [one.deviceId, old.deviceId, 'f'.repeat(40), other.deviceId],
        Order: { Comment: 'outbreak', IsolationType: 'Full' },
      });
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.value).toMatchObject([
        { machineId: one.deviceId, action: { type: 'Isolate', scope: 'Full' }, error: null },
        { machineId: old.deviceId, action: null, error: { code: 'ClientVersionNotSupported' } },
        { action: null, error: { code: expect.stringMatching(/NotFound|Forbidden/) } },
        { machineId: other.deviceId, action: { requestorComment: 'outbreak' }, error: null },
      ]);
      for (const { action: ordered } of body.value.filter((each: { action: object | null }) => each.action))
        expect(await ended(ordered.id)).toMatchObject({ status: 'Succeeded' });
    });

    it('are checked as one would be', async () => {
      const bulk = (json: object) => post('/api/merlon/machineactions/bulk', json);
      const MachineIds = [(devices[0] as DeviceClient).deviceId];
      expect(await bulk({ Type: 'RunAntiVirusScan', MachineIds, Order: { Comment: 'x' } })).toMatchObject({
        status: 400,
        body: { error: { message: expect.stringContaining('ScanType') } },
      });
      expect(await bulk({ Type: 'LiveResponse', MachineIds, Order: { Comment: 'x' } })).toMatchObject({
        status: 400,
      });
      expect(await bulk({ Type: 'Isolate', MachineIds: [], Order: { Comment: 'x' } })).toMatchObject({
        status: 400,
      });
      const reader = await server.token(await server.createApp('Machine.Isolate'));
      const answer = await server.call('/api/merlon/machineactions/bulk', {
        token: reader,
        json: { Type: 'Offboard', MachineIds, Order: { Comment: 'x' } },
      });
      expect(answer.status).toBe(403);
      expect(answer.json().error.message).toContain('Machine.Offboard');
    });
  });

  describe('whose device is not to be trusted', () => {
    it('do not succeed by a receipt that shows something else, and that is raised', async () => {
      const { deviceId } = await device({
        carryOut: async () => ({ outcome: 'Succeeded', evidence: { after: { isolation: 'None' } } }),
      });
      const { body } = await order(deviceId, 'isolate', { IsolationType: 'Full' });
      expect(await ended(body.id)).toMatchObject({
        status: 'Failed',
        troubleshootInfo: expect.stringContaining('the isolation in force is "None", not Full'),
      });
      const alerts = await until('it is raised', async () => {
        const found = await alertsOf(deviceId);
        return found.length > 0 ? found : null;
      });
      expect(alerts).toMatchObject([
        { title: 'Device contradicts its own receipts', description: expect.stringContaining(body.id) },
      ]);
    });

    it('do not succeed by naming a package that never came', async () => {
      const { deviceId } = await device({
        carryOut: async () => ({
          outcome: 'Succeeded',
          evidence: { file: 'package.zip', bytes: 3, sha256: 'a'.repeat(64) },
        }),
      });
      const { body } = await order(deviceId, 'collectInvestigationPackage');
      expect(await ended(body.id)).toMatchObject({
        status: 'Failed',
        troubleshootInfo: expect.stringContaining('never came'),
      });
    });

    it('are found out by the next report of a device that went back on what it proved', async () => {
      let lying = false;
      const description = describeDevice();
      const honest = simulatedResponse(description);
      const client = await device({
        carryOut: honest.carryOut,
        health: () => (lying ? { isolation: 'None', executionRestricted: false } : honest.health()),
      });
      const { body } = await order(client.deviceId, 'isolate');
      expect(await ended(body.id)).toMatchObject({ status: 'Succeeded' });
      expect(await alertsOf(client.deviceId)).toEqual([]);
      lying = true;
      await client.attend();
      const alerts = await until('it is raised', async () => {
        const found = await alertsOf(client.deviceId);
        return found.length > 0 ? found : null;
      });
      expect(alerts[0]?.description).toContain('reports isolation None');
    });
  });

  it('in selective isolation carry what the tenant leaves reachable', async () => {
    const seen: unknown[] = [];
    const { deviceId } = await device({
      carryOut: async ({ params }) => {
        seen.push(params);
        return { outcome: 'Succeeded', evidence: { after: { isolation: 'Selective' } } };
      },
      health: () => ({ isolation: 'Selective' }),
    });
    await server.cli('isolation', 'allow', '--peer', '10.1.2.0/24', '--peer', '10.9.9.9,tcp,443');
    const { body } = await order(deviceId, 'isolate', { IsolationType: 'Selective' });
    expect(await ended(body.id)).toMatchObject({ status: 'Succeeded' });
    expect(seen).toEqual([
      {
        isolationType: 'Selective',
        allow: [{ address: '10.1.2.0/24' }, { address: '10.9.9.9', protocol: 'tcp', port: 443 }],
      },
    ]);
  });
});
