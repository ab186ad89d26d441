/**
 * What a server may order a device to do, and what each order says. Both ends import this; the envelope that carries it is in `device-protocol.ts`.
 *
 * A kind of order is the type of the machine action it serves, so neither has to be translated into the other.
 */
import { type Static, type TObject, Type } from 'typebox';

const exact = { additionalProperties: false } as const;
const Nothing = Type.Object({}, exact);
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const FileName = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^/\\\\\\u0000-\\u001f]+$' });

/** A peer that selective isolation leaves reachable. A port needs a protocol. */
export const IsolationAllowance = Type.Object(
  {
    /** IP address or network in CIDR form. */
    address: Type.String({ maxLength: 64 }),
    protocol: Type.Optional(Type.Union([Type.Literal('tcp'), Type.Literal('udp')])),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  },
  exact,
);
export type IsolationAllowance = Static<typeof IsolationAllowance>;

export const MAX_ISOLATION_ALLOWANCES = 256;

/** Names a file by its content. Hex digits in lower case. */
export const FileHash = Type.Union([
  Type.Object({ algorithm: Type.Literal('Sha1'), value: Type.String({ pattern: '^[0-9a-f]{40}$' }) }, exact),
  Type.Object({ algorithm: Type.Literal('Sha256'), value: Sha256 }, exact),
]);
export type FileHash = Static<typeof FileHash>;

/** A file of the library, fetched by the device at {@link DEVICE_PATHS.orderInput}. `size` in bytes. */
const LibraryInput = { fileName: FileName, sha256: Sha256, size: Type.Integer({ minimum: 0 }) };

/** One step of a batch. `index` is its place in the machine action's commands, and the name of its result. */
export const OrderedCommand = Type.Union([
  Type.Object({ index: Type.Integer({ minimum: 0 }), type: Type.Literal('PutFile'), ...LibraryInput }, exact),
  Type.Object(
    {
      index: Type.Integer({ minimum: 0 }),
      type: Type.Literal('RunScript'),
      ...LibraryInput,
      args: Type.String({ maxLength: 4_000 }),
      timeoutSeconds: Type.Integer({ minimum: 1, maximum: 3_600 }),
    },
    exact,
  ),
  Type.Object(
    {
      index: Type.Integer({ minimum: 0 }),
      type: Type.Literal('GetFile'),
      path: Type.String({ minLength: 1, maxLength: 4_096 }),
      maxBytes: Type.Integer({ minimum: 1 }),
    },
    exact,
  ),
]);
export type OrderedCommand = Static<typeof OrderedCommand>;

/** What each kind of order says. */
export const orderParams = {
  Isolate: Type.Object(
    {
      isolationType: Type.Union([Type.Literal('Full'), Type.Literal('Selective')]),
      /** The tenant's allowances, besides those of the device's own configuration. Selective only. */
      allow: Type.Optional(Type.Array(IsolationAllowance, { maxItems: MAX_ISOLATION_ALLOWANCES })),
    },
    exact,
  ),
  Unisolate: Nothing,
  RestrictCodeExecution: Nothing,
  UnrestrictCodeExecution: Nothing,
  RunAntiVirusScan: Type.Object(
    {
      scanType: Type.Union([Type.Literal('Quick'), Type.Literal('Full'), Type.Literal('Custom')]),
      /** Custom only: absolute paths. */
      paths: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 4_096 }), { minItems: 1, maxItems: 100 }),
      ),
    },
    exact,
  ),
  StopAndQuarantineFile: Type.Object({ file: FileHash }, exact),
  RestoreQuarantinedFile: Type.Object({ file: FileHash }, exact),
  CollectInvestigationPackage: Type.Object({ maxBytes: Type.Integer({ minimum: 1 }) }, exact),
  Offboard: Nothing,
  LiveResponse: Type.Object({ commands: Type.Array(OrderedCommand, { minItems: 1, maxItems: 50 }) }, exact),
} as const satisfies Record<string, TObject>;

export type OrderKind = keyof typeof orderParams;
export type OrderParams<K extends OrderKind> = Static<(typeof orderParams)[K]>;
export const orderKinds = Object.keys(orderParams) as readonly OrderKind[];

export function isOrderKind(kind: string): kind is OrderKind {
  return Object.hasOwn(orderParams, kind);
}

/** Kinds that take long enough to be broken off while they are carried out. The others are over before a cancellation could reach them. */
export const interruptibleOrders: readonly OrderKind[] = [
  'RunAntiVirusScan',
  'CollectInvestigationPackage',
  'LiveResponse',
];

/**
 * Orders of one lane are carried out one after another, those of different lanes side by side: an isolation never waits for a scan,
 * and a release never overtakes the isolation before it.
 */
export const orderLanes = {
  Isolate: 'network',
  Unisolate: 'network',
  RestrictCodeExecution: 'execution',
  UnrestrictCodeExecution: 'execution',
  RunAntiVirusScan: 'scan',
  StopAndQuarantineFile: 'quarantine',
  RestoreQuarantinedFile: 'quarantine',
  CollectInvestigationPackage: 'forensics',
  Offboard: 'life',
  LiveResponse: 'liveResponse',
} as const satisfies Record<OrderKind, string>;

/** An order's kind and what it says, from the moment both are known to fit. */
export type OrderContent = {
  [K in OrderKind]: { readonly kind: K; readonly params: OrderParams<K> };
}[OrderKind];
