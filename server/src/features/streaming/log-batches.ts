/** The heads of the log's records, read once for all settings: readers that keep up are handed the same bytes. */
import type { LogRecord } from '@merlon/event-log';
import type { Logger } from '../../telemetry/log.ts';
import { decodeBatchRecord } from '../ingest/index.ts';

export interface BatchHead {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly receivedAt: string;
  /** Rows by table. */
  readonly tables: ReadonlyMap<string, number>;
}

export interface LogBatches {
  /** Null: it is not a batch, which was logged. */
  head(record: LogRecord): BatchHead | null;
}

export function logBatches(log: Pick<Logger, 'error'>): LogBatches {
  const known = new WeakMap<Buffer, BatchHead | null>();
  return {
    head({ payload, position }) {
      const before = known.get(payload);
      if (before !== undefined) return before;
      let head: BatchHead | null = null;
      try {
        const { tenantId, deviceId, receivedAt, sections } = decodeBatchRecord(payload);
        const tables = new Map<string, number>();
        for (const { table, rows } of sections) tables.set(table, (tables.get(table) ?? 0) + rows);
        head = { tenantId, deviceId, receivedAt, tables };
      } catch (error) {
        log.error(
          { err: error, position },
          'a record of the event log is not a batch; no export has its rows',
        );
      }
      known.set(payload, head);
      return head;
    },
  };
}
