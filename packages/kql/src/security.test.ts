import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { translate } from './index.ts';
import { now, tenantA } from './testing/fixtures.ts';
import { refusal, translated } from './testing/translated.ts';

// Loading the binder and building its grammar is the slow part, once.
beforeAll(() => void translated('print 1'), 120_000);

const scoped = { scope: { tenantId: tenantA, deviceGroups: ['Servers', "O'Brien \\ `group`"] } };
const tenantCondition = /\(`TenantId` = \{tenant:UUID\}\)/g;

/** Tables that a statement reads, each with the conditions beside it. */
function tablesIn(sql: string): { table: string; rest: string }[] {
  return [...sql.matchAll(/FROM `merlon`\.`(\w+)`(.*?)(?=FROM `merlon`|$)/gs)].map((match) => ({
    table: match[1] ?? '',
    rest: match[2] ?? '',
  }));
}

describe('the scope', () => {
  it.each([
    'DeviceInfo',
    'DeviceInfo | union DeviceEvents',
    'union *',
    'union Device* | where DeviceId == "x"',
    'union withsource = T DeviceInfo, DeviceEvents | count',
    'DeviceInfo | join kind=inner (DeviceEvents) on DeviceId',
    'DeviceInfo | join kind=rightanti (DeviceEvents | project DeviceId) on DeviceId',
    'DeviceInfo | lookup (DeviceEvents) on DeviceId',
    'let T = DeviceInfo; T | where DeviceId in ((DeviceEvents | project DeviceId))',
    'DeviceInfo | where DeviceName has_any ((DeviceEvents | project DeviceName))',
    'print toscalar(DeviceInfo | count)',
    'let m = materialize(DeviceInfo); m | union m',
    'let f = (T:(*)) { T | union DeviceInfo }; DeviceEvents | invoke f()',
    'let f = () { let g = () { DeviceInfo }; g() }; f()',
    'table("DeviceInfo") | count',
    'MachineInfo | union ProcessCreationEvents',
    'DeviceInfo | as X | join (X) on DeviceId',
    'AlertInfo | join kind=inner AlertEvidence on AlertId',
    'DeviceInfo | mv-apply x = parse_json(DeviceName) on (join kind=inner DeviceEvents on DeviceId | count)',
    'DeviceInfo | mv-apply x = parse_json(DeviceName) on (where x > 1 | count)',
    'DeviceInfo | partition by DeviceId (where DeviceName == "x" | count)',
    'DeviceInfo | partition by DeviceId (join kind=leftanti (DeviceEvents) on DeviceId)',
    'DeviceInfo | top-nested 1 of DeviceName with others = "x" by count(), top-nested 1 of DeviceId by count()',
    'DeviceInfo | make-series count() on Timestamp from ago(1d) to now() step 1h by DeviceId',
    'DeviceInfo | sort by Timestamp asc | scan with (step a: true; step b: DeviceId == a.DeviceId;)',
    'let V = view () { DeviceInfo }; let W = view () { DeviceEvents }; union V, W',
    'DeviceInfo | sample 5 | union (DeviceEvents | sample-distinct 5 of DeviceId)',
    'DeviceTvmSoftwareVulnerabilitiesKB | take 1',
    'cluster("other").database("merlon").DeviceInfo | join kind=inner (database("x").DeviceEvents) on DeviceId',
    'union workspace("other").DeviceInfo, app("x").DeviceEvents',
    'database("hunting").table("DeviceInfo")',
    'union database("*").Device*',
    'DeviceProcessEvents | invoke FileProfile(SHA1, 1000)',
    'DeviceInfo | invoke SeenBy()',
    'DeviceNetworkEvents | project IP = RemoteIP | invoke DeviceFromIP()',
    'AssignedIPAddresses("x9")',
    'DeviceInfo | evaluate narrow()',
    'search "x"',
    'search in (Device*) DeviceName:"x" or "y"',
    'find "x"',
    'find in (DeviceInfo, database("y").DeviceEvents) where * has "x" project DeviceName, pack_all()',
    'DeviceEvents | evaluate bag_unpack(AdditionalFields) : (x:string)',
    'DeviceInfo | evaluate pivot(OSPlatform) : (DeviceName:string, Linux:long)',
    'DeviceEvents | evaluate ipv4_lookup(DeviceInfo, RemoteIP, PublicIP)',
  ])('is on every table: %s', (text) => {
    const { sql, parameters, reads } = translated(text, scoped);
    const tables = tablesIn(sql);
    expect(tables.length).toBeGreaterThan(0);
    for (const { rest } of tables) expect(rest.match(tenantCondition) ?? []).not.toHaveLength(0);
    expect(parameters.tenant).toBe(tenantA);
    for (const { table } of reads) expect(tables.map((found) => found.table)).toContain(table);
  });

  it.each([
    'DeviceEvents | evaluate bag_unpack(AdditionalFields)',
    'DeviceInfo | evaluate pivot(OSPlatform)',
  ])('is on what is asked before there is a statement: %s', (text) => {
    const outcome = translate(text, { now, ...scoped });
    if (outcome.kind !== 'needs') throw new Error('needs nothing');
    expect(outcome.needs).toHaveLength(1);
    for (const need of outcome.needs) {
      if (need.kind !== 'rows') throw new Error('needs no rows');
      const tables = tablesIn(need.statement.sql);
      expect(tables.length).toBeGreaterThan(0);
      for (const { rest } of tables) expect(rest.match(tenantCondition) ?? []).not.toHaveLength(0);
      expect(need.statement.parameters.tenant).toBe(tenantA);
      expect(need.statement.parameters.groups).toEqual(scoped.scope.deviceGroups);
    }
  });

  it('leaves what lies outside to whoever runs the query', () => {
    const outcome = translate('externaldata(x:string)["/etc/passwd", h@"http://169.254.169.254/"]', {
      now,
      ...scoped,
    });
    expect(outcome).toMatchObject({
      kind: 'needs',
      needs: [
        { kind: 'external', url: '/etc/passwd', isSecret: false },
        { kind: 'external', url: 'http://169.254.169.254/', isSecret: true },
      ],
    });
  });

  it('limits tables about devices to the devices of the groups, and alerts to those with evidence there', () => {
    const devices = translated('DeviceEvents | count', scoped);
    expect(devices.sql).toContain(
      '`DeviceId` IN (SELECT `DeviceId` FROM `merlon`.`DeviceScope` WHERE (`TenantId` = {tenant:UUID})',
    );
    expect(devices.sql).toContain('IN {groups:Array(String)}');
    expect(devices.parameters.groups).toEqual(scoped.scope.deviceGroups);
    expect(translated('AlertInfo | count', scoped).sql).toContain(
      '`AlertId` IN (SELECT `AlertId` FROM `merlon`.`AlertEvidence`',
    );
    expect(translated('DeviceTvmSoftwareVulnerabilitiesKB | count', scoped).sql).not.toContain('DeviceScope');
    expect(translated('DeviceEvents | count').sql).not.toContain('DeviceScope');
  });

  it('shows no device at all to a caller without groups', () => {
    const { parameters, sql } = translated('DeviceEvents', {
      scope: { tenantId: tenantA, deviceGroups: [] },
    });
    expect(parameters.groups).toEqual([]);
    expect(sql).toContain('IN {groups:Array(String)}');
  });

  it('is not shadowed by names of the query', () => {
    const text = `let TenantId = "22222222-2222-2222-2222-222222222222";
      let DeviceInfo2 = DeviceInfo | extend TenantId = "x", tenant = "y", c1 = "z", s1 = 1;
      DeviceInfo2 | where TenantId == TenantId or true`;
    const { sql, parameters } = translated(text);
    expect(sql.match(tenantCondition)).toHaveLength(1);
    expect(parameters.tenant).toBe(tenantA);
  });

  it('takes only a UUID for a tenant and a plain name for a database', () => {
    const options = (tenantId: string, database: string) => ({
      now,
      scope: { tenantId, deviceGroups: 'all' as const },
      database,
    });
    expect(() => translate('DeviceInfo', options("' OR 1=1 --", 'merlon'))).toThrow(TypeError);
    expect(() => translate('DeviceInfo', options(tenantA, 'm`; DROP'))).toThrow();
    expect(translated('DeviceInfo | count', options(tenantA, 'other')).sql).toContain(
      'FROM `other`.`DeviceInfo`',
    );
  });

  it.each([
    'cluster("other").database("merlon").DeviceScope',
    'cluster("other").NoSuchTable',
    'database("merlon").DeviceScope',
    'database("system").tables',
    'workspace("other").NoSuchTable',
    'database("hunting").table("DeviceScope")',
    'external_table("x")',
    'materialized_view("x")',
    'table("system.tables")',
    'table("DeviceScope")',
    'DeviceScope',
    'system.tables',
    'evaluate http_request("http://example.org")',
    'evaluate sql_request("x", "select 1")',
    'DeviceInfo | where TenantId == "22222222-2222-2222-2222-222222222222"',
    'DeviceInfo | project TenantId',
    'DeviceInfo | project IngestionTime',
    'DeviceInfo | evaluate python(typeof(*), "1")',
    'print current_principal()',
    'print url("http://x"), file("/etc/passwd")',
    '.drop table DeviceInfo',
    'set x = 1; declare query_parameters(a:long); DeviceInfo',
  ])('cannot be left: %s is refused', (text) => {
    expect(['unsupported', 'semantic', 'syntax']).toContain(refusal(text).kind);
  });
});

