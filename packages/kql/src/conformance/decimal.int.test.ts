import { afterAll, beforeAll, describe } from 'vitest';
import { checkCases, checkValues } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

describe('decimal', () => {
  checkValues(open, [
    ['decimal(1.5)', '1.5'],
    ['decimal(-0.25)', '-0.25'],
    ['decimal(1e5)', '100000'],
    ['decimal(1.5e-10)', '0.00000000015'],
    ['decimal(null)', null],
    ['decimal(12345678901234567890.1234567890)', '12345678901234567890.123456789'],
    ['decimal(0.1) + decimal(0.2)', '0.3'],
    ['decimal(0.1) + decimal(0.2) == decimal(0.3)', true],
    ['decimal(1) / decimal(3)', '0.3333333333333333333333333333333333'],
    ['decimal(20) / 3', '6.666666666666666666666666666666667'],
    ['decimal(1) / 0', null],
    ['decimal(5.5) % 2', '1.5'],
    ['decimal(-5.5) % 2', '0.5'],
    ['decimal(1.5) * 3', '4.5'],
    ['decimal(1.5) * 1.5', '2.25'],
    ['2 - decimal(0.5)', '1.5'],
    ['decimal(12345678901234567890123456789012345678) * 10000', null],
    [
      'decimal(99999999999999999999999999999999999999) + decimal(99999999999999999999999999999999999999)',
      null,
    ],
    ['decimal(null) + 1', null],
    ['-decimal(1.5)', '-1.5'],
    ['decimal(1.5) * 1h', '01:30:00'],
    ['1h / decimal(2)', '00:30:00'],
    ['decimal(1.1) == 1.1', true],
    ['decimal(1) == 1', true],
    ['decimal(1.5) > 1', true],
    ['decimal(null) == 1', false],
    ['decimal(null) == decimal(null)', null],
    ['decimal(1) == "1"', true],
    ['dynamic(1.5) == decimal(1.5)', true],
    ['decimal(1.5) in (1, 1.5)', true],
    ['1 in (1.5)', false],
    ['decimal(2.5) between (2 .. 3)', true],
    ['todecimal("1e3")', '1000'],
    ['todecimal(" 12.50 ")', '12.5'],
    ['todecimal("x")', null],
    ['todecimal(1.1)', '1.1'],
    ['todecimal(real(nan))', null],
    ['todecimal(7)', '7'],
    ['todecimal(true)', '1'],
    ['todecimal(dynamic("2.5"))', '2.5'],
    ['tolong(decimal(-7.9))', -7],
    ['tolong(decimal(99999999999999999999))', null],
    ['toint(decimal(7.9))', 7],
    ['toreal(decimal(7.9))', 7.9],
    ['tobool(decimal(0))', false],
    ['tostring(decimal(7.90))', '7.9'],
    ['tostring(decimal(null))', ''],
    ['pack_array(decimal(1.5), decimal(null))', ['1.5', null]],
    ['round(decimal(2.555), 2)', '2.56'],
    ['round(decimal(-2.5))', '-3'],
    ['round(decimal(1234.5), -2)', '1200'],
    ['abs(decimal(-1.5))', '1.5'],
    ['ceiling(decimal(1.2))', '2'],
    ['floor(decimal(-1.5), 1)', '-2'],
    ['bin(decimal(7.7), 2)', '6'],
    ['bin(7.7, decimal(2.5))', '7.5'],
    ['bin_at(decimal(7.7), 2, 1)', '7'],
    ['sqrt(decimal(4))', 2],
    ['iff(true, decimal(1), 2)', '1'],
    ['coalesce(decimal(null), 1.5)', '1.5'],
    ['max_of(decimal(1), 1.5)', '1.5'],
    ['gettype(decimal(1))', 'decimal'],
    ['extract("([0-9.]+)", 1, "x=1.50", typeof(decimal))', '1.5'],
  ]);
  checkCases(open, [
    [
      'datatable(d:decimal)[1.5, decimal(null), 2.25] | extend e = d * 2, f = d > 2 | sort by d asc',
      [
        [null, null, null],
        ['1.5', '3', false],
        ['2.25', '4.5', true],
      ],
    ],
    [
      'datatable(d:decimal)[1.5, 2.25, 1.5] | summarize n = count() by d | sort by d asc',
      [
        ['1.5', 2],
        ['2.25', 1],
      ],
    ],
    ['datatable(d:decimal)[1.5, 2.25, 1.5] | distinct d | sort by d asc', [['1.5'], ['2.25']]],
    [
      'datatable(d:decimal)[0.1, 0.2, 0.3, decimal(null)] | summarize sum(d), avg(d), min(d), max(d), dcount(d)',
      [['0.6', '0.2', '0.1', '0.3', 3]],
    ],
    ['datatable(d:decimal)[1, 2, 2] | summarize avg(d)', [['1.666666666666666666666666666666667']]],
    ['datatable(d:decimal)[1, 2] | where d > 5 | summarize sum(d), avg(d), max(d)', [['0', null, null]]],
    ['datatable(d:decimal)[1, 2, 4] | summarize avgif(d, d > 1), sumif(d, d > 1)', [['3', '6']]],
    [
      'datatable(d:decimal)[1.5] | join kind=inner (datatable(d:decimal, x:long)[1.5, 7]) on d | project x',
      [[7]],
    ],
    ['print d = decimal(1.5) | getschema | project ColumnName, ColumnType', [['d', 'decimal']]],
    ['let f = (d:decimal) { d * 2 }; print f(1.5)', [['3']]],
  ]);
});
