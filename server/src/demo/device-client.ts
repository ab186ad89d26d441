/**
 * A device without a sensor: it enrols, sends batches, holds a command channel and answers orders through the real front door, as an agent
 * does. The demo's fleet is made of these, and what they do when they are ordered to is given to them.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Agent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  BATCH_HEADER,
  DEVICE_PATHS,
  type DeviceDescription,
  type DeviceHealth,
  type EnrolResponse,
  type EventBatchResponse,
  type FromDevice,
  nowIso7,
  type OnboardingPackage,
  type OrderClaims,
  type OrderKind,
  RECEIPT_TYPE,
  RESULT_PART,
  type ReceiptClaims,
  type ToDevice,
} from '@merlon/contract';
import { CompactSign, decodeJwt } from 'jose';
import { WebSocket } from 'ws';
import { deviceToken, newDeviceKey, signedRequest } from './device-request.ts';
import { type DeviceBehaviour, simulatedResponse } from './simulated-response.ts';

export interface DeviceClient {
  readonly deviceId: string;
  /**
   * Adds ReportId to each row and sends them all, in as many batches as needed. The same batch is sent again while the server is away or asks
   * for patience.
   */
  send(rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** Opens the command channel and answers orders until closed. */
  attend(): Promise<void>;
  close(): void;
}

const ROWS_PER_BATCH = 2_000;
/** Longest time one batch is tried for. */
const PATIENCE_MS = 60_000;
const AWAY_RETRY_MS = 100;

export async function enrolDevice(
  onboarding: OnboardingPackage,
  described: DeviceDescription,
  behaviour: DeviceBehaviour = simulatedResponse(described),
): Promise<DeviceClient> {
  const device: DeviceDescription = { ...described, carriesOut: [...behaviour.carriesOut] };
  const agent = new Agent({ ca: onboarding.caPem, keepAlive: true });
  const { privateKey, jwk, thumbprint } = newDeviceKey();
  const call = (method: string, path: string, sub: string, body: Buffer, headers: Record<string, string>) =>
    signedRequest({ origin: onboarding.serverUrl, agent, method, path, sub, body, headers, privateKey });

  const enrolment = Buffer.from(
    JSON.stringify({ enrolmentToken: onboarding.enrolmentToken, publicKey: jwk, device }),
  );
  const answer = await call('POST', DEVICE_PATHS.enrol, thumbprint, enrolment, {
    'content-type': 'application/json',
  });
  if (answer.status !== 200 && answer.status !== 201)
    throw new Error(`enrolment was refused: ${answer.text}`);
  const { deviceId } = JSON.parse(answer.text) as EnrolResponse;

  const epoch = randomBytes(8).toString('hex');
  let batch = 0;
  let reportId = 0;
  let lastSeq = 0;
  let socket: WebSocket | null = null;

  const sendBatch = async (rows: readonly Readonly<Record<string, unknown>>[]) => {
    batch += 1;
    const text = rows.map((row) => JSON.stringify({ ...row, ReportId: ++reportId })).join('\n');
    const body = gzipSync(`${text}\n`);
    const headers = {
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
      [BATCH_HEADER]: `${epoch}.${batch}`,
    };
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await call('POST', DEVICE_PATHS.events, deviceId, body, headers).catch(
        (error: Error) => error,
      );
      const away = answer instanceof Error;
      if (!away && answer.status === 200) {
        const { rejectedCount, rejected } = JSON.parse(answer.text) as EventBatchResponse;
        if (rejectedCount > 0) throw new Error(`${rejectedCount} rows were rejected: ${rejected[0]?.reason}`);
        return;
      }
      const passing = away || answer.status === 503 || answer.status === 429;
      if (!passing || Date.now() > until) {
        throw new Error(`a batch was not taken: ${away ? answer.message : answer.text}`);
      }
      await delay(away ? AWAY_RETRY_MS : answer.retryAfter * 1000);
    }
  };

  const health = (): DeviceHealth => ({
    at: nowIso7(new Date()),
    agentVersion: device.agentVersion,
    ...behaviour.health(),
    sensors: [{ source: 'process', provider: 'simulated', state: 'Running', events: reportId, lost: 0 }],
    spool: { batches: 0, bytes: 0, droppedRows: 0, rejectedRows: 0 },
  });

  const upload = async (orderId: string, name: string, bytes: Buffer) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = DEVICE_PATHS.orderResult.replace(':orderId', orderId).replace(':name', name);
    for (let offset = 0; offset < bytes.length; offset += RESULT_PART.maxBytes) {
      const part = bytes.subarray(offset, offset + RESULT_PART.maxBytes);
      const taken = await call('PUT', path, deviceId, part, {
        'content-type': 'application/octet-stream',
        [RESULT_PART.offsetHeader]: String(offset),
        [RESULT_PART.sizeHeader]: String(bytes.length),
        [RESULT_PART.sha256Header]: sha256,
      });
      if (taken.status !== 200) throw new Error(`a result was not taken: ${taken.text}`);
    }
  };

  const carryOut = async (order: string, say: (frame: FromDevice) => void) => {
    const claims = decodeJwt(order) as unknown as OrderClaims;
    if (claims.seq <= lastSeq) return;
    lastSeq = claims.seq;
    say({ type: 'started', orderId: claims.jti });
    const startedAt = nowIso7(new Date());
    const outcome = await behaviour.carryOut({
      kind: claims.kind as OrderKind,
      params: claims.params,
      upload: (name, bytes) => upload(claims.jti, name, bytes),
    });
    const receipt: ReceiptClaims = {
      orderId: claims.jti,
      sub: deviceId,
      seq: claims.seq,
      startedAt,
      finishedAt: nowIso7(new Date()),
      ...outcome,
    };
    const signed = await new CompactSign(Buffer.from(JSON.stringify(receipt)))
      .setProtectedHeader({ alg: 'EdDSA', typ: RECEIPT_TYPE })
      .sign(privateKey);
    say({ type: 'receipt', receipt: signed });
    say({ type: 'health', health: health() });
  };

  return {
    deviceId,
    async send(rows) {
      for (let at = 0; at < rows.length; at += ROWS_PER_BATCH)
        await sendBatch(rows.slice(at, at + ROWS_PER_BATCH));
    },
    async attend() {
      const authorization = await deviceToken(
        privateKey,
        deviceId,
        'GET',
        DEVICE_PATHS.channel,
        Buffer.alloc(0),
      );
      const opened = new WebSocket(
        `${onboarding.serverUrl.replace(/^https/, 'wss')}${DEVICE_PATHS.channel}`,
        {
          ca: onboarding.caPem,
          headers: { authorization },
        },
      );
      socket = opened;
      const say = (frame: FromDevice) => opened.send(JSON.stringify(frame));
      opened.on('message', (data) => {
        const frame = JSON.parse(String(data)) as ToDevice;
        if (frame.type === 'order') void carryOut(frame.order, say);
      });
      await new Promise<void>((resolve, reject) => {
        opened.once('open', () => resolve());
        opened.once('error', reject);
      });
      say({ type: 'hello', device, lastSeq, health: health() });
    },
    close() {
      socket?.close();
      agent.destroy();
    },
  };
}
