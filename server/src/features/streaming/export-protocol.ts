/** What the server and its export thread say to each other. Secrets are in it: it never leaves the process. */
import type { DeliveryFault } from '@merlon/destinations';
import type { RowPredicate } from '@merlon/kql/row-filter';
import type { HourCount, PartLimits, RefusedRecord } from './delivery-job.ts';

export interface DestinationSpec {
  readonly kind: string;
  /** With its secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What of the rows of a record goes out. */
export interface RowChoice {
  readonly tables: readonly string[];
  /** By table; absent: every row. */
  readonly filters: Readonly<Record<string, RowPredicate>>;
}

export interface StreamSpec extends RowChoice {
  /** Names the open destination: another one when the setting was changed. */
  readonly id: string;
  readonly destination: DestinationSpec;
}

export type ToExporter =
  | { readonly kind: 'open'; readonly stream: StreamSpec }
  | { readonly kind: 'close'; readonly stream: string }
  | {
      readonly kind: 'probe';
      readonly job: number;
      readonly destination: DestinationSpec;
      readonly tables: readonly string[];
    }
  | {
      readonly kind: 'deliver';
      readonly job: number;
      readonly stream: string;
      /** Names of records of the log, in order. */
      readonly keys: readonly string[];
      /** Records that an earlier attempt settled. */
      readonly skip: number;
      readonly refusedBefore: number;
      readonly limits: PartLimits;
    }
  /** Only counts what would go out. */
  | {
      readonly kind: 'count';
      readonly job: number;
      readonly stream: string;
      readonly keys: readonly string[];
    }
  /** In the order in which they were needed. */
  | { readonly kind: 'records'; readonly job: number; readonly payloads: readonly Uint8Array[] }
  | { readonly kind: 'abort'; readonly job: number };

export interface RowCount {
  readonly table: string;
  /** `2026-11-25T14` */
  readonly hour: string;
  readonly rows: number;
}

export interface DeliveryOutcome {
  readonly settled: number;
  readonly counts: readonly HourCount[];
  readonly bytes: number;
  readonly refused: readonly RefusedRecord[];
  readonly newest: string | null;
  readonly failure: DeliveryFailure | null;
  /** Rows that the filters kept back. Told once everything is settled. */
  readonly leftOut: readonly RowCount[];
}

export interface DeliveryFailure {
  readonly fault: DeliveryFault;
  /** Holds no secret. */
  readonly message: string;
  readonly retryAfterMs: number | null;
}

export type FromExporter =
  | { readonly kind: 'need'; readonly job: number; readonly keys: readonly string[] }
  | { readonly kind: 'delivered'; readonly job: number; readonly outcome: DeliveryOutcome }
  | {
      readonly kind: 'counted';
      readonly job: number;
      readonly chosen: readonly RowCount[];
      readonly leftOut: readonly RowCount[];
    }
  | { readonly kind: 'probed'; readonly job: number; readonly failure: DeliveryFailure | null }
  /** The job met a defect of ours: it is not the destination's fault. */
  | { readonly kind: 'broken'; readonly job: number; readonly message: string };
