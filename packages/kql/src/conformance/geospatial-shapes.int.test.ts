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

const shape = (type: string, coordinates: unknown) => `dynamic(${JSON.stringify({ type, coordinates })})`;
const line = (...corners: [number, number][]) => shape('LineString', corners);
/** A polygon between two longitudes and two latitudes. */
const box = (west: number, south: number, east: number, north: number) =>
  shape('Polygon', [
    [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ],
  ]);
const text = (expression: string) => `tostring(${expression})`;
/** Whether two numbers are as near as the reference prints them. */
const near = (expression: string, value: number, within = 1e-9) =>
  [`abs(todouble(${expression}) - (${value})) < ${within}`, true] as const;
const area = (expression: string) => `geo_polygon_area(${expression})`;

const equator = line([-2, 0], [2, 0]);
const meridian = line([0, -2], [0, 2]);
const point = shape('Point', [0, 0]);
const bowless = shape('Polygon', [
  [
    [0, 0],
    [1, 0],
    [0, 0],
  ],
]);
const tooFar = line([0, 0], [181, 0]);

describe('what two lines have in common', () => {
  checkValues(open, [
    near(`geo_intersection_2lines(${equator}, ${meridian}).coordinates[0]`, 0),
    near(`geo_intersection_2lines(${equator}, ${meridian}).coordinates[1]`, 0),
    [`tostring(geo_intersection_2lines(${equator}, ${meridian}).type)`, 'Point'],
    [`geo_intersects_2lines(${equator}, ${meridian})`, true],
    [`geo_intersects_2lines(${equator}, ${line([-2, 1], [2, 1])})`, false],
    [`geo_intersects_2lines(${equator}, ${line([2, 0], [3, 1])})`, true],
    [`geo_intersects_2lines(${line([179, 0], [-179, 0])}, ${line([180, -1], [180, 1])})`, true],
    [
      `geo_intersects_2lines(${equator}, ${shape('MultiLineString', [
        [
          [5, 5],
          [6, 6],
        ],
        [
          [1, -1],
          [1, 1],
        ],
      ])})`,
      true,
    ],
    [
      `geo_intersection_2lines(${equator}, ${shape('MultiLineString', [
        [
          [-1, -1],
          [-1, 1],
        ],
        [
          [1, -1],
          [1, 1],
        ],
      ])}).type`,
      'MultiPoint',
    ],
    [`geo_intersection_2lines(${equator}, ${line([-1, 0], [5, 0])}).type`, 'LineString'],
    [`geo_intersects_2lines(${equator}, ${point})`, null],
    [`geo_intersects_2lines(${tooFar}, ${equator})`, null],
    [`geo_intersection_2lines(${equator}, dynamic(null))`, null],
    [`geo_intersection_2lines(${line([1, 1], [1, 1])}, ${equator})`, null],
  ]);
});

describe('what lines and polygons have in common', () => {
  checkValues(open, [
    [`geo_intersects_line_with_polygon(${equator}, ${box(-1, -1, 1, 1)})`, true],
    [`geo_intersects_line_with_polygon(${line([-0.5, 0], [0.5, 0])}, ${box(-1, -1, 1, 1)})`, true],
    [`geo_intersects_line_with_polygon(${line([3, 0], [4, 0])}, ${box(-1, -1, 1, 1)})`, false],
    [
      `geo_intersection_line_with_polygon(${line([-0.5, 0], [0.5, 0])}, ${box(-1, -1, 1, 1)}).coordinates`,
      [
        [-0.5, 0],
        [0.5, 0],
      ],
    ],
    near(
      `geo_line_length(geo_intersection_line_with_polygon(${equator}, ${box(-1, -1, 1, 1)}))`,
      222390.202354,
      1e-3,
    ),
    [
      `geo_intersection_line_with_polygon(${equator}, ${shape('MultiPolygon', [
        [
          [
            [-1, -1],
            [-0.5, -1],
            [-0.5, 1],
            [-1, 1],
            [-1, -1],
          ],
        ],
        [
          [
            [0.5, -1],
            [1, -1],
            [1, 1],
            [0.5, 1],
            [0.5, -1],
          ],
        ],
      ])}).type`,
      'MultiLineString',
    ],
    [`geo_intersects_line_with_polygon(${box(-1, -1, 1, 1)}, ${equator})`, null],
    [`geo_intersects_line_with_polygon(${equator}, ${bowless})`, null],
    [`geo_intersection_line_with_polygon(${equator}, ${equator})`, null],
  ]);
});

