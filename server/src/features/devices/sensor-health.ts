/**
 * Health of a device's sensor (onboarding.md section 6), by what was heard of it and when. A device speaks in two ways: batches of events, at least the hourly
 * report of itself, and its command channel, with health twice a minute. Each is compared with the last that was heard of it at all, not with the time now: a
 * device that was turned off in good health stays so until it is inactive.
 *
 *   nothing for 7 days                                  Inactive
 *   batches come, but no channel for an hour            ImpairedCommunication              (that it can be ordered nothing matters)
 *   the channel is open, but no batch for three hours,
 *   or its process sensor says that it cannot work      NoSensorData
 *   the channel silent, and its sensor not at work      NoSensorDataImpairedCommunication
 *   else                                                Active
 */
import type { HealthStatus } from '@merlon/contract';
import { type RawBuilder, sql } from 'kysely';
import type { DeviceRow } from './store.ts';

const HOUR_MS = 3_600_000;
/** A device is Inactive when nothing was heard of it for longer than this. */
const INACTIVE_AFTER_MS = 7 * 24 * HOUR_MS;
const IMPAIRED_AFTER_MS = HOUR_MS;
const NO_DATA_AFTER_MS = 3 * HOUR_MS;

export function healthOf(
  row: Pick<
    DeviceRow,
    'last_seen' | 'sensor_data' | 'package_id' | 'last_enrolled' | 'last_channel' | 'last_data'
  >,
  now: Date,
): HealthStatus {
  if (now.getTime() - row.last_seen.getTime() > INACTIVE_AFTER_MS) return 'Inactive';
  const silentFor = (way: Date | null) =>
    row.last_seen.getTime() - Math.max(row.last_enrolled.getTime(), way?.getTime() ?? 0);
  // Devices without an agent of ours have one way only.
  const impaired = row.package_id !== null && silentFor(row.last_channel) > IMPAIRED_AFTER_MS;
  const blind = !row.sensor_data || (row.package_id !== null && silentFor(row.last_data) > NO_DATA_AFTER_MS);
  if (impaired) return blind ? 'NoSensorDataImpairedCommunication' : 'ImpairedCommunication';
  return blind ? 'NoSensorData' : 'Active';
}

/** The same as SQL over `devices`, so that a filter finds what is shown. */
export function healthColumn(now: Date): RawBuilder<unknown> {
  const silent = (way: 'last_channel' | 'last_data', ms: number) =>
    sql`(package_id is not null and last_seen - greatest(last_enrolled, ${sql.ref(way)}) > ${`${ms} milliseconds`}::interval)`;
  const impaired = silent('last_channel', IMPAIRED_AFTER_MS);
  const blind = sql`(not sensor_data or ${silent('last_data', NO_DATA_AFTER_MS)})`;
  return sql`case when last_seen < ${new Date(now.getTime() - INACTIVE_AFTER_MS)}::timestamptz then 'Inactive'
    when ${impaired} and ${blind} then 'NoSensorDataImpairedCommunication'
    when ${impaired} then 'ImpairedCommunication' when ${blind} then 'NoSensorData' else 'Active' end`;
}
