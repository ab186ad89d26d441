/**
 * Functions of whole shapes, which no SQL computes: they are calculated at translation, once for each different set of arguments that the rows have.
 */
import type { KustoType } from '@merlon/contract';
import { type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { bufferOfLines, bufferOfPoint, bufferOfPolygons, type Width } from '../../geometry/buffers.ts';
import { coveringOf, neighborsOf } from '../../geometry/cells.ts';
import {
  drawnPolygonsOf,
  linesOf,
  type Polygon,
  type Position,
  polygonsOf,
  positionOf,
  printLines,
  printPoint,
  printPolygons,
  printShapes,
  type Shapes,
} from '../../geometry/geojson.ts';
import { BeyondGeometry } from '../../geometry/limits.ts';
import {
  areaOf,
  interpolated,
  lineCentroid,
  located,
  nearestOnLines,
  nearestOnPolygons,
  perimeterOf,
  polygonCentroid,
} from '../../geometry/measures.ts';
import {
  intersectionOfLines,
  intersectionOfLinesWithPolygons,
  intersectionOfPolygons,
  unionOfLines,
  unionOfPolygons,
} from '../../geometry/overlay.ts';
import { densifiedLine, densifiedRing, simplifiedLine, simplifiedRing } from '../../geometry/reshaping.ts';
import { angle, EARTH_RADIUS, vectorOf } from '../../geometry/sphere.ts';
import { locatedOnSpheroid, spheroidDistance } from '../../geometry/spheroid.ts';
import { type Constant, type Expr, expr } from '../../tree/expression.ts';
import { constantExpr, constantJson, nullExpr } from '../constants.ts';
import { convert, elementText } from '../convert.ts';
import { jsonTexts } from '../json.ts';
import { perValue } from '../per-value.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** Arguments as JSON values; what is computed of them: JSON text, '' for null. */
type Compute = (args: readonly unknown[], call: Call) => string;

const DEFAULT_TOLERANCE = 10;
/** geo-polygon-to-h3cells-function.md, Returns. */
const MAX_H3_CELLS = 61_680;
/** Square metres of a cell of resolution 0 on average: h3geo.org/docs/core-library/restable. */
const LARGEST_H3_CELL = 4.3574e12;

/** What is beyond calculation is refused. */
function calculated<T>(call: Call, calculate: () => T): T {
  try {
    return calculate();
  } catch (error) {
    if (error instanceof BeyondGeometry) call.refuse(error.message);
    throw error;
  }
}

function ofShapes(compute: Compute, type: KustoType = 'dynamic'): FunctionRule {
  return (call) => {
    const work = (args: readonly unknown[]): string => calculated(call, () => compute(args, call));
    const values = call.values();
    const constants = values.map(({ constant }) => constant);
    if (constants.every((constant): constant is Constant => constant !== undefined))
      return settled(work(constants.map((constant) => JSON.parse(constantJson(constant)))), type);
    const key = sql`concat('[', ${join(
      values.map((value) => elementOf(value, call)),
      sql`, ',', `,
    )}, ']')`;
    const found = perValue(call, expr('string', key, false), (text) => work(JSON.parse(text)));
    const dynamic = expr('dynamic', found, false);
    return type === 'dynamic' ? dynamic : convert(dynamic, type, call.scope, call.node);
  };
}

function elementOf(value: Expr, call: Call): Fragment {
  return sql`assumeNotNull(${elementText(value, call.scope)})`;
}

function settled(json: string, type: KustoType): Expr {
  if (json === '') return nullExpr(type);
  if (type === 'bool') return constantExpr({ type, value: json === 'true' });
  if (type === 'real') return constantExpr({ type, value: Number(json) });
  return constantExpr({ type: 'dynamic', value: { json } });
}

/** Computes of what all readers find valid; else null. */
function valid<A extends unknown[]>(
  readers: { readonly [K in keyof A]: (value: unknown) => A[K] | null },
  compute: (...args: A) => string,
): Compute {
  return (args) => {
    const read = (readers as readonly ((value: unknown) => unknown)[]).map((reader, index) =>
      reader(args[index]),
    );
    return read.includes(null) ? '' : compute(...(read as A));
  };
}

const singleLine = (value: unknown) => {
  const lines = linesOf(value);
  return lines?.length === 1 ? (lines[0] ?? null) : null;
};
const part = (value: unknown) => (typeof value === 'number' && value >= 0 && value <= 1 ? value : null);
const within =
  (least: number, most: number) =>
  (value: unknown): number | null => {
    if (value === undefined) return DEFAULT_TOLERANCE;
    return typeof value === 'number' && value >= least && value <= most ? value : null;
  };
/** geo-line-densify-function.md, tolerance. */
const densifying = within(0.1, 10_000);
/** geo-line-simplify-function.md, tolerance; 0 is as good as a little. */
const simplifying = within(0, 7_800_000);
const tolerance = within(Number.MIN_VALUE, Number.POSITIVE_INFINITY);
const flag = (value: unknown) => {
  if (value === undefined) return false;
  return typeof value === 'boolean' ? value : typeof value === 'number' ? value !== 0 : null;
};
const shapesOf =
  <T>(read: (value: unknown) => T[] | null) =>
  (value: unknown): T[] | null => {
    if (!Array.isArray(value) || value.length === 0) return null;
    const found: T[] = [];
    for (const one of value) {
      const shape = read(one);
      if (shape === null) return null;
      found.push(...shape);
    }
    return found;
  };
const isThere = (shapes: Shapes): string =>
  String(shapes.points.length + shapes.lines.length + shapes.polygons.length > 0);
const cells = (found: string[] | null): string => (found === null ? '' : JSON.stringify(found));

/** Longitude and latitude in two arguments before the shape. */
function fromPlace<S>(
  read: (value: unknown) => S | null,
  compute: (place: Position, shape: S) => string,
): Compute {
  return ([longitude, latitude, value]) => {
    const place = positionOf(longitude, latitude);
    const shape = read(value);
    return place === null || shape === null ? '' : compute(place, shape);
  };
}

const levelAt =
  (fallback: number, least: number, most: number) =>
  (value: unknown): number | null => {
    if (value === undefined) return fallback;
    return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : null;
  };

/** Of geo_distance_2points, where it is asked for, or may be: the spheroid's geodesics are no formula that SQL has. */
export const distanceOnSpheroid = ofShapes(([x1, y1, x2, y2, onSpheroid]) => {
  const [from, to] = [positionOf(x1, y1), positionOf(x2, y2)];
  const spheroid = flag(onSpheroid);
  if (from === null || to === null || spheroid === null) return '';
  return String(spheroid ? spheroidDistance(from, to) : angle(vectorOf(from), vectorOf(to)) * EARTH_RADIUS);
}, 'real');

/**
 * Whether a polygon that the query writes is none. SQL does not tell rings that cross, as that takes a look at every pair of edges in every row: a polygon in a
 * column that crosses itself is taken by what an odd number of its edges goes round.
 */
export function isKnownForNoPolygon(call: Call, index: number): boolean {
  const { constant } = call.value(index);
  if (constant === undefined) return false;
  return calculated(call, () => polygonsOf(JSON.parse(constantJson(constant)))) === null;
}

const simplifiedPolygons = (read: (value: unknown) => ReturnType<typeof polygonsOf>): Compute =>
  valid([read, simplifying], (polygons, size) => {
    const whole = together(polygons);
    const left = whole.flatMap((rings) => {
      const [shell, ...holes] = rings.map((ring) => simplifiedRing(ring, size));
      return shell ? [[shell, ...holes.filter((hole) => hole !== null)]] : [];
    });
    return left.length === 0 ? '' : printPolygons(left);
  });

/** Polygons that overlap count as one. */
const together = (polygons: Polygon[]): Polygon[] =>
  polygons.length > 1 ? unionOfPolygons(polygons) : polygons;

/** The radius of those functions that widen the shape first: 0 where it is not given. */
const added = (value: unknown) =>
  value === undefined ? 0 : typeof value === 'number' && value >= 0 ? value : null;
const radius = (value: unknown) => (typeof value === 'number' && value > 0 ? value : null);

function widthOf(size: number, deviation = DEFAULT_TOLERANCE): Width {
  return { radius: size, tolerance: deviation };
}

const cellsOfPolygons = valid([polygonsOf, levelAt(11, 0, 30), added], (polygons, level, more) =>
  cells(coveringOf({ polygons: more > 0 ? bufferOfPolygons(polygons, widthOf(more)) : polygons }, level)),
);
const cellsOfLines = valid([linesOf, levelAt(11, 0, 30), added], (lines, level, more) =>
  cells(coveringOf(more > 0 ? { polygons: bufferOfLines(lines, widthOf(more)) } : { lines }, level)),
);

/** What H3 fills with cells: coordinates of polygons; '' for what is not valid or takes more cells than there may be. */
const fillable = valid([polygonsOf, levelAt(6, 0, 15), added], (polygons, resolution, more) => {
  const wide = more > 0 ? bufferOfPolygons(polygons, widthOf(more)) : together(polygons);
  if (areaOf(wide) / (LARGEST_H3_CELL / 7 ** resolution) > 2 * MAX_H3_CELLS) return '';
  return JSON.stringify(wide);
});

/** Those whose centre is inside. */
const polygonToH3: FunctionRule = (call) => {
  const filled = call.shared(ofShapes(fillable)(call)).sql;
  const resolution = call.count > 1 ? sql`toUInt8(ifNull(${call.long(1).sql}, 6))` : sql`toUInt8(6)`;
  const shapes = sql`JSONExtract(${filled}, 'Array(Array(Array(Tuple(Float64, Float64))))')`;
  const found = call.shared(
    expr(
      'dynamic',
      sql`arrayDistinct(arrayFlatten(arrayMap(p -> h3PolygonToCells(p, ${resolution}), ${shapes})))`,
      false,
    ),
  ).sql;
  const tokens = jsonTexts(sql`arrayMap(h -> h3ToString(h), ${found})`);
  return expr(
    'dynamic',
    sql`if(${filled} = '' OR length(${found}) > ${integer(MAX_H3_CELLS)}, '', ${tokens})`,
    false,
  );
};

export const geoShapeFunctions: FunctionFamily = {
  geo_intersection_2lines: ofShapes(
    valid([linesOf, linesOf], (a, b) => printShapes(intersectionOfLines(a, b))),
  ),
  geo_intersection_2polygons: ofShapes(
    valid([polygonsOf, polygonsOf], (a, b) => printShapes(intersectionOfPolygons(a, b))),
  ),
  geo_intersection_line_with_polygon: ofShapes(
    valid([linesOf, polygonsOf], (a, b) => printShapes(intersectionOfLinesWithPolygons(a, b))),
  ),
  geo_intersects_2lines: ofShapes(
    valid([linesOf, linesOf], (a, b) => isThere(intersectionOfLines(a, b))),
    'bool',
  ),
  geo_intersects_2polygons: ofShapes(
    valid([polygonsOf, polygonsOf], (a, b) => isThere(intersectionOfPolygons(a, b))),
    'bool',
  ),
  geo_intersects_line_with_polygon: ofShapes(
    valid([linesOf, polygonsOf], (a, b) => isThere(intersectionOfLinesWithPolygons(a, b))),
    'bool',
  ),
  geo_union_lines_array: ofShapes(valid([shapesOf(linesOf)], (lines) => printLines(unionOfLines(lines)))),
  geo_union_polygons_array: ofShapes(
    valid([shapesOf(polygonsOf)], (polygons) => printPolygons(unionOfPolygons(polygons))),
  ),
  geo_line_centroid: ofShapes(valid([linesOf], (lines) => printPoint(lineCentroid(unionOfLines(lines))))),
  geo_polygon_centroid: ofShapes(
    valid([polygonsOf], (polygons) => printPoint(polygonCentroid(together(polygons)))),
  ),
  geo_line_interpolate_point: ofShapes(
    valid([singleLine, part], (line, at) => printPoint(interpolated(line, at))),
  ),
  geo_line_locate_point: ofShapes(([value, longitude, latitude, onSpheroid]) => {
    const place = positionOf(longitude, latitude);
    const line = singleLine(value);
    const spheroid = flag(onSpheroid);
    if (place === null || line === null || spheroid === null) return '';
    return String(spheroid ? locatedOnSpheroid(line, place) : located(line, place));
  }, 'real'),
  geo_closest_point_on_line: ofShapes(
    fromPlace(linesOf, (place, lines) => printPoint(nearestOnLines(lines, place))),
  ),
  geo_closest_point_on_polygon: ofShapes(
    fromPlace(polygonsOf, (place, polygons) => printPoint(nearestOnPolygons(polygons, place))),
  ),
  geo_line_densify: ofShapes(
    valid([linesOf, densifying, flag], (lines, size, across) =>
      printLines(lines.map((line) => densifiedLine(line, size, across))),
    ),
  ),
  geo_polygon_densify: ofShapes(
    valid([drawnPolygonsOf, densifying, flag], (polygons, size, across) =>
      printPolygons(polygons.map((rings) => rings.map((ring) => densifiedRing(ring, size, across)))),
    ),
  ),
  geo_line_simplify: ofShapes(
    valid([linesOf, simplifying], (lines, size) => {
      const left = unionOfLines(lines)
        .map((line) => simplifiedLine(line, size))
        .filter((line) => line !== null);
      return left.length === 0 ? '' : printLines(left);
    }),
  ),
  geo_polygon_simplify: ofShapes(simplifiedPolygons(polygonsOf)),
  geo_simplify_polygons_array: ofShapes(simplifiedPolygons(shapesOf(polygonsOf))),
  geo_polygon_to_s2cells: ofShapes(cellsOfPolygons),
  geo_polygon_to_h3cells: polygonToH3,
  geo_line_to_s2cells: ofShapes(cellsOfLines),
  geo_point_buffer: ofShapes(([longitude, latitude, size, deviation]) => {
    const place = positionOf(longitude, latitude);
    const [wide, most] = [radius(size), tolerance(deviation)];
    return place === null || wide === null || most === null
      ? ''
      : printPolygons(bufferOfPoint(place, widthOf(wide, most)));
  }),
  geo_line_buffer: ofShapes(
    valid([linesOf, radius, tolerance], (lines, size, most) =>
      printPolygons(bufferOfLines(lines, widthOf(size, most))),
    ),
  ),
  geo_polygon_buffer: ofShapes(
    valid([polygonsOf, radius, tolerance], (polygons, size, most) =>
      printPolygons(bufferOfPolygons(polygons, widthOf(size, most))),
    ),
  ),
  geo_polygon_area: ofShapes(
    valid([polygonsOf], (polygons) => String(areaOf(together(polygons)))),
    'real',
  ),
  geo_polygon_perimeter: ofShapes(
    valid([polygonsOf], (polygons) => String(perimeterOf(together(polygons)))),
    'real',
  ),
  geo_s2cell_neighbors: ofShapes(
    valid([(value: unknown) => (typeof value === 'string' ? value : null)], (token) =>
      cells(neighborsOf(token)),
    ),
  ),
};
