import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = openTestEngine(['DeviceInfo', 'DeviceProcessEvents']);
  engine.rows('print 1');
  await engine.insert('DeviceInfo', [
    { Timestamp: '2026-11-24T10:00:00.1234567Z', DeviceId: 'd1', DeviceName: 'Alpha', OSBuild: 19045 },
    { Timestamp: '2026-11-24T09:00:00Z', DeviceId: 'd2', DeviceName: 'Beta' },
    { Timestamp: '2026-10-20T09:00:00Z', DeviceId: 'd3', DeviceName: 'Long ago' },
  ]);
  await engine.insert('DeviceProcessEvents', [
    { Timestamp: '2026-11-24T10:00:00Z', DeviceId: 'd1', FileName: 'cmd.exe' },
    { Timestamp: '2026-11-24T11:00:00Z', DeviceId: 'd1', FileName: 'PowerShell.exe' },
    { Timestamp: '2026-11-24T11:30:00Z', DeviceId: 'd2', FileName: 'bash' },
  ]);
});
afterAll(() => engine.close());
const open = () => engine;
const left = 'datatable(k:long, v:string)[1, "a", 1, "b", 2, "c"]';
const right = '(datatable(k:long, w:string)[1, "x", 1, "y", 3, "z"])';

describe('columns', () => {
  checkCases(open, [
    ['print a = 1, b = 2 | extend a = a + 1, c = a * 2', [[2, 2, 2]]],
    ['print a = 1 | extend b = a + 1 | extend a = b + 1 | project a, b', [[3, 2]]],
    ['print a = "x" | extend tolower(a), strcat(a, "y"), 5', [['x', 'x', 'xy', 5]]],
    [
      'print a = dynamic({"b":1}), t = datetime(2026-01-01 10:10) | extend a.b, bin(t, 1h), z = 1 | project a_b, t, z',
      [[1, '2026-01-01T10:00:00.0000000Z', 1]],
    ],
    ['print a = 1, b = 2, c = 3 | project-away b', [[1, 3]]],
    ['print aa = 1, ab = 2, c = 3 | project-away a*', [[3]]],
    ['print aa = 1, ab = 2, c = 3 | project-keep a*', [[1, 2]]],
    ['print a = 1, b = 2 | project-rename z = a | project z, b', [[1, 2]]],
    ['print a = 1, b = 2 | project-reorder b, a', [[2, 1]]],
    ['print a = 1 | project b = a, c = a', [[1, 1]]],
    [
      'print a = 1, b = "x" | getschema',
      [
        ['a', 0, 'System.Int64', 'long'],
        ['b', 1, 'System.String', 'string'],
      ],
    ],
    [
      'DeviceInfo | where DeviceId == "d1" | extend T = Timestamp, Timestamp = ago(1h) | project T, Timestamp',
      [['2026-11-24T10:00:00.1234567Z', '2026-11-24T11:00:00.0000000Z']],
    ],
  ]);
});

describe('order', () => {
  const numbers = 'datatable(n:long)[2, long(null), 1]';
  checkCases(open, [
    [`${numbers} | sort by n`, [[2], [1], [null]]],
    [`${numbers} | order by n asc`, [[null], [1], [2]]],
    [`${numbers} | sort by n asc nulls last`, [[1], [2], [null]]],
    [`${numbers} | sort by n desc nulls first`, [[null], [2], [1]]],
    [`${numbers} | top 2 by n`, [[2], [1]]],
    [`${numbers} | top 1 by n asc`, [[null]]],
    [`${numbers} | sort by n asc | take 1`, [[null]]],
    [`${numbers} | sort by n desc | where n < 5 | extend m = n * 10 | project m`, [[20], [10]]],
    [
      `${numbers} | sort by n asc | extend r = row_number(), p = prev(n), x = next(n, 1, -1) | project n, r, p, x`,
      [
        [null, 1, null, 1],
        [1, 2, null, 2],
        [2, 3, 1, -1],
      ],
    ],
    [
      'range x from 10 to 1 step -4 | extend s = row_cumsum(x)',
      [
        [10, 10],
        [6, 16],
        [2, 18],
      ],
    ],
    [
      'datatable(a:string, b:long)["x", 1, "y", 1, "x", 2] | sort by a asc, b desc',
      [
        ['x', 2],
        ['x', 1],
        ['y', 1],
      ],
    ],
    ['datatable(a:long)[1, 2, 3] | take 0', []],
    ['datatable(a:long)[1, 1, 2] | distinct a | sort by a asc', [[1], [2]]],
    ['datatable(a:long, b:string)[1, "x", 1, "x"] | distinct *', [[1, 'x']]],
  ]);
});

