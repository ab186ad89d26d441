/** Alerts as rows of the hunting tables AlertInfo and AlertEvidence. Pure. */
import type { AlertEvidence } from '@merlon/contract';
import type { AlertCandidate } from './alert-candidate.ts';

export interface HuntingRow {
  readonly table: 'AlertInfo' | 'AlertEvidence';
  readonly row: Readonly<Record<string, unknown>>;
}

const SERVICE_SOURCE = 'Microsoft Defender for Endpoint';

export function alertInfoRow(alertId: string, c: AlertCandidate, detectionSource: string): HuntingRow {
  return {
    table: 'AlertInfo',
    row: {
      Timestamp: c.firstEventTime,
      AlertId: alertId,
      Title: c.title,
      Category: c.category,
      Severity: c.severity,
      ServiceSource: SERVICE_SOURCE,
      DetectionSource: detectionSource,
      AttackTechniques: JSON.stringify(c.techniques),
    },
  };
}

export function alertEvidenceRow(
  alertId: string,
  c: AlertCandidate,
  e: AlertEvidence,
  detectionSource: string,
): HuntingRow {
  return {
    table: 'AlertEvidence',
    row: {
      Timestamp: c.firstEventTime,
      AlertId: alertId,
      Title: c.title,
      Categories: JSON.stringify([c.category]),
      AttackTechniques: JSON.stringify(c.techniques),
      ServiceSource: SERVICE_SOURCE,
      DetectionSource: detectionSource,
      Severity: c.severity,
      EntityType: e.entityType,
      EvidenceRole: 'Related',
      DeviceId: c.deviceId,
      DeviceName: c.deviceName,
      ...filled({
        SHA1: e.sha1,
        SHA256: e.sha256,
        FileName: e.fileName,
        FolderPath: e.filePath,
        ProcessCommandLine: e.processCommandLine,
        RemoteIP: e.ipAddress,
        RemoteUrl: e.url,
        AccountName: e.accountName,
        AccountDomain: e.domainName,
        AccountSid: e.userSid,
        AccountUpn: e.userPrincipalName,
        RegistryKey: e.registryKey,
        RegistryValueName: e.registryValueName,
        RegistryValueData: e.registryValue,
      }),
    },
  };
}

function filled(columns: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).filter(([, value]) => value !== null && value !== undefined),
  );
}
