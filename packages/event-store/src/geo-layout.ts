/**
 * Where addresses are, for `geo_info_from_ip_address()`: networks and locations as the operator's MaxMind file has them, and over them two
 * dictionaries of the engine, so that looking an address up costs a search in memory. Pure.
 */
import { quoteName, type TableLayout } from './table-layout.ts';

/** One row for each file that was read to its end; the newest counts. */
export const GEO_RELEASE_LAYOUT: TableLayout = {
  name: 'GeoRelease',
  columns: [
    { name: 'Release', type: 'String' },
    { name: 'LoadedAt', type: "DateTime64(7, 'UTC')" },
  ],
  indexes: [],
  partitionBy: null,
  orderBy: ['Release'],
  engine: 'MergeTree',
  settings: { index_granularity: 8192 },
};

export const GEO_NETWORK_LAYOUT: TableLayout = {
  name: 'GeoNetwork',
  columns: [
    { name: 'Release', type: 'String' },
    { name: 'Network', type: 'String' },
    { name: 'Location', type: 'UInt32' },
  ],
  indexes: [],
  partitionBy: 'Release',
  orderBy: ['Network'],
  engine: 'MergeTree',
  settings: { index_granularity: 8192 },
};

export const GEO_LOCATION_LAYOUT: TableLayout = {
  name: 'GeoLocation',
  columns: [
    { name: 'Release', type: 'String' },
    { name: 'Id', type: 'UInt32' },
    { name: 'Bag', type: 'String' },
  ],
  indexes: [],
  partitionBy: 'Release',
  orderBy: ['Id'],
  engine: 'MergeTree',
  settings: { index_granularity: 8192 },
};

export const GEO_LAYOUTS: readonly TableLayout[] = [
  GEO_RELEASE_LAYOUT,
  GEO_NETWORK_LAYOUT,
  GEO_LOCATION_LAYOUT,
];

/** `network -> location` and `location -> bag`, as statements name them. */
export const GEO_DICTIONARIES = ['GeoNetworks', 'GeoLocations'] as const;

/** The engine reads the tables as this account when it fills the dictionaries. */
export interface DictionaryAccount {
  readonly name: string;
  readonly password: string;
}

/** Dropped first, they are filled anew. */
export function dropDictionaryStatements(database: string): string[] {
  return GEO_DICTIONARIES.map(
    (name) => `DROP DICTIONARY IF EXISTS ${quoteName(database)}.${quoteName(name)}`,
  );
}

export function dictionaryStatements(database: string, account: DictionaryAccount): string[] {
  const newest = `(SELECT argMax(Release, LoadedAt) FROM ${database}.GeoRelease)`;
  const source = (columns: string, table: string) =>
    `SOURCE(CLICKHOUSE(HOST '127.0.0.1' USER ${literal(account.name)} PASSWORD ${literal(account.password)} ` +
    `QUERY ${literal(`SELECT ${columns} FROM ${database}.${table} WHERE Release = ${newest}`)}))`;
  const create = (name: (typeof GEO_DICTIONARIES)[number]) =>
    `CREATE DICTIONARY IF NOT EXISTS ${quoteName(database)}.${quoteName(name)}`;
  return [
    `${create('GeoNetworks')} (Network String, Location UInt32 DEFAULT 0) PRIMARY KEY Network ${source('Network, Location', 'GeoNetwork')} LAYOUT(IP_TRIE()) LIFETIME(0)`,
    `${create('GeoLocations')} (Id UInt64, Bag String DEFAULT '') PRIMARY KEY Id ${source('Id, Bag', 'GeoLocation')} LAYOUT(HASHED()) LIFETIME(0)`,
  ];
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
