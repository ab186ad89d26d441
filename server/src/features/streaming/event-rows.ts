/** What streaming asks the event store: how many rows of a tenant came when, and the rows themselves for a replay. */
import { randomUUID } from 'node:crypto';
import { type HuntingTable, huntingTable } from '@merlon/contract';
import type { EventStore } from '@merlon/event-store';

/** Bounds by receive time; `from` is within, `to` is not. ISO, seven fraction digits. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

export interface Slice extends Span {
  readonly table: string;
  readonly rows: number;
}

export type StoredRow = Readonly<Record<string, unknown>>;

export interface EventRows {
  /** Rows received after `after`, and not after now. */
  countAfter(tenantId: string, tables: readonly string[], after: string): Promise<number>;
  /** By hour of receipt (`2026-11-25T14`). */
  hours(
    tenantId: string,
    table: string,
    span: Span,
    signal: AbortSignal,
  ): Promise<readonly { hour: string; rows: number }[]>;
  /** The table's rows of the span in slices of at most about `rows` rows, in order of receipt. */
  slices(tenantId: string, table: string, span: Span, rows: number, signal: AbortSignal): Promise<Slice[]>;
  /** Rows of a slice by device, in the order in which each sent them. */
  read(tenantId: string, slice: Slice, signal: AbortSignal): Promise<StoredRow[]>;
}

const LIMITS = { maxSeconds: 120, maxMemoryBytes: 512 * 1024 * 1024 };
const MOST_BYTES = 512 * 1024 * 1024;
/** A slice begins and ends at whole steps of this, which is as finely as a replay can stop. */
const STEP = 'toStartOfInterval(IngestionTime, INTERVAL 1 SECOND)';
const WHERE =
  "TenantId = {tenant:UUID} AND IngestionTime >= parseDateTime64BestEffort({from:String}, 7, 'UTC') AND IngestionTime < parseDateTime64BestEffort({to:String}, 7, 'UTC')";

export function eventRows(events: Pick<EventStore, 'query' | 'stream'>): EventRows {
  const ask = async (
    sql: string,
    parameters: Record<string, unknown>,
    maxRows: number,
    signal?: AbortSignal,
  ) =>
    (
      await events.query({
        ...LIMITS,
        sql,
        parameters,
        queryId: randomUUID(),
        maxRows,
        maxBytes: MOST_BYTES,
        ...(signal ? { signal } : {}),
      })
    ).rows;

  return {
    async countAfter(tenantId, tables, after) {
      const counts = tables.map((table) => `SELECT count() AS n FROM ${nameOf(table)} WHERE ${WHERE}`);
      const rows = await ask(
        `SELECT sum(n) FROM (${counts.join(' UNION ALL ')})`,
        // The bound is past what was counted: the last digit is the next tick.
        { tenant: tenantId, from: nextTick(after), to: '2299-12-31T00:00:00.0000000Z' },
        1,
      );
      return Number(rows[0]?.[0] ?? 0);
    },

    async hours(tenantId, table, { from, to }, signal) {
      const rows = await ask(
        `SELECT formatDateTime(toStartOfHour(IngestionTime), '%Y-%m-%dT%H') AS h, count() FROM ${nameOf(table)} WHERE ${WHERE} GROUP BY h ORDER BY h`,
        { tenant: tenantId, from, to },
        100_000,
        signal,
      );
      return rows.map(([hour, count]) => ({ hour: String(hour), rows: Number(count) }));
    },

    async slices(tenantId, table, span, most, signal) {
      const rows = await ask(
        `SELECT toUnixTimestamp(${STEP}) AS s, count() FROM ${nameOf(table)} WHERE ${WHERE} GROUP BY s ORDER BY s`,
        { tenant: tenantId, from: span.from, to: span.to },
        5_000_000,
        signal,
      );
      const slices: Slice[] = [];
      let from = span.from;
      let count = 0;
      for (const [i, [second, n]] of rows.entries()) {
        count += Number(n);
        const next = rows[i + 1];
        if (next !== undefined && count + Number(next[1]) <= most) continue;
        const end = next === undefined ? span.to : isoOfSecond(Number(second) + 1);
        slices.push({ table, from, to: end, rows: count });
        from = end;
        count = 0;
      }
      return slices;
    },

    async read(tenantId, { table, from, to, rows: expected }, signal) {
      const columns = columnsOf(table);
      const order = ['DeviceId', 'IngestionTime', 'ReportId'].filter((name) => columns.includes(name));
      const found = await ask(
        `SELECT ${columns.map((name) => `\`${name}\``).join(', ')} FROM ${nameOf(table)} WHERE ${WHERE} ORDER BY ${order.join(', ')}`,
        { tenant: tenantId, from, to },
        expected + 1_000_000,
        signal,
      );
      return found.map((values) => Object.fromEntries(columns.map((name, i) => [name, values[i] ?? null])));
    },
  };
}

function tableNamed(name: string): HuntingTable {
  const table = huntingTable(name);
  if (!table) throw new Error(`there is no table ${name}`);
  return table;
}

const nameOf = (table: string) => `\`${tableNamed(table).name}\``;

function columnsOf(table: string): string[] {
  return ['IngestionTime', ...tableNamed(table).columns.map(({ name }) => name)];
}

const isoOfSecond = (second: number) => new Date(second * 1_000).toISOString().replace('.000Z', '.0000000Z');

/** The next unit of 100 ns. */
function nextTick(time: string): string {
  const [seconds = '', fraction = ''] = time.slice(0, -1).split('.');
  const ticks = Number(fraction.padEnd(7, '0')) + 1;
  if (ticks < 10_000_000) return `${seconds}.${String(ticks).padStart(7, '0')}Z`;
  return isoOfSecond(Date.parse(`${seconds}Z`) / 1_000 + 1);
}
