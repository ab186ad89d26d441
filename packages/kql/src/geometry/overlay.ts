/** What shapes have in common, and what they are together, in the plane of {@link planeOf}. */
import * as polyclip from 'polyclip-ts';
import type { Line, Polygon, Position, Shapes } from './geojson.ts';
import { type Plane, type Point, planeOf } from './plane.ts';
import { signedArea, vectorsOf } from './sphere.ts';

/** Shapes with corners so close to edges that the clipping library loses its way round them. */
export class Unresolved extends Error {}

/** Distances of the plane below this are none: some millimetres near its middle. */
const NEAR = 1e-13;

type Edge = readonly [Point, Point];

const pointsOfLine = (line: Line, plane: Plane): Point[] => line.map((corner) => plane.onto(corner));
const edgesAlong = (points: readonly Point[]): Edge[] =>
  points.slice(1).map((to, index) => [points[index] as Point, to] as const);
const edgesAround = (points: readonly Point[]): Edge[] =>
  points.map((from, index) => [from, points[(index + 1) % points.length] as Point] as const);

/** Shells counterclockwise, holes clockwise, whichever way they were written. */
function turned(polygon: Polygon): Polygon {
  return polygon.map((ring, index) => {
    const goesRound = signedArea(vectorsOf(ring)) > 0;
    return goesRound === (index === 0) ? ring : [...ring].reverse();
  });
}

const less = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1]];
const turn = (a: Point, b: Point): number => a[0] * b[1] - a[1] * b[0];
const inner = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1];
const length = (a: Point): number => Math.hypot(a[0], a[1]);
const isSame = (a: Point, b: Point): boolean => length(less(a, b)) <= NEAR;
const at = ([from, to]: Edge, part: number): Point =>
  part <= 0
    ? from
    : part >= 1
      ? to
      : [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];

/** The part of the way along the edge to where the point lies on it; null where it does not. */
function partOf(edge: Edge, point: Point): number | null {
  const [from, to] = edge;
  if (isSame(from, point)) return 0;
  if (isSame(to, point)) return 1;
  const way = less(to, from);
  const size = length(way);
  const away = less(point, from);
  if (Math.abs(turn(way, away)) / size > NEAR) return null;
  const part = inner(way, away) / (size * size);
  return part < 0 || part > 1 ? null : part;
}

/** Parts of the way along the first edge at which it meets the second: none, one, or the two ends of what they share. */
function meetings(edge: Edge, other: Edge): number[] {
  const [d, e] = [less(edge[1], edge[0]), less(other[1], other[0])];
  const ends = [
    ...[other[0], other[1]].flatMap((point) => {
      const part = partOf(edge, point);
      return part === null ? [] : [part];
    }),
    ...(partOf(other, edge[0]) === null ? [] : [0]),
    ...(partOf(other, edge[1]) === null ? [] : [1]),
  ];
  if (ends.length > 0) return [...new Set([Math.min(...ends), Math.max(...ends)])];
  const across = turn(d, e);
  if (across === 0) return [];
  const between = less(other[0], edge[0]);
  const [t, u] = [turn(between, e) / across, turn(between, d) / across];
  return t > 0 && t < 1 && u > 0 && u < 1 ? [t] : [];
}

/** Pieces of lines that follow on each other, and places off them. */
function gathered(pieces: readonly Edge[], places: readonly Point[]): { lines: Point[][]; points: Point[] } {
  const lines: Point[][] = [];
  for (const [from, to] of pieces) {
    if (lines.some((line) => edgesAlong(line).some((edge) => covers(edge, [from, to])))) continue;
    const line = lines.find((one) => isSame(one.at(-1) as Point, from));
    if (line) line.push(to);
    else lines.push([from, to]);
  }
  const points: Point[] = [];
  for (const place of places) {
    const isOnLine = lines.some((line) => edgesAlong(line).some((edge) => partOf(edge, place) !== null));
    if (!isOnLine && !points.some((point) => isSame(point, place))) points.push(place);
  }
  return { lines, points };
}

const covers = (edge: Edge, [from, to]: Edge): boolean =>
  partOf(edge, from) !== null && partOf(edge, to) !== null;

function backTo(
  plane: Plane,
  lines: readonly Point[][],
  points: readonly Point[],
): Pick<Shapes, 'lines' | 'points'> {
  return {
    points: points.map((point) => plane.back(point)),
    lines: lines.map((line) => line.map((point) => plane.back(point))),
  };
}

