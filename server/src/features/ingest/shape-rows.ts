/** Rows that the server itself made of what others told, to blocks as the log keeps them: the same checks and stamps as a device's batch. */
import { huntingTable, isoToMs, validateRow } from '@merlon/contract';
import { RowBlockBuilder, TIME_RANGE } from '@merlon/event-store/row-block';
import type { BatchHeader, BatchSection } from './batch-record.ts';
import { keptSince, stampOf } from './shape-batch.ts';

export interface NamedRow {
  readonly table: string;
  readonly row: Record<string, unknown>;
}

export interface ShapedRows {
  readonly sections: readonly BatchSection[];
  /** By index of the row: why it was left out. */
  readonly problems: ReadonlyMap<number, string>;
}

/** A thread shapes one batch at a time. */
const builders = new Map<string, RowBlockBuilder>();

/** @param retentionDays what is older is told apart at once: the store would only drop it */
export function shapeRows(rows: readonly NamedRow[], stamp: BatchHeader, retentionDays: number): ShapedRows {
  const now = new Date(stamp.receivedAt);
  const since = keptSince(now, retentionDays);
  const problems = new Map<number, string>();
  const used = new Set<string>();
  try {
    for (const [index, { table: name, row }] of rows.entries()) {
      const table = huntingTable(name);
      if (!table) throw new Error(`there is no table ${name}`);
      const problem = validateRow(table, row, now) ?? timeProblem(row, since, retentionDays);
      if (problem !== null) {
        problems.set(index, problem);
        continue;
      }
      let builder = builders.get(name);
      if (!builder) {
        builder = new RowBlockBuilder(table);
        builders.set(name, builder);
      }
      builder.append(row);
      used.add(name);
    }
    const same = stampOf(stamp);
    const sections = [...used].map((table) => {
      const builder = builders.get(table);
      if (!builder) throw new Error(`${table} has rows and no builder`);
      return { table, rows: builder.rows, block: builder.finish(same) };
    });
    return { sections, problems };
  } finally {
    for (const builder of builders.values()) builder.clear();
  }
}

function timeProblem(
  row: Readonly<Record<string, unknown>>,
  since: number,
  retentionDays: number,
): string | null {
  if (isoToMs(String(row.Timestamp)) < since)
    return `Timestamp: older than the ${retentionDays} days that are kept`;
  for (const name of TIMES) {
    const value = row[name];
    if (typeof value !== 'string') continue;
    const ms = isoToMs(value);
    if (ms < TIME_RANGE.firstMs || ms >= TIME_RANGE.lastMs) return `${name}: outside the years 1900 to 2299`;
  }
  return null;
}

const TIMES = [
  'ProcessCreationTime',
  'InitiatingProcessCreationTime',
  'InitiatingProcessParentCreationTime',
] as const;
