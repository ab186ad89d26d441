export { CorruptLogError, LogFailedError, LogFullError, LogLockedError } from './errors.ts';
export {
  type EventLog,
  type EventLogOptions,
  openEventLog,
  type ReaderStats,
  repairEventLog,
} from './event-log.ts';
export type { LogRecord } from './frame.ts';
export type { LogRange, LogReader, NextOptions, RangeRecord } from './log-reader.ts';
