/** Stored alerts and incidents as Graph shows them. Pure. */
import {
  type AlertClassification,
  type AlertDetermination,
  type AlertEvidence,
  type AlertSeverity,
  type AlertStatus,
  type GraphAlert,
  type GraphComment,
  type GraphIncident,
  graphAlertStatusOf,
  graphClassificationOf,
  graphDeterminationOf,
  graphIncidentStatusOf,
  graphSeverityOf,
  type Machine,
  nowIso7,
} from '@merlon/contract';
import type { CommentRow } from './database.ts';
import type { FullAlert } from './full-alert.ts';
import {
  incidentAddress,
  incidentName,
  incidentStatusOf,
  type Machines,
  redirectOf,
} from './incident-entity.ts';
import type { FullIncident } from './incident-store.ts';

/** Graph's word for what found it. */
const DETECTION_SOURCE_OF: Readonly<Record<string, string>> = {
  WindowsDefenderAtp: 'microsoftDefenderForEndpoint',
  CustomDetection: 'customDetection',
};

export function graphAlert(full: FullAlert, machines: Machines, origin: string): GraphAlert {
  const { alert, comments, evidence } = full;
  const device = machines.get(alert.machine_id);
  return {
    id: alert.id,
    providerAlertId: alert.id,
    incidentId: alert.incident,
    status: graphAlertStatusOf[alert.status as AlertStatus],
    severity: graphSeverityOf[alert.severity as AlertSeverity],
    classification: classificationOf(alert.classification),
    determination: determinationOf(alert.determination),
    serviceSource: 'microsoftDefenderForEndpoint',
    detectionSource: DETECTION_SOURCE_OF[alert.detection_source] ?? 'unknown',
    productName: 'Microsoft Defender for Endpoint',
    detectorId: alert.detector_id || null,
    tenantId: alert.tenant_id,
    title: alert.title,
    description: alert.description,
    recommendedActions: alert.recommended_action,
    category: alert.category,
    assignedTo: alert.assigned_to,
    alertWebUrl: `${origin}/alerts/${alert.id}`,
    incidentWebUrl: incidentAddress(origin, alert.incident),
    actorDisplayName: null,
    threatDisplayName: null,
    threatFamilyName: null,
    mitreTechniques: alert.techniques,
    createdDateTime: nowIso7(alert.created_at),
    lastUpdateDateTime: nowIso7(alert.updated_at),
    resolvedDateTime: alert.resolved_at && nowIso7(alert.resolved_at),
    firstActivityDateTime: nowIso7(alert.first_event_at),
    lastActivityDateTime: nowIso7(alert.last_event_at),
    systemTags: [],
    comments: comments.map(graphComment),
    evidence: [
      ...(device === undefined ? [] : [deviceEvidence(device, nowIso7(alert.created_at))]),
      ...evidence.map((entity) => graphEvidence(entity, alert.machine_id)),
    ],
  };
}

export function graphIncident(
  full: FullIncident,
  machines: Machines,
  context: { readonly origin: string; readonly tenantId: string; readonly withAlerts: boolean },
): GraphIncident {
  const { incident, summary, comments, alerts } = full;
  return {
    id: incident.id,
    tenantId: context.tenantId,
    status: graphIncidentStatusOf[incidentStatusOf(full)],
    incidentWebUrl: incidentAddress(context.origin, incident.id),
    redirectIncidentId: redirectOf(full)?.toString() ?? null,
    displayName: incidentName(full),
    createdDateTime: nowIso7(incident.created_at),
    lastUpdateDateTime: nowIso7(incident.updated_at),
    assignedTo: incident.assigned_to,
    classification: classificationOf(incident.classification),
    determination: determinationOf(incident.determination),
    severity: graphSeverityOf[(summary?.severity ?? 'UnSpecified') as AlertSeverity],
    customTags: [...incident.tags],
    systemTags: [],
    description: null,
    comments: comments.map(graphComment),
    ...(context.withAlerts
      ? { alerts: alerts.map((alert) => graphAlert(alert, machines, context.origin)) }
      : {}),
  };
}

export function graphComment(row: Pick<CommentRow, 'comment' | 'created_by' | 'created_at'>): GraphComment {
  return {
    '@odata.type': '#microsoft.graph.security.alertComment',
    comment: row.comment,
    createdByDisplayName: row.created_by,
    createdDateTime: nowIso7(row.created_at),
  };
}

function classificationOf(value: string | null): GraphAlert['classification'] {
  return value === null ? 'unknown' : graphClassificationOf[value as AlertClassification];
}

