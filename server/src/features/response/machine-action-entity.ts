import {
  type MachineAction,
  type MachineActionScope,
  type MachineActionType,
  nowIso7,
} from '@merlon/contract';
import type { MachineActionRow } from './store.ts';

/** The stored action as the wire shows it. */
export function machineActionEntity(row: MachineActionRow): MachineAction {
  return {
    id: row.id,
    type: row.type as MachineActionType,
    title: null,
    scope: row.scope as MachineActionScope | null,
    requestor: row.requestor,
    requestorComment: row.requestor_comment,
    requestSource: row.request_source,
    externalId: null,
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
    commands: null,
    relatedFileInfo: null,
  };
}
