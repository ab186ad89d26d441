/** What the engine folds as rows come in, against a slow fold of the same rows: in any order, with repeats, within any scope, after a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connect } from './connection.ts';
import { ENTITY_FEEDS, ENTITY_LAYOUTS } from './entity-layout.ts';
import { type EventStore, openEventStore, type Profiles, profilesOf } from './index.ts';
import { migrate } from './migrate.ts';
import { enginePid, ownConnection, silentLog } from './testing.ts';

const TENANT = '11111111-2222-3333-4444-555555555555';
const OTHER = '99999999-2222-3333-4444-555555555555';
const NOW = new Date('2026-11-24T12:00:00Z');
const all = { tenantId: TENANT, deviceGroups: 'all' } as const;
const since = new Date('2026-11-20T00:00:00Z');

type Client = ReturnType<typeof connect>;

interface Row extends Record<string, unknown> {
  readonly Timestamp: string;
  readonly DeviceId: string;
}

/** A small generator of our own, so that every run draws the same. */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const draw = drawing(7);
const devices = Array.from({ length: 6 }, (_, i) => String(i).repeat(40));
const hashes = Array.from({ length: 5 }, (_, i) => `${'ABCDE'[i]}`.repeat(40));
const time = () => {
  const at = new Date(NOW.getTime() - draw(8 * 86_400_000));
  return `${at.toISOString().slice(0, -1)}0000Z`;
};
const base = () => ({ Timestamp: time(), DeviceId: devices[draw(devices.length)] ?? '' });
const rows: Record<string, Row[]> = {
  DeviceProcessEvents: Array.from({ length: 300 }, () => ({
    ...base(),
    ActionType: 'ProcessCreated',
    SHA1: hashes[draw(hashes.length)],
    SHA256: '',
    FileName: `tool${draw(4)}.exe`,
    FileSize: 100 + draw(3),
  })),
  DeviceFileEvents: Array.from({ length: 200 }, () => {
    const hash = hashes[draw(hashes.length)] ?? '';
    return {
      ...base(),
      ActionType: 'FileCreated',
      SHA1: hash.toLowerCase(),
      SHA256: (hash[0] ?? '').repeat(64),
      FileName: `copy${draw(3)}.bin`,
      FileSize: 50,
    };
  }),
  DeviceNetworkEvents: Array.from({ length: 300 }, () => ({
    ...base(),
    ActionType: 'ConnectionSuccess',
    RemoteIP: ['10.9.8.7', '::ffff:10.9.8.7', '2001:DB8::1', 'junk'][draw(4)],
    RemoteUrl: ['https://Bad.Example:8443/x?y', 'bad.example', 'u@other.example/path', '10.1.1.1', ''][
      draw(5)
    ],
    LocalIP: '192.168.0.5',
  })),
  DeviceLogonEvents: Array.from({ length: 200 }, () => ({
    ...base(),
    ActionType: draw(4) === 0 ? 'LogonFailed' : 'LogonSuccess',
    AccountName: ['Ann', 'ann', 'bob'][draw(3)],
    AccountDomain: 'CONTOSO',
    AccountSid: 'S-1-5-21-1',
    LogonType: ['Interactive', 'Network', 'RemoteInteractive'][draw(3)],
  })),
};

let dir: string;
let store: EventStore;
let profiles: Profiles;
const open = async () => {
  store = await openEventStore({ dir, now: () => NOW, log: silentLog });
  profiles = profilesOf(store);
};
const insert = (table: string, some: readonly Row[], token: string, tenant = TENANT) =>
  store.insert(
    table,
    Buffer.from(
      some
        .map((row) => JSON.stringify({ TenantId: tenant, IngestionTime: NOW.toISOString(), ...row }))
        .join('\n'),
    ),
    token,
  );

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-entities-'));
  await open();
  for (const [table, list] of Object.entries(rows)) {
    const shuffled = [...list].sort(() => draw(3) - 1);
    for (let at = 0; at < shuffled.length; at += 40)
      await insert(table, shuffled.slice(at, at + 40), `${table}${at}`);
    // The same batch under its token, and rows of it under another.
    await insert(table, shuffled.slice(0, 40), `${table}0`);
    await insert(table, shuffled.slice(20, 70), `${table}again`);
    await insert(table, list.slice(0, 5), `${table}other`, OTHER);
  }
  await store.assignDeviceGroups(
    TENANT,
    devices.map((deviceId, i) => ({ deviceId, deviceGroup: i < 2 ? 'one' : 'two' })),
  );
  await store.foldEntities();
});
afterAll(async () => {
  await store?.close();
  rmSync(dir, { recursive: true, force: true });
});

