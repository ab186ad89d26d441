/**
 * How a hunting table of contract lies in ClickHouse. Pure: contract in, statements out. Changes are additions, and types that become wider:
 * every value stored before has to read the same after.
 */
import type { HuntingTable, KustoType } from '@merlon/contract';
import { EventStoreSchemaError } from './errors.ts';

export interface StoredColumn {
  readonly name: string;
  /** Spelled as `system.columns` spells it. */
  readonly type: string;
}

export interface StoredIndex {
  readonly name: string;
  /** `INDEX` clause after the name. */
  readonly definition: string;
}

export interface TableLayout {
  readonly name: string;
  readonly columns: readonly StoredColumn[];
  readonly indexes: readonly StoredIndex[];
  /** Null: rows have no time of their own; the table holds state, which its owner replaces, and no retention applies. */
  readonly partitionBy: string | null;
  readonly orderBy: readonly string[];
  readonly engine: string;
  readonly settings: Readonly<Record<string, string | number>>;
}

/** What is there already. */
export interface ExistingTable {
  /** Name -> type. */
  readonly columns: ReadonlyMap<string, string>;
  readonly indexes: ReadonlySet<string>;
}

const DATETIME = "DateTime64(7, 'UTC')";

/** kql.md §6: text is never Nullable, because KQL knows no null string; dynamic is JSON text, '' for null; timespan is ticks of 100 ns. */
const STORED_TYPES: Readonly<Record<KustoType, string>> = {
  bool: 'Nullable(Bool)',
  datetime: `Nullable(${DATETIME})`,
  decimal: 'Nullable(Decimal(76, 38))',
  dynamic: 'String',
  guid: 'String',
  int: 'Nullable(Int32)',
  long: 'Nullable(Int64)',
  real: 'Nullable(Float64)',
  string: 'String',
  timespan: 'Nullable(Int64)',
};

/** Columns every table has beside its own. */
const SCOPE_COLUMNS: readonly StoredColumn[] = [
  { name: 'TenantId', type: 'UUID' },
  { name: 'IngestionTime', type: DATETIME },
];

/**
 * Names and kinds that queries filter and group by, with few distinct values among the rows of a day. Only those: a dictionary costs an insert
 * more than it saves the disk, for an empty column too.
 */
const FEW_VALUES =
  /(ActionType|(?<!VersionInfo(Internal|Original))FileName|DeviceName|AccountName|AccountDomain|MachineGroup|Platform|Severity|Category|EntityType|Software(Name|Vendor))$/;

/** Columns that people search for words in (kql.md, «has index and speed»). */
const WORD_INDEXED: ReadonlySet<string> = new Set([
  'ProcessCommandLine',
  'InitiatingProcessCommandLine',
  'FolderPath',
  'RemoteUrl',
  'AdditionalFields',
]);

export const COMMON_SETTINGS = {
  // A retried insert with the same token is dropped. One range of the event log is one insert a table.
  non_replicated_deduplication_window: 10_000,
  // What is acknowledged is on disk: the event log lets go of it then. Parts of one insert are a handful of files, since they stay compact.
  fsync_after_insert: 1,
  fsync_part_directory: 1,
  min_bytes_for_wide_part: 128 * 1024 * 1024,
} as const;

export function huntingLayout(table: HuntingTable): TableLayout {
  const scope = new Set(SCOPE_COLUMNS.map((column) => column.name));
  const own = table.columns.filter((column) => !scope.has(column.name));
  const has = (name: string) => own.some((column) => column.name === name);
  return {
    name: table.name,
    columns: [...SCOPE_COLUMNS, ...own.map(({ name, type }) => ({ name, type: storedType(name, type) }))],
    indexes: own
      .filter((column) => WORD_INDEXED.has(column.name))
      .map(({ name }) => ({
        name: `words_${name}`,
        definition: `lower(${quoteName(name)}) TYPE text(tokenizer = 'splitByNonAlpha')`,
      })),
    partitionBy: has('Timestamp') ? 'toYYYYMMDD(Timestamp)' : null,
    orderBy: ['TenantId', ...['DeviceId', 'Timestamp'].filter(has)],
    engine: 'MergeTree',
    settings: COMMON_SETTINGS,
  };
}

/** Which group each device belongs to, for queries of those who may see only some groups. The newest row of a device counts. */
export const DEVICE_SCOPE_LAYOUT: TableLayout = {
  name: 'DeviceScope',
  columns: [
    { name: 'TenantId', type: 'UUID' },
    { name: 'DeviceId', type: 'String' },
    { name: 'DeviceGroup', type: 'LowCardinality(String)' },
    { name: 'Version', type: DATETIME },
  ],
  indexes: [],
  partitionBy: null,
  orderBy: ['TenantId', 'DeviceId'],
  engine: 'ReplacingMergeTree(Version)',
  settings: COMMON_SETTINGS,
};

/** Every change ever made to the tables, in words. */
export const MIGRATIONS_LAYOUT: TableLayout = {
  name: 'schema_migrations',
  columns: [
    { name: 'AppliedAt', type: DATETIME },
    { name: 'Statement', type: 'String' },
  ],
  indexes: [],
  partitionBy: null,
  orderBy: ['AppliedAt'],
  engine: 'MergeTree',
  settings: COMMON_SETTINGS,
};

