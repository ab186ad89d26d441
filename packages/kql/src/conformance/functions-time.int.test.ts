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

describe('years from 1 to 9999', () => {
  checkValues(open, [
    ['startofday(datetime(1500-05-06 12:13))', '1500-05-06T00:00:00.0000000Z'],
    ['startofweek(datetime(1500-05-31))', '1500-05-27T00:00:00.0000000Z'],
    ['startofmonth(datetime(1500-05-06))', '1500-05-01T00:00:00.0000000Z'],
    ['startofyear(datetime(9000-05-06 12:00))', '9000-01-01T00:00:00.0000000Z'],
    ['endofday(datetime(1500-05-06))', '1500-05-06T23:59:59.9999999Z'],
    ['endofmonth(datetime(2024-02-06))', '2024-02-29T23:59:59.9999999Z'],
    ['endofyear(datetime(0001-02-06))', '0001-12-31T23:59:59.9999999Z'],
    ['startofmonth(datetime(2026-01-31), -1)', '2025-12-01T00:00:00.0000000Z'],
    ['endofweek(datetime(2026-01-01), 1)', '2026-01-10T23:59:59.9999999Z'],
    ['bin(datetime(1500-05-06 12:13), 7d)', '1500-04-30T00:00:00.0000000Z'],
    ['datetime_diff("day", datetime(1500-03-31), datetime(2000-01-31))', -182562],
    ['datetime_part("millisecond", datetime(1500-03-31 01:02:03.4567))', 456],
    ['datetime_part("nanosecond", datetime(2026-01-01 00:00:00.1234567))', 123456700],
    [
      'format_datetime(datetime(1500-03-31 01:02:03.4567891), "yyyy-MM-dd HH:mm:ss.fffffff")',
      '1500-03-31 01:02:03.4567891',
    ],
    ['format_datetime(datetime(2026-03-01 13:02:03), "M/d/yy h:mm tt")', '3/1/26 1:02 PM'],
    ['format_timespan(26h + 3m, "dd.hh:mm")', '01.02:03'],
    ['week_of_year(datetime(2026-01-01))', 1],
    ['dayofweek(datetime(2026-01-04))', '00:00:00'],
    ['datetime_add("quarter", 1, datetime(2026-01-31))', '2026-04-30T00:00:00.0000000Z'],
  ]);
});

describe('made of parts', () => {
  checkValues(open, [
    ['make_datetime(2024, 2, 29)', '2024-02-29T00:00:00.0000000Z'],
    ['make_datetime(2026, 2, 29)', null],
    ['make_datetime(1, 1, 1)', '0001-01-01T00:00:00.0000000Z'],
    ['make_datetime(9999, 12, 31, 23, 59, 59.5)', '9999-12-31T23:59:59.5000000Z'],
    ['make_datetime(1900, 3, 1, 25, 0)', null],
    ['make_datetime(2026, 1, 1, 1, 1, 60.0)', null],
    ['make_datetime(int(null), 1, 1)', null],
    ['make_timespan(1, 30)', '01:30:00'],
    ['make_timespan(1, 2, 3, 4)', '1.02:03:04'],
    ['unixtime_seconds_todatetime(1546300800)', '2019-01-01T00:00:00.0000000Z'],
    ['unixtime_milliseconds_todatetime(1546300800123)', '2019-01-01T00:00:00.1230000Z'],
  ]);
  checkCases(open, [
    [
      'datatable(m:int, d:int)[2, 28, 2, 30, 12, 31] | project make_datetime(2026, m, d)',
      [['2026-02-28T00:00:00.0000000Z'], [null], ['2026-12-31T00:00:00.0000000Z']],
    ],
  ]);
});