function determinationOf(value: string | null): GraphAlert['determination'] {
  return value === null ? 'unknown' : graphDeterminationOf[value as AlertDetermination];
}

type Evidence = Record<string, unknown>;

/** What every kind of evidence has. Nothing is known of a verdict or a remedy until someone decides one. */
function common(kind: string, created: string | null): Evidence {
  return {
    '@odata.type': `#microsoft.graph.security.${kind}`,
    createdDateTime: created,
    verdict: 'unknown',
    remediationStatus: 'none',
    remediationStatusDetails: null,
    roles: [],
    detailedRoles: [],
    tags: [],
  };
}

function deviceEvidence(machine: Machine, created: string): Evidence {
  const [hostName = '', ...domain] = (machine.computerDnsName ?? '').split('.');
  return {
    ...common('deviceEvidence', created),
    firstSeenDateTime: machine.firstSeen,
    mdeDeviceId: machine.id,
    azureAdDeviceId: machine.aadDeviceId,
    deviceDnsName: machine.computerDnsName,
    hostName,
    ntDomain: null,
    dnsDomain: domain.length === 0 ? null : domain.join('.'),
    osPlatform: machine.osPlatform,
    osBuild: machine.osBuild,
    version: machine.version,
    healthStatus: lowerFirst(machine.healthStatus),
    riskScore: lowerFirst(machine.riskScore ?? 'None'),
    rbacGroupId: machine.rbacGroupId,
    rbacGroupName: machine.rbacGroupName,
    onboardingStatus: lowerFirst(machine.onboardingStatus),
    defenderAvStatus: lowerFirst(machine.defenderAvStatus ?? 'Unknown'),
    lastIpAddress: machine.lastIpAddress,
    lastExternalIpAddress: machine.lastExternalIpAddress,
    ipInterfaces: (machine.ipAddresses ?? []).map(({ ipAddress }) => ipAddress),
    vmMetadata: machine.vmMetadata,
    loggedOnUsers: [],
  };
}

function lowerFirst(word: string): string {
  return word.charAt(0).toLowerCase() + word.slice(1);
}

function graphEvidence(e: AlertEvidence, deviceId: string): Evidence {
  const created = e.evidenceCreationTime;
  switch (e.entityType) {
    case 'Process':
      return {
        ...common('processEvidence', created),
        processId: e.processId,
        parentProcessId: e.parentProcessId,
        processCommandLine: e.processCommandLine,
        processCreationDateTime: e.processCreationTime,
        parentProcessCreationDateTime: e.parentProcessCreationTime,
        detectionStatus: e.detectionStatus === null ? 'detected' : lowerFirst(e.detectionStatus),
        mdeDeviceId: deviceId,
        imageFile: fileDetails(e),
        parentProcessImageFile:
          e.parentProcessFileName === null
            ? null
            : {
                ...NO_FILE,
                fileName: e.parentProcessFileName,
                filePath: e.parentProcessFilePath,
              },
        userAccount: userAccount(e),
      };
    case 'File':
      return {
        ...common('fileEvidence', created),
        detectionStatus: e.detectionStatus === null ? 'detected' : lowerFirst(e.detectionStatus),
        mdeDeviceId: deviceId,
        fileDetails: fileDetails(e),
      };
    case 'User':
      return { ...common('userEvidence', created), stream: null, userAccount: userAccount(e) };
    case 'Ip':
      return { ...common('ipEvidence', created), ipAddress: e.ipAddress, countryLetterCode: null };
    case 'Url':
      return { ...common('urlEvidence', created), url: e.url };
    case 'Registry':
      return {
        ...common('registryValueEvidence', created),
        mdeDeviceId: deviceId,
        registryKey: e.registryKey,
        registryHive: e.registryHive,
        registryValue: e.registryValue,
        registryValueName: e.registryValueName,
        registryValueType: e.registryValueType,
      };
  }
}

const NO_FILE = {
  sha1: null,
  sha256: null,
  fileName: null,
  filePath: null,
  fileSize: null,
  filePublisher: null,
  signer: null,
  issuer: null,
};

function fileDetails(e: AlertEvidence): Evidence {
  return { ...NO_FILE, sha1: e.sha1, sha256: e.sha256, fileName: e.fileName, filePath: e.filePath };
}

function userAccount(e: AlertEvidence): Evidence {
  return {
    accountName: e.accountName,
    domainName: e.domainName,
    userSid: e.userSid,
    azureAdUserId: e.aadUserId,
    userPrincipalName: e.userPrincipalName,
    displayName: null,
  };
}
