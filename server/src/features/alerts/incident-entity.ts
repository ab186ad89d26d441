/** The stored incident as `/api/incidents` shows it. Pure. */
import {
  type AlertClassification,
  type AlertDetermination,
  type AlertSeverity,
  type Incident,
  type IncidentAlert,
  type IncidentDevice,
  type IncidentStatus,
  type Machine,
  nowIso7,
} from '@merlon/contract';
import { alertEntity } from './alert-entity.ts';
import type { FullAlert } from './full-alert.ts';
import type { FullIncident } from './incident-store.ts';

/** Devices by id, those that the caller may see. */
export type Machines = ReadonlyMap<string, Machine>;

export function incidentEntity(full: FullIncident, machines: Machines, origin: string): Incident {
  const { incident, summary, comments, alerts } = full;
  const id = Number(incident.id);
  return {
    incidentId: id,
    incidentUri: incidentAddress(origin, incident.id),
    redirectIncidentId: redirectOf(full),
    incidentName: incidentName(full),
    createdTime: nowIso7(incident.created_at),
    lastUpdateTime: nowIso7(incident.updated_at),
    assignedTo: incident.assigned_to,
    classification: (incident.classification as AlertClassification | null) ?? 'Unknown',
    determination: (incident.determination as AlertDetermination | null) ?? 'NotAvailable',
    status: incidentStatusOf(full),
    severity: (summary?.severity ?? 'UnSpecified') as AlertSeverity,
    tags: [...incident.tags],
    comments: comments.map((row) => ({
      comment: row.comment,
      createdBy: row.created_by,
      createdTime: nowIso7(row.created_at),
    })),
    alerts: alerts.map((alert) => incidentAlert(alert, machines)),
  };
}

export function incidentAddress(origin: string, id: string): string {
  return `${origin}/incidents/${id}`;
}

export function redirectOf({ incident }: FullIncident): number | null {
  return incident.leads_to === incident.id ? null : Number(incident.leads_to);
}

export function incidentStatusOf({ incident, summary }: FullIncident): IncidentStatus {
  if (incident.leads_to !== incident.id) return 'Redirected';
  return summary?.resolved === true ? 'Resolved' : (incident.status as IncidentStatus);
}

/** The name a person gave it, or one from what its alerts say. */
export function incidentName({ incident, summary }: FullIncident): string {
  if (incident.name !== null) return incident.name;
  if (summary === null) return `Incident ${incident.id}`;
  if (summary.alerts === 1) return summary.firstTitle;
  const where = summary.devices === 1 ? 'on one endpoint' : `on ${summary.devices} endpoints`;
  const [first, second] = summary.categories;
  return second === undefined
    ? `${summary.firstTitle} ${where}`
    : `Multi-stage incident involving ${first} & ${second} ${where}`;
}

function incidentAlert(full: FullAlert, machines: Machines): IncidentAlert {
  const alert = alertEntity(full);
  const machine = machines.get(full.alert.machine_id);
  return {
    alertId: alert.id,
    providerAlertId: alert.id,
    incidentId: Number(full.alert.incident),
    serviceSource: 'MicrosoftDefenderForEndpoint',
    creationTime: nowIso7(full.alert.created_at),
    lastUpdatedTime: nowIso7(full.alert.updated_at),
    resolvedTime: alert.resolvedTime,
    firstActivity: nowIso7(full.alert.first_event_at),
    lastActivity: nowIso7(full.alert.last_event_at),
    title: alert.title,
    description: alert.description,
    category: alert.category,
    status: alert.status,
    severity: alert.severity,
    investigationId: alert.investigationId,
    investigationState: alert.investigationState,
    classification: alert.classification,
    determination: alert.determination,
    detectionSource: alert.detectionSource,
    detectorId: alert.detectorId,
    assignedTo: alert.assignedTo,
    actorName: null,
    threatFamilyName: alert.threatFamilyName,
    mitreTechniques: alert.mitreTechniques,
    linkReasons: [...new Set(full.alert.incident_links.map(({ reason }) => reason))],
    devices: machine === undefined ? [] : [incidentDevice(machine, alert.loggedOnUsers ?? [])],
    entities: alert.evidence,
  };
}

function incidentDevice(machine: Machine, loggedOnUsers: IncidentDevice['loggedOnUsers']): IncidentDevice {
  return {
    mdatpDeviceId: machine.id,
    aadDeviceId: machine.aadDeviceId,
    deviceDnsName: machine.computerDnsName,
    osPlatform: machine.osPlatform,
    version: machine.version,
    osProcessor: machine.osProcessor,
    osBuild: machine.osBuild,
    healthStatus: machine.healthStatus,
    riskScore: machine.riskScore,
    rbacGroupId: machine.rbacGroupId,
    rbacGroupName: machine.rbacGroupName,
    firstSeen: machine.firstSeen,
    tags: machine.machineTags,
    defenderAvStatus: machine.defenderAvStatus,
    onboardingStatus: machine.onboardingStatus,
    loggedOnUsers,
  };
}
