import { complaintOf, queryErrorOf } from './clickhouse-error.ts';
import { type Connection, connect, parseConnectionUrl, readerOf } from './connection.ts';
import { startEmbeddedEngine } from './embedded-engine.ts';
import { keepEntitiesFolded } from './entity-fold.ts';
import { ENTITY_LAYOUTS } from './entity-layout.ts';
import { EventStoreSchemaError } from './errors.ts';
import { loadGeoDatabase } from './geo.ts';
import { insertBatch, insertBlocks } from './insert.ts';
import { HUNTING_LAYOUTS, migrate } from './migrate.ts';
import { runQuery } from './query.ts';
import { ensureReader } from './reader-account.ts';
import type { RowSink } from './result-stream.ts';
import { dropDaysBefore, dropProgressBefore, dropSightingsBefore, firstKeptDay } from './retention.ts';
import type { EventStore, EventStoreLog, QueryRequest, ReaderCeilings, TableSize } from './store.ts';
import { DEVICE_SCOPE_LAYOUT, quoteName } from './table-layout.ts';

export interface EventStoreOptions {
  /** `http(s)://user:password@host:port/database` of a ClickHouse server. Without it an embedded engine is run in `dir`. */
  readonly url?: string | undefined;
  readonly dir: string;
  /** Days of events to keep: 30 unless told. */
  readonly retentionDays?: number;
  /** Embedded only. `memoryBytes`: the most the engine may take; a quarter of the machine's and at most 2 GiB unless told. */
  readonly engine?: { readonly memoryBytes: number };
  /** The clock that says which events are too old to be taken. */
  readonly now?: () => Date;
  readonly log: EventStoreLog;
}

/** What Merlon is tested with. */
const KNOWN_VERSION = [26, 7] as const;
const READER_CONNECTIONS = 32;
const WRITER_CONNECTIONS = 8;
const EXTERNAL_CEILINGS: ReaderCeilings = { maxSeconds: 600, maxMemoryBytes: 16 * 1024 ** 3 };

