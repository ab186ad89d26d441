/**
 * The reader that moves events from the log into the event store. A range keeps its bounds until it is committed, and every insert
 * carries a token made of them, so a crash at any point neither loses nor doubles a row.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog, LogRange } from '@merlon/event-log';
import type { EventStore } from '@merlon/event-store';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { type BatchSection, decodeBatchRecord } from './batch-record.ts';

const MAX_RECORDS = 4_000;
const MAX_BYTES = 32 * 1024 * 1024;
/**
 * A rest after a range lets more gather, so that the store gets few, larger parts: merging small ones costs it more than taking them. A quiet
 * system rests shortly, since somebody may be waiting for just this event; a busy one longer; one that is behind not at all.
 */
const RESTS = [
  { belowBytes: 1024 * 1024, ms: 250 },
  { belowBytes: 24 * 1024 * 1024, ms: 600 },
] as const;
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000];

export async function runStoreWriter(deps: {
  eventLog: Pick<EventLog, 'reader'>;
  events: Pick<EventStore, 'insertBlocks'>;
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
    const rest = RESTS.find(({ belowBytes }) => bytes < belowBytes);
    if (rest) await delay(rest.ms, undefined, { signal: deps.signal }).catch(() => {});
  }

  /** False when the server stops first; the range is then taken up again at the next start. */
  async function insertUntilDone(rangeId: string, tables: Map<string, BatchSection[]>): Promise<boolean> {
    for (let attempt = 0; !deps.signal.aborted; attempt++) {
      try {
        for (const [table, sections] of tables) {
          const blocks = sections.map((section) => section.block);
          const { refused } = await deps.events.insertBlocks(table, blocks, `${rangeId}:${table}`);
          tables.delete(table);
          const lost = refused.reduce((sum, { block }) => sum + (sections[block]?.rows ?? 0), 0);
          stored.inc({ outcome: 'stored' }, sections.reduce((sum, { rows }) => sum + rows, 0) - lost);
          if (refused.length === 0) continue;
          stored.inc({ outcome: 'rejected' }, lost);
          deps.log.error(
            { table, rows: lost, first: refused[0]?.reason },
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

function groupByTable(range: LogRange): { bytes: number; tables: Map<string, BatchSection[]> } {
  const tables = new Map<string, BatchSection[]>();
  let bytes = 0;
  for (const record of range.records) {
    bytes += record.payload.length;
    for (const section of decodeBatchRecord(record.payload).sections) {
      const group = tables.get(section.table);
      if (group) group.push(section);
      else tables.set(section.table, [section]);
    }
  }
  return { bytes, tables };
}