describe('what two polygons have in common', () => {
  const [low, high] = [box(0, 0, 2, 2), box(1, 0, 3, 2)];
  checkValues(open, [
    [`geo_intersects_2polygons(${low}, ${high})`, true],
    [`geo_intersects_2polygons(${low}, ${box(5, 5, 6, 6)})`, false],
    [`geo_intersects_2polygons(${low}, ${box(0.5, 0.5, 1, 1)})`, true],
    [`geo_intersects_2polygons(${box(0.5, 0.5, 1, 1)}, ${low})`, true],
    [`geo_intersects_2polygons(${box(179, 0, -179, 1)}, ${box(-179.5, 0, -178, 1)})`, true],
    [`geo_intersection_2polygons(${low}, ${high}).type`, 'Polygon'],
    near(`${area(`geo_intersection_2polygons(${low}, ${low})`)} / ${area(low)}`, 1),
    near(
      `${area(`geo_intersection_2polygons(${low}, ${box(0.5, 0.5, 1, 1)})`)} / ${area(box(0.5, 0.5, 1, 1))}`,
      1,
    ),
    near(
      `(${area(`geo_union_polygons_array(pack_array(${low}, ${high}))`)} + ${area(`geo_intersection_2polygons(${low}, ${high})`)}) / (${area(low)} + ${area(high)})`,
      1,
    ),
    [`geo_intersection_2polygons(${low}, ${bowless})`, null],
    [`geo_intersects_2polygons(${low}, ${equator})`, null],
    [`geo_intersects_2polygons(dynamic(null), ${low})`, null],
  ]);
});

describe('shapes together', () => {
  checkValues(open, [
    [`geo_union_polygons_array(pack_array(${box(0, 0, 1, 1)}, ${box(5, 0, 6, 1)})).type`, 'MultiPolygon'],
    [`geo_union_polygons_array(pack_array(${box(0, 0, 2, 2)}, ${box(1, 0, 3, 2)})).type`, 'Polygon'],
    near(
      `${area(`geo_union_polygons_array(pack_array(${box(0, 0, 2, 2)}, ${box(0.5, 0.5, 1, 1)}))`)} / ${area(box(0, 0, 2, 2))}`,
      1,
    ),
    ['geo_union_polygons_array(dynamic([]))', null],
    [`geo_union_polygons_array(pack_array(${box(0, 0, 1, 1)}, ${equator}))`, null],
    [`geo_union_polygons_array(parse_json(strcat(${text(box(0, 0, 1, 1))}, "")))`, null],
    near(`geo_line_length(geo_union_lines_array(pack_array(${equator}, ${equator})))`, 444780.404709, 1e-3),
    near(
      `geo_line_length(geo_union_lines_array(pack_array(${equator}, ${line([0, 0], [3, 0])})))`,
      555975.505886,
      1e-3,
    ),
    [
      `geo_union_lines_array(pack_array(${line([0, 0], [1, 0])}, ${line([5, 5], [6, 5])})).type`,
      'MultiLineString',
    ],
    ['geo_union_lines_array(dynamic([]))', null],
    [`geo_union_lines_array(pack_array(${equator}, ${point}))`, null],
  ]);
});

