/** The event that a device, a time and a report id name, whichever of the device tables it is in. */
import { randomUUID } from 'node:crypto';
import { DEVICE_TABLES, formatTicks, huntingTable, parseTicks } from '@merlon/contract';
import type { EventStore } from '@merlon/event-store';
import type { Row } from './row-processes.ts';

const LIMITS = { maxSeconds: 10, maxRows: 1, maxBytes: 4 * 1024 * 1024, maxMemoryBytes: 256 * 1024 * 1024 };

export interface EventReference {
  readonly tenantId: string;
  readonly deviceId: string;
  /** ISO 8601, to the tick: as hunting shows it. */
  readonly eventTime: string;
  readonly reportId: number;
}

/** Null: there is no such event. The time must be one. */
export async function eventByReference(
  events: Pick<EventStore, 'query'>,
  reference: EventReference,
  signal: AbortSignal,
): Promise<{ readonly table: string; readonly row: Row } | null> {
  const ticks = parseTicks(reference.eventTime);
  if (ticks === null) return null;
  const time = formatTicks(ticks);
  const found = await Promise.all(
    DEVICE_TABLES.map(async (table) => {
      const columns = (huntingTable(table)?.columns ?? []).map(({ name }) => name);
      const { rows } = await events.query({
        // The names are the contract's own.
        sql: `SELECT ${columns.map((name) => `\`${name}\``).join(', ')} FROM \`${table}\`
          WHERE TenantId = {tenant:UUID} AND DeviceId = {device:String} AND Timestamp = toDateTime64({time:String}, 7, 'UTC')
          AND ReportId = {report:Int64} LIMIT 1`,
        parameters: {
          tenant: reference.tenantId,
          device: reference.deviceId,
          time: time.replace('T', ' ').replace('Z', ''),
          report: reference.reportId,
        },
        queryId: `event-${randomUUID()}`,
        signal,
        ...LIMITS,
      });
      const [values] = rows;
      if (values === undefined) return null;
      return { table, row: Object.fromEntries(columns.map((name, index) => [name, values[index]])) };
    }),
  );
  return found.find((event) => event !== null) ?? null;
}
