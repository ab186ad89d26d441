import { type Indicator, nowIso7 } from '@merlon/contract';
import type { IndicatorRow } from './store.ts';

/** The stored indicator as the wire shows it. */
export function indicatorEntity(row: IndicatorRow): Indicator {
  return {
    id: row.id,
    indicatorValue: row.value,
    indicatorType: row.type,
    action: row.action,
    application: row.application,
    source: row.created_by_name,
    sourceType: row.owner_kind === 'user' ? 'User' : 'AadApp',
    externalId: row.external_id,
    createdBy: row.created_by,
    createdByDisplayName: row.created_by_name,
    createdBySource: row.created_by_source,
    lastUpdatedBy: row.updated_by,
    creationTimeDateTimeUtc: nowIso7(row.created_at),
    expirationTime: row.expires_at && nowIso7(row.expires_at),
    lastUpdateTime: nowIso7(row.updated_at),
    severity: row.severity,
    title: row.title,
    description: row.description,
    recommendedActions: row.recommended_actions,
    rbacGroupNames: row.group_names,
    rbacGroupIds: row.group_ids.map(String),
    generateAlert: row.generate_alert,
    educateUrl: row.educate_url,
    notificationId: null,
    notificationBody: null,
    bypassDurationHours: null,
    historicalDetection: row.look_back_days !== null,
    lookBackPeriod: row.look_back_days === null ? null : `P${row.look_back_days}D`,
    category: null,
    version: String(row.version),
    additionalInfo: null,
    certificateInfo: null,
  };
}