export async function openEventStore(options: EventStoreOptions): Promise<EventStore> {
  const { log } = options;
  if (options.url) {
    const connection = parseConnectionUrl(options.url);
    return openOn(connection, EXTERNAL_CEILINGS, async () => {}, options);
  }
  const { connection, ceilings, engine } = await startEmbeddedEngine({
    dir: options.dir,
    memoryBytes: options.engine?.memoryBytes,
    log,
  });
  try {
    return await openOn(connection, ceilings, () => engine.stop(), options);
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

async function openOn(
  connection: Connection,
  ceilings: ReaderCeilings,
  stopEngine: () => Promise<void>,
  options: EventStoreOptions,
): Promise<EventStore> {
  const { log, now = () => new Date() } = options;
  const { database } = connection;
  const retentionDays = options.retentionDays ?? 30;
  const writer = connect(connection, connection.writer, { connections: WRITER_CONNECTIONS });
  const reader = connect(connection, readerOf(connection), { connections: READER_CONNECTIONS, database });
  const layouts = new Map(HUNTING_LAYOUTS.map((layout) => [layout.name, layout]));

  const closeClients = async () => {
    await Promise.all([writer.close(), reader.close()]);
  };
  try {
    await warnOfUnknownVersion();
    await migrate(writer, database, { log });
    await ensureReader(connection, writer, ceilings);
  } catch (error) {
    await closeClients();
    throw complaintOf(error) ? new EventStoreSchemaError((error as Error).message, { cause: error }) : error;
  }

  const kill = async (queryId: string) => {
    try {
      await writer.command({
        query: 'KILL QUERY WHERE query_id = {queryId:String} AND user = {reader:String} ASYNC',
        query_params: { queryId, reader: readerOf(connection).name },
      });
    } catch (error) {
      throw queryErrorOf(error);
    }
  };

  const entities = keepEntitiesFolded(writer, database, log);
  /** Also where an insert failed: some of it may be there. */
  const thenFold = <T>(inserting: Promise<T>): Promise<T> => inserting.finally(entities.wake);

  const stream = (request: QueryRequest, sink: RowSink) => runQuery(reader, ceilings, kill, request, sink);

  return {
    async insert(table, ndjson, dedupToken) {
      const layout = layouts.get(table);
      if (!layout) throw new EventStoreSchemaError(`there is no event table ${JSON.stringify(table)}`);
      return thenFold(
        insertBatch({ client: writer, database, retentionDays, now }, layout, ndjson, dedupToken),
      );
    },
    database,
    ceilings,
    async insertBlocks(table, blocks, dedupToken) {
      const layout = layouts.get(table);
      if (!layout) throw new EventStoreSchemaError(`there is no event table ${JSON.stringify(table)}`);
      return thenFold(
        insertBlocks({ client: writer, database, retentionDays, now }, layout, blocks, dedupToken),
      );
    },
    async query(request) {
      const rows: unknown[][] = [];
      const stats = await stream(request, (more) => {
        for (const row of more) rows.push(row);
      });
      return { rows, stats };
    },
    stream,
    kill,
    async foldEntities() {
      try {
        await entities.run();
      } catch (error) {
        throw queryErrorOf(error);
      }
    },
    async dropExpired(at) {
      try {
        const firstDay = firstKeptDay(at, retentionDays);
        const dropped = [
          ...(await dropDaysBefore(writer, database, HUNTING_LAYOUTS, firstDay)),
          ...(await dropSightingsBefore(writer, database, ENTITY_LAYOUTS, firstDay)),
        ];
        await dropProgressBefore(writer, database, firstDay);
        return dropped;
      } catch (error) {
        throw queryErrorOf(error);
      }
    },
    async assignDeviceGroups(tenantId, devices) {
      if (devices.length === 0) return;
      try {
        await writer.insert({
          table: `${quoteName(database)}.${quoteName(DEVICE_SCOPE_LAYOUT.name)}`,
          values: devices.map(({ deviceId, deviceGroup }) => ({
            TenantId: tenantId,
            DeviceId: deviceId,
            DeviceGroup: deviceGroup,
            Version: now().toISOString(),
          })),
          format: 'JSONEachRow',
          clickhouse_settings: { date_time_input_format: 'best_effort' },
        });
      } catch (error) {
        throw queryErrorOf(error);
      }
    },
    async loadGeoDatabase(file) {
      const accounts = { account: connection.writer, readerName: readerOf(connection).name };
      return loadGeoDatabase({ writer, reader, database, ...accounts, now, log }, file);
    },
    async sizes() {
      try {
        const result = await writer.query({
          query: `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
                  WHERE database = {database:String} AND active GROUP BY table`,
          query_params: { database },
          format: 'JSONEachRow',
        });
        const found = new Map<string, TableSize>();
        for (const { table, rows, bytes } of await result.json<{
          table: string;
          rows: string;
          bytes: string;
        }>()) {
          found.set(table, { table, rows: Number(rows), bytes: Number(bytes) });
        }
        return HUNTING_LAYOUTS.map(({ name }) => found.get(name) ?? { table: name, rows: 0, bytes: 0 });
      } catch (error) {
        throw queryErrorOf(error);
      }
    },
    async close() {
      await entities.stop();
      await closeClients();
      await stopEngine();
    },
  };

  async function warnOfUnknownVersion(): Promise<void> {
    const result = await writer.query({ query: 'SELECT version() AS version', format: 'JSONEachRow' });
    const version = (await result.json<{ version: string }>())[0]?.version ?? '';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major > KNOWN_VERSION[0] || (major === KNOWN_VERSION[0] && minor >= KNOWN_VERSION[1])) return;
    log.warn(
      { version, known: KNOWN_VERSION.join('.') },
      'this ClickHouse is older than any that Merlon is tested with',
    );
  }
}
