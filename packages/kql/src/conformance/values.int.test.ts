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

describe('literals leave in their wire form', () => {
  checkValues(open, [
    ['1', 1],
    ['0x1F', 31],
    ['-9223372036854775807', -9_223_372_036_854_776_000],
    ['int(5)', 5],
    ['1.5', 1.5],
    ['real(nan)', 'nan'],
    ['true', true],
    ['bool(null)', null],
    ['"a\\tb\'\\"\\\\"', 'a\tb\'"\\'],
    ['@"c:\\x"', 'c:\\x'],
    ["'it''s'", 'its'],
    ['"\\u00e9\\0"', 'é\0'],
    ['h"secret"', 'secret'],
    ['"a" "b"', 'ab'],
    ['datetime(2026-01-02 03:04:05.1234567)', '2026-01-02T03:04:05.1234567Z'],
    ['datetime(0001-01-01)', '0001-01-01T00:00:00.0000000Z'],
    ['datetime(9999-12-31 23:59:59.9999999)', '9999-12-31T23:59:59.9999999Z'],
    ['datetime(null)', null],
    ['1d', '1.00:00:00'],
    ['-1h', '-01:00:00'],
    ['time(1.02:03:04.5)', '1.02:03:04.5000000'],
    ['guid(74be27de-1e4e-49d9-b579-fe0b331d3642)', '74be27de-1e4e-49d9-b579-fe0b331d3642'],
    ['guid(null)', null],
    ['dynamic({"a":[1,2.5,"x",null,true],\'b c\':-2})', { a: [1, 2.5, 'x', null, true], 'b c': -2 }],
    ['dynamic([datetime(2026-01-01), 1h])', ['2026-01-01T00:00:00.0000000Z', '01:00:00']],
    ['dynamic(null)', null],
    ['dynamic("text")', 'text'],
  ]);
});

describe('null', () => {
  checkValues(open, [
    ['int(null) == 1', false],
    ['int(null) != 1', true],
    ['int(null) == int(null)', null],
    ['int(null) != int(null)', null],
    ['int(null) > 1', null],
    ['not(int(null) > 1)', null],
    ['int(null) + 1', null],
    ['int(null) in (1, 2)', false],
    ['int(null) !in (1, 2)', true],
    ['bool(null) and false', false],
    ['bool(null) or true', true],
    ['iff(bool(null), 1, 2)', 2],
    ['isnull(int(null))', true],
    ['isnull("")', false],
    ['isnull(dynamic(null))', true],
    ['isempty("")', true],
    ['isempty(dynamic(null))', true],
    ['isempty(long(null))', true],
    ['isnotempty("x")', true],
    ['tostring(long(null))', ''],
    ['strcat("a", long(null), "b")', 'ab'],
    ['coalesce(long(null), 3, 4)', 3],
    ['coalesce("", "x")', 'x'],
    ['max_of(1, long(null), 3)', 3],
    ['min_of(2, 3, 1)', 1],
  ]);
  checkCases(open, [
    ['datatable(i:long)[1, 2, long(null)] | where i != 1 | project i', [[2], [null]]],
    ['datatable(i:long)[1, 2, long(null)] | where not(i == 1) | project i', [[2], [null]]],
    ['datatable(i:long)[1, 2, long(null)] | where i > 1', [[2]]],
    ['datatable(i:long)[1, long(null)] | where i == long(null)', []],
  ]);
});

describe('arithmetic', () => {
  checkValues(open, [
    ['7 / 2', 3],
    ['-7 / 2', -3],
    ['7 / 0', null],
    ['7.0 / 2', 3.5],
    ['1.0 / 0', 'inf'],
    ['0.0 / 0', 'nan'],
    ['7 % 3', 1],
    ['-14 % 12', 10],
    ['7 % 0', null],
    ['2 + 3 * 4', 14],
    ['1.5 * 2', 3],
    ['int(1) + int(2)', 3],
    ['1d / 2', '12:00:00'],
    ['1d / 1h', 24],
    ['2 * 1.5h', '03:00:00'],
    ['1d * 1.5', '1.12:00:00'],
    ['100m % 1h', '00:40:00'],
    ['datetime(2026-01-02) - datetime(2026-01-01 23:00)', '01:00:00'],
    ['datetime(2026-01-02) - 1tick', '2026-01-01T23:59:59.9999999Z'],
    ['1d + datetime(2026-01-02)', '2026-01-03T00:00:00.0000000Z'],
    ['round(2.5)', 3],
    ['round(-2.5)', -3],
    ['round(1.2345, 2)', 1.23],
    ['abs(-5)', 5],
    ['abs(-1h)', '01:00:00'],
    ['pow(2, 10)', 1024],
    ['sqrt(16)', 4],
    ['ceiling(1.2)', 2],
    ['floor(-1.5, 1)', -2],
    ['sign(-2)', -1],
    ['log10(100)', 2],
    ['binary_and(12, 10)', 8],
    ['binary_xor(12, 10)', 6],
    ['binary_shift_left(1, 4)', 16],
    ['binary_shift_right(16, 68)', 1],
    ['binary_shift_left(1, -1)', null],
    ['tohex(255)', 'ff'],
    ['tohex(255, 4)', '00ff'],
    ['isnan(real(nan))', true],
    ['isinf(1.0 / 0)', true],
  ]);
});

