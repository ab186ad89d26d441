/** Brings a database up to the tables of contract. Safe to run twice, and by two servers at once: every statement is conditional. */
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { huntingTables } from '@merlon/contract';
import { ENTITY_LAYOUTS, PROGRESS_LAYOUT } from './entity-layout.ts';
import type { EventStoreLog } from './store.ts';
import {
  DEVICE_SCOPE_LAYOUT,
  type ExistingTable,
  huntingLayout,
  MIGRATIONS_LAYOUT,
  quoteName,
  statementsFor,
  type TableLayout,
} from './table-layout.ts';

export const HUNTING_LAYOUTS: readonly TableLayout[] = huntingTables.map(huntingLayout);

const ALL_LAYOUTS: readonly TableLayout[] = [
  MIGRATIONS_LAYOUT,
  ...HUNTING_LAYOUTS,
  ...ENTITY_LAYOUTS,
  PROGRESS_LAYOUT,
  DEVICE_SCOPE_LAYOUT,
];

const AT_ONCE = 4;
/** A change of what is stored is over when the statement is. */
const AWAITED: ClickHouseSettings = {
  alter_sync: '2',
  mutations_sync: '2',
};

/** @returns the statements that were run. */
export async function migrate(
  client: ClickHouseClient,
  database: string,
  options: { log: EventStoreLog; layouts?: readonly TableLayout[] },
): Promise<string[]> {
  if (!(await databaseExists(client, database))) {
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${quoteName(database)}` });
  }
  const existing = await existingTables(client, database);
  const work = (options.layouts ?? ALL_LAYOUTS)
    .map((layout) => statementsFor(database, layout, existing.get(layout.name)))
    .filter((statements) => statements.length > 0);
  const views = formerViews(database, [...existing.keys()]);
  if (views.length > 0) work.push(views);
  const statements = work.flat();
  if (statements.length === 0) return [];
  // A first start makes some forty tables; the engine spends most of that time waiting for the disk.
  const next = work.values();
  const runParts = async () => {
    for (const part of next)
      for (const query of part) await client.command({ query, clickhouse_settings: AWAITED });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runParts));
  const record = statements.map((Statement) => ({ AppliedAt: new Date().toISOString(), Statement }));
  await client.insert({
    table: `${quoteName(database)}.${quoteName(MIGRATIONS_LAYOUT.name)}`,
    values: record,
    format: 'JSONEachRow',
    clickhouse_settings: { date_time_input_format: 'best_effort' },
  });
  options.log.info({ database, statements: statements.length }, 'event tables were brought up to date');
  return statements;
}

/** Entities were once folded by views, at every insert: it cost inserts up to two fifths more than folding some seconds later. */
function formerViews(database: string, existing: readonly string[]): string[] {
  return existing
    .filter((name) => name.startsWith('feed_'))
    .map((name) => `DROP VIEW IF EXISTS ${quoteName(database)}.${quoteName(name)}`);
}

/** Asked first, because an administrator may have made the database for an account that may not. */
async function databaseExists(client: ClickHouseClient, database: string): Promise<boolean> {
  const result = await client.query({
    query: 'SELECT name FROM system.databases WHERE name = {database:String}',
    query_params: { database },
    format: 'JSONEachRow',
  });
  return (await result.json()).length > 0;
}

async function existingTables(
  client: ClickHouseClient,
  database: string,
): Promise<Map<string, ExistingTable>> {
  const ask = async <T>(query: string): Promise<T[]> => {
    const result = await client.query({ query, query_params: { database }, format: 'JSONEachRow' });
    return result.json<T>();
  };
  const [columns, indexes] = await Promise.all([
    ask<{ table: string; name: string; type: string }>(
      'SELECT table, name, type FROM system.columns WHERE database = {database:String}',
    ),
    ask<{ table: string; name: string }>(
      'SELECT table, name FROM system.data_skipping_indices WHERE database = {database:String}',
    ),
  ]);
  const tables = new Map<string, { columns: Map<string, string>; indexes: Set<string> }>();
  for (const { table, name, type } of columns) {
    const entry = tables.get(table) ?? { columns: new Map(), indexes: new Set() };
    tables.set(table, entry);
    entry.columns.set(name, type);
  }
  for (const { table, name } of indexes) tables.get(table)?.indexes.add(name);
  return tables;
}
