/** What clients may ask of the incidents set, and the SQL behind each name. */
import { alertSeverities, Incident, incidentStatuses } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { withEveryProperty } from '../../odata/schema-fields.ts';
import type { SqlColumns } from '../../odata/sql-filter.ts';

const field = { filterable: true, sortable: true } as const;
const given = { ...field, nullable: false } as const;

const asked: ODataSet = {
  name: 'incidents',
  fields: [
    { ...given, name: 'incidentId', type: 'int' },
    { ...given, name: 'createdTime', type: 'datetime' },
    { ...given, name: 'lastUpdateTime', type: 'datetime' },
    { ...field, name: 'assignedTo', type: 'string' },
    { ...given, name: 'status', type: 'enum', enumValues: incidentStatuses },
    { ...given, name: 'severity', type: 'enum', enumValues: alertSeverities },
  ],
  expandable: [],
  maxTop: 100,
  paging: {
    key: 'incidentId',
    orderBy: [{ property: 'incidentId', direction: 'desc' }],
    changedAt: 'lastUpdateTime',
  },
};

export const incidentSet = withEveryProperty(asked, Incident);

/** Redirected, resolved with all its alerts, or what it was said to be; from the alerts that the caller may see. */
export const incidentStatusSql = sql`case when leads_to <> id then 'Redirected'
  when not exists (select 1 from alerts where alerts.tenant_id = incidents.tenant_id and alerts.incident = incidents.id
    and alerts.status <> 'Resolved') then 'Resolved' else status end`;

export const incidentSeveritySql = sql`coalesce((select (${[...alertSeverities]}::text[])[max(array_position(${[...alertSeverities]}::text[], severity))]
  from alerts where alerts.tenant_id = incidents.tenant_id and alerts.incident = incidents.id), 'UnSpecified')`;

export const incidentColumns: SqlColumns = {
  incidentId: sql`id`,
  createdTime: sql`created_at`,
  lastUpdateTime: sql`updated_at`,
  assignedTo: sql`assigned_to`,
  status: incidentStatusSql,
  severity: incidentSeveritySql,
};
