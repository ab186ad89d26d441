import type { AlertEvidence, AlertRelatedUser, AlertSeverity } from '@merlon/contract';
import type { DetectionFacts } from './detection-facts.ts';

/** What a detector found. It becomes an alert of its own, or part of one that is open already. */
export interface AlertCandidate {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  /** Same key, same device, close in time: the same alert. */
  readonly dedupKey: string;
  /** Empty: no rule found it. */
  readonly ruleId: string;
  /** As the service calls it; default: what finds by the device's events. */
  readonly detectionSource?: string;
  readonly title: string;
  readonly description: string;
  readonly severity: AlertSeverity;
  readonly category: string;
  readonly techniques: readonly string[];
  readonly recommendedAction: string | null;
  /** ISO times of the events. */
  readonly firstEventTime: string;
  readonly lastEventTime: string;
  /** The events that gave it away. An event counts once for a key, however often it is reported. Empty: no event did, as with what a device's words gave away. */
  readonly events: readonly {
    readonly table: string;
    readonly reportId: number;
    readonly timestamp: string;
    /** What it says by itself. Absent: what the evidence of them all says. */
    readonly facts?: DetectionFacts;
  }[];
  readonly evidence: readonly AlertEvidence[];
  readonly relatedUser: AlertRelatedUser | null;
}

/** What makes two pieces of evidence the same entity. */
export function evidenceIdentity(e: AlertEvidence): string {
  switch (e.entityType) {
    case 'Process':
      return `process ${e.processId} ${e.processCreationTime} ${e.sha1 ?? e.fileName}`;
    case 'File':
      return `file ${e.sha1 ?? e.sha256 ?? ''} ${e.filePath}/${e.fileName}`;
    case 'User':
      return `user ${e.domainName}\\${e.accountName}`;
    case 'Ip':
      return `ip ${e.ipAddress}`;
    case 'Url':
      return `url ${e.url}`;
    case 'Registry':
      return `registry ${e.registryHive}\\${e.registryKey}\\${e.registryValueName}`;
  }
}
