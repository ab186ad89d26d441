/** The door under attack: slow, silent and cut-off callers, and callers who choose what the server is called. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { BATCH_HEADER, DEVICE_PATHS, nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DeviceKey,
  deviceToken,
  newDeviceKey,
  signedRequest,
} from '../../server/src/demo/device-request.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

describe('the front door', () => {
  let server: TestServer;
  let agent: Agent;
  let key: DeviceKey;
  let deviceId: string;
  const open: Socket[] = [];

  const dial = () =>
    new Promise<TLSSocket>((resolve, reject) => {
      const socket = tlsConnect({
        host: '127.0.0.1',
        port: server.port,
        ca: server.caPem,
        servername: 'localhost',
      });
      open.push(socket);
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
    });
  const answerTo = (socket: TLSSocket) =>
    new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if ((text.split('\r\n\r\n')[1] ?? '') !== '') resolve(text);
      });
      socket.once('close', () => resolve(text));
      socket.once('error', () => resolve(text));
    });
  const batch = (more: object = {}) =>
    gzipSync(
      JSON.stringify({
        Table: 'DeviceProcessEvents',
        Timestamp: nowIso7(new Date()),
        ActionType: 'ProcessCreated',
        ReportId: 1,
        ...more,
      }),
    );
  const epoch = randomBytes(8).toString('hex');
  let seq = 0;
  const send = (body: Buffer) =>
    signedRequest({
      origin: server.url,
      agent,
      method: 'POST',
      path: DEVICE_PATHS.events,
      sub: deviceId,
      body,
      headers: { 'content-encoding': 'gzip', [BATCH_HEADER]: `${epoch}.${++seq}` },
      privateKey: key.privateKey,
    });

  beforeAll(async () => {
    server = await startServer();
    agent = new Agent({ ca: server.caPem, keepAlive: true });
    const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    const { enrolmentToken } = JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage;
    key = newDeviceKey();
    const device = {
      computerName: 'door-1',
      osPlatform: 'Linux',
      osVersion: '12',
      osArchitecture: '64-bit',
      osProcessor: 'x64',
      agentVersion: 'test',
    };
    const answer = await signedRequest({
      origin: server.url,
      agent,
      method: 'POST',
      path: DEVICE_PATHS.enrol,
      sub: key.thumbprint,
      body: Buffer.from(JSON.stringify({ enrolmentToken, publicKey: key.jwk, device })),
      headers: { 'content-type': 'application/json' },
      privateKey: key.privateKey,
    });
    deviceId = JSON.parse(answer.text).deviceId;
  });
  afterAll(async () => {
    for (const socket of open) socket.destroy();
    agent?.destroy();
    await server?.dispose();
  });

  it('asks who speaks before it reads what is said', async () => {
    const socket = await dial();
    const answer = answerTo(socket);
    // A body that never comes: whoever waits for it first does not answer.
    socket.write(
      `POST ${DEVICE_PATHS.events} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Device a.b.c\r\nContent-Length: 4000000\r\n\r\n`,
    );
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  it('lets a device in while somebody holds many connections open, and closes the oldest of those', async () => {
    const silent: TLSSocket[] = [];
    for (let i = 0; i < 300; i++) silent.push(await dial());
    expect((await send(batch())).status).toBe(200);
    await eventually(
      'the oldest to be closed',
      async () => silent[0]?.closed === true || silent[0]?.destroyed,
      {
        withinMs: 10_000,
      },
    );
    expect(silent.at(-1)?.destroyed).toBe(false);
    const metrics = (await server.call('/metrics')).text;
    expect(Number(/merlon_http_strangers_displaced_total (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(0);
    for (const socket of silent) socket.destroy();
  });

  it('takes an upload that is cut off for what it is', async () => {
    const body = batch();
    const authorization = await deviceToken(key.privateKey, deviceId, 'POST', DEVICE_PATHS.events, body);
    await new Promise<void>((resolve) => {
      const sent = request(`${server.url}${DEVICE_PATHS.events}`, {
        method: 'POST',
        ca: server.caPem,
        headers: {
          authorization,
          [BATCH_HEADER]: `${epoch}.${++seq}`,
          'content-length': String(body.length + 9),
        },
      });
      sent.once('error', () => resolve());
      sent.write(body, () => setImmediate(() => sent.destroy()));
    });
    await eventually(
      'the end of the request to be counted',
      async () =>
        /merlon_http_requests_total\{[^}]*device\.events[^}]*\}/.test((await server.call('/metrics')).text),
      { withinMs: 10_000 },
    );
    expect((await send(batch())).status).toBe(200);
    expect(server.output().stderr).not.toContain('InternalServerError');
  });

  it('tells a device which rows lie outside the days that are kept', async () => {
    const past = new Date(Date.now() - 40 * 86_400_000);
    const lines = [{}, { Timestamp: nowIso7(past) }].map((more, i) =>
      JSON.stringify({
        Table: 'DeviceProcessEvents',
        Timestamp: nowIso7(new Date()),
        ActionType: 'ProcessCreated',
        ReportId: i + 1,
        ...more,
      }),
    );
    const answer = await send(gzipSync(lines.join('\n')));
    expect(JSON.parse(answer.text)).toMatchObject({
      accepted: 1,
      rejectedCount: 1,
      rejected: [{ line: 2, reason: expect.stringContaining('older than the 30 days') }],
    });
    expect((await server.call('/metrics')).text).toMatch(/merlon_ingest_rows_total\{outcome="rejected"\} 1/);
  });

  it('calls itself by its own names only', async () => {
    const config = async (host: string) => {
      const socket = await dial();
      const answer = answerTo(socket);
      socket.write(`GET /portal/config.json HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      return answer;
    };
    expect(await config('evil.example')).not.toContain('evil.example');
    expect(await config('evil.example')).toContain(`https://localhost:${server.port}`);
    expect(await config(`127.0.0.1:${server.port}`)).toContain(`https://127.0.0.1:${server.port}`);
  });

  it('says that it stopped', async () => {
    await server.stop();
    expect(server.output().stderr.trimEnd().split('\n').at(-1)).toMatch(/"stopped"|stopped$/);
  });
});
