/** What clients may ask of Graph's alerts and incidents, and the SQL behind each name. */
import {
  GraphAlert,
  GraphIncident,
  graphAlertStatuses,
  graphAlertStatusOf,
  graphClassificationOf,
  graphClassifications,
  graphDeterminationOf,
  graphDeterminations,
  graphIncidentStatuses,
  graphIncidentStatusOf,
  graphSeverities,
  graphSeverityOf,
} from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { type RawBuilder, sql } from 'kysely';
import { withEveryProperty } from '../../odata/schema-fields.ts';
import type { SqlColumns } from '../../odata/sql-filter.ts';
import { incidentSeveritySql, incidentStatusSql } from './incident-set.ts';

const field = { filterable: true, sortable: true } as const;
const given = { ...field, nullable: false } as const;
const verdictFields = [
  { ...field, name: 'assignedTo', type: 'string' },
  { ...field, name: 'classification', type: 'enum', enumValues: graphClassifications },
  { ...field, name: 'determination', type: 'enum', enumValues: graphDeterminations },
  { ...field, name: 'severity', type: 'enum', enumValues: graphSeverities },
  { ...given, name: 'createdDateTime', type: 'datetime' },
  { ...given, name: 'lastUpdateDateTime', type: 'datetime' },
] as const;

const alertsAsked: ODataSet = {
  name: 'alerts_v2',
  fields: [
    ...verdictFields,
    { ...given, name: 'id', type: 'string' },
    { ...given, name: 'incidentId', type: 'string' },
    { ...field, name: 'category', type: 'string' },
    { ...field, name: 'title', type: 'string' },
    { ...field, name: 'serviceSource', type: 'string' },
    { ...given, name: 'firstActivityDateTime', type: 'datetime' },
    { ...given, name: 'lastActivityDateTime', type: 'datetime' },
    { ...field, name: 'status', type: 'enum', enumValues: graphAlertStatuses },
  ],
  expandable: [],
  maxTop: 2_000,
};

const alertItems = withEveryProperty(alertsAsked, GraphAlert);
export const graphAlertSet: ODataSet = {
  ...alertItems,
  paging: {
    key: 'id',
    orderBy: [{ property: 'createdDateTime', direction: 'desc' }],
    changedAt: 'lastUpdateDateTime',
  },
};

const incidentsAsked: ODataSet = {
  name: 'incidents',
  fields: [
    ...verdictFields,
    { ...given, name: 'id', type: 'string' },
    { ...field, name: 'status', type: 'enum', enumValues: graphIncidentStatuses },
  ],
  expandable: [{ name: 'alerts', items: alertItems }],
  maxTop: 50,
  paging: {
    key: 'id',
    orderBy: [{ property: 'createdDateTime', direction: 'desc' }],
    changedAt: 'lastUpdateDateTime',
  },
};

export const graphIncidentSet = withEveryProperty(incidentsAsked, GraphIncident);

/** Our word as Graph's; nothing said is `unknown`. */
function graphWord(
  column: RawBuilder<unknown>,
  words: Readonly<Record<string, string>>,
): RawBuilder<unknown> {
  const cases = Object.entries(words).map(([ours, theirs]) => sql`when ${ours} then ${theirs}`);
  return sql`case (${column}) ${sql.join(cases, sql` `)} else 'unknown' end`;
}

const verdictColumns = {
  assignedTo: sql`assigned_to`,
  classification: graphWord(sql`classification`, graphClassificationOf),
  determination: graphWord(sql`determination`, graphDeterminationOf),
  createdDateTime: sql`created_at`,
  lastUpdateDateTime: sql`updated_at`,
};

export const graphAlertColumns: SqlColumns = {
  ...verdictColumns,
  id: sql`id`,
  incidentId: sql`incident::text`,
  category: sql`category`,
  title: sql`title`,
  serviceSource: sql`'microsoftDefenderForEndpoint'::text`,
  firstActivityDateTime: sql`first_event_at`,
  lastActivityDateTime: sql`last_event_at`,
  status: graphWord(sql`status`, graphAlertStatusOf),
  severity: graphWord(sql`severity`, graphSeverityOf),
};

export const graphIncidentColumns: SqlColumns = {
  ...verdictColumns,
  id: sql`id::text`,
  status: graphWord(incidentStatusSql, graphIncidentStatusOf),
  severity: graphWord(incidentSeveritySql, graphSeverityOf),
};
