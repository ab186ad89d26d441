/** From what the driver throws, or the server writes into a result under way, to our own errors. */
import { ClickHouseError } from '@clickhouse/client';
import {
  type EventStoreError,
  EventStoreUnavailable,
  InsertFailed,
  QueryCancelled,
  QueryFailed,
  QueryMemory,
  QueryTimeout,
} from './errors.ts';

/** Numbers of ClickHouse's ErrorCodes.cpp. */
const CODE = {
  TIMEOUT_EXCEEDED: 159,
  TOO_SLOW: 160,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  SOCKET_TIMEOUT: 209,
  NETWORK_ERROR: 210,
  MEMORY_LIMIT_EXCEEDED: 241,
  TABLE_IS_READ_ONLY: 242,
  TOO_MANY_PARTS: 252,
  ALL_CONNECTION_TRIES_FAILED: 279,
  QUERY_WAS_CANCELLED: 394,
  QUERY_WAS_CANCELLED_BY_CLIENT: 735,
} as const;

export interface ServerComplaint {
  readonly code: number;
  readonly message: string;
}

/** Null: not a word of the server but a failure to reach it. */
export function complaintOf(error: unknown): ServerComplaint | null {
  return error instanceof ClickHouseError ? { code: Number(error.code), message: error.message } : null;
}

/** Reads `Code: 241. DB::Exception: … (MEMORY_LIMIT_EXCEEDED) (version …)`. */
export function parseComplaint(text: string): ServerComplaint {
  const code = /Code: (\d+)\./.exec(text);
  return {
    code: code ? Number(code[1]) : 0,
    message: text.replace(/^.*?DB::Exception: /s, '').replace(/\s*\(version [^)]*\)\s*$/s, ''),
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Node's own errors of sockets have codes that begin with E; those that Node and the driver raise for a connection that broke have only words. */
function isUnreachable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (
    (typeof code === 'string' && /^E[A-Z]/.test(code)) ||
    /timeout error|socket hang up|aborted|terminated|premature close/i.test(wordsOf(error))
  );
}

function unreachable(error: unknown): EventStoreUnavailable {
  return new EventStoreUnavailable(`the event store does not answer: ${wordsOf(error)}`, { cause: error });
}

function isBusy(code: number): boolean {
  return (
    code === CODE.TOO_MANY_SIMULTANEOUS_QUERIES ||
    code === CODE.SOCKET_TIMEOUT ||
    code === CODE.NETWORK_ERROR ||
    code === CODE.TABLE_IS_READ_ONLY ||
    code === CODE.ALL_CONNECTION_TRIES_FAILED
  );
}

export function queryError(complaint: ServerComplaint): EventStoreError {
  const { code, message } = complaint;
  switch (code) {
    case CODE.TIMEOUT_EXCEEDED:
    case CODE.TOO_SLOW:
      return new QueryTimeout(message);
    case CODE.MEMORY_LIMIT_EXCEEDED:
      return new QueryMemory(message);
    case CODE.QUERY_WAS_CANCELLED:
    case CODE.QUERY_WAS_CANCELLED_BY_CLIENT:
      return new QueryCancelled(message);
    default:
      return isBusy(code) ? new EventStoreUnavailable(message) : new QueryFailed(code, message);
  }
}

export function queryErrorOf(error: unknown): EventStoreError {
  const complaint = complaintOf(error);
  if (complaint) return queryError(complaint);
  return isUnreachable(error) ? unreachable(error) : new QueryFailed(0, wordsOf(error), { cause: error });
}

export function insertErrorOf(error: unknown): EventStoreError {
  const complaint = complaintOf(error);
  if (!complaint) return unreachable(error);
  return isBusy(complaint.code)
    ? new EventStoreUnavailable(complaint.message)
    : new InsertFailed(complaint.code, complaint.message);
}

/** The parser names the row it stumbled over, whatever the error's number. */
export function isRowFault({ message }: ServerComplaint): boolean {
  return /\(at row \d+\)/.test(message);
}

/** A block could not be read as what it says it is, whatever the error's number; want of memory is no such fault. */
export function isBlockFault({ code, message }: ServerComplaint): boolean {
  return code !== CODE.MEMORY_LIMIT_EXCEEDED && message.includes('While executing Native');
}

export function isTooManyPartitions({ code, message }: ServerComplaint): boolean {
  return code === CODE.TOO_MANY_PARTS && message.includes('Too many partitions');
}
