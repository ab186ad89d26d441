/** Days of events that are kept, dropped whole: DROP PARTITION takes milliseconds where deleting rows takes minutes. */
import type { ClickHouseClient } from '@clickhouse/client';
import { quoteName, type TableLayout } from './table-layout.ts';

const DAY_MS = 86_400_000;

/** The first day that is still needed, as partitions are named: 20261124. */
export function firstKeptDay(now: Date, retentionDays: number): string {
  const day = new Date(now.getTime() - retentionDays * DAY_MS);
  return day.toISOString().slice(0, 10).replaceAll('-', '');
}

/** Entities and devices whose last sighting lies before the days that are kept. @returns the tables that had such rows. */
export async function dropSightingsBefore(
  client: ClickHouseClient,
  database: string,
  layouts: readonly TableLayout[],
  firstDay: string,
): Promise<string[]> {
  const dropped: string[] = [];
  for (const { name } of layouts) {
    const table = `${quoteName(database)}.${quoteName(name)}`;
    const before = 'LastSeen < toDateTime(toDate({firstDay:String}), {zone:String})';
    const query_params = {
      firstDay: firstDay.replace(/^(....)(..)(..)$/, '$1-$2-$3'),
      zone: 'UTC',
    };
    const found = await client.query({
      query: `SELECT 1 FROM ${table} WHERE ${before} LIMIT 1`,
      query_params,
      format: 'JSONEachRow',
    });
    if ((await found.json()).length === 0) continue;
    await client.command({
      query: `ALTER TABLE ${table} DELETE WHERE ${before}`,
      query_params,
      clickhouse_settings: { mutations_sync: '2' },
    });
    dropped.push(name);
  }
  return dropped;
}

export async function dropDaysBefore(
  client: ClickHouseClient,
  database: string,
  layouts: readonly TableLayout[],
  firstDay: string,
): Promise<string[]> {
  const result = await client.query({
    query: `SELECT DISTINCT table, partition_id FROM system.parts
            WHERE database = {database:String} AND active AND has({tables:Array(String)}, table)
              AND match(partition_id, '^\\\\d{8}$') AND partition_id < {firstDay:String}
            ORDER BY partition_id, table`,
    query_params: {
      database,
      firstDay,
      tables: layouts.filter((layout) => layout.partitionBy !== null).map((layout) => layout.name),
    },
    format: 'JSONEachRow',
  });
  const dropped: string[] = [];
  for (const { table, partition_id } of await result.json<{ table: string; partition_id: string }>()) {
    await client.command({
      query: `ALTER TABLE ${quoteName(database)}.${quoteName(table)} DROP PARTITION ID {day:String}`,
      query_params: { day: partition_id },
    });
    dropped.push(`${table}/${partition_id}`);
  }
  return dropped;
}
