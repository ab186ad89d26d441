/** A rule as data: what an administrator says of it, and what is shown. */
import { type AlertSeverity, alertSeverities } from '@merlon/contract';
import { deliveryFaults } from '@merlon/destinations';
import { type Static, Type } from 'typebox';
import { outboxStates, type RuleOutbox } from './rule-outbox.ts';

const exactly = { additionalProperties: false } as const;

export const ruleMembers = {
  name: Type.String({ minLength: 1, maxLength: 120 }),
  channel: Type.Object(
    {
      kind: Type.String({ minLength: 1, maxLength: 40 }),
      /** Members are those of the kind: docs/reference/notifications.md. */
      settings: Type.Record(Type.String(), Type.Unknown()),
    },
    exactly,
  ),
  severities: Type.Array(Type.Enum([...alertSeverities]), { minItems: 1, maxItems: alertSeverities.length }),
  /** Ids of device groups. Empty: all devices. */
  deviceGroups: Type.Array(Type.Integer({ minimum: 0, maximum: 999_999_999 }), { maxItems: 200 }),
  /** How long alerts gather before they are sent together; 0: not at all. */
  digestMinutes: Type.Integer({ minimum: 0, maximum: 1_440 }),
  maxPerHour: Type.Integer({ minimum: 1, maximum: 60 }),
} as const;

export const usualRule = {
  severities: ['Medium', 'High'] as AlertSeverity[],
  deviceGroups: [] as number[],
  digestMinutes: 0,
  maxPerHour: 20,
};

const time = Type.Union([Type.String(), Type.Null()]);

export const RuleFailure = Type.Object({
  fault: Type.Enum([...deliveryFaults]),
  message: Type.String(),
  at: Type.String(),
});
export type RuleFailure = Static<typeof RuleFailure>;

export const NotificationRule = Type.Object({
  id: Type.String(),
  name: Type.String(),
  enabled: Type.Boolean(),
  channel: Type.Object({ kind: Type.String(), settings: Type.Record(Type.String(), Type.Unknown()) }),
  /** Names of settings of the channel that are kept and never shown. */
  secrets: Type.Array(Type.String()),
  severities: Type.Array(Type.String()),
  deviceGroups: Type.Array(Type.Integer()),
  digestMinutes: Type.Integer(),
  maxPerHour: Type.Integer(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
  progress: Type.Object({
    state: Type.Enum([...outboxStates]),
    /** Alerts that are not sent yet. */
    waitingAlerts: Type.Integer(),
    sentMessages: Type.Integer(),
    sentAlerts: Type.Integer(),
    /** Alerts that nobody was told of, since the other side took nothing for a day. */
    givenUpAlerts: Type.Integer(),
    lastSuccess: time,
    lastError: Type.Union([RuleFailure, Type.Null()]),
  }),
});
export type NotificationRule = Static<typeof NotificationRule>;

export interface RuleContent {
  readonly name: string;
  readonly enabled: boolean;
  readonly kind: string;
  /** Of the channel, without secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secretNames: readonly string[];
  readonly sealed: string | null;
  readonly severities: readonly AlertSeverity[];
  readonly deviceGroups: readonly number[];
  readonly digestMinutes: number;
  readonly maxPerHour: number;
}

export interface StoredRule extends RuleContent {
  readonly tenantId: string;
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Alerts up to here are in the outbox, or were not for this rule. */
  readonly seenTo: Date;
  readonly outbox: RuleOutbox;
  readonly sentMessages: number;
  readonly sentAlerts: number;
  readonly givenUpAlerts: number;
  readonly lastSuccess: Date | null;
  readonly lastError: RuleFailure | null;
}
