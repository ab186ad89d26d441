/** Rows on their way out of a real server to a real HTTP receiver, and what is said of them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../support/webhook-receiver.ts';

const BEARER = 'Bearer the-receivers-own-token';
const WITHIN = { withinMs: 20_000, everyMs: 50 };

let server: TestServer;
let receiver: WebhookReceiver;
let folder: string;
let admin: string;
let hunter: string;
let onboarding: OnboardingPackage;
const devices: DeviceClient[] = [];
let [srv, ws] = [] as unknown as [DeviceClient, DeviceClient];
let sent = 0;

const api = (method: string, path: string, json?: unknown, token = admin) =>
  server.call(path, { method, token, ...(json === undefined ? {} : { json }) });
const destination = (url = receiver.url, more: object = {}) => ({
  kind: 'webhook',
  settings: { url, allowHttp: true, secret: WEBHOOK_SECRET, ...more },
});
const body = (name: string, more: object = {}) => ({
  name,
  eventTypes: ['DeviceProcessEvents'],
  destination: destination(),
  ...more,
});

async function create(name: string, more: object = {}) {
  const answer = await api('POST', '/api/merlon/exports', body(name, more));
  expect(answer.status, answer.text).toBe(201);
  return answer.json();
}
const shown = async (id: string) => (await api('GET', `/api/merlon/exports/${id}`)).json();

async function enrol(computerName: string, to = onboarding): Promise<DeviceClient> {
  const device = await enrolDevice(to, {
    computerName,
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: '0.0.0-test',
  });
  devices.push(device);
  return device;
}

/** Rows whose command lines name them. */
const rows = (count: number, more: object = {}) =>
  Array.from({ length: count }, () => ({
    Table: 'DeviceProcessEvents',
    Timestamp: nowIso7(new Date()),
    ActionType: 'ProcessCreated',
    FileName: 'sh',
    ProcessCommandLine: `row ${++sent}`,
    ...more,
  }));

const lines = (from = receiver.records) =>
  from.map(({ properties }) => properties.ProcessCommandLine as string);
const arrived = (count: number, from = receiver) =>
  eventually('rows are delivered', async () => from.records.length >= count, {
    ...WITHIN,
    lastSeen: () => `${from.records.length} of ${count} came`,
  });
const settled = (id: string, rowsSettled: number) =>
  eventually(
    'it is counted',
    async () => {
      const { progress } = await shown(id);
      return (
        progress.deliveredRows + progress.leftOutRows + progress.refusedRows + progress.droppedRows >=
        rowsSettled
      );
    },
    WITHIN,
  );

async function hunt(query: string) {
  const answer = await server.call('/api/advancedqueries/run', { token: hunter, json: { Query: query } });
  expect(answer.status, answer.text).toBe(200);
  return answer.json().Results;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-streaming-'));
  server = await startServer({
    env: { MERLON_STREAMING_RETAIN_MB: '1', MERLON_STREAMING_MAX_SETTINGS: '6' },
  });
  receiver = await startWebhookReceiver();
  const { accessToken } = await server.signIn({
    name: server.administrator.name,
    password: server.administrator.oneTimePassword,
    newPassword: 'a quite new password',
  });
  admin = accessToken;
  hunter = await server.token(await server.createApp('AdvancedQuery.Read.All', 'Alert.ReadWrite.All'));
  const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', folder);
  onboarding = JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage;
  await server.cli('devicegroup', 'create', '--name', 'Servers', '--where', 'name startsWith srv-');
  srv = await enrol('srv-1.example.com');
  ws = await enrol('ws-1.example.com');
});
afterAll(async () => {
  for (const device of devices) device.close();
  await server?.dispose();
  await receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  receiver.answer = null;
  for (const { id } of (await api('GET', '/api/merlon/exports')).json().value)
    expect((await api('DELETE', `/api/merlon/exports/${id}`)).status).toBe(200);
  receiver.forget();
});

