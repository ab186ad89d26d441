/** Everything the seam promises, on the embedded engine and on a server by URL. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { huntingTable, huntingTables } from '@merlon/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect } from './connection.ts';
import {
  type EventStore,
  EventStoreSchemaError,
  EventStoreUnavailable,
  openEventStore,
  QueryCancelled,
  QueryFailed,
  QueryMemory,
  type QueryRequest,
  type QueryResult,
  QueryTimeout,
} from './index.ts';
import { migrate } from './migrate.ts';
import { accountStatements } from './reader-account.ts';
import { huntingLayout } from './table-layout.ts';
import { ownConnection, silentLog, startTestServer, type TestServer } from './testing.ts';

const TENANT = '11111111-2222-3333-4444-555555555555';
const NOW = new Date('2026-11-24T12:00:00Z');
const now = () => NOW;

function row(more: Record<string, unknown>): string {
  return JSON.stringify({
    TenantId: TENANT,
    IngestionTime: '2026-11-24T10:00:01Z',
    Timestamp: '2026-11-24T10:00:00.1234567Z',
    DeviceId: 'd'.repeat(40),
    ...more,
  });
}

const ndjson = (...rows: string[]) => Buffer.from(`${rows.join('\n')}\n`);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe.each(['embedded', 'by URL'] as const)('the event store, %s', (side) => {
  let dir: string;
  let store: EventStore;

  const open = () =>
    openEventStore({ dir, now, log: silentLog, ...(side === 'by URL' ? { url: server.url } : {}) });

  const query = (sql: string, more: Partial<QueryRequest> = {}): Promise<QueryResult> =>
    store.query({
      sql,
      parameters: {},
      queryId: randomUUID(),
      maxSeconds: 30,
      maxRows: 1_000,
      maxBytes: 1_000_000,
      maxMemoryBytes: 500_000_000,
      ...more,
    });
  const values = async (sql: string) => (await query(sql)).rows.map((cells) => cells[0]);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'merlon-event-store-'));
    store = await open();
  });
  afterAll(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  describe('tables', () => {
    it('are there for everything in contract, empty', async () => {
      const sizes = await store.sizes();
      expect(sizes.map((size) => size.table).sort()).toEqual(huntingTables.map((table) => table.name).sort());
      for (const table of huntingTables) {
        const columns = table.columns.map((column) => `\`${column.name}\``).join(', ');
        expect((await query(`SELECT ${columns}, TenantId, IngestionTime FROM ${table.name}`)).rows).toEqual(
          [],
        );
      }
    });

    it('keep what was stored when the store is opened again', async () => {
      await store.insert('DeviceLogonEvents', ndjson(row({ ReportId: 1 })), 'reopen');
      await store.close();
      store = await open();
      expect(await values('SELECT count() FROM DeviceLogonEvents')).toEqual([1]);
      expect((await store.sizes()).find((size) => size.table === 'DeviceLogonEvents')).toMatchObject({
        rows: 1,
        bytes: expect.any(Number),
      });
    });

    it('know which group a device belongs to, the latest word counting', async () => {
      await store.assignDeviceGroups(TENANT, [{ deviceId: 'd1', deviceGroup: 'Servers' }]);
      await store.assignDeviceGroups(TENANT, [{ deviceId: 'd1', deviceGroup: 'Kiosks' }]);
      expect(await values('SELECT DeviceGroup FROM DeviceScope FINAL')).toEqual(['Kiosks']);
    });
  });

  describe('insert', () => {
    it('stores every kind of value and gives it back as the wire has it', async () => {
      const sent = row({
        ProcessCommandLine: 'naïve "quotes" \\ 💾 \u2028',
        FileSize: '9223372036854775807',
        ProcessId: 4_000,
        AdditionalFields: { a: [1, 'x', null], b: 1.5 },
        ProcessCreationTime: '2026-11-24T09:59:59.9999999Z',
        SHA1: null,
        IsInitiatingProcessRemoteSession: true,
      });
      await store.insert('DeviceProcessEvents', ndjson(sent), 'values');
      const { rows } = await query(
        `SELECT Timestamp, ProcessCommandLine, FileSize, ProcessId, AdditionalFields, ProcessCreationTime, SHA1,
                IsInitiatingProcessRemoteSession, LogonId FROM DeviceProcessEvents`,
      );
      expect(rows).toEqual([
        [
          '2026-11-24T10:00:00.1234567Z',
          'naïve "quotes" \\ 💾 \u2028',
          '9223372036854775807',
          4_000,
          '{"a":[1,"x",null],"b":1.5}',
          '2026-11-24T09:59:59.9999999Z',
          '',
          true,
          null,
        ],
      ]);
    });

    it('takes a batch once, however often it comes', async () => {
      const batch = ndjson(row({ ReportId: 1 }), row({ ReportId: 2, Timestamp: '2026-11-23T10:00:00Z' }));
      await Promise.all([1, 2, 3].map(() => store.insert('DeviceFileEvents', batch, 'once')));
      await store.insert('DeviceFileEvents', batch, 'once');
      expect(await values('SELECT count() FROM DeviceFileEvents')).toEqual([2]);
      await store.insert('DeviceFileEvents', batch, 'twice');
      expect(await values('SELECT count() FROM DeviceFileEvents')).toEqual([4]);
    });

    it('names the rows it cannot take, and takes all others, once', async () => {
      const rows = Array.from({ length: 500 }, (_, i) => row({ ReportId: i + 1 }));
      rows[0] = row({ ReportId: 1, RemotePort: 'ssh' });
      rows[123] = row({ ReportId: 124, NoSuchColumn: 1 });
      rows[124] = '{"half":';
      rows[250] = '[1]';
      rows[499] = row({ ReportId: 500, Timestamp: 'yesterday' });
      for (let time = 0; time < 2; time++) {
        const { rejected } = await store.insert('DeviceNetworkEvents', ndjson(...rows), 'bad rows');
        expect(rejected.map((bad) => bad.line)).toEqual([1, 124, 125, 251, 500]);
        expect(rejected[0]?.reason).toMatch(/RemotePort/);
        expect(rejected[1]?.reason).toMatch(/NoSuchColumn/);
      }
      const stored = await values('SELECT ReportId FROM DeviceNetworkEvents ORDER BY ReportId');
      const good = rows.map((_, i) => i + 1).filter((id) => ![1, 124, 125, 251, 500].includes(id));
      expect(stored).toEqual(good);
    });

    it('is not held up by a batch without one good row, nor by depth', async () => {
      const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
      const bad = [...Array(20).fill('garbage'), row({}).replace('{', `{"AdditionalFields":${deep},`)];
      const { rejected } = await store.insert('DeviceImageLoadEvents', ndjson(...bad), 'all bad');
      expect(rejected.length).toBeGreaterThanOrEqual(20);
    });

    it('takes what is kept out of a batch that is spread over more days than are kept', async () => {
      const days = Array.from({ length: 200 }, (_, i) =>
        new Date(NOW.getTime() - i * 86_400_000).toISOString(),
      );
      const { rejected } = await store.insert(
        'DeviceEvents',
        ndjson(...days.map((Timestamp, i) => row({ Timestamp, ReportId: i }))),
        'many days',
      );
      expect(rejected.map((bad) => bad.line)).toEqual(days.map((_, i) => i + 1).filter((line) => line > 31));
      expect(rejected[0]?.reason).toContain('30 days');
      expect(await values('SELECT count() FROM DeviceEvents')).toEqual([31]);
    });

    it('knows no table but those of contract', async () => {
      await expect(store.insert('system.users', ndjson(row({})), 't')).rejects.toThrow(EventStoreSchemaError);
      await expect(store.insert('schema_migrations', ndjson(row({})), 't')).rejects.toThrow(
        EventStoreSchemaError,
      );
    });
  });

  describe('retention', () => {
    it('drops whole days that lie before it, and nothing else', async () => {
      const at = (Timestamp: string) => row({ Timestamp });
      const days = [
        '2026-11-24T10:00:00Z',
        '2026-10-25T00:00:00Z',
        '2026-10-24T23:59:59.9999999Z',
        '2026-09-01T00:00:00Z',
      ];
      await store.insert('DeviceRegistryEvents', ndjson(...days.map(at)), 'days');
      await store.insert(
        'AlertInfo',
        Buffer.from(
          `${at('2026-09-01T00:00:00Z')
            .replace(/"DeviceId":"d+",?/, '')
            .replace(',}', '}')}\n`,
        ),
        'days',
      );
      expect(await store.dropExpired(NOW)).toEqual([
        'AlertInfo/20260901',
        'DeviceRegistryEvents/20260901',
        'DeviceRegistryEvents/20261024',
      ]);
      expect(await store.dropExpired(NOW)).toEqual([]);
      expect(await values('SELECT toString(toDate(Timestamp)) FROM DeviceRegistryEvents ORDER BY 1')).toEqual(
        ['2026-10-25', '2026-11-24'],
      );
    });
  });

  describe('query', () => {
    it('binds parameters, whatever they hold', async () => {
      const nasty = "'; DROP TABLE x; -- \\ \n\t\0 {a:String} 💾";
      const { rows } = await query(
        'SELECT {text:String}, {list:Array(String)}, {n:Int64}, {big:Int64}, {b:Bool}, {x:Float64}, {none:Nullable(String)}, {nl:Array(Nullable(Int64))}',
        {
          parameters: {
            text: nasty,
            list: [nasty, ''],
            n: -5,
            big: 2n ** 62n,
            b: true,
            x: -1.5,
            none: null,
            nl: [1, null],
          },
        },
      );
      expect(rows).toEqual([[nasty, [nasty, ''], -5, '4611686018427387904', true, -1.5, null, ['1', null]]]);
    });

    it('takes parameters longer than any address', async () => {
      const list = Array.from({ length: 20_000 }, (_, i) => `sha256-of-something-${i}`);
      const { rows } = await query(
        'SELECT length({list:Array(String)}) AS a, {list:Array(String)}[20000] AS b',
        {
          parameters: { list },
        },
      );
      expect(rows).toEqual([[20_000, 'sha256-of-something-19999']]);
    });

    it('tells what it cost', async () => {
      const { stats } = await query('SELECT uniqExact(number) FROM numbers(2000000)');
      expect(stats.rowsRead).toBe(2_000_000);
      expect(stats.bytesRead).toBe(16_000_000);
      expect(stats.peakMemoryBytes).toBeGreaterThan(1_000_000);
    });

    it('stops at each cap, says which, and leaves nothing running', async () => {
      const endless = 'SELECT number FROM system.numbers';
      const rows = query(endless.replace('system.numbers', 'numbers(1000000000)'), {
        queryId: 'cap-rows',
        maxRows: 1_000,
      });
      await expect(rows).rejects.toMatchObject({ name: 'QueryTooLarge', cap: 'rows', limit: 1_000 });
      const bytes = query("SELECT repeat('x', 1000) FROM numbers(1000000000)", {
        queryId: 'cap-bytes',
        maxRows: 1e9,
        maxBytes: 100_000,
      });
      await expect(bytes).rejects.toMatchObject({ name: 'QueryTooLarge', cap: 'bytes', limit: 100_000 });
      const seconds = query('SELECT max(sipHash64(number)) FROM numbers(1000000000000)', {
        queryId: 'cap-time',
        maxSeconds: 1,
      });
      await expect(seconds).rejects.toThrow(QueryTimeout);
      const memory = query('SELECT length(groupArray(number)) FROM numbers(1000000000)', {
        queryId: 'cap-memory',
        maxMemoryBytes: 50_000_000,
      });
      await expect(memory).rejects.toThrow(QueryMemory);
      await isOver('cap-rows', 'cap-bytes', 'cap-time', 'cap-memory');
    });

    it('holds to the time also when the rows flow slowly', async () => {
      const slow = query(
        'SELECT number, sleepEachRow(0.05) FROM numbers(100000) SETTINGS max_block_size = 4',
        {
          queryId: 'slow',
          maxSeconds: 1,
          maxRows: 1e9,
        },
      );
      await expect(slow).rejects.toThrow(QueryTimeout);
      await isOver('slow');
    });

    it('is ended for real by its signal', async () => {
      const abort = new AbortController();
      const running = query('SELECT max(sipHash64(number)) FROM numbers(1000000000000)', {
        queryId: 'to-cancel',
        signal: abort.signal,
      });
      const ended = expect(running).rejects.toThrow(QueryCancelled);
      await runs('to-cancel');
      abort.abort();
      await ended;
      await isOver('to-cancel');
      await expect(query('SELECT 1', { signal: abort.signal })).rejects.toThrow(QueryCancelled);
    });

    it('is ended however early its signal comes', async () => {
      const ids = Array.from({ length: 12 }, (_, i) => `early-${i}`);
      const outcomes = ids.map(async (queryId, i) => {
        const abort = new AbortController();
        const ended = query('SELECT max(sipHash64(number)) FROM numbers(1000000000000)', {
          queryId,
          signal: abort.signal,
        }).catch((error: unknown) => error);
        await delay(i * 2);
        abort.abort();
        return ended;
      });
      for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(QueryCancelled);
      await isOver(...ids);
    });

    it('hands its rows on as they come, and is ended by whoever refuses them', async () => {
      const request = {
        parameters: {},
        maxSeconds: 30,
        maxRows: 1e9,
        maxBytes: 1e12,
        maxMemoryBytes: 500_000_000,
      };
      const seen: number[] = [];
      const stats = await store.stream(
        { ...request, sql: 'SELECT number FROM numbers(300000)', queryId: 'flowing' },
        async (rows) => {
          for (const [value] of rows) seen.push(Number(value));
          await delay(0);
        },
      );
      expect(seen).toEqual(Array.from({ length: 300_000 }, (_, i) => i));
      expect(stats.rowsRead).toBe(300_000);
      const refused = store.stream(
        { ...request, sql: "SELECT repeat('x', 1000) FROM numbers(1000000000)", queryId: 'refused' },
        () => Promise.reject(new RangeError('enough')),
      );
      await expect(refused).rejects.toThrow(RangeError);
      await isOver('refused');
    });

    it('is ended by its id', async () => {
      const running = query('SELECT max(sipHash64(number)) FROM numbers(1000000000000)', {
        queryId: 'to-kill',
      });
      const ended = expect(running).rejects.toThrow(QueryCancelled);
      await runs('to-kill');
      await store.kill('to-kill');
      await ended;
      await store.kill('never there');
    });

    it('reports an error that comes after the first rows', async () => {
      const late = query("SELECT throwIf(number = 400000, 'too late') FROM numbers(1000000)", {
        maxRows: 1e9,
        maxBytes: 1e9,
      });
      await expect(late).rejects.toMatchObject({ name: 'QueryFailed', code: 395 });
    });

    it('is not put off by the figures of a limited result', async () => {
      const { rows } = await query('SELECT number FROM numbers(100000) ORDER BY number DESC LIMIT 2');
      expect(rows).toEqual([[99_999], [99_998]]);
    });

    it('takes no format but its own', async () => {
      await expect(query('SELECT 1 FORMAT CSV')).rejects.toThrow(QueryFailed);
    });
  });

  describe('the reader', () => {
    it.each([
      ['other data', 'SELECT * FROM system.users'],
      ['what others ask', 'SELECT * FROM system.processes'],
      ['the list of tables of others', 'SELECT * FROM information_schema.tables'],
      ['files', "SELECT * FROM file('users.xml', 'LineAsString', 'l String')"],
      ['addresses', "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')"],
      ['other servers', "SELECT * FROM remote('127.0.0.1', 'system.one')"],
      ['buckets', "SELECT * FROM s3('http://127.0.0.1:1/bucket/x.csv', 'CSV', 'a String')"],
      ['programs', "SELECT * FROM executable('x.sh', 'CSV', 'a String')"],
      ['other databases', "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')"],
      ['writing', "INSERT INTO DeviceScope SELECT TenantId, 'x', 'y', now() FROM DeviceScope"],
      ['dropping', 'DROP TABLE DeviceScope'],
      ['deleting', 'ALTER TABLE DeviceScope DELETE WHERE 1'],
      ['making tables', 'CREATE TABLE x (a Int8) ENGINE = Memory'],
      ['making functions', 'CREATE FUNCTION f AS (a) -> a'],
      ['making accounts', "CREATE USER u IDENTIFIED BY 'x'"],
      ['ending queries of others', 'KILL QUERY WHERE 1'],
      ['the server', 'SYSTEM STOP MERGES'],
      ['backups', "BACKUP TABLE DeviceScope TO File('x')"],
      ['output files', "SELECT 1 INTO OUTFILE 'x'"],
      ['writing rights', 'SELECT 1 SETTINGS readonly = 0'],
      ['more memory', 'SELECT 1 SETTINGS max_memory_usage = 0'],
      ['much more memory', 'SELECT 1 SETTINGS max_memory_usage = 100000000000000'],
      ['all the time', 'SELECT 1 SETTINGS max_execution_time = 0'],
      ['the stack', 'SELECT addressToSymbol(1) SETTINGS allow_introspection_functions = 1'],
    ])('does not get %s', async (_, sql) => {
      await expect(query(sql)).rejects.toThrow(QueryFailed);
    });
  });

  async function observer<T>(look: (client: ClickHouseClient) => Promise<T>): Promise<T> {
    const connection = side === 'by URL' ? server.connection : ownConnection(dir);
    const client = connect(connection, connection.writer, { connections: 1 });
    try {
      return await look(client);
    } finally {
      await client.close();
    }
  }
  async function running(): Promise<string[]> {
    return observer(async (client) => {
      const result = await client.query({
        query: 'SELECT query_id FROM system.processes',
        format: 'JSONEachRow',
      });
      return (await result.json<{ query_id: string }>()).map((process) => process.query_id);
    });
  }
  async function runs(queryId: string): Promise<void> {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(20)) {
      if ((await running()).includes(queryId)) return;
    }
    throw new Error(`${queryId} does not run`);
  }
  async function isOver(...queryIds: string[]): Promise<void> {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(50)) {
      const ids = await running();
      if (!queryIds.some((id) => ids.includes(id))) return;
    }
    throw new Error(`still runs: ${(await running()).join(', ')}`);
  }
});

describe('a server by URL', () => {
  const options = () => ({ dir: tmpdir(), log: silentLog, now });
  const stores: EventStore[] = [];
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  it('says what is wrong when it cannot be reached or does not know us', async () => {
    await expect(openEventStore({ ...options(), url: 'http://127.0.0.1:1/merlon' })).rejects.toThrow();
    const stranger = new URL(server.url);
    stranger.password = 'wrong';
    await expect(openEventStore({ ...options(), url: stranger.href })).rejects.toThrow(
      /Authentication failed/,
    );
  });

  it('names the statements an administrator has to run when the reader is missing', async () => {
    const client = connect(server.connection, server.connection.writer, { connections: 1 });
    const account = { name: 'merlon_reader', password: 'x' };
    for (const statement of accountStatements(account, 'merlon', { maxSeconds: 600, maxMemoryBytes: 1e9 })) {
      const parsed = await client.query({
        query: 'SELECT formatQuery({statement:String})',
        query_params: { statement },
      });
      await expect(parsed.text()).resolves.toMatch(/merlon_reader/);
    }
    await client.close();
  });
});

describe('migration', () => {
  let fresh: TestServer;
  beforeAll(async () => {
    fresh = await startTestServer();
  });
  afterAll(() => fresh.stop());

  it('by three servers at once leaves one whole schema', async () => {
    const opened = await Promise.all(
      [1, 2, 3].map(() => openEventStore({ url: fresh.url, dir: tmpdir(), log: silentLog })),
    );
    for (const store of opened) {
      expect(await store.sizes()).toHaveLength(huntingTables.length);
      await store.close();
    }
    await withWriter(async (client) =>
      expect(await migrate(client, 'merlon', { log: silentLog })).toEqual([]),
    );
  });

  it('adds what contract gained, to tables with rows in them, twice at once, and writes it down', async () => {
    const layout = huntingLayout(huntingTables.find((table) => table.name === 'DeviceInfo') ?? fail());
    const grown = {
      ...layout,
      columns: [...layout.columns, { name: 'Novelty', type: 'Nullable(Int64)' }],
      indexes: [
        ...layout.indexes,
        { name: 'words_Model', definition: "lower(`Model`) TYPE text(tokenizer = 'splitByNonAlpha')" },
      ],
    };
    const store = await openEventStore({ url: fresh.url, dir: tmpdir(), log: silentLog });
    await store.insert('DeviceInfo', ndjson(row({ Model: 'old' })), 'before');
    await withWriter(async (client) => {
      await Promise.all([1, 2].map(() => migrate(client, 'merlon', { log: silentLog, layouts: [grown] })));
      expect(await migrate(client, 'merlon', { log: silentLog, layouts: [grown] })).toEqual([]);
    });
    const ask = (sql: string) =>
      store.query({
        sql,
        parameters: {},
        queryId: randomUUID(),
        maxSeconds: 9,
        maxRows: 9,
        maxBytes: 1e4,
        maxMemoryBytes: 1e8,
      });
    expect((await ask('SELECT Model, Novelty FROM DeviceInfo')).rows).toEqual([['old', null]]);
    const recorded =
      "SELECT count() > 0 FROM schema_migrations WHERE Statement LIKE '%ADD COLUMN IF NOT EXISTS `Novelty`%'";
    expect((await ask(recorded)).rows).toEqual([[1]]);
    await store.close();
  });

  it('opens on a data folder of an older layout and keeps what is in it, found by its words too', async () => {
    const layout = { ...huntingLayout(huntingTable('DeviceNetworkEvents') ?? fail()), name: 'Older' };
    const older = {
      ...layout,
      columns: layout.columns.map(({ name, type }) => ({
        name,
        type:
          name === 'RemoteUrl' ? 'LowCardinality(String)' : name === 'LocalPort' ? 'Nullable(Int16)' : type,
      })),
    };
    await withWriter(async (client) => {
      await migrate(client, 'merlon', { log: silentLog, layouts: [older] });
      await client.command({
        query: `INSERT INTO merlon.Older (TenantId, Timestamp, RemoteUrl, LocalPort) SELECT '${TENANT}', now64(7), 'site' || toString(number) || '.example', number FROM numbers(3000)`,
      });
      await migrate(client, 'merlon', { log: silentLog, layouts: [layout] });
      expect(await migrate(client, 'merlon', { log: silentLog, layouts: [layout] })).toEqual([]);
      const ask = async (query: string) => (await client.query({ query, format: 'JSONEachRow' })).json();
      expect(
        await ask(
          "SELECT count() AS n, toString(sum(LocalPort)) AS ports, countIf(hasToken(lower(RemoteUrl), 'site7')) AS found, any(toTypeName(RemoteUrl)) AS type FROM merlon.Older",
        ),
      ).toEqual([{ n: 3000, ports: '4498500', found: 1, type: 'String' }]);
    });
  });

  it('refuses to open on a table whose column has another type', async () => {
    await withWriter(async (client) => {
      await client.command({
        query: 'CREATE TABLE merlon.Odd (Timestamp String) ENGINE = MergeTree ORDER BY ()',
      });
      const odd = { ...huntingLayout(huntingTables[0] ?? fail()), name: 'Odd' };
      await expect(migrate(client, 'merlon', { log: silentLog, layouts: [odd] })).rejects.toThrow(
        EventStoreSchemaError,
      );
    });
  });

  async function withWriter<T>(work: (client: ClickHouseClient) => Promise<T>): Promise<T> {
    const client = connect(fresh.connection, fresh.connection.writer, { connections: 2 });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }
});

it('a store that is gone is unavailable, which may be retried', async () => {
  const gone = await startTestServer();
  const store = await openEventStore({ url: gone.url, dir: tmpdir(), log: silentLog });
  await gone.stop();
  const request = {
    sql: 'SELECT 1',
    parameters: {},
    queryId: 'q',
    maxSeconds: 9,
    maxRows: 9,
    maxBytes: 99,
    maxMemoryBytes: 1e8,
  };
  await expect(store.query(request)).rejects.toThrow(EventStoreUnavailable);
  await expect(store.insert('DeviceInfo', ndjson(row({})), 't')).rejects.toMatchObject({ retriable: true });
  await store.close();
});

function fail(): never {
  throw new Error('contract lost a table');
}
