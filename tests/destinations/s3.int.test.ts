/** The store is moto's server, which verifies signatures and policies; what was written is read by DuckDB. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { openContext, record, signal } from '@merlon/destinations/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { destinationKind } from '../support/destination-kind.ts';
import { type S3Store, startS3Store } from '../support/s3-store.ts';

const s3 = destinationKind('s3');

let store: S3Store;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-s3-'));
  store = await startS3Store();
}, 300_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await store?.stop();
});

const open = (more: object = {}) =>
  s3.open(
    { bucket: store.bucket, url: store.url, allowHttp: true, ...store.owner, ...more },
    { ...openContext(), now: Date.now },
  );

/** Lays the objects out as files and asks DuckDB, that sees the folders as columns. */
async function query(prefix: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  for (const name of await store.list(prefix)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), await store.get(name));
  }
  const database = await DuckDBInstance.create();
  const connection = await database.connect();
  const files = `read_parquet('${join(folder, prefix)}/**/*.parquet', hive_partitioning = true, union_by_name = true)`;
  const rows = (await connection.runAndReadAll(sql.replace('FILES', files))).getRowObjectsJson();
  connection.closeSync();
  database.closeSync();
  return rows;
}

describe('an S3-compatible store', () => {
  it('gets one Parquet file for each table and hour, that reads back row for row', async () => {
    const destination = await open({ prefix: 'rows' });
    const hostile = 'C:\\x "y" \u0000 \u2028 ünï😀\r\n</Key>';
    const records = [
      record(1, { FileName: hostile, ProcessId: 4, FileSize: '9007199254740993' }),
      record(2, {
        FileName: '',
        AdditionalFields: { a: [1, null] },
        ProcessCreationTime: '2026-11-25T00:00:00.0000001Z',
      }),
      record(3, { RemotePort: 443, MachineGroup: 'Servers' }, 'DeviceNetworkEvents'),
      { ...record(4), time: '2026-11-25T15:00:00.0000000Z' },
    ];
    await destination.deliver(records, signal());
    await destination.deliver(records, signal());
    const names = await store.list('rows/');
    expect(names).toEqual([
      expect.stringMatching(
        /^rows\/table=DeviceNetworkEvents\/date=2026-11-25\/hour=14\/20261125T140003\.1234567Z-[0-9a-f]{24}\.parquet$/,
      ),
      expect.stringMatching(/^rows\/table=DeviceProcessEvents\/date=2026-11-25\/hour=14\/.*\.parquet$/),
      expect.stringMatching(/^rows\/table=DeviceProcessEvents\/date=2026-11-25\/hour=15\/.*\.parquet$/),
    ]);
    const rows = await query(
      'rows',
      `SELECT RecordId, "table", hour, Timestamp::VARCHAR AS at, ReceivedTime::VARCHAR AS received, TenantId, DeviceId, ReportId,
         FileName, FileSize, ProcessId, AdditionalFields, ProcessCreationTime::VARCHAR AS created, RemotePort, MachineGroup
       FROM FILES ORDER BY ReportId`,
    );
    const whole = (n: number) => JSON.parse(record(n).json) as { tenantId: string };
    expect(rows).toEqual([
      expect.objectContaining({
        RecordId: records[0]?.id,
        table: 'DeviceProcessEvents',
        hour: '14',
        at: expect.stringContaining('2026-11-25 14:00:01.1234567'),
        received: expect.stringContaining('2026-11-25 14:00:01.1234567'),
        TenantId: whole(1).tenantId,
        DeviceId: records[0]?.key,
        ReportId: '1',
        FileName: hostile,
        FileSize: '9007199254740993',
        ProcessId: '4',
        AdditionalFields: null,
        RemotePort: null,
      }),
      expect.objectContaining({
        FileName: '',
        AdditionalFields: '{"a":[1,null]}',
        created: expect.stringContaining('2026-11-25 00:00:00.0000001'),
      }),
      expect.objectContaining({ table: 'DeviceNetworkEvents', RemotePort: 443, MachineGroup: 'Servers' }),
      expect.objectContaining({ hour: '15', received: expect.stringContaining('15:00:00') }),
    ]);
    await destination.close();
  });

  it('gets times with their zone in microseconds, for Spark', async () => {
    const destination = await open({ prefix: 'micro', timestamps: 'microseconds' });
    await destination.deliver([record(1)], signal());
    expect(
      await query('micro', 'SELECT typeof(Timestamp) AS type, epoch_us(Timestamp)::VARCHAR AS at FROM FILES'),
    ).toEqual([
      { type: 'TIMESTAMP WITH TIME ZONE', at: String(Date.UTC(2026, 10, 25, 14, 0, 1) * 1_000 + 123_456) },
    ]);
    await destination.close();
  });

  it('gets lines of JSON', async () => {
    for (const [compression, extension] of [
      ['gzip', '.ndjson.gz'],
      ['none', '.ndjson'],
    ] as const) {
      const destination = await open({ prefix: compression, format: 'ndjson', compression });
      const records = [record(1, { FileName: 'a\nb' }), record(2)];
      await destination.deliver(records, signal());
      const [name = ''] = await store.list(`${compression}/`);
      expect(name.endsWith(extension)).toBe(true);
      const bytes = await store.get(name);
      expect((compression === 'gzip' ? gunzipSync(bytes) : Buffer.from(bytes)).toString()).toBe(
        records.map(({ json }) => `${json}\n`).join(''),
      );
      await destination.close();
    }
  });

  it('is tried without leaving anything', async () => {
    const destination = await open({ prefix: 'probe' });
    await destination.probe(signal());
    expect(await store.list('probe/')).toEqual([]);
    await destination.close();
  });

  it.each([
    ['credentials', () => ({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE' })],
    ['credentials', () => ({ secretAccessKey: 'hush-hush' })],
    ['forbidden', () => ({ ...store.stranger })],
    ['missing', () => ({ bucket: 'nowhere' })],
  ] as const)('says %s', async (fault, more) => {
    const destination = await open(more());
    for (const attempt of [
      () => destination.deliver([record(1)], signal()),
      () => destination.probe(signal()),
    ]) {
      const failure = await attempt().catch((error: unknown) => error);
      expect(failure).toMatchObject({ fault });
      expect(String(failure)).not.toContain('hush');
    }
    await destination.close();
  });

  it.each([
    [{ FileName: { a: 1 }, ProcessId: 'x' }, /ProcessId that is no long/],
    [{ Nonsense: 1 }, /column Nonsense/],
    [{ ProcessCreationTime: 'yesterday' }, /no datetime/],
  ])('does not take %j', async (more, message) => {
    const destination = await open();
    const failure = await destination.deliver([record(1, more)], signal()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault: 'refused', message: expect.stringMatching(message) });
    await destination.close();
  });
});
