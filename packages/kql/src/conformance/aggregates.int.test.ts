import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine(['DeviceInfo']);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

describe('aggregates of nothing', () => {
  const none = 'datatable(n:long, s:string, t:datetime, d:timespan)[] | summarize';
  checkCases(open, [
    [`${none} count()`, [[0]]],
    [`${none} sum(n), avg(n), min(n), max(n), stdev(n), variance(n)`, [[0, 'nan', null, null, 0, 0]]],
    [`${none} min(s), max(s), min(t), avg(d), sum(d)`, [['', '', null, null, '00:00:00']]],
    [`${none} dcount(s), countif(n > 1), dcountif(s, n > 1), sumif(n, n > 1)`, [[0, 0, 0, 0]]],
    [`${none} make_set(s), make_list(n), make_bag(pack(s, n))`, [[[], [], {}]]],
    [`${none} arg_max(t, n, s), take_any(s), percentile(n, 50)`, [[null, null, '', '', null]]],
    [`${none} count() by s`, []],
    [`${none} n = count() by s | count`, [[0]]],
    ['print x = 1 | where x > 1 | summarize count() by k = "constant"', []],
    ['print x = 1 | where x > 1 | count', [[0]]],
  ]);
});

describe('buildschema', () => {
  checkCases(open, [
    [
      'datatable(v:dynamic)[dynamic({"x":1, "y":3.5}), dynamic({"x":"s", "z":[1, 2]}), dynamic({"y":{"w":"z"}, "z":["foo"]})] | summarize s = buildschema(v) | project s.x, s.y, s.z',
      [[['long', 'string'], ['double', { w: 'string' }], { '`indexer`': ['long', 'string'] }]],
    ],
    [
      'datatable(k:long, v:dynamic)[1, dynamic(1), 2, dynamic("x"), 2, dynamic(true)] | summarize buildschema(v) by k | sort by k asc',
      [
        [1, 'long'],
        [2, ['bool', 'string']],
      ],
    ],
    ['datatable(v:dynamic)[] | summarize buildschema(v), count()', [[null, 0]]],
    ['datatable(v:dynamic)[dynamic(null)] | summarize buildschema(v)', [[null]]],
    [
      'range n from 1 to 3 step 1 | summarize s = buildschema(bag_pack("n", n)) | extend t = tostring(s.n)',
      [[{ n: 'long' }, 'long']],
    ],
  ]);
});

describe('aggregates and null', () => {
  const some = 'datatable(n:long, s:string)[1, "a", 2, "", long(null), "a", 5, "b"] | summarize';
  checkCases(open, [
    [`${some} count(), sum(n), avg(n), min(n), max(n)`, [[4, 8, 8 / 3, 1, 5]]],
    [`${some} dcount(n), dcount(s), count_distinct(s)`, [[3, 3, 3]]],
    [`${some} countif(n > 1), sumif(n, s == "a"), minif(n, n > 1), avgif(n, n < 3)`, [[2, 1, 2, 1.5]]],
    [
      `${some} make_list(n), make_list(s)`,
      [
        [
          [1, 2, 5],
          ['a', '', 'a', 'b'],
        ],
      ],
    ],
    [
      `${some} x = array_sort_asc(make_set(s)), y = array_sort_asc(make_set_if(n, n > 1))`,
      [
        [
          ['', 'a', 'b'],
          [2, 5],
        ],
      ],
    ],
    [`${some} x = array_length(make_set(n, 2))`, [[2]]],
    [`${some} make_list_with_nulls(n)`, [[[1, 2, null, 5]]]],
    [`${some} percentile(n, 50), percentiles(n, 1, 100)`, [[2, 1, 5]]],
    [`${some} min(s), max(s)`, [['', 'b']]],
  ]);
  checkCases(open, [
    [
      'datatable(d:dynamic)[dynamic([1,2]), dynamic([2,3]), dynamic("x"), dynamic(null)] | summarize x = array_sort_asc(make_set(d)), make_list(d)',
      [
        [
          [1, 2, 3, 'x'],
          [1, 2, 2, 3, 'x'],
        ],
      ],
    ],
    [
      'datatable(b:dynamic)[dynamic({"a":1}), dynamic({"a":2,"b":3})] | summarize make_bag(b)',
      [[{ a: 1, b: 3 }]],
    ],
    [
      'datatable(x:long)[1, 2, 5] | summarize round(stdev(x), 6), round(stdevp(x), 6), round(variance(x), 6), round(variancep(x), 6)',
      [[2.081666, 1.699673, 4.333333, 2.888889]],
    ],
    ['print x = 5 | summarize stdev(x), variance(x)', [[0, 0]]],
  ]);
});

