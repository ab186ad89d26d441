/** Every way the log refuses, by name. */
import { basename } from 'node:path';
import type { Position } from './event-log.ts';

/** No room: try again later. */
export class LogFullError extends Error {
  override readonly name = 'LogFullError';
  /** `unread`: a reader lags by `retainBytes`. `disk`: the disk is full. `pending`: too much waits to be written. */
  readonly reason: 'unread' | 'disk' | 'pending';

  constructor(reason: LogFullError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export class InvalidRecordError extends Error {
  override readonly name = 'InvalidRecordError';
}

export class LogClosedError extends Error {
  override readonly name = 'LogClosedError';
  constructor() {
    super('the event log is closed');
  }
}

/** The disk failed under the log: what is on it is no longer known, so nothing more is acknowledged until the log is opened again. */
export class LogBrokenError extends Error {
  override readonly name = 'LogBrokenError';
}

export class LogLockedError extends Error {
  override readonly name = 'LogLockedError';
}

/** Something acknowledged can no longer be read. Nothing is skipped by itself; `repairEventLog` does so on order. */
export class CorruptLogError extends Error {
  override readonly name = 'CorruptLogError';
  readonly file: string;
  /** Byte in the file. */
  readonly offset: number;
  /** The record that should be there; null where the damage is to no record. */
  readonly position: Position | null;

  constructor(file: string, offset: number, position: Position | null, why: string) {
    const what = position === null ? '' : `, record ${position}`;
    super(`the event log is damaged at ${basename(file)}, byte ${offset}${what}: ${why}`);
    this.file = file;
    this.offset = offset;
    this.position = position;
  }
}
