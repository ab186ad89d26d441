import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError } from '../index.ts';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
const time = '2026-11-24T10:00:00Z';

beforeAll(async () => {
  engine = openTestEngine(['DeviceInfo', 'DeviceEvents']);
  await engine.insert('DeviceInfo', [
    { Timestamp: time, DeviceId: 'd1', DeviceName: 'alpha', OSPlatform: 'Windows10', OSBuild: 10 },
    { Timestamp: time, DeviceId: 'd2', DeviceName: 'beta', OSPlatform: 'Linux', OSBuild: 7 },
    { Timestamp: time, DeviceId: 'd3', DeviceName: 'beta', OSPlatform: 'Linux', OSBuild: 8 },
  ]);
  await engine.insert('DeviceEvents', [
    { Timestamp: time, DeviceId: 'd1', AdditionalFields: '{"a":1,"b":"x"}' },
    { Timestamp: time, DeviceId: 'd2', AdditionalFields: '{"a":2.5,"c":[1]}' },
  ]);
}, 120_000);
afterAll(() => engine.close());

const day = (number: number, month = 1) =>
  `2026-${String(month).padStart(2, '0')}-${String(number).padStart(2, '0')}T00:00:00.0000000Z`;

describe('bag_unpack', () => {
  const bags =
    'datatable(n:string, d:dynamic)["p", dynamic({"n":"q","z":true,"a":1}), "r", dynamic({"a":2})]';
  checkCases(
    () => engine,
    [
      [
        'datatable(d:dynamic)[dynamic({"Name":"John","Age":20}), dynamic({"Name":"Dave","Age":40})] | evaluate bag_unpack(d) | sort by Age asc',
        [
          [20, 'John'],
          [40, 'Dave'],
        ],
      ],
      [
        'datatable(d:dynamic)[dynamic({"Name":"John"})] | evaluate bag_unpack(d, "P_") | project P_Name',
        [['John']],
      ],
      [
        `${bags} | evaluate bag_unpack(d, columnsConflict="replace_source") | project n, a, z | sort by a asc`,
        [
          ['q', 1, true],
          ['', 2, null],
        ],
      ],
      [
        `${bags} | evaluate bag_unpack(d, columnsConflict="keep_source") | project n, a | sort by a asc`,
        [
          ['p', 1],
          ['r', 2],
        ],
      ],
      [
        `${bags} | evaluate bag_unpack(d, ignoredProperties=dynamic(["n","z"])) | sort by a asc`,
        [
          ['p', 1],
          ['r', 2],
        ],
      ],
      [
        'print d = dynamic({"Name":"John","Age":20}), k = 1 | evaluate bag_unpack(d) : (*, Age:long, Height:real)',
        [[1, 20, null]],
      ],
      [
        'print d = dynamic({"Name":"John","Age":20}), k = 1 | evaluate bag_unpack(d) : (Name:string)',
        [['John']],
      ],
      [
        'DeviceEvents | project DeviceId, AdditionalFields | evaluate bag_unpack(AdditionalFields) | sort by DeviceId asc',
        [
          ['d1', 1, 'x', null],
          ['d2', 2.5, '', [1]],
        ],
      ],
      [
        'datatable(d:dynamic)[dynamic({"m":1}), dynamic({"m":"x"}), dynamic(null)] | evaluate bag_unpack(d) | getschema | project ColumnName, ColumnType',
        [['m', 'dynamic']],
      ],
      [
        'print d = parse_json(\'{"at":"2026-01-02T03:04:05Z","on":"2026-01-02"}\') | evaluate bag_unpack(d) | getschema | project ColumnName, ColumnType',
        [
          ['at', 'datetime'],
          ['on', 'string'],
        ],
      ],
      [
        'print d = dynamic({"a":{"b":1}}) | evaluate bag_unpack(d) | evaluate bag_unpack(a) | project b',
        [[1]],
      ],
      [
        'let open = (T:(d:dynamic)) { T | evaluate bag_unpack(d) }; print d = dynamic({"x":1}) | invoke open() | union (print d = dynamic({"y":2,"x":1}) | invoke open()) | project x, y | sort by y asc',
        [
          [1, null],
          [1, 2],
        ],
      ],
      [
        'print d = dynamic({"a b":1,"c\\"d":2}) | evaluate bag_unpack(d) | project ["a b"], v = ["c\\"d"]',
        [[1, 2]],
      ],
      [
        'DeviceEvents | evaluate bag_unpack(AdditionalFields) | where nothing == "x" or isnotempty(a) | summarize count() by nothing',
        [['', 2]],
      ],
      [
        'DeviceEvents | where DeviceId == "none" | evaluate bag_unpack(AdditionalFields) | project DeviceId, a',
        [],
      ],
      ['DeviceEvents | evaluate bag_unpack(AdditionalFields) | where isempty(deep.er) | count', [[2]]],
    ],
  );

  it('says when a slot has the name of a column', () => {
    expect(() => engine.rows(`${bags} | evaluate bag_unpack(d)`)).toThrow(/slot 'n'/);
  });
});

