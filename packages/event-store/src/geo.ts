/** Brings the operator's MaxMind file into the event store. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { complaintOf } from './clickhouse-error.ts';
import {
  dictionaryStatements,
  dropDictionaryStatements,
  GEO_LAYOUTS,
  GEO_LOCATION_LAYOUT,
  GEO_NETWORK_LAYOUT,
  GEO_RELEASE_LAYOUT,
} from './geo-layout.ts';
import { migrate } from './migrate.ts';
import { Mmdb, type MmdbValue, valueAt } from './mmdb.ts';
import type { EventStoreLog, GeoFacts } from './store.ts';
import { quoteName } from './table-layout.ts';

export interface GeoTarget {
  readonly writer: ClickHouseClient;
  readonly reader: ClickHouseClient;
  readonly readerName: string;
  readonly database: string;
  readonly account: { readonly name: string; readonly password: string };
  readonly now: () => Date;
  readonly log: EventStoreLog;
}

const ACCESS_DENIED = 497;
/** Rows of one insert: few enough that reading them does not hold the event loop for long. */
const chunkRows = 20_000;
/** The most networks a file may have: the largest that MaxMind gives away has some five million. */
const maxNetworks = 20_000_000;

/** Reads the file, unless it is the one that was read last, and lets queries find what it says. */
export async function loadGeoDatabase(target: GeoTarget, file: string): Promise<GeoFacts> {
  const bytes = await readFile(file);
  const mmdb = new Mmdb(bytes);
  const release = createHash('sha256').update(bytes).digest('hex');
  const facts = { type: mmdb.databaseType, built: new Date(mmdb.buildEpoch * 1_000) };
  await migrate(target.writer, target.database, { log: target.log, layouts: GEO_LAYOUTS });
  const known = await newestRelease(target);
  if (known !== release) {
    // What an earlier attempt left half done.
    await dropReleases(target, (name) => name !== known);
    await fill(target, mmdb, release);
    await insert(target, GEO_RELEASE_LAYOUT.name, [
      { Release: release, LoadedAt: target.now().toISOString() },
    ]);
  }
  if (known !== release) await makeDictionaries(target, 'anew');
  else await makeDictionaries(target, 'where absent').catch(() => makeDictionaries(target, 'anew'));
  await dropReleases(target, (name) => name !== release);
  return { ...facts, isNew: known !== release };
}

/** Makes the dictionaries and looks something up as the reader, which fills them. */
async function makeDictionaries(target: GeoTarget, how: 'anew' | 'where absent'): Promise<void> {
  const { writer, reader, readerName, database, account } = target;
  const drops = how === 'anew' ? dropDictionaryStatements(database) : [];
  for (const query of [...drops, ...dictionaryStatements(database, account)]) await writer.command({ query });
  const lookUp = () =>
    reader.command({
      query: `SELECT dictGet('${database}.GeoLocations', 'Bag', toUInt64(dictGet('${database}.GeoNetworks', 'Location', tuple(toIPv6('::1')))))`,
    });
  try {
    await lookUp();
  } catch (error) {
    // A reader that was made by an earlier version may not look anything up yet.
    if (complaintOf(error)?.code !== ACCESS_DENIED) throw error;
    await writer.command({
      query: `GRANT dictGet ON ${quoteName(database)}.* TO ${quoteName(readerName)}`,
    });
    await lookUp();
  }
}

async function newestRelease({ writer, database }: GeoTarget): Promise<string> {
  const result = await writer.query({
    query: `SELECT argMax(Release, LoadedAt) AS release FROM ${quoteName(database)}.${quoteName(GEO_RELEASE_LAYOUT.name)}`,
    format: 'JSONEachRow',
  });
  return (await result.json<{ release: string }>())[0]?.release ?? '';
}

async function fill(target: GeoTarget, mmdb: Mmdb, release: string): Promise<void> {
  const locations = new Map<number, number>();
  const newLocations: object[] = [];
  let networks: object[] = [];
  let count = 0;
  const flush = async () => {
    await insert(target, GEO_NETWORK_LAYOUT.name, networks);
    await insert(target, GEO_LOCATION_LAYOUT.name, newLocations.splice(0));
    networks = [];
  };
  for (const { network, pointer } of mmdb.networks()) {
    if (++count > maxNetworks) throw new Error(`the file has more than ${maxNetworks} networks`);
    let id = locations.get(pointer);
    if (id === undefined) {
      id = locations.size + 1;
      locations.set(pointer, id);
      newLocations.push({ Release: release, Id: id, Bag: bagOf(mmdb.record(pointer)) });
    }
    networks.push({ Release: release, Network: network, Location: id });
    if (networks.length >= chunkRows) await flush();
  }
  await flush();
  target.log.info({ networks: count, locations: locations.size }, 'the places of addresses were read');
}

/** What Kusto's function answers: a Country database knows no city and no coordinates. */
function bagOf(record: MmdbValue): string {
  const text = (value: MmdbValue) => (typeof value === 'string' ? value : '');
  const number = (value: MmdbValue) => (typeof value === 'number' ? value : null);
  return JSON.stringify({
    country:
      text(valueAt(record, 'country', 'names', 'en')) ||
      text(valueAt(record, 'registered_country', 'names', 'en')),
    state: text(valueAt(record, 'subdivisions', 0, 'names', 'en')),
    city: text(valueAt(record, 'city', 'names', 'en')),
    latitude: number(valueAt(record, 'location', 'latitude')),
    longitude: number(valueAt(record, 'location', 'longitude')),
  });
}

async function insert(
  { writer, database }: GeoTarget,
  table: string,
  values: readonly object[],
): Promise<void> {
  if (values.length === 0) return;
  await writer.insert({
    table: `${quoteName(database)}.${quoteName(table)}`,
    values,
    format: 'JSONEachRow',
    clickhouse_settings: { date_time_input_format: 'best_effort' },
  });
}

async function dropReleases(
  { writer, database }: GeoTarget,
  isStale: (release: string) => boolean,
): Promise<void> {
  for (const { name } of [GEO_NETWORK_LAYOUT, GEO_LOCATION_LAYOUT]) {
    const result = await writer.query({
      query: `SELECT DISTINCT partition FROM system.parts WHERE database = {database:String} AND table = {name:String} AND active`,
      query_params: { database, name },
      format: 'JSONEachRow',
    });
    for (const { partition } of await result.json<{ partition: string }>()) {
      if (!isStale(partition)) continue;
      await writer.command({
        query: `ALTER TABLE ${quoteName(database)}.${quoteName(name)} DROP PARTITION {partition:String}`,
        query_params: { partition },
      });
    }
  }
}
