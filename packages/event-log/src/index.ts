export {
  CorruptLogError,
  InvalidRecordError,
  LogBrokenError,
  LogClosedError,
  LogFullError,
  LogLockedError,
} from './errors.ts';
export {
  type AppendRecord,
  type EventLog,
  type EventLogLogger,
  type LogRange,
  type LogReader,
  type LogRecord,
  type LogStats,
  MAX_PAYLOAD_BYTES,
  type Position,
} from './event-log.ts';
export { type EventLogOptions, openEventLog } from './open-event-log.ts';
export { type RepairReport, repairEventLog } from './repair.ts';
