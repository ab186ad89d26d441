/** A setting of the stream as data: what an administrator says of it, and what is shown. */
import type { RowPredicate } from '@merlon/kql/row-filter';
import { type Static, Type } from 'typebox';
import { pumpFaults, pumpStates } from './pump-state.ts';

const exactly = { additionalProperties: false } as const;

export const settingMembers = {
  name: Type.String({ minLength: 1, maxLength: 120 }),
  /** Names of hunting tables; `AdvancedHunting-` before them is taken too. */
  eventTypes: Type.Array(Type.String({ minLength: 1, maxLength: 120 }), { minItems: 1, maxItems: 100 }),
  destination: Type.Object(
    {
      kind: Type.String({ minLength: 1, maxLength: 40 }),
      /** Members are those of the kind: docs/reference/destinations.md. */
      settings: Type.Record(Type.String(), Type.Unknown()),
    },
    exactly,
  ),
  /** Ids of device groups. Empty: all devices. */
  deviceGroups: Type.Array(Type.Integer({ minimum: 0, maximum: 999_999_999 }), { maxItems: 200 }),
  /** By table: what stands behind `where`. */
  filters: Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 10_000 })),
} as const;

export const ExportFailure = Type.Object({
  fault: Type.Enum([...pumpFaults]),
  message: Type.String(),
  at: Type.String(),
});
export type ExportFailure = Static<typeof ExportFailure>;

const time = Type.Union([Type.String(), Type.Null()]);

export const ExportProgress = Type.Object({
  state: Type.Enum([...pumpStates]),
  /** Age of the oldest row that waits; 0: none does. */
  lagSeconds: Type.Number(),
  /** Rows of its event types that came after the newest it delivered. Null while the event store cannot be asked. */
  lagRows: Type.Union([Type.Integer(), Type.Null()]),
  /** Of the event log, behind its place in it; other tenants' rows count too. */
  lagBytes: Type.Integer(),
  /** More than half of what the log keeps for a setting waits. */
  nearLoss: Type.Boolean(),
  lastSuccess: time,
  /** Receive time of the newest row delivered. */
  newestDelivered: time,
  lastError: Type.Union([ExportFailure, Type.Null()]),
  deliveredRows: Type.Integer(),
  deliveredBytes: Type.Integer(),
  /** Rows that a filter kept back. */
  leftOutRows: Type.Integer(),
  /** Rows that the destination refuses for good, set aside in a file. */
  refusedRows: Type.Integer(),
  /** Rows given up because the log could keep no more of them. */
  droppedRows: Type.Integer(),
  /** Receive times of the first and last of those. */
  droppedFrom: time,
  droppedTo: time,
});
export type ExportProgress = Static<typeof ExportProgress>;

export const ExportSetting = Type.Object({
  id: Type.String(),
  name: Type.String(),
  enabled: Type.Boolean(),
  eventTypes: Type.Array(Type.String()),
  destination: Type.Object({ kind: Type.String(), settings: Type.Record(Type.String(), Type.Unknown()) }),
  /** Names of settings of the destination that are kept and never shown. */
  secrets: Type.Array(Type.String()),
  deviceGroups: Type.Array(Type.Integer()),
  filters: Type.Record(Type.String(), Type.String()),
  createdAt: Type.String(),
  updatedAt: Type.String(),
  progress: ExportProgress,
});
export type ExportSetting = Static<typeof ExportSetting>;

export interface SettingContent {
  readonly name: string;
  readonly enabled: boolean;
  readonly tables: readonly string[];
  readonly kind: string;
  /** Without the secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** JSON of the secrets by name, sealed; null: there are none. */
  readonly sealed: string | null;
  /** Names of those. */
  readonly secretNames: readonly string[];
  readonly deviceGroups: readonly number[];
  readonly filters: Readonly<Record<string, string>>;
  readonly plans: Readonly<Record<string, RowPredicate>>;
  /** Of the Azure resource, for a setting that was made by naming one. */
  readonly resourceId: string | null;
}

export interface StoredSetting extends SettingContent {
  readonly id: string;
  readonly tenantId: string;
  /** Another one after each change. */
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
