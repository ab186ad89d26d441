/** A device that only holds content: it enrols, keeps its channel open, says what it holds, and fetches what it is told of, as an agent does. */
import { Agent, request } from 'node:https';
import { gunzipSync } from 'node:zlib';
import {
  CONTENT_TYPE,
  DEVICE_PATHS,
  type DeviceContent,
  type DeviceHealth,
  type FromDevice,
  nowIso7,
  type OnboardingPackage,
  type ToDevice,
} from '@merlon/contract';
import { compactVerify, importJWK } from 'jose';
import { WebSocket } from 'ws';
import { deviceToken, newDeviceKey, signedRequest } from '../../server/src/demo/device-request.ts';

export interface ContentDevice {
  readonly deviceId: string;
  /** Ids of the items it holds. */
  readonly items: ReadonlyMap<string, Record<string, unknown>>;
  readonly held: { readonly version: number; readonly scope: string };
  /** Frames about content, as they came. */
  readonly told: readonly { readonly version: number; readonly at: number }[];
  /** Milliseconds of `performance.now()` at which the last content was in hand. */
  readonly takenAt: number;
  /** Contents taken since it enrolled. */
  readonly taken: readonly DeviceContent[];
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** One request for the topic, nothing taken over. */
  ask(query: string): Promise<{ status: number; bytes: number; content: DeviceContent | null; text: string }>;
  close(): void;
}

export async function contentDevice(
  onboarding: OnboardingPackage,
  computerName: string,
): Promise<ContentDevice> {
  // A kept connection may be closed just when it is used again, and nothing here asks twice.
  const agent = new Agent({ ca: onboarding.caPem });
  const key = newDeviceKey();
  const commandKey = await importJWK(onboarding.commandKey, 'EdDSA');
  const device = {
    computerName,
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit' as const,
    osProcessor: 'x64',
    agentVersion: 'test',
  };
  const enrolled = await signedRequest({
    origin: onboarding.serverUrl,
    agent,
    method: 'POST',
    path: DEVICE_PATHS.enrol,
    sub: key.thumbprint,
    body: Buffer.from(
      JSON.stringify({ enrolmentToken: onboarding.enrolmentToken, publicKey: key.jwk, device }),
    ),
    headers: { 'content-type': 'application/json' },
    privateKey: key.privateKey,
  });
  if (enrolled.status !== 201) throw new Error(`enrolment was refused: ${enrolled.text}`);
  const { deviceId } = JSON.parse(enrolled.text) as { deviceId: string };
  const path = DEVICE_PATHS.content.replace(':topic', 'indicators');

  const ask: ContentDevice['ask'] = async (query) => {
    const authorization = await deviceToken(key.privateKey, deviceId, 'GET', path, Buffer.alloc(0));
    const { status, body, encoding } = await new Promise<{ status: number; body: Buffer; encoding: unknown }>(
      (resolve, reject) => {
        const sent = request(
          `${onboarding.serverUrl}${path}${query}`,
          { agent, headers: { authorization, 'accept-encoding': 'gzip' } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.once('error', reject);
            response.once('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                body: Buffer.concat(chunks),
                encoding: response.headers['content-encoding'],
              }),
            );
          },
        );
        sent.once('error', reject);
        sent.end();
      },
    );
    const text = (encoding === 'gzip' ? gunzipSync(body) : body).toString('utf8');
    if (status !== 200) return { status, bytes: body.length, content: null, text };
    const { payload, protectedHeader } = await compactVerify(text, commandKey);
    if (protectedHeader.typ !== CONTENT_TYPE) throw new Error('it is no content');
    return {
      status,
      bytes: body.length,
      content: JSON.parse(Buffer.from(payload).toString('utf8')) as DeviceContent,
      text,
    };
  };

  const items = new Map<string, Record<string, unknown>>();
  const told: { version: number; at: number }[] = [];
  const taken: DeviceContent[] = [];
  let held = { version: 0, scope: '' };
  let takenAt = 0;
  let socket: WebSocket | null = null;
  let chain: Promise<void> = Promise.resolve();
  const health = (): DeviceHealth => ({
    at: nowIso7(new Date()),
    agentVersion: 'test',
    isolation: 'None',
    ...(held.version === 0
      ? {}
      : { content: { indicators: held.version }, contentScopes: { indicators: held.scope } }),
    sensors: [{ source: 'process', provider: 'none', state: 'Running', events: 0, lost: 0 }],
    spool: { batches: 0, bytes: 0, droppedRows: 0, rejectedRows: 0 },
  });
  const say = (frame: FromDevice) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  };
  const fetch = async () => {
    const { content, status, text } = await ask(`?from=${held.version}&scope=${held.scope}`);
    if (status !== 200 && status !== 204) throw new Error(`content was not given: ${status} ${text}`);
    if (content === null) return;
    if (content.version <= held.version) throw new Error(`version ${content.version} is not newer`);
    if (content.base === 0) items.clear();
    else if (content.base !== held.version || content.scope !== held.scope)
      throw new Error('it does not fit');
    for (const id of content.removes) items.delete(id);
    for (const item of content.upserts) items.set(String(item.id), item);
    held = { version: content.version, scope: content.scope };
    taken.push(content);
    takenAt = performance.now();
    say({ type: 'health', health: health() });
  };

  return {
    deviceId,
    items,
    told,
    taken,
    get held() {
      return held;
    },
    get takenAt() {
      return takenAt;
    },
    ask,
    async connect() {
      const authorization = await deviceToken(
        key.privateKey,
        deviceId,
        'GET',
        DEVICE_PATHS.channel,
        Buffer.alloc(0),
      );
      const opened = new WebSocket(
        `${onboarding.serverUrl.replace(/^https/, 'wss')}${DEVICE_PATHS.channel}`,
        { ca: onboarding.caPem, headers: { authorization } },
      );
      socket = opened;
      opened.on('message', (data) => {
        const frame = JSON.parse(String(data)) as ToDevice;
        if (frame.type !== 'content') return;
        told.push({ version: frame.version, at: performance.now() });
        chain = chain.then(fetch);
      });
      await new Promise<void>((resolve, reject) => {
        opened.once('open', () => resolve());
        opened.once('error', reject);
      });
      say({ type: 'hello', device, lastSeq: 0, health: health() });
    },
    async disconnect() {
      const closing = socket;
      socket = null;
      if (!closing) return;
      await new Promise<void>((resolve) => {
        closing.once('close', () => resolve());
        closing.close();
      });
      await chain;
    },
    close() {
      socket?.terminate();
      agent.destroy();
    },
  };
}
