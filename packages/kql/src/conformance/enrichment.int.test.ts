import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { tenantA, tenantB } from '../testing/fixtures.ts';

let engine: TestEngine;
const hash = (digit: string) => digit.repeat(40);
const sha256 = (digit: string) => digit.repeat(64);
const at = (day: number, hour = 0) =>
  `2026-11-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00.0000000Z`;

beforeAll(async () => {
  engine = openTestEngine([
    'DeviceInfo',
    'DeviceEvents',
    'DeviceFileEvents',
    'DeviceProcessEvents',
    'DeviceImageLoadEvents',
    'DeviceFileCertificateInfo',
    'DeviceNetworkInfo',
    'DeviceNetworkEvents',
  ]);
  const file = (digit: string) => ({ SHA1: hash(digit), SHA256: sha256(digit), MD5: digit.repeat(32) });
  await engine.insert('DeviceProcessEvents', [
    {
      Timestamp: at(20),
      DeviceId: 'd1',
      ...file('a'),
      FileSize: 10,
      ProcessVersionInfoCompanyName: 'Acme',
      ProcessVersionInfoProductName: 'Tool',
      InitiatingProcessSHA1: hash('c'),
    },
    { Timestamp: at(21), DeviceId: 'd2', ...file('a'), FileSize: 10 },
    { Timestamp: at(22), DeviceId: 'd2', ...file('a'), FileSize: 10 },
    { Timestamp: at(23), DeviceId: 'x9', ...file('a'), TenantId: tenantB },
  ]);
  await engine.insert('DeviceFileEvents', [
    { Timestamp: at(18), DeviceId: 'd3', ...file('a'), FileSize: 10 },
    { Timestamp: at(19), DeviceId: 'd1', ...file('b'), FileSize: 7 },
    { Timestamp: at(19), DeviceId: 'd1', SHA1: '', FileName: 'nameless' },
  ]);
  await engine.insert('DeviceFileCertificateInfo', [
    {
      Timestamp: at(20),
      DeviceId: 'd1',
      SHA1: hash('a'),
      IsSigned: true,
      IsTrusted: true,
      Signer: 'Acme Ltd',
      Issuer: 'Root CA',
      IsRootSignerMicrosoft: false,
    },
    { Timestamp: at(20), DeviceId: 'd1', SHA1: hash('b'), IsSigned: false },
  ]);
  await engine.insert('DeviceEvents', [
    {
      Timestamp: at(20),
      DeviceId: 'd1',
      ActionType: 'AntivirusDetection',
      SHA1: hash('b'),
      AdditionalFields: '{"ThreatName":"EICAR"}',
    },
  ]);
  await engine.insert('DeviceInfo', [
    { Timestamp: at(20), DeviceId: 'd1', DeviceName: 'alpha', OnboardingStatus: 'Onboarded' },
    { Timestamp: at(20), DeviceId: 'd5', DeviceName: 'printer', OnboardingStatus: 'Can be onboarded' },
  ]);
  const network = (day: number, DeviceId: string, addresses: string[], TenantId = tenantA) => ({
    Timestamp: at(day),
    TenantId,
    DeviceId,
    DeviceName: `${DeviceId}.local`,
    NetworkAdapterType: 'Ethernet',
    ConnectedNetworks: '[]',
    IPAddresses: JSON.stringify(addresses.map((IPAddress) => ({ IPAddress, SubnetPrefix: 24 }))),
  });
  await engine.insert('DeviceNetworkInfo', [
    network(10, 'd1', ['10.0.0.1', '8.8.4.4']),
    network(12, 'd2', ['10.0.0.1']),
    network(14, 'd1', ['10.0.0.2', 'fe80::1']),
    network(14, 'd5', ['10.0.0.9']),
    network(15, 'x9', ['10.0.0.1'], tenantB),
  ]);
  await engine.insert('DeviceNetworkEvents', [
    { Timestamp: at(20), DeviceId: 'd1', RemoteIP: '10.0.0.9' },
    { Timestamp: at(22), DeviceId: 'd1', RemoteIP: '10.0.0.9' },
    { Timestamp: at(21), DeviceId: 'd5', RemoteIP: '10.0.0.9' },
    { Timestamp: at(21), DeviceId: 'x9', RemoteIP: '10.0.0.9', TenantId: tenantB },
  ]);
}, 120_000);
afterAll(() => engine.close());

const profile = 'GlobalPrevalence, GlobalFirstSeen, GlobalLastSeen, ProfileAvailability';

