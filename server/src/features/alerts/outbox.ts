/** Carries alerts into the hunting tables. An insert is repeated with the same token until it lands, so each row is there once. */
import { setTimeout as delay } from 'node:timers/promises';
import { nowIso7 } from '@merlon/contract';
import type { EventStore } from '@merlon/event-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { AlertsStore } from './store.ts';

const PER_ROUND = 1_000;
const IDLE_MS = 1_000;

export async function runHuntingOutbox(deps: {
  store: Pick<AlertsStore, 'outbox' | 'emptyOutbox'>;
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

async function moveRound(deps: Parameters<typeof runHuntingOutbox>[0]): Promise<number> {
  const rows = await deps.store.outbox(PER_ROUND);
  const ingestionTime = nowIso7(deps.clock.now());
  // One insert a row: alerts are few, and a token made of the row's own number stays the same however rounds fall.
  for (const { ordinal, tenant_id, table_name, row } of rows) {
    const line = `${JSON.stringify({ ...row, TenantId: tenant_id, IngestionTime: ingestionTime })}\n`;
    const { rejected } = await deps.events.insert(table_name, Buffer.from(line), `alert-outbox:${ordinal}`);
    if (rejected[0])
      deps.log.error(
        { table: table_name, reason: rejected[0].reason },
        'the event store refused an alert row',
      );
    await deps.store.emptyOutbox([ordinal]);
  }
  return rows.length;
}
