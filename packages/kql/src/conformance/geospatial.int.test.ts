import { afterAll, beforeAll, describe } from 'vitest';
import { checkValues } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

describe('places', () => {
  checkValues(open, [
    ['round(geo_distance_2points(0, 0, 1, 0), 6)', 111195.101177],
    ['round(geo_distance_2points(-122.407628, 47.578557, -118.275287, 34.019056), 6)', 1546754.351974],
    ['geo_distance_2points(10, 20, 10, 20)', 0],
    ['geo_distance_2points(181, 0, 1, 0)', null],
    ['round(geo_distance_2points(179.5, 0, -179.5, 0), 6)', 111195.101177],
    ['round(geo_azimuth(5, 10, 10, -40), 12)', 3.054599397964],
    ['geo_azimuth(5, 10, 5, 10)', null],
    ['geo_azimuth(0, 0, 0, 1)', 0],
    ['round(geo_angle(0, 10, 0, 5, 3, -10), 12)', 2.944938434069],
    ['geo_angle(0, 10, 0, 10, 3, -10)', null],
    ['geo_point_in_circle(0, 0, 0.5, 0, 60000)', true],
    ['geo_point_in_circle(0, 0, 1, 0, 60000)', false],
    ['geo_point_in_circle(0, 91, 1, 0, 60000)', null],
  ]);
});

describe('lines and polygons', () => {
  const square =
    'dynamic({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]],[[0.5,0.5],[1.5,0.5],[1.5,1.5],[0.5,1.5],[0.5,0.5]]]})';
  const two =
    'dynamic({"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,1],[0,0]]],[[[5,5],[6,5],[6,6],[5,6],[5,5]]]]})';
  const line = 'dynamic({"type":"LineString","coordinates":[[0,0],[1,0],[1,1]]})';
  checkValues(open, [
    [`round(geo_line_length(${line}), 4)`, 222390.2024],
    [
      'round(geo_line_length(dynamic({"type":"MultiLineString","coordinates":[[[0,0],[1,0]],[[0,0],[0,1]]]})), 4)',
      222390.2024,
    ],
    ['geo_line_length(dynamic({"type":"LineString","coordinates":[[1,1]]}))', null],
    ['geo_line_length(dynamic({"type":"Point","coordinates":[1,1]}))', null],
    [`geo_point_in_polygon(0.25, 0.25, ${square})`, true],
    [`geo_point_in_polygon(1, 1, ${square})`, false],
    [`geo_point_in_polygon(3, 1, ${square})`, false],
    [`geo_point_in_polygon(5.5, 5.5, ${two})`, true],
    [`geo_point_in_polygon(3, 3, ${two})`, false],
    [`geo_point_in_polygon(300, 3, ${two})`, null],
    [
      'geo_point_in_polygon(0, 50.05, dynamic({"type":"Polygon","coordinates":[[[-10,40],[10,40],[10,50],[-10,50],[-10,40]]]}))',
      true,
    ],
    [
      'geo_point_in_polygon(180, 0.5, dynamic({"type":"Polygon","coordinates":[[[179,0],[-179,0],[-179,1],[179,1],[179,0]]]}))',
      true,
    ],
    [`round(geo_polygon_area(${square}) / 1e6, 3)`, 37089.75],
    [
      'round(geo_polygon_area(dynamic({"type":"Polygon","coordinates":[[[0,0],[90,0],[0,90],[0,0]]]})) / 1e6, 3)',
      63758259.14,
    ],
    [`round(geo_polygon_perimeter(${two}), 1)`, 888511.6],
    [
      `round(geo_distance_point_to_line(0.5, 1, dynamic({"type":"LineString","coordinates":[[0,0],[1,0]]})), 6)`,
      111195.101177,
    ],
    [
      `round(geo_distance_point_to_line(2, 0, dynamic({"type":"LineString","coordinates":[[0,0],[1,0]]})), 6)`,
      111195.101177,
    ],
    [`geo_distance_point_to_line(1, 0, ${line})`, 0],
  ]);
});

describe('shapes that are none, and shapes from text', () => {
  const square = 'dynamic({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]})';
  const crooked = 'dynamic({"type":"Polygon","coordinates":[[[0,0],[9,9],[9,9],[0,0]]]})';
  checkValues(open, [
    [`geo_distance_point_to_polygon(1, 1, ${square})`, 0],
    [`round(geo_distance_point_to_polygon(3, 0, ${square}), 6)`, 111195.101177],
    [`geo_distance_point_to_polygon(1, 1, ${crooked})`, null],
    [`geo_polygon_area(${crooked})`, null],
    [`geo_point_in_polygon(1, 1, ${crooked})`, null],
    ['geo_from_wkt("POINT (1 -2.5)")', { type: 'Point', coordinates: [1, -2.5] }],
    ['geo_from_wkt("LineString(1 2, 3 4)").coordinates[1]', [3, 4]],
    [
      'geo_from_wkt("MULTIPOINT ((1 1), (2 2))").coordinates',
      [
        [1, 1],
        [2, 2],
      ],
    ],
    ['geo_from_wkt("POLYGON ((0 0, 2 0, 2 2, 0 0))").coordinates[0][2]', [2, 2]],
    [
      'geo_from_wkt("GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (2 2, 3 3))").geometries[1].type',
      'LineString',
    ],
    ['geo_from_wkt("POINT (1 2")', null],
    ['geo_from_wkt("LINESTRING")', null],
  ]);
});