describe('FileProfile', () => {
  checkCases(
    () => engine,
    [
      [
        `print SHA1 = "${hash('a')}" | invoke FileProfile(SHA1, 1000) | project ${profile}`,
        [[3, at(18), at(22), 'Available']],
      ],
      [
        `print SHA1 = "${hash('A')}" | invoke FileProfile() | project ${profile}`,
        [[3, at(18), at(22), 'Available']],
      ],
      [
        `print H = "${hash('a')}" | invoke FileProfile("H") | project SHA1, SHA256, MD5, FileSize`,
        [[hash('a'), sha256('a'), 'a'.repeat(32), 10]],
      ],
      [
        `print OtherSHA256 = "${sha256('a')}" | invoke FileProfile(OtherSHA256, 10000) | project GlobalPrevalence, SHA1`,
        [[3, hash('a')]],
      ],
      [
        `print SHA1 = "${hash('a')}" | invoke FileProfile(SHA1) | project Signer, Issuer, IsCertificateValid, IsRootSignerMicrosoft, SignatureState, IsExecutable, Publisher, SoftwareName, ThreatName`,
        [['Acme Ltd', 'Root CA', true, false, 'SignedValid', true, 'Acme', 'Tool', '']],
      ],
      [
        `print SHA1 = "${hash('b')}" | invoke FileProfile(SHA1) | project SignatureState, IsExecutable, ThreatName, GlobalPrevalence`,
        [['Unsigned', false, 'EICAR', 1]],
      ],
      [
        `print SHA1 = "${hash('c')}" | invoke FileProfile(SHA1) | project SignatureState, IsExecutable, GlobalPrevalence`,
        [['Unknown', true, 1]],
      ],
      [
        `datatable(SHA1:string)["${hash('d')}", ""] | invoke FileProfile(SHA1) | project SHA1, GlobalPrevalence, ProfileAvailability`,
        [
          [hash('d'), null, 'Missing'],
          ['', null, ''],
        ],
      ],
      [
        `datatable(SHA1:string)["${hash('a')}", "${hash('b')}"] | invoke FileProfile(SHA1, 1) | summarize countif(ProfileAvailability == "Available"), countif(ProfileAvailability == "")`,
        [[1, 1]],
      ],
      [
        'DeviceFileEvents | where SHA1 != "" | invoke FileProfile(SHA1, 1000) | where GlobalPrevalence < 2 | project FileSize, GlobalPrevalence, SHA11',
        [[7, 1, hash('b')]],
      ],
      [
        `DeviceProcessEvents | invoke FileProfile(SHA1) | invoke FileProfile(InitiatingProcessSHA1) | summarize max(GlobalPrevalence), max(GlobalPrevalence1)`,
        [[3, 1]],
      ],
      [
        'let Rare = DeviceFileEvents | invoke FileProfile("SHA1", 500); Rare | where GlobalPrevalence == 1 | count',
        [[1]],
      ],
      [
        'let FileProfile = (T:(*), a:string) { T | extend Own = a }; DeviceInfo | invoke FileProfile("q") | distinct Own',
        [['q']],
      ],
    ],
  );

  it('counts only devices that the caller may see', () => {
    const query = `print SHA1 = "${hash('a')}" | invoke FileProfile(SHA1) | project GlobalPrevalence`;
    engine.sql(`INSERT INTO merlon.DeviceScope SELECT '${tenantA}', 'd2', 'Servers', '2026-11-01 00:00:00'`);
    expect(engine.rows(query, { scope: { tenantId: tenantA, deviceGroups: ['Servers'] } })).toEqual([[1]]);
    expect(engine.rows(query, { scope: { tenantId: tenantB, deviceGroups: 'all' } })).toEqual([[1]]);
  });
});

describe('AssignedIPAddresses', () => {
  checkCases(
    () => engine,
    [
      [
        'AssignedIPAddresses("d1") | project IPAddress, IPType, Timestamp | sort by IPAddress asc',
        [
          ['10.0.0.1', 'Private', at(10)],
          ['10.0.0.2', 'Private', at(14)],
          ['8.8.4.4', 'Public', at(10)],
          ['fe80::1', 'Private', at(14)],
        ],
      ],
      [
        'AssignedIPAddresses("D1.LOCAL", datetime(2026-11-11)) | project IPAddress | sort by IPAddress asc',
        [['10.0.0.1'], ['8.8.4.4']],
      ],
      ['AssignedIPAddresses("nobody") | count', [[0]]],
      [
        'AssignedIPAddresses(toscalar(database("x").DeviceInfo | where DeviceName == "printer" | project DeviceId)) | project IPAddress',
        [['10.0.0.9']],
      ],
      [
        'AssignedIPAddresses("d5") | project IP = IPAddress | join kind=inner (DeviceNetworkEvents) on $left.IP == $right.RemoteIP | summarize count() by DeviceId | sort by DeviceId asc',
        [
          ['d1', 2],
          ['d5', 1],
        ],
      ],
    ],
  );
});

