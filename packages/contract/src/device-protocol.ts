/**
 * The wire between a device and the server. Both ends import this file; nothing else defines it.
 *
 * Identity. A device makes an Ed25519 key at enrolment and never lets it leave. Every request it makes carries
 * `Authorization: Device <JWS>`: a compact JWS, `alg` EdDSA, `typ` {@link DEVICE_TOKEN_TYPE}, whose payload binds the method, the
 * path, the time and the SHA-256 of the body as sent. The server keeps only the public key.
 *
 * Orders. The server signs each order with its command key, whose public half is pinned in the onboarding package. The device
 * takes an order only if it is addressed to it, unexpired, and newer (`seq`) than any it took before, so neither replay nor
 * a stolen TLS endpoint can command it. It answers with a receipt signed by its own key.
 */
import { type Static, Type } from 'typebox';
import { LiveWord } from './live-session.ts';
import { AgentChecksums } from './onboarding-information.ts';

export const DEVICE_PATHS = {
  enrol: '/device/v1/enrol',
  events: '/device/v1/events',
  channel: '/device/v1/channel',
  /** `PUT` a part of what an order yields ({@link RESULT_PART}); `GET` how much of it the server has. */
  orderResult: '/device/v1/orders/:orderId/results/:name',
  /** `GET` a file that an order of this device names. */
  orderInput: '/device/v1/orders/:orderId/inputs/:sha256',
  /** `GET` what the server wants enforced: {@link DeviceContent}. */
  content: '/device/v1/content/:topic',
} as const;

export const DEVICE_AUTH_SCHEME = 'Device';
export const DEVICE_TOKEN_TYPE = 'merlon-device+jwt';
export const ENROLMENT_TOKEN_TYPE = 'merlon-enrolment+jwt';
export const ORDER_TYPE = 'merlon-order+jwt';
export const RECEIPT_TYPE = 'merlon-receipt+jwt';

/** Largest difference, in seconds, between a device token's `iat` and the server's clock. The answer's `Date` header lets a device correct itself. */
export const DEVICE_CLOCK_WINDOW_S = 300;

/**
 * Header naming a batch: `<spool epoch>.<sequence>`. The epoch is 16 hex digits made with the spool; the sequence counts up by one from 1.
 * A batch sent again is known as such until its device has begun 64 newer epochs.
 */
export const BATCH_HEADER = 'merlon-batch';
export const BATCH_ID_PATTERN = '^[0-9a-f]{16}\\.[1-9][0-9]{0,14}$';

export const BATCH_LIMITS = {
  /** Bytes of the body as sent. Over: 413. */
  compressedBytes: 4 * 1024 * 1024,
  /** Bytes after decompression. Over: 413. */
  plainBytes: 16 * 1024 * 1024,
  rows: 10_000,
  /** Bytes of one row. A longer row is rejected by line number. */
  rowBytes: 256 * 1024,
} as const;

/** Columns the server alone fills. A row that names one is refused, except a `DeviceId` that is the device's own. */
export const SERVER_OWNED_COLUMNS = [
  'TenantId',
  'DeviceId',
  'DeviceName',
  'MachineGroup',
  'IngestionTime',
] as const;

/** Hunting tables that a device may write. Alerts, assessments and everything derived are the server's to say. */
export const DEVICE_TABLES = [
  'DeviceInfo',
  'DeviceNetworkInfo',
  'DeviceProcessEvents',
  'DeviceNetworkEvents',
  'DeviceFileEvents',
  'DeviceRegistryEvents',
  'DeviceLogonEvents',
  'DeviceImageLoadEvents',
  'DeviceEvents',
  'DeviceFileCertificateInfo',
] as const;

/**
 * A result is sent in parts, each a `PUT` with these headers: where it begins, how long the whole is and its SHA-256 in hex. A part that does not begin where
 * the last one ended is answered 409 with {@link ResultProgress}, so an interrupted upload goes on where it stood.
 */
export const RESULT_PART = {
  offsetHeader: 'merlon-offset',
  sizeHeader: 'merlon-size',
  sha256Header: 'merlon-sha256',
  maxBytes: 4 * 1024 * 1024,
} as const;

const CONTENT_SCOPE_CHARS = 64;
const Hex40 = Type.String({ pattern: '^[0-9a-f]{40}$' });
const Guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' });
/** Seconds since 1970, up to the year 9999. */
const Seconds = Type.Integer({ minimum: 0, maximum: 253_402_300_799 });
const Time = Type.String({ description: 'ISO 8601 UTC with Z, up to seven fraction digits.' });