describe('pivot', () => {
  checkCases(
    () => engine,
    [
      [
        'DeviceInfo | project OSPlatform, DeviceName | evaluate pivot(OSPlatform) | sort by DeviceName asc',
        [
          ['alpha', 0, 1],
          ['beta', 2, 0],
        ],
      ],
      [
        'DeviceInfo | project OSPlatform, DeviceName, OSBuild | evaluate pivot(OSPlatform, sum(OSBuild)) | sort by DeviceName asc',
        [
          ['alpha', 0, 10],
          ['beta', 15, 0],
        ],
      ],
      [
        'DeviceInfo | evaluate pivot(OSPlatform, max(OSBuild), DeviceName) | project DeviceName, Linux, Windows10 | sort by DeviceName asc',
        [
          ['alpha', null, 10],
          ['beta', 8, null],
        ],
      ],
      [
        'DeviceInfo | evaluate pivot(OSPlatform, make_set(OSBuild), DeviceName) | where DeviceName == "alpha" | project Windows10',
        [[[10]]],
      ],
      [
        'DeviceInfo | project OSPlatform, DeviceName | evaluate pivot(OSPlatform) : (DeviceName:string, Linux:long) | sort by DeviceName asc',
        [
          ['alpha', 0],
          ['beta', 2],
        ],
      ],
      ['DeviceInfo | project OSPlatform | evaluate pivot(OSPlatform)', [[2, 1]]],
      ['DeviceInfo | evaluate pivot(OSBuild, count(), DeviceName) | project ["7"] | where ["7"] > 0', [[1]]],
      [
        'DeviceInfo | evaluate pivot(OSPlatform, dcount(DeviceId), DeviceName) | extend Total = Linux + Windows10 | summarize sum(Total)',
        [[3]],
      ],
    ],
  );
});

describe('narrow, identity and preview', () => {
  checkCases(
    () => engine,
    [
      [
        'DeviceInfo | where OSBuild < 9 | project DeviceId, OSBuild | sort by OSBuild desc | evaluate narrow()',
        [
          [0, 'DeviceId', 'd3'],
          [0, 'OSBuild', '8'],
          [1, 'DeviceId', 'd2'],
          [1, 'OSBuild', '7'],
        ],
      ],
      ['print a = 1, b = long(null) | evaluate narrow() | project Value', [['1'], ['']]],
      ['DeviceInfo | evaluate identity() | count', [[3]]],
      ['range x from 1 to 9 step 1 | evaluate preview(2)', [[1], [2]]],
    ],
  );
});

describe('ipv4_lookup and ipv6_lookup', () => {
  const networks =
    'let N = datatable(network:string, cc:string, n:long)["111.68.128.0/17","JP",1,"5.8.0.0/19","RU",2,"5.8.0.0/16","EU",3,"46.36.200.51","CK",4,"junk","x",5];';
  const addresses = 'datatable(ip:string)["46.36.200.51","5.8.1.2","192.165.12.17","x"]';
  checkCases(
    () => engine,
    [
      [
        `${networks} ${addresses} | evaluate ipv4_lookup(N, ip, network) | sort by n asc`,
        [
          ['5.8.1.2', '5.8.0.0/19', 'RU', 2],
          ['5.8.1.2', '5.8.0.0/16', 'EU', 3],
          ['46.36.200.51', '46.36.200.51', 'CK', 4],
        ],
      ],
      [
        `${networks} ${addresses} | evaluate ipv4_lookup(N, ip, network, return_unmatched=true) | where isnull(n) | sort by ip asc`,
        [
          ['192.165.12.17', '', '', null],
          ['x', '', '', null],
        ],
      ],
      [`${networks} ${addresses} | evaluate ipv4_lookup(N, ip, network, true) | count`, [[5]]],
      [
        `${networks} datatable(ip:string, cc:string)["5.8.1.2","RU","5.8.1.2","XX"] | evaluate ipv4_lookup(N, ip, network, cc)`,
        [['5.8.1.2', 'RU', '5.8.0.0/19', 2]],
      ],
      [
        `${networks} datatable(ip:string)["5.8.0.0/16"] | evaluate ipv4_lookup(N, ip, network) | project cc`,
        [['EU']],
      ],
      [
        'let N = datatable(network:string, cc:string)["2001:db8:85a3::/48","NA","2404:6800:4001::/48","AS"]; datatable(ip:string)["2001:0db8:85a3:0000:0000:8a2e:0370:7334","a5e:f127::1"] | evaluate ipv6_lookup(N, ip, network, true) | sort by ip asc',
        [
          ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '2001:db8:85a3::/48', 'NA'],
          ['a5e:f127::1', '', ''],
        ],
      ],
    ],
  );
});