describe('DeviceFromIP', () => {
  checkCases(
    () => engine,
    [
      ['print IP = "10.0.0.1" | invoke DeviceFromIP()', [['10.0.0.1', 'd2']]],
      ['print IP = "10.0.0.1" | invoke DeviceFromIP(IP, datetime(2026-11-11))', [['10.0.0.1', 'd1']]],
      ['print IP = "8.8.4.4" | invoke DeviceFromIP()', []],
      [
        'DeviceNetworkEvents | project Other = RemoteIP | invoke DeviceFromIP("Other") | project DeviceId',
        [['d5']],
      ],
    ],
  );
});

describe('SeenBy', () => {
  checkCases(
    () => engine,
    [
      [
        'DeviceInfo | where OnboardingStatus != "Onboarded" | invoke SeenBy() | project DeviceId, SeenBy',
        [['d5', `[{"DeviceId":"d1","LastEncountered":"${at(22)}"}]`]],
      ],
      [
        'DeviceInfo | invoke SeenBy() | mv-expand parse_json(SeenBy) | where isnotempty(SeenBy) | project DeviceName, By = tostring(SeenBy.DeviceId)',
        [['printer', 'd1']],
      ],
    ],
  );
});

describe('places that other services name', () => {
  checkCases(
    () => engine,
    [
      ['cluster("x").database("y").DeviceInfo | count', [[2]]],
      ['database("Samples").DeviceInfo | count', [[2]]],
      ['workspace("w").DeviceInfo | union app("a").DeviceEvents | count', [[3]]],
      ['union database("*").DeviceInf* | count', [[2]]],
      ['database("x").table("DeviceInfo") | count', [[2]]],
      [
        'DeviceInfo | where DeviceId in ((cluster("x").database("y").DeviceEvents | project DeviceId)) | project DeviceName',
        [['alpha']],
      ],
      ['database("x").MachineInfo | summarize dcount(ComputerName)', [[2]]],
    ],
  );
});

describe('geo_info_from_ip_address', () => {
  beforeAll(() => {
    engine.sql(
      'CREATE TABLE merlon.Networks (Network String, Location UInt32) ENGINE = MergeTree ORDER BY Network',
    );
    engine.sql('CREATE TABLE merlon.Locations (Id UInt64, Bag String) ENGINE = MergeTree ORDER BY Id');
    engine.sql(
      "INSERT INTO merlon.Networks VALUES ('1.2.3.0/24', 1), ('1.2.0.0/16', 2), ('2a03:2880::/32', 2)",
    );
    engine.sql(
      `INSERT INTO merlon.Locations VALUES (1, '{"country":"A","latitude":1.5}'), (2, '{"country":"B"}')`,
    );
    const dictionary = (name: string, columns: string, key: string, table: string, layout: string) =>
      engine.sql(
        `CREATE DICTIONARY merlon.${name} (${columns}) PRIMARY KEY ${key} SOURCE(CLICKHOUSE(QUERY 'SELECT * FROM merlon.${table}')) LAYOUT(${layout}()) LIFETIME(0)`,
      );
    dictionary('GeoNetworks', 'Network String, Location UInt32', 'Network', 'Networks', 'IP_TRIE');
    dictionary('GeoLocations', 'Id UInt64, Bag String', 'Id', 'Locations', 'HASHED');
  });

  it.each([
    ['print x = geo_info_from_ip_address("1.2.3.4")', [[{ country: 'A', latitude: 1.5 }]]],
    ['print x = tostring(geo_info_from_ip_address("1.2.9.9").country)', [['B']]],
    ['print x = tostring(geo_info_from_ip_address("2a03:2880:f12c:83::25de").country)', [['B']]],
    ['print x = geo_info_from_ip_address("10.0.0.1"), y = geo_info_from_ip_address("x")', [[{}, null]]],
    [
      'DeviceNetworkEvents | extend c = tostring(geo_info_from_ip_address(RemoteIP).country) | distinct c',
      [['']],
    ],
  ])('%s', (query, rows) => {
    expect(engine.rows(query, { geo: true })).toEqual(rows);
  });

  it('knows no place where there is no database', () => {
    expect(engine.rows('print x = geo_info_from_ip_address("1.2.3.4")')).toEqual([[{}]]);
  });
});