describe('join', () => {
  checkCases(open, [
    // Without a kind the left side first loses all but one row of each key.
    [`${left} | join ${right} on k | count`, [[2]]],
    [`${left} | join kind=innerunique ${right} on k | count`, [[2]]],
    // What a filter behind it leaves out is left out before the one row of a key is picked.
    ...[1, 2, 3].map((v): readonly [string, readonly (readonly unknown[])[]] => [
      `datatable(k:long, v:long)[1, 1, 1, 2, 1, 3] | join (datatable(k:long, w:long)[1, 5]) on k | where v == ${v} and w == 5 | project v, w`,
      [[v, 5]],
    ]),
    [
      'datatable(k:long, v:long)[1, 1, 1, 2] | join (datatable(k:long, v:long)[1, 1, 1, 2]) on k | where v1 == 2 | where v > 1 | project v, v1',
      [[2, 2]],
    ],
    [
      `${left} | join kind=inner ${right} on k | sort by v asc, w asc`,
      [
        [1, 'a', 1, 'x'],
        [1, 'a', 1, 'y'],
        [1, 'b', 1, 'x'],
        [1, 'b', 1, 'y'],
      ],
    ],
    [`${left} | join kind=leftouter ${right} on k | where v == "c"`, [[2, 'c', null, '']]],
    [`${left} | join kind=rightouter ${right} on k | where w == "z"`, [[null, '', 3, 'z']]],
    [
      `${left} | join kind=fullouter ${right} on k | where isnull(k) or isnull(k1) | sort by w asc`,
      [
        [2, 'c', null, ''],
        [null, '', 3, 'z'],
      ],
    ],
    [
      `${left} | join kind=leftsemi ${right} on k | sort by v asc`,
      [
        [1, 'a'],
        [1, 'b'],
      ],
    ],
    [`${left} | join kind=leftanti ${right} on k`, [[2, 'c']]],
    [`${left} | join kind=leftantisemi ${right} on k`, [[2, 'c']]],
    [
      `${left} | join kind=rightsemi ${right} on k | sort by w asc`,
      [
        [1, 'x'],
        [1, 'y'],
      ],
    ],
    [`${left} | join kind=rightanti ${right} on k`, [[3, 'z']]],
    [
      `${left} | join kind=inner (datatable(j:int, u:string)[2, "q"]) on $left.k == $right.j | project v, u`,
      [['c', 'q']],
    ],
    [`${left} | join kind=inner (datatable(k:long, v:string)[1, "a", 1, "b"]) on k, v | count`, [[2]]],
    [
      `${left} | join kind=inner hint.strategy=shuffle ${right} on $left.k == $right.k and $left.v == $right.w | count`,
      [[0]],
    ],
    [
      `${left} | lookup (datatable(k:long, w:long)[1, 5]) on k | sort by v asc`,
      [
        [1, 'a', 5],
        [1, 'b', 5],
        [2, 'c', null],
      ],
    ],
    [`${left} | lookup kind=inner (datatable(j:long, w:long)[2, 6]) on $left.k == $right.j`, [[2, 'c', 6]]],
    ['datatable(k:long)[long(null), 1] | join kind=inner (datatable(k:long)[long(null), 1]) on k', [[1, 1]]],
    [
      'DeviceProcessEvents | join kind=leftouter (DeviceInfo | where DeviceId == "d2" | project DeviceId, At = Timestamp, DeviceName) on DeviceId | project FileName, At, DeviceName1 | sort by FileName asc',
      [
        ['PowerShell.exe', null, ''],
        ['bash', '2026-11-24T09:00:00.0000000Z', 'Beta'],
        ['cmd.exe', null, ''],
      ],
    ],
  ]);

  it('suffixes the columns of the right side', () => {
    expect(
      Object.keys(
        engine.query(`${left} | join kind=inner (datatable(k:long, v:string)[1, "x"]) on k | take 1`)[0] ??
          {},
      ),
    ).toEqual(['k', 'v', 'k1', 'v1']);
  });
});

describe('union', () => {
  checkCases(open, [
    ['union (print a = 1), (print a = 2) | sort by a asc', [[1], [2]]],
    [
      'print a = 1 | union (print a = 2, b = "x") | sort by a asc',
      [
        [1, ''],
        [2, 'x'],
      ],
    ],
    ['union kind=inner (print a = 1), (print a = 2, b = "x") | sort by a asc', [[1], [2]]],
    [
      'union withsource = S DeviceInfo, DeviceProcessEvents | summarize count() by S | sort by S asc',
      [
        ['DeviceInfo', 2],
        ['DeviceProcessEvents', 3],
      ],
    ],
    [
      'union kind=inner (print a = 1), (print a = 2, b = "x") | extend c = a | sort by a asc | project a, c',
      [
        [1, 1],
        [2, 2],
      ],
    ],
    ['union isfuzzy=true NoSuchTable, DeviceInfo | count', [[2]]],
    ['union DeviceInf*, DeviceProcessEvents | count', [[5]]],
    [
      'union DeviceInfo, DeviceProcessEvents | where Timestamp > ago(1h) | project FileName | sort by FileName asc',
      [['bash']],
    ],
  ]);

  it('tells columns of one name and several types apart', () => {
    expect(engine.query('union (print x = 1), (print x = "a") | sort by x_long desc')).toEqual([
      { x_long: 1, x_string: '' },
      { x_long: null, x_string: 'a' },
    ]);
  });
});