describe('places of shapes', () => {
  checkValues(open, [
    near(`geo_line_centroid(${line([0, 0], [2, 0])}).coordinates[0]`, 1),
    near(`geo_line_centroid(${line([0, 0], [2, 0])}).coordinates[1]`, 0),
    near(`geo_polygon_centroid(${box(-1, -1, 1, 1)}).coordinates[0]`, 0),
    near(`geo_polygon_centroid(${box(9, -1, 11, 1)}).coordinates[0]`, 10),
    near(`geo_polygon_centroid(${box(179, -1, -179, 1)}).coordinates[0] % 360`, 180),
    [`geo_polygon_centroid(${equator})`, null],
    [`geo_line_centroid(${point})`, null],
    near(`geo_line_interpolate_point(${line([0, 0], [2, 0])}, 0.25).coordinates[0]`, 0.5),
    [`geo_line_interpolate_point(${line([0, 0], [2, 0])}, 0).coordinates`, [0, 0]],
    [`geo_line_interpolate_point(${line([0, 0], [2, 0])}, 1).coordinates`, [2, 0]],
    [`geo_line_interpolate_point(${line([0, 0], [2, 0])}, 1.5)`, null],
    [
      `geo_line_interpolate_point(${shape('MultiLineString', [
        [
          [0, 0],
          [1, 0],
        ],
        [
          [5, 5],
          [6, 6],
        ],
      ])}, 0.5)`,
      null,
    ],
    near(`geo_line_locate_point(${line([0, 0], [2, 0])}, 0.5, 1)`, 0.25),
    [`geo_line_locate_point(${line([0, 0], [2, 0])}, -5, 0)`, 0],
    [`geo_line_locate_point(${line([0, 0], [2, 0])}, 5, 0)`, 1],
    [`geo_line_locate_point(${line([0, 0], [2, 0])}, 500, 0)`, null],
    near(`geo_closest_point_on_line(1, 1, ${line([0, 0], [2, 0])}).coordinates[0]`, 1),
    near(`geo_closest_point_on_line(1, 1, ${line([0, 0], [2, 0])}).coordinates[1]`, 0),
    [`geo_closest_point_on_line(1, 91, ${line([0, 0], [2, 0])})`, null],
    [`geo_closest_point_on_polygon(0.5, 0.5, ${box(0, 0, 1, 1)}).coordinates`, [0.5, 0.5]],
    near(`geo_closest_point_on_polygon(0.5, -1, ${box(0, 0, 1, 1)}).coordinates[1]`, 0),
    [`geo_closest_point_on_polygon(0.5, 0.5, ${equator})`, null],
  ]);
});

describe('more corners, and fewer', () => {
  const high = line([0, 60], [40, 60]);
  checkValues(open, [
    [`array_length(geo_line_densify(${equator}, 10).coordinates)`, 2],
    [`array_length(geo_line_densify(${high}, 10000).coordinates) > 2`, true],
    [
      `array_length(geo_line_densify(${high}, 1000).coordinates) > array_length(geo_line_densify(${high}, 10000).coordinates)`,
      true,
    ],
    [`geo_line_densify(${high}, 0)`, null],
    [`geo_line_densify(${high}, 10001)`, null],
    [`geo_polygon_densify(${equator}, 10)`, null],
    // Over the long way of the map, or over its edge.
    [
      `array_sum(geo_line_densify(${line([170, 0], [-170, 0])}, 10000).coordinates[1]) between (0 .. 170)`,
      true,
    ],
    [
      `geo_line_densify(${line([170, 0], [-170, 0])}, 10000, true).coordinates`,
      [
        [170, 0],
        [-170, 0],
      ],
    ],
    [
      `array_length(geo_line_densify(${line([170, 60], [-170, 60])}, 1000, true).coordinates) > 2 and geo_line_length(geo_line_densify(${line([170, 60], [-170, 60])}, 1000, true)) < 1200000`,
      true,
    ],
    [`array_length(geo_line_simplify(${equator}, 0).coordinates)`, 2],
    [
      `geo_line_simplify(${line([0, 0], [1, 0.0001], [2, 0])}, 1000).coordinates`,
      [
        [0, 0],
        [2, 0],
      ],
    ],
    [`array_length(geo_line_simplify(${line([0, 0], [1, 1], [2, 0])}, 1000).coordinates)`, 3],
    [`geo_line_simplify(${line([0, 0], [1, 1])}, -1)`, null],
    [`geo_polygon_simplify(${box(0, 0, 0.0001, 0.0001)}, 100000)`, null],
    [`geo_simplify_polygons_array(dynamic([]), 10)`, null],
  ]);
});