describe('activity over time', () => {
  const users = (rows: string) => `datatable(id:string, t:datetime)[${rows}]`;
  const at = (id: string, ...days: number[]) => days.map((d) => `"${id}",datetime(2026-01-${d})`).join(',');
  const some = users([at('a', 1, 2, 4), at('b', 1, 1), at('c', 2)].join(','));
  const within = 'datetime(2026-01-01), datetime(2026-01-04)';
  checkCases(
    () => engine,
    [
      [
        `${some} | evaluate activity_counts_metrics(id, t, ${within}, 1d)`,
        [
          [day(1), 3, 2, 2, 2],
          [day(2), 2, 2, 1, 3],
          [day(4), 1, 1, 0, 3],
        ],
      ],
      [
        `${some} | evaluate activity_metrics(id, t, ${within}, 1d) | project t, dcount_values, dcount_newvalues, retention_rate`,
        [
          [day(1), 2, 2, 'nan'],
          [day(2), 2, 1, 0.5],
          [day(4), 1, 1, 'nan'],
        ],
      ],
      [
        `${some} | evaluate activity_engagement(id, t, ${within}, 1d, 3d)`,
        [
          [day(1), 2, 2, 1],
          [day(2), 2, 3, 2 / 3],
          [day(4), 1, 2, 0.5],
        ],
      ],
      [
        `${some} | evaluate activity_engagement(id, t, 1d, 7d) | project t, dcount_activities_outer`,
        [
          [day(1), 2],
          [day(2), 3],
          [day(4), 3],
        ],
      ],
      [
        `${some} | evaluate sliding_window_counts(id, t, ${within}, 2d, 1d)`,
        [
          [day(1), 3, 2],
          [day(2), 5, 3],
          [day(3), 2, 2],
          [day(4), 1, 1],
        ],
      ],
      [
        `${some} | extend even = iff(id == "b", "y", "n") | evaluate sliding_window_counts(id, t, ${within}, 1d, 1d, even) | sort by even asc, t asc`,
        [
          [day(1), 'n', 1, 1],
          [day(2), 'n', 2, 2],
          [day(4), 'n', 1, 1],
          [day(1), 'y', 2, 1],
        ],
      ],
      [
        `${some} | evaluate active_users_count(id, t, ${within}, 4d, 1d, 2, 1d)`,
        [
          [day(2), 1],
          [day(4), 1],
        ],
      ],
      [
        `${some} | evaluate new_activity_metrics(id, t, ${within}, 1d) | where from_t == datetime(2026-01-01) | project to_t, dcount_new_values, dcount_retained_values, dcount_churn_values`,
        [
          [day(1), 2, 2, 0],
          [day(2), 1, 1, 1],
          [day(3), 0, 0, 2],
          [day(4), 0, 1, 1],
        ],
      ],
      [
        `${some} | evaluate new_activity_metrics(id, t, ${within}, 1d, datetime(2026-01-02)) | project from_t, to_t, retention_rate`,
        [
          [day(2), day(2), 1],
          [day(2), day(3), 0],
          [day(2), day(4), 0],
        ],
      ],
      [
        `let Old = datatable(id:string)["b"]; ${some} | evaluate new_activity_metrics(id, t, ${within}, 1d, datetime(2026-01-01), Old) | project to_t, dcount_retained_values`,
        [
          [day(1), 1],
          [day(2), 1],
          [day(3), 0],
          [day(4), 1],
        ],
      ],
      [
        'range t from 1 to 10 step 1 | extend id = t % 2 | evaluate session_count(id, t, 1, 10, 5, 2)',
        [
          [1, 2],
          [6, 2],
        ],
      ],
      [
        'range t from 1 to 10 step 1 | where t != 5 | extend id = "a" | evaluate session_count(id, t, 1, 10, 10, 1)',
        [[1, 2]],
      ],
      [
        `${users('"a",datetime(2026-01-03),"a",datetime(2026-02-10)')} | evaluate new_activity_metrics(id, t, datetime(2026-01-01), datetime(2026-03-01), "month") | project to_t, dcount_retained_values`,
        [
          [day(1, 1), 1],
          [day(1, 2), 1],
          [day(1, 3), 0],
        ],
      ],
      [
        `${some} | evaluate sliding_window_counts(id, t, startofday(datetime(2026-01-01 05:00)), datetime(2026-01-01) + 1d, 1d, 1d) | project Count`,
        [[3], [2]],
      ],
    ],
  );
});

