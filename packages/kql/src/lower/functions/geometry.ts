import { type Fragment, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { nullExpr } from '../constants.ts';
import { distanceOnSpheroid, isKnownForNoPolygon } from './geo-shapes.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column } from './series.ts';

/** The Earth as Kusto takes it: a sphere of this radius in metres, on which lines are great circles. */
const radius = sql`toFloat64(6371010)`;

/** A place in radians. */
export interface Point {
  readonly longitude: Fragment;
  readonly latitude: Fragment;
  /** Both are there and on Earth. */
  readonly isValid: Fragment;
}

/** The two arguments from this one on, in degrees. What is no place counts as 0, 0 and is not valid. */
export function pointAt(call: Call, index: number): Point {
  const [x, y] = [call.real(index).sql, call.real(index + 1).sql];
  const isValid = column(call, sql`ifNull(abs(${x}) <= 180 AND abs(${y}) <= 90, false)`);
  return {
    isValid,
    longitude: column(call, sql`radians(${choose(isValid, sql`ifNull(${x}, 0)`, sql`toFloat64(0)`)})`),
    latitude: column(call, sql`radians(${choose(isValid, sql`ifNull(${y}, 0)`, sql`toFloat64(0)`)})`),
  };
}

/** The angle between two places as seen from the centre of the Earth. */
function angle(l1: Fragment, b1: Fragment, l2: Fragment, b2: Fragment): Fragment {
  const half = sql`least(1, pow(sin((${b2} - ${b1}) / 2), 2) + cos(${b1}) * cos(${b2}) * pow(sin((${l2} - ${l1}) / 2), 2))`;
  return sql`(2 * asin(sqrt(${half})))`;
}

function bearing(from: Point, to: Point): Fragment {
  const turn = sql`(${to.longitude} - ${from.longitude})`;
  return sql`atan2(sin(${turn}) * cos(${to.latitude}), cos(${from.latitude}) * sin(${to.latitude}) - sin(${from.latitude}) * cos(${to.latitude}) * cos(${turn}))`;
}

function distanceBetween(a: Point, b: Point): Fragment {
  return sql`(${radius} * ${angle(a.longitude, a.latitude, b.longitude, b.latitude)})`;
}

const real = (given: Fragment, value: Fragment): Expr => expr('real', choose(given, value, sql`NULL`), true);

const distance: FunctionRule = (call) => {
  if (call.count > 4 && call.value(4).constant?.value !== false) return distanceOnSpheroid(call);
  const [a, b] = [pointAt(call, 0), pointAt(call, 2)];
  return real(sql`(${a.isValid} AND ${b.isValid})`, distanceBetween(a, b));
};

/** Clockwise from north, 0 … 2π. */
const azimuth: FunctionRule = (call) => {
  const [a, b] = [pointAt(call, 0), pointAt(call, 2)];
  const found = column(call, bearing(a, b));
  const apart = sql`(${a.isValid} AND ${b.isValid} AND (${a.longitude} != ${b.longitude} OR ${a.latitude} != ${b.latitude}))`;
  return real(apart, sql`positiveModulo(${found}, 2 * pi())`);
};

/** Clockwise from the line back to the first place to the line on to the third. */
const angleBetween: FunctionRule = (call) => {
  const [a, b, c] = [pointAt(call, 0), pointAt(call, 2), pointAt(call, 4)];
  const turned = column(call, sql`(${bearing(b, c)} - ${bearing(b, a)})`);
  const apart = (p: Point, q: Point) =>
    sql`(${p.longitude} != ${q.longitude} OR ${p.latitude} != ${q.latitude})`;
  return real(
    sql`(${a.isValid} AND ${b.isValid} AND ${c.isValid} AND ${apart(a, b)} AND ${apart(b, c)})`,
    sql`positiveModulo(${turned}, 2 * pi())`,
  );
};

const inCircle: FunctionRule = (call) => {
  const [a, b] = [pointAt(call, 0), pointAt(call, 2)];
  const size = call.real(4).sql;
  const given = sql`(${a.isValid} AND ${b.isValid} AND ifNull(${size} >= 0, false))`;
  return expr(
    'bool',
    choose(given, sql`ifNull(${distanceBetween(a, b)} <= ${size}, false)`, sql`NULL`),
    true,
  );
};

/** Paths of a GeoJSON shape's parts, Array(Array(Array(Tuple(Float64, Float64)))) in radians: lines are one part; empty for another shape. */
function paths(call: Call, index: number, single: Fragment, multiple: Fragment, depth: 1 | 2): Fragment {
  const json = call.json(index);
  const type = column(call, sql`JSONExtractString(${json}, 'type')`);
  const [one, many] =
    depth === 1
      ? [
          sql`[[JSONExtract(${json}, 'coordinates', 'Array(Array(Float64))')]]`,
          sql`[JSONExtract(${json}, 'coordinates', 'Array(Array(Array(Float64)))')]`,
        ]
      : [
          sql`[JSONExtract(${json}, 'coordinates', 'Array(Array(Array(Float64)))')]`,
          sql`JSONExtract(${json}, 'coordinates', 'Array(Array(Array(Array(Float64))))')`,
        ];
  const none = sql`CAST([], 'Array(Array(Array(Array(Float64))))')`;
  const found = column(
    call,
    choose(sql`(${type} = ${single})`, one, choose(sql`(${type} = ${multiple})`, many, none)),
  );
  const onEarth = sql`arrayAll(part -> arrayAll(path -> length(path) > 1 AND arrayAll(c -> length(c) >= 2 AND abs(c[1]) <= 180 AND abs(c[2]) <= 90, path), part), ${found})`;
  return column(
    call,
    choose(
      onEarth,
      sql`arrayMap(part -> arrayMap(path -> arrayMap(c -> (radians(c[1]), radians(c[2])), path), part), ${found})`,
      sql`CAST([], 'Array(Array(Array(Tuple(Float64, Float64))))')`,
    ),
  );
}

const linesAt = (call: Call, index: number) =>
  paths(call, index, sql`'LineString'`, sql`'MultiLineString'`, 1);

/** Polygons whose rings come back to a corner at their end and nowhere else; none of them if one does not. Rings that cross are not told: {@link isKnownForNoPolygon}. */
function polygonsAt(call: Call, index: number): Fragment {
  const polygons = paths(call, index, sql`'Polygon'`, sql`'MultiPolygon'`, 2);
  const isSimple = sql`arrayAll(rings -> notEmpty(rings) AND arrayAll(ring -> length(ring) > 3 AND ring[1] = ring[-1] AND length(arrayDistinct(arrayPopBack(ring))) = length(ring) - 1, rings), ${polygons})`;
  return column(
    call,
    choose(isSimple, polygons, sql`CAST([], 'Array(Array(Array(Tuple(Float64, Float64))))')`),
  );
}

/** Each step of each path, by part: Array(Array(Tuple(from, to))). */
function stepsOfParts(call: Call, found: Fragment): Fragment {
  return column(
    call,
    sql`arrayMap(part -> arrayFlatten(arrayMap(path -> arrayZip(arrayPopBack(path), arrayPopFront(path)), part)), ${found})`,
  );
}

/** Each step of each path: Array(Tuple(from, to)). */
function steps(call: Call, found: Fragment): Fragment {
  return column(call, sql`arrayFlatten(${stepsOfParts(call, found)})`);
}

function lengthOf(call: Call, found: Fragment): Expr {
  const all = steps(call, found);
  const a = angle(sql`s.1.1`, sql`s.1.2`, sql`s.2.1`, sql`s.2.2`);
  return real(sql`notEmpty(${all})`, sql`${radius} * arraySum(s -> ${a}, ${all})`);
}

/** From π east to π west. */
const shorterWay = (turn: Fragment) => sql`(positiveModulo(${turn} + pi(), 2 * pi()) - pi())`;

/**
 * Whether the smaller part of the Earth that a ring divides off has the north pole. From what lies between its edges and the equator: of a ring that goes round the
 * poles the part to the left of it is half of the Earth less that; another leaves both poles in one part, the whole Earth less that.
 */
function hasNorthPole(ring: Fragment): Fragment {
  const edges = sql`arrayMap((a, b) -> (${shorterWay(sql`(b.1 - a.1)`)}, tan(a.2 / 2), tan(b.2 / 2)), arrayPopBack(${ring}), arrayPopFront(${ring}))`;
  const beneath = sql`arraySum(e -> 2 * atan2(tan(e.1 / 2) * (e.2 + e.3), 1 + e.2 * e.3), es)`;
  const turned = sql`arraySum(e -> e.1, es)`;
  return sql`arrayMap(es -> if(abs(${turned}) > pi(), ${beneath} * sign(${turned}) > 0, abs(${beneath}) > 2 * pi()), [${edges}])[1]`;
}

/** In one of the polygons: on the way north along its own meridian the place passes an odd number of edges, or an even one and the pole is within. */
function isInside(call: Call, place: Point, polygons: Fragment): Fragment {
  const from = (end: Fragment) => shorterWay(sql`(${end} - ${place.longitude})`);
  const edges = column(
    call,
    sql`arrayMap(part -> arrayMap(s -> (${from(sql`s.1.1`)}, s.1.2, ${from(sql`s.2.1`)}, s.2.2), part), ${stepsOfParts(call, polygons)})`,
  );
  const poles = column(
    call,
    sql`arrayMap(part -> arrayCount(ring -> ${hasNorthPole(sql`ring`)}, part), ${polygons})`,
  );
  const crosses = sql`((e.1 > 0) != (e.3 > 0) AND abs(e.3 - e.1) < pi())`;
  const meets = sql`atan((tan(e.2) * sin(e.3) - tan(e.4) * sin(e.1)) / sin(e.3 - e.1))`;
  return sql`arrayExists((part, pole) -> (pole + arrayCount(e -> ${crosses} AND ${meets} > ${place.latitude}, part)) % 2 = 1, ${edges}, ${poles})`;
}

const inPolygon: FunctionRule = (call) => {
  if (isKnownForNoPolygon(call, 2)) return nullExpr('bool');
  const place = pointAt(call, 0);
  const polygons = polygonsAt(call, 2);
  return expr(
    'bool',
    choose(sql`(${place.isValid} AND notEmpty(${polygons}))`, isInside(call, place, polygons), sql`NULL`),
    true,
  );
};

/** To the nearest place of any step: across it where the foot lies on it, else to the nearer end. */
function distanceToSteps(call: Call, place: Point, all: Fragment): Fragment {
  const toEnd = (l: Fragment, b: Fragment) => angle(place.longitude, place.latitude, l, b);
  const course = (l1: Fragment, b1: Fragment, l2: Fragment, b2: Fragment) =>
    sql`atan2(sin(${l2} - ${l1}) * cos(${b2}), cos(${b1}) * sin(${b2}) - sin(${b1}) * cos(${b2}) * cos(${l2} - ${l1}))`;
  const measured = column(
    call,
    sql`arrayMap(s -> (${toEnd(sql`s.1.1`, sql`s.1.2`)}, ${toEnd(sql`s.2.1`, sql`s.2.2`)}, ${angle(sql`s.1.1`, sql`s.1.2`, sql`s.2.1`, sql`s.2.2`)}, ${course(sql`s.1.1`, sql`s.1.2`, place.longitude, place.latitude)} - ${course(sql`s.1.1`, sql`s.1.2`, sql`s.2.1`, sql`s.2.2`)}), ${all})`,
  );
  // Distance along the step to the foot of the perpendicular, and across.
  const along = sql`atan2(sin(m.1) * cos(m.4), cos(m.1))`;
  const across = sql`abs(asin(greatest(-1, least(1, sin(m.1) * sin(m.4)))))`;
  const nearest = sql`arrayMin(m -> if(${along} > 0 AND ${along} < m.3, ${across}, least(m.1, m.2)), ${measured})`;
  return sql`(${radius} * ${nearest})`;
}

const distanceToLine: FunctionRule = (call) => {
  const place = pointAt(call, 0);
  const all = steps(call, linesAt(call, 2));
  return real(sql`(${place.isValid} AND notEmpty(${all}))`, distanceToSteps(call, place, all));
};

/** 0 within it. */
const distanceToPolygon: FunctionRule = (call) => {
  if (isKnownForNoPolygon(call, 2)) return nullExpr('real');
  const place = pointAt(call, 0);
  const polygons = polygonsAt(call, 2);
  const all = steps(call, polygons);
  const inside = isInside(call, place, polygons);
  return real(
    sql`(${place.isValid} AND notEmpty(${all}))`,
    choose(inside, sql`toFloat64(0)`, distanceToSteps(call, place, all)),
  );
};

/** Well-known text as GeoJSON; null for what is none. */
const fromWkt: FunctionRule = (call) => {
  const written = column(call, sql`upper(trim(${call.text(0)}))`);
  const shape = sql`'(POINT|LINESTRING|POLYGON|MULTIPOINT|MULTILINESTRING|MULTIPOLYGON)\\s*([(][-+0-9.eE,()\\s]*[)])'`;
  const isWkt = column(
    call,
    sql`match(${written}, '^((POINT|LINESTRING|POLYGON|MULTIPOINT|MULTILINESTRING|MULTIPOLYGON)\\s*[(][-+0-9.E,()\\s]*[)]|GEOMETRYCOLLECTION\\s*[(]\\s*(POINT|LINESTRING|POLYGON|MULTI)[-+0-9.A-Z,()\\s]*[)])$')`,
  );
  const found = column(call, sql`extractAllGroupsVertical(${written}, ${shape})`);
  // Of a collection the last shape has taken the closing bracket along.
  const isCollection = column(call, sql`startsWith(${written}, 'GEOMETRY')`);
  const closed = sql`if(${isCollection} AND n = length(${found}), replaceRegexpOne(g[2], '[)]\\s*$', ''), replaceRegexpOne(g[2], ',\\s*$', ''))`;
  const flat = sql`if(g[1] = 'MULTIPOINT', concat('(', replaceRegexpAll(${closed}, '[()]', ''), ')'), ${closed})`;
  const pairs = sql`replaceRegexpAll(${flat}, '([-+0-9.E]+)\\s+([-+0-9.E]+)', '[\\1,\\2]')`;
  const coordinates = sql`replaceRegexpAll(translate(${pairs}, '()', '[]'), '\\s+', '')`;
  const unwrapped = sql`if(g[1] = 'POINT', substring(${coordinates}, 2, length(${coordinates}) - 2), ${coordinates})`;
  const name = sql`transform(g[1], ['POINT', 'LINESTRING', 'POLYGON', 'MULTIPOINT', 'MULTILINESTRING', 'MULTIPOLYGON'], ['Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon'], '')`;
  const shapes = column(
    call,
    sql`arrayMap((g, n) -> concat('{"type":"', ${name}, '","coordinates":', ${unwrapped}, '}'), ${found}, arrayEnumerate(${found}))`,
  );
  const json = column(
    call,
    choose(
      isCollection,
      sql`concat('{"type":"GeometryCollection","geometries":[', arrayStringConcat(${shapes}, ','), ']}')`,
      sql`${shapes}[1]`,
    ),
  );
  return expr('dynamic', choose(sql`(${isWkt} AND isValidJSON(${json}))`, json, sql`''`), false);
};

export const geometryFunctions: FunctionFamily = {
  geo_distance_2points: distance,
  geo_azimuth: azimuth,
  geo_angle: angleBetween,
  geo_point_in_circle: inCircle,
  geo_point_in_polygon: inPolygon,
  geo_distance_point_to_line: distanceToLine,
  geo_distance_point_to_polygon: distanceToPolygon,
  geo_from_wkt: fromWkt,
  geo_line_length: (call) => lengthOf(call, linesAt(call, 0)),
};
