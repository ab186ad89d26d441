import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { refusal } from '../testing/translated.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = openTestEngine(['DeviceProcessEvents']);
  engine.rows('print 1');
  await engine.insert('DeviceProcessEvents', [
    {
      Timestamp: '2026-11-24T10:00:00Z',
      DeviceId: 'd1',
      FileName: 'cmd.exe',
      AdditionalFields: '{"a":[3,1,2]}',
    },
    { Timestamp: '2026-11-24T11:00:00Z', DeviceId: 'd1', FileName: 'bash', AdditionalFields: '{"a":[9]}' },
    { Timestamp: '2026-11-24T11:30:00Z', DeviceId: 'd2', FileName: 'bash', AdditionalFields: '{"a":[]}' },
  ]);
});
afterAll(() => engine.close());
const open = () => engine;

const arrays = 'datatable(k:long, a:dynamic)[1, dynamic([5, 1, 3]), 2, dynamic([4, 10]), 3, dynamic([])]';
const groups = 'datatable(k:string, v:long)["a", 1, "a", 5, "b", 7, "a", 3, "b", 2]';

describe('mv-apply', () => {
  checkCases(open, [
    [
      `${arrays} | mv-apply x = a to typeof(long) on (where x > 3) | project k, x`,
      [
        [1, 5],
        [2, 4],
        [2, 10],
      ],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) on (top 1 by x) | project k, x`,
      [
        [1, 5],
        [2, 10],
      ],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) on (top 2 by x asc | summarize l = make_list(x)) | project k, l`,
      [
        [1, [1, 3]],
        [2, [4, 10]],
      ],
    ],
    // The lists are in the order of the elements.
    [
      `${arrays} | mv-apply x = a to typeof(long) on (where x != 1 | summarize l = make_list(x)) | project k, l`,
      [
        [1, [5, 3]],
        [2, [4, 10]],
      ],
    ],
    // A table that has lost all its rows still has its totals; one that never had any is not there.
    [
      `${arrays} | mv-apply x = a to typeof(long) on (where x > 5 | summarize n = count(), s = sum(x), m = max(x), l = make_list(x)) | project k, n, s, m, l`,
      [
        [1, 0, 0, null, []],
        [2, 1, 10, 10, [10]],
      ],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) on (where x > 5 | count) | project k, Count`,
      [
        [1, 0],
        [2, 1],
      ],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) on (where x > 5 | summarize n = count() by x) | project k, x, n`,
      [[2, 10, 1]],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) on (take 1) | project k, x`,
      [
        [1, 5],
        [2, 4],
      ],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) on (take 0 | count) | project k, Count`,
      [
        [1, 0],
        [2, 0],
      ],
    ],
    [
      `${arrays} | mv-apply with_itemindex = i x = a to typeof(long) on (where i >= 1) | project k, i, x`,
      [
        [1, 1, 1],
        [1, 2, 3],
        [2, 1, 10],
      ],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) limit 2 on (summarize s = sum(x)) | project k, s`,
      [
        [1, 6],
        [2, 14],
      ],
    ],
    // Outer columns are in sight, and stay beside what the sub-query gives.
    [
      `${arrays} | mv-apply x = a to typeof(long) on (where x > k * 3) | project k, x, n = array_length(a)`,
      [
        [1, 5, 3],
        [2, 10, 2],
      ],
    ],
    [
      `${arrays} | mv-apply a to typeof(long) on (summarize m = max(a)) | project k, m`,
      [
        [1, 5],
        [2, 10],
      ],
    ],
    [
      'print a = dynamic([1, 2]), b = dynamic(["x", "y", "z"]) | mv-apply n = a to typeof(long), s = b to typeof(string) on (summarize l = make_list(strcat(n, s))) | project l',
      [[['1x', '2y', 'z']]],
    ],
    [
      'print a = dynamic([3, 1, 2]) | mv-apply x = a to typeof(long) on (extend r = row_number(), p = prev(x) | project x, r, p)| project x, r, p',
      [
        [3, 1, null],
        [1, 2, 3],
        [2, 3, 1],
      ],
    ],
    [
      'print a = dynamic([3, 1, 2]) | mv-apply x = a to typeof(long) on (sort by x asc | extend s = row_cumsum(x)) | project x, s',
      [
        [1, 1],
        [2, 3],
        [3, 6],
      ],
    ],
    [
      `${arrays} | mv-apply x = a to typeof(long) on (extend c = row_cumsum(x)) | project k, c`,
      [
        [1, 5],
        [1, 6],
        [1, 9],
        [2, 4],
        [2, 14],
      ],
    ],
    [
      'print a = dynamic([1, 1, 2]) | mv-apply x = a to typeof(long) on (distinct x | count) | project Count',
      [[2]],
    ],
    [
      'print d = dynamic({"p": 1, "q": 5}) | mv-apply d on (mv-expand kind=array d | where toint(d[1]) > 2 | project key = tostring(d[0])) | project key',
      [['q']],
    ],
    [
      'print a = dynamic([[1, 2], [3]]) | mv-apply b = a on (mv-apply c = b to typeof(long) on (summarize s = sum(c)) | summarize l = make_list(s), t = sum(s)) | project l, t',
      [[[3, 3], 6]],
    ],
    [
      'print a = dynamic([[1, 2], [3]]) | mv-apply b = a on (mv-apply c = b to typeof(long) on (where c > 2 | summarize n = count()) | summarize l = make_list(n)) | project l',
      [[[0, 1]]],
    ],
    [
      'print a = dynamic(["x=1", "y=2"]) | mv-apply s = a to typeof(string) on (parse s with k "=" v:long | where v == 2) | project k, v',
      [['y', 2]],
    ],
    [
      'print a = dynamic(["p", "q"]) | mv-apply s = a to typeof(string) on (join kind=inner (datatable(s:string, n:long)["q", 7]) on s | project s, n) | project s, n',
      [['q', 7]],
    ],
    [
      'print a = dynamic(["p", "q"]) | mv-apply s = a to typeof(string) on (lookup (datatable(s:string, n:long)["q", 7]) on s | summarize total = sum(n), all = count()) | project total, all',
      [[7, 2]],
    ],
    ['print a = dynamic(null) | mv-apply x = a to typeof(long) on (count) | project Count', [[1]]],
    [
      'DeviceProcessEvents | mv-apply x = AdditionalFields.a to typeof(long) on (summarize s = sum(x), (m, i) = arg_max(x, x)) | project FileName, s, m | sort by s asc',
      [
        ['cmd.exe', 6, 3],
        ['bash', 9, 9],
      ],
    ],
    [
      'DeviceProcessEvents | mv-apply x = AdditionalFields.a to typeof(long) on (where x > 5 | count) | project Count | sort by Count asc',
      [[0], [1]],
    ],
  ]);
});

describe('partition', () => {
  checkCases(open, [
    [
      `${groups} | partition by k (top 1 by v) | sort by k asc`,
      [
        ['a', 5],
        ['b', 7],
      ],
    ],
    [
      `${groups} | partition hint.strategy=native by k (summarize s = sum(v), k = any(k)) | sort by k asc`,
      [
        [9, 'a'],
        [9, 'b'],
      ],
    ],
    [
      `${groups} | partition hint.strategy=shuffle by k (where v > 4 | count) | sort by Count asc`,
      [[1], [1]],
    ],
    [`${groups} | partition by k (where v > 6 | count) | sort by Count asc`, [[0], [1]]],
    [
      `${groups} | partition by k (sort by v asc | extend n = row_number(), before = prev(v)) | sort by k asc, n asc | project k, v, n, before`,
      [
        ['a', 1, 1, null],
        ['a', 3, 2, 1],
        ['a', 5, 3, 3],
        ['b', 2, 1, null],
        ['b', 7, 2, 2],
      ],
    ],
    [`${groups} | partition by k (distinct v | count) | sort by Count asc`, [[2], [3]]],
    [
      `${groups} | partition by k (summarize n = count() by odd = v % 2 == 1) | sort by n asc, odd asc`,
      [
        [false, 1],
        [true, 1],
        [true, 3],
      ],
    ],
    [`${groups} | partition by k (take 1 | project v) | count`, [[2]]],
    [`${groups} | partition by k (sample 2) | count`, [[4]]],
    [`${groups} | partition by k (sample-distinct 1 of v) | count`, [[2]]],
    [
      `${groups} | partition by k (top-hitters 1 of v by v) | sort by v asc`,
      [
        [5, 5],
        [7, 7],
      ],
    ],
    [
      'datatable(k:long, v:long)[1, 1, long(null), 2, long(null), 3] | partition by k (where v > 2 | summarize s = sum(v), n = count()) | sort by s asc',
      [
        [0, 0],
        [3, 1],
      ],
    ],
    [
      `${groups} | partition by k (make-series n = count() on v from 0 to 8 step 4 | project n) | sort by tostring(n) asc`,
      [[[1, 1]], [[2, 1]]],
    ],
    [
      `${groups} | partition by k (sort by v asc | scan declare (total:long = 0) with (step s: true => total = v + s.total;) | top 1 by total) | project k, total | sort by k asc`,
      [
        ['a', 9],
        ['b', 9],
      ],
    ],
    [
      'DeviceProcessEvents | partition by DeviceId (top 1 by Timestamp) | project DeviceId, FileName | sort by DeviceId asc',
      [
        ['d1', 'bash'],
        ['d2', 'bash'],
      ],
    ],
    // With a source of its own the sub-query knows the value.
    [
      'range x from 1 to 3 step 1 | partition by x { range y from 1 to x step 1 | extend z = x * 10 } | sort by z asc, y asc',
      [
        [1, 10],
        [1, 20],
        [2, 20],
        [1, 30],
        [2, 30],
        [3, 30],
      ],
    ],
    [
      'DeviceProcessEvents | partition by DeviceId { DeviceProcessEvents | where DeviceId == toscalar(DeviceId) | count } | sort by Count asc',
      [[1], [2]],
    ],
    ['datatable(x:string)[] | partition by x { print x }', []],
  ]);

  it('says how many values it can be written out for', () => {
    expect(() => engine.rows('range x from 1 to 70 step 1 | partition by x { print y = x }')).toThrow('64');
  });

  it.each([
    ['print a = dynamic([1]) | mv-apply x = a on (as X | count)', 'operator as'],
    ['print a = dynamic([1]) | mv-apply x = a on (union (print b = 1))', 'sub-query with a source'],
    ['print a = dynamic([1]) | mv-apply x = a on (getschema)', 'operator get-schema'],
  ])('refuses by name: %s', (query, name) => {
    expect(refusal(query).message).toContain(name);
  });
});

describe('scan', () => {
  const events =
    'datatable(t:timespan, e:string)[0m, "A", 1m, "Start", 2m, "B", 3m, "D", 4m, "Stop", 6m, "C", 8m, "Start", 11m, "E", 12m, "Stop"] | sort by t asc';
  checkCases(open, [
    [
      'range x from 1 to 4 step 1 | scan declare (s:long = 0) with (step a: true => s = x + a.s;)',
      [
        [1, 1],
        [2, 3],
        [3, 6],
        [4, 10],
      ],
    ],
    [
      'range x from 1 to 4 step 1 | scan declare (s:long = 0) with (step a: true => s = iff(a.s >= 3, x, x + a.s);)',
      [
        [1, 1],
        [2, 3],
        [3, 3],
        [4, 4],
      ],
    ],
    [
      'datatable(n:long, s:string)[1, "A", 2, "", 3, "B", 4, ""] | sort by n asc | scan declare (f:string = "") with (step a: true => f = iff(isempty(s), a.f, s);) | project f',
      [['A'], ['A'], ['B'], ['B']],
    ],
    [
      `${events} | scan with_match_id = id with (step a: e == "Start"; step b: e != "Start" and e != "Stop" and t - a.t <= 5m; step c: e == "Stop" and t - a.t <= 5m;) | project e, id`,
      [
        ['Start', 0],
        ['B', 0],
        ['D', 0],
        ['Stop', 0],
        ['Start', 1],
        ['E', 1],
        ['Stop', 1],
      ],
    ],
    [
      `${events} | scan with_match_id = id with (step a: e == "Start"; step b output=last: e != "Start" and e != "Stop" and t - a.t <= 5m; step c: e == "Stop" and t - a.t <= 5m;) | project e, id`,
      [
        ['Start', 0],
        ['D', 0],
        ['Stop', 0],
        ['Start', 1],
        ['E', 1],
        ['Stop', 1],
      ],
    ],
    [
      `${events} | scan declare (took:timespan) with (step a output=none: e == "Start"; step c: e == "Stop" => took = t - a.t;) | project e, took`,
      [
        ['Stop', '00:03:00'],
        ['Stop', '00:04:00'],
      ],
    ],
    [
      'datatable(t:timespan)[0m, 1m, 32m, 36m, 75m] | sort by t asc | scan with_match_id = id declare (began:timespan) with (step a: true => began = iff(isnull(a.began), t, a.began); step z output=none: t - a.began > 30m;) | project t, began, id',
      [
        ['00:00:00', '00:00:00', 0],
        ['00:01:00', '00:00:00', 0],
        ['00:32:00', '00:32:00', 1],
        ['00:36:00', '00:32:00', 1],
        ['01:15:00', '01:15:00', 2],
      ],
    ],
    // A step that may be left out.
    [
      'datatable(n:long, e:string)[1, "a", 2, "c", 3, "a", 4, "b", 5, "c"] | sort by n asc | scan with_match_id = id with (step a: e == "a"; step b optional: e == "b"; step c: e == "c";) | project n, id',
      [
        [1, 0],
        [2, 0],
        [3, 1],
        [4, 1],
        [5, 1],
      ],
    ],
    // A column that no step assigns is its default, or null.
    [
      'range x from 1 to 2 step 1 | scan declare (d:string = "none", e:real) with (step a: x == 1; step b: x == 2 => d = "two", e = 1.5;)',
      [
        [1, 'none', null],
        [2, 'two', 1.5],
      ],
    ],
    ['range x from 1 to 3 step 1 | scan with (step a: x > 5;)', []],
    ['range x from 1 to 3 step 1 | take 0 | scan with (step a: true;)', []],
    [
      'range x from 1 to 1500 step 1 | scan declare (s:long = 0) with (step a: true => s = x + a.s;) | summarize max(s)',
      [[1_125_750]],
    ],
    [
      'DeviceProcessEvents | sort by Timestamp asc | scan declare (f:string) with (step a: FileName == "cmd.exe" => f = FileName; step b: FileName == "bash" => f = a.FileName;) | project DeviceId, FileName, f',
      [
        ['d1', 'cmd.exe', 'cmd.exe'],
        ['d1', 'bash', 'cmd.exe'],
        ['d2', 'bash', 'cmd.exe'],
      ],
    ],
  ]);

  it('wants rows in an order', () => {
    expect(refusal('DeviceProcessEvents | scan with (step a: true;)').message).toContain('in no order');
  });
});