describe('rolling_percentile and rows_near', () => {
  checkCases(
    () => engine,
    [
      [
        'range i from 0 to 95 step 1 | project t = datetime(2026-01-01) + 1h * i, v = i + 1 | evaluate rolling_percentile(v, 50, t, 1d, 3) | project rolling_3_percentile_v_50',
        [[12], [24], [36], [60]],
      ],
      [
        'range i from 0 to 47 step 1 | project t = datetime(2026-01-01) + 1h * i, v = i + 1, d = i % 2 | evaluate rolling_percentile(v, 100, t, 1d, 1, d) | sort by t asc, d asc',
        [
          [day(1), 0, 23],
          [day(1), 1, 24],
          [day(2), 0, 47],
          [day(2), 1, 48],
        ],
      ],
      ['range x from 1 to 9 step 1 | evaluate rows_near(x == 5, 1)', [[4], [5], [6]]],
      ['range x from 1 to 9 step 1 | evaluate rows_near(x == 5, 0, 2)', [[5], [6], [7]]],
      [
        'range x from 1 to 9 step 1 | sort by x desc | evaluate rows_near(x in (1, 9), 1, 0)',
        [[9], [2], [1]],
      ],
    ],
  );
});

describe('sequences', () => {
  const events =
    'datatable(t:datetime, e:string, id:string)[datetime(2026-01-01),"a","x",datetime(2026-01-02),"b","x",datetime(2026-01-04),"b","x",datetime(2026-01-09),"b","x",datetime(2026-01-01),"b","y"]';
  const storms =
    'datatable(id:string, t:datetime, s:string)["1",datetime(2026-01-01 01:00),"Hail","1",datetime(2026-01-01 02:00),"Tornado","1",datetime(2026-01-01 02:30),"Tornado","1",datetime(2026-01-01 05:00),"Wind","2",datetime(2026-01-01 02:00),"Tornado"]';
  checkCases(
    () => engine,
    [
      [
        `${events} | evaluate sequence_detect(t, 5d, 5d, p=(e == "a"), q=(e == "b"), id) | project id, p_t, q_t, Duration | sort by q_t asc`,
        [
          ['x', day(1), day(2), '1.00:00:00'],
          ['x', day(1), day(4), '3.00:00:00'],
        ],
      ],
      [
        `${events} | evaluate sequence_detect(t, 1d, 5d, p=(e == "a"), q=(e == "b"), r=(e == "b"), id) | count`,
        [[0]],
      ],
      [
        `${storms} | evaluate funnel_sequence(id, t, datetime(2026-01-01), datetime(2026-02-01), 1d, 365d, s, dynamic(["Tornado"])) | project prev, next, dcount, samples | sort by prev desc`,
        [
          ['Hail', 'Wind', 1, ['1']],
          ['', '', 1, ['2']],
        ],
      ],
      [
        `${storms} | evaluate funnel_sequence_completion(id, t, datetime(2026-01-01), datetime(2026-02-01), 365d, s, dynamic(["Hail", "Tornado", "Wind"]), dynamic([1h, 4h])) | project s, Period, dcount`,
        [
          ['Hail', '01:00:00', 1],
          ['Tornado', '01:00:00', 1],
          ['Wind', '01:00:00', 0],
          ['Hail', '04:00:00', 1],
          ['Tornado', '04:00:00', 1],
          ['Wind', '04:00:00', 1],
        ],
      ],
    ],
  );
});