describe('user text', () => {
  const marker = 'zqmarker';
  const nasty = [
    "'",
    '"',
    '`',
    '\\',
    '\\\\',
    "\\'",
    ';',
    '--',
    '/*',
    '*/',
    '{p0:String}',
    '{tenant:UUID}',
    ')',
    "') OR 1=1 --",
    '\n',
    '\0',
    'é',
    '😀',
    '%',
    '_',
  ];

  /** The query, with a text in each place that takes one. */
  const places: readonly ((text: string) => string)[] = [
    (text) => `print x = ${JSON.stringify(text)}`,
    (text) => `DeviceInfo | where DeviceName == ${JSON.stringify(text)}`,
    (text) =>
      `DeviceInfo | where DeviceName has ${JSON.stringify(text)} or DeviceName contains ${JSON.stringify(text)}`,
    (text) =>
      `DeviceInfo | where DeviceName in~ (${JSON.stringify(text)}, "b") or DeviceName has_any (${JSON.stringify(text)})`,
    (text) => `DeviceInfo | project x = AdditionalFields[${JSON.stringify(text)}]`,
    (text) => `DeviceInfo | project x = parse_json(OSVersion)[${JSON.stringify(text)}].y`,
    (text) => `print x = dynamic({${JSON.stringify(text)}: [${JSON.stringify(text)}]})`,
    (text) =>
      `print x = split("a", ${JSON.stringify(text)}), y = replace_string("a", ${JSON.stringify(text)}, ${JSON.stringify(text)})`,
    (text) => `datatable(s:string)[${JSON.stringify(text)}] | summarize make_set(s)`,
    (text) => `let f = (a:string) { strcat(a, ${JSON.stringify(text)}) }; print f(${JSON.stringify(text)})`,
    (text) =>
      `DeviceInfo | extend [${JSON.stringify(text)}] = 1 | project [${JSON.stringify(text)}], p = pack_all()`,
    (text) =>
      `DeviceInfo | summarize [${JSON.stringify(text)}] = count() by OSPlatform // ${text.replace(/[\n\r\0]/g, ' ')}`,
    (text) => `union withsource = [${JSON.stringify(text)}] DeviceInfo, DeviceEvents | count`,
  ];

  it('never becomes part of a statement', () => {
    const texts = fc
      .array(fc.constantFrom(...nasty, 'a', 'B', '0', ' '), { maxLength: 6 })
      .map((pieces) => `${marker}${pieces.join('')}`);
    fc.assert(
      fc.property(texts, fc.constantFrom(...places), (text, place) => {
        let sql: string;
        try {
          sql = translated(place(text)).sql;
        } catch {
          return;
        }
        expect(sql.toLowerCase()).not.toContain(marker);
        expect(sql).not.toMatch(/--|\/\*|;/);
      }),
      { numRuns: 300, seed: 20_261_124 },
    );
  }, 120_000);

  it('goes beside it instead', () => {
    const { parameters } = translated(`DeviceInfo | where DeviceName == "it's \\\\ here"`);
    expect(Object.values(parameters)).toContain("it's \\ here");
  });
});
