/**
 * Carries alerts into the event log, from where the hunting tables and exports take them, as they take what devices send. Which rows go together is
 * written down before they are appended: whoever appends the parcel again, after a crash or beside another server, appends the same records under the
 * same names, which the log knows, so that each row is there once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { nowIso7 } from '@merlon/contract';
import { type EventLog, LogFullError } from '@merlon/event-log';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Devices } from '../devices/index.ts';
import { blockOfLines, encodeBatchRecord } from '../ingest/index.ts';
import type { AlertsStore } from './store.ts';

const PER_PARCEL = 5_000;
const IDLE_MS = 500;

interface OutboxDeps {
  readonly store: Pick<AlertsStore, 'packOutbox' | 'dropParcel'>;
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly devices: Pick<Devices, 'lookup'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export async function runHuntingOutbox(deps: OutboxDeps): Promise<void> {
  while (!deps.signal.aborted) {
    let moved = 0;
    try {
      moved = await moveRound(deps);
    } catch (error) {
      const why = error instanceof LogFullError ? 'the event log is full' : 'the event log did not take them';
      deps.log.warn(
        { err: error },
        `alerts are not in the hunting tables yet, since ${why}; they stay queued`,
      );
    }
    if (moved === 0) await delay(IDLE_MS, undefined, { signal: deps.signal }).catch(() => {});
  }
}

/** A record of the log is of one device, so that whoever reads it by device group finds the group in its head. */
async function moveRound({ store, eventLog, devices, clock }: OutboxDeps): Promise<number> {
  const parcel = await store.packOutbox(PER_PARCEL);
  if (parcel.rows.length === 0) return 0;
  const receivedAt = nowIso7(clock.now());
  const byDevice = new Map<string, { tenantId: string; deviceId: string; tables: Map<string, string[]> }>();
  for (const { tenant_id: tenantId, machine_id, table_name: table, row } of parcel.rows) {
    const deviceId = machine_id ?? '';
    const key = `${tenantId} ${deviceId}`;
    const entry = byDevice.get(key) ?? { tenantId, deviceId, tables: new Map<string, string[]>() };
    byDevice.set(key, entry);
    const lines = entry.tables.get(table) ?? [];
    entry.tables.set(table, lines);
    lines.push(JSON.stringify({ ...row, TenantId: tenantId, IngestionTime: receivedAt }));
  }
  const appended: Promise<unknown>[] = [];
  for (const [seq, { tenantId, deviceId, tables }] of [...byDevice.values()].entries()) {
    const device = deviceId === '' ? null : await devices.lookup(tenantId, deviceId);
    const sections = [...tables].map(([table, lines]) => ({
      table,
      rows: lines.length,
      block: blockOfLines(table, Buffer.from(lines.join('\n'))),
    }));
    const header = {
      tenantId,
      deviceId,
      deviceName: device?.name ?? '',
      machineGroup: device?.groupName ?? '',
      receivedAt,
    };
    const payload = encodeBatchRecord(header, sections);
    appended.push(eventLog.append({ stream: `alerts.${tenantId}`, epoch: parcel.id, seq, payload }));
  }
  await Promise.all(appended);
  await store.dropParcel(parcel.id);
  return parcel.rows.length;
}
