/** What clients may ask of the alerts set, and the SQL behind each name. */
import { alertSeverities, alertStatuses } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import type { SqlColumns } from '../../odata/sql-filter.ts';

const field = { filterable: true, sortable: true } as const;

export const alertSet: ODataSet = {
  name: 'alerts',
  fields: [
    { ...field, name: 'id', type: 'string' },
    { ...field, name: 'alertCreationTime', type: 'datetime' },
    { ...field, name: 'firstEventTime', type: 'datetime' },
    { ...field, name: 'lastEventTime', type: 'datetime' },
    { ...field, name: 'lastUpdateTime', type: 'datetime' },
    { ...field, name: 'incidentId', type: 'int' },
    { ...field, name: 'investigationId', type: 'int' },
    { ...field, name: 'assignedTo', type: 'string' },
    { ...field, name: 'detectionSource', type: 'string' },
    { ...field, name: 'status', type: 'enum', enumValues: alertStatuses },
    { ...field, name: 'severity', type: 'enum', enumValues: alertSeverities },
    { ...field, name: 'category', type: 'string' },
    { ...field, name: 'title', type: 'string' },
    { ...field, name: 'machineId', type: 'string' },
    { ...field, name: 'computerDnsName', type: 'string' },
  ],
  expandable: ['evidence'],
  maxTop: 10_000,
  paging: { key: 'id', orderBy: [{ property: 'alertCreationTime', direction: 'desc' }] },
};

export const alertColumns: SqlColumns = {
  id: sql`id`,
  alertCreationTime: sql`created_at`,
  firstEventTime: sql`first_event_at`,
  lastEventTime: sql`last_event_at`,
  lastUpdateTime: sql`updated_at`,
  incidentId: sql`incident`,
  investigationId: sql`null::bigint`,
  assignedTo: sql`assigned_to`,
  detectionSource: sql`detection_source`,
  status: sql`status`,
  severity: sql`severity`,
  category: sql`category`,
  title: sql`title`,
  machineId: sql`machine_id::text`,
  computerDnsName: sql`machine_name`,
};