describe('rings that cross', () => {
  const bow = shape('Polygon', [
    [
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
      [0, 0],
    ],
  ]);
  const outside = shape('Polygon', [
    [
      [0, 0],
      [4, 0],
      [4, 4],
      [0, 4],
      [0, 0],
    ],
    [
      [1, 1],
      [1, 2],
      [5, 2],
      [5, 1],
      [1, 1],
    ],
  ]);
  checkValues(open, [
    [`geo_polygon_area(${bow})`, null],
    [`geo_polygon_perimeter(${outside})`, null],
    [`geo_polygon_centroid(${bow})`, null],
    [`geo_point_in_polygon(0.5, 0.2, ${bow})`, null],
    [`geo_distance_point_to_polygon(3, 3, ${outside})`, null],
    [`geo_intersects_2polygons(${bow}, ${box(0, 0, 1, 1)})`, null],
    [`geo_polygon_to_s2cells(${bow}, 5)`, null],
    [`geo_polygon_to_h3cells(${bow})`, null],
    [`geo_polygon_buffer(${bow}, 100)`, null],
    [`geo_union_polygons_array(pack_array(${bow}, ${box(0, 0, 1, 1)}))`, null],
  ]);
});

describe('places in polygons', () => {
  const cap = shape('Polygon', [
    [
      [0, 70],
      [90, 70],
      [180, 70],
      [-90, 70],
      [0, 70],
    ],
  ]);
  const southern = shape('Polygon', [
    [
      [0, -70],
      [90, -70],
      [180, -70],
      [-90, -70],
      [0, -70],
    ],
  ]);
  const twice = shape('MultiPolygon', [
    [
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 2],
        [0, 0],
      ],
    ],
    [
      [
        [1, 0],
        [3, 0],
        [3, 2],
        [1, 2],
        [1, 0],
      ],
    ],
  ]);
  const ringed = shape('Polygon', [
    [
      [0, 60],
      [90, 60],
      [180, 60],
      [-90, 60],
      [0, 60],
    ],
    [
      [0, 80],
      [90, 80],
      [180, 80],
      [-90, 80],
      [0, 80],
    ],
  ]);
  checkValues(open, [
    [`geo_point_in_polygon(30, 85, ${cap})`, true],
    [`geo_point_in_polygon(-150, 89, ${cap})`, true],
    [`geo_point_in_polygon(30, 50, ${cap})`, false],
    [`geo_point_in_polygon(30, -85, ${cap})`, false],
    [`geo_point_in_polygon(30, -85, ${southern})`, true],
    [`geo_point_in_polygon(30, -50, ${southern})`, false],
    [`geo_point_in_polygon(45, 65, ${ringed})`, false],
    [`geo_point_in_polygon(0, 70, ${ringed})`, true],
    [`geo_point_in_polygon(0, 85, ${ringed})`, false],
    [`geo_point_in_polygon(1.5, 1, ${twice})`, true],
    [`geo_point_in_polygon(0.5, 1, ${twice})`, true],
    [`geo_point_in_polygon(3.5, 1, ${twice})`, false],
    [`geo_distance_point_to_polygon(1.5, 1, ${twice})`, 0],
    [`geo_distance_point_to_polygon(30, 85, ${cap})`, 0],
    [
      `geo_point_in_polygon(0, 0, dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}))`,
      null,
    ],
  ]);
  checkCases(open, [
    [
      `datatable(n: long, p: dynamic)[1, ${cap}, 2, ${twice}, 3, ${equator}, 4, dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]})] | project n, inside = geo_point_in_polygon(1.5, 1, p), pole = geo_point_in_polygon(1.5, 85, p)`,
      [
        [1, false, true],
        [2, true, false],
        [3, null, null],
        [4, null, null],
      ],
    ],
  ]);
});

