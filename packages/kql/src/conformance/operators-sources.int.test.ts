import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { refusal, translated } from '../testing/translated.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = openTestEngine(['DeviceInfo', 'DeviceProcessEvents']);
  engine.rows('print 1');
  await engine.insert('DeviceInfo', [
    { Timestamp: '2026-11-24T10:00:00Z', DeviceId: 'd1', DeviceName: 'Alpha' },
    { Timestamp: '2026-11-24T09:00:00Z', DeviceId: 'd2', DeviceName: 'Beta' },
  ]);
});
afterAll(() => engine.close());
const open = () => engine;

const sales =
  'datatable(s:string, e:string, v:long)["a", "x", 5, "a", "y", 4, "a", "z", 1, "b", "x", 6, "b", "y", 3, "c", "x", 1, "", "x", 2]';

describe('top-nested', () => {
  checkCases(open, [
    [
      `${sales} | top-nested 2 of s by sum(v) | sort by s asc`,
      [
        ['a', 10],
        ['b', 9],
      ],
    ],
    [
      `${sales} | top-nested 2 of s by total = sum(v) asc | sort by s desc`,
      [
        ['c', 1],
        ['', 2],
      ],
    ],
    [
      `${sales} | top-nested 2 of s by sum(v), top-nested 1 of e by sum(v) | sort by s asc`,
      [
        ['a', 10, 'x', 5],
        ['b', 9, 'x', 6],
      ],
    ],
    [
      `${sales} | top-nested 1 of s with others = "rest" by sum(v) | sort by aggregated_s asc`,
      [
        ['a', 10],
        ['rest', 12],
      ],
    ],
    // A level without others shows nothing of what an earlier one has put aside.
    [
      `${sales} | top-nested 2 of s with others = "rest" by sum(v), top-nested 1 of e by sum(v) | sort by s asc`,
      [
        ['a', 10, 'x', 5],
        ['b', 9, 'x', 6],
        ['rest', 3, '', null],
      ],
    ],
    [
      `${sales} | top-nested 2 of s with others = "rest" by sum(v), top-nested 1 of e with others = "other" by sum(v) | sort by s asc, e desc`,
      [
        ['a', 10, 'x', 5],
        ['a', 10, 'other', 5],
        ['b', 9, 'x', 6],
        ['b', 9, 'other', 3],
        ['rest', 3, 'other', 3],
      ],
    ],
    [
      `${sales} | top-nested of s by i0 = max(1), top-nested 1 of v by i1 = max(v), top-nested of e by i2 = max(1) | project-away i* | sort by s asc`,
      [
        ['', 2, 'x'],
        ['a', 5, 'x'],
        ['b', 6, 'x'],
        ['c', 1, 'x'],
      ],
    ],
    [
      'datatable(s:long, v:long)[1, 5, long(null), 4, long(null), 2, 3, 1] | top-nested 2 of s by sum(v), top-nested 1 of w = v * 2 by dcount(v) | project s, aggregated_s | sort by s asc',
      [
        [null, 6],
        [1, 5],
      ],
    ],
    [`${sales} | take 0 | top-nested 2 of s by sum(v)`, []],
    [`${sales} | top-nested 0 of s by sum(v)`, []],
    [`${sales} | top-nested 1 of b = strlen(s) by n = count()`, [[1, 6]]],
    [`${sales} | top-nested 1 of s by dcount(e), top-nested 3 of e by count() | count`, [[3]]],
    [
      'DeviceInfo | top-nested 1 of DeviceName by max(Timestamp)',
      [['Alpha', '2026-11-24T10:00:00.0000000Z']],
    ],
  ]);
});

