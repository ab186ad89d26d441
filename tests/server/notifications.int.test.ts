/** Alerts on their way from a real server to a mail server and to receivers of webhooks, and what is said of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const WITHIN = { withinMs: 20_000, everyMs: 50 };

let server: TestServer;
let mail: MailServer;
let receiver: Server;
let url: string;
let folder: string;
let admin: string;
let writer: string;
const posts: Post[] = [];
let status = 200;
const devices: Record<string, DeviceClient> = {};
let serial = 0;

const api = (method: string, path: string, json?: unknown, token = admin) =>
  server.call(path, { method, token, ...(json === undefined ? {} : { json }) });
const webhook = (path = '/hook') => ({
  kind: 'webhook',
  settings: { url: url + path, allowHttp: true, secret: SECRET },
});

async function create(name: string, more: object = {}) {
  const answer = await api('POST', '/api/merlon/notifications', { name, channel: webhook(), ...more });
  expect(answer.status, answer.text).toBe(201);
  return answer.json();
}
const shown = async (id: string) => (await api('GET', `/api/merlon/notifications/${id}`)).json();
const titles = ({ text }: Post): string[] =>
  JSON.parse(text).data.alerts.map(({ title }: { title: string }) => title);

async function enrol(computerName: string, onboarding: OnboardingPackage): Promise<void> {
  devices[computerName] = await enrolDevice(onboarding, {
    computerName,
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: '0.0.0-test',
  });
}

/** An alert about an event that a device sends for it. */
async function raise(computerName: string, title: string, severity = 'High'): Promise<string> {
  const mark = `event ${++serial}`;
  const device = devices[computerName];
  if (device === undefined) throw new Error(`${computerName} is not enrolled`);
  await device.send([
    {
      Table: 'DeviceProcessEvents',
      Timestamp: nowIso7(new Date()),
      ActionType: 'ProcessCreated',
      FileName: 'sh',
      ProcessCommandLine: mark,
    },
  ]);
  const { value: event } = await eventually(
    'the event being there',
    async () => {
      const Query = `DeviceProcessEvents | where ProcessCommandLine == "${mark}" | project Timestamp, ReportId`;
      const answer = await server.call('/api/advancedqueries/run', { token: writer, json: { Query } });
      return answer.json().Results[0];
    },
    WITHIN,
  );
  const made = await server.call('/api/alerts/CreateAlertByReference', {
    token: writer,
    json: {
      machineId: device.deviceId,
      eventTime: event.Timestamp,
      reportId: String(event.ReportId),
      severity,
      title,
      description: 'Made by a test.',
      recommendedAction: 'None.',
      category: 'Execution',
    },
  });
  expect(made.status, made.text).toBe(200);
  return made.json().id;
}

const arrived = (count: number) =>
  eventually(`${count} posts`, async () => posts.length >= count, {
    ...WITHIN,
    lastSeen: () => `${posts.length} are there`,
  });
const told = (id: string, alerts: number) =>
  eventually('it is counted', async () => (await shown(id)).progress.sentAlerts >= alerts, WITHIN);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-notifications-'));
  mail = await startMailServer();
  receiver = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (status < 300)
        posts.push({
          path: request.url ?? '',
          headers: request.headers,
          text: Buffer.concat(chunks).toString(),
        });
      reply.writeHead(status).end(`you sent ${request.headers['webhook-signature']}`);
    });
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  const address = receiver.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  server = await startServer();
  const { accessToken } = await server.signIn({
    name: server.administrator.name,
    password: server.administrator.oneTimePassword,
    newPassword: 'a quite new password',
  });
  admin = accessToken;
  writer = await server.token(await server.createApp('AdvancedQuery.Read.All', 'Alert.ReadWrite.All'));
  const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', folder);
  const onboarding = JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage;
  await server.cli('devicegroup', 'create', '--name', 'Servers', '--where', 'name startsWith srv-');
  await enrol('srv-1.example.com', onboarding);
  await enrol('ws-1.example.com', onboarding);
});
afterAll(async () => {
  for (const device of Object.values(devices)) device.close();
  await server?.dispose();
  await mail?.close();
  receiver?.closeAllConnections();
  receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  status = 200;
  for (const { id } of (await api('GET', '/api/merlon/notifications')).json().value)
    expect((await api('DELETE', `/api/merlon/notifications/${id}`)).status).toBe(200);
  posts.length = 0;
  mail.mails.length = 0;
});

