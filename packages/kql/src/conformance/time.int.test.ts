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

describe('one instant', () => {
  checkValues(open, [
    ['now()', '2026-11-24T12:00:00.0000000Z'],
    ['now(-1d)', '2026-11-23T12:00:00.0000000Z'],
    ['ago(2h)', '2026-11-24T10:00:00.0000000Z'],
    ['now() - now()', '00:00:00'],
  ]);
});

describe('bins and periods', () => {
  checkValues(open, [
    ['bin(5, 2)', 4],
    ['bin(-5, 2)', -6],
    ['bin(5.7, 0.5)', 5.5],
    ['bin(65m, 1h)', '01:00:00'],
    ['bin(5, 0)', null],
    ['bin(datetime(2026-11-24 10:20:30), 1h)', '2026-11-24T10:00:00.0000000Z'],
    // Weeks of bin count from 0001-01-01, a Monday.
    ['bin(datetime(2026-11-24), 7d)', '2026-11-23T00:00:00.0000000Z'],
    ['bin(datetime(1969-12-31 23:59), 1d)', '1969-12-31T00:00:00.0000000Z'],
    ['bin_at(datetime(2026-01-05 03:00), 1d, datetime(2026-01-01 12:00))', '2026-01-04T12:00:00.0000000Z'],
    ['startofday(datetime(2026-11-24 10:00))', '2026-11-24T00:00:00.0000000Z'],
    ['startofday(datetime(2026-11-24 10:00), -1)', '2026-11-23T00:00:00.0000000Z'],
    ['startofweek(datetime(2026-11-24))', '2026-11-22T00:00:00.0000000Z'],
    ['startofmonth(datetime(2026-11-24))', '2026-11-01T00:00:00.0000000Z'],
    ['startofmonth(datetime(2026-11-24), 2)', '2027-01-01T00:00:00.0000000Z'],
    ['startofyear(datetime(2026-11-24))', '2026-01-01T00:00:00.0000000Z'],
    ['endofday(datetime(2026-11-24))', '2026-11-24T23:59:59.9999999Z'],
    ['endofweek(datetime(2026-11-24))', '2026-11-28T23:59:59.9999999Z'],
    ['endofmonth(datetime(2026-02-24))', '2026-02-28T23:59:59.9999999Z'],
    ['endofyear(datetime(2026-02-24))', '2026-12-31T23:59:59.9999999Z'],
  ]);
});

describe('parts and differences', () => {
  checkValues(open, [
    ["datetime_diff('year', datetime(2026-01-01), datetime(2025-12-31))", 1],
    ["datetime_diff('quarter', datetime(2026-04-01), datetime(2025-12-31))", 2],
    ["datetime_diff('month', datetime(2026-03-01), datetime(2025-12-31))", 3],
    ["datetime_diff('week', datetime(2026-01-04), datetime(2026-01-03))", 1],
    ["datetime_diff('day', datetime(2026-01-02), datetime(2026-01-01 23:59))", 1],
    ["datetime_diff('hour', datetime(2026-01-01 01:00), datetime(2026-01-01 00:59))", 1],
    ["datetime_diff('second', datetime(2026-01-01), datetime(2026-01-02))", -86_400],
    ["datetime_diff('millisecond', datetime(2026-01-01 00:00:00.5), datetime(2026-01-01))", 500],
    ["datetime_add('month', 1, datetime(2026-01-31))", '2026-02-28T00:00:00.0000000Z'],
    ["datetime_add('hour', -3, datetime(2026-01-01))", '2025-12-31T21:00:00.0000000Z'],
    ["datetime_part('day', datetime(2026-11-24))", 24],
    ['dayofweek(datetime(2026-11-24))', '2.00:00:00'],
    ['dayofyear(datetime(2026-02-01))', 32],
    ['hourofday(datetime(2026-11-24 13:00))', 13],
    ['monthofyear(datetime(2026-11-24))', 11],
    ['getyear(datetime(2026-11-24))', 2026],
    ['week_of_year(datetime(2026-01-01))', 1],
    ['make_datetime(2026, 2, 28, 1, 2, 3.5)', '2026-02-28T01:02:03.5000000Z'],
    ['make_datetime(2026, 2, 30)', null],
    ['make_timespan(1, 2, 3)', '01:02:03'],
    ['unixtime_seconds_todatetime(1767225600)', '2026-01-01T00:00:00.0000000Z'],
    ['unixtime_milliseconds_todatetime(1767225600123)', '2026-01-01T00:00:00.1230000Z'],
    [
      "format_datetime(datetime(2026-01-02 13:04:05.1234567), 'yyyy-MM-dd HH:mm:ss.fff')",
      '2026-01-02 13:04:05.123',
    ],
    ["format_datetime(datetime(2026-01-02 13:04:05), 'd/M/yy [h:m tt]')", '2/1/26 [1:4 PM]'],
    ["format_datetime(datetime(null), 'yyyy')", ''],
    ["format_timespan(time(1.02:03:04.5), 'd.hh:mm:ss.ff')", '1.02:03:04.50'],
  ]);
});

describe('ranges of time', () => {
  checkCases(open, [
    [
      'range t from datetime(2026-01-01) to datetime(2026-01-02) step 12h',
      [['2026-01-01T00:00:00.0000000Z'], ['2026-01-01T12:00:00.0000000Z'], ['2026-01-02T00:00:00.0000000Z']],
    ],
    ['range d from 1h to 3h step 1h', [['01:00:00'], ['02:00:00'], ['03:00:00']]],
    ['range t from datetime(2026-01-02) to datetime(2026-01-01) step 1h', []],
    [
      'datatable(t:datetime)[datetime(2026-01-01 10:10), datetime(2026-01-01 10:50), datetime(2026-01-01 11:00), datetime(null)] | summarize n = count() by bin(t, 1h) | sort by t asc',
      [
        [null, 1],
        ['2026-01-01T10:00:00.0000000Z', 2],
        ['2026-01-01T11:00:00.0000000Z', 1],
      ],
    ],
    [
      'datatable(d:timespan)[5m, 25m, 65m] | summarize n = count() by bin(d, 30m) | sort by d asc',
      [
        ['00:00:00', 2],
        ['01:00:00', 1],
      ],
    ],
    [
      'datatable(d:timespan)[1h, 2h] | summarize sum(d), avg(d), max(d)',
      [['03:00:00', '01:30:00', '02:00:00']],
    ],
  ]);
});
