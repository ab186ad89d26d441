/**
 * The server's side of the device protocol, for tests: real TLS, real WebSocket, the same checks, the same memory of batches (the highest sequence
 * of a stream's last four epochs), and faults on demand.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import {
  BATCH_HEADER,
  BATCH_ID_PATTERN,
  BATCH_LIMITS,
  DEVICE_CLOCK_WINDOW_S,
  DEVICE_PATHS,
  DEVICE_TOKEN_TYPE,
  DeviceTokenClaims,
  type Ed25519PublicJwk,
  EnrolRequest,
  FromDevice,
  nowIso7,
  type OnboardingPackage,
  RECEIPT_TYPE,
  ReceiptClaims,
  type ToDevice,
} from '@merlon/contract';
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';
import { check } from '../files/check.ts';
import type { TestAuthority } from './authority.ts';
import { orderClaims, TestCommandKey } from './command-key.ts';

/** What happens to the next request for events, or for enrolment. */
export type Fault =
  /** Taken and made durable, but the connection breaks before the answer. */
  | 'dropAnswer'
  /** The connection breaks before anything is taken. */
  | 'close'
  | { readonly status: number; readonly code: string; readonly retryAfter?: string };

export interface TakenRow {
  readonly batch: string;
  readonly row: Record<string, unknown>;
}

interface Device {
  readonly deviceId: string;
  readonly key: Ed25519PublicJwk;
}

const TEST_TENANT = '11111111-2222-3333-4444-555555555555';
const EPOCHS_KEPT = 4;

export class ProtocolPeer {
  readonly commandKey = new TestCommandKey();
  readonly authority: TestAuthority;
  readonly rows: TakenRow[] = [];
  readonly frames: FromDevice[] = [];
  readonly receipts: ReceiptClaims[] = [];
  /** Batches that came again under a known id with other bytes: must stay empty. */
  readonly changedBatches: string[] = [];
  readonly faults: Fault[] = [];
  readonly enrolFaults: Fault[] = [];
  /** Off: receipts are heard but not confirmed. */
  confirmReceipts = true;
  /** Added to this machine's clock to make the server's. */
  clockOffsetMs = 0;
  /** Devices whose requests are refused as offboarded. */
  readonly offboarded = new Set<string>();
  batchRequests = 0;
  connections = 0;

  readonly #server: Server;
  readonly #upgrader = new WebSocketServer({ noServer: true, maxPayload: 256 * 1024 });
  readonly #open = new Set<Duplex>();
  readonly #devices = new Map<string, Device>();
  readonly #channels = new Map<string, WebSocket>();
  readonly #epochs = new Map<string, [epoch: string, highest: number][]>();
  readonly #hashes = new Map<string, string>();

