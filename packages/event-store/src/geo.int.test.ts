import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EventStore, openEventStore } from './index.ts';
import { silentLog, startTestServer, type TestServer } from './testing.ts';
import { ipv4Bits, ipv6Bits, writeMmdb } from './testing-mmdb.ts';

const place = (name: string) => ({
  country: { names: { en: name } },
  subdivisions: [{ names: { en: `${name} state` } }],
  city: { names: { en: `${name} city` } },
  location: { latitude: 1.5, longitude: -2.25 },
});

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-geo-'));
  const options = { recordBits: 28, ipVersion: 6 } as const;
  const networks = [
    { bits: ipv4Bits('1.2.3.0/24', 6), record: place('A') },
    { bits: ipv6Bits('2a03:2880:0:0:0:0:0:0/32'), record: place('B') },
  ];
  writeFileSync(join(dir, 'first.mmdb'), writeMmdb(networks, options));
  writeFileSync(
    join(dir, 'second.mmdb'),
    writeMmdb([{ bits: ipv4Bits('9.0.0.0/8', 6), record: { country: { names: { en: 'C' } } } }], options),
  );
  writeFileSync(join(dir, 'no.mmdb'), 'nothing');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function lookUp(store: EventStore, address: string): Promise<unknown> {
  const { rows } = await store.query({
    sql: `SELECT dictGet('merlon.GeoLocations', 'Bag', toUInt64(dictGet('merlon.GeoNetworks', 'Location', tuple(toIPv6({address:String})))))`,
    parameters: { address },
    queryId: `geo-${address}-${Math.random()}`,
    maxSeconds: 10,
    maxRows: 1,
    maxBytes: 10_000,
    maxMemoryBytes: 200_000_000,
  });
  const bag = rows[0]?.[0];
  return typeof bag === 'string' && bag !== '' ? JSON.parse(bag) : bag;
}

describe.each(['embedded', 'by URL'] as const)('the places of addresses, %s', (kind) => {
  let store: EventStore;
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = kind === 'by URL' ? await startTestServer() : undefined;
    store = await openEventStore({
      ...(server === undefined ? {} : { url: server.url }),
      dir: join(dir, kind.replace(' ', '')),
      log: silentLog,
    });
  }, 120_000);
  afterAll(async () => {
    await store.close();
    await server?.stop();
  });

  it('are found once a file is loaded, and those of another file in their stead', async () => {
    expect(await store.loadGeoDatabase(join(dir, 'first.mmdb'))).toMatchObject({
      type: 'Test-City',
      isNew: true,
    });
    expect(await lookUp(store, '1.2.3.4')).toEqual({
      country: 'A',
      state: 'A state',
      city: 'A city',
      latitude: 1.5,
      longitude: -2.25,
    });
    expect(await lookUp(store, '2a03:2880::5')).toMatchObject({ country: 'B' });
    expect(await lookUp(store, '10.0.0.1')).toBe('');
    expect(await store.loadGeoDatabase(join(dir, 'first.mmdb'))).toMatchObject({ isNew: false });
    expect(await lookUp(store, '1.2.3.4')).toMatchObject({ country: 'A' });

    expect(await store.loadGeoDatabase(join(dir, 'second.mmdb'))).toMatchObject({ isNew: true });
    expect(await lookUp(store, '1.2.3.4')).toBe('');
    expect(await lookUp(store, '9.9.9.9')).toEqual({
      country: 'C',
      state: '',
      city: '',
      latitude: null,
      longitude: null,
    });
  }, 120_000);

  it('stay when the file is no such file', async () => {
    await expect(store.loadGeoDatabase(join(dir, 'no.mmdb'))).rejects.toThrow('not a MaxMind DB file');
    expect(await lookUp(store, '9.9.9.9')).toMatchObject({ country: 'C' });
  });
});
