/**
 * A route is data: who may call it, what it takes, what it answers, what it leaves in the audit trail. The HTTP framework reads
 * this table; OpenAPI is generated from it; `route-table.test.ts` walks it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Permission, PortalPermission } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import type { Transaction } from 'kysely';
import type { Static, TSchema } from 'typebox';
import type { AuditActor } from '../features/audit/index.ts';

/**
 * `filter`: rows about devices the caller may not see are left out. `require`: the caller must have access to the one device
 * concerned (404 for reads, 403 for writes). `none`: no device rule.
 */
export type DeviceScope = 'filter' | 'require' | 'none';

export type ApiAccess = {
  readonly kind: 'api';
  /** Any one is enough for an application token (`roles`). Empty: no application may call it. */
  readonly application: readonly Permission[];
  /**
   * Any one is enough for a user's token (`scp`). Empty: no user's token may call it. `portal`: users of Merlon's own portal only, for
   * what the service offers in its portal and not in its API; `role` is then the whole check.
   */
  readonly delegated: readonly Permission[] | 'portal';
  /** The portal permission a user must hold besides. Null: none. */
  readonly role: PortalPermission | null;
  readonly deviceScope: DeviceScope;
  /** Absent: false. */
  readonly lasting?: Lasting;
  /** `siem`: tokens for the detections feed of SIEM connectors do too; anywhere else they open nothing. */
  readonly audience?: 'siem';
};
/**
 * Whether the call gives power that would outlast an elevation of whoever makes it; then a person must hold `role` through a user group. `unlessOff`: not
 * when all that it does is to turn something off (`enabled: false`).
 */
export type Lasting = boolean | 'unlessOff';
export type PublicAccess = { readonly kind: 'public'; readonly why: string };
/** `Authorization: Device <JWS>`, checked by the devices feature before the body is read, and again over the body as sent. */
export type DeviceAccess = { readonly kind: 'device' };
/** A collector's secret in `Authorization` (Basic, ApiKey, Bearer or Splunk), checked by the collectors feature before the body is read. */
export type CollectorAccess = { readonly kind: 'collector' };
export type Access = ApiAccess | PublicAccess | DeviceAccess | CollectorAccess;

/** Who calls an `api` route. Tenant and device groups go to the stores, which inject them into every query. */
export interface Caller {
  readonly tenantId: string;
  readonly kind: 'application' | 'user';
  /** Application: its client id. User: the user's object id. */
  readonly id: string;
  /** Application's display name, or the user's principal name. */
  readonly name: string;
  /** The client the token was issued to; for an application the same as `id`. */
  readonly clientId: string;
  /** The token came through Merlon's own portal. */
  readonly portal: boolean;
  /** What the token is for; absent: the API. */
  readonly audience?: 'siem';
  readonly permissions: ReadonlySet<Permission>;
  /** Portal permissions. Empty for an application, which needs none. */
  readonly roles: ReadonlySet<PortalPermission>;
  /** Those of them that no elevation gave. */
  readonly standing: ReadonlySet<PortalPermission>;
  readonly deviceGroups: 'all' | readonly string[];
  /** Where a guest of the tenant is at home. Absent for its own people and for programs. */
  readonly homeTenantId?: string;
}

export interface DeviceCaller {
  readonly tenantId: string;
  /** 40 hex digits. */
  readonly deviceId: string;
}

export type AnyCaller = Caller | DeviceCaller | CollectorCaller;

/** A program that ships events of other hosts. */
export interface CollectorCaller {
  readonly tenantId: string;
  readonly collectorId: string;
  readonly name: string;
}

export type CallerOf<A extends Access> = A extends ApiAccess
  ? Caller
  : A extends DeviceAccess
    ? DeviceCaller
    : A extends CollectorAccess
      ? CollectorCaller
      : null;

/** What the audit record of this request will say besides who, when, where and how it ended. */
export interface RouteAudit {
  /** Says who it was, where the framework cannot know: public routes (enrolment, sign-in). Without it they leave no record. */
  as(tenantId: string, actor: AuditActor): void;
  /** Names the thing acted upon: `('machine', '1234…')`. */
  target(kind: string, id: string): void;
  /** Adds facts to the record. Never secrets. */
  details(facts: Readonly<Record<string, unknown>>): void;
  /** This call only goes on with one that has left its record: its own success leaves none. A refusal or failure still does. */
  repeats(): void;
  /**
   * Writes the success record inside the caller's own transaction, so that change and record stand or fall together. The framework
   * then writes none of its own for success; a refusal or failure after it is still recorded.
   */
  // biome-ignore lint/suspicious/noExplicitAny: any feature's transaction will do; only its connection is used
  recordIn(db: Transaction<any>): Promise<void>;
  /** The same for a change made as a unit of work (`state.together`), within which it is called. */
  recordTogether(): Promise<void>;
  /** A record of its own, of the event given, for each of several things that one call does. */
  part(action: string): AuditPart;
}

export interface AuditPart extends RouteAudit {
  /** Records that this part was refused. */
  refused(error: {
    readonly code: string;
    readonly status: number;
    readonly publicMessage: string;
  }): Promise<void>;
}

