import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError } from './index.ts';
import { openTestEngine, type TestEngine } from './testing/engine.ts';
import { tenantA, tenantB } from './testing/fixtures.ts';

let engine: TestEngine;
const time = '2026-11-24T10:00:00Z';

/** Two tenants; in the first, three devices in two groups, one of which has changed groups. */
beforeAll(async () => {
  engine = openTestEngine([
    'DeviceInfo',
    'DeviceEvents',
    'AlertInfo',
    'AlertEvidence',
    'DeviceTvmSoftwareVulnerabilitiesKB',
  ]);
  engine.rows('print 1');
  const own = ['d1', 'd2', 'd3'].map((DeviceId) => ({ DeviceId, DeviceName: `own-${DeviceId}` }));
  const foreign = ['d1', 'x9'].map((DeviceId) => ({ TenantId: tenantB, DeviceId, DeviceName: 'foreign' }));
  for (const table of ['DeviceInfo', 'DeviceEvents']) {
    await engine.insert(
      table,
      [...own, ...foreign].map((row) => ({ Timestamp: time, ...row })),
    );
  }
  await engine.insert('AlertInfo', [
    { Timestamp: time, AlertId: 'a1', Title: 'own on d1' },
    { Timestamp: time, AlertId: 'a2', Title: 'own on d2' },
    { Timestamp: time, AlertId: 'a1', Title: 'foreign', TenantId: tenantB },
  ]);
  await engine.insert('AlertEvidence', [
    { Timestamp: time, AlertId: 'a1', DeviceId: 'd1', DeviceName: 'own-d1' },
    { Timestamp: time, AlertId: 'a2', DeviceId: 'd2', DeviceName: 'own-d2' },
    { Timestamp: time, AlertId: 'a1', DeviceId: 'x9', DeviceName: 'foreign', TenantId: tenantB },
  ]);
  const member = (DeviceId: string, DeviceGroup: string, Version: string, TenantId = tenantA) => ({
    TenantId,
    DeviceId,
    DeviceGroup,
    Version,
  });
  for (const row of [
    member('d1', 'Servers', '2026-11-01 00:00:00'),
    member('d2', 'Servers', '2026-11-01 00:00:00'),
    member('d2', 'Laptops', '2026-11-02 00:00:00'),
    member('x9', 'Servers', '2026-11-01 00:00:00', tenantB),
  ]) {
    engine.sql(
      `INSERT INTO merlon.DeviceScope SELECT '${row.TenantId}', '${row.DeviceId}', '${row.DeviceGroup}', '${row.Version}'`,
    );
  }
}, 120_000);
afterAll(() => engine.close());

const queries = [
  'DeviceInfo | project DeviceName',
  'union DeviceInfo, DeviceEvents | project DeviceName',
  'union DeviceInf*, DeviceEvent* | project DeviceName',
  'DeviceInfo | join kind=inner (DeviceEvents) on DeviceId | project DeviceName = DeviceName1',
  'DeviceInfo | join kind=fullouter (DeviceEvents) on DeviceId | project DeviceName = strcat(DeviceName, DeviceName1)',
  'DeviceInfo | join kind=rightouter (DeviceEvents) on DeviceId | project DeviceName = DeviceName1',
  'DeviceInfo | lookup (DeviceEvents | project DeviceId, Found = DeviceName) on DeviceId | project DeviceName = Found',
  'let T = DeviceInfo; let U = T; U | where TimeGenerated > ago(1d) | project DeviceName',
  'let DeviceId = "x9"; DeviceInfo | project DeviceName',
  'let m = materialize(DeviceInfo); m | union m | project DeviceName',
  'let f = (T:(DeviceName:string)) { T | union (DeviceEvents | project DeviceName) }; DeviceInfo | invoke f() | project DeviceName',
  'MachineInfo | project DeviceName = ComputerName',
  'table("DeviceInfo") | project DeviceName',
  'DeviceInfo | where DeviceName == "foreign" or 1 == 1 or DeviceName != "" // ) OR 1=1 --\n | project DeviceName',
  'DeviceInfo | where DeviceId in ((DeviceEvents | project DeviceId)) | project DeviceName',
  'DeviceInfo | summarize DeviceName = make_set(DeviceName) | mv-expand DeviceName to typeof(string)',
  'DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId | project DeviceName',
  'print DeviceName = toscalar(DeviceInfo | summarize strcat_array(make_list(DeviceName), " "))',
  'DeviceInfo | extend TenantId = "22222222-2222-2222-2222-222222222222" | where TenantId != "" | project DeviceName',
  'DeviceInfo | as X | join kind=inner (X) on DeviceId | project DeviceName',
  'AlertEvidence | project DeviceName',
  'search in (DeviceInfo, DeviceEvents) "own" | project DeviceName',
  'DeviceInfo | search "own" or "foreign" | project DeviceName',
  'find in (DeviceInfo, DeviceEvents) where DeviceName startswith "own" or DeviceName == "foreign" project DeviceName',
  'find in (DeviceInfo, AlertEvidence) where DeviceName != "" | project DeviceName = strcat(DeviceName, tostring(pack_))',
  'cluster("x").database("y").DeviceInfo | union database("z").DeviceEvents | project DeviceName',
  'DeviceInfo | project DeviceName, OSPlatform | evaluate narrow()',
  'DeviceInfo | project d = bag_pack(DeviceName, 1) | evaluate bag_unpack(d) | getschema',
  'DeviceInfo | project d = bag_pack("n", DeviceName) | evaluate bag_unpack(d)',
  'DeviceInfo | project DeviceName, OSPlatform | evaluate pivot(DeviceName) | getschema',
  'DeviceInfo | project ip = "1.2.3.4", DeviceId | evaluate ipv4_lookup((DeviceEvents | project n = "1.2.3.4", DeviceName), ip, n)',
  'DeviceInfo | mv-apply x = pack_array(DeviceName, "y") to typeof(string) on (where x != "y" | join kind=inner (DeviceEvents | project x = DeviceName) on x) | project x',
  'DeviceInfo | mv-apply x = pack_array(DeviceName) to typeof(string) on (where x == "none" | count) | project DeviceName',
  'DeviceInfo | partition by DeviceId (where DeviceName != "" | summarize n = count(), DeviceName = max(DeviceName))',
  'DeviceInfo | partition by DeviceId { DeviceEvents | where DeviceId == toscalar(DeviceId) | project DeviceName }',
  'DeviceInfo | top-nested 1 of DeviceId with others = "rest" by max(1), top-nested of DeviceName by max(1)',
  'DeviceInfo | make-series count() on Timestamp from ago(1d) to now() step 1h by DeviceName',
  'DeviceInfo | sort by DeviceName asc | scan declare (n:string) with (step a: true => n = DeviceName;) | project n',
  'DeviceInfo | parse DeviceName with "own-" d | project DeviceName',
  'let V = view () { DeviceInfo }; let W = view () { DeviceEvents }; union V, W | project DeviceName',
];

