import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCases, checkValues } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

const dates: readonly (readonly [text: string, value: string | null])[] = [
  ['2014-05-25T08:20:03.123456Z', '2014-05-25T08:20:03.1234560Z'],
  ['2014-05-25T08:20', '2014-05-25T08:20:00.0000000Z'],
  ['2014-11-08 15:55:55', '2014-11-08T15:55:55.0000000Z'],
  ['2014-11-08', '2014-11-08T00:00:00.0000000Z'],
  ['2014', '2014-01-01T00:00:00.0000000Z'],
  ['Sat, 8 Nov 14 15:05:02 GMT', '2014-11-08T15:05:02.0000000Z'],
  ['8 Nov 14 15:05', '2014-11-08T15:05:00.0000000Z'],
  ['Saturday, 08-Nov-14 15:05:02 GMT', '2014-11-08T15:05:02.0000000Z'],
  ['08-Nov-99 15:05', '1999-11-08T15:05:00.0000000Z'],
  ['2014-11-08T15:05:25 GMT', '2014-11-08T15:05:25.0000000Z'],
  ['11/8/2014 3:05:25 PM', '2014-11-08T15:05:25.0000000Z'],
  ['11/8/2014 12:05:25 AM', '2014-11-08T00:05:25.0000000Z'],
  ['11-08-2014', '2014-11-08T00:00:00.0000000Z'],
  ['2014.11.08', '2014-11-08T00:00:00.0000000Z'],
  ['20141108', '2014-11-08T00:00:00.0000000Z'],
  ['2014-11-08T15:05:25+02:00', '2014-11-08T13:05:25.0000000Z'],
  ['2014-02-30', null],
  ['2014-11-08 25:00', null],
  ['12:30', null],
  ['1-2', null],
  ['hello - world', null],
  ['', null],
];

const spans: readonly (readonly [text: string, value: string | null])[] = [
  ['1.5h', '01:30:00'],
  ['2', '2.00:00:00'],
  ['-3d', '-3.00:00:00'],
  ['1.02:03:04.5', '1.02:03:04.5000000'],
  ['00:00:01', '00:00:01'],
  ['25:00', null],
  ['10ms', '00:00:00.0100000'],
  ['5 seconds', '00:00:05'],
  ['x', null],
];

const written = (values: readonly (readonly [string, string | null])[]) =>
  values.map(([text]) => JSON.stringify(text)).join(', ');

describe('dates of every spelling', () => {
  checkValues(
    open,
    dates.map(([text, value]) => [`todatetime(${JSON.stringify(text)})`, value]),
  );
  checkCases(open, [
    [`datatable(s:string)[${written(dates)}] | project todatetime(s)`, dates.map(([, value]) => [value])],
  ]);
});

describe('spans of every spelling', () => {
  checkValues(
    open,
    spans.map(([text, value]) => [`totimespan(${JSON.stringify(text)})`, value]),
  );
  checkCases(open, [
    [`datatable(s:string)[${written(spans)}] | project totimespan(s)`, spans.map(([, value]) => [value])],
  ]);
});

describe('literals', () => {
  checkValues(open, [
    ['datetime("01-01-2022")', '2022-01-01T00:00:00.0000000Z'],
    ['datetime(2022-01-01 3:04:05 PM)', '2022-01-01T15:04:05.0000000Z'],
    ['datetime(now)', '2026-11-24T12:00:00.0000000Z'],
    ['timespan(15 seconds)', '00:00:15'],
    ['timespan(2)', '2.00:00:00'],
    ['time(0.12:34:56.7)', '12:34:56.7000000'],
    ['timespan(null)', null],
    ['10microsecond', '00:00:00.0000100'],
    ['1tick', '00:00:00.0000001'],
    [
      'dynamic([datetime(2026-01-01), timespan(1h), guid(74be27de-1e4e-49d9-b579-fe0b331d3642), 0x10])',
      ['2026-01-01T00:00:00.0000000Z', '01:00:00', '74be27de-1e4e-49d9-b579-fe0b331d3642', 16],
    ],
    ['int(null)', null],
    ['long(-5)', -5],
    ['bool(1)', true],
  ]);
});