describe('make-series', () => {
  const points =
    'datatable(k:string, x:long, v:long)["a", 1, 5, "a", 4, 6, "b", 10, 1, "b", 13, 2, "a", long(null), 9]';
  const times =
    'datatable(t:datetime)[datetime(2026-11-24 10:11), datetime(2026-11-24 12:01), datetime(2026-11-24 12:02), datetime(null)]';
  checkCases(open, [
    [
      `${points} | make-series n = count() on x from 0 to 6 step 2`,
      [
        [
          [1, 0, 1],
          [0, 2, 4],
        ],
      ],
    ],
    // The end is not part of it.
    [
      `${points} | make-series n = count() on x from 0 to 4 step 2`,
      [
        [
          [1, 0],
          [0, 2],
        ],
      ],
    ],
    [
      `${points} | make-series n = count() on x from 0 to 5 step 2`,
      [
        [
          [1, 0, 1],
          [0, 2, 4],
        ],
      ],
    ],
    [
      `${points} | make-series s = sum(v), n = count() default = -1 on x step 1 by k | sort by k asc`,
      [
        ['a', [5, 0, 0, 6], [1, -1, -1, 1], [1, 2, 3, 4]],
        ['b', [1, 0, 0, 2], [1, -1, -1, 1], [10, 11, 12, 13]],
      ],
    ],
    [
      `${points} | make-series s = sum(v) on x from 0 step 5 by k | sort by k asc`,
      [
        ['a', [11], [0]],
        ['b', [0, 0, 3], [0, 5, 10]],
      ],
    ],
    [
      `${points} | make-series m = max(v) default = long(null) on x to 12 step 5 by k | sort by k asc`,
      [
        ['a', [6, null, null], [0, 5, 10]],
        ['b', [1], [10]],
      ],
    ],
    [
      `${points} | make-series s = sum(v) + 1 on x in range(0, 15, 5) by strcat(k, "!") | sort by Column1 asc`,
      [
        ['a!', [12, 0, 0, 0], [0, 5, 10, 15]],
        ['b!', [0, 0, 4, 0], [0, 5, 10, 15]],
      ],
    ],
    // in range() counts by bin(), whatever the start.
    [
      `${points} | make-series n = count() on x in range(1, 6, 5)`,
      [
        [
          [2, 0],
          [0, 5],
        ],
      ],
    ],
    [
      `${times} | make-series n = count() on t from datetime(2026-11-24 10:00) to datetime(2026-11-24 13:00) step 1h`,
      [
        [
          [1, 0, 2],
          ['2026-11-24T10:00:00.0000000Z', '2026-11-24T11:00:00.0000000Z', '2026-11-24T12:00:00.0000000Z'],
        ],
      ],
    ],
    [`${times} | make-series n = count() on t step 1h | project n`, [[[1, 0, 2]]]],
    [
      `let T = ${times}; T | make-series n = count() on t from toscalar(T | summarize bin(min(t), 1h)) to datetime(2026-11-24 14:00) step 1h | project n`,
      [[[1, 0, 2, 0]]],
    ],
    [
      'datatable(x:real)[0.1, 0.26, 0.9] | make-series n = count() on x from 0.0 to 1.0 step 0.25',
      [
        [
          [1, 1, 0, 1],
          [0, 0.25, 0.5, 0.75],
        ],
      ],
    ],
    [
      'datatable(x:timespan)[1m, 61m, 3h] | make-series n = count() on x from 0m to 4h step 1h | project n',
      [[[1, 1, 0, 1]]],
    ],
    [`${points} | make-series a = avg(v) on x from 0 to 5 step 5 | project a`, [[[5.5]]]],
    [`${points} | take 0 | make-series n = count() on x from 0 to 5 step 5`, []],
    [
      `${points} | take 0 | make-series kind=nonempty n = count() default = 7 on x from 0 to 10 step 5`,
      [
        [
          [7, 7],
          [0, 5],
        ],
      ],
    ],
    [`${points} | make-series n = count() on x from 20 to 30 step 5`, []],
    [
      `${points} | make-series n = count() on x from 0 to 20 step 5 by k | mv-expand n to typeof(long), x to typeof(long) | summarize sum(n) by x | sort by x asc`,
      [
        [0, 2],
        [5, 0],
        [10, 2],
        [15, 0],
      ],
    ],
    [
      'DeviceInfo | make-series n = count() on Timestamp from ago(4h) to now() step 1h | project n',
      [[[0, 1, 1, 0]]],
    ],
  ]);

  it('leaves the time bare, so that what is not asked for is not read', () => {
    const { sql } = translated(
      'DeviceInfo | make-series n = count() on Timestamp from ago(4h) to now() step 1h',
    );
    expect(sql).toMatch(/AND \(c\d+ >= reinterpret\(toInt64\(\d+\)/);
  });
});

describe('samples', () => {
  checkCases(open, [
    ['range x from 1 to 100 step 1 | sample 5 | count', [[5]]],
    ['range x from 1 to 3 step 1 | sample 5 | summarize sum(x)', [[6]]],
    ['range x from 1 to 3 step 1 | sample 0 | count', [[0]]],
    ['range x from 1 to 100 step 1 | extend y = x % 3 | sample-distinct 2 of y | count', [[2]]],
    ['print x = 1 | sample-distinct 5 of x', [[1]]],
    ['datatable(s:string, v:long)["a", 5, "a", 1, "b", 7, "c", 1] | top-hitters 1 of s', [['a', 2]]],
    [
      'datatable(s:string, v:long)["a", 5, "a", 1, "b", 7, "c", 1] | top-hitters 2 of s by v',
      [
        ['b', 7],
        ['a', 6],
      ],
    ],
    ['let n = toscalar(print 2); range x from 1 to 9 step 1 | top n by x', [[9], [8]]],
    ['let n = 2; range x from 1 to 9 step 1 | take n', [[1], [2]]],
  ]);
});

describe('columns by name', () => {
  checkCases(open, [
    ['print a = 1, b = 2, c = 3 | project-by-names "c", dynamic(["a"]), "z*"', [[3, 1]]],
    ['print ab = 1, b = 2, ac = 3 | project-by-names "a*"', [[1, 3]]],
    ['print b = 2, a = 1, c = 3 | project-reorder * asc', [[1, 2, 3]]],
    ['print a10 = 2, a2 = 1 | project-reorder a* granny-asc', [[1, 2]]],
    ['print a = 1, b = "x" | assert-schema (a:long, b:string)', [[1, 'x']]],
  ]);

  it('says which columns the rows have', () => {
    expect(refusal('print a = 1 | assert-schema (a:string)').message).toContain('(a:long)');
  });
});

describe('generated rows', () => {
  checkCases(open, [
    ['print 1, 2.5, "x"', [[1, 2.5, 'x']]],
    ['print x = 1, y = true, z = 1d', [[1, true, '1.00:00:00']]],
    [
      'range t from datetime(2026-01-01) to datetime(2026-01-02) step 12h',
      [['2026-01-01T00:00:00.0000000Z'], ['2026-01-01T12:00:00.0000000Z'], ['2026-01-02T00:00:00.0000000Z']],
    ],
    ['range t from 1h to 3h step 1h', [['01:00:00'], ['02:00:00'], ['03:00:00']]],
    ['range t from 3 to 1 step -1', [[3], [2], [1]]],
    ['range t from 1 to 2.5 step 0.5', [[1], [1.5], [2], [2.5]]],
    ['range t from int(1) to int(3) step int(1)', [[1], [2], [3]]],
    ['range t from decimal(1.1) to decimal(2.0) step decimal(0.3)', [['1.1'], ['1.4'], ['1.7'], ['2']]],
    ['range t from 1 to long(null) step 1', []],
    [
      'datatable(a:guid, b:decimal, c:int)[guid(74be27de-1e4e-49d9-b579-fe0b331d3642), decimal(1.5), 7, guid(null), decimal(null), int(null)]',
      [
        ['74be27de-1e4e-49d9-b579-fe0b331d3642', '1.5', 7],
        [null, null, null],
      ],
    ],
    ['datatable(a:long, b:long)[1, 2, 3, 4] | where b > 2 | project a', [[3]]],
  ]);
});

describe('mv-expand', () => {
  checkCases(open, [
    ['print a = dynamic({"x": 1, "y": [2]}) | mv-expand a', [[{ x: 1 }], [{ y: [2] }]]],
    ['print a = dynamic({"x": 1, "y": [2]}) | mv-expand bagexpansion=array a', [[['x', 1]], [['y', [2]]]]],
    ['print a = dynamic({"x": 1}) | mv-expand kind=array a', [[['x', 1]]]],
    ['print a = dynamic({"x": 1}) | mv-expand kind=bag a', [[{ x: 1 }]]],
    [
      'print a = dynamic([1, 2, 3]), b = dynamic(["a", "b"]) | mv-expand with_itemindex = i a to typeof(long), b to typeof(string) limit 2',
      [
        [1, 'a', 0],
        [2, 'b', 1],
      ],
    ],
    [
      'print a = dynamic([1, 2, 3]), b = dynamic(["a"]) | mv-expand a, b | project a, b',
      [
        [1, 'a'],
        [2, null],
        [3, null],
      ],
    ],
    [
      'print a = dynamic([1, 2]) | mv-expand b = a to typeof(int), c = a',
      [
        [[1, 2], 1, 1],
        [[1, 2], 2, 2],
      ],
    ],
    ['print a = dynamic([1, 2]), k = "x" | mv-expand a | mv-expand a | count', [[2]]],
    ['print a = dynamic([]) | mv-expand a | count', [[0]]],
    ['print a = dynamic(null) | mv-expand a', [[null]]],
    ['print a = dynamic([1, 2]) | mv-expand a limit 0 | count', [[0]]],
    [
      'range x from 1 to 3 step 1 | summarize x = make_list(x) | mv-expand with_itemindex = i x',
      [
        [1, 0],
        [2, 1],
        [3, 2],
      ],
    ],
  ]);
});

describe('union of views', () => {
  const views =
    'let View_1 = view () { print x = 1 }; let View_2 = view () { print x = 1 }; let Other = view () { print x = 1 };';
  checkCases(open, [
    [`${views} union View*, Other | count`, [[3]]],
    [
      `${views} union isfuzzy=true (View_1 | where x > 0), (View_2 | where x > 0), (View_3 | where x > 0) | count`,
      [[2]],
    ],
    [
      `${views} union withsource = S View_1, Other | sort by S asc`,
      [
        ['Other', 1],
        ['View_1', 1],
      ],
    ],
    [
      `${views} union withsource = S kind=inner View*, (print x = 5) | sort by S asc`,
      [
        ['View_1', 1],
        ['View_2', 1],
        ['union_arg2', 5],
      ],
    ],
    [
      'let A = view () { print x = 1 }; let B = view () { print x = toint(2) }; let C = view () { print x_long = 3 }; union withsource = S A, B, C | sort by S asc',
      [
        ['A', null, null, 1],
        ['B', null, 2, null],
        ['C', 3, null, null],
      ],
    ],
    ['union (print a = 1), (print b = 2) | summarize sum(a), sum(b)', [[1, 2]]],
    ['union hint.concurrency=4 (print a = 1), (print a = 2) | count', [[2]]],
  ]);
});

describe('statements', () => {
  checkCases(open, [
    ['declare query_parameters(a:long = 5, b:string = "x"); print a, b', [[5, 'x']]],
    ['alias database d = cluster("c").database("e"); print 1', [[1]]],
    ['set notruncation; set query_take_max_records = 5; print 1', [[1]]],
    [
      'let f = (a:long, b:long = 10, c:string = "z") { strcat(a, b, c) }; print f(1), f(1, 2), f(a = 3, c = "q")',
      [['110z', '12z', '310q']],
    ],
    ['let T = (t:(x:long), n:long = 2) { t | where x > n }; T((range x from 1 to 4 step 1))', [[3], [4]]],
    ['let V = view (n:long) { range x from 1 to n step 1 }; V(2)', [[1], [2]]],
    ['let x = 1; let y = x + 1; let f = (z:long) { let w = z + y; w * 2 }; print f(3)', [[10]]],
    ['let m = materialize(range x from 1 to 3 step 1); let n = toscalar(m | count); m | where x == n', [[3]]],
    ['print toscalar(range x from 5 to 6 step 1)', [[5]]],
  ]);

  it.each([
    ['declare query_parameters(a:long); print a', "parameter 'a'"],
    ['alias database d = cluster("c").database("e"); database("d").T', 'another database'],
  ])('says what of it does not run: %s', (query, name) => {
    expect(refusal(query).message).toContain(name);
  });
});