describe('another tenant', () => {
  it.each(queries)('stays out of sight: %s', (query) => {
    const found = JSON.stringify(engine.rows(query));
    expect(found).toContain('own-');
    expect(found).not.toContain('foreign');
  });

  it('is no part of a count either', () => {
    expect(engine.rows('union DeviceInfo, DeviceEvents | count')).toEqual([[6]]);
    expect(engine.rows('DeviceInfo | count', { scope: { tenantId: tenantB, deviceGroups: 'all' } })).toEqual([
      [2],
    ]);
  });
});

describe('devices of other groups', () => {
  const servers = { scope: { tenantId: tenantA, deviceGroups: ['Servers'] } };

  it.each(queries)('stay out of sight: %s', (query) => {
    const found = JSON.stringify(engine.rows(query, servers));
    expect(found).toContain('own-d1');
    expect(found).not.toMatch(/own-d[23]|foreign/);
  });

  it('are those of the newest entry', () => {
    const laptops = { scope: { tenantId: tenantA, deviceGroups: ['Laptops'] } };
    expect(engine.rows('DeviceInfo | project DeviceId', laptops)).toEqual([['d2']]);
    expect(engine.rows('DeviceInfo | count', { scope: { tenantId: tenantA, deviceGroups: [] } })).toEqual([
      [0],
    ]);
  });

  it('do not show through alerts', () => {
    expect(engine.rows('AlertInfo | project Title', servers)).toEqual([['own on d1']]);
    expect(engine.rows('AlertInfo | summarize count()')).toEqual([[2]]);
  });

  it('do not hide what is about no device', () => {
    expect(engine.rows('DeviceTvmSoftwareVulnerabilitiesKB | count', servers)).toEqual([[0]]);
  });
});

describe('texts that look like SQL', () => {
  it.each([
    "a'; DROP TABLE merlon.DeviceInfo; --",
    '`x`',
    '{p0:String}',
    '\\',
    "\\'",
    '\\\\',
    '\0',
    '\n\t',
    '😀é',
    '%_',
    '*/ OR 1=1',
  ])('%j come back as they went', (text) => {
    expect(engine.rows(`print x = ${JSON.stringify(text)}`)).toEqual([[text]]);
    expect(
      engine.rows(
        `datatable(s:string)[${JSON.stringify(text)}] | where s in (${JSON.stringify(text)}, "b") and s == ${JSON.stringify(text)} and s contains ${JSON.stringify(text)}`,
      ),
    ).toEqual([[text]]);
    expect(
      engine.rows(
        `print x = dynamic([${JSON.stringify(text)}]) | project y = tostring(x[0]), z = array_length(x)`,
      ),
    ).toEqual([[text, 1]]);
  });

  it('do not name columns in SQL', () => {
    expect(engine.query('print ["a`b\'c"] = 1 | extend ["x y"] = ["a`b\'c"] + 1')).toEqual([
      { "a`b'c": 1, 'x y': 2 },
    ]);
  });

  it('reach no function of the engine', () => {
    for (const call of [
      'file("/etc/passwd")',
      'url("http://x", "CSV")',
      'version()',
      'sleep(3)',
      'getSetting("x")',
      'dictGet("a", "b", 1)',
    ]) {
      expect(() => engine.rows(`print ${call}`)).toThrow(KqlError);
    }
  });
});
