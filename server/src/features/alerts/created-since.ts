/** Alerts in the order in which they came, for whoever tells of them and must miss none. */
import type { AlertSeverity } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { changesSettled } from './change-time.ts';
import type { AlertsDb } from './database.ts';

export interface NewAlert {
  readonly id: string;
  readonly title: string;
  readonly severity: AlertSeverity;
  readonly category: string;
  readonly detectionSource: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly createdAt: Date;
}

export interface CreatedSince {
  readonly alerts: readonly NewAlert[];
  /** Nothing that was asked for and came up to here is missing: where to go on. */
  readonly upTo: Date;
}

/** Those that came after a time, oldest first, at most `limit`. */
export function createdSince(
  state: StateStore,
  scope: { readonly tenantId: string; readonly deviceGroups: 'all' | readonly string[] },
  asked: { readonly after: Date; readonly severities: readonly AlertSeverity[]; readonly limit: number },
): Promise<CreatedSince> {
  return state.tenant<AlertsDb, CreatedSince>(scope satisfies TenantScope, async (db) => {
    await changesSettled(db, scope.tenantId);
    const changed = await db.selectFrom('alert_change_times').select('last').executeTakeFirst();
    const last = changed?.last ?? asked.after;
    if (last <= asked.after) return { alerts: [], upTo: asked.after };
    const rows = await db
      .selectFrom('alerts')
      .select([
        'id',
        'title',
        'severity',
        'category',
        'detection_source',
        'machine_id',
        'machine_name',
        'created_at',
      ])
      .where('created_at', '>', asked.after)
      .where('created_at', '<=', last)
      .where('severity', 'in', [...asked.severities])
      .orderBy('created_at')
      .orderBy('id')
      .limit(asked.limit)
      .execute();
    const alerts = rows.map((row) => ({
      id: row.id,
      title: row.title,
      severity: row.severity as AlertSeverity,
      category: row.category,
      detectionSource: row.detection_source,
      deviceId: row.machine_id,
      deviceName: row.machine_name,
      createdAt: row.created_at,
    }));
    const end = alerts.at(-1);
    return { alerts, upTo: alerts.length === asked.limit && end !== undefined ? end.createdAt : last };
  });
}