  private constructor(authority: TestAuthority) {
    this.authority = authority;
    this.#server = createServer({ key: authority.keyPem, cert: authority.certPem }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) =>
        send(response, 500, { error: { code: 'InternalServerError', message: String(error), target: '' } }),
      );
    });
    this.#server.on('connection', (socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
    });
    this.#server.on('upgrade', (request, socket, head) => {
      void this.#upgrade(request, socket, head);
    });
  }

  static async start(authority: TestAuthority, host = '127.0.0.1', port = 0): Promise<ProtocolPeer> {
    const peer = new ProtocolPeer(authority);
    await peer.listen(host, port);
    return peer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get deviceIds(): string[] {
    return [...this.#devices.keys()];
  }

  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => resolve());
    });
  }

  /** Breaks every connection and stops listening; {@link listen} starts it again with all it knows. */
  async close(): Promise<void> {
    for (const socket of this.#channels.values()) socket.terminate();
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  package(
    host: string,
    more: { tag?: string; secondsValid?: number; caPem?: string } = {},
  ): Promise<OnboardingPackage> {
    const { tag, secondsValid, caPem = this.authority.caPem } = more;
    const serverUrl = `https://${host}:${this.port}`;
    return this.commandKey.package(
      { tenantId: TEST_TENANT, serverUrl, caPem, ...(tag === undefined ? {} : { tag }) },
      new Date(),
      secondsValid,
    );
  }

  isConnected(deviceId: string): boolean {
    return this.#channels.has(deviceId);
  }

  say(deviceId: string, frame: ToDevice): boolean {
    const socket = this.#channels.get(deviceId);
    socket?.send(JSON.stringify(frame));
    return socket !== undefined;
  }

  hangUp(deviceId: string): void {
    this.#channels.get(deviceId)?.terminate();
  }

  /** Sends an order now. Returns its id. */
  async order(
    deviceId: string,
    seq: number,
    kind: 'Isolate' | 'Unisolate',
    isolationType?: 'Full' | 'Selective',
  ): Promise<string> {
    const params = isolationType === undefined ? {} : { isolationType };
    const claims = orderClaims({ sub: deviceId, seq, kind, params }, this.#now());
    this.say(deviceId, { type: 'order', order: await this.commandKey.order(claims, this.#now()) });
    return claims.jti;
  }

  #now(): Date {
    return new Date(Date.now() + this.clockOffsetMs);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('date', this.#now().toUTCString());
    const body = await readBody(request);
    switch (request.url) {
      case DEVICE_PATHS.enrol:
        return this.#enrol(request, response, body);
      case DEVICE_PATHS.events:
        return this.#events(request, response, body);
      default:
        return refuse(response, 404, 'NotFound');
    }
  }

  async #enrol(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const fault = this.enrolFaults.shift();
    if (fault === 'close') return breakOff(request);
    if (typeof fault === 'object') return refuseBy(response, fault);
    let enrolment: EnrolRequest;
    try {
      enrolment = check(EnrolRequest, JSON.parse(body.toString('utf8')), 'request');
    } catch {
      return refuse(response, 400, 'InvalidRequestBody');
    }
    const thumbprint = await calculateJwkThumbprint(enrolment.publicKey, 'sha256');
    const problem = await this.#verify(request, body, { deviceId: thumbprint, key: enrolment.publicKey });
    if (problem !== null) return refuse(response, 401, problem);
    const known = [...this.#devices.values()].find(({ key }) => key.x === enrolment.publicKey.x);
    const deviceId = known?.deviceId ?? randomBytes(20).toString('hex');
    this.#devices.set(deviceId, { deviceId, key: enrolment.publicKey });
    if (fault === 'dropAnswer') return breakOff(request);
    send(response, known ? 200 : 201, { deviceId, tenantId: TEST_TENANT, serverTime: nowIso7(this.#now()) });
  }

  async #events(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    this.batchRequests += 1;
    const fault = this.faults.shift();
    if (fault === 'close') return breakOff(request);
    if (typeof fault === 'object') return refuseBy(response, fault);
    const device = this.#claimant(request);
    const problem = device ? await this.#verify(request, body, device) : 'Unauthorized';
    if (!device || problem !== null) return refuse(response, 401, problem ?? 'Unauthorized');
    if (this.offboarded.has(device.deviceId)) return refuse(response, 403, 'Forbidden');
    const id = String(request.headers[BATCH_HEADER]);
    if (!new RegExp(BATCH_ID_PATTERN).test(id)) return refuse(response, 400, 'InvalidInput');
    if (body.byteLength > BATCH_LIMITS.compressedBytes) return refuse(response, 413, 'PayloadTooLarge');
    let lines: string[];
    try {
      lines = gunzipSync(body).toString('utf8').trimEnd().split('\n');
    } catch {
      return refuse(response, 400, 'InvalidRequestBody');
    }
    const duplicate = this.#remember(device.deviceId, id, body);
    if (!duplicate) {
      for (const line of lines)
        this.rows.push({ batch: id, row: JSON.parse(line) as Record<string, unknown> });
    }
    if (fault === 'dropAnswer') return breakOff(request);
    send(response, 200, { accepted: lines.length, duplicate, rejectedCount: 0, rejected: [] });
  }

  /** True: known already. */
  #remember(stream: string, id: string, body: Buffer): boolean {
    const [epoch = '', seqText = ''] = id.split('.');
    const seq = Number(seqText);
    const hash = createHash('sha256').update(body).digest('hex');
    const known = this.#hashes.get(id);
    if (known !== undefined && known !== hash) this.changedBatches.push(id);
    this.#hashes.set(id, hash);
    const epochs = this.#epochs.get(stream) ?? [];
    const highest = epochs.find(([name]) => name === epoch)?.[1] ?? 0;
    this.#epochs.set(
      stream,
      [
        [epoch, Math.max(highest, seq)] as [string, number],
        ...epochs.filter(([name]) => name !== epoch),
      ].slice(0, EPOCHS_KEPT),
    );
    return seq <= highest;
  }

  #claimant(request: IncomingMessage): Device | undefined {
    const [, payload = ''] = (request.headers.authorization ?? '').split('.');
    try {
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { sub?: string };
      return this.#devices.get(claims.sub ?? '');
    } catch {
      return undefined;
    }
  }

  /** Null, or the code of the error. */
  async #verify(request: IncomingMessage, body: Buffer, device: Device): Promise<string | null> {
    try {
      const [scheme, jws = ''] = (request.headers.authorization ?? '').split(' ');
      const key = await importJWK(device.key, 'EdDSA');
      const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: ['EdDSA'] });
      const claims = check(DeviceTokenClaims, JSON.parse(Buffer.from(payload).toString('utf8')), 'token');
      const isFor =
        scheme === 'Device' &&
        protectedHeader.typ === DEVICE_TOKEN_TYPE &&
        claims.sub === device.deviceId &&
        claims.htm === request.method &&
        claims.htu === request.url &&
        claims.bh === createHash('sha256').update(body).digest('base64url');
      if (!isFor) return 'Unauthorized';
      return Math.abs(this.#now().getTime() / 1000 - claims.iat) > DEVICE_CLOCK_WINDOW_S ? 'ClockSkew' : null;
    } catch {
      return 'Unauthorized';
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const device = this.#claimant(request);
    const problem = device ? await this.#verify(request, Buffer.alloc(0), device) : 'Unauthorized';
    const gone = device !== undefined && this.offboarded.has(device.deviceId);
    if (!device || problem !== null || gone || request.url !== DEVICE_PATHS.channel) {
      const [status, code] = gone
        ? ['403 Forbidden', 'Forbidden']
        : ['401 Unauthorized', problem ?? 'Unauthorized'];
      const body = JSON.stringify({ error: { code, message: 'refused', target: '' } });
      socket.end(
        `HTTP/1.1 ${status}\r\nDate: ${this.#now().toUTCString()}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      return;
    }
    this.#upgrader.handleUpgrade(request, socket, head, (channel) => {
      this.connections += 1;
      this.#channels.get(device.deviceId)?.close(4000, 'replaced');
      this.#channels.set(device.deviceId, channel);
      channel.on('close', () => {
        if (this.#channels.get(device.deviceId) === channel) this.#channels.delete(device.deviceId);
      });
      channel.on('message', (data) => void this.#hear(device, channel, String(data)));
    });
  }

  async #hear(device: Device, channel: WebSocket, text: string): Promise<void> {
    const frame = check(FromDevice, JSON.parse(text), 'frame');
    this.frames.push(frame);
    if (frame.type !== 'receipt') return;
    const key = await importJWK(device.key, 'EdDSA');
    const { payload, protectedHeader } = await compactVerify(frame.receipt, key, { algorithms: ['EdDSA'] });
    if (protectedHeader.typ !== RECEIPT_TYPE) throw new Error(`a receipt of typ ${protectedHeader.typ}`);
    const receipt = check(ReceiptClaims, JSON.parse(Buffer.from(payload).toString('utf8')), 'receipt');
    this.receipts.push(receipt);
    if (!this.confirmReceipts) return;
    const answer: ToDevice = { type: 'receiptStored', orderId: receipt.orderId };
    channel.send(JSON.stringify(answer));
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  send(response, status, { error: { code, message: `refused: ${code}`, target: '' } });
}

function refuseBy(response: ServerResponse, fault: Exclude<Fault, string>): void {
  if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
  refuse(response, fault.status, fault.code);
}

function breakOff(request: IncomingMessage): void {
  request.socket.destroy();
}
