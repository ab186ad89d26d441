/** What strangers, broken devices and lying devices get at the door; and that nobody else notices. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { gzipSync } from 'node:zlib';
import { BATCH_HEADER, BATCH_LIMITS, DEVICE_PATHS, nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  type DeviceKey,
  deviceToken,
  newDeviceKey,
  signedRequest,
} from '../../server/src/demo/device-request.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const description = {
  computerName: 'edge-1.example.com',
  osPlatform: 'Linux',
  osVersion: '12',
  osArchitecture: '64-bit',
  osProcessor: 'x64',
  agentVersion: 'test',
};
const EPOCH = '0123456789abcdef';
let reportId = 0;
const row = (more: object = {}) => ({
  Table: 'DeviceProcessEvents',
  Timestamp: nowIso7(new Date()),
  ActionType: 'ProcessCreated',
  FileName: 'edge',
  ReportId: ++reportId,
  ...more,
});
const packed = (...rows: object[]) => gzipSync(rows.map((r) => JSON.stringify(r)).join('\n'));

describe('the device edge', () => {
  let server: TestServer;
  let agent: Agent;
  let onboarding: OnboardingPackage;
  let token: string;
  let key: DeviceKey;
  let deviceId: string;
  let batch = 0;

  const enrol = (own: DeviceKey, body: object, sub = own.thumbprint) =>
    signedRequest({
      origin: server.url,
      agent,
      method: 'POST',
      path: DEVICE_PATHS.enrol,
      sub,
      body: Buffer.from(JSON.stringify(body)),
      headers: { 'content-type': 'application/json' },
      privateKey: own.privateKey,
    });
  const send = (
    body: Buffer,
    o: { key?: DeviceKey; sub?: string; headers?: Record<string, string>; id?: string } = {},
  ) =>
    signedRequest({
      origin: server.url,
      agent,
      method: 'POST',
      path: DEVICE_PATHS.events,
      sub: o.sub ?? deviceId,
      body,
      headers: { 'content-encoding': 'gzip', [BATCH_HEADER]: o.id ?? `${EPOCH}.${++batch}`, ...o.headers },
      privateKey: (o.key ?? key).privateKey,
    });
  const codeOf = ({ text }: { text: string }) => JSON.parse(text).error.code;
  const hunt = async (query: string) => {
    const answer = await server.call('/api/advancedqueries/run', { token, json: { Query: query } });
    expect(answer.status, answer.text).toBe(200);
    return answer.json().Results;
  };

  beforeAll(async () => {
    server = await startServer();
    agent = new Agent({ ca: server.caPem, keepAlive: true });
    const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    onboarding = JSON.parse(readFileSync(made.files[0], 'utf8'));
    token = await server.token(
      await server.createApp('AdvancedQuery.Read.All', 'Machine.Read.All', 'Machine.Isolate'),
    );
    key = newDeviceKey();
    const answer = await enrol(key, {
      enrolmentToken: onboarding.enrolmentToken,
      publicKey: key.jwk,
      device: description,
    });
    expect(answer.status, answer.text).toBe(201);
    deviceId = JSON.parse(answer.text).deviceId;
  });
  afterAll(async () => {
    agent?.destroy();
    await server?.dispose();
  });

  it('gives the same id to a key that enrols again', async () => {
    const again = await enrol(key, {
      enrolmentToken: onboarding.enrolmentToken,
      publicKey: key.jwk,
      device: description,
    });
    expect([again.status, JSON.parse(again.text).deviceId]).toEqual([200, deviceId]);
  });

  it('enrols nobody without a package of this server, or with a key that is not its own', async () => {
    const other = newDeviceKey();
    const body = { enrolmentToken: onboarding.enrolmentToken, publicKey: other.jwk, device: description };
    const forged = await enrol(other, {
      ...body,
      enrolmentToken: `${onboarding.enrolmentToken.slice(0, -4)}AAAA`,
    });
    expect([forged.status, codeOf(forged)]).toEqual([401, 'Unauthorized']);
    const foreign = await enrol(newDeviceKey(), body, other.thumbprint);
    expect([foreign.status, codeOf(foreign)]).toEqual([401, 'Unauthorized']);
    const malformed = await enrol(other, { ...body, device: { ...description, computerName: '' } });
    expect([malformed.status, codeOf(malformed)]).toEqual([400, 'InvalidRequestBody']);
  });

  it('takes a batch once, however often it is sent', async () => {
    const id = `${EPOCH}.${++batch}`;
    const body = packed(row({ FileName: 'once' }));
    expect(JSON.parse((await send(body, { id })).text)).toMatchObject({ accepted: 1, duplicate: false });
    expect(JSON.parse((await send(body, { id })).text)).toMatchObject({ accepted: 1, duplicate: true });
    const { value } = await eventually(
      'the row',
      async () => (await hunt('DeviceProcessEvents | where FileName == "once" | count'))[0],
      { withinMs: 10_000 },
    );
    await eventually(
      'one row',
      async () => (await hunt('DeviceProcessEvents | where FileName == "once" | count'))[0]?.Count === 1,
      { withinMs: 10_000 },
    );
    expect(value).toBeDefined();
  });

  it('refuses a device that speaks for another, and keeps nothing of it', async () => {
    const answer = await send(
      packed(row({ FileName: 'liar' }), row({ FileName: 'liar', DeviceId: 'cd'.repeat(20) })),
    );
    expect([answer.status, codeOf(answer)]).toEqual([403, 'DisallowedOperation']);
    const other = newDeviceKey();
    const enrolled = await enrol(other, {
      enrolmentToken: onboarding.enrolmentToken,
      publicKey: other.jwk,
      device: { ...description, computerName: 'edge-2' },
    });
    const stolen = await send(packed(row({ FileName: 'liar' })), { key: other, sub: deviceId });
    expect([stolen.status, codeOf(stolen)]).toEqual([401, 'Unauthorized']);
    expect(enrolled.status).toBe(201);
    expect(await hunt('DeviceProcessEvents | where FileName == "liar"')).toEqual([]);
  });

  it.each([
    ['no gzip', () => Buffer.from('plain text'), {}, 400, 'InvalidRequestBody'],
    ['an unknown encoding', () => packed(row()), { 'content-encoding': 'br' }, 415, 'UnsupportedMediaType'],
    ['a bad batch id', () => packed(row()), { [BATCH_HEADER]: 'x.1' }, 400, 'InvalidInput'],
    [
      'too many bytes after inflating',
      () => gzipSync(Buffer.alloc(BATCH_LIMITS.plainBytes + 1, 0x20)),
      {},
      413,
      'PayloadTooLarge',
    ],
    [
      'too many bytes as sent',
      () => Buffer.alloc(BATCH_LIMITS.compressedBytes + 1),
      {},
      413,
      'PayloadTooLarge',
    ],
    [
      'too many rows',
      () => gzipSync('{}\n'.repeat(BATCH_LIMITS.rows + 1)),
      {},
      400,
      'MaximumBatchSizeExceeded',
    ],
  ])('refuses a batch with %s by name', async (_, body, headers, status, code) => {
    const answer = await send(body(), { headers });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it('names the rows it leaves out and takes the others', async () => {
    const answer = await send(packed(row(), row({ Unknown: 1 }), row({ Table: 'AlertInfo' })));
    expect(JSON.parse(answer.text)).toMatchObject({
      accepted: 1,
      rejectedCount: 2,
      rejected: [{ line: 2 }, { line: 3 }],
    });
  });

  it('keeps reading profiles of all devices behind a row that no database could keep', async () => {
    const poison = { Table: 'DeviceNetworkInfo', IPAddresses: '["10.0.0.1\\u0000"]' };
    expect((await send(packed(row({ ...poison, ActionType: undefined, FileName: undefined })))).status).toBe(
      200,
    );
    const good = { Table: 'DeviceNetworkInfo', IPAddresses: '["10.0.0.77"]' };
    expect((await send(packed(row({ ...good, ActionType: undefined, FileName: undefined })))).status).toBe(
      200,
    );
    await eventually(
      'the profile is current',
      async () =>
        (await server.call(`/api/machines/${deviceId}`, { token })).json().lastIpAddress === '10.0.0.77',
      { withinMs: 10_000 },
    );
  });

  it.each([
    ['U+0000 in its name', { computerName: 'a\0b' }],
    ['half a character in its name', { computerName: 'a\ud800' }],
    ['a build beyond all numbers', { osBuild: 1e300 }],
  ])('enrols no device with %s', async (_, more) => {
    const own = newDeviceKey();
    const answer = await enrol(own, {
      enrolmentToken: onboarding.enrolmentToken,
      publicKey: own.jwk,
      device: { ...description, ...more },
    });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidRequestBody']);
  });

  it('opens a channel once for a token, and to nobody without one', async () => {
    const opened = (authorization: string | undefined, path: string = DEVICE_PATHS.channel) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(`${server.url.replace('https', 'wss')}${path}`, {
          ca: server.caPem,
          headers: authorization ? { authorization } : {},
        });
        socket.on('open', () => {
          socket.close();
          resolve(101);
        });
        socket.on('unexpected-response', (_, response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        socket.on('error', () => {});
      });
    const authorization = await deviceToken(
      key.privateKey,
      deviceId,
      'GET',
      DEVICE_PATHS.channel,
      Buffer.alloc(0),
    );
    expect(await opened(authorization)).toBe(101);
    expect(await opened(authorization)).toBe(401);
    expect(await opened(undefined)).toBe(401);
    // The same channel by another spelling of its path.
    const spelled = DEVICE_PATHS.channel.toUpperCase();
    const other = await deviceToken(key.privateKey, deviceId, 'GET', spelled, Buffer.alloc(0));
    expect([await opened(other, spelled), await opened(other, spelled)]).toEqual([101, 401]);
  });

  it('cuts off a device that sends frames that are none, and goes on with the others', async () => {
    const authorization = await deviceToken(
      key.privateKey,
      deviceId,
      'GET',
      DEVICE_PATHS.channel,
      Buffer.alloc(0),
    );
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}${DEVICE_PATHS.channel}`, {
      ca: server.caPem,
      headers: { authorization },
    });
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('open', () => socket.send('{"type":"hello"}'));
    expect(await closed).toBe(1007);
    expect((await send(packed(row()))).status).toBe(200);
  });

  it('trusts no receipt that the device did not sign', async () => {
    const ordered = await server.call(`/api/machines/${deviceId}/isolate`, {
      token,
      json: { Comment: 'test' },
    });
    expect(ordered.status, ordered.text).toBe(201);
    const authorization = await deviceToken(
      key.privateKey,
      deviceId,
      'GET',
      DEVICE_PATHS.channel,
      Buffer.alloc(0),
    );
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}${DEVICE_PATHS.channel}`, {
      ca: server.caPem,
      headers: { authorization },
    });
    await new Promise((resolve) => socket.on('open', resolve));
    const forged = [{ alg: 'none' }, { outcome: 'Succeeded', orderId: ordered.json().id, sub: deviceId }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    socket.send(
      JSON.stringify({
        type: 'receipt',
        receipt: `${forged}.${createHash('sha256').update('x').digest('base64url')}`,
      }),
    );
    // A frame after it, answered, shows that it was read.
    socket.send(JSON.stringify({ type: 'refused', orderId: ordered.json().id, reason: 'test' }));
    const { value } = await eventually(
      'the refusal is taken',
      async () => {
        const action = (await server.call(`/api/machineactions/${ordered.json().id}`, { token })).json();
        return action.status === 'Pending' ? null : action;
      },
      { withinMs: 5_000 },
    );
    expect(value).toMatchObject({ status: 'Failed', troubleshootInfo: expect.stringContaining('refused') });
    socket.close();
  });
});