describe('let', () => {
  checkCases(open, [
    ['let n = 2; let m = n * 3; print m', [[6]]],
    ['let T = DeviceInfo | where DeviceId == "d1"; T | join kind=inner T on DeviceId | count', [[1]]],
    [
      'let f = (a:string, b:long = 2) { strcat(a, "-", b) }; print f("x"), f("y", 3), f(b = 5, a = "z")',
      [['x-2', 'y-3', 'z-5']],
    ],
    [
      'let f = (T:(DeviceId:string), id:string) { T | where DeviceId == id }; DeviceInfo | invoke f("d2") | count',
      [[1]],
    ],
    ['let f = (T:(DeviceId:string)) { T | union T }; DeviceInfo | invoke f() | count', [[4]]],
    ['let f = () { DeviceInfo | where DeviceId == "d1" }; f | union (f()) | count', [[2]]],
    [
      'let f = (x:long) { let y = x + 1; y * 2 }; DeviceInfo | extend z = f(OSBuild) | where DeviceId == "d1" | project z',
      [[38_092]],
    ],
    ['let g = (x:long) { x + 1 }; let f = (x:long) { g(x) * 2 }; print f(3)', [[8]]],
    [
      'let n = toscalar(DeviceInfo | summarize max(OSBuild)); DeviceInfo | where OSBuild == n | project DeviceId',
      [['d1']],
    ],
    [
      'print toscalar(DeviceInfo | where DeviceId == "none" | project DeviceId), toscalar(DeviceInfo | where DeviceId == "none" | project OSBuild)',
      [['', null]],
    ],
    ['let m = materialize(DeviceInfo | extend r = rand()); m | join kind=inner m on r | count', [[2]]],
    [
      'let m = materialize(DeviceInfo); let n = materialize(m | where DeviceId == "d1"); union m, n | count',
      [[3]],
    ],
    ['DeviceInfo | as All | where DeviceId == "d1" | join kind=rightouter (All) on DeviceId | count', [[2]]],
    [
      'let Ids = DeviceInfo | where DeviceName == "Beta" | distinct DeviceId; DeviceProcessEvents | where DeviceId in (Ids) | project FileName',
      [['bash']],
    ],
    [
      'let x = "d1"; let x2 = dynamic(["d1", "d9"]); DeviceInfo | where DeviceId == x and DeviceId in (x2) | count',
      [[1]],
    ],
  ]);
});

describe('time', () => {
  checkCases(open, [
    ['DeviceInfo | count', [[2]]],
    ['DeviceInfo | where Timestamp < ago(10d) | count', [[0]]],
    [
      'DeviceInfo | where TimeGenerated > ago(150m) | project TimeGenerated, DeviceId',
      [['2026-11-24T10:00:00.1234567Z', 'd1']],
    ],
    ['MachineInfo | where EventTime > ago(150m) | project ComputerName', [['Alpha']]],
    ['DeviceInfo | where ingestion_time() > ago(2h) | count', [[2]]],
    ['DeviceInfo | where ingestion_time() > ago(1m) | count', [[0]]],
  ]);

  it('reaches further back when told to', () => {
    expect(engine.rows('DeviceInfo | count', { lookbackDays: 60 })).toEqual([[3]]);
  });
});

describe('generated rows', () => {
  checkCases(open, [
    ['range x from 1 to 5 step 2', [[1], [3], [5]]],
    ['range x from 5 to 1 step 2', []],
    ['range x from 1.0 to 2.0 step 0.5', [[1], [1.5], [2]]],
    [
      'datatable(a:long, b:string, c:datetime, d:dynamic, e:bool, f:timespan, g:real)[1, "x", datetime(2026-01-01), dynamic([1]), true, 1h, 1.5, long(null), "", datetime(null), dynamic(null), bool(null), timespan(null), real(null)]',
      [
        [1, 'x', '2026-01-01T00:00:00.0000000Z', [1], true, '01:00:00', 1.5],
        [null, '', null, null, null, null, null],
      ],
    ],
    ['datatable(a:long)[] | count', [[0]]],
  ]);
});
