import {
  type FileHash,
  type MachineAction,
  type MachineActionScope,
  type MachineActionType,
  nowIso7,
  type RelatedFileInfo,
} from '@merlon/contract';
import { contextOf } from '../../odata/page.ts';
import { actionKinds } from './action-kinds.ts';
import { liveResponseCommands } from './live-response-commands.ts';
import type { MachineActionRow } from './store.ts';

/** The stored action as the wire shows it. */
export function machineActionEntity(row: MachineActionRow): MachineAction {
  return {
    id: row.id,
    type: row.type as MachineActionType,
    title: actionKinds[row.type as MachineActionType].title,
    scope: row.scope as MachineActionScope | null,
    requestor: row.requestor,
    requestorComment: row.requestor_comment,
    requestSource: row.request_source,
    externalId: row.external_id,
    status: row.status,
    machineId: row.machine_id,
    computerDnsName: row.computer_dns_name,
    creationDateTimeUtc: nowIso7(row.created_at),
    lastUpdateDateTimeUtc: nowIso7(row.updated_at),
    cancellationRequestor: row.cancellation_requestor,
    cancellationComment: row.cancellation_comment,
    cancellationDateTimeUtc: row.cancelled_at && nowIso7(row.cancelled_at),
    errorHResult: 0,
    troubleshootInfo: row.troubleshoot_info,
    commands: row.type === 'LiveResponse' ? liveResponseCommands(row) : null,
    relatedFileInfo: relatedFile(row.params),
  };
}

/** The same as the whole body of an answer. */
export function machineActionBody(origin: string, row: MachineActionRow): object {
  return { '@odata.context': contextOf(origin, 'MachineActions/$entity'), ...machineActionEntity(row) };
}

function relatedFile({ file }: MachineActionRow['params']): RelatedFileInfo | null {
  if (file === undefined) return null;
  const { algorithm, value } = file as FileHash;
  return { fileIdentifier: value, fileIdentifierType: algorithm };
}
