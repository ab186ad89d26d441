/** Console sessions and their log as the API shows them. */
import { nowIso7 } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import type { EntryRow, SessionRow } from './session-store.ts';

const Text = Type.Union([Type.String(), Type.Null()]);

export const LiveSession = Type.Object(
  {
    id: Type.String(),
    machineId: Type.String(),
    computerDnsName: Type.String(),
    /** AwaitingApproval, Connecting, Connected, Ended. */
    status: Type.String(),
    requestor: Type.String(),
    comment: Type.String(),
    creationDateTimeUtc: Type.String(),
    connectedDateTimeUtc: Text,
    lastActivityDateTimeUtc: Type.String(),
    endDateTimeUtc: Text,
    endReason: Text,
    approvalPolicy: Text,
    approvedBy: Text,
    approvalComment: Text,
    /** The last entry of its log. */
    lastPosition: Type.Integer(),
  },
  { additionalProperties: false },
);
export type LiveSession = Static<typeof LiveSession>;

export const LiveEntry = Type.Object(
  {
    position: Type.Integer(),
    time: Type.String(),
    /** input, output or event. */
    kind: Type.String(),
    /** Number of the command that it is or belongs to; 0 for none. */
    command: Type.Integer(),
    /** input: open, command, interrupt, close. output: out, err, or done with the outcome as text. */
    stream: Text,
    text: Type.String(),
    author: Text,
    /** Name of a file that was handed in, which `results` leads to. */
    result: Text,
  },
  { additionalProperties: false },
);
export type LiveEntry = Static<typeof LiveEntry>;

export function sessionEntity(row: SessionRow): LiveSession {
  return {
    id: row.id,
    machineId: row.machine_id,
    computerDnsName: row.computer_dns_name,
    status: row.state,
    requestor: row.requestor_kind === 'user' ? row.requestor_name : row.requestor_id,
    comment: row.comment,
    creationDateTimeUtc: nowIso7(row.created_at),
    connectedDateTimeUtc: row.connected_at && nowIso7(row.connected_at),
    lastActivityDateTimeUtc: nowIso7(row.active_at),
    endDateTimeUtc: row.ended_at && nowIso7(row.ended_at),
    endReason: row.end_reason,
    approvalPolicy: row.policy,
    approvedBy: row.approval_by,
    approvalComment: row.approval_comment,
    lastPosition: Number(row.next_position) - 1,
  };
}

export function entryEntity(row: EntryRow): LiveEntry {
  return {
    position: Number(row.position),
    time: nowIso7(row.at),
    kind: row.kind,
    command: row.command,
    stream: row.stream,
    text: row.text,
    author: row.author,
    result: row.result,
  };
}