describe('a notification rule', () => {
  it('tells of new alerts of its severities and device groups, once, signed, and shows no secret', async () => {
    await raise('srv-1.example.com', 'Before the rule');
    const [group] = (await api('GET', '/api/merlon/devicegroups')).json().value;
    const rule = await create('servers', { severities: ['High'], deviceGroups: [group.id] });
    expect(rule).toMatchObject({ secrets: ['secret'], progress: { state: 'Idle', sentMessages: 0 } });
    expect(JSON.stringify(rule)).not.toContain(SECRET);
    await raise('ws-1.example.com', 'Elsewhere');
    await raise('srv-1.example.com', 'Too low', 'Low');
    const alertId = await raise('srv-1.example.com', 'Found on a server');
    await told(rule.id, 1);
    expect(posts).toHaveLength(1);
    const [post] = posts;
    if (post === undefined) throw new Error('nothing was posted');
    const sent = new Webhook(SECRET).verify(post.text, post.headers as Record<string, string>);
    expect(sent).toMatchObject({
      type: 'alerts.created',
      data: {
        rule: { id: rule.id, name: 'servers' },
        count: 1,
        bySeverity: { High: 1 },
        alerts: [
          {
            id: alertId,
            title: 'Found on a server',
            severity: 'High',
            deviceName: 'srv-1.example.com',
            url: `${server.url}/alerts/${alertId}`,
          },
        ],
      },
    });
    expect((await shown(rule.id)).progress).toMatchObject({
      sentMessages: 1,
      sentAlerts: 1,
      lastError: null,
    });
  });

  it('survives kill -9, sends what came while the other side was away as one message, and says what went wrong', async () => {
    const rule = await create('kept');
    status = 503;
    await raise('srv-1.example.com', 'First while away');
    await eventually('it fails', async () => (await shown(rule.id)).progress.lastError !== null, WITHIN);
    const failing = (await shown(rule.id)).progress;
    expect(failing).toMatchObject({ state: 'Retrying', waitingAlerts: 1, lastError: { fault: 'throttled' } });
    expect(failing.lastError.message).not.toContain('v1,');
    await raise('ws-1.example.com', 'Second while away');
    await raise('srv-1.example.com', 'Third while away');
    await server.kill();
    status = 200;
    await server.start();
    await told(rule.id, 3);
    expect(posts.map(titles)).toEqual([['First while away'], ['Second while away', 'Third while away']]);
  });

  it('gathers for its digest, and begins anew after it was off', async () => {
    const rule = await create('digest', { digestMinutes: 60 });
    await raise('srv-1.example.com', 'Gathered');
    await eventually('it gathers', async () => (await shown(rule.id)).progress.waitingAlerts === 1, WITHIN);
    expect((await shown(rule.id)).progress.state).toBe('Gathering');
    const off = await api('PATCH', `/api/merlon/notifications/${rule.id}`, { enabled: false });
    expect(off.json().progress).toMatchObject({ state: 'Off', waitingAlerts: 0 });
    await raise('srv-1.example.com', 'While off');
    await api('PATCH', `/api/merlon/notifications/${rule.id}`, { enabled: true, digestMinutes: 0 });
    await raise('srv-1.example.com', 'After');
    await told(rule.id, 1);
    expect(posts.map(titles)).toEqual([['After']]);
  });

  it('keeps to its rate, and gathers what comes beyond', async () => {
    const rule = await create('slow', { maxPerHour: 1 });
    await raise('srv-1.example.com', 'The one of this hour');
    await told(rule.id, 1);
    await raise('srv-1.example.com', 'Beyond one');
    await raise('ws-1.example.com', 'Beyond two');
    await eventually('they gather', async () => (await shown(rule.id)).progress.waitingAlerts === 2, WITHIN);
    expect(posts.map(titles)).toEqual([['The one of this hour']]);
  });

  it('writes e-mail over STARTTLS with a user, to all that the server takes', async () => {
    const settings = {
      host: 'localhost',
      port: mail.port,
      ca: mail.authority.ca,
      ...mail.user,
      from: 'merlon@example.com',
      to: ['soc@example.com', 'gone@example.com'],
    };
    mail.unknown.add('gone@example.com');
    const rule = await create('mail', { channel: { kind: 'email', settings } });
    expect(JSON.stringify(rule)).not.toContain(mail.user.password);
    const alertId = await raise('srv-1.example.com', 'Ünusual shell');
    await told(rule.id, 1);
    expect(mail.mails).toHaveLength(1);
    const [received] = mail.mails;
    expect(received).toMatchObject({ from: 'merlon@example.com', to: ['soc@example.com'], secure: true });
    expect(received?.raw).toMatch(/^Subject: /m);
    expect(received?.raw).toMatch(/^Message-ID: <[0-9a-f-]{36}@merlon>/m);
    expect(received?.raw.replace(/=\r\n/g, '')).toContain(`/alerts/${alertId}`);
    expect((await shown(rule.id)).progress.lastError).toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('gone@example.com'),
    });
    mail.unknown.clear();

    const test = await api('POST', `/api/merlon/notifications/${rule.id}/test`);
    expect([test.status, test.json()]).toEqual([201, { sent: true, rejected: [] }]);
    expect(mail.mails.at(-1)?.raw).toContain('Subject: [Merlon] Test: ');
  });

  it.each([
    ['credentials', { username: 'merlon', password: 'wrong' }, null],
    ['unreachable', { ca: undefined }, null],
    ['throttled', {}, 451],
    ['refused', {}, 554],
  ] as const)('says of a mail server: %s', async (fault, more, refusal) => {
    const settings = {
      host: 'localhost',
      port: mail.port,
      ca: mail.authority.ca,
      from: 'merlon@example.com',
      to: ['soc@example.com'],
      ...more,
    };
    mail.refusal = refusal;
    const rule = await create(`mail ${fault}`, { channel: { kind: 'email', settings } });
    await raise('srv-1.example.com', `For ${fault}`);
    await eventually('it fails', async () => (await shown(rule.id)).progress.lastError !== null, WITHIN);
    expect((await shown(rule.id)).progress.lastError.fault).toBe(fault);
    const test = await api('POST', `/api/merlon/notifications/${rule.id}/test`);
    expect([test.status, test.json().error.code]).toEqual([400, 'DestinationUnusable']);
    mail.refusal = null;
    expect(mail.mails).toHaveLength(0);
  });

  it('posts to Slack and to Teams what they take', async () => {
    const channel = (kind: string) => ({ kind, settings: { url: `${url}/${kind}/hush`, allowHttp: true } });
    const slack = await create('slack', { channel: channel('slack') });
    const teams = await create('teams', { channel: channel('teams') });
    expect([slack.secrets, teams.secrets]).toEqual([['url'], ['url']]);
    expect(JSON.stringify([slack, teams])).not.toContain('hush');
    await raise('srv-1.example.com', 'For the chats');
    await arrived(2);
    const of = (kind: string) => JSON.parse(posts.find(({ path }) => path === `/${kind}/hush`)?.text ?? '');
    expect(of('slack').text).toBe('High: For the chats on srv-1.example.com');
    expect(of('slack').blocks[1].accessory.url).toMatch(/\/alerts\/da/);
    expect(of('teams').attachments[0]).toMatchObject({
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: { type: 'AdaptiveCard', version: '1.4' },
    });
  });

  it.each([
    ['a kind there is not', { channel: { kind: 'pager', settings: {} } }, /email, slack, teams, webhook/],
    ['http', { channel: { kind: 'slack', settings: { url: 'http://x.example/' } } }, /allowHttp/],
    [
      'a setting there is not',
      { channel: { kind: 'slack', settings: { url: 'https://x.example/', a: 1 } } },
      /a/,
    ],
    [
      'half of a login',
      { channel: { kind: 'email', settings: { host: 'x', from: 'a@b.c', to: ['a@b.c'], username: 'x' } } },
      /belong together/,
    ],
    ['a group there is not', { deviceGroups: [77] }, /no device group 77/],
  ])('is not made with %s', async (_, more, message) => {
    const answer = await api('POST', '/api/merlon/notifications', { name: 'x', channel: webhook(), ...more });
    expect(answer.status).toBe(400);
    expect(answer.json().error.message).toMatch(message);
  });

  it('is for administrators, has one name, and leaves a record', async () => {
    await create('one');
    const again = await api('POST', '/api/merlon/notifications', { name: 'One', channel: webhook() });
    expect(again.status).toBe(409);
    expect((await api('GET', '/api/merlon/notifications', undefined, writer)).status).toBe(403);
    const audit = (await server.cli('audit', 'list')) as { value?: unknown[] };
    expect(JSON.stringify(audit)).toContain('notification.create');
    expect(JSON.stringify(audit)).not.toContain(SECRET);
  });

  it('is managed by the command line', async () => {
    const file = join(folder, 'channel.json');
    writeFileSync(file, JSON.stringify(webhook()));
    const made = await server.cli(
      ...[
        'notification',
        'create',
        '--name',
        'by command',
        '--channel-file',
        file,
        '--severity',
        'High',
        'Low',
      ],
      ...['--digest-minutes', '5'],
    );
    expect(made).toMatchObject({ name: 'by command', severities: ['High', 'Low'], digestMinutes: 5 });
    expect(await server.cli('notification', 'test', made.id)).toEqual({ sent: true, rejected: [] });
    expect(JSON.parse(posts[0]?.text ?? '')).toMatchObject({ type: 'alerts.test' });
    expect(await server.cli('notification', 'off', made.id)).toMatchObject({ enabled: false });
    expect((await server.cli('notification', 'delete', made.id)).id).toBe(made.id);
  });
});
