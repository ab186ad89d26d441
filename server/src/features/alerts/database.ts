/** The tables of alerts and incidents, as Kysely sees them. */
import type { AlertEvidence, AlertRelatedUser } from '@merlon/contract';
import type { ColumnType, Generated, Selectable, Transaction } from 'kysely';
import type { LinkReason } from './incident-link.ts';

type TenantId = ColumnType<string, string | undefined, never>;

interface AlertsTable {
  tenant_id: TenantId;
  id: string;
  dedup_key: string;
  detector_id: string;
  detection_source: string;
  title: string;
  description: string;
  recommended_action: string | null;
  category: string;
  severity: string;
  techniques: string[];
  status: string;
  classification: string | null;
  determination: string | null;
  assigned_to: string | null;
  machine_id: string;
  machine_name: string;
  related_user: ColumnType<AlertRelatedUser | null, string | null, string | null>;
  /** Its name in lower case: what alerts are asked for by. */
  related_account: ColumnType<string | null, never, never>;
  first_event_at: ColumnType<Date, Date | string, Date | string>;
  last_event_at: ColumnType<Date, Date | string, Date | string>;
  created_at: Date;
  updated_at: Date;
  resolved_at: Date | null;
  /** bigint arrives as text. */
  incident: string;
  /** Why it is in its incident: the links it had when it came there. */
  incident_links: ColumnType<IncidentLink[], string, string>;
  /** Nothing has decided yet whether to investigate it. */
  untriaged: Generated<boolean>;
  /** bigint arrives as text. */
  investigation: ColumnType<string | null, number | undefined, number | null>;
  investigation_state: ColumnType<string | null, string | undefined, string>;
}

/** What tied an alert to another. */
export interface IncidentLink {
  readonly reason: LinkReason;
  readonly alertId: string;
}

export interface IncidentsTable {
  tenant_id: TenantId;
  id: string;
  leads_to: string;
  name: string | null;
  /** How far the work is while an alert is open: Active or InProgress. */
  status: string;
  classification: string | null;
  determination: string | null;
  assigned_to: string | null;
  tags: string[];
  created_at: Date;
  updated_at: Date;
}

export interface AlertsDb {
  alerts: AlertsTable;
  alert_events: {
    tenant_id: TenantId;
    alert_id: string;
    dedup_key: string;
    table_name: string;
    report_id: ColumnType<number | string, number, never>;
    at: ColumnType<Date, Date, never>;
  };
  alert_evidence: {
    tenant_id: TenantId;
    alert_id: string;
    ordinal: number;
    identity: string;
    entity: ColumnType<AlertEvidence, string, string>;
  };
  alert_comments: {
    tenant_id: TenantId;
    alert_id: string;
    ordinal: Generated<string>;
    comment: string;
    created_by: string;
    created_at: Date;
  };
  incidents: IncidentsTable;
  incident_counters: { tenant_id: TenantId; last: string };
  /** The time of the last change, a row a tenant. */
  alert_change_times: { tenant_id: TenantId; last: Date };
  incident_comments: {
    tenant_id: TenantId;
    incident: string;
    ordinal: Generated<string>;
    comment: string;
    created_by: string;
    created_at: Date;
  };
  devices: { tenant_id: TenantId; id: string; rbac_group_id: number };
  device_groups: { tenant_id: TenantId; id: number; name: string };
  alert_hunting_outbox: {
    tenant_id: TenantId;
    ordinal: Generated<string>;
    table_name: string;
    row: ColumnType<Record<string, unknown>, string, string>;
    /** The rows that go into the hunting tables together; null: not decided. */
    parcel: string | null;
  };
}

export type AlertRow = Selectable<AlertsTable>;
export type CommentRow = Pick<
  Selectable<AlertsDb['alert_comments']>,
  'alert_id' | 'comment' | 'created_by' | 'created_at'
>;
export type AlertTransaction = Transaction<AlertsDb>;

/** From least to most. */
export const SEVERITY_ORDER = ['UnSpecified', 'Informational', 'Low', 'Medium', 'High'];
