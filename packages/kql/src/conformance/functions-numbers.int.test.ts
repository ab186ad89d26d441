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

describe('numbers', () => {
  checkValues(open, [
    ['round(acos(0.5), 6)', 1.047198],
    ['acos(2)', null],
    ['asin(-1.5)', null],
    ['round(atan2(1, 1), 6)', 0.785398],
    ['round(cot(1), 6)', 0.642093],
    ['degrees(pi())', 180],
    ['round(radians(60), 6)', 1.047198],
    ['bitset_count_ones(42)', 3],
    ['bitset_count_ones(-1)', 64],
    ['rand() between (0.0 .. 1.0)', true],
    ['rand(10) < 10', true],
    ['rand() == rand()', false],
    ['around(5, 4, 1)', true],
    ['around(5.5, 4, 1)', false],
    ['around(datetime(2026-01-01), datetime(2026-01-02), 1d)', true],
    ['around(5, int(null), 1)', null],
    ['bin(7.5, 2)', 6],
    ['bin(-7, 2)', -8],
    ['bin(5, 0)', null],
    ['binary_shift_left(1, 64)', 1],
    ['sqrt(-1)', null],
    ['log(-1)', null],
    ['log10(0)', '-inf'],
    ['log2(8)', 3],
    ['tostring(real(nan))', 'NaN'],
    ['tostring(-1.0 / 0)', '-Infinity'],
    ['pack_array(real(nan), 1.5)', ['NaN', 1.5]],
    ['1e3', 1000],
    ['1.5e-3', 0.0015],
    ['0xFF', 255],
    ['real(-inf)', '-inf'],
    ['round(15.55, 1)', 15.6],
    ['round(1234, -2)', 1200],
  ]);
  checkCases(open, [
    ['set query_bin_auto_size=2; print bin_auto(5)', [[4]]],
    [
      'set query_bin_auto_size=1h; set query_bin_auto_at=datetime(2026-01-01 00:05); print bin_auto(datetime(2026-01-01 02:04))',
      [['2026-01-01T01:05:00.0000000Z']],
    ],
    ['range x from 1 to 100 step 1 | extend r = rand() | summarize dcount(r)', [[100]]],
    ['datatable(i:int)[1, 2, 3] | extend g = new_guid() | summarize dcount(g)', [[3]]],
    ['let g = toscalar(new_guid()); range x from 1 to 3 step 1 | extend g | summarize dcount(g)', [[1]]],
  ]);
});

describe('units', () => {
  checkValues(open, [
    ['round(convert_angle(1.2, "Degree", "Arcminute"), 9)', 72],
    ['round(convert_angle(30, "Degree", "Tilt"), 9)', 0.5],
    ['round(convert_angle(0.5, "Tilt", "Degree"), 9)', 30],
    ['round(convert_energy(1.2, "Joule", "BritishThermalUnit"), 8)', 0.00113738],
    ['convert_force(1.2, "Newton", "Decanewton")', 0.12],
    ['round(convert_length(1.2, "Meter", "Foot"), 6)', 3.937008],
    ['round(convert_mass(1.2, "Kilogram", "Pound"), 6)', 2.645547],
    ['convert_speed(1.2, "MeterPerSecond", "CentimeterPerMinute")', 7200],
    ['round(convert_temperature(1.2, "Kelvin", "DegreeCelsius"), 9)', -271.95],
    ['round(convert_temperature(212, "DegreeFahrenheit", "DegreeReaumur"), 9)', 80],
    ['round(convert_volume(1.2, "CubicMeter", "AcreFoot"), 10)', 0.0009728568],
    ['convert_length(1.2, "Meter", "Parrot")', null],
    ['convert_length(real(null), "Meter", "Foot")', null],
  ]);
  checkCases(open, [
    [
      'datatable(v:real, u:string)[1, "Kilometer", 2, "Nothing"] | project convert_length(v, u, "Meter")',
      [[1000], [null]],
    ],
  ]);
});

describe('types and columns', () => {
  checkValues(open, [
    ['gettype("a")', 'string'],
    ['gettype(1)', 'long'],
    ['gettype(int(1))', 'int'],
    ['gettype(1s)', 'timespan'],
    ['gettype(parse_json("1"))', 'int'],
    ['gettype(parse_json("9999999999"))', 'long'],
    ['gettype(parse_json("1.5"))', 'real'],
    ['gettype(parse_json("true"))', 'bool'],
    ['gettype(parse_json("[1]"))', 'array'],
    ['gettype(parse_json(\'{"a":1}\'))', 'dictionary'],
    ['gettype(parse_json(""))', 'null'],
    ['assert(1 < 2, "never")', true],
    ['assert(strlen("ab") == 2, "never")', true],
  ]);
  checkCases(open, [
    ['datatable(a:long)[1] | project column_ifexists("a", 5), column_ifexists("b", 7)', [[1, 7]]],
    ['datatable(a:long, b:string)[1, "x"] | where column_ifexists("b", "") == "x" | count', [[1]]],
    ['let T = datatable(A:string, B:int)[]; print column_names_of(T)', [[['A', 'B']]]],
    [
      'datatable(a:long, b:string)[1, "abc"] | project estimate_data_size(*), estimate_data_size(b)',
      [[11, 3]],
    ],
    ['range x from 1 to 10 step 1 | extend t = "1234567890" | summarize sum(estimate_data_size(*))', [[180]]],
    [
      'let f = (len:long, s:string) { assert(len > 0, "positive") and strlen(s) > len }; datatable(i:string)["123", "4567"] | where f(len=3, i)',
      [['4567']],
    ],
  ]);
  it('an assertion that fails is an error of the query', () => {
    expect(() => engine.rows('print assert(1 > 2, "no way")')).toThrow(
      "assert() has failed with message: 'no way'",
    );
  });
});