describe('choosing a row', () => {
  const rows =
    'datatable(t:datetime, v:long, s:string)[datetime(2026-01-01), 1, "a", datetime(null), 5, "n", datetime(2026-01-02), long(null), "b"]';
  checkCases(open, [
    [`${rows} | summarize arg_max(t, *)`, [['2026-01-02T00:00:00.0000000Z', null, 'b']]],
    [`${rows} | summarize arg_min(t, s, v)`, [['2026-01-01T00:00:00.0000000Z', 'a', 1]]],
    [`${rows} | summarize arg_max(v, t, s)`, [[5, null, 'n']]],
    [`${rows} | summarize m = arg_max(v, s)`, [[5, 'n']]],
    [`${rows} | where isnull(t) | summarize arg_max(t, s)`, [[null, 'n']]],
    [
      `${rows} | summarize arg_max(t, *) by s | sort by s asc | project s, v`,
      [
        ['a', 1],
        ['b', null],
        ['n', 5],
      ],
    ],
    [
      `${rows} | where s == "b" | summarize take_any(v), any(s), take_any(*)`,
      [[null, 'b', '2026-01-02T00:00:00.0000000Z', null, 'b']],
    ],
    [`${rows} | summarize take_any(v)`, [[1]]],
    ['datatable(s:string)["", "x"] | summarize take_any(s)', [['x']]],
  ]);
});

describe('summarize', () => {
  checkCases(open, [
    [
      'datatable(k:string, n:long)["a", 1, "b", 2, "a", 3] | summarize n = sum(n) by k | sort by k asc',
      [
        ['a', 4],
        ['b', 2],
      ],
    ],
    ['datatable(k:string)["a", "b", "a"] | summarize by k | sort by k asc', [['a'], ['b']]],
    [
      'datatable(k:string, n:long)["a", 1, "b", 2, "a", 3] | summarize Share = round(100.0 * countif(n > 1) / count(), 1) by k | sort by k asc',
      [
        ['a', 50],
        ['b', 100],
      ],
    ],
    ['datatable(n:long)[3, 1, 2] | sort by n asc | summarize make_list(n)', [[[1, 2, 3]]]],
    [
      'datatable(n:long, d:dynamic)[2, dynamic([[3], 4, null]), 1, dynamic([1, 2]), 3, dynamic({"k":[5]}), 4, dynamic(null), 5, dynamic([])] | sort by n asc | summarize x = make_list(d), y = array_length(make_list(d)), z = make_list(d, 3)',
      [[[1, 2, [3], 4, null, { k: [5] }], 6, [1, 2, [3]]]],
    ],
    [
      'datatable(n:long, s:string)[3, "c", 1, "a", long(null), "n"] | sort by n desc | summarize make_list(s), make_list_if(s, n > 1)',
      [[['c', 'a', 'n'], ['c']]],
    ],
    [
      'datatable(n:long)[long(null), 1, long(null)] | summarize count() by n | sort by n asc',
      [
        [null, 2],
        [1, 1],
      ],
    ],
    ['datatable(n:long)[1, 2, 3] | summarize x = max(n) - min(n), y = strcat("n", count())', [[2, 'n3']]],
  ]);

  it('finds the latest row of each device', async () => {
    await engine.insert('DeviceInfo', [
      { Timestamp: '2026-11-23T10:00:00Z', DeviceId: 'd1', OSPlatform: 'old', OSBuild: 1 },
      { Timestamp: '2026-11-24T10:00:00Z', DeviceId: 'd1', OSPlatform: 'new' },
      { Timestamp: '2026-11-24T09:00:00Z', DeviceId: 'd2', OSPlatform: 'only', OSBuild: 7 },
    ]);
    expect(
      engine.rows(
        'DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId | sort by DeviceId asc | project DeviceId, OSPlatform, OSBuild',
      ),
    ).toEqual([
      ['d1', 'new', null],
      ['d2', 'only', 7],
    ]);
  });
});
