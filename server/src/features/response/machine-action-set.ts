/** What clients may ask of the machine actions set, and the SQL behind each name. */
import { machineActionStatuses, machineActionTypes } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { deviceIdColumn, guidColumn, type SqlColumns } from '../../odata/sql-filter.ts';

const field = { filterable: true, sortable: true, nullable: false } as const;
export const machineActionSet: ODataSet = {
  name: 'machineactions',
  fields: [
    { ...field, name: 'id', type: 'string' },
    { ...field, name: 'status', type: 'enum', enumValues: machineActionStatuses },
    { ...field, name: 'machineId', type: 'string' },
    { ...field, name: 'type', type: 'enum', enumValues: machineActionTypes },
    { ...field, name: 'requestor', type: 'string' },
    { ...field, name: 'creationDateTimeUtc', type: 'datetime' },
    { ...field, name: 'lastUpdateDateTimeUtc', type: 'datetime' },
  ],
  expandable: [],
  maxTop: 10_000,
  paging: {
    key: 'id',
    orderBy: [{ property: 'creationDateTimeUtc', direction: 'desc' }],
    changedAt: 'lastUpdateDateTimeUtc',
  },
};
export const machineActionColumns: SqlColumns = {
  id: guidColumn(sql`id`),
  status: sql`status`,
  machineId: deviceIdColumn(sql`machine_id`),
  type: sql`type`,
  requestor: sql`requestor`,
  creationDateTimeUtc: sql`created_at`,
  lastUpdateDateTimeUtc: sql`updated_at`,
};
