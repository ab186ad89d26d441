/** Investigations and what they found, as the wire shows them, and what clients may ask of the set. */
import {
  collectionAnswer,
  Investigation,
  type InvestigationState,
  investigationStates,
  nowIso7,
} from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { type Static, Type } from 'typebox';
import { deviceIdColumn, type SqlColumns } from '../../odata/sql-filter.ts';
import type { EntityRow, InvestigationRow } from './store.ts';
import { verdicts } from './verdict-rules.ts';

const field = { filterable: true, sortable: true } as const;

export const investigationSet: ODataSet = {
  name: 'investigations',
  fields: [
    { ...field, name: 'id', type: 'string', nullable: false },
    { ...field, name: 'startTime', type: 'datetime', nullable: false },
    { ...field, name: 'endTime', type: 'datetime' },
    { ...field, name: 'state', type: 'enum', enumValues: investigationStates, nullable: false },
    { ...field, name: 'cancelledBy', type: 'string' },
    { ...field, name: 'statusDetails', type: 'string' },
    { ...field, name: 'machineId', type: 'string', nullable: false },
    { ...field, name: 'computerDnsName', type: 'string' },
    { ...field, name: 'triggeringAlertId', type: 'string' },
  ],
  expandable: [],
  maxTop: 10_000,
  paging: { key: 'id', orderBy: [{ property: 'startTime', direction: 'desc' }] },
};

export const investigationColumns: SqlColumns = {
  id: { column: sql`id`, type: sql`bigint`, pattern: /^(?:0|[1-9]\d{0,14})$/ },
  startTime: sql`started_at`,
  endTime: sql`ended_at`,
  state: sql`state`,
  cancelledBy: sql`cancelled_by`,
  statusDetails: sql`status_details`,
  machineId: deviceIdColumn(sql`machine_id`),
  computerDnsName: sql`machine_name`,
  triggeringAlertId: sql`triggering_alert_id`,
};

export const investigationsAnswer = collectionAnswer(Investigation);

export function investigationEntity(row: InvestigationRow): {
  readonly id: string;
  readonly state: InvestigationState;
} & Static<typeof Investigation> {
  return {
    id: row.id,
    startTime: nowIso7(row.started_at),
    endTime: row.ended_at && nowIso7(row.ended_at),
    state: row.state,
    cancelledBy: row.cancelled_by,
    statusDetails: row.status_details,
    machineId: row.machine_id,
    computerDnsName: row.machine_name,
    triggeringAlertId: row.triggering_alert_id,
  };
}

const text = Type.Union([Type.String(), Type.Null()]);

export const InvestigatedEntity = Type.Object({
  entityType: Type.String({ description: 'File, Process, Ip, Url or User.' }),
  sha1: text,
  sha256: text,
  fileName: text,
  folders: Type.Array(Type.String()),
  processId: Type.Union([Type.Integer(), Type.Null()]),
  ipAddress: text,
  url: text,
  accountName: text,
  namedByAlert: Type.Boolean({ description: 'False: it is only related to what an alert names.' }),
  verdict: Type.Enum([...verdicts]),
  rule: Type.String({ description: 'The rule that decided.' }),
  reason: Type.String({ description: 'Why, in words.' }),
});

export function investigatedEntity({
  entity,
  verdict,
  rule,
  reason,
}: EntityRow): Static<typeof InvestigatedEntity> {
  const { kind: entityType, named: namedByAlert, folders, ...rest } = entity;
  return { entityType, ...rest, folders: [...folders], namedByAlert, verdict, rule, reason };
}
