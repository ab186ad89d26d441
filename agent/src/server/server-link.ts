/**
 * The one way to the server: HTTPS with the pinned authority and nothing else trusted, every request signed by the device key, the clock
 * corrected when the server says that it is off.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { DEVICE_PATHS } from '@merlon/contract';
import { WebSocket } from 'ws';
import type { DeviceKey } from '../identity/device-key.ts';
import { deviceAuthorization } from '../identity/device-token.ts';
import type { ServerClock } from '../identity/server-clock.ts';
import { explainNetworkError } from './network-error.ts';
import type { ServerAddresses } from './server-addresses.ts';

const REQUEST_LIMIT_MS = 60_000;
const HANDSHAKE_LIMIT_MS = 15_000;
const MAX_REPLY_BYTES = 1024 * 1024;
const MAX_FRAME_BYTES = 256 * 1024;
const NOTHING = new Uint8Array();

export interface ServerReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface LinkRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Longest answer that is read; a longer one is an error. Default 1 MiB. */
  readonly maxReplyBytes?: number;
}

/** How the server took a request for the command channel. */
export type ChannelOpening =
  | { readonly kind: 'open'; readonly socket: WebSocket; readonly remoteAddress: string | undefined }
  | { readonly kind: 'refused'; readonly reply: ServerReply };

export interface ServerLinkOptions {
  readonly url: string;
  readonly caPem: string;
  readonly addresses: ServerAddresses;
  readonly clock: ServerClock;
  /** Null: requests go unsigned, for asking whether a server is there at all. */
  readonly signer: {
    readonly key: DeviceKey /** Device id, or thumbprint while enrolling. */;
    readonly sub: string;
  } | null;
}

export class ServerLink {
  readonly url: URL;
  readonly #options: ServerLinkOptions;
  readonly #agent: Agent;

  constructor(options: ServerLinkOptions) {
    this.url = new URL(options.url);
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 4,
      ca: options.caPem,
      minVersion: 'TLSv1.2',
      lookup: options.addresses.lookup,
      autoSelectFamily: true,
    });
  }

  /** Sends a request; after a `ClockSkew` once more with the corrected clock. @throws NetworkError when no answer comes. */
  async request(request: LinkRequest): Promise<ServerReply> {
    const reply = await this.#send(request);
    return this.#correctClock(reply) ? this.#send(request) : reply;
  }

  /** Asks for the command channel, correcting the clock likewise. @throws NetworkError */
  async openChannel(signal?: AbortSignal): Promise<ChannelOpening> {
    const opening = await this.#openSocket(signal);
    return opening.kind === 'refused' && this.#correctClock(opening.reply)
      ? this.#openSocket(signal)
      : opening;
  }

  close(): void {
    this.#agent.destroy();
  }

  #correctClock(reply: ServerReply): boolean {
    if (reply.status !== 401 || errorInReply(reply).code !== 'ClockSkew') return false;
    return this.#options.clock.correct(single(reply.headers.date));
  }

  #authorization(method: string, path: string, body: Uint8Array): Record<string, string> {
    const { signer, clock } = this.#options;
    if (!signer) return {};
    return {
      authorization: deviceAuthorization(signer.key, signer.sub, { method, path, body }, clock.now()),
    };
  }

  #send(request: LinkRequest): Promise<ServerReply> {
    const { method, path, body = NOTHING, headers, signal, maxReplyBytes = MAX_REPLY_BYTES } = request;
    const target = new URL(path, this.url);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(explainNetworkError(error, this.url));
      const outgoing = httpsRequest(
        target,
        {
          method,
          agent: this.#agent,
          headers: {
            ...headers,
            ...this.#authorization(method, target.pathname, body),
            ...(method === 'GET' ? {} : { 'content-length': String(body.byteLength) }),
          },
          ...(signal ? { signal } : {}),
        },
        (incoming) => {
          readReply(incoming, maxReplyBytes).then((reply) => {
            clearTimeout(limit);
            resolve(reply);
          }, fail);
        },
      );
      const limit = setTimeout(
        () => outgoing.destroy(new Error(`no answer within ${REQUEST_LIMIT_MS / 1000} s`)),
        REQUEST_LIMIT_MS,
      );
      outgoing.on('error', fail);
      outgoing.on('close', () => clearTimeout(limit));
      outgoing.end(body);
    });
  }

  #openSocket(signal: AbortSignal | undefined): Promise<ChannelOpening> {
    const target = new URL(DEVICE_PATHS.channel, this.url);
    target.protocol = 'wss:';
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(target, {
        agent: this.#agent,
        handshakeTimeout: HANDSHAKE_LIMIT_MS,
        maxPayload: MAX_FRAME_BYTES,
        perMessageDeflate: false,
        followRedirects: false,
        headers: this.#authorization('GET', target.pathname, NOTHING),
      });
      const abort = () => socket.terminate();
      signal?.addEventListener('abort', abort, { once: true });
      const settle = (act: () => void) => {
        signal?.removeEventListener('abort', abort);
        act();
      };
      let remoteAddress: string | undefined;
      socket.on('upgrade', (incoming) => {
        remoteAddress = incoming.socket.remoteAddress;
      });
      socket.on('unexpected-response', (_request, incoming) => {
        readReply(incoming, MAX_REPLY_BYTES).then(
          (reply) => settle(() => resolve({ kind: 'refused', reply })),
          (error: unknown) => settle(() => reject(explainNetworkError(error, this.url))),
        );
      });
      socket.once('open', () => settle(() => resolve({ kind: 'open', socket, remoteAddress })));
      // Stays for the life of the socket: after the opening, an error is followed by 'close', which the channel hears.
      socket.on('error', (error) => settle(() => reject(explainNetworkError(error, this.url))));
    });
  }
}

function readReply(incoming: IncomingMessage, maxBytes: number): Promise<ServerReply> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (part: Buffer) => {
      bytes += part.byteLength;
      if (bytes > maxBytes) incoming.destroy(new Error(`the answer is longer than ${maxBytes} bytes`));
      else parts.push(part);
    });
    incoming.on('error', reject);
    incoming.on('aborted', () => reject(new Error('the answer was cut off')));
    incoming.on('end', () =>
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(parts) }),
    );
  });
}

/** Code and message of an error answer; whatever can be said where the answer is not the server's own. */
export function errorInReply(reply: ServerReply): { code: string; message: string } {
  try {
    const value = JSON.parse(reply.body.toString('utf8')) as {
      error?: { code?: unknown; message?: unknown };
    } | null;
    const code = value?.error?.code;
    const message = value?.error?.message;
    if (typeof code === 'string') return { code, message: typeof message === 'string' ? message : '' };
  } catch {
    // Not JSON: a proxy, or another server.
  }
  return { code: '', message: `HTTP ${reply.status} without an error body of a Merlon server` };
}

export function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