function storedType(name: string, type: KustoType): string {
  // The one time a row cannot be without: it orders and partitions.
  if (name === 'Timestamp') return DATETIME;
  if (type === 'string' && FEW_VALUES.test(name)) return 'LowCardinality(String)';
  return STORED_TYPES[type];
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

export function createStatement(database: string, layout: TableLayout): string {
  const parts = [
    ...layout.columns.map(columnClause),
    ...layout.indexes.map((index) => `INDEX ${quoteName(index.name)} ${index.definition}`),
  ];
  const settings = Object.entries(layout.settings).map(([name, value]) => `${name} = ${value}`);
  return [
    `CREATE TABLE IF NOT EXISTS ${quoteName(database)}.${quoteName(layout.name)} (`,
    `  ${parts.join(',\n  ')}`,
    `) ENGINE = ${layout.engine}`,
    ...(layout.partitionBy ? [`PARTITION BY ${layout.partitionBy}`] : []),
    `ORDER BY (${layout.orderBy.map(quoteName).join(', ')})`,
    `SETTINGS ${settings.join(', ')}`,
  ].join('\n');
}

/**
 * Statements that bring the table up to the layout: creation, additions, wider types, or none. In order, each to be awaited; stopped between
 * any two, the next start finds what is left to do.
 * @throws EventStoreSchemaError when a column is there with a type that cannot become the one it should have.
 */
export function statementsFor(
  database: string,
  layout: TableLayout,
  existing: ExistingTable | undefined,
): string[] {
  if (!existing) return [createStatement(database, layout)];
  const table = `ALTER TABLE ${quoteName(database)}.${quoteName(layout.name)}`;
  const statements: string[] = [];
  const indexes = new Set(existing.indexes);
  for (const column of layout.columns) {
    const type = existing.columns.get(column.name);
    if (type === undefined) {
      statements.push(`${table} ADD COLUMN IF NOT EXISTS ${columnClause(column)}`);
    } else if (type !== column.type) {
      if (isWider(type, column.type) && !isKey(layout, column.name)) {
        // An index is made of the stored form: it goes first and is made again below.
        for (const index of layout.indexes) {
          if (!index.definition.includes(quoteName(column.name)) || !indexes.delete(index.name)) continue;
          statements.push(`${table} DROP INDEX IF EXISTS ${quoteName(index.name)}`);
        }
        statements.push(`${table} MODIFY COLUMN ${columnClause(column)}`);
        continue;
      }
      throw new EventStoreSchemaError(
        `column ${column.name} of ${database}.${layout.name} is ${type}, and this version of Merlon keeps it as ${column.type}. ` +
          'What is stored would not survive the change: rename the table away, or go back to the version that made it.',
      );
    }
  }
  for (const index of layout.indexes) {
    if (indexes.has(index.name)) continue;
    statements.push(`${table} ADD INDEX IF NOT EXISTS ${quoteName(index.name)} ${index.definition}`);
    statements.push(`${table} MATERIALIZE INDEX ${quoteName(index.name)}`);
  }
  return statements;
}

/** The engine neither changes what orders and parts a table. */
function isKey({ orderBy, partitionBy }: TableLayout, column: string): boolean {
  return orderBy.includes(column) || (partitionBy ?? '').includes(`(${column})`);
}

const WIDER: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['Int8', ['Int16', 'Int32', 'Int64']],
  ['Int16', ['Int32', 'Int64']],
  ['Int32', ['Int64', 'Float64']],
  ['Float32', ['Float64']],
  ...[3, 4, 5, 6].map((digits) => [`DateTime64(${digits}, 'UTC')`, [DATETIME]] as [string, string[]]),
]);

/** Whether the engine turns every value of one type into the same value of the other. A dictionary or the want of one changes no value. */
function isWider(from: string, to: string): boolean {
  const plain = (type: string) => /^LowCardinality\((.*)\)$/.exec(type)?.[1] ?? type;
  const nullable = (type: string) => /^Nullable\((.*)\)$/.exec(type)?.[1];
  const [before, after] = [plain(from), plain(to)];
  if (nullable(before) !== undefined && nullable(after) === undefined) return false;
  const [inner, outer] = [nullable(before) ?? before, nullable(after) ?? after];
  return inner === outer || (WIDER.get(inner)?.includes(outer) ?? false) || isWiderDecimal(inner, outer);
}

/** No fewer digits on either side of the point. */
function isWiderDecimal(from: string, to: string): boolean {
  const digits = (type: string) => {
    const [, all, behind] = /^Decimal\((\d+), (\d+)\)$/.exec(type) ?? [];
    return all && behind ? { before: Number(all) - Number(behind), behind: Number(behind) } : null;
  };
  const [old, fresh] = [digits(from), digits(to)];
  return old !== null && fresh !== null && fresh.before >= old.before && fresh.behind >= old.behind;
}

function columnClause({ name, type }: StoredColumn): string {
  return `${quoteName(name)} ${type} CODEC(ZSTD(1))`;
}
