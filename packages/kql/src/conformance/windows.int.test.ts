import { afterAll, beforeAll, describe } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

describe('numbers of rows', () => {
  const rows = 'datatable(k:string, n:long)["b", 3, "a", 1, "a", 2, "b", 1, "a", 3] | sort by k asc, n asc';
  checkCases(open, [
    [`${rows} | extend r = row_number() | project r`, [[1], [2], [3], [4], [5]]],
    [`${rows} | extend r = row_number(0) | project r`, [[0], [1], [2], [3], [4]]],
    [`${rows} | extend r = row_number(10, k != prev(k)) | project r`, [[10], [11], [12], [10], [11]]],
    [`${rows} | extend r = row_number(1, n > 2) | project r`, [[1], [2], [1], [2], [1]]],
    [`${rows} | extend s = row_cumsum(n) | project s`, [[1], [3], [6], [7], [10]]],
    [`${rows} | extend s = row_cumsum(n, k != prev(k)) | project s`, [[1], [3], [6], [1], [4]]],
    [`${rows} | extend s = row_cumsum(n * 0.5) | project s`, [[0.5], [1.5], [3], [3.5], [5]]],
    [
      'datatable(n:long)[1, long(null), 2] | serialize s = row_cumsum(n)',
      [
        [1, 1],
        [null, 1],
        [2, 3],
      ],
    ],
    [
      'datatable(n:int)[1, 2] | serialize s = row_cumsum(n)',
      [
        [1, 1],
        [2, 3],
      ],
    ],
    [
      'datatable(d:decimal)[decimal(0.1), decimal(0.2)] | serialize s = row_cumsum(d) | project s',
      [['0.1'], ['0.3']],
    ],
  ]);
});

describe('ranks of rows', () => {
  const rows = 'datatable(k:string, n:long)["a", 1, "a", 1, "a", 4, "b", 4, "b", long(null)] | serialize';
  checkCases(open, [
    [`${rows} | extend r = row_rank_dense(n) | project r`, [[1], [1], [2], [2], [3]]],
    [`${rows} | extend r = row_rank_min(n) | project r`, [[1], [1], [3], [3], [5]]],
    [`${rows} | extend r = row_rank_dense(n, k != prev(k)) | project r`, [[1], [1], [2], [1], [2]]],
    [`${rows} | extend r = row_rank_min(n, k != prev(k)) | project r`, [[1], [1], [3], [1], [2]]],
    [
      `${rows} | extend r = row_rank_dense(k), m = row_rank_min(k) | project r, m`,
      [
        [1, 1],
        [1, 1],
        [1, 1],
        [2, 4],
        [2, 4],
      ],
    ],
  ]);
});

describe('rows before and after', () => {
  const rows = 'datatable(n:long, s:string)[1, "a", 2, "b", 3, "c"] | sort by n asc';
  checkCases(open, [
    [
      `${rows} | extend p = prev(n), q = next(n) | project p, q`,
      [
        [null, 2],
        [1, 3],
        [2, null],
      ],
    ],
    [
      `${rows} | extend p = prev(n, 2), q = next(n, 2) | project p, q`,
      [
        [null, 3],
        [null, null],
        [1, null],
      ],
    ],
    [
      `${rows} | extend p = prev(n, 1, -1), q = next(s, 1, "z") | project p, q`,
      [
        [-1, 'b'],
        [1, 'c'],
        [2, 'z'],
      ],
    ],
    [
      `${rows} | extend p = prev(s), q = prev(n, -1) | project p, q`,
      [
        ['', 2],
        ['a', 3],
        ['b', null],
      ],
    ],
    [`${rows} | extend p = prev(n) + n | where p > 3 | project n`, [[3]]],
    [`${rows} | extend d = n - prev(n, 1, 0) | extend t = row_cumsum(d) | project t`, [[1], [2], [3]]],
    [
      'datatable(k:long, n:long)[1, 1, 1, 2, 1, 3] | sort by k asc | extend r = row_number() | extend p = prev(n) | extend q = next(p) | where r > 1 | project isnotnull(p)',
      [[true], [true]],
    ],
    [
      'datatable(k:string, n:long)["a", 1, "a", 2, "b", 3] | sort by n desc | extend r = row_number() | summarize make_list(r)',
      [[[1, 2, 3]]],
    ],
  ]);
});

describe('sessions', () => {
  const minutes = (list: string) =>
    `print m = dynamic([${list}]) | mv-expand m to typeof(long) | extend t = datetime(2026-01-01) + m * 1m | sort by t asc`;
  const at = (text: string) => `2026-01-01T${text}:00.0000000Z`;
  checkCases(open, [
    [
      `${minutes('0, 4, 20, 21')} | extend s = row_window_session(t, 1h, 5m) | project s`,
      [[at('00:00')], [at('00:00')], [at('00:20')], [at('00:20')]],
    ],
    [
      `${minutes('0, 5, 9')} | extend s = row_window_session(t, 1h, 5m) | project s`,
      [[at('00:00')], [at('00:05')], [at('00:05')]],
    ],
    [
      `${minutes('0, 20, 40, 60, 80, 100, 130')} | extend s = row_window_session(t, 1h, 30m) | project s`,
      [
        [at('00:00')],
        [at('00:00')],
        [at('00:00')],
        [at('01:00')],
        [at('01:00')],
        [at('01:00')],
        [at('02:10')],
      ],
    ],
    [
      `${minutes('0, 1, 2, 3')} | extend s = row_window_session(t, 1h, 5m, m == 2) | project s`,
      [[at('00:00')], [at('00:00')], [at('00:02')], [at('00:02')]],
    ],
    [
      'datatable(t:datetime)[datetime(null), datetime(2026-01-01), datetime(null), datetime(2026-01-01 00:01)] | serialize s = row_window_session(t, 1h, 1h) | project s',
      [[null], [at('00:00')], [null], [at('00:01')]],
    ],
    [
      `range m from 0 to 3000 step 1 | extend t = datetime(2026-01-01) + m * 1s | sort by t asc | extend s = row_window_session(t, 10m, 1m) | summarize n = count() by s | summarize count(), max(n)`,
      [[6, 600]],
    ],
  ]);
});
