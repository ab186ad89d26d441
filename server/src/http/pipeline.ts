/** What happens to one request of the route table, step by step. Fastify only reads bytes and finds the route. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '@merlon/contract';
import type { Audit } from '../features/audit/index.ts';
import type { Logger } from '../telemetry/log.ts';
import { authorize } from './authorize.ts';
import { decodeBody } from './body.ts';
import { quotaOf, type RateLimiter } from './rate-limits.ts';
import { RequestAudit } from './request-audit.ts';
import type {
  Access,
  AdmittedDevice,
  AnyCaller,
  Caller,
  CollectorAuthenticator,
  DeviceAuthenticator,
  Reply,
  Route,
} from './route.ts';
import { checkInput, outputProblem } from './validation.ts';

/** Turns `Authorization: Bearer …` into a caller, or throws Unauthorized. Supplied by identity and access. */
type BearerAuthenticator = (authorization: string | undefined) => Promise<Caller>;

export interface PipelineDeps {
  readonly bearer: BearerAuthenticator;
  readonly devices: DeviceAuthenticator;
  readonly collectors: CollectorAuthenticator;
  readonly audit: Audit;
  readonly log: Logger;
  /** Null: no quotas. */
  readonly rateLimiter: RateLimiter | null;
  readonly checkResponses: boolean;
}

/** The request as the edge knows it, before any step. */
export interface Incoming {
  readonly method: string;
  readonly url: string;
  readonly origin: string;
  readonly headers: IncomingMessage['headers'];
  readonly ip: string;
  readonly correlationId: string;
  /** Made when it is asked for first, which few do. */
  readonly signal: AbortSignal;
  readonly node: { readonly request: IncomingMessage; readonly response: ServerResponse };
}

export interface Exchange {
  readonly route: Route;
  readonly incoming: Incoming;
  readonly audit: RequestAudit;
  caller: AnyCaller | null;
  /** Throws unless the caller, who is admitted by the head of the request, stands for its body too. */
  acceptBody: (body: Buffer) => void;
}

export function createPipeline(deps: PipelineDeps) {
  const { log } = deps;

  return {
    begin(route: Route, incoming: Incoming): Exchange {
      return {
        route,
        incoming,
        audit: new RequestAudit(deps.audit, route, incoming),
        caller: null,
        acceptBody: () => {},
      };
    },

    /** Before the body is read: a stranger's body is not worth reading. */
    async admit(exchange: Exchange): Promise<void> {
      const { access, id, method, path } = exchange.route;
      if (access.kind === 'public') return;
      if (access.kind === 'device') {
        const admitted = await authenticateDevice(deps.devices, exchange.incoming);
        exchange.caller = admitted.caller;
        exchange.acceptBody = admitted.acceptBody;
        exchange.audit.caller(admitted.caller);
        return;
      }
      if (access.kind === 'collector') {
        const { authorization } = exchange.incoming.headers;
        const collector = await deps.collectors.authenticateCollector({ authorization });
        exchange.caller = collector;
        exchange.audit.caller(collector);
        return;
      }
      const caller = await deps.bearer(exchange.incoming.headers.authorization);
      exchange.caller = caller;
      exchange.audit.caller(caller);
      deps.rateLimiter?.take(id, quotaOf(method, path), caller);
      authorize(access, caller);
    },

    async run(exchange: Exchange, input: { params: unknown; query: unknown; bytes: Buffer }): Promise<Reply> {
      const { route, incoming, audit } = exchange;
      exchange.acceptBody(input.bytes);
      const accepts = route.accepts ?? 'json';
      const sent = decodeBody(accepts, input.bytes, incoming.headers['content-type']);
      if (accepts === 'json') audit.payload(sent);
      const reply = await route.handle({
        params: checkInput('path', route.params, input.params),
        query: checkInput('query', route.query, input.query),
        body: checkInput('body', route.body, sent),
        rawBody: accepts === 'raw' ? input.bytes : Buffer.alloc(0),
        caller: exchange.caller,
        audit,
        method: incoming.method,
        url: incoming.url,
        origin: incoming.origin,
        headers: incoming.headers,
        ip: incoming.ip,
        correlationId: incoming.correlationId,
        get signal() {
          return incoming.signal;
        },
        node: incoming.node,
      });
      if (deps.checkResponses && !CHOSEN.test(incoming.url)) refuseUndescribed(route, reply);
      await audit.succeeded();
      return reply;
    },

    /** Records and logs the end. A trail that cannot be written must not hide the error the caller is owed. */
    async fail(exchange: Exchange, error: ApiError): Promise<void> {
      const { route, incoming } = exchange;
      const facts = { route: route.id, code: error.code, correlationId: incoming.correlationId };
      if (error.status >= 500 && error.status !== 503)
        log.error({ ...facts, err: error.cause ?? error }, 'request failed');
      else log.debug({ ...facts, detail: error.message }, 'request refused');
      try {
        await exchange.audit.ended(error);
      } catch (cause) {
        log.error({ ...facts, err: cause }, 'audit record of a refused request could not be written');
      }
    },

    async admitSocket(access: Access, id: string, incoming: Incoming): Promise<AnyCaller | null> {
      switch (access.kind) {
        case 'public':
          return null;
        case 'collector':
          return deps.collectors.authenticateCollector({ authorization: incoming.headers.authorization });
        case 'device': {
          const { caller, acceptBody } = await authenticateDevice(deps.devices, incoming);
          acceptBody(Buffer.alloc(0));
          return caller;
        }
        case 'api': {
          const caller = await deps.bearer(incoming.headers.authorization);
          deps.rateLimiter?.take(id, {}, caller);
          authorize(access, caller);
          return caller;
        }
      }
    },
  };
}

export type Pipeline = ReturnType<typeof createPipeline>;

/** Who chooses properties gets entities that are not whole, and schemas tell of whole ones. */
const CHOSEN = /[?&](?:\$|%24)(?:select|expand)=/i;

function authenticateDevice(devices: DeviceAuthenticator, incoming: Incoming): Promise<AdmittedDevice> {
  return devices.authenticateDevice({
    method: incoming.method,
    path: incoming.url.split('?', 1)[0] ?? '',
    authorization: incoming.headers.authorization,
    ip: incoming.ip,
  });
}

function refuseUndescribed(route: Route, reply: Reply): void {
  if ('handled' in reply) return;
  const schema = route.responses[reply.status];
  if (!schema) throw new Error(`${route.id} answered ${reply.status}, which its route does not describe`);
  const { body } = reply;
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body) || 'pipe' in body) return;
  const problem = outputProblem(schema, body);
  if (problem)
    throw new ApiError('InternalServerError', undefined, {
      privateDetail: `${route.id} answered outside its schema: ${problem}`,
    });
}
