/** What clients may ask of the indicators set, and the SQL behind each name. */
import { Indicator, indicatorActions, indicatorSeverities, indicatorTypes } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { withEveryProperty } from '../../odata/schema-fields.ts';
import type { SqlColumns } from '../../odata/sql-filter.ts';
import { groupNames } from './store.ts';

const field = { filterable: true, sortable: true } as const;
const given = { ...field, nullable: false } as const;
const listed = { type: 'collection', filterable: true, sortable: false } as const;

const asked: ODataSet = {
  name: 'indicators',
  fields: [
    { ...given, name: 'id', type: 'string' },
    { ...field, name: 'application', type: 'string' },
    { ...field, name: 'createdByDisplayName', type: 'string' },
    { ...field, name: 'expirationTime', type: 'datetime' },
    { ...given, name: 'generateAlert', type: 'bool' },
    { ...given, name: 'title', type: 'string' },
    { ...listed, name: 'rbacGroupNames' },
    { ...listed, name: 'rbacGroupIds' },
    { ...given, name: 'indicatorValue', type: 'string' },
    { ...given, name: 'indicatorType', type: 'enum', enumValues: indicatorTypes },
    { ...given, name: 'creationTimeDateTimeUtc', type: 'datetime' },
    { ...given, name: 'lastUpdateTime', type: 'datetime' },
    { ...given, name: 'createdBy', type: 'string' },
    { ...given, name: 'action', type: 'enum', enumValues: indicatorActions },
    { ...given, name: 'severity', type: 'enum', enumValues: indicatorSeverities },
    { ...field, name: 'externalId', type: 'string' },
  ],
  expandable: [],
  maxTop: 10_000,
  paging: { key: 'id', orderBy: [{ property: 'creationTimeDateTimeUtc', direction: 'desc' }] },
};

export const indicatorSet = withEveryProperty(asked, Indicator);

export const indicatorColumns: SqlColumns = {
  id: { column: sql`id`, type: sql`bigint`, pattern: /^[1-9]\d{0,17}$/ },
  application: sql`application`,
  createdByDisplayName: sql`created_by_name`,
  expirationTime: sql`expires_at`,
  generateAlert: sql`generate_alert`,
  title: sql`title`,
  rbacGroupNames: groupNames,
  rbacGroupIds: sql`group_ids::text[]`,
  indicatorValue: sql`value`,
  indicatorType: sql`type`,
  creationTimeDateTimeUtc: sql`created_at`,
  lastUpdateTime: sql`updated_at`,
  createdBy: sql`created_by`,
  action: sql`action`,
  severity: sql`severity`,
  externalId: sql`external_id`,
};
