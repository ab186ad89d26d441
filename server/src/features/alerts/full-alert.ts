/** An alert together with what belongs to it. */
import type { AlertEvidence } from '@merlon/contract';
import { sql } from 'kysely';
import type { AlertRow, AlertTransaction, CommentRow } from './database.ts';

export interface FullAlert {
  readonly alert: AlertRow;
  /** Name of the group that the alert's device is in now; null in a tenant without device groups. */
  readonly deviceGroup: string | null;
  readonly comments: readonly CommentRow[];
  readonly evidence: readonly AlertEvidence[];
}

export async function withParts(
  db: AlertTransaction,
  alerts: readonly AlertRow[],
  withEvidence: boolean,
): Promise<FullAlert[]> {
  if (alerts.length === 0) return [];
  const ids = alerts.map((alert) => alert.id);
  const comments = await db
    .selectFrom('alert_comments')
    .select(['alert_id', 'comment', 'created_by', 'created_at'])
    .where(sql<boolean>`alert_id = any(${ids}::text[])`)
    .orderBy('ordinal')
    .execute();
  const evidence = withEvidence
    ? await db
        .selectFrom('alert_evidence')
        .select(['alert_id', 'entity'])
        .where(sql<boolean>`alert_id = any(${ids}::text[])`)
        .orderBy('alert_id')
        .orderBy('ordinal')
        .execute()
    : [];
  const groups = await db
    .selectFrom('devices')
    .innerJoin('device_groups', (join) =>
      join
        .onRef('device_groups.tenant_id', '=', 'devices.tenant_id')
        .onRef('device_groups.id', '=', 'devices.rbac_group_id'),
    )
    .select(['devices.id', 'device_groups.name'])
    .where(sql<boolean>`devices.id = any(${[...new Set(alerts.map((alert) => alert.machine_id))]}::text[])`)
    .execute();
  const groupOf = new Map(groups.map(({ id, name }) => [id, name]));
  const commentsOf = byAlert(comments);
  const evidenceOf = byAlert(evidence);
  return alerts.map((alert) => ({
    alert,
    deviceGroup: groupOf.get(alert.machine_id) ?? null,
    comments: commentsOf.get(alert.id) ?? [],
    evidence: (evidenceOf.get(alert.id) ?? []).map((row) => row.entity),
  }));
}

export function byAlert<T extends { alert_id: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.alert_id);
    if (group) group.push(row);
    else groups.set(row.alert_id, [row]);
  }
  return groups;
}