export interface RouteRequest<P = unknown, Q = unknown, B = unknown, C = AnyCaller | null> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The body as sent. Only for `accepts: 'raw'`; otherwise empty. */
  readonly rawBody: Buffer;
  readonly caller: C;
  readonly audit: RouteAudit;
  readonly method: string;
  /** Path and query as sent, for links back (`@odata.nextLink`) and raw OData options. */
  readonly url: string;
  /** Scheme and host the client used, without a trailing slash: `https://localhost:8443`. Base of `@odata.context`. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip: string;
  /** GUID of this request; the `target` of an error answer. */
  readonly correlationId: string;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** For protocol engines that write the answer themselves; pair with `{ handled: true }`. */
  readonly node: { readonly request: IncomingMessage; readonly response: ServerResponse };
}

export type Reply =
  | {
      readonly status: number;
      /** Object: JSON. String, Buffer or stream: as is, with the `content-type` of `headers`. Absent: no body. */
      readonly body?: object | string | Buffer | Readable;
      readonly headers?: Readonly<Record<string, string | string[]>>;
    }
  | { readonly handled: true };

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Route {
  /** `machines.isolate`: `<set>.<verb>`, unique. */
  readonly id: string;
  readonly method: Method;
  /**
   * `/api/machines/:id`. The `/api/v1.0` twin, case folding, `//` and a trailing slash are the framework's work. Path parameters
   * keep their case and arrive decoded.
   */
  readonly path: string;
  /** One line. */
  readonly summary: string;
  readonly access: Access;
  /** Name of the event written when the call succeeds or is refused. Null only for reads. */
  readonly audit: string | null;
  /** How the body is read. `json` (default), `form` (urlencoded), `raw` (bytes in `rawBody`), `none`. */
  readonly accepts?: 'json' | 'form' | 'raw' | 'none';
  /** Largest body in bytes; default 1 MiB. Over: 413. */
  readonly bodyLimit?: number;
  readonly params?: TSchema;
  /** Query values arrive as strings and are converted to the schema's types. Absent: any query is let through unread. */
  readonly query?: TSchema;
  /** Names are case-sensitive; `additionalProperties: false` refuses unknown ones with InvalidRequestBody. */
  readonly body?: TSchema;
  readonly responses: Readonly<Record<number, TSchema>>;
  /** Of a GET that answers with a page of a set: its query options, its `/$count` and its place in $metadata derive from it. */
  readonly collection?: RouteCollection;
  handle(request: RouteRequest): Promise<Reply>;
}

export interface RouteCollection {
  /** The entity set as `@odata.context` names it: `Alerts`. */
  readonly name: string;
  /** What one of it is called in $metadata: `Alert`. */
  readonly entity: string;
  /** Property that no two of them share. */
  readonly key: string;
  /** Null: it is answered whole, and takes no query options. */
  readonly set: ODataSet | null;
}

type StaticOf<S extends TSchema | undefined, Fallback> = S extends TSchema ? Static<S> : Fallback;

export type RouteDefinition<
  A extends Access,
  P extends TSchema | undefined,
  Q extends TSchema | undefined,
  B extends TSchema | undefined,
> = Omit<Route, 'access' | 'params' | 'query' | 'body' | 'handle'> & {
  readonly access: A;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  handle(
    request: RouteRequest<
      StaticOf<P, Record<string, never>>,
      StaticOf<Q, Readonly<Record<string, string | string[] | undefined>>>,
      StaticOf<B, unknown>,
      CallerOf<A>
    >,
  ): Promise<Reply>;
};

/** Gives `handle` the types of its schemas and of its kind of caller. */
export function defineRoute<
  const A extends Access,
  P extends TSchema | undefined = undefined,
  Q extends TSchema | undefined = undefined,
  B extends TSchema | undefined = undefined,
>(definition: RouteDefinition<A, P, Q, B>): Route {
  // The framework validates and authenticates before it calls, so what arrives has the types that were asked for.
  return definition as unknown as Route;
}

/** A WebSocket end point. Same access rules and error answers as a route; the answer to a refused upgrade is plain HTTP. */
export interface SocketRoute<A extends Access = Access> {
  readonly id: string;
  /** Exact path, without parameters: `/device/v1/channel`. */
  readonly path: string;
  readonly summary: string;
  readonly access: A;
  /** Largest message in bytes; a longer one closes the socket with 1009. */
  readonly maxPayload: number;
  /** Called after authentication, once the socket is open. */
  open(socket: import('ws').WebSocket, request: SocketRequest<CallerOf<A>>): void;
}

export interface SocketRequest<C = AnyCaller | null> {
  readonly caller: C;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip: string;
  readonly correlationId: string;
  readonly url: string;
  readonly stream: Duplex;
}

export function defineSocket<const A extends Access>(definition: SocketRoute<A>): SocketRoute {
  return definition as unknown as SocketRoute;
}

/**
 * Supplied by the devices feature. `authenticateDevice` throws ApiError `Unauthorized` (or `Forbidden` for a device whose key was
 * withdrawn); it needs the head of the request alone, so that a stranger's body is never read.
 */
export interface DeviceAuthenticator {
  authenticateDevice(request: DeviceRequest): Promise<AdmittedDevice>;
}

export interface AdmittedDevice {
  readonly caller: DeviceCaller;
  /** Throws `Unauthorized` unless the device's signature covers this body. */
  acceptBody(body: Buffer): void;
}

export interface DeviceRequest {
  readonly method: string;
  /** Path only, as sent. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly ip: string;
}

/** Supplied by the collectors feature. Throws ApiError `Unauthorized`. */
export interface CollectorAuthenticator {
  authenticateCollector(request: { readonly authorization: string | undefined }): Promise<CollectorCaller>;
}
