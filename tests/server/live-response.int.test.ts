/** Live response against a device that lies, stumbles and pushes: what it hands in, what it says, and what it may fetch. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import {
  DEVICE_PATHS,
  type FromDevice,
  nowIso7,
  type OnboardingPackage,
  RECEIPT_TYPE,
  RESULT_PART,
  type ToDevice,
} from '@merlon/contract';
import { CompactSign, decodeJwt } from 'jose';
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

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
const get = (path: string) => ({ type: 'GetFile', params: [{ key: 'Path', value: path }] });

/** Says and sends what the test wants. */
class RogueDevice {
  readonly heard: ToDevice[] = [];
  readonly #key: DeviceKey = newDeviceKey();
  readonly #server: TestServer;
  readonly #agent: Agent;
  readonly name: string;
  deviceId = '';
  socket: WebSocket | null = null;

  constructor(server: TestServer, agent: Agent, name: string) {
    this.#server = server;
    this.#agent = agent;
    this.name = name;
  }

  get #description() {
    return {
      computerName: this.name,
      osPlatform: 'Linux',
      osVersion: '12',
      osArchitecture: '64-bit' as const,
      osProcessor: 'x64',
      agentVersion: 'test',
      carriesOut: ['LiveResponse', 'CollectInvestigationPackage'],
    };
  }

  ask(method: string, path: string, body: Buffer = Buffer.alloc(0), headers = {}, sub = this.deviceId) {
    return signedRequest({
      origin: this.#server.url,
      agent: this.#agent,
      method,
      path,
      sub,
      body,
      headers: { 'content-type': 'application/octet-stream', ...headers },
      privateKey: this.#key.privateKey,
    });
  }

  async enrol({ enrolmentToken }: OnboardingPackage): Promise<void> {
    const body = { enrolmentToken, publicKey: this.#key.jwk, device: this.#description };
    const answer = await this.ask(
      'POST',
      DEVICE_PATHS.enrol,
      Buffer.from(JSON.stringify(body)),
      { 'content-type': 'application/json' },
      this.#key.thumbprint,
    );
    this.deviceId = JSON.parse(answer.text).deviceId;
  }

  async connect(): Promise<void> {
    const authorization = await deviceToken(
      this.#key.privateKey,
      this.deviceId,
      'GET',
      DEVICE_PATHS.channel,
      Buffer.alloc(0),
    );
    const socket = new WebSocket(`${this.#server.url.replace('https', 'wss')}${DEVICE_PATHS.channel}`, {
      ca: this.#server.caPem,
      headers: { authorization },
    });
    socket.on('message', (data) => this.heard.push(JSON.parse(String(data))));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    this.socket = socket;
    this.say({
      type: 'hello',
      device: this.#description,
      lastSeq: 0,
      health: {
        at: nowIso7(new Date()),
        agentVersion: 'test',
        isolation: 'None',
        sensors: [],
        spool: { batches: 0, bytes: 0, droppedRows: 0, rejectedRows: 0 },
      },
    });
  }

  say(frame: FromDevice): void {
    this.socket?.send(JSON.stringify(frame));
  }

  async receipt(orderId: string, seq: number, outcome: string, evidence: object): Promise<void> {
    const at = nowIso7(new Date());
    const claims = { orderId, sub: this.deviceId, seq, outcome, startedAt: at, finishedAt: at, evidence };
    const receipt = await new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', typ: RECEIPT_TYPE })
      .sign(this.#key.privateKey);
    this.say({ type: 'receipt', receipt });
  }

  put(
    orderId: string,
    name: string,
    part: Buffer,
    more: { offset?: number; size?: number; sha256?: string },
  ) {
    const path = DEVICE_PATHS.orderResult.replace(':orderId', orderId).replace(':name', name);
    return this.ask('PUT', path, part, {
      [RESULT_PART.offsetHeader]: String(more.offset ?? 0),
      [RESULT_PART.sizeHeader]: String(more.size ?? part.length),
      [RESULT_PART.sha256Header]: more.sha256 ?? sha256(part),
    });
  }
}

describe('live response and a device that is not what it says', () => {
  let server: TestServer;
  let agent: Agent;
  let token: string;
  let device: RogueDevice;
  let other: RogueDevice;
  const code = ({ text }: { text: string }) => JSON.parse(text).error.code;
  const order = async (commands: object[], by = device) => {
    const answer = await server.call(`/api/machines/${by.deviceId}/runliveresponse`, {
      token,
      json: { Commands: commands },
    });
    expect(answer.status, answer.text).toBe(201);
    const { id } = answer.json();
    const { value: claims } = await eventually(
      'the order comes',
      async () => {
        const frames = by.heard.flatMap((frame) => (frame.type === 'order' ? [decodeJwt(frame.order)] : []));
        return frames.find(({ jti }) => jti === id);
      },
      { withinMs: 10_000 },
    );
    return { id: id as string, seq: Number(claims.seq) };
  };
  const action = async (id: string) => (await server.call(`/api/machineactions/${id}`, { token })).json();
  const ended = (id: string) =>
    eventually(
      'the action ends',
      async () => {
        const now = await action(id);
        return /Pending|InProgress/.test(now.status) ? null : now;
      },
      { withinMs: 10_000 },
    ).then(({ value }) => value);
  const linkTo = (id: string, index: number) =>
    server.call(`/api/machineactions/${id}/GetLiveResponseResultDownloadLink(index=${index})`, { token });

  beforeAll(async () => {
    server = await startServer();
    agent = new Agent({ ca: server.caPem, keepAlive: true });
    token = await server.token(
      await server.createApp('Machine.Read.All', 'Machine.LiveResponse', 'Library.Manage'),
    );
    const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    const onboarding: OnboardingPackage = JSON.parse(readFileSync(made.files[0], 'utf8'));
    [device, other] = [new RogueDevice(server, agent, 'rogue'), new RogueDevice(server, agent, 'other')];
    for (const one of [device, other]) {
      await one.enrol(onboarding);
      await one.connect();
      await eventually(
        'it is known for what it can do',
        async () =>
          (
            await server.call(`/api/machines/${one.deviceId}/runliveresponse`, {
              token,
              json: { Commands: [get('relative')] },
            })
          ).json().error.code === 'InvalidInput',
        { withinMs: 10_000 },
      );
    }
  });
  afterAll(async () => {
    for (const one of [device, other]) one?.socket?.terminate();
    agent?.destroy();
    await server?.dispose();
  });

  it('takes a result in parts that go on where they stopped, also after the server was killed', async () => {
    const { id, seq } = await order([get('/a'), get('/b')]);
    const content = randomBytes(5 * 1024 * 1024);
    const whole = { size: content.length, sha256: sha256(content) };
    const first = await device.put(id, '0', content.subarray(0, 3_000_000), whole);
    expect([first.status, JSON.parse(first.text)]).toEqual([200, { offset: 3_000_000, complete: false }]);
    expect((await linkTo(id, 0)).status).toBe(404);
    await server.kill();
    await server.start();
    const again = await device.put(id, '0', content.subarray(0, 3_000_000), whole);
    expect([again.status, JSON.parse(again.text).offset]).toEqual([409, 3_000_000]);
    const asked = await device.ask('GET', `/device/v1/orders/${id}/results/0`);
    expect(JSON.parse(asked.text)).toEqual({ offset: 3_000_000, complete: false });
    const rest = content.subarray(3_000_000);
    const last = await device.put(id, '0', rest, { ...whole, offset: 3_000_000 });
    expect([last.status, JSON.parse(last.text)]).toEqual([200, { offset: content.length, complete: true }]);
    // The answer was lost.
    expect((await device.put(id, '0', rest, { ...whole, offset: 3_000_000 })).status).toBe(200);
    const changed = randomBytes(10);
    expect(code(await device.put(id, '0', changed, {}))).toBe('BadRequest');

    const link = (await linkTo(id, 0)).json().value;
    const { searchParams, pathname } = new URL(link);
    expect([searchParams.size, pathname]).toEqual([0, expect.stringMatching(/\/[\w-]{43}$/)]);
    const fetched = await server.call(link);
    expect([fetched.status, fetched.headers['content-length']]).toEqual([200, String(content.length)]);

    await device.connect();
    await device.receipt(id, seq, 'Failed', {});
    await ended(id);
    expect(code(await device.put(id, '1', changed, {}))).toBe('BadRequest');
    expect((await linkTo(id, 1)).status).toBe(404);
  });

  it('takes nothing that was not asked for, is not what it says, or is another device’s', async () => {
    const { id, seq } = await order([get('/a')]);
    const part = Buffer.from('content');
    expect(code(await device.put(id, '1', part, {}))).toBe('InvalidInput');
    expect(code(await device.put(id, 'package.zip', part, {}))).toBe('InvalidInput');
    expect((await device.put(id, '..%2f..%2fetc', part, {})).status).toBe(400);
    expect(code(await device.put(id, '0', part, { size: 600 * 1024 * 1024 }))).toBe('PayloadTooLarge');
    expect((await device.put(id, '0', Buffer.alloc(RESULT_PART.maxBytes + 1), {})).status).toBe(413);
    expect(code(await device.put(id, '0', part, { sha256: 'x' }))).toBe('InvalidInput');
    expect(code(await device.put(id, '0', part, { sha256: '0'.repeat(64) }))).toBe('InvalidHashValue');
    // Nothing of it was kept.
    expect(JSON.parse((await device.ask('GET', `/device/v1/orders/${id}/results/0`)).text).offset).toBe(0);
    expect((await device.put(id, '0', part, { offset: 3, size: 10 })).status).toBe(409);
    expect((await device.put(id, '0', part, { size: 3 })).status).toBe(409);
    expect(code(await other.put(id, '0', part, {}))).toBe('ResourceNotFound');
    expect(code(await device.put('0'.repeat(36), '0', part, {}))).toBe('ResourceNotFound');
    expect(code(await device.ask('GET', `/device/v1/orders/${id}/inputs/${'0'.repeat(64)}`))).toBe(
      'ResourceNotFound',
    );
    await device.receipt(id, seq, 'Failed', {});
    await ended(id);
  });

  it('keeps of what it says about its commands only what has their form', async () => {
    const { id, seq } = await order([get('/a'), get('/b')]);
    device.say({ type: 'started', orderId: id });
    const report = (index: number, more: object = {}) => ({
      index,
      startTime: nowIso7(new Date()),
      endTime: null,
      commandStatus: 'Created',
      errors: [],
      ...more,
    });
    for (const commands of [
      [report(2)],
      [report(-1)],
      [report(0), report(0)],
      [report(0), report(1), report(2)],
      [report(0, { commandStatus: 'Hacked' })],
      [report(0, { errors: ['x'.repeat(3_000)] })],
      [report(0, { errors: Array(100).fill('x') })],
      [report(0, { startTime: 'yesterday' })],
      [report(0, { startTime: '2026-99-99T00:00:00Z' })],
      'all of them',
      { 0: report(0) },
      null,
    ])
      device.say({ type: 'progress', orderId: id, progress: { commands } });
    device.say({ type: 'progress', orderId: id, progress: { commands: [report(1, { more: '<script>' })] } });
    const { value } = await eventually(
      'the one good word is kept',
      async () => {
        const now = await action(id);
        return now.commands[1].startTime === null ? null : now;
      },
      { withinMs: 10_000 },
    );
    expect(value.commands[0]).toMatchObject({ startTime: null, commandStatus: 'Created', errors: [] });
    expect(value.commands[1]).not.toHaveProperty('more');
    // It says that it succeeded and handed nothing in.
    await device.receipt(id, seq, 'Succeeded', { commands: [report(0), report(1)] });
    expect((await ended(id)).status).toBe('Failed');
  });

  it('takes words in a console only for sessions of the device that says them', async () => {
    const started = await server.call('/api/merlon/liveresponse/sessions', {
      token,
      json: { machineId: device.deviceId, comment: 'x' },
    });
    expect(started.status, started.text).toBe(201);
    const { id } = started.json();
    await eventually('the word comes', async () => device.heard.some(({ type }) => type === 'live'), {
      withinMs: 10_000,
    });
    const word = { kind: 'opened' } as const;
    other.say({ type: 'live', sessionId: id, seq: 1, taken: 1, word });
    other.say({ type: 'liveTaken', sessionId: id, taken: 1, unknown: true });
    device.say({ type: 'live', sessionId: id, seq: 2, taken: 1, word });
    device.say({ type: 'live', sessionId: id, seq: 1, taken: 99, word });
    device.say({
      type: 'live',
      sessionId: id,
      seq: 2,
      taken: 1,
      word: { kind: 'output', command: 77, stream: 'out', text: 'of no command' },
    });
    const session = async () =>
      (await server.call(`/api/merlon/liveresponse/sessions/${id}`, { token })).json();
    await eventually('it is connected', async () => (await session()).status === 'Connected', {
      withinMs: 10_000,
    });
    await eventually(
      'both words are confirmed',
      async () =>
        device.heard.filter((frame) => frame.type === 'liveStored' && frame.sessionId === id).length === 2,
      { withinMs: 10_000 },
    );
    const log = (await server.call(`/api/merlon/liveresponse/sessions/${id}/log`, { token })).json().value;
    expect(log.map((entry: { stream: string }) => entry.stream)).toEqual(['open']);
    expect(code(await other.put(id, '1', Buffer.from('x'), {}))).toBe('ResourceNotFound');
    expect(code(await device.put(id, '7', Buffer.from('x'), {}))).toBe('ResourceNotFound');
    // A ticket opens once.
    const { url } = (
      await server.call(`/api/merlon/liveresponse/sessions/${id}/ticket`, { token, json: {} })
    ).json();
    const closed = (at: string, send?: string) =>
      new Promise<number>((resolve, reject) => {
        const socket = new WebSocket(at, { ca: server.caPem });
        socket.once('error', reject);
        socket.once('close', resolve);
        if (send !== undefined) socket.once('message', () => socket.send(send));
      });
    expect(await closed(url, '{"type":"shell"}')).toBe(1007);
    expect(await closed(url)).toBe(4401);
    device.say({ type: 'liveTaken', sessionId: id, taken: 1, unknown: true });
    await eventually('it is over', async () => (await session()).status === 'Ended', { withinMs: 10_000 });
  });

  it('runs 25 sessions of a tenant at once and no more', async () => {
    const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    const onboarding: OnboardingPackage = JSON.parse(readFileSync(made.files[0], 'utf8'));
    const crowd = await Promise.all(
      Array.from({ length: 26 }, async (_one, at) => {
        const one = new RogueDevice(server, agent, `crowd-${at}`);
        await one.enrol(onboarding);
        return one;
      }),
    );
    const answers = await Promise.all(
      crowd.map((one) =>
        server.call(`/api/machines/${one.deviceId}/runliveresponse`, {
          token,
          json: { Commands: [get('/a')] },
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(25);
    const refused = answers.find(({ status }) => status !== 201);
    expect([refused?.status, refused?.headers['retry-after']]).toEqual([429, '30']);
  });
});