const scopes = [
  [all, devices],
  [{ tenantId: TENANT, deviceGroups: ['one'] }, devices.slice(0, 2)],
  [{ tenantId: TENANT, deviceGroups: [] }, []],
] as const;
const of = (table: string, within: readonly string[], is: (row: Row) => boolean) =>
  (rows[table] ?? []).filter((row) => within.includes(row.DeviceId) && is(row));
function seenIn(list: readonly Row[]) {
  if (list.length === 0) return null;
  const times = list.map((row) => row.Timestamp).sort();
  const late = list.filter((row) => row.Timestamp >= since.toISOString());
  return {
    firstSeen: times[0],
    lastSeen: times.at(-1),
    devices: new Set(late.map((row) => row.DeviceId)).size,
  };
}

async function holds() {
  for (const [scope, within] of scopes) {
    for (const hash of hashes) {
      const list = [
        ...of('DeviceProcessEvents', within, (row) => row.SHA1 === hash),
        ...of('DeviceFileEvents', within, (row) => row.SHA1 === hash.toLowerCase()),
      ];
      const found = await profiles.file(scope, { kind: 'sha1', value: hash.toLowerCase() }, since);
      if (list.length === 0) {
        expect(found).toBeNull();
        continue;
      }
      const counts = new Map<string, Set<string>>();
      for (const row of list) {
        const known = counts.get(String(row.FileName)) ?? new Set();
        counts.set(String(row.FileName), known.add(row.DeviceId));
      }
      const names = [...counts].sort(([a, x], [b, y]) => y.size - x.size || (a < b ? -1 : 1));
      expect(found).toEqual({
        ...seenIn(list),
        sha1: hash.toLowerCase(),
        sha256: (hash[0] ?? '').toLowerCase().repeat(64),
        md5: '',
        size: Math.max(...list.map((row) => Number(row.FileSize))),
        names: names.map(([name]) => name).slice(0, 10),
        company: '',
        product: '',
        isPortableExecutable: true,
        signature: null,
      });
      expect(await profiles.file(scope, { kind: 'sha256', value: found?.sha256 ?? '' }, since)).toEqual(
        found,
      );
      expect((await profiles.devices(scope, { kind: 'file', sha1: hash.toLowerCase() }, 100)).sort()).toEqual(
        [...new Set(list.map((row) => row.DeviceId))].sort(),
      );
    }
    for (const [address, spellings] of [
      ['10.9.8.7', ['10.9.8.7', '::ffff:10.9.8.7']],
      ['2001:db8:0::1', ['2001:DB8::1']],
    ] as const)
      expect(await profiles.address(scope, address, since)).toEqual(
        seenIn(of('DeviceNetworkEvents', within, (row) => spellings.some((one) => one === row.RemoteIP))),
      );
    expect(await profiles.domain(scope, 'bad.example', since)).toEqual(
      seenIn(of('DeviceNetworkEvents', within, (row) => /bad\.example/i.test(String(row.RemoteUrl)))),
    );
    expect(await profiles.domain(scope, '10.1.1.1', since)).toBeNull();
    for (const name of ['ann', 'bob']) {
      const list = of(
        'DeviceLogonEvents',
        within,
        (row) => String(row.AccountName).toLowerCase() === name && row.ActionType === 'LogonSuccess',
      );
      const found = await profiles.account(scope, name.toUpperCase(), null);
      if (list.length === 0) {
        expect(found).toBeNull();
        continue;
      }
      const usage = [...new Set(list.map((row) => row.DeviceId))].map((id) => {
        const mine = list.filter((row) => row.DeviceId === id);
        return {
          id,
          hours: new Set(mine.map((row) => row.Timestamp.slice(0, 13))).size,
          last:
            mine
              .map((row) => row.Timestamp)
              .sort()
              .at(-1) ?? '',
        };
      });
      usage.sort((a, b) => a.hours - b.hours || (a.last < b.last ? -1 : 1));
      expect(found).toMatchObject({
        firstSeen: seenIn(list)?.firstSeen,
        lastSeen: seenIn(list)?.lastSeen,
        devices: usage.length,
        logonTypes: [...new Set(list.map((row) => row.LogonType))].sort(),
        mostUsedDevice: usage.at(-1)?.id,
        leastUsedDevice: usage[0]?.id,
      });
    }
  }
}

