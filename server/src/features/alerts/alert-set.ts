/** What clients may ask of the alerts set, and the SQL behind each name. */
import { Alert, AlertEvidence, alertSeverities, alertStatuses } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { schemaFields, withEveryProperty } from '../../odata/schema-fields.ts';
import { deviceIdColumn, type SqlColumns } from '../../odata/sql-filter.ts';

const field = { filterable: true, sortable: true } as const;
const given = { ...field, nullable: false } as const;

const evidenceSet: ODataSet = {
  name: 'evidence',
  fields: schemaFields(AlertEvidence),
  expandable: [],
  maxTop: 1_000,
};

const asked: ODataSet = {
  name: 'alerts',
  fields: [
    { ...given, name: 'id', type: 'string' },
    { ...given, name: 'alertCreationTime', type: 'datetime' },
    { ...given, name: 'firstEventTime', type: 'datetime' },
    { ...given, name: 'lastEventTime', type: 'datetime' },
    { ...given, name: 'lastUpdateTime', type: 'datetime' },
    { ...given, name: 'incidentId', type: 'int' },
    { ...field, name: 'investigationId', type: 'int' },
    { ...field, name: 'assignedTo', type: 'string' },
    { ...field, name: 'detectionSource', type: 'string' },
    { ...given, name: 'status', type: 'enum', enumValues: alertStatuses },
    { ...given, name: 'severity', type: 'enum', enumValues: alertSeverities },
    { ...given, name: 'category', type: 'string' },
    { ...given, name: 'title', type: 'string' },
    { ...given, name: 'machineId', type: 'string' },
    { ...field, name: 'computerDnsName', type: 'string' },
  ],
  expandable: [{ name: 'evidence', items: evidenceSet }],
  maxTop: 10_000,
  paging: {
    key: 'id',
    orderBy: [{ property: 'alertCreationTime', direction: 'desc' }],
    changedAt: 'lastUpdateTime',
  },
};

export const alertSet = withEveryProperty(asked, Alert);

export const alertColumns: SqlColumns = {
  id: sql`id`,
  alertCreationTime: sql`created_at`,
  firstEventTime: sql`first_event_at`,
  lastEventTime: sql`last_event_at`,
  lastUpdateTime: sql`updated_at`,
  incidentId: sql`incident`,
  investigationId: sql`investigation`,
  assignedTo: sql`assigned_to`,
  detectionSource: sql`detection_source`,
  status: sql`status`,
  severity: sql`severity`,
  category: sql`category`,
  title: sql`title`,
  machineId: deviceIdColumn(sql`machine_id`),
  computerDnsName: sql`machine_name`,
};

export const alertCollection = { name: 'Alerts', entity: 'Alert', key: 'id', set: alertSet } as const;
