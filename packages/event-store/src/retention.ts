/** Days of events that are kept, dropped whole: DROP PARTITION takes milliseconds where deleting rows takes minutes. */
import type { ClickHouseClient } from '@clickhouse/client';
import { ENTITY_FEEDS, PROGRESS_LAYOUT } from './entity-layout.ts';
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
  const before = 'LastSeen < toDateTime(toDate({firstDay:String}), {zone:String})';
  const parameters = { firstDay: firstDay.replace(/^(....)(..)(..)$/, '$1-$2-$3'), zone: 'UTC' };
  for (const { name } of layouts)
    if (await deleteRows(client, `${quoteName(database)}.${quoteName(name)}`, before, parameters))
      dropped.push(name);
  return dropped;
}

/** How far days were folded that are gone, and how far by folds that are no longer these. */
export async function dropProgressBefore(
  client: ClickHouseClient,
  database: string,
  firstDay: string,
): Promise<void> {
  await deleteRows(
    client,
    `${quoteName(database)}.${quoteName(PROGRESS_LAYOUT.name)}`,
    'Partition < {firstDay:String} OR Feed NOT IN {feeds:Array(String)}',
    { firstDay, feeds: ENTITY_FEEDS.map(({ name }) => name) },
  );
}

/** @returns whether there were any: a deletion that finds none would rewrite the table all the same. */
async function deleteRows(
  client: ClickHouseClient,
  table: string,
  condition: string,
  query_params: Record<string, unknown>,
): Promise<boolean> {
  const found = await client.query({
    query: `SELECT 1 FROM ${table} WHERE ${condition} LIMIT 1`,
    query_params,
    format: 'JSONEachRow',
  });
  if ((await found.json()).length === 0) return false;
  await client.command({
    query: `ALTER TABLE ${table} DELETE WHERE ${condition}`,
    query_params,
    clickhouse_settings: { mutations_sync: '2' },
  });
  return true;
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