export function intersectionOfLines(one: readonly Line[], other: readonly Line[]): Shapes {
  const plane = planeOf([...one, ...other].flat());
  const [first, second] = [one, other].map((lines) =>
    lines.flatMap((line) => edgesAlong(pointsOfLine(line, plane))),
  ) as [Edge[], Edge[]];
  const pieces: Edge[] = [];
  const places: Point[] = [];
  for (const edge of first)
    for (const against of second) {
      const [from, to] = meetings(edge, against);
      if (from === undefined) continue;
      if (to === undefined) places.push(at(edge, from));
      else pieces.push([at(edge, from), at(edge, to)]);
    }
  const { lines, points } = gathered(pieces, places);
  return { ...backTo(plane, lines, points), polygons: [] };
}

const ringsOf = (polygon: Polygon, plane: Plane): Point[][] =>
  turned(polygon).map((ring) => ring.map((corner) => plane.onto(corner)));

/** 1 within, 0 on the border, -1 without. */
function sideOf(point: Point, rings: readonly Point[][]): 1 | 0 | -1 {
  let inside = false;
  for (const ring of rings)
    for (const edge of edgesAround(ring)) {
      if (partOf(edge, point) !== null) return 0;
      const [[x1, y1], [x2, y2]] = edge;
      if (y1 > point[1] !== y2 > point[1] && point[0] < ((x2 - x1) * (point[1] - y1)) / (y2 - y1) + x1)
        inside = !inside;
    }
  return inside ? 1 : -1;
}

export function intersectionOfLinesWithPolygons(
  lines: readonly Line[],
  polygons: readonly Polygon[],
): Shapes {
  const plane = planeOf([...lines, ...polygons.flat()].flat());
  const shapes = polygons.map((polygon) => ringsOf(polygon, plane));
  const borders = shapes.flat().flatMap(edgesAround);
  const pieces: Edge[] = [];
  const places: Point[] = [];
  for (const line of lines)
    for (const edge of edgesAlong(pointsOfLine(line, plane))) {
      const parts = [...new Set([0, 1, ...borders.flatMap((border) => meetings(edge, border))])].sort(
        (a, b) => a - b,
      );
      const isIn = (point: Point) => shapes.some((rings) => sideOf(point, rings) >= 0);
      for (const part of parts) if (isIn(at(edge, part))) places.push(at(edge, part));
      for (const [index, to] of parts.slice(1).entries()) {
        const from = parts[index] as number;
        if (isSame(at(edge, from), at(edge, to)) || !isIn(at(edge, (from + to) / 2))) continue;
        const last = pieces.at(-1);
        const continued = last !== undefined && from > 0 && isSame(last[1], at(edge, from));
        if (continued) pieces.pop();
        pieces.push([continued ? last[0] : at(edge, from), at(edge, to)]);
      }
    }
  const found = gathered(pieces, places);
  return { ...backTo(plane, found.lines, found.points), polygons: [] };
}

const clippable = (rings: readonly Point[][]): [number, number][][] =>
  rings.map((ring) => ring.map(([x, y]): [number, number] => [x, y]));

/** @throws Unresolved */
function resolved<T>(clip: () => T): T {
  try {
    return clip();
  } catch (cause) {
    throw new Unresolved('no border was found', { cause });
  }
}

/** Edges as they were given, in the order of the rings: what a result is ordered by. */
type Origins = readonly Edge[];

/**
 * Rings out of the clipping library as Kusto's geometry writes them: shells counterclockwise, with all corners that were given, and begun so that the edges
 * that came from the last of what was given stand last.
 */
function cleaned(clipped: polyclip.Geom | [number, number][][][], origins: Origins): Point[][][] {
  const corners = origins.map(([from]) => from);
  const polygons = (clipped as [number, number][][][]).map((polygon) =>
    polygon.map((closed, index) => {
      const ring: Point[] = closed.slice(0, -1);
      const goesRound = edgesAround(ring).reduce((sum, [a, b]) => sum + turn(a, b), 0) > 0;
      const directed = goesRound === (index === 0) ? ring : ring.reverse();
      const full = edgesAround(directed).flatMap((edge) => [
        edge[0],
        ...corners
          .flatMap((corner) => {
            const part = partOf(edge, corner);
            return part === null || isSame(corner, edge[0]) || isSame(corner, edge[1])
              ? []
              : [{ corner, part }];
          })
          .sort((a, b) => a.part - b.part)
          .map(({ corner }) => corner)
          .filter((corner, nth, all) => nth === 0 || !isSame(corner, all[nth - 1] as Point)),
      ]);
      return begun(full, origins);
    }),
  );
  const first = (rings: readonly Point[][]) => Math.min(...idsOf(rings[0] ?? [], origins));
  return polygons.sort((a, b) => first(a) - first(b));
}

/** Of each edge of a ring the number of the one that it is part of. */
function idsOf(ring: readonly Point[], origins: Origins): number[] {
  return edgesAround(ring).map((edge) => {
    const middle = at(edge, 0.5);
    const id = origins.findIndex((origin) => partOf(origin, middle) !== null);
    return id === -1 ? 0 : id;
  });
}