describe('a stream', () => {
  it('delivers each row once, in order, as the record is documented, equal to what hunting shows', async () => {
    const before = rows(1);
    await srv.send(before);
    const setting = await create('plain');
    expect(setting).toMatchObject({
      name: 'plain',
      enabled: true,
      eventTypes: ['DeviceProcessEvents'],
      destination: { kind: 'webhook', settings: { url: receiver.url } },
      secrets: ['secret'],
    });
    const mine = rows(40, {
      AdditionalFields: { note: 'ünï "quoted"\n', big: Number.MAX_SAFE_INTEGER, list: [1, null] },
      ProcessId: 7,
      FileSize: '9007199254740993',
      IsProcessRemoteSession: false,
    });
    await srv.send(mine.slice(0, 25));
    await srv.send([
      { Table: 'DeviceFileEvents', Timestamp: nowIso7(new Date()), ActionType: 'FileCreated', FileName: 'x' },
    ]);
    await srv.send(mine.slice(25));
    await arrived(40);
    await settled(setting.id, 40);
    expect(lines()).toEqual(mine.map(({ ProcessCommandLine }) => ProcessCommandLine));
    expect([...receiver.times.values()].every((times) => times === 1)).toBe(true);

    const [record] = receiver.records;
    const { tenantId } = await server.createApp('Machine.Read.All');
    expect(record).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/),
      tenantId,
      operationName: 'Publish',
      category: 'AdvancedHunting-DeviceProcessEvents',
      Tenant: 'DefaultTenant',
      _TimeReceivedBySvc: record?.time.slice(0, -1),
    });
    expect(record?.properties).toMatchObject({ DeviceId: srv.deviceId, MachineGroup: 'Servers', SHA1: null });

    const hunted = await eventually(
      'the rows can be hunted',
      async () => {
        const found = await hunt(
          `DeviceProcessEvents | where ProcessCommandLine in (${mine.map(({ ProcessCommandLine }) => `'${ProcessCommandLine}'`).join()}) | sort by ReportId asc`,
        );
        return found.length === 40 ? found : null;
      },
      WITHIN,
    );
    // Hunting shows text that is empty, the stream null.
    const nulls = (row: object) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === '' ? null : value]));
    // Every row says its group, also those of a table without that column.
    expect(receiver.records.map(({ properties }) => properties)).toEqual(
      hunted.value.map((row: object) => ({ ...nulls(row), MachineGroup: 'Servers' })),
    );

    const { progress } = await shown(setting.id);
    expect(progress).toMatchObject({
      state: 'Active',
      lagSeconds: 0,
      lagRows: 0,
      deliveredRows: 40,
      leftOutRows: 0,
      refusedRows: 0,
      droppedRows: 0,
      lastError: null,
      newestDelivered: receiver.records.at(-1)?.time,
    });
    expect(progress.deliveredBytes).toBeGreaterThan(40 * 500);
  });

  it('leaves out what filter and device groups say, and its counts agree with the event store', async () => {
    const groups = (await server.cli('devicegroup', 'list')).value as { id: number; name: string }[];
    const servers = groups.find(({ name }) => name === 'Servers')?.id ?? -1;
    const setting = await create('chosen', {
      deviceGroups: [servers],
      filters: { DeviceProcessEvents: 'FileName has "cron" and ProcessId > 5' },
    });
    expect(setting.filters).toEqual({ DeviceProcessEvents: 'FileName has "cron" and ProcessId > 5' });
    await ws.send(rows(3, { FileName: 'cron', ProcessId: 9 }));
    await srv.send([
      ...rows(2, { FileName: 'cron', ProcessId: 9 }),
      ...rows(4, { FileName: 'crontab', ProcessId: 9 }),
      ...rows(5, { FileName: 'cron' }),
    ]);
    await settled(setting.id, 14);
    expect(receiver.records).toHaveLength(2);
    const compare = async () => (await api('GET', `/api/merlon/exports/${setting.id}/reconciliation`)).json();
    const { value: comparison } = await eventually(
      'both sides have counted',
      async () => {
        const one = await compare();
        return one.total.received === 14 ? one : null;
      },
      WITHIN,
    );
    expect(comparison).toMatchObject({
      agrees: true,
      total: { received: 14, delivered: 2, leftOut: 12, refused: 0, dropped: 0, difference: 0 },
    });
    const table = await server.command(['export', 'reconcile', setting.id]);
    expect(table.stdout).toContain('agrees: 14 received, 2 delivered, 0 not settled');
  });

  it('never holds a row of another tenant', async () => {
    const other = await server.cli('tenant', 'create', '--name', 'Fabrikam', '--domain', 'fabrikam.example');
    const theirs = await startWebhookReceiver();
    try {
      const file = join(folder, 'destination.json');
      writeFileSync(file, JSON.stringify(destination(theirs.url)));
      const made = await server.cli(
        'export',
        'create',
        '--name',
        'theirs',
        '--event-type',
        'DeviceProcessEvents',
        '--destination-file',
        file,
        '--tenant',
        other.tenantId,
      ); // prettier-ignore
      const mine = await create('ours');
      const out = join(folder, 'other');
      const packaged = await server.cli(
        'package',
        '--os',
        'linux',
        '--tool',
        'json',
        '--out',
        out,
        '--tenant',
        other.tenantId,
      );
      const foreign = await enrol(
        'ws-x.fabrikam.example',
        JSON.parse(readFileSync(packaged.files[0], 'utf8')),
      );
      for (let i = 0; i < 5; i++) {
        await foreign.send(rows(3, { FileName: 'theirs' }));
        await srv.send(rows(2, { FileName: 'ours' }));
      }
      await arrived(10);
      await arrived(15, theirs);
      await settled(mine.id, 10);
      const about = (from: WebhookReceiver) =>
        new Set(from.records.map((one) => `${one.tenantId} ${one.properties.FileName}`));
      expect(about(theirs)).toEqual(new Set([`${other.tenantId} theirs`]));
      expect(about(receiver).size).toBe(1);
      expect([...about(receiver)][0]).toMatch(/ ours$/);
      expect((await api('GET', `/api/merlon/exports/${made.id}`)).status).toBe(404);
      expect(await server.cli('export', 'delete', made.id, '--tenant', other.tenantId)).toMatchObject({
        id: made.id,
      });
    } finally {
      await theirs.close();
    }
  });

  it('waits for a destination that is away, which holds up no other, and loses nothing', async () => {
    const away = await startWebhookReceiver();
    const slow = await create('away', { destination: destination(away.url) });
    const quick = await create('there');
    await away.close();
    const mine = rows(30);
    for (let i = 0; i < 30; i += 10) await srv.send(mine.slice(i, i + 10));
    await arrived(30);
    await settled(quick.id, 30);
    const { value: waiting } = await eventually(
      'it says so',
      async () => {
        const { progress } = await shown(slow.id);
        return progress.state === 'Retrying' && progress.lagRows === 30 ? progress : null;
      },
      WITHIN,
    );
    expect(waiting).toMatchObject({ deliveredRows: 0, droppedRows: 0, lastError: { fault: 'unreachable' } });
    expect(waiting.lagSeconds).toBeGreaterThan(0);
    const metrics = (await server.call('/metrics')).text;
    expect(metrics).toContain(`merlon_export_state{setting="${slow.id}",state="Retrying"} 1`);
    expect(metrics).toMatch(new RegExp(`merlon_export_lag_bytes{setting="${slow.id}"} [1-9]`));

    const back = await startWebhookReceiver({ port: away.port });
    try {
      await arrived(30, back);
      expect(lines(back.records)).toEqual(mine.map(({ ProcessCommandLine }) => ProcessCommandLine));
      await settled(slow.id, 30);
      expect((await shown(slow.id)).progress).toMatchObject({ state: 'Active', lagSeconds: 0 });
    } finally {
      await back.close();
    }
  });

  it('waits as long as it is asked to, and stands still where it is refused until that is put right', async () => {
    const setting = await create('moody');
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '1' } });
    await srv.send(rows(2));
    const state = (wanted: string) =>
      eventually(
        wanted,
        async () => {
          const { progress } = await shown(setting.id);
          return progress.state === wanted ? progress : null;
        },
        WITHIN,
      );
    expect((await state('Retrying')).value.lastError).toMatchObject({ fault: 'throttled' });
    receiver.answer = () => ({ status: 401 });
    expect((await state('Failing')).value.lastError).toMatchObject({ fault: 'credentials' });
    expect(server.output().stderr + server.output().stdout).toContain('stands still until that is put right');
    receiver.answer = null;
    // A change makes it try at once.
    const changed = await api('PATCH', `/api/merlon/exports/${setting.id}`, { name: 'moody no more' });
    expect(changed.status, changed.text).toBe(200);
    await arrived(2);
    await settled(setting.id, 2);
    expect([...receiver.times.values()]).toEqual([1, 1]);
  });

  it('sets a record aside that is refused for good, and goes on with the others', async () => {
    const setting = await create('picky');
    receiver.answer = ({ records }) =>
      records.some(({ properties }) => properties.FileName === 'poison') ? { status: 400 } : null;
    const mine = [...rows(20), ...rows(1, { FileName: 'poison' }), ...rows(9)];
    await srv.send(mine);
    await settled(setting.id, 30);
    expect(new Set(lines())).toEqual(
      new Set(
        mine
          .filter(({ FileName }) => FileName !== 'poison')
          .map(({ ProcessCommandLine }) => ProcessCommandLine),
      ),
    );
    expect((await shown(setting.id)).progress).toMatchObject({
      deliveredRows: 29,
      refusedRows: 1,
      droppedRows: 0,
    });
    const file = join(server.home, 'exports', `${setting.id}.refused.ndjson`);
    const [kept] = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(kept.record.properties.FileName).toBe('poison');
    expect(kept.reason).toContain('400');
    await api('DELETE', `/api/merlon/exports/${setting.id}`);
    await eventually('what was set aside goes with the setting', async () => !existsSync(file), WITHIN);
  });

  it('carries alerts and their evidence, each once', async () => {
    const setting = await create('alerts', { eventTypes: ['AdvancedHunting-AlertInfo', 'AlertEvidence'] });
    expect(setting.eventTypes).toEqual(['AlertInfo', 'AlertEvidence']);
    const [event] = rows(1);
    await srv.send([event ?? {}]);
    const { value: stored } = await eventually(
      'the event is there',
      async () =>
        (await hunt(`DeviceProcessEvents | where ProcessCommandLine == '${event?.ProcessCommandLine}'`))[0],
      WITHIN,
    );
    const raised = await server.call('/api/alerts/CreateAlertByReference', {
      token: hunter,
      json: {
        machineId: srv.deviceId,
        severity: 'High',
        title: 'Out it goes',
        description: 'd',
        recommendedAction: 'r',
        eventTime: stored.Timestamp,
        reportId: String(stored.ReportId),
        category: 'Execution',
      },
    });
    expect(raised.status, raised.text).toBe(200);
    const alertId = raised.json().id as string;
    const { value: hunted } = await eventually(
      'the alert can be hunted',
      async () => {
        const evidence = await hunt(`AlertEvidence | where AlertId == '${alertId}'`);
        const info = await hunt(`AlertInfo | where AlertId == '${alertId}'`);
        return info.length > 0 && evidence.length > 0 ? { info, evidence } : null;
      },
      WITHIN,
    );
    await arrived(hunted.info.length + hunted.evidence.length);
    await settled(setting.id, hunted.info.length + hunted.evidence.length);
    expect(hunted.info).toHaveLength(1);
    expect([...receiver.times.values()].every((times) => times === 1)).toBe(true);
    const of = (category: string) =>
      receiver.records.filter((one) => one.category === `AdvancedHunting-${category}`);
    expect(of('AlertInfo')[0]?.properties).toMatchObject({ AlertId: alertId, Title: 'Out it goes' });
    expect(of('AlertEvidence')).toHaveLength(hunted.evidence.length);
    expect(of('AlertEvidence')[0]?.properties).toMatchObject({ AlertId: alertId, MachineGroup: 'Servers' });
    // Out of the event store the same records come.
    const first = new Map(receiver.records.map((one) => [one._RecordId, JSON.stringify(one)]));
    receiver.forget();
    await api('POST', `/api/merlon/exports/${setting.id}/replays`, { from: setting.createdAt });
    await arrived(first.size);
    expect(new Map(receiver.records.map((one) => [one._RecordId, JSON.stringify(one)]))).toEqual(first);
  });

  it('keeps nothing while it is off, and a replay fills the gap with the same records', async () => {
    const setting = await create('on and off');
    const first = rows(3, { AdditionalFields: { big: Number.MAX_SAFE_INTEGER, z: [{}] } });
    await srv.send(first);
    await arrived(3);
    await settled(setting.id, 3);
    const off = await server.cli('export', 'off', setting.id);
    expect(off).toMatchObject({ enabled: false });
    await eventually('it stops', async () => (await shown(setting.id)).progress.state === 'Stopped', WITHIN);
    const missed = rows(4);
    await srv.send(missed);
    await ws.send(rows(2));
    expect(await server.cli('export', 'on', setting.id)).toMatchObject({ enabled: true });
    await srv.send(rows(1));
    await arrived(4);
    expect(lines()).not.toContain(missed[0]?.ProcessCommandLine);
    const live = new Map(receiver.records.map((one) => [one._RecordId, JSON.stringify(one)]));

    const replay = await server.cli('export', 'replay', setting.id, '--from', setting.createdAt);
    expect(replay).toMatchObject({ exportId: setting.id, finishedAt: null });
    await eventually(
      'the replay ends',
      async () => {
        const [one] = (await server.cli('export', 'replays', setting.id)).value;
        return one.state === 'Succeeded' && one.rowsDone === 10 && one.rowsTotal === 10;
      },
      WITHIN,
    );
    expect(receiver.times.size).toBe(10);
    for (const one of receiver.records) {
      const before = live.get(one._RecordId);
      if (before !== undefined) expect(JSON.stringify(one)).toBe(before);
    }
    await expect(server.cli('export', 'cancel-replay', replay.id)).rejects.toThrow(/Succeeded already/);
  });

  it('ends a replay that is cancelled while its destination is away', async () => {
    const setting = await create('long');
    await srv.send(rows(2));
    await arrived(2);
    receiver.answer = () => ({ status: 503 });
    const { id } = (
      await api('POST', `/api/merlon/exports/${setting.id}/replays`, { from: setting.createdAt })
    ).json();
    const find = async () =>
      (await api('GET', `/api/merlon/exports/${setting.id}/replays`))
        .json()
        .value.find((one: { id: string }) => one.id === id);
    await eventually(
      'it says why it waits',
      async () =>
        (await find()).lastError?.fault === 'unreachable' || (await find()).lastError?.fault === 'throttled',
      WITHIN,
    );
    expect(
      (await api('POST', `/api/merlon/exports/${setting.id}/replays`, { from: setting.createdAt })).status,
    ).toBe(409);
    expect((await api('POST', `/api/merlon/exports/replays/${id}/cancel`)).json()).toMatchObject({
      state: 'Cancelled',
    });
  });

  it('says loudly what the log can keep no more, counts it, and goes on', async () => {
    const away = await startWebhookReceiver();
    const setting = await create('lost', { destination: destination(away.url) });
    await away.close();
    const noise = () => Array.from({ length: 8 }, () => Math.random().toString(36)).join('');
    let rowsSent = 0;
    const { value: lost } = await eventually(
      'rows are given up',
      async () => {
        await ws.send(
          rows(500, { FolderPath: noise() + noise() }).map((row) => ({
            ...row,
            SHA256: noise().slice(0, 64),
          })),
        );
        rowsSent += 500;
        const { progress } = await shown(setting.id);
        return progress.droppedRows > 0 ? progress : null;
      },
      { withinMs: 30_000, everyMs: 100 },
    );
    expect(lost.nearLoss).toBe(true);
    expect(lost.droppedFrom <= lost.droppedTo).toBe(true);
    const log = server.output().stderr + server.output().stdout;
    expect(log).toContain('an export is far behind');
    expect(log).toContain('rows were given up');
    const back = await startWebhookReceiver({ port: away.port, keep: false });
    try {
      await settled(setting.id, rowsSent);
      const { progress } = await shown(setting.id);
      expect(progress.deliveredRows + progress.droppedRows).toBe(rowsSent);
      expect(back.times.size).toBe(progress.deliveredRows);
      const compared = (await api('GET', `/api/merlon/exports/${setting.id}/reconciliation`)).json();
      expect(compared.agrees).toBe(false);
      expect(compared.total.dropped).toBe(progress.droppedRows);
    } finally {
      await back.close();
    }
  });
});

