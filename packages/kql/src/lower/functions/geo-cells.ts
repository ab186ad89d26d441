import { type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { jsonTexts } from '../json.ts';
import { pointAt } from './geometry.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column } from './series.ts';

/** Cells of the geohash, H3 and S2 grids. What is no cell, or a level that the grid has not, gives null. */

const text = (given: Fragment, value: Fragment): Expr => expr('string', choose(given, value, sql`''`), false);
const dynamic = (given: Fragment, value: Fragment): Expr =>
  expr('dynamic', choose(given, value, sql`''`), false);

function pointJson(longitude: Fragment, latitude: Fragment): Fragment {
  return sql`concat('{"type":"Point","coordinates":[', toString(${longitude}), ',', toString(${latitude}), ']}')`;
}

/** Corners are (longitude, latitude) in degrees; the ring is closed here. */
function polygonJson(corners: Fragment): Fragment {
  const ring = sql`arrayMap(c -> concat('[', toString(c.1), ',', toString(c.2), ']'), arrayPushBack(${corners}, ${corners}[1]))`;
  return sql`concat('{"type":"Polygon","coordinates":[[', arrayStringConcat(${ring}, ','), ']]}')`;
}

/** A level that the query may leave out, and whether the grid has it. */
function levelAt(call: Call, index: number, usual: number, least: number, most: number) {
  const level = index < call.count ? call.long(index).sql : sql`toInt64(${integer(usual)})`;
  const isValid = column(
    call,
    sql`ifNull(${level} >= ${integer(least)} AND ${level} <= ${integer(most)}, false)`,
  );
  return {
    isValid,
    level: column(
      call,
      choose(isValid, sql`ifNull(${level}, ${integer(usual)})`, sql`toInt64(${integer(usual)})`),
    ),
  };
}

// Geohash

/** The geohash of a place in degrees: each letter takes five bits, longitude and latitude in turn. */
function geohashOf(longitude: Fragment, latitude: Fragment, letters: Fragment): Fragment {
  const bits = (value: Fragment, width: Fragment) =>
    sql`leftPad(bin(toUInt64(greatest(0, least(floor(${value} / ${width} * exp2(45)), exp2(45) - 1)))), 64, '0')`;
  const x = bits(sql`(${longitude} + 180)`, sql`360`);
  const y = bits(sql`(${latitude} + 90)`, sql`180`);
  // Bit n of the number comes from one or the other; the numbers have 45 bits, at the end of 64.
  const bit = sql`toUInt8(substring(if((n * 5 + k) % 2 = 0, xy.1, xy.2), 20 + intDiv(n * 5 + k, 2), 1) = '1')`;
  const letter = sql`arraySum(k -> ${bit} * bitShiftLeft(1, 4 - k), range(5))`;
  const all = sql`arrayStringConcat(arrayMap(n -> substring('0123456789bcdefghjkmnpqrstuvwxyz', ${letter} + 1, 1), range(toUInt64(${letters}))))`;
  return sql`arrayMap(xy -> ${all}, [(${x}, ${y})])[1]`;
}

const pointToGeohash: FunctionRule = (call) => {
  const place = pointAt(call, 0);
  const { isValid, level } = levelAt(call, 2, 5, 1, 18);
  return text(
    sql`(${place.isValid} AND ${isValid})`,
    geohashOf(sql`degrees(${place.longitude})`, sql`degrees(${place.latitude})`, level),
  );
};

/** West and south edge, width and height of the cell in degrees. */
function geohashBox(call: Call) {
  const cell = column(call, sql`lower(${call.text(0)})`);
  const isValid = column(call, sql`match(${cell}, '^[0-9b-hjkmnp-z]{1,18}$')`);
  const values = sql`arrayMap(c -> toUInt8(position('0123456789bcdefghjkmnpqrstuvwxyz', c) - 1), splitByString('', ${cell}))`;
  const bits = column(
    call,
    sql`arrayFlatten(arrayMap(v -> arrayMap(k -> toUInt8(bitAnd(bitShiftRight(v, 4 - k), 1)), range(5)), ${values}))`,
  );
  const part = (rest: Fragment) =>
    sql`arrayFilter((b, i) -> (i - 1) % 2 = ${rest}, ${bits}, arrayEnumerate(${bits}))`;
  const [x, y] = [column(call, part(sql`0`)), column(call, part(sql`1`))];
  const share = (found: Fragment) => sql`arraySum((b, i) -> b / exp2(i), ${found}, arrayEnumerate(${found}))`;
  return {
    isValid,
    west: column(call, sql`(${share(x)} * 360 - 180)`),
    south: column(call, sql`(${share(y)} * 180 - 90)`),
    width: column(call, sql`(360 / exp2(length(${x})))`),
    height: column(call, sql`(180 / exp2(length(${y})))`),
  };
}

const geohashCentre: FunctionRule = (call) => {
  const { isValid, west, south, width, height } = geohashBox(call);
  return dynamic(isValid, pointJson(sql`(${west} + ${width} / 2)`, sql`(${south} + ${height} / 2)`));
};

const geohashPolygon: FunctionRule = (call) => {
  const { isValid, west, south, width, height } = geohashBox(call);
  const [east, north] = [sql`(${west} + ${width})`, sql`(${south} + ${height})`];
  const corners = column(
    call,
    sql`[(${west}, ${south}), (${east}, ${south}), (${east}, ${north}), (${west}, ${north})]`,
  );
  return dynamic(isValid, polygonJson(corners));
};

/** The cells around, in the order of the service; none beyond a pole. */
const geohashNeighbours: FunctionRule = (call) => {
  const { isValid, west, south, width, height } = geohashBox(call);
  const letters = sql`length(${call.text(0)})`;
  const longitude = sql`(positiveModulo(${west} + ${width} * (o.1 + 0.5) + 180, 360) - 180)`;
  const latitude = sql`(${south} + ${height} * (o.2 + 0.5))`;
  const around = sql`[(-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1)]`;
  const onEarth = sql`arrayFilter(o -> abs(${latitude}) < 90, ${around})`;
  return dynamic(
    isValid,
    jsonTexts(sql`arrayMap(o -> ${geohashOf(longitude, latitude, letters)}, ${onEarth})`),
  );
};

// H3

/** The index as UInt64; a valid one stands in for what is none, as the engine's functions throw. */
function h3At(call: Call) {
  const cell = call.text(0);
  const number = column(
    call,
    choose(
      sql`match(${cell}, '^[0-9a-fA-F]{1,16}$')`,
      sql`reinterpretAsUInt64(reverse(unhex(leftPad(${cell}, 16, '0'))))`,
      sql`toUInt64(0)`,
    ),
  );
  const isValid = column(call, sql`toBool(h3IsValid(${number}))`);
  const index = column(call, choose(isValid, number, sql`toUInt64(604222352263217151)`));
  return { isValid, index, resolution: column(call, sql`toInt64(h3GetResolution(${index}))`) };
}

const pointToH3: FunctionRule = (call) => {
  const place = pointAt(call, 0);
  const { isValid, level } = levelAt(call, 2, 6, 0, 15);
  const cell = sql`h3ToString(geoToH3(degrees(${place.latitude}), degrees(${place.longitude}), toUInt8(${level})))`;
  return text(sql`(${place.isValid} AND ${isValid})`, cell);
};

const h3Centre: FunctionRule = (call) => {
  const { isValid, index } = h3At(call);
  const centre = column(call, sql`h3ToGeo(${index})`);
  return dynamic(isValid, pointJson(sql`${centre}.2`, sql`${centre}.1`));
};

const h3Polygon: FunctionRule = (call) => {
  const { isValid, index } = h3At(call);
  const corners = column(call, sql`arrayMap(c -> (c.2, c.1), h3ToGeoBoundary(${index}))`);
  return dynamic(isValid, polygonJson(corners));
};

const h3Level: FunctionRule = (call) => {
  const { isValid, resolution } = h3At(call);
  return expr('int', choose(isValid, sql`toInt32(${resolution})`, sql`NULL`), true);
};

/** The resolution asked for, or that of the cell and `step`; within bounds (geo-h3cell-children-function.md: five levels down), or the cell's own. */
function otherResolution(call: Call, own: Fragment, step: -1 | 1) {
  const wanted = call.count > 1 ? call.long(1).sql : sql`(${own} + ${integer(step)})`;
  const fits = column(
    call,
    step === -1
      ? sql`ifNull(${wanted} >= 0 AND ${wanted} <= ${own}, false)`
      : sql`ifNull(${wanted} <= 15 AND ${wanted} >= ${own} AND ${wanted} <= ${own} + 5, false)`,
  );
  return { fits, wanted: column(call, choose(fits, sql`ifNull(${wanted}, 0)`, own)) };
}

const h3Parent: FunctionRule = (call) => {
  const { isValid, index, resolution } = h3At(call);
  const { fits, wanted } = otherResolution(call, resolution, -1);
  return text(sql`(${isValid} AND ${fits})`, sql`h3ToString(h3ToParent(${index}, toUInt8(${wanted})))`);
};

const h3Children: FunctionRule = (call) => {
  const { isValid, index, resolution } = h3At(call);
  const { fits, wanted } = otherResolution(call, resolution, 1);
  return dynamic(
    sql`(${isValid} AND ${fits})`,
    jsonTexts(sql`arrayMap(h -> h3ToString(h), h3ToChildren(${index}, toUInt8(${wanted})))`),
  );
};

/** The cells at this distance; a disk is never refused, not even around a pentagon, which has no ring. */
function ring(index: Fragment, distance: Fragment): Fragment {
  const disks = sql`[(h3kRing(${index}, toUInt16(${distance})), h3kRing(${index}, toUInt16(greatest(${distance}, 1) - 1)))]`;
  const outer = sql`arrayMap(d -> arrayFilter(h -> NOT has(d.2, h), d.1), ${disks})[1]`;
  return sql`arrayMap(h -> h3ToString(h), if(${distance} = 0, [${index}], ${outer}))`;
}

const h3Neighbours: FunctionRule = (call) => {
  const { isValid, index } = h3At(call);
  return dynamic(isValid, jsonTexts(ring(index, sql`1`)));
};

const mostRings = 140n;

const h3Rings: FunctionRule = (call) => {
  const { isValid, index } = h3At(call);
  const { isValid: fits, level: distance } = levelAt(call, 1, 0, 0, Number(mostRings));
  const rings = sql`arrayMap(far -> ${jsonTexts(ring(index, sql`far`))}, range(toUInt64(${distance}) + 1))`;
  return dynamic(sql`(${isValid} AND ${fits})`, sql`concat('[', arrayStringConcat(${rings}, ','), ']')`);
};

// S2: a cube around the sphere, each face cut into four again and again along a Hilbert curve.

const mostS2Levels = 30;
/** Where the i and j bits of a quarter stand along the curve, by the curve's orientation. */
const positionOf = sql`[[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]]`;
const quarterAt = sql`[[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]]`;
/** How a quarter of the curve changes its orientation: 1 swaps the axes, 2 turns them round. */
const turnOf = sql`[1, 0, 0, 3]`;

const pointToS2: FunctionRule = (call) => {
  const place = pointAt(call, 0);
  const { isValid, level } = levelAt(call, 2, 11, 0, mostS2Levels);
  const xyz = column(
    call,
    sql`(cos(${place.latitude}) * cos(${place.longitude}), cos(${place.latitude}) * sin(${place.longitude}), sin(${place.latitude}))`,
  );
  const [x, y, z] = [sql`${xyz}.1`, sql`${xyz}.2`, sql`${xyz}.3`];
  const axis = sql`multiIf(abs(${x}) > abs(${y}) AND abs(${x}) > abs(${z}), 0, abs(${y}) > abs(${z}), 1, 2)`;
  const face = column(
    call,
    sql`toInt64(${axis} + if(multiIf(${axis} = 0, ${x}, ${axis} = 1, ${y}, ${z}) < 0, 3, 0))`,
  );
  const uv = column(
    call,
    sql`[(${y} / ${x}, ${z} / ${x}), (-${x} / ${y}, ${z} / ${y}), (-${x} / ${z}, -${y} / ${z}), (${z} / ${x}, ${y} / ${x}), (${z} / ${y}, -${x} / ${y}), (-${y} / ${z}, -${x} / ${z})][${face} + 1]`,
  );
  const whole = (u: Fragment) =>
    sql`toInt64(greatest(0, least(floor(exp2(30) * if(${u} >= 0, 0.5 * sqrt(1 + 3 * abs(${u})), 1 - 0.5 * sqrt(1 + 3 * abs(${u})))), exp2(30) - 1)))`;
  const i = column(call, whole(sql`${uv}.1`));
  const j = column(call, whole(sql`${uv}.2`));
  const quarter = sql`(2 * bitAnd(bitShiftRight(${i}, 29 - k), 1) + bitAnd(bitShiftRight(${j}, 29 - k), 1) + 1)`;
  const position = sql`${positionOf}[s.1 + 1][${quarter}]`;
  const walked = column(
    call,
    sql`arrayFold((s, k) -> (toUInt8(bitXor(s.1, ${turnOf}[${position} + 1])), bitOr(bitShiftLeft(s.2, 2), toUInt64(${position}))), range(toUInt64(${level})), (toUInt8(${face} % 2), toUInt64(${face}))).2`,
  );
  // The last bit that is set marks the level.
  const id = sql`bitShiftLeft(bitOr(bitShiftLeft(${walked}, 1), toUInt64(1)), toUInt8(60 - 2 * ${level}))`;
  const token = sql`trim(TRAILING '0' FROM lower(leftPad(hex(${id}), 16, '0')))`;
  return text(sql`(${place.isValid} AND ${isValid})`, token);
};

/** Face, level, and the cell's column and row among those of its level. */
function s2At(call: Call) {
  const cell = call.text(0);
  const isHex = sql`match(${cell}, '^[0-9a-fA-F]{1,16}$')`;
  const id = column(
    call,
    choose(isHex, sql`reinterpretAsUInt64(reverse(unhex(rightPad(${cell}, 16, '0'))))`, sql`toUInt64(0)`),
  );
  const last = column(call, sql`bitAnd(${id}, bitNot(${id}) + toUInt64(1))`);
  const face = column(call, sql`toInt64(bitShiftRight(${id}, 61))`);
  const isValid = column(
    call,
    sql`(${last} > 0 AND ${face} < 6 AND bitAnd(${last}, toUInt64(1537228672809129301)) > 0)`,
  );
  const level = column(
    call,
    choose(
      isValid,
      sql`toInt64(30 - intDiv(toInt64(round(log2(greatest(${last}, 1)))), 2))`,
      sql`toInt64(0)`,
    ),
  );
  const position = sql`toUInt8(bitAnd(bitShiftRight(${id}, toUInt8(59 - 2 * k)), 3))`;
  const quarter = sql`${quarterAt}[s.1 + 1][${position} + 1]`;
  const walked = column(
    call,
    sql`arrayFold((s, k) -> (toUInt8(bitXor(s.1, ${turnOf}[${position} + 1])), s.2 * 2 + toInt64(bitShiftRight(${quarter}, 1)), s.3 * 2 + toInt64(bitAnd(${quarter}, 1))), range(toUInt64(${level})), (toUInt8(${face} % 2), toInt64(0), toInt64(0)))`,
  );
  return { isValid, face, level, i: sql`${walked}.2`, j: sql`${walked}.3` };
}

/** Longitude and latitude in degrees of a place on a face, s and t from 0 to 1. */
function onSphere(face: Fragment, s: Fragment, t: Fragment): Fragment {
  const flat = (x: Fragment) =>
    sql`if(${x} >= 0.5, (4 * ${x} * ${x} - 1) / 3, (1 - 4 * (1 - ${x}) * (1 - ${x})) / 3)`;
  const xyz = sql`arrayMap((u, v) -> [(1, u, v), (-u, 1, v), (-u, -v, 1), (-1, -v, -u), (v, -1, -u), (v, u, -1)][${face} + 1], [${flat(s)}], [${flat(t)}])`;
  return sql`arrayMap(p -> (degrees(atan2(p.2, p.1)), degrees(atan2(p.3, sqrt(p.1 * p.1 + p.2 * p.2)))), ${xyz})[1]`;
}

const s2Centre: FunctionRule = (call) => {
  const { isValid, face, level, i, j } = s2At(call);
  const size = sql`exp2(${level})`;
  const centre = column(call, onSphere(face, sql`((${i} + 0.5) / ${size})`, sql`((${j} + 0.5) / ${size})`));
  return dynamic(isValid, pointJson(sql`${centre}.1`, sql`${centre}.2`));
};

const s2Polygon: FunctionRule = (call) => {
  const { isValid, face, level, i, j } = s2At(call);
  const size = sql`exp2(${level})`;
  const corner = (di: number, dj: number) =>
    onSphere(face, sql`((${i} + ${integer(di)}) / ${size})`, sql`((${j} + ${integer(dj)}) / ${size})`);
  const corners = column(call, sql`[${join([corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)])}]`);
  return dynamic(isValid, polygonJson(corners));
};

export const geoCellFunctions: FunctionFamily = {
  geo_point_to_geohash: pointToGeohash,
  geo_geohash_to_central_point: geohashCentre,
  geo_geohash_to_polygon: geohashPolygon,
  geo_geohash_neighbors: geohashNeighbours,
  geo_point_to_h3cell: pointToH3,
  geo_h3cell_to_central_point: h3Centre,
  geo_h3cell_to_polygon: h3Polygon,
  geo_h3cell_level: h3Level,
  geo_h3cell_parent: h3Parent,
  geo_h3cell_children: h3Children,
  geo_h3cell_neighbors: h3Neighbours,
  geo_h3cell_rings: h3Rings,
  geo_point_to_s2cell: pointToS2,
  geo_s2cell_to_central_point: s2Centre,
  geo_s2cell_to_polygon: s2Polygon,
};