describe('comparison across types', () => {
  checkValues(open, [
    ['1 == "1"', true],
    ['true == 1', true],
    ['true == "true"', true],
    ['1 == 1.0', true],
    ['long(1) == int(1)', true],
    ['dynamic("a") == "a"', true],
    ['dynamic(1) == 1', true],
    ['dynamic(1.5) == 1', false],
    ['dynamic(1.5) > 1', true],
    ['1 < dynamic(1.5)', true],
    ['dynamic(9007199254740993) == 9007199254740992', false],
    ['dynamic("5") == 5', true],
    ['dynamic(null) == 1', false],
    ['dynamic(null) != 1', true],
    ['5 between (1 .. 5)', true],
    ['5 !between (1 .. 5)', false],
    ['datetime(2026-01-02) between (datetime(2026-01-01) .. 1d)', true],
    ['datetime(2026-01-02 00:00:01) between (datetime(2026-01-01) .. 1d)', false],
    ['1 in (1, 2)', true],
    ['"1" in (1, 2)', true],
    ['dynamic(1) in (1, 2)', true],
    ['1.5 in (1, 1.5)', true],
  ]);
});

describe('conversion', () => {
  checkValues(open, [
    ['tolong("12")', 12],
    ['tolong("0x1f")', 31],
    ['tolong("1.5")', null],
    ['tolong(1.9)', 1],
    ['tolong(dynamic(1.9))', 1],
    ['tolong(true)', 1],
    ['toint("x")', null],
    ['toint(3000000000)', null],
    ['todouble("1.5")', 1.5],
    ['tobool("true")', true],
    ['tobool("False")', false],
    ['tobool(0)', false],
    ['tobool("x")', null],
    ['todatetime("2026-01-02")', '2026-01-02T00:00:00.0000000Z'],
    ['todatetime("1/2/2026")', '2026-01-02T00:00:00.0000000Z'],
    ['todatetime(strcat("2026-01-02T03:04:05.1234567", "Z"))', '2026-01-02T03:04:05.1234567Z'],
    ['todatetime("nonsense")', null],
    ['totimespan("1.02:03:04.5")', '1.02:03:04.5000000'],
    ['totimespan(strcat("-00:00", ":01"))', '-00:00:01'],
    ['tostring(1h)', '01:00:00'],
    ['tostring(datetime(2026-01-01))', '2026-01-01T00:00:00.0000000Z'],
    ['tostring(true)', 'true'],
    ['tostring(1.5)', '1.5'],
    ['tostring(dynamic({"a":1}))', '{"a":1}'],
    ['tostring(dynamic("a"))', 'a'],
    ['toguid("74BE27DE-1e4e-49d9-b579-fe0b331d3642")', '74be27de-1e4e-49d9-b579-fe0b331d3642'],
  ]);
});

describe('literals', () => {
  checkValues(open, [
    ['tostring(dynamic(1.0))', '1.0'],
    ['tostring(dynamic([1.0, 2, -3.5, -4.0]))', '[1.0,2,-3.5,-4.0]'],
    ['dynamic({"a": 1.0}).a + 1', 2],
    ['datetime(2017 - 08 - 01)', '2017-08-01T00:00:00.0000000Z'],
  ]);
});

describe('choice', () => {
  checkValues(open, [
    ['case(1 == 2, "a", 2 == 2, "b", "c")', 'b'],
    ['case(1 == 2, 1, 3 == 2, 2, 3.5)', 3.5],
    ['iff(1 == 1, "a", "b")', 'a'],
    ['iif(1 == 2, 1, long(null))', null],
  ]);
});