export const Ed25519PublicJwk = Type.Object(
  {
    kty: Type.Literal('OKP'),
    crv: Type.Literal('Ed25519'),
    x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  },
  { additionalProperties: false },
);
export type Ed25519PublicJwk = Static<typeof Ed25519PublicJwk>;

/** Payload of the `Authorization: Device` token. `sub` is the device id, or the key's RFC 7638 thumbprint while enrolling. */
export const DeviceTokenClaims = Type.Object({
  sub: Type.String(),
  iat: Seconds,
  jti: Type.String({ minLength: 16, maxLength: 64 }),
  htm: Type.String(),
  /** Path only, without host or query: proxies may rewrite the host. */
  htu: Type.String(),
  /** base64url SHA-256 of the body as sent (after compression); of the empty string when there is none. */
  bh: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
});
export type DeviceTokenClaims = Static<typeof DeviceTokenClaims>;

/** What the onboarding package carries: `merlon_onboard.json`. Never a per-device secret. */
export const OnboardingPackage = Type.Object({
  kind: Type.Literal('merlon-onboarding'),
  version: Type.Literal(1),
  tenantId: Guid,
  packageId: Guid,
  serverUrl: Type.String(),
  /** PEM of the CA that signs the server's certificate; pinned. */
  caPem: Type.String(),
  /** Public half of the key that signs orders and the enrolment token; pinned. */
  commandKey: Ed25519PublicJwk,
  /** JWS of {@link EnrolmentClaims}, `typ` {@link ENROLMENT_TOKEN_TYPE}, by the command key. */
  enrolmentToken: Type.String(),
  expiresAt: Time,
  tag: Type.Optional(Type.String({ maxLength: 200 })),
  proxyUrl: Type.Optional(Type.String()),
  /** What installers fetch where no agent is installed yet. */
  agents: Type.Optional(AgentChecksums),
});
export type OnboardingPackage = Static<typeof OnboardingPackage>;

export const EnrolmentClaims = Type.Object({
  tid: Guid,
  pkg: Guid,
  iat: Seconds,
  exp: Seconds,
  tag: Type.Optional(Type.String({ maxLength: 200 })),
  /** `serverUrl` of the package. */
  srv: Type.Optional(Type.String()),
  /** base64url SHA-256 of its `caPem`. */
  ca: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })),
  /** `proxyUrl` of the package. */
  prx: Type.Optional(Type.String()),
  /** Its `agents`. */
  agt: Type.Optional(AgentChecksums),
});
export type EnrolmentClaims = Static<typeof EnrolmentClaims>;

/** What a device says of itself. All of it is a claim; none of it grants anything. */
export const DeviceDescription = Type.Object({
  /** Fully qualified where known. Becomes `computerDnsName`. */
  computerName: Type.String({ minLength: 1, maxLength: 255 }),
  osPlatform: Type.String({
    maxLength: 64,
    description: 'Linux, macOS, Windows10, Windows11, WindowsServer2019…',
  }),
  osDistribution: Type.Optional(Type.String({ maxLength: 64 })),
  osVersion: Type.String({ maxLength: 64 }),
  osBuild: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  osArchitecture: Type.Union([Type.Literal('64-bit'), Type.Literal('32-bit')]),
  osProcessor: Type.String({ maxLength: 32 }),
  agentVersion: Type.String({ maxLength: 64 }),
  /** SHA-256 hex of the OS's machine id with a Merlon salt, to recognise clones; not an identity. */
  hardwareFingerprint: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  /** Kinds of order it can carry out. Left out: what version 0.1 could, isolate and release. */
  carriesOut: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 })),
});
export type DeviceDescription = Static<typeof DeviceDescription>;

export const EnrolRequest = Type.Object(
  { enrolmentToken: Type.String(), publicKey: Ed25519PublicJwk, device: DeviceDescription },
  { additionalProperties: false },
);
export type EnrolRequest = Static<typeof EnrolRequest>;

/** 201. Enrolling the same key again answers 200 with the same device id, so a lost answer can be asked for again. */
export const EnrolResponse = Type.Object({ deviceId: Hex40, tenantId: Guid, serverTime: Time });
export type EnrolResponse = Static<typeof EnrolResponse>;

/**
 * A batch is NDJSON, gzip-compressed. Each line is a row of a hunting table: an object whose key `Table` names the table and whose
 * other keys are columns of it; absent keys are null or empty. `Timestamp` is required. `ReportId` counts up per device and is unique
 * within the device's life, so (DeviceId, ReportId) names an event for ever.
 */
