/** The HTTPS edge: Fastify reads requests, the pipeline does the rest, `ws` takes upgrades. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ApiError, errorBody, graphErrorBody, SCIM_CONTENT_TYPE, scimErrorBody } from '@merlon/contract';
import { type FastifyReply, fastify } from 'fastify';
import { WebSocketServer } from 'ws';
import { aadstsBodyOf, speaksAadsts } from '../features/identity/index.ts';
import { exporterUrl } from '../features/siem/index.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { toApiError } from './error-answer.ts';
import { fold, isProgramPath, twins, withPlainDollars } from './paths.ts';
import type { Exchange, Incoming, Pipeline } from './pipeline.ts';
import type { PortalFiles } from './portal-files.ts';
import type { Reply, Route, SocketRoute } from './route.ts';
import { StrangerConnections } from './stranger-connections.ts';
import { isTokenByGet } from './token-by-get.ts';

/** The rest of a refused body is read and forgotten up to this size. */
const DRAINED_BODY_BYTES = 64 * 1024 * 1024;
const DEFAULT_BODY_LIMIT = 1024 * 1024;
/** How long requests under way may take to end once the server stops. */
const DRAIN_MS = 10_000;
/** TLS has to be agreed on, the head of a request to be there, and the whole of it, within these times; then the connection is closed. */
const HANDSHAKE_MS = 20_000;
const HEAD_MS = 20_000;
const REQUEST_MS = 120_000;
const CHECK_TIMES_MS = 5_000;
/** How long, and how many at most, names under which clients called are remembered. */
const ORIGINS_MS = 5_000;
const KNOWN_ORIGINS = 1_000;
const STRANGERS = { perAddress: 256, total: 8_192 } as const;

