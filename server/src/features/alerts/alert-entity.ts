import {
  type Alert,
  type AlertClassification,
  type AlertDetermination,
  type AlertSeverity,
  type AlertStatus,
  type InvestigationState,
  nowIso7,
} from '@merlon/contract';
import type { FullAlert } from './full-alert.ts';

/** The stored alert as the wire shows it. */
export function alertEntity({ alert, deviceGroup, comments, evidence }: FullAlert): Alert {
  return {
    id: alert.id,
    incidentId: Number(alert.incident),
    investigationId: alert.investigation === null ? null : Number(alert.investigation),
    assignedTo: alert.assigned_to,
    severity: alert.severity as AlertSeverity,
    status: alert.status as AlertStatus,
    classification: alert.classification as AlertClassification | null,
    determination: alert.determination as AlertDetermination | null,
    investigationState: alert.investigation_state as InvestigationState | null,
    detectionSource: alert.detection_source,
    detectorId: alert.detector_id || null,
    category: alert.category,
    threatFamilyName: null,
    threatName: null,
    title: alert.title,
    description: alert.description,
    recommendedAction: alert.recommended_action,
    alertCreationTime: nowIso7(alert.created_at),
    firstEventTime: nowIso7(alert.first_event_at),
    lastEventTime: nowIso7(alert.last_event_at),
    lastUpdateTime: nowIso7(alert.updated_at),
    resolvedTime: alert.resolved_at && nowIso7(alert.resolved_at),
    machineId: alert.machine_id,
    computerDnsName: alert.machine_name,
    rbacGroupName: deviceGroup,
    aadTenantId: alert.tenant_id,
    mitreTechniques: alert.techniques,
    relatedUser: alert.related_user,
    loggedOnUsers: [],
    comments: comments.map((row) => ({
      comment: row.comment,
      createdBy: row.created_by,
      createdTime: nowIso7(row.created_at),
    })),
    evidence: [...evidence],
  };
}