describe('the spheroid', () => {
  checkValues(open, [
    near('geo_distance_2points(0, 0, 0, 90, true)', 10_001_965.729, 1e-2),
    near('geo_distance_2points(0, 0, 0, 90, false)', 10_007_559.106, 1e-2),
    near('geo_distance_2points(0, 0, 180, 0, true)', 20_003_931.459, 1e-2),
    ['geo_distance_2points(0, 0, 181, 0, true)', null],
    near(`geo_line_locate_point(${line([0, 0], [0, 90])}, 10, 45, true)`, 0.502_3, 1e-2),
    near(`geo_line_locate_point(${line([0, 0], [2, 0])}, 0.5, 1, true)`, 0.25),
    near(
      `1e5 * (geo_line_locate_point(${line([0, 0], [0, 90])}, 0, 45, true) - geo_line_locate_point(${line([0, 0], [0, 90])}, 0, 45, false))`,
      1e5 * (4_984_944.378 / 10_001_965.729 - 0.5),
      1e-3,
    ),
    [`geo_line_locate_point(${point}, 0, 1, true)`, null],
  ]);
  checkCases(open, [
    [
      'datatable(n: long, x: real, y: real, spheroid: bool)[1, 0, 90, true, 2, 0, 90, false, 3, 1000, 0, true] | project n, d = round(geo_distance_2points(0, 0, x, y, spheroid), 2)',
      [
        [1, 10_001_965.73],
        [2, 10_007_559.11],
        [3, null],
      ],
    ],
  ]);
});

describe('shapes with too many corners', () => {
  const star = (middle: number) =>
    shape('Polygon', [
      [...Array(2_000).keys(), 0].map((index) => {
        const [turn, size] = [(2 * Math.PI * index) / 2_000, index % 2 === 0 ? 0.9 : 1.1];
        return [middle + size * Math.cos(turn), size * Math.sin(turn)];
      }),
    ]);

  it('are refused by name', () => {
    expect(() => engine.rows(`print geo_intersection_2polygons(${star(0)}, ${star(0.5)})`)).toThrow(
      /geo_intersection_2polygons\(\) of shapes with so many corners or crossings/,
    );
  });
});

