/** The event-log reader that keeps device profiles current from DeviceInfo and DeviceNetworkInfo. Repeating a range changes nothing. */
import type { EventLog } from '@merlon/event-log';
import { decodeBatchRecord, parseRows } from '../ingest/index.ts';
import { foldDeviceInfo, foldNetworkInfo, type ProfilePatch } from './device-profile.ts';
import type { DevicesStore } from './store.ts';

export async function runProfileReader(deps: {
  eventLog: Pick<EventLog, 'reader'>;
  store: Pick<DevicesStore, 'patchProfile'>;
  signal: AbortSignal;
}): Promise<void> {
  const reader = deps.eventLog.reader('devices');
  while (!deps.signal.aborted) {
    const range = await reader.next({ maxRecords: 4_000, maxBytes: 16 * 1024 * 1024, signal: deps.signal });
    if (!range) return;
    const patches = new Map<string, { tenantId: string; deviceId: string; patch: ProfilePatch }>();
    for (const record of range.records) {
      const batch = decodeBatchRecord(record.payload);
      for (const section of batch.sections) {
        if (section.table !== 'DeviceInfo' && section.table !== 'DeviceNetworkInfo') continue;
        const entry = patches.get(batch.deviceId) ?? {
          tenantId: batch.tenantId,
          deviceId: batch.deviceId,
          patch: {},
        };
        patches.set(batch.deviceId, entry);
        const rows = parseRows(section);
        if (section.table === 'DeviceNetworkInfo') foldNetworkInfo(entry.patch, rows);
        else for (const row of rows) foldDeviceInfo(entry.patch, row);
      }
    }
    for (const { tenantId, deviceId, patch } of patches.values())
      await deps.store.patchProfile(tenantId, deviceId, patch);
    await range.commit();
  }
}