describe('geohash cells', () => {
  checkValues(open, [
    ['geo_point_to_geohash(-80.195829, 25.802215, 8)', 'dhwfz15h'],
    ['geo_point_to_geohash(-80.195829, 25.802215)', 'dhwfz'],
    ['strlen(geo_point_to_geohash(1, 1, 18))', 18],
    ['geo_point_to_geohash(1, 1, 19)', ''],
    ['geo_point_to_geohash(181, 1)', ''],
    ['geo_point_to_geohash(180, 90, 2)', 'zz'],
    [
      'geo_geohash_to_central_point("sunny")',
      { type: 'Point', coordinates: [42.47314453125, 23.70849609375] },
    ],
    ['geo_geohash_to_central_point("a")', null],
    [
      'geo_geohash_to_polygon("s0").coordinates[0]',
      [
        [0, 0],
        [11.25, 0],
        [11.25, 5.625],
        [0, 5.625],
        [0, 0],
      ],
    ],
    [
      'geo_geohash_neighbors("sunny")',
      ['sunnt', 'sunpj', 'sunnx', 'sunpn', 'sunnv', 'sunpp', 'sunnz', 'sunnw'],
    ],
    ['array_length(geo_geohash_neighbors("b"))', 5],
    ['geo_geohash_neighbors("")', null],
  ]);
});

describe('H3 cells', () => {
  checkValues(open, [
    ['geo_point_to_h3cell(-74.016, 40.704)', '862a1072fffffff'],
    ['geo_h3cell_level(geo_point_to_h3cell(1, 1, 15))', 15],
    ['geo_point_to_h3cell(1, 1, 16)', ''],
    ['geo_h3cell_level("abc")', null],
    ['round(todouble(geo_h3cell_to_central_point("862a1072fffffff").coordinates[0]), 9)', -74.01600848],
    ['array_length(geo_h3cell_to_polygon("862a1072fffffff").coordinates[0])', 7],
    ['geo_h3cell_to_polygon("1")', null],
    ['geo_h3cell_parent("862a1072fffffff")', '852a1073fffffff'],
    ['geo_h3cell_parent("862a1072fffffff", 1)', '812a3ffffffffff'],
    ['geo_h3cell_parent("862a1072fffffff", 7)', ''],
    ['array_length(geo_h3cell_children("862a1072fffffff", 8))', 49],
    ['geo_h3cell_children("862a1072fffffff", 5)', null],
    ['array_length(geo_h3cell_children("862a1072fffffff", 11))', 16_807],
    ['geo_h3cell_children("862a1072fffffff", 12)', null],
    [
      'geo_h3cell_neighbors("862a1072fffffff")',
      [
        '862a10727ffffff',
        '862a10707ffffff',
        '862a1070fffffff',
        '862a10777ffffff',
        '862a100dfffffff',
        '862a100d7ffffff',
      ],
    ],
    ['array_length(geo_h3cell_neighbors("8408001ffffffff"))', 5],
    ['array_length(geo_h3cell_rings("861f8894fffffff", 2)[2])', 12],
    ['geo_h3cell_rings("861f8894fffffff", 1)[0]', ['861f8894fffffff']],
    ['geo_h3cell_rings("861f8894fffffff", 150)', null],
  ]);
});

describe('S2 cells', () => {
  checkValues(open, [
    ['geo_point_to_s2cell(-80.195829, 25.802215, 8)', '88d9b'],
    ['geo_point_to_s2cell(10.6842, 53, 8)', '47ae3'],
    ['strlen(geo_point_to_s2cell(1, 1, 30))', 16],
    ['geo_point_to_s2cell(0, 90, 0)', '5'],
    ['geo_point_to_s2cell(0, -90, 0)', 'b'],
    ['geo_point_to_s2cell(1, 1, 31)', ''],
    ['geo_point_to_s2cell(300, 1)', ''],
    ['round(todouble(geo_s2cell_to_central_point("1234567").coordinates[1]), 9)', 27.468392926],
    ['geo_s2cell_to_central_point("a")', null],
    ['round(todouble(geo_s2cell_to_polygon("89c259").coordinates[0][0][0]), 9)', -74.03001225],
    ['array_length(geo_s2cell_to_polygon("89c259").coordinates[0])', 5],
    [
      'geo_point_to_s2cell(todouble(geo_s2cell_to_central_point("89c2594").coordinates[0]), todouble(geo_s2cell_to_central_point("89c2594").coordinates[1]))',
      '89c2594',
    ],
  ]);
});
