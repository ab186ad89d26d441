/** DeviceEvents rows about what indicators and restrictions did on this device. Pure. */
import { basename } from 'node:path';
import { formatTicks, type IndicatorItem, UNIX_EPOCH_TICKS } from '@merlon/contract';
import type { Remedied } from '../responder/remediation.ts';
import { additionalFields, setHashes } from '../sensor/rows.ts';
import type { SensorRow } from '../sensor/sensor.ts';
import type { ExecutionHit } from './guard-protocol.ts';
import type { ToldNetworkHit } from './network-guard.ts';

/** What the product calls a file that a customer's own indicator forbids; hunting queries look for it. */
const CUSTOM_FILE_THREAT = 'EUS:Win32/CustomEnterpriseBlock!cl';
/** Likewise of addresses and names. */
const CUSTOM_NETWORK_CATEGORY = 'CustomBlockList';
const DELETED = / \(deleted\)$/;

function indicatorFields(item: IndicatorItem): Record<string, unknown> {
  return {
    IndicatorId: item.id,
    IndicatorType: item.type,
    IndicatorValue: item.value,
    IndicatorAction: item.action,
    IndicatorTitle: item.title,
    IndicatorSeverity: item.severity,
  };
}

/** @param item the indicator it was met by; null for the restriction */
export function executionRow(hit: ExecutionHit, item: IndicatorItem | null): SensorRow {
  const path = hit.path.replace(DELETED, '');
  const row: SensorRow = {
    Table: 'DeviceEvents',
    Timestamp: formatTicks(BigInt(hit.atMs) * 10_000n + UNIX_EPOCH_TICKS),
    ActionType: item === null ? 'AppControlExecutableBlocked' : 'AntivirusDetection',
    FileName: basename(path),
    FolderPath: path,
    FileSize: hit.size,
  };
  if (hit.hashes !== null) setHashes(row, hit.hashes);
  const fields =
    item === null
      ? { Restriction: 'RestrictCodeExecution', HashMissing: hit.hashes === null ? 'unread' : undefined }
      : {
          ThreatName: CUSTOM_FILE_THREAT,
          Action: hit.outcome === 'denied' ? 'Block' : hit.outcome === 'late' ? 'Stop' : 'Audit',
          WasExecutingWhileDetected: hit.outcome !== 'denied',
          WasRemediated: hit.outcome === 'denied',
          ReportSource: 'Execution guard',
          ...indicatorFields(item),
        };
  row.AdditionalFields = additionalFields(fields);
  return row;
}

export function networkHitRow({ item, hit, timestamp, name }: ToldNetworkHit): SensorRow {
  const row: SensorRow = {
    Table: 'DeviceEvents',
    Timestamp: timestamp,
    ActionType: hit.refused ? 'ExploitGuardNetworkProtectionBlocked' : 'ExploitGuardNetworkProtectionAudited',
    RemotePort: hit.port,
  };
  const url = hit.met.kind === 'name' ? hit.met.name : name;
  if (hit.met.kind === 'address') row.RemoteIP = hit.met.address;
  if (url !== null) row.RemoteUrl = url;
  row.AdditionalFields = additionalFields({
    Uri: url ?? row.RemoteIP,
    IsAudit: !hit.refused,
    ResponseCategory: CUSTOM_NETWORK_CATEGORY,
    DisplayName: item.title,
    Protocol: hit.protocol,
    Met: hit.met.kind === 'name' ? 'DnsQuery' : 'Connection',
    ...indicatorFields(item),
  });
  return row;
}

/** What was done about a file that an indicator names, besides keeping it from starting. */
export function remediationRow({ item, path, evidence }: Remedied, timestamp: string): SensorRow {
  const [put] = listOf(evidence.moved);
  const killed = listOf(evidence.killed);
  const where = path ?? (typeof put?.path === 'string' ? put.path : '');
  const row: SensorRow = {
    Table: 'DeviceEvents',
    Timestamp: timestamp,
    ActionType: 'AntivirusDetection',
    FileName: basename(where),
    FolderPath: where,
  };
  if (typeof put?.sha256 === 'string') row.SHA256 = put.sha256;
  if (typeof put?.sha1 === 'string') row.SHA1 = put.sha1;
  if (typeof put?.size === 'number') row.FileSize = put.size;
  row.AdditionalFields = additionalFields({
    ThreatName: CUSTOM_FILE_THREAT,
    Action: put === undefined ? 'Stop' : 'Quarantine',
    WasExecutingWhileDetected: killed.length > 0,
    WasRemediated: true,
    ReportSource: 'Remediation',
    QuarantineId: put?.id,
    StoppedProcessIds: killed,
    ...indicatorFields(item),
  });
  return row;
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}