describe('dcount_intersect', () => {
  checkCases(
    () => engine,
    [
      [
        'range x from 1 to 100 step 1 | summarize a = hll(iff(x % 2 == 0, x, 0)), b = hll(iff(x % 3 == 0, x, 0)), c = hll(iff(x % 5 == 0, x, 0)) | evaluate dcount_intersect(a, b, c) | project s0 - 1, s1 - 1, s2 - 1',
        [[50, 16, 3]],
      ],
      [
        'range x from 1 to 10 step 1 | summarize a = hll(iff(x < 5, x, 1)), b = hll(iff(x > 5, x, 10)) | evaluate dcount_intersect(a, b) | project s0, s1',
        [[4, 0]],
      ],
    ],
  );
});

describe('patterns', () => {
  const rows =
    'range x from 1 to 100 step 1 | project a = iff(x % 10 < 7, "p", "q"), b = iff(x % 10 < 6, "r", "s"), c = tostring(x)';
  checkCases(
    () => engine,
    [
      [
        `${rows} | evaluate basket(0.2)`,
        [
          [0, 70, 70, 'p', '', ''],
          [1, 60, 60, 'p', 'r', ''],
          [2, 40, 40, '', 's', ''],
          [3, 30, 30, 'q', 's', ''],
        ],
      ],
      [
        `${rows} | evaluate basket(0.5, "~", 1, "*")`,
        [
          [0, 70, 70, 'p', '*', '*'],
          [1, 60, 60, 'p', 'r', '*'],
        ],
      ],
      [`${rows} | extend w = 2 | evaluate basket(0.65, w) | project Count, Percent, a`, [[140, 70, 'p']]],
      [`${rows} | evaluate autocluster() | project Count, Percent, a, b, c`, [[60, 60, 'p', 'r', '']]],
      [`${rows} | evaluate autocluster(0.9) | take 1 | project Count, a, b`, [[70, 'p', '']]],
      [
        `${rows} | extend half = toint(c) % 2 | project-away c | evaluate diffpatterns(half, "0", "1")`,
        [
          [0, 40, 30, 80, 60, 20, 'p', '', null],
          [1, 10, 20, 20, 40, 20, 'q', 's', null],
        ],
      ],
      [`${rows} | where a == "none" | evaluate autocluster() | count`, [[0]]],
    ],
  );
});

describe('reduce', () => {
  checkCases(
    () => engine,
    [
      [
        'range x from 1 to 10 step 1 | project s = strcat("fooZ", x) | reduce by s with characters="Z"',
        [['foo*', 10, 'fooZ1']],
      ],
      ['range x from 1 to 10 step 1 | project s = strcat("fooZ", x) | reduce by s', [['others', 10, '']]],
      [
        'range x from 1 to 100 step 1 | project s = strcat("MachineLearningX", x % 10) | reduce by s with threshold=0.001, characters="X"',
        [['MachineLearning*', 100, 'MachineLearningX0']],
      ],
      [
        'datatable(s:string)["user 7 logged in","user 8 logged in","user 9 logged in","disk full"] | reduce by s | project Pattern, Count',
        [
          ['user * logged in', 3],
          ['disk full', 1],
        ],
      ],
      [
        'datatable(s:string, n:long)["job 7 done",1,"job 8 done",2] | reduce kind=source by s | project n, Pattern, Count | sort by n asc',
        [
          [1, 'job * done', 2],
          [2, 'job * done', 2],
        ],
      ],
    ],
  );
});

describe('what is outside', () => {
  it.each([
    ['evaluate http_request("http://example.org")', 'plugin http_request'],
    ['evaluate sql_request("x", "select 1") : (a:long)', 'plugin sql_request'],
    ['DeviceInfo | evaluate python(typeof(*), "1")', 'plugin python'],
    ['DeviceInfo | evaluate r(typeof(*), "1")', 'plugin r'],
    ['evaluate infer_storage_schema(dynamic({}))', 'plugin infer_storage_schema'],
  ])('%s is refused by name', (query, construct) => {
    let caught: unknown;
    try {
      engine.rows(query);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(KqlError);
    expect(caught).toMatchObject({ kind: 'unsupported', construct });
  });
});
