/**
 * What every destination of a stream is to the rest: a kind with settings that can be checked and shown, and, once opened, something that takes
 * records in order and says when they are safe. Knows nothing of the server, of tenants, or of where records come from.
 */
import type { TObject } from 'typebox';

/** One row on its way out. */
export interface ExportRecord {
  /** Names the row for ever; the same when it is delivered again. At most 200 characters of ASCII. */
  readonly id: string;
  /** Hunting table, as `DeviceProcessEvents`. */
  readonly table: string;
  /** What order is kept by: a device id, or an alert's id when no device belongs to the row. */
  readonly key: string;
  /** When the service received the row. ISO, seven fraction digits. */
  readonly time: string;
  /** The record on the wire, one line of JSON without line end: `{"time","tenantId","operationName","category","properties",…}`. */
  readonly json: string;
}

export interface Delivered {
  /** Bytes that went out, as the destination counts them, before compression. */
  readonly bytes: number;
}

export interface Destination {
  /**
   * Sends records in order and resolves once the destination has acknowledged every one as durable. A call that failed is made again with the
   * same records, so what was accepted before the failure may arrive twice, never not at all. One call at a time.
   * @throws DeliveryError
   */
  deliver(records: readonly ExportRecord[], signal: AbortSignal): Promise<Delivered>;
  /**
   * Shows that the settings work, as far as it can be shown without leaving a trace that a reader would take for a row: resolves the name,
   * connects, authenticates, asks whether it may write.
   * @param tables those that will be delivered, for kinds that keep each in a place of its own; none: only what is common to all is tried
   * @throws DeliveryError
   */
  probe(signal: AbortSignal, tables?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * `unreachable`: no answer, or none that is the protocol's. `credentials`: who we are was refused. `forbidden`: known, but may not write there.
 * `missing`: the container, topic, index or token named in the settings is not there. `throttled`: later, see `retryAfterMs`.
 * `refused`: the destination does not take these records, and will not next time. `settings`: the settings contradict themselves.
 */
export const deliveryFaults = [
  'unreachable',
  'credentials',
  'forbidden',
  'missing',
  'throttled',
  'refused',
  'settings',
] as const;
export type DeliveryFault = (typeof deliveryFaults)[number];

/** The message is shown to whoever owns the setting: it names the cause and holds no secret. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly fault: DeliveryFault;
  readonly retryAfterMs: number | undefined;

  constructor(
    fault: DeliveryFault,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, { cause: options.cause });
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What a destination may ask of the process around it. */
export interface DestinationContext {
  /**
   * Names the hosts that may be connected to: throws a DeliveryError (`forbidden`) for an address that the operator forbids. Every socket that
   * a destination opens is asked for, by the resolved address, so that a name cannot lead into the network of the server.
   */
  readonly mayConnect: (host: string, address: string) => void;
  readonly now: () => number;
}

export interface DestinationKind<S extends object = object> {
  /** As the settings API has it: `azureStorage`, `eventHubs`, `kafka`, `s3`, `elasticsearch`, `splunkHec`, `syslog`, `otlp`, `webhook`. */
  readonly name: string;
  readonly title: string;
  /** Closed object; every member with a description. */
  readonly settings: TObject;
  /** Members of the settings, by name, that are kept encrypted and never shown again. */
  readonly secrets: readonly string[];
  /** How much it would like in one call, where small ones make bad files: the caller gathers so much, for `waitMs` at most. Absent: what is there. */
  readonly wants?: { readonly rows: number; readonly bytes: number; readonly waitMs: number };
  /** Contradictions that a schema cannot say. @throws DeliveryError `settings`, naming the member */
  check(settings: S, tables: readonly string[]): void;
  open(settings: S, context: DestinationContext): Promise<Destination>;
}
