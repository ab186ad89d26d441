/**
 * The event-log reader that keeps device profiles current from DeviceInfo and DeviceNetworkInfo. Repeating a range changes nothing. It never
 * ends before the server does: a reader that stops would in time fill the log for everybody.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog, LogRange } from '@merlon/event-log';
import type { Logger } from '../../telemetry/log.ts';
import { decodeBatchRecord, rowsOf } from '../ingest/index.ts';
import { foldDeviceInfo, foldNetworkInfo, type ProfilePatch } from './device-profile.ts';
import type { DevicesStore } from './store.ts';

/** Profiles that one statement writes. */
const TOGETHER = 500;
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000];

export interface ProfileReaderDeps {
  readonly eventLog: Pick<EventLog, 'reader'>;
  readonly store: Pick<DevicesStore, 'patchProfiles'>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly signal: AbortSignal;
}

export async function runProfileReader(deps: ProfileReaderDeps): Promise<void> {
  const reader = deps.eventLog.reader('devices');
  while (!deps.signal.aborted) {
    const range = await reader.next({ maxRecords: 4_000, maxBytes: 16 * 1024 * 1024, signal: deps.signal });
    if (!range) return;
    for (const [tenantId, patches] of patchesOf(range, deps))
      for (let at = 0; at < patches.length; at += TOGETHER)
        if (!(await write(tenantId, patches.slice(at, at + TOGETHER), deps))) return;
    await range.commit();
  }
}

interface DevicePatch {
  readonly deviceId: string;
  readonly patch: ProfilePatch;
}

/** By tenant. */
function patchesOf(
  range: LogRange,
  { log }: Pick<ProfileReaderDeps, 'log'>,
): ReadonlyMap<string, readonly DevicePatch[]> {
  const patches = new Map<string, DevicePatch & { readonly tenantId: string }>();
  for (const { payload, position } of range.records) {
    try {
      const { tenantId, deviceId, sections } = decodeBatchRecord(payload);
      for (const section of sections) {
        if (section.table !== 'DeviceInfo' && section.table !== 'DeviceNetworkInfo') continue;
        const entry = patches.get(deviceId) ?? { tenantId, deviceId, patch: {} };
        patches.set(deviceId, entry);
        const rows = rowsOf(section);
        if (section.table === 'DeviceNetworkInfo') foldNetworkInfo(entry.patch, rows);
        else for (const row of rows) foldDeviceInfo(entry.patch, row);
      }
    } catch (error) {
      log.error(
        { err: error, position },
        'a record of the event log is not a batch; no profile was read from it',
      );
    }
  }
  const byTenant = new Map<string, DevicePatch[]>();
  for (const { tenantId, ...patch } of patches.values()) {
    const together = byTenant.get(tenantId);
    if (together) together.push(patch);
    else byTenant.set(tenantId, [patch]);
  }
  return byTenant;
}

/** False: the server stops before they are written. One that is refused does not take the others along. */
async function write(
  tenantId: string,
  patches: readonly DevicePatch[],
  deps: ProfileReaderDeps,
): Promise<boolean> {
  for (let attempt = 0; !deps.signal.aborted; attempt++) {
    try {
      await deps.store.patchProfiles(tenantId, patches);
      return true;
    } catch (error) {
      if (isRefusal(error)) {
        if (patches.length > 1) {
          for (const patch of patches) if (!(await write(tenantId, [patch], deps))) return false;
          return true;
        }
        deps.log.error(
          { err: error, deviceId: patches[0]?.deviceId },
          'a device profile was refused by the database and is left as it was',
        );
        return true;
      }
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 5_000;
      deps.log.warn({ err: error, wait }, 'device profiles could not be written; it is tried again');
      await delay(wait, undefined, { signal: deps.signal }).catch(() => {});
    }
  }
  return false;
}

/** PostgreSQL's classes 22 (data) and 23 (constraint): it is the values, not the moment, and all later ranges would wait behind them. */
function isRefusal(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}