describe('conversions', () => {
  checkValues(open, [
    ['toint("12")', 12],
    ['toint("9999999999")', null],
    ['toint(2.7)', 2],
    ['toint("0x1F")', 31],
    ['tolong("1.5")', null],
    ['tolong(dynamic(1.5))', 1],
    ['tolong(1h)', 36_000_000_000],
    ['tolong("")', null],
    ['todouble("1e3")', 1000],
    ['toreal("x")', null],
    ['toreal("-inf")', '-inf'],
    ['tobool("TRUE")', true],
    ['tobool("1")', true],
    ['tobool("x")', null],
    ['tobool(dynamic(0))', false],
    ['tostring(1.5)', '1.5'],
    ['tostring(true)', 'true'],
    ['tostring(1d + 1s)', '1.00:00:01'],
    ['tostring(datetime(2026-01-01))', '2026-01-01T00:00:00.0000000Z'],
    ['tostring(dynamic({"a":1}))', '{"a":1}'],
    ['tostring(dynamic("x"))', 'x'],
    ['toguid("0123456789abcdef0123456789abcdef")', '01234567-89ab-cdef-0123-456789abcdef'],
    ['toguid("0123456789ab-cdef-0123-456789abcdef")', '01234567-89ab-cdef-0123-456789abcdef'],
    ['toguid("{01234567-89AB-cdef-0123-456789abcdef}")', '01234567-89ab-cdef-0123-456789abcdef'],
    ['toguid("no")', null],
    ['todynamic("[1,2]")', [1, 2]],
    ['todynamic("not json")', 'not json'],
    ['parse_json("")', null],
    ['parse_json("null")', null],
    ['parse_json(\'"x"\')', 'x'],
    ['parse_json("01")', '01'],
    ['parse_json(dynamic("{\\"a\\":1}")).a', 1],
  ]);
});

describe('time zones', () => {
  checkValues(open, [
    ['datetime_utc_to_local(datetime(2026-07-01), "Europe/Paris")', '2026-07-01T02:00:00.0000000Z'],
    ['datetime_utc_to_local(datetime(2026-01-01), "US/Pacific")', '2025-12-31T16:00:00.0000000Z'],
    [
      'datetime_local_to_utc(datetime(2020-02-02 20:02:20), "America/Chicago")',
      '2020-02-03T02:02:20.0000000Z',
    ],
    ['datetime_local_to_utc(datetime(2022-03-27 02:00), "Europe/Brussels")', '2022-03-27T00:00:00.0000000Z'],
    ['datetime_local_to_utc(datetime(2022-03-27 01:00), "Europe/Brussels")', '2022-03-27T00:00:00.0000000Z'],
    ['datetime_local_to_utc(datetime(2022-03-27 03:00), "Europe/Brussels")', '2022-03-27T01:00:00.0000000Z'],
    ['datetime_utc_to_local(datetime(null), "Europe/Paris")', null],
    ['array_index_of(datetime_list_timezones(), "Europe/Paris") >= 0', true],
  ]);
  checkCases(open, [
    [
      'datatable(t:datetime, z:string)[datetime(2020-02-02 20:02:20), "US/Pacific", datetime(2020-02-02 20:02:20), "Europe/Paris"] | project datetime_local_to_utc(t, z)',
      [['2020-02-03T04:02:20.0000000Z'], ['2020-02-02T19:02:20.0000000Z']],
    ],
  ]);
  it('a zone that there is not is an error of the query', () => {
    expect(() => engine.rows('print datetime_utc_to_local(now(), "Nowhere/Land")')).toThrow(
      "'Nowhere/Land' is not a known time zone.",
    );
  });
});