const EVERY_ANSWER = {
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: under it browsers send `Origin: null` with forms, and the sign-in could not tell its own from a stranger's.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export interface HttpServerOptions {
  readonly tls: { readonly keyPem: string; readonly chainPem: string };
  readonly routes: readonly Route[];
  readonly sockets: readonly SocketRoute[];
  readonly pipeline: Pipeline;
  readonly portal: PortalFiles;
  /** Configured origin; null: the server's own, under whichever of its names the client used. */
  readonly publicUrl: string | null;
  /** Host names under which the detections feed takes the place of the alerts API. */
  readonly siemHosts: readonly string[];
  /** `https://localhost:8443`. */
  readonly ownOrigin: () => string;
  /** Host names and addresses that are this server's. */
  readonly ownNames: () => readonly string[];
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface HttpServer {
  /** Resolves to the port in use. */
  listen(port: number): Promise<number>;
  replaceCertificate(tls: { keyPem: string; chainPem: string }): void;
  /** Stops listening, lets requests under way end, closes sockets with 1001. */
  close(): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange | null;
  }
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { pipeline, log, publicUrl } = options;
  const siemHosts = new Set(options.siemHosts);
  const stopping = new AbortController();
  const seconds = options.metrics.histogram(
    'merlon_http_request_seconds',
    'Time from request head to answer sent, by route.',
  );
  const answers = options.metrics.counter(
    'merlon_http_requests_total',
    'Requests answered, by route and status.',
  );

  const displaced = options.metrics.counter(
    'merlon_http_strangers_displaced_total',
    'Connections closed because their address had too many on which nobody was admitted.',
  );
  const strangers = new StrangerConnections(STRANGERS, () => displaced.inc({}));

  const app = fastify({
    https: {
      key: options.tls.keyPem,
      cert: options.tls.chainPem,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HEAD_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_TIMES_MS,
    },
    requestTimeout: REQUEST_MS,
    logger: false,
    bodyLimit: DEFAULT_BODY_LIMIT,
    genReqId: () => randomUUID(),
    // Keep-alive connections without a request end at once on close; those with one are waited for.
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    rewriteUrl: (request) => {
      if (isTokenByGet(request)) request.method = 'POST';
      return withPlainDollars(exporterUrl(request, siemHosts));
    },
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: 2_048,
    },
    frameworkErrors: (error, request, reply) => {
      void answerError(reply, toApiError(error), request.id);
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
      const text = late ? 'The request did not arrive in time.' : 'The request is not well-formed HTTP.';
      const body = JSON.stringify(errorBody(new ApiError('BadRequest', text), randomUUID()));
      socket.end(
        `HTTP/1.1 ${late ? '408 Request Timeout' : '400 Bad Request'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.decorateRequest('exchange', null);

  app.addHook('onRequest', async (request, reply) => {
    // On the node response, so that answers which the OpenID provider writes by itself carry them too.
    for (const [name, value] of Object.entries(EVERY_ANSWER)) reply.raw.setHeader(name, value);
    reply.raw.setHeader('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.exchange?.route.id ?? 'none';
    seconds.observe(reply.elapsedTime / 1_000, { route });
    answers.inc({ route, status: String(reply.statusCode) });
  });

  for (const route of options.routes) {
    for (const url of twins(route.path)) {
      app.route({
        method: route.method,
        url,
        bodyLimit: route.bodyLimit ?? DEFAULT_BODY_LIMIT,
        onRequest: async (request, reply) => {
          request.exchange = pipeline.begin(
            route,
            incoming(request.raw, request.id, { request: request.raw, response: reply.raw }, () =>
              untilGone(reply.raw),
            ),
          );
          await pipeline.admit(request.exchange);
          if (request.exchange.caller) strangers.admitted(request.raw.socket);
        },
        handler: async (request, reply) => {
          const { exchange } = request;
          if (!exchange) throw new Error('a request reached its handler without its first step');
          const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
          const answer = await pipeline.run(exchange, {
            params: request.params,
            query: request.query,
            bytes,
          });
          return send(reply, answer);
        },
      });
    }
  }

  app.setErrorHandler(async (thrown, request, reply) => {
    const cutOff = request.raw.destroyed && !request.raw.complete;
    const error = cutOff
      ? new ApiError('BadRequest', 'The client went away before its request was whole.')
      : toApiError(thrown);
    if (request.exchange) await pipeline.fail(request.exchange, error);
    else if (error.status >= 500) log.error({ err: thrown, url: request.url }, 'request failed');
    if (reply.sent || reply.raw.headersSent) return reply.raw.destroy();
    // Whoever was not admitted is not listened to any longer than an honest body takes.
    if (
      !request.raw.complete &&
      !(Number(request.headers['content-length'] ?? 0) <= DEFAULT_BODY_LIMIT * 4)
    ) {
      reply.header('connection', 'close');
    }
    // Closing on a client that is still sending would take the answer away from it; a body of bearable size is read to its end instead.
    if (error.code === 'PayloadTooLarge' && Number(request.headers['content-length']) <= DRAINED_BODY_BYTES) {
      reply.removeHeader('connection');
    }
    return answerError(reply, error, request.id);
  });

  // The portal may be open under another address than the public one, which is where its tokens come from.
  const portalPolicy = `default-src 'self'; connect-src 'self'${publicUrl ? ` ${publicUrl}` : ''}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; object-src 'none'`;
  app.setNotFoundHandler((request, reply) => {
    const path = fold(request.url);
    const file =
      (request.method === 'GET' || request.method === 'HEAD') && !isProgramPath(path)
        ? options.portal(portalPath(request.url))
        : null;
    if (!file) return answerError(reply, new ApiError('NotFound'), request.id);
    reply.headers({
      'content-type': file.type,
      'content-security-policy': portalPolicy,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding',
    });
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
    if (file.gzipped && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      return reply
        .header('content-encoding', 'gzip')
        .send(request.method === 'HEAD' ? undefined : file.gzipped);
    }
    return reply.send(request.method === 'HEAD' ? undefined : file.plain);
  });

  const sockets = socketDispatcher(options, incoming, strangers);

  function incoming(
    request: IncomingMessage,
    correlationId: string,
    node: Incoming['node'],
    makeSignal: () => AbortSignal,
  ): Incoming {
    let signal: AbortSignal | undefined;
    return {
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      origin: publicUrl ?? originOf(request.headers.host),
      headers: request.headers,
      ip: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      correlationId,
      node,
      get signal() {
        signal ??= makeSignal();
        return signal;
      },
    };
  }

  /** By what clients call us; found anew now and then, since the machine's addresses change. */
  const origins = new Map<string, string>();
  let originsUntil = 0;

  function originOf(host = ''): string {
    const now = performance.now();
    if (now >= originsUntil || origins.size >= KNOWN_ORIGINS) {
      origins.clear();
      originsUntil = now + ORIGINS_MS;
    }
    const known = origins.get(host);
    if (known !== undefined) return known;
    const origin = originNamed(host);
    origins.set(host, origin);
    return origin;
  }

  /** What a client calls us goes into answers that others may read; a name that is not ours does not. */
  function originNamed(host: string): string {
    const url = host !== '' && URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : null;
    const name = url?.hostname.replace(/^\[|\]$/g, '');
    return url && name && options.ownNames().includes(name) ? url.origin : options.ownOrigin();
  }

  function untilGone(response: ServerResponse): AbortSignal {
    const gone = new AbortController();
    const leave = () => {
      if (!response.writableFinished) gone.abort(new Error('the client went away'));
    };
    if (response.closed) leave();
    else response.once('close', leave);
    return AbortSignal.any([gone.signal, stopping.signal]);
  }

  return {
    async listen(port) {
      await app.ready();
      app.server.on('upgrade', sockets.upgrade);
      app.server.on('connection', (socket: Socket) => strangers.opened(socket));
      // '::' takes IPv4 too, where the machine has IPv6 at all.
      await app.listen({ port, host: '::', ipv6Only: false }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')
          return app.listen({ port, host: '0.0.0.0' });
        if (error.code === 'EADDRINUSE')
          throw new Error(`port ${port} is in use by another program; set MERLON_PORT to a free one`);
        throw error;
      });
      return (app.server.address() as AddressInfo).port;
    },
    replaceCertificate: ({ keyPem, chainPem }) =>
      (app.server as Server).setSecureContext({ key: keyPem, cert: chainPem, minVersion: 'TLSv1.2' }),
    async close() {
      sockets.close();
      const timer = setTimeout(() => {
        stopping.abort(new Error('the server is stopping'));
        app.server.closeAllConnections();
        sockets.terminate();
      }, DRAIN_MS);
      await app.close();
      clearTimeout(timer);
    },
  };
}

function send(reply: FastifyReply, answer: Reply): FastifyReply {
  if ('handled' in answer) return reply.hijack();
  reply.code(answer.status);
  if (answer.headers) reply.headers(answer.headers);
  const { body } = answer;
  if (body === undefined) return reply.send();
  if (typeof body === 'string' || Buffer.isBuffer(body) || 'pipe' in body) return reply.send(body);
  if (!reply.hasHeader('content-type')) reply.header('content-type', 'application/json; charset=utf-8');
  return reply.send(JSON.stringify(body));
}

function answerError(reply: FastifyReply, error: ApiError, correlationId: string): FastifyReply {
  if (error.status === 401) reply.header('www-authenticate', 'Bearer');
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  return reply
    .code(error.status)
    .header('x-request-id', correlationId)
    .header('content-type', isScim(reply.request.url) ? SCIM_CONTENT_TYPE : 'application/json; charset=utf-8')
    .send(JSON.stringify(wordedFor(reply.request, error, correlationId)));
}

function isScim(url: string): boolean {
  return /^\/scim(\/|$)/.test(fold(url));
}

/** Addresses of Graph, of SCIM and of tokens answer in their words. */
function wordedFor(
  { url, headers }: FastifyReply['request'],
  error: ApiError,
  correlationId: string,
): object {
  if (isScim(url)) return scimErrorBody(error);
  if (speaksAadsts(fold(url))) return aadstsBodyOf(error, new Date(), correlationId);
  if (!/^\/v1\.0(\/|$)/.test(fold(url))) return errorBody(error, correlationId);
  const own = headers['client-request-id'];
  return graphErrorBody(
    error,
    correlationId,
    new Date(),
    typeof own === 'string' ? own.slice(0, 100) : undefined,
  );
}

/** Case matters for file names, so this one is not folded. */
function portalPath(url: string): string {
  const path = url.split('?', 1)[0] ?? '/';
  try {
    return path === '/' ? '/index.html' : decodeURIComponent(path);
  } catch {
    return path;
  }
}

type MakeIncoming = (
  request: IncomingMessage,
  correlationId: string,
  node: Incoming['node'],
  makeSignal: () => AbortSignal,
) => Incoming;

function socketDispatcher(
  { sockets, pipeline, log }: HttpServerOptions,
  makeIncoming: MakeIncoming,
  strangers: StrangerConnections,
) {
  const table = new Map(
    sockets.flatMap((route) => {
      const server = new WebSocketServer({
        noServer: true,
        maxPayload: route.maxPayload,
        perMessageDeflate: false,
      });
      return twins(route.path).map((path) => [fold(path), { route, server }] as const);
    }),
  );

  let closing = false;

  async function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    // A device comes back at once when its socket is closed. Let in, it would keep the server from ending.
    if (closing) return void stream.destroy();
    const correlationId = randomUUID();
    stream.on('error', () => stream.destroy());
    try {
      const found = table.get(fold(request.url ?? ''));
      if (!found) throw new ApiError('NotFound');
      const gone = new AbortController();
      stream.once('close', () => gone.abort());
      const { route, server } = found;
      const incoming = makeIncoming(request, correlationId, upgradeNode(request), () => gone.signal);
      const caller = await pipeline.admitSocket(route.access, route.id, incoming);
      if (stream.destroyed) return;
      if (caller) strangers.admitted(request.socket);
      if (closing) return void stream.destroy();
      server.handleUpgrade(request, stream, head, (socket) => {
        // Without a listener an error event would end the process; features add their own for what they want to know.
        socket.on('error', (error) => log.debug({ route: route.id, detail: error.message }, 'socket error'));
        route.open(socket, {
          caller,
          headers: request.headers,
          ip: incoming.ip,
          correlationId,
          url: incoming.url,
          stream,
        });
      });
    } catch (thrown) {
      const error = toApiError(thrown);
      if (error.status >= 500) log.error({ err: thrown, correlationId }, 'upgrade failed');
      refuseUpgrade(stream, error, correlationId);
    }
  }

  return {
    upgrade: (request: IncomingMessage, stream: Duplex, head: Buffer) => void upgrade(request, stream, head),
    close() {
      closing = true;
      for (const { server } of table.values())
        for (const client of server.clients) client.close(1001, 'server stopping');
    },
    /** Ends those that have not answered the farewell: `closeAllConnections` does not know upgraded ones. */
    terminate() {
      for (const { server } of table.values()) for (const client of server.clients) client.terminate();
    },
  };
}

/** An upgrade has no response object; nothing that runs on it may ask for one. */
function upgradeNode(request: IncomingMessage): Incoming['node'] {
  return {
    request,
    get response(): never {
      throw new Error('a WebSocket upgrade has no HTTP response');
    },
  };
}

function refuseUpgrade(stream: Duplex, error: ApiError, correlationId: string): void {
  if (stream.destroyed) return;
  const body = JSON.stringify(errorBody(error, correlationId));
  const retry = error.retryAfterSeconds === undefined ? '' : `Retry-After: ${error.retryAfterSeconds}\r\n`;
  stream.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\nContent-Type: application/json\r\nDate: ${new Date().toUTCString()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${retry}Connection: close\r\n\r\n${body}`,
  );
}