export const EventBatchResponse = Type.Object({
  /** Rows that are kept. One whose Timestamp lies before the days that the server keeps, or more than a day ahead, is among the rejected. */
  accepted: Type.Integer(),
  /** True when this batch id was already durable: nothing was written again. */
  duplicate: Type.Boolean(),
  /** Rows left out, by 1-based line; at most the first 20 are listed, all are counted. */
  rejectedCount: Type.Integer(),
  rejected: Type.Array(Type.Object({ line: Type.Integer(), reason: Type.String() })),
});
export type EventBatchResponse = Static<typeof EventBatchResponse>;

/** Payload of an order. `jti` is the machine action's id; `params` are those of its kind in `orders.ts`. */
export const OrderClaims = Type.Object({
  jti: Guid,
  sub: Hex40,
  seq: Type.Integer({ minimum: 1 }),
  kind: Type.String({ maxLength: 64 }),
  params: Type.Record(Type.String(), Type.Unknown()),
  iat: Seconds,
  exp: Seconds,
});
export type OrderClaims = Static<typeof OrderClaims>;

/** Payload of a receipt, signed by the device key. `evidence` says what was done in the executor's own terms (rules, hash of the rule set, before and after). */
export const ReceiptClaims = Type.Object({
  orderId: Guid,
  sub: Hex40,
  seq: Type.Integer(),
  /** Cancelled: it was begun, and broken off because the server asked for that. */
  outcome: Type.Union([Type.Literal('Succeeded'), Type.Literal('Failed'), Type.Literal('Cancelled')]),
  startedAt: Time,
  finishedAt: Time,
  evidence: Type.Record(Type.String(), Type.Unknown()),
  error: Type.Optional(Type.String({ maxLength: 2000 })),
});
export type ReceiptClaims = Static<typeof ReceiptClaims>;

export const SensorSourceHealth = Type.Object({
  /** process, file, network, logon, execGuard… */
  source: Type.String({ maxLength: 64 }),
  /** ebpf, fanotify, audit, proc… */
  provider: Type.String({ maxLength: 64 }),
  state: Type.Union([Type.Literal('Running'), Type.Literal('Degraded'), Type.Literal('Unavailable')]),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** Events seen and events known lost since the agent started. */
  events: Type.Integer(),
  lost: Type.Integer(),
});
export type SensorSourceHealth = Static<typeof SensorSourceHealth>;

export const DeviceHealth = Type.Object({
  at: Time,
  agentVersion: Type.String(),
  isolation: Type.Union([Type.Literal('None'), Type.Literal('Full'), Type.Literal('Selective')]),
  /** Only programs of the system's own packages may start. */
  executionRestricted: Type.Optional(Type.Boolean()),
  /** Version of each topic of {@link DeviceContent} in force. */
  content: Type.Optional(Type.Record(Type.String({ maxLength: 32 }), Type.Integer())),
  /** And the `scope` each was made for. */
  contentScopes: Type.Optional(
    Type.Record(Type.String({ maxLength: 32 }), Type.String({ maxLength: CONTENT_SCOPE_CHARS })),
  ),
  sensors: Type.Array(SensorSourceHealth, { maxItems: 32 }),
  spool: Type.Object({
    batches: Type.Integer(),
    bytes: Type.Integer(),
    /** Rows dropped because the spool was full, since it was made. */
    droppedRows: Type.Integer(),
    /** Rows the server refused, since the spool was made. */
    rejectedRows: Type.Integer(),
  }),
});
export type DeviceHealth = Static<typeof DeviceHealth>;

/** WebSocket text frames, JSON, at most 256 KiB. Liveness is WebSocket ping/pong: server pings every 15 s, either side closes after 45 s of silence. */
export const ToDevice = Type.Union([
  Type.Object({ type: Type.Literal('order'), order: Type.String() }),
  /** The receipt is stored: the device may forget it. */
  Type.Object({ type: Type.Literal('receiptStored'), orderId: Guid }),
  /** A cancelled order that may not have begun. Signed like an order: JWS of {@link CancelClaims}. */
  Type.Object({ type: Type.Literal('cancel'), cancel: Type.String() }),
  /** There is a newer version of a topic at {@link DEVICE_PATHS.content}. */
  Type.Object({ type: Type.Literal('content'), topic: Type.String(), version: Type.Integer() }),
  /** The next word of a console session: JWS of `LiveInput`, `typ` `LIVE_INPUT_TYPE`, by the command key. */
  Type.Object({ type: Type.Literal('live'), input: Type.String() }),
  /** A session's words up to this one are stored: the device may forget them. */
  Type.Object({ type: Type.Literal('liveStored'), sessionId: Guid, seq: Type.Integer({ minimum: 0 }) }),
  /** The device was offboarded or its key withdrawn; it stops sending. */
  Type.Object({ type: Type.Literal('farewell'), reason: Type.String() }),
]);
export type ToDevice = Static<typeof ToDevice>;

