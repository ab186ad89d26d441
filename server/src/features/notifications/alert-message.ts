/** What a notification says, before any channel words it. Pure. */
import type { AlertSeverity } from '@merlon/contract';

export interface AlertSummary {
  readonly id: string;
  readonly title: string;
  readonly severity: AlertSeverity;
  readonly category: string;
  readonly detectionSource: string;
  readonly deviceId: string;
  readonly deviceName: string;
  /** ISO, UTC. */
  readonly createdAt: string;
}

/** Alerts that go into one message: the first of them, and how many there are. */
export interface AlertBundle {
  /** At most {@link LISTED}. */
  readonly alerts: readonly AlertSummary[];
  readonly count: number;
  readonly bySeverity: Readonly<Partial<Record<AlertSeverity, number>>>;
}

export interface AlertMessage extends AlertBundle {
  /** Stays the same when the message is sent again. */
  readonly id: string;
  readonly ruleId: string;
  readonly ruleName: string;
  /** Sent to try the rule: its alert is made up. */
  readonly isTest: boolean;
  /** Of an alert, in the portal. */
  readonly linkOf: (alertId: string) => string;
  readonly portalLink: string;
}

export const LISTED = 20;

const GRAVEST_FIRST: readonly AlertSeverity[] = ['High', 'Medium', 'Low', 'Informational', 'UnSpecified'];

export function bundled(before: AlertBundle | null, alerts: readonly AlertSummary[]): AlertBundle {
  const bySeverity: Partial<Record<AlertSeverity, number>> = { ...before?.bySeverity };
  for (const { severity } of alerts) bySeverity[severity] = (bySeverity[severity] ?? 0) + 1;
  return {
    alerts: [...(before?.alerts ?? []), ...alerts].slice(0, LISTED),
    count: (before?.count ?? 0) + alerts.length,
    bySeverity,
  };
}

/** One line, without line ends. */
export function headline({ alerts, count, bySeverity, isTest }: AlertMessage): string {
  const [only] = alerts;
  const text =
    count === 1 && only !== undefined
      ? `${only.severity}: ${only.title} on ${only.deviceName}`
      : `${count} alerts: ${GRAVEST_FIRST.filter((severity) => (bySeverity[severity] ?? 0) > 0)
          .map((severity) => `${bySeverity[severity]} ${severity}`)
          .join(', ')}`;
  return `${isTest ? 'Test: ' : ''}${text}`.replace(/\p{Cc}+/gu, ' ').slice(0, 250);
}

export const detailOf = ({ severity, category, deviceName, createdAt }: AlertSummary): string =>
  `${severity} · ${category} · ${deviceName} · ${createdAt}`;

/** How many are not listed; null: none. */
export const unlisted = ({ alerts, count }: AlertBundle, shown = alerts.length): string | null =>
  count > shown ? `and ${count - shown} more` : null;