/** Where S2's polygons begin: after the last edge of highest origin (S2Builder, CanonicalizeLoopOrder). */
function begun(ring: readonly Point[], origins: Origins): Point[] {
  const ids = idsOf(ring, origins);
  const lowest = ids.indexOf(Math.min(...ids));
  const order = ids.map((_, index) => (lowest + index) % ids.length);
  let position = 0;
  let gap = false;
  for (let i = 1; i < order.length; i++) {
    const difference = (ids[order[i] as number] as number) - (ids[order[position] as number] as number);
    if (difference < 0) gap = true;
    else if (difference > 0 || !gap) {
      position = i;
      gap = false;
    }
  }
  const start = order[(position + 1) % order.length] as number;
  return [...ring.slice(start), ...ring.slice(0, start)];
}

export function intersectionOfPolygons(one: readonly Polygon[], other: readonly Polygon[]): Shapes {
  const plane = planeOf([...one, ...other].flat(2));
  const [first, second] = [one, other].map((polygons) =>
    polygons.map((polygon) => ringsOf(polygon, plane)),
  ) as [Point[][][], Point[][][]];
  const origins = [...first, ...second].flat().flatMap(edgesAround);
  const polygons = cleaned(
    resolved(() => polyclip.intersection(first.map(clippable), second.map(clippable))),
    origins,
  );
  // What they share of their borders only.
  const pieces: Edge[] = [];
  const places: Point[] = [];
  for (const edge of first.flat().flatMap(edgesAround))
    for (const border of second.flat().flatMap(edgesAround)) {
      const [from, to] = meetings(edge, border);
      if (from === undefined) continue;
      if (to === undefined) places.push(at(edge, from));
      else pieces.push([at(edge, from), at(edge, to)]);
    }
  const isOff = (point: Point) => polygons.every((rings) => sideOf(point, rings) < 0);
  const { lines, points } = gathered(
    pieces.filter((piece) => isOff(at(piece, 0.5))),
    places.filter(isOff),
  );
  return { ...backTo(plane, lines, points), polygons: backToPolygons(plane, polygons) };
}

function backToPolygons(plane: Plane, polygons: readonly Point[][][]): Polygon[] {
  return polygons.map((rings) => rings.map((ring) => ring.map((point) => plane.back(point))));
}

function unionOfTwo(one: readonly Polygon[], other: readonly Polygon[]): Polygon[] {
  const plane = planeOf([...one, ...other].flat(2));
  const all = [...one, ...other].map((polygon) => ringsOf(polygon, plane));
  const origins = all.flat().flatMap(edgesAround);
  return backToPolygons(
    plane,
    cleaned(
      resolved(() => polyclip.union(all.map(clippable))),
      origins,
    ),
  );
}

/** Two by two, those with the fewest corners first, as S2 does it: the order of the result's corners follows from it. */
export function unionOfPolygons(polygons: readonly Polygon[]): Polygon[] {
  const waiting = polygons.map((polygon): Polygon[] => [[...turned(polygon)]]);
  const size = (group: readonly Polygon[]) => group.flat(2).length;
  if (waiting.length === 1) return unionOfTwo(waiting[0] ?? [], []);
  while (waiting.length > 1) {
    waiting.sort((a, b) => size(a) - size(b));
    const [one = [], other = []] = waiting.splice(0, 2);
    waiting.push(unionOfTwo(one, other));
  }
  return waiting[0] ?? [];
}

/** Lines with every edge once, those that follow on each other as one. */
export function unionOfLines(lines: readonly Line[]): Line[] {
  const plane = planeOf(lines.flat());
  const edges = lines.flatMap((line) => edgesAlong(pointsOfLine(line, plane)));
  const pieces: Edge[] = [];
  for (const [index, edge] of edges.entries()) {
    const earlier = edges.slice(0, index);
    const parts = [
      ...new Set([0, 1, ...edges.flatMap((other, nth) => (nth === index ? [] : meetings(edge, other)))]),
    ].sort((a, b) => a - b);
    for (const [nth, to] of parts.slice(1).entries()) {
      const piece: Edge = [at(edge, parts[nth] as number), at(edge, to)];
      if (!isSame(piece[0], piece[1]) && !earlier.some((other) => covers(other, piece))) pieces.push(piece);
    }
  }
  return backTo(plane, chained(pieces), []).lines.map((line) => line as Position[]);
}

/** Lines end where more or fewer than two pieces meet. */
function chained(pieces: readonly Edge[]): Point[][] {
  const meeting = (point: Point) =>
    pieces.filter((piece) => isSame(piece[0], point) || isSame(piece[1], point)).length;
  const lines: Point[][] = [];
  for (const [from, to] of pieces) {
    const before = lines.find((line) => isSame(line.at(-1) as Point, from));
    if (before && meeting(from) === 2) before.push(to);
    else lines.push([from, to]);
  }
  return lines;
}
