/**
 * The reader that moves events from the log into the event store. A range keeps its bounds until it is committed, and every insert
 * carries a token made of them, so a crash at any point neither loses nor doubles a row.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog, LogRange } from '@merlon/event-log';
import type { EventStore } from '@merlon/event-store';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { decodeBatchRecord } from './batch-record.ts';

const MAX_RECORDS = 4_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** A range smaller than this is followed by a short rest, so that a quiet system makes few, larger parts in the store. */
const SMALL_RANGE_BYTES = 1024 * 1024;
const REST_MS = 250;
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000];

export async function runStoreWriter(deps: {
  eventLog: Pick<EventLog, 'reader'>;
  events: Pick<EventStore, 'insert'>;
  log: Logger;
  metrics: Metrics;
  signal: AbortSignal;
}): Promise<void> {
  const stored = deps.metrics.counter(
    'merlon_event_store_rows_total',
    'Rows handed to the event store, by outcome.',
  );
  const reader = deps.eventLog.reader('event-store');
  while (!deps.signal.aborted) {
    const range = await reader.next({ maxRecords: MAX_RECORDS, maxBytes: MAX_BYTES, signal: deps.signal });
    if (!range) return;
    const { bytes, tables } = groupByTable(range);
    if (!(await insertUntilDone(range.id, tables))) return;
    await range.commit();
    if (bytes < SMALL_RANGE_BYTES) await delay(REST_MS, undefined, { signal: deps.signal }).catch(() => {});
  }

  /** False when the server stops first; the range is then taken up again at the next start. */
  async function insertUntilDone(rangeId: string, tables: Map<string, TableRows>): Promise<boolean> {
    for (let attempt = 0; !deps.signal.aborted; attempt++) {
      try {
        for (const [table, { rows, chunks }] of tables) {
          const { rejected } = await deps.events.insert(table, Buffer.concat(chunks), `${rangeId}:${table}`);
          tables.delete(table);
          stored.inc({ outcome: 'stored' }, rows - rejected.length);
          if (rejected.length === 0) continue;
          stored.inc({ outcome: 'rejected' }, rejected.length);
          deps.log.error(
            { table, rows: rejected.length, first: rejected[0]?.reason },
            'the event store refused rows that had passed the schema check',
          );
        }
        return true;
      } catch (error) {
        const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 5_000;
        deps.log.warn(
          { err: error, wait },
          'inserting into the event store failed; the log keeps the events',
        );
        await delay(wait, undefined, { signal: deps.signal }).catch(() => {});
      }
    }
    return false;
  }
}

interface TableRows {
  rows: number;
  readonly chunks: Buffer[];
}

function groupByTable(range: LogRange): { bytes: number; tables: Map<string, TableRows> } {
  const tables = new Map<string, TableRows>();
  let bytes = 0;
  for (const record of range.records) {
    bytes += record.payload.length;
    for (const { table, rows, ndjson } of decodeBatchRecord(record.payload).sections) {
      const group = tables.get(table) ?? { rows: 0, chunks: [] };
      group.rows += rows;
      group.chunks.push(ndjson);
      tables.set(table, group);
    }
  }
  return { bytes, tables };
}
