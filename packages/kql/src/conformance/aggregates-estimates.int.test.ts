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

describe('percentiles', () => {
  const hundred = 'range x from 1 to 100 step 1 | summarize';
  checkCases(open, [
    [`${hundred} percentile(x, 7), percentile(x, 50), percentile(x, 99.9)`, [[7, 50, 100]]],
    [`${hundred} percentiles(x, 0, 1, 100)`, [[1, 1, 100]]],
    [`${hundred} percentiles_array(x, 5, 25)`, [[[5, 25]]]],
    [`${hundred} percentiles_array(x, dynamic([0, 50, 100]))`, [[[1, 50, 100]]]],
    [
      'datatable(v:long, w:long)[1, 10, 2, 1, 3, 5, 4, 0, 5, -3, 6, long(null)] | summarize percentilew(v, w, 50), percentilesw(v, w, 1, 65, 100)',
      [[1, 1, 2, 3]],
    ],
    [
      'datatable(v:real, w:long)[0.5, 3, 1.5, 1] | summarize percentilesw_array(v, w, 75, 76), percentilesw_array(v, w, dynamic([10]))',
      [[[0.5, 1.5], [0.5]]],
    ],
    [
      'datatable(v:long, w:long)[] | summarize percentilew(v, w, 50), percentiles_array(v, 5, 10), percentilesw_array(v, w, 5)',
      [[null, null, null]],
    ],
    [
      'datatable(k:string, t:datetime)["a", datetime(2026-01-01), "a", datetime(2026-01-03), "b", datetime(null)] | summarize percentiles_array(t, 50) by k | sort by k asc',
      [
        ['a', ['2026-01-01T00:00:00.0000000Z']],
        ['b', null],
      ],
    ],
    ['range x from 1 to 3 step 1 | summarize percentile(x * 1h, 50)', [['02:00:00']]],
    ['datatable(d:dynamic)[1, 2.5, "x", 4] | summarize percentile(d, 50)', [[2.5]]],
  ]);
});

describe('covariance and spread', () => {
  const points = 'datatable(x:real, y:real)[1, 2, 2, 4, 3, 9, 4, real(null)] | summarize';
  checkCases(open, [
    [`${points} covariance(x, y), round(covariancep(x, y), 9)`, [[3.5, 2.333333333]]],
    [`${points} covarianceif(x, y, x < 3), covariancepif(x, y, x < 3)`, [[1, 0.5]]],
    [
      `${points} covariance(x, x), covarianceif(x, y, x > 9), covariancep(y, y) == variancep(y)`,
      [[5 / 3, 0, true]],
    ],
    [`${points} variancepif(x, x <= 2), varianceif(x, x <= 2), variancepif(x, x > 99)`, [[0.25, 0.5, 0]]],
    ['print x = 1, y = 2 | summarize covariance(x, y), covariancep(x, y)', [[0, 0]]],
  ]);
});

describe('bits', () => {
  const some = 'datatable(n:long)[12, 10, long(null), 8] | summarize';
  checkCases(open, [
    [`${some} binary_all_and(n), binary_all_or(n), binary_all_xor(n)`, [[8, 14, 14]]],
    [
      'datatable(n:long)[] | summarize binary_all_and(n), binary_all_or(n), binary_all_xor(n)',
      [[null, null, null]],
    ],
    ['datatable(n:int)[-1, 7] | summarize binary_all_and(n), binary_all_xor(n)', [[7, -8]]],
    [
      'datatable(k:string, n:long)["a", 1, "b", 2, "a", 5] | summarize b = binary_all_or(n) by k | sort by k asc',
      [
        ['a', 5],
        ['b', 2],
      ],
    ],
  ]);
});

