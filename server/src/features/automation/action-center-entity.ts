/** What the action center shows: remediations that wait for a decision, and all that was done. */
import { machineActionStatuses, machineActionTypes, nowIso7 } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { type Static, Type } from 'typebox';
import { schemaFields } from '../../odata/schema-fields.ts';
import { deviceIdColumn, guidColumn, type SqlColumns } from '../../odata/sql-filter.ts';
import { remediationStates } from './remediation-state.ts';
import type { HistoryRow, RemediationRow } from './store.ts';

const text = Type.Union([Type.String(), Type.Null()]);
const time = Type.String({ format: 'date-time' });

export const PendingAction = Type.Object({
  id: Type.String({ format: 'uuid' }),
  type: Type.Enum(['StopAndQuarantineFile']),
  state: Type.Enum([...remediationStates]),
  investigationId: Type.String(),
  machineId: Type.String(),
  computerDnsName: Type.String(),
  fileName: text,
  fileHash: Type.String(),
  folders: Type.Array(Type.String()),
  verdict: Type.String(),
  reason: Type.String({ description: 'Why it is proposed.' }),
  creationDateTimeUtc: time,
  lastUpdateDateTimeUtc: time,
  expirationDateTimeUtc: Type.String({
    format: 'date-time',
    description: 'From then on it counts as rejected.',
  }),
  decidedBy: text,
  decisionComment: text,
});

export const origins = ['Automatic', 'Approved', 'Undo', 'LiveResponse', 'Manual'] as const;

export const HistoricalAction = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'Of the machine action, or of a remediation that became none.',
  }),
  type: Type.Enum([...machineActionTypes]),
  status: Type.Enum([...machineActionStatuses, 'Rejected', 'Expired']),
  origin: Type.Enum([...origins], { description: 'What had it done.' }),
  machineId: Type.String(),
  computerDnsName: Type.String(),
  requestor: Type.String(),
  comment: text,
  decidedBy: text,
  investigationId: text,
  remediationId: Type.Union([Type.String({ format: 'uuid' }), Type.Null()], {
    description: 'What undo takes.',
  }),
  canUndo: Type.Boolean(),
  fileName: text,
  fileHash: text,
  details: text,
  creationDateTimeUtc: time,
  lastUpdateDateTimeUtc: time,
});

const newest = (property: string) => [{ property, direction: 'desc' }] as const;
/** Never null, which spares an index the question. */
const given = (schema: Parameters<typeof schemaFields>[0]) =>
  schemaFields(schema).map((field) => ({ ...field, nullable: field.nullable ?? false }));

export const pendingSet: ODataSet = {
  name: 'pending actions',
  fields: given(PendingAction),
  expandable: [],
  maxTop: 10_000,
  paging: { key: 'id', orderBy: newest('creationDateTimeUtc') },
};
export const pendingColumns: SqlColumns = {
  id: guidColumn(sql`id`),
  type: sql`'StopAndQuarantineFile'::text`,
  state: sql`state`,
  investigationId: sql`investigation::text`,
  machineId: deviceIdColumn(sql`machine_id`),
  computerDnsName: sql`machine_name`,
  fileName: sql`file_name`,
  fileHash: sql`file_hash`,
  verdict: sql`verdict`,
  reason: sql`reason`,
  creationDateTimeUtc: sql`created_at`,
  lastUpdateDateTimeUtc: sql`updated_at`,
  expirationDateTimeUtc: sql`expires_at`,
  decidedBy: sql`decided_by`,
  decisionComment: sql`comment`,
};

export const historySet: ODataSet = {
  name: 'action history',
  fields: given(HistoricalAction),
  expandable: [],
  maxTop: 10_000,
  paging: { key: 'id', orderBy: newest('lastUpdateDateTimeUtc'), changedAt: 'lastUpdateDateTimeUtc' },
};
export const historyColumns: SqlColumns = {
  id: guidColumn(sql`id`),
  type: sql`type`,
  status: sql`status`,
  origin: sql`origin`,
  machineId: deviceIdColumn(sql`machine_id`),
  computerDnsName: sql`machine_name`,
  requestor: sql`requestor`,
  comment: sql`comment`,
  decidedBy: sql`decided_by`,
  investigationId: sql`investigation::text`,
  remediationId: guidColumn(sql`remediation`),
  canUndo: sql`undoable`,
  fileName: sql`file_name`,
  fileHash: sql`file_hash`,
  details: sql`details`,
  creationDateTimeUtc: sql`created_at`,
  lastUpdateDateTimeUtc: sql`updated_at`,
};

export function pendingAction(row: RemediationRow): Static<typeof PendingAction> {
  return {
    id: row.id,
    type: 'StopAndQuarantineFile',
    state: row.state,
    investigationId: row.investigation,
    machineId: row.machine_id,
    computerDnsName: row.machine_name,
    fileName: row.file_name,
    fileHash: row.file_hash,
    folders: row.folders,
    verdict: row.verdict,
    reason: row.reason,
    creationDateTimeUtc: nowIso7(row.created_at),
    lastUpdateDateTimeUtc: nowIso7(row.updated_at),
    expirationDateTimeUtc: nowIso7(row.expires_at),
    decidedBy: row.decided_by,
    decisionComment: row.comment,
  };
}

export function historicalAction(row: HistoryRow): object {
  return {
    id: row.id,
    type: row.type,
    status: row.status,
    origin: row.origin,
    machineId: row.machine_id,
    computerDnsName: row.machine_name,
    requestor: row.requestor,
    comment: row.comment,
    decidedBy: row.decided_by,
    investigationId: row.investigation,
    remediationId: row.remediation,
    canUndo: row.undoable,
    fileName: row.file_name,
    fileHash: row.file_hash,
    details: row.details,
    creationDateTimeUtc: nowIso7(row.created_at),
    lastUpdateDateTimeUtc: nowIso7(row.updated_at),
  };
}
