/**
 * Carries alerts into the hunting tables, many rows an insert. Which rows go together is written down before they are sent: whoever sends the
 * parcel again, after a crash or beside another server, sends the same rows under the same token, so each row is there once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { nowIso7 } from '@merlon/contract';
import type { EventStore } from '@merlon/event-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { AlertsStore } from './store.ts';

const PER_PARCEL = 5_000;
const IDLE_MS = 500;

export async function runHuntingOutbox(deps: {
  store: Pick<AlertsStore, 'packOutbox' | 'dropParcel'>;
  events: Pick<EventStore, 'insert'>;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  while (!deps.signal.aborted) {
    let moved = 0;
    try {
      moved = await moveRound(deps);
    } catch (error) {
      deps.log.warn({ err: error }, 'alerts were not written to the hunting tables; they stay queued');
    }
    if (moved === 0) await delay(IDLE_MS, undefined, { signal: deps.signal }).catch(() => {});
  }
}

async function moveRound({
  store,
  events,
  clock,
  log,
}: Parameters<typeof runHuntingOutbox>[0]): Promise<number> {
  const parcel = await store.packOutbox(PER_PARCEL);
  const ingestionTime = nowIso7(clock.now());
  const byTable = new Map<string, string[]>();
  for (const { tenant_id, table_name, row } of parcel.rows) {
    const lines = byTable.get(table_name) ?? [];
    byTable.set(table_name, lines);
    lines.push(`${JSON.stringify({ ...row, TenantId: tenant_id, IngestionTime: ingestionTime })}\n`);
  }
  for (const [table, lines] of byTable) {
    const { rejected } = await events.insert(
      table,
      Buffer.from(lines.join('')),
      `alert-outbox:${parcel.id}:${table}`,
    );
    if (rejected[0])
      log.error(
        { table, rows: rejected.length, reason: rejected[0].reason },
        'the event store refused alert rows',
      );
  }
  if (parcel.rows.length > 0) await store.dropParcel(parcel.id);
  return parcel.rows.length;
}