describe('shapes widened', () => {
  const holed = shape('Polygon', [
    [
      [0, 0],
      [2, 0],
      [2, 2],
      [0, 2],
      [0, 0],
    ],
    [
      [0.5, 0.5],
      [0.5, 1.5],
      [1.5, 1.5],
      [1.5, 0.5],
      [0.5, 0.5],
    ],
  ]);
  const apart = shape('MultiPolygon', [
    [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
        [0, 0],
      ],
    ],
    [
      [
        [1.1, 0],
        [2, 0],
        [2, 1],
        [1.1, 1],
        [1.1, 0],
      ],
    ],
  ]);
  const overlapping = shape('MultiPolygon', [
    [
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 2],
        [0, 0],
      ],
    ],
    [
      [
        [1, 0],
        [3, 0],
        [3, 2],
        [1, 2],
        [1, 0],
      ],
    ],
  ]);
  const together = `geo_union_polygons_array(pack_array(${box(0, 0, 2, 2)}, ${box(1, 0, 3, 2)}))`;
  checkValues(open, [
    [`geo_polygon_buffer(${box(0, 0, 1, 1)}, 1000).type`, 'Polygon'],
    [`geo_point_in_polygon(1.008, 0.5, geo_polygon_buffer(${box(0, 0, 1, 1)}, 1000))`, true],
    [`geo_point_in_polygon(1.01, 0.5, geo_polygon_buffer(${box(0, 0, 1, 1)}, 1000))`, false],
    [`geo_point_in_polygon(0.508, 1, geo_polygon_buffer(${holed}, 1000))`, true],
    [`geo_point_in_polygon(1, 1, geo_polygon_buffer(${holed}, 1000))`, false],
    // What is wider than the hole fills it, and what is wider than the gap closes it.
    [`array_length(geo_polygon_buffer(${holed}, 70000).coordinates)`, 1],
    [`geo_polygon_buffer(${apart}, 1000).type`, 'MultiPolygon'],
    [`geo_polygon_buffer(${apart}, 10000).type`, 'Polygon'],
    [`geo_polygon_buffer(${box(0, 0, 1, 1)}, 0)`, null],
    [`geo_polygon_buffer(${equator}, 10)`, null],
    [
      `array_length(geo_polygon_to_h3cells(${holed}, 5)) < array_length(geo_polygon_to_h3cells(${box(0, 0, 2, 2)}, 5))`,
      true,
    ],
    [`set_has_element(geo_polygon_to_h3cells(${holed}, 5), geo_point_to_h3cell(1, 1, 5))`, false],
    [`set_has_element(geo_polygon_to_h3cells(${holed}, 5), geo_point_to_h3cell(0.25, 1, 5))`, true],
    [
      `array_length(geo_polygon_to_h3cells(${overlapping}, 5)) == array_length(geo_polygon_to_h3cells(${together}, 5))`,
      true,
    ],
    [
      `array_length(geo_polygon_to_h3cells(${box(0, 0, 1, 1)}, 5, 20000)) > array_length(geo_polygon_to_h3cells(${box(0, 0, 1, 1)}, 5))`,
      true,
    ],
    [
      `set_has_element(geo_polygon_to_h3cells(${box(0, 0, 1, 1)}, 5, 20000), geo_point_to_h3cell(1.1, 0.5, 5))`,
      true,
    ],
    [`geo_polygon_to_h3cells(${box(0, 0, 1, 1)}, 16)`, null],
    [`geo_polygon_to_h3cells(${box(0, 0, 1, 1)}, 5, -1)`, null],
    [
      `set_has_element(geo_polygon_to_s2cells(${box(0, 0, 1, 1)}, 10, 20000), geo_point_to_s2cell(1.15, 0.5, 10))`,
      true,
    ],
    [
      `set_has_element(geo_polygon_to_s2cells(${box(0, 0, 1, 1)}, 10), geo_point_to_s2cell(1.15, 0.5, 10))`,
      false,
    ],
    [`set_has_element(geo_line_to_s2cells(${equator}, 10, 20000), geo_point_to_s2cell(0, 0.15, 10))`, true],
    [`set_has_element(geo_line_to_s2cells(${equator}, 10), geo_point_to_s2cell(0, 0.15, 10))`, false],
    near(`${area(overlapping)} / ${area(together)}`, 1),
    near(`geo_polygon_perimeter(${overlapping}) / geo_polygon_perimeter(${together})`, 1),
  ]);
});

