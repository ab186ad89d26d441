import type { IndicatorItem } from '@merlon/contract';
import type { ContentChange } from '../device-content/index.ts';
import type { IndicatorRow } from './store.ts';

/** The indicator as devices are given it. */
export function indicatorItem(row: IndicatorRow): ContentChange['upserts'][number] {
  const item: IndicatorItem = {
    id: row.id,
    type: row.type,
    value: row.compared,
    action: row.action,
    title: row.title,
    severity: row.severity,
    ...(row.expires_at === null ? {} : { expiresAt: Math.floor(row.expires_at.getTime() / 1_000) }),
  };
  return { id: row.id, scopes: row.group_ids.map(String), item, expiresAt: row.expires_at };
}