it('is what a slow fold of the same rows gives, in every scope', holds);

it('gives each who asks at the same time the answer to what he asked', async () => {
  const since = new Date(NOW.getTime() - 3 * 86_400_000);
  const asked = ['10.9.8.7', '::ffff:10.9.8.7', '2001:db8::1', '2001:DB8:0::1', 'no address', '203.0.113.9'];
  const alone: unknown[] = [];
  for (const address of asked) alone.push(await profiles.address(all, address, since));
  const one = { tenantId: all.tenantId, deviceGroups: ['no such group'] };
  const [together, elsewhere] = await Promise.all([
    Promise.all(asked.map((address) => profiles.address(all, address, since))),
    Promise.all(asked.map((address) => profiles.address(one, address, since))),
  ]);
  expect(together).toEqual(alone);
  expect(alone.filter(Boolean)).toHaveLength(4);
  expect(elsewhere.filter(Boolean)).toHaveLength(0);
  const people = ['ann', 'ANN', 'Bob', 'nobody'];
  const found = await Promise.all(people.map((name) => profiles.account(all, name, null)));
  expect(found.map((account) => account?.name.toLowerCase() ?? null)).toEqual(['ann', 'ann', 'bob', null]);
});

it('finds devices by the address they had within a quarter of an hour', async () => {
  const margin = 15 * 60_000;
  for (let i = 0; i < 40; i++) {
    const at = new Date(NOW.getTime() - draw(8 * 86_400_000));
    const near = of(
      'DeviceNetworkEvents',
      devices,
      (row) => Math.abs(Date.parse(row.Timestamp) - at.getTime()) <= margin,
    );
    expect(await profiles.devicesAt(all, '192.168.0.5', at, margin)).toEqual(
      [...new Set(near.map((row) => row.DeviceId))].sort(),
    );
  }
});

it('names the accounts of a device with their times on it', async () => {
  const device = devices[0] ?? '';
  const list = of('DeviceLogonEvents', [device], (row) => row.ActionType === 'LogonSuccess');
  const found = await profiles.accountsOf(all, device);
  expect(found.map((one) => one.name.toLowerCase()).sort()).toEqual(
    [...new Set(list.map((row) => String(row.AccountName).toLowerCase()))].sort(),
  );
  for (const one of found)
    expect(one.lastSeen).toBe(
      seenIn(list.filter((row) => String(row.AccountName).toLowerCase() === one.name.toLowerCase()))
        ?.lastSeen,
    );
});

it('is the same after a restart', async () => {
  await store.close();
  await open();
  await holds();
});

/** As the writer, past the store. */
async function onEngine<T>(work: (run: (sql: string) => Promise<void>, client: Client) => Promise<T>) {
  const connection = ownConnection(dir);
  const client = connect(connection, connection.writer, { connections: 1 });
  const run = async (query: string) => {
    await client.command({ query, clickhouse_settings: { mutations_sync: '2' } });
  };
  try {
    return await work(run, client);
  } finally {
    await client.close();
  }
}

it('folds once more what is stored when nothing tells how far it was folded, as after an upgrade from views', async () => {
  // The fold that waits since the start would otherwise come between what is taken away here.
  await store.foldEntities();
  await onEngine(async (run, client) => {
    expect(await migrate(client, 'merlon', { log: silentLog })).toEqual([]);
    await run(
      `CREATE MATERIALIZED VIEW merlon.feed_DomainSightings_1 TO merlon.DomainSightings AS
       SELECT TenantId, 'bad.example' AS Host, DeviceId, min(Timestamp) AS FirstSeen, max(Timestamp) AS LastSeen
       FROM merlon.DeviceNetworkEvents GROUP BY TenantId, DeviceId`,
    );
    for (const table of ['EntityProgress', ...ENTITY_LAYOUTS.map(({ name }) => name)])
      await run(`ALTER TABLE merlon.${table} DELETE WHERE 1`);
    expect(await migrate(client, 'merlon', { log: silentLog })).toEqual([
      'DROP VIEW IF EXISTS `merlon`.`feed_DomainSightings_1`',
    ]);
  });
  expect(await profiles.domain(all, 'bad.example', since)).toBeNull();
  await store.foldEntities();
  await holds();
});