describe('places looked up in tables of shapes', () => {
  const places = 'datatable(who: string, x: real, y: real)["a", 0.5, 0.5, "b", 1.005, 0.5, "c", 9, 9]';
  const areas = `datatable(name: string, area: dynamic)["one", ${box(0, 0, 1, 1)}, "whole", ${box(0, 0, 2, 2)}, "none", ${bowless}]`;
  const ways = `datatable(name: string, way: dynamic)["south", ${line([0, 0], [2, 0])}, "middle", ${line([0, 0.5], [2, 0.5])}]`;
  checkCases(open, [
    [
      `${places} | evaluate geo_polygon_lookup(${areas}, area, x, y) | project who, name | sort by who asc, name asc`,
      [
        ['a', 'one'],
        ['a', 'whole'],
        ['b', 'whole'],
      ],
    ],
    [
      `${places} | evaluate geo_polygon_lookup(${areas}, area, x, y, 1000) | project who, name | sort by who asc, name asc`,
      [
        ['a', 'one'],
        ['a', 'whole'],
        ['b', 'one'],
        ['b', 'whole'],
      ],
    ],
    [
      `${places} | evaluate geo_polygon_lookup(${areas}, area, x, y, return_unmatched=true) | project who, name | sort by who asc, name asc`,
      [
        ['a', 'one'],
        ['a', 'whole'],
        ['b', 'whole'],
        ['c', ''],
      ],
    ],
    [
      `${places} | evaluate geo_polygon_lookup(${areas}, area, x, y, return_lookup_key=true) | where name == "one" | project who, type = tostring(area.type)`,
      [['a', 'Polygon']],
    ],
    [
      `${places} | evaluate geo_polygon_lookup(${areas}, area, x, y) | getschema | project ColumnName`,
      [['who'], ['x'], ['y'], ['name']],
    ],
    [
      `${places} | evaluate geo_line_lookup(${ways}, way, x, y, 1000) | project who, name | sort by who asc`,
      [
        ['a', 'middle'],
        ['b', 'middle'],
      ],
    ],
    [
      `${places} | evaluate geo_line_lookup(${ways}, way, x, y, 60000, return_unmatched=true, return_lookup_key=true) | project who, name, type = tostring(way.type) | sort by who asc, name asc`,
      [
        ['a', 'middle', 'LineString'],
        ['a', 'south', 'LineString'],
        ['b', 'middle', 'LineString'],
        ['b', 'south', 'LineString'],
        ['c', '', ''],
      ],
    ],
  ]);
});

describe('cells of S2', () => {
  checkValues(open, [
    [
      `set_has_element(geo_polygon_to_s2cells(${box(0, 0, 1, 1)}, 6), geo_point_to_s2cell(0.5, 0.5, 6))`,
      true,
    ],
    [`set_has_element(geo_line_to_s2cells(${equator}, 8), geo_point_to_s2cell(1.3, 0, 8))`, true],
    [`geo_polygon_to_s2cells(${box(0, 0, 1, 1)}, 31)`, null],
    [`geo_polygon_to_s2cells(${equator})`, null],
    [`geo_polygon_to_s2cells(${box(0, 0, 40, 40)}, 20)`, null],
    ['array_length(geo_s2cell_neighbors("89c259"))', 8],
    ['geo_s2cell_neighbors("")', null],
    ['geo_s2cell_neighbors("no token")', null],
  ]);
});

describe('shapes in columns', () => {
  const shapes = `datatable(n: long, s: dynamic)[1, ${box(0, 0, 2, 2)}, 2, ${box(5, 5, 6, 6)}, 3, dynamic(null), 4, ${bowless}]`;
  checkCases(open, [
    [`${shapes} | where geo_intersects_2polygons(s, ${box(1, 1, 3, 3)}) | project n`, [[1]]],
    [
      `${shapes} | extend t = geo_intersects_2polygons(s, ${box(1, 1, 3, 3)}) | sort by n asc | project n, t`,
      [
        [1, true],
        [2, false],
        [3, null],
        [4, null],
      ],
    ],
    [`${shapes} | summarize countif(isnotnull(geo_polygon_centroid(s)))`, [[2]]],
    [
      `${shapes} | summarize l = make_list(s) | project t = ${text('geo_union_polygons_array(l).type')}`,
      [['']],
    ],
    [
      `${shapes} | where n < 3 | summarize l = make_list(s) | project t = ${text('geo_union_polygons_array(l).type')}`,
      [['MultiPolygon']],
    ],
    [`${shapes} | where n > 9 | extend c = geo_polygon_centroid(s) | project n, c`, []],
    [
      `let f = (p: dynamic) { geo_intersects_2polygons(p, ${box(1, 1, 3, 3)}) }; ${shapes} | where f(s) | project n`,
      [[1]],
    ],
  ]);

  it('refuses more different shapes than it computes with', () => {
    const query = `range n from 1 to 20001 step 1 | project c = geo_line_centroid(bag_pack("type", "LineString", "coordinates", pack_array(pack_array(0, 0), pack_array(n / 1000.0, 1))))`;
    expect(() => engine.rows(query)).toThrow(/geo_line_centroid.*20000 different values/);
  });
});