describe('/api/dataExportSettings', () => {
  const STORAGE =
    '/subscriptions/7a3f/resourceGroups/logs/providers/Microsoft.Storage/storageAccounts/merlonlogs';
  const setting = (more: object = {}) => ({
    id: 'to azure',
    designatedTenantId: null,
    eventHubProperties: null,
    storageAccountProperties: {
      storageAccountResourceId: STORAGE,
      merlon: {
        authentication: 'connectionString',
        connectionString:
          'DefaultEndpointsProtocol=https;AccountName=merlonlogs;AccountKey=c2VjcmV0LWtleQ==;EndpointSuffix=core.windows.net',
      },
    },
    workspaceProperties: null,
    logs: [
      { category: 'AdvancedHunting-DeviceEvents', enabled: false },
      { category: 'DeviceInfo', enabled: false },
    ],
    ...more,
  });

  it('makes, shows, replaces and removes settings by name', async () => {
    const made = await api('POST', '/api/dataExportSettings', setting());
    expect(made.status, made.text).toBe(200);
    const shape = {
      id: 'to azure',
      designatedTenantId: null,
      eventHubProperties: null,
      storageAccountProperties: { storageAccountResourceId: STORAGE },
      workspaceProperties: null,
      logs: [
        { category: 'AdvancedHunting-DeviceEvents', enabled: false },
        { category: 'AdvancedHunting-DeviceInfo', enabled: false },
      ],
    };
    expect(made.json()).toEqual(shape);
    expect((await api('GET', '/api/v1.0/dataexportsettings')).json()).toEqual({ value: [shape] });
    const logs = [{ category: 'AlertInfo', enabled: false }];
    expect((await api('POST', '/api/dataExportSettings', setting({ logs }))).json().logs).toEqual([
      { category: 'AdvancedHunting-AlertInfo', enabled: false },
    ]);
    expect((await api('GET', '/api/merlon/exports')).json().value).toHaveLength(1);
    await create('hook');
    const conflict = await api('POST', '/api/dataExportSettings', setting({ id: 'hook' }));
    expect(conflict.json().error).toMatchObject({
      code: 'Conflict',
      message: expect.stringMatching(/webhook/),
    });
    expect((await api('DELETE', '/api/dataExportSettings/to%20azure')).status).toBe(204);
    expect((await api('DELETE', '/api/dataExportSettings/to%20azure')).status).toBe(404);
  });

  it('refuses by name, and programs altogether', async () => {
    const logs = [{ category: 'AdvancedHunting-EmailUrlInfo', enabled: true }];
    const refused = await api('POST', '/api/dataExportSettings', setting({ logs }));
    expect(refused.json().error).toMatchObject({
      code: 'InvalidInput',
      message: expect.stringMatching(/AdvancedHunting-EmailUrlInfo/),
    });
    expect((await api('GET', '/api/dataExportSettings', undefined, hunter)).status).toBe(403);
  });
});