it('folds rows that came since, also when their parts were merged with folded ones, and none twice', async () => {
  for (let turn = 0; turn < 4; turn++) {
    for (const table of ['DeviceFileEvents', 'DeviceNetworkEvents', 'DeviceLogonEvents']) {
      const known = rows[table] ?? [];
      const more = Array.from({ length: 20 }, () => ({ ...known[draw(known.length)], ...base() }));
      known.push(...more);
      await insert(table, more, `${table}turn${turn}`);
      if (turn % 2) await merged(table);
    }
    await store.foldEntities();
    await holds();
  }
  const before = await partsWritten();
  await store.foldEntities();
  expect(await partsWritten()).toEqual(before);
});

/** The rows of each day in one part, whose name has the number of a mutation at its end. */
const merged = (table: string) =>
  onEngine(async (run, client) => {
    await run(`ALTER TABLE merlon.${table} MODIFY SETTING min_age_to_force_merge_seconds = 1`);
    await vi.waitUntil(
      async () => {
        const found = await client.query({
          query: `SELECT partition_id FROM system.parts WHERE database = 'merlon' AND active AND table = {table:String}
                  GROUP BY partition_id HAVING count() > 1`,
          query_params: { table },
          format: 'JSONEachRow',
        });
        return (await found.json()).length === 0;
      },
      { timeout: 30_000, interval: 50 },
    );
    await run(`ALTER TABLE merlon.${table} UPDATE ReportId = 1 WHERE 1`);
  });

const partsWritten = () =>
  onEngine(async (_, client) => {
    const found = await client.query({
      query: `SELECT table, max(max_block_number) FROM system.parts
              WHERE database = 'merlon' AND table IN {tables:Array(String)} GROUP BY table ORDER BY table`,
      query_params: { tables: ['EntityProgress', ...ENTITY_LAYOUTS.map(({ name }) => name)] },
      format: 'JSONEachRow',
    });
    return found.json();
  });

it('leaves nothing out when the engine is killed while it folds', async () => {
  const table = 'DeviceFileEvents';
  const known = rows[table] ?? [];
  for (let turn = 0; turn < 6; turn++) {
    const more = Array.from({ length: 20 }, () => ({ ...known[draw(known.length)], ...base() }));
    known.push(...more);
    await insert(table, more, `${table}killed${turn}`);
    const folding = store.foldEntities().catch(() => {});
    // Before, in and after the statement, as it falls.
    await new Promise((resolve) => setTimeout(resolve, turn * 4));
    const victim = enginePid(dir);
    process.kill(victim, 'SIGKILL');
    await folding;
    await vi.waitUntil(() => answers(), { timeout: 20_000, interval: 50 });
  }
  await store.foldEntities();
  await holds();
});

const answers = () =>
  profiles.domain(all, 'bad.example', since).then(
    () => true,
    () => false,
  );

it('folds a day anew that went and came back', async () => {
  const table = 'DeviceLogonEvents';
  const day = '2026-11-18';
  const feed = ENTITY_FEEDS.find(({ into }) => into === 'AccountSightings');
  const gone = (row: Row) => row.Timestamp.startsWith(day);
  expect((rows[table] ?? []).some(gone)).toBe(true);
  await onEngine(async (run) => {
    await run(`ALTER TABLE merlon.${table} DROP PARTITION ID '${day.replaceAll('-', '')}'`);
    await run('ALTER TABLE merlon.AccountSightings DELETE WHERE 1');
    // What is folded of the day is beyond any block there will be, as it is when an empty table is numbered anew.
    await run(`ALTER TABLE merlon.EntityProgress DELETE WHERE Feed LIKE 'AccountSightings%'`);
    await run(`INSERT INTO merlon.EntityProgress SELECT '${feed?.name}', '20261118', 1000000, now()`);
  });
  const back = { ...base(), Timestamp: `${day}T10:00:00.0000000Z`, ActionType: 'LogonSuccess' };
  rows[table] = [
    ...(rows[table] ?? []).filter((row) => !gone(row)),
    { ...back, AccountName: 'bob', AccountDomain: 'CONTOSO', AccountSid: 'S-1-5-21-1', LogonType: 'Network' },
  ];
  await insert(table, rows[table].slice(-1), 'back');
  await store.foldEntities();
  await holds();
});

it('forgets what was last seen before the retention, with the events', async () => {
  const dropped = await store.dropExpired(new Date(NOW.getTime() + 26 * 86_400_000));
  expect(dropped).toContain('DeviceAddresses');
  for (const { Timestamp, DeviceId } of rows.DeviceNetworkEvents ?? []) {
    if (Timestamp >= '2026-11-20') continue;
    expect(await profiles.devicesAt(all, '192.168.0.5', new Date(Timestamp), 60_000)).not.toContain(DeviceId);
  }
});