describe('sketches of distinct values', () => {
  checkCases(open, [
    ['range x from 1 to 900 step 1 | summarize h = hll(x) | project dcount_hll(h)', [[900]]],
    [
      'range x from 1 to 900 step 1 | summarize h = hll(x % 7, 4) | project dcount_hll(h), h[0]',
      [[7, [1024, 18]]],
    ],
    ['range x from 1 to 9 step 1 | summarize h = hll_if(x, x > 5) | project dcount_hll(h)', [[4]]],
    [
      'range x from 1 to 9 step 1 | summarize a = hll(x), b = hll(toint(x + 3)), c = hll(tostring(x)) | project dcount_hll(hll_merge(a, b)), dcount_hll(hll_merge(a, c)), dcount_hll(hll_merge(a, a, b))',
      [[12, 18, 12]],
    ],
    [
      'range x from 1 to 30000 step 1 | summarize h = hll(x) by x % 5 | summarize m = hll_merge(h) | project abs(dcount_hll(m) - 30000) < 900',
      [[true]],
    ],
    [
      'range x from 1 to 30000 step 1 | summarize whole = hll(x), h = hll(x, 1) by x % 2 | summarize m = hll_merge(whole), n = hll_merge(h) | project dcount_hll(m) == dcount_hll(n), dcount_hll(hll_merge(m, n)) == dcount_hll(m)',
      [[true, true]],
    ],
    [
      'range x from 1 to 30000 step 1 | summarize h = hll(x, 4), fast = hll(x, 0) | project abs(dcount_hll(h) - 30000) < 240, abs(dcount_hll(fast) - 30000) < 1900',
      [[true, true]],
    ],
    [
      'range x from 1 to 9 step 1 | summarize a = hll(x, 0), b = hll(x, 1) | project hll_merge(a, b), dcount_hll(dynamic([[1024, 255], ["5"], ""])), hll_merge(dynamic([[1024, 0], [], ""]), a)',
      [[null, null, null]],
    ],
    ['datatable(s:string)[] | summarize h = hll(s) | project dcount_hll(h)', [[0]]],
    ['datatable(d:dynamic)[dynamic("x"), dynamic(null)] | summarize hll_merge(d)', [[null]]],
    ['datatable(g:guid)[guid(null)] | summarize h = hll(g) | project dcount_hll(h)', [[0]]],
  ]);
});

describe('sketches of distributions', () => {
  checkCases(open, [
    [
      'range x from 1 to 1000 step 1 | summarize t = tdigest(x) | project rank_tdigest(t, 685), percentrank_tdigest(t, 250), percentile_tdigest(t, 50), percentile_tdigest(t, 50, typeof(long))',
      [[685, 25, 500, 500]],
    ],
    [
      'datatable(v:real, w:long)[1.5, 1, 2.5, 3, 9.5, 0] | summarize t = tdigest(v, w) | project t, percentile_tdigest(t, 25), percentile_tdigest(t, 26), rank_tdigest(t, 2.0)',
      [[[['real'], [1.5, 2.5], [1, 3]], 1.5, 2.5, 1]],
    ],
    [
      'range x from 1 to 10 step 1 | summarize a = tdigest(x), b = tdigest(x + 10) | project m = merge_tdigest(a, b), n = tdigest_merge(a, b) | project percentile_tdigest(m, 100), percentile_tdigest(n, 50), percentiles_array_tdigest(m, 5.0, 55.0), percentiles_array_tdigest(m, dynamic([0, 100]))',
      [[20, 10, [1, 11], [1, 20]]],
    ],
    [
      'range x from 1 to 50000 step 1 | summarize t = tdigest(x) by x % 3 | summarize m = tdigest_merge(t) | project abs(rank_tdigest(m, 25000) - 25000) < 250, percentile_tdigest(m, 100), array_length(m[1]) <= 2048',
      [[true, 50000, true]],
    ],
    [
      'range x from 1 to 5 step 1 | summarize t = tdigest(datetime(2026-01-01) + x * 1d), s = tdigest(x * 1h) | project percentile_tdigest(t, 50), percentile_tdigest(t, 50, typeof(datetime)), percentile_tdigest(s, 0, typeof(timespan)), rank_tdigest(t, datetime(2026-01-03))',
      [['2026-01-04T00:00:00.0000000Z', '2026-01-04T00:00:00.0000000Z', '01:00:00', 2]],
    ],
    [
      'range x from 1 to 3 step 1 | summarize a = tdigest(x), b = tdigest(x * 1.0) | project merge_tdigest(a, b), percentile_tdigest(dynamic([]), 50), rank_tdigest(dynamic(null), 1)',
      [[null, null, null]],
    ],
    [
      'datatable(x:long)[] | summarize t = tdigest(x) | project t, percentile_tdigest(t, 50)',
      [[[['long'], [], []], null]],
    ],
    [
      'range x from 1 to 3 step 1 | summarize t = tdigest(x) | project tdigest_isvalid(t, 1), tdigest_isvalid(dynamic([]), 1)',
      [[true, false]],
    ],
  ]);
});