describe('a setting', () => {
  it.each([
    [
      'an unknown kind',
      { destination: { kind: 'carrier-pigeon', settings: {} } },
      400,
      'InvalidInput',
      /carrier-pigeon.*webhook/,
    ],
    [
      'an unknown member',
      {
        destination: {
          kind: 'webhook',
          settings: { url: 'https://a.example', secret: 'whsec_x', colour: 1 },
        },
      },
      400,
      'InvalidRequestBody',
      /colour/,
    ],
    [
      'a missing member',
      { destination: { kind: 'webhook', settings: { url: 'https://a.example' } } },
      400,
      'MissingRequiredParameter',
      /secret/,
    ],
    [
      'a table that is none',
      { eventTypes: ['Nonsense'] },
      400,
      'InvalidInput',
      /Nonsense cannot be streamed/,
    ],
    ['inventory', { eventTypes: ['DeviceTvmSoftwareInventory'] }, 400, 'InvalidInput', /cannot be streamed/],
    [
      'a filter for another table',
      { filters: { DeviceEvents: 'true' } },
      400,
      'InvalidInput',
      /DeviceEvents, which is not among/,
    ],
    [
      'a filter that is wrong',
      { filters: { DeviceProcessEvents: 'Nope == 1' } },
      400,
      'InvalidInput',
      /filter of DeviceProcessEvents.*Nope/,
    ],
    [
      'a filter beyond what is exact',
      { filters: { DeviceProcessEvents: 'Timestamp > ago(1d)' } },
      400,
      'InvalidInput',
      /in the filter of an export/,
    ],
    ['a device group that is none', { deviceGroups: [4711] }, 400, 'InvalidInput', /no device group 4711/],
  ])('is refused by name for %s', async (_what, more, status, code, message) => {
    const answer = await api('POST', '/api/merlon/exports', body('wrong', more));
    expect(answer.status, answer.text).toBe(status);
    expect(answer.json().error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is tried before it is saved, and may be saved unseen', async () => {
    const gone = await startWebhookReceiver();
    await gone.close();
    const refused = await api(
      'POST',
      '/api/merlon/exports',
      body('gone', { destination: destination(gone.url) }),
    );
    expect(refused.json().error).toMatchObject({
      code: 'DestinationUnusable',
      message: expect.stringMatching(/^The destination cannot be reached/),
    });
    receiver.answer = () => ({ status: 403 });
    expect((await api('POST', '/api/merlon/exports', body('forbidden'))).json().error.code).toBe(
      'DestinationUnusable',
    );
    expect((await api('GET', '/api/merlon/exports')).json().value).toEqual([]);
    const unseen = await create('gone', { destination: destination(gone.url), skipTest: true });
    expect((await api('POST', `/api/merlon/exports/${unseen.id}/test`)).status).toBe(400);
    receiver.answer = null;
    const moved = await api('PATCH', `/api/merlon/exports/${unseen.id}`, { destination: destination() });
    expect(moved.status, moved.text).toBe(200);
    expect((await api('POST', `/api/merlon/exports/${unseen.id}/test`)).json()).toEqual({ works: true });
    expect(receiver.records).toEqual([]);
  });

  it('never gives its secrets away: not shown, not in trail, log or database, not sent to another place', async () => {
    const setting = await create('secret', {
      destination: destination(receiver.url, { authorization: BEARER }),
    });
    const evil = await startWebhookReceiver();
    try {
      const other = { kind: 'webhook', settings: { url: evil.url } };
      const stolen = await api('PATCH', `/api/merlon/exports/${setting.id}`, { destination: other });
      expect(stolen.json().error).toMatchObject({
        code: 'InvalidInput',
        message: expect.stringMatching(/has to be given again/),
      });
      expect(evil.requests).toBe(0);
      receiver.answer = () => ({ status: 401 });
      await srv.send(rows(1));
      await eventually(
        'it fails',
        async () => (await shown(setting.id)).progress.state === 'Failing',
        WITHIN,
      );
      const trail = await server.command(['audit', 'export']);
      expect(trail.stdout).toContain('export.create');
      const seen = [
        JSON.stringify(setting),
        (await api('GET', '/api/merlon/exports')).text,
        trail.stdout,
        server.output().stdout,
        server.output().stderr,
      ].join('\n');
      for (const secret of [WEBHOOK_SECRET, BEARER, BEARER.slice(7)]) expect(seen).not.toContain(secret);
      // What stays the same goes with the secrets that are kept.
      receiver.answer = null;
      expect(
        (
          await api('PATCH', `/api/merlon/exports/${setting.id}`, {
            eventTypes: ['DeviceEvents', 'DeviceProcessEvents'],
          })
        ).status,
      ).toBe(200);
      await arrived(1);
    } finally {
      await evil.close();
    }
  });

  it('is for people who manage the portal, of a name of its own, and as many as the operator allows', async () => {
    expect((await api('GET', '/api/merlon/exports', undefined, hunter)).status).toBe(403);
    for (let i = 0; i < 6; i++) await create(`number ${i}`);
    const more = await api('POST', '/api/merlon/exports', body('one more'));
    expect(more.json().error).toMatchObject({
      code: 'DisallowedOperation',
      message: expect.stringMatching(/at most 6/),
    });
    const [{ id }] = (await api('GET', '/api/merlon/exports')).json().value;
    expect((await api('PATCH', `/api/merlon/exports/${id}`, { name: 'NUMBER 1' })).json().error.code).toBe(
      'Conflict',
    );
  });
});