/** 200 or, for a part that begins elsewhere, 409: bytes that are kept, and whether that is all and its hash fits. */
export const ResultProgress = Type.Object({ offset: Type.Integer(), complete: Type.Boolean() });
export type ResultProgress = Static<typeof ResultProgress>;

/**
 * Query of {@link DEVICE_PATHS.content}: the version in hand (0: none) and its scope. 200 with something newer, 204 when there is nothing newer. The answer is compressed
 * with gzip where the device takes it.
 */
export const ContentQuery = Type.Object(
  {
    from: Type.Optional(Type.Integer({ minimum: 0 })),
    scope: Type.Optional(Type.String({ maxLength: CONTENT_SCOPE_CHARS })),
  },
  { additionalProperties: false },
);
export type ContentQuery = Static<typeof ContentQuery>;

/**
 * What a device shall enforce until it is told otherwise, by topic. The answer at {@link DEVICE_PATHS.content} is a compact JWS of {@link DeviceContent} by the
 * command key, `typ` {@link CONTENT_TYPE}: whoever ends TLS can neither add nor take away, and an older version is not taken.
 */
export const CONTENT_TYPE = 'merlon-content+jwt';
export const DeviceContent = Type.Object({
  sub: Hex40,
  topic: Type.String({ maxLength: 32 }),
  version: Type.Integer({ minimum: 0 }),
  /** Version that `upserts` and `removes` build upon; 0: `upserts` are all there is. */
  base: Type.Integer({ minimum: 0 }),
  /** Which of the tenant's items these are; opaque. A delta fits only what was made for the same scope. */
  scope: Type.String({ maxLength: CONTENT_SCOPE_CHARS }),
  /** Items, each with its `id`. */
  upserts: Type.Array(Type.Record(Type.String(), Type.Unknown())),
  removes: Type.Array(Type.String({ maxLength: 128 })),
  iat: Seconds,
});
export type DeviceContent = Static<typeof DeviceContent>;

export const CancelClaims = Type.Object({
  jti: Guid,
  sub: Hex40,
  cancelledOrderId: Guid,
  iat: Seconds,
  exp: Seconds,
});
export type CancelClaims = Static<typeof CancelClaims>;

export const FromDevice = Type.Union([
  /** First frame. `lastSeq` is the newest order taken, 0 for none. */
  Type.Object({
    type: Type.Literal('hello'),
    device: DeviceDescription,
    lastSeq: Type.Integer({ minimum: 0 }),
    health: DeviceHealth,
  }),
  /** The order was checked and is being carried out. */
  Type.Object({ type: Type.Literal('started'), orderId: Guid }),
  /** The order was not taken: bad signature, wrong device, expired, replayed, unknown kind. */
  Type.Object({
    type: Type.Literal('refused'),
    orderId: Type.String(),
    reason: Type.String({ maxLength: 500 }),
  }),
  /** How far a long order is: for people, and unsigned. What counts comes with the receipt. */
  Type.Object({
    type: Type.Literal('progress'),
    orderId: Guid,
    progress: Type.Record(Type.String({ maxLength: 64 }), Type.Unknown()),
  }),
  Type.Object({ type: Type.Literal('receipt'), receipt: Type.String() }),
  Type.Object({ type: Type.Literal('health'), health: DeviceHealth }),
  /** The device's next word in a console session; said again at every connection until it is stored. `taken`: the newest input that it took. */
  Type.Object({
    type: Type.Literal('live'),
    sessionId: Guid,
    seq: Type.Integer({ minimum: 1 }),
    taken: Type.Integer({ minimum: 0 }),
    word: LiveWord,
  }),
  /** What the device took in; or, with `unknown`, that it has no such session (any more). */
  Type.Object({
    type: Type.Literal('liveTaken'),
    sessionId: Guid,
    taken: Type.Integer({ minimum: 0 }),
    unknown: Type.Boolean(),
  }),
]);
export type FromDevice = Static<typeof FromDevice>;
