/** What an incident is about: its devices, users and evidence, each once. Pure. */
import type { AlertEvidence, Incident } from '@merlon/contract';

export interface IncidentDeviceRow {
  readonly id: string;
  readonly name: string;
  readonly osPlatform: string | null;
  readonly riskScore: Incident['alerts'][number]['devices'][number]['riskScore'];
  readonly alerts: number;
}

export function devicesOf({ alerts }: Incident): readonly IncidentDeviceRow[] {
  const found = new Map<string, IncidentDeviceRow>();
  for (const { devices } of alerts) {
    for (const { mdatpDeviceId: id, deviceDnsName, osPlatform, riskScore } of devices) {
      const before = found.get(id);
      found.set(id, {
        id,
        name: deviceDnsName ?? id,
        osPlatform,
        riskScore,
        alerts: (before?.alerts ?? 0) + 1,
      });
    }
  }
  return [...found.values()].sort((a, b) => b.alerts - a.alerts || a.name.localeCompare(b.name));
}

export function usersOf({ alerts }: Incident): readonly string[] {
  const users = alerts.flatMap(({ entities }) =>
    entities
      .filter(({ accountName }) => accountName !== null && accountName !== '')
      .map(({ domainName, accountName }) => [domainName, accountName].filter(Boolean).join('\\')),
  );
  return [...new Set(users)].sort();
}

export interface EvidenceRow {
  readonly key: string;
  readonly evidence: AlertEvidence;
  /** Titles of the alerts that name it. */
  readonly alerts: readonly string[];
}

/** Entities but for users, which have a list of their own; the same one of several alerts once. */
export function evidenceOf({ alerts }: Incident): readonly EvidenceRow[] {
  const found = new Map<string, EvidenceRow>();
  for (const { title, entities } of alerts) {
    for (const evidence of entities) {
      if (evidence.entityType === 'User') continue;
      const key = [
        evidence.entityType,
        evidence.sha1 ?? evidence.sha256 ?? evidence.fileName,
        evidence.processId,
        evidence.processCommandLine,
        evidence.ipAddress,
        evidence.url,
        evidence.registryKey,
        evidence.registryValueName,
      ].join(' ');
      const before = found.get(key);
      found.set(key, { key, evidence, alerts: [...new Set([...(before?.alerts ?? []), title])] });
    }
  }
  return [...found.values()];
}
