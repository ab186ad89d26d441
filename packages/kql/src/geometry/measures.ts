/** What is asked of one line or polygon: its middle, a place on it, the place nearest to another. */
import type { Line, Polygon, Position } from './geojson.ts';
import { contains } from './plane.ts';
import {
  along,
  angle,
  EARTH_RADIUS,
  edgesOf,
  lengthOf,
  nearestOnEdge,
  norm,
  normal,
  plus,
  positionOfVector,
  ringEdgesOf,
  signedArea,
  times,
  type Vector,
  vectorOf,
  vectorsOf,
} from './sphere.ts';

const NOWHERE: Vector = [0, 0, 0];

/** The centre of mass of lines. */
export function lineCentroid(lines: readonly Line[]): Position {
  let sum = NOWHERE;
  for (const [a, b] of lines.flatMap((line) => edgesOf(vectorsOf(line)))) {
    // The integral of the place over the edge: the chord's middle, stretched to the arc.
    const middle = plus(a, b);
    const size = norm(middle);
    if (size > 0) sum = plus(sum, times(middle, (2 * Math.sin(angle(a, b) / 2)) / size));
  }
  return positionOfVector(sum);
}

/** The centre of mass of polygons that do not overlap. */
export function polygonCentroid(polygons: readonly Polygon[]): Position {
  let sum = NOWHERE;
  for (const polygon of polygons)
    for (const [index, ring] of polygon.entries()) {
      const corners = vectorsOf(ring);
      // Of a region on the sphere the integral of the place is that of half the edges' normals, by Stokes.
      let own = NOWHERE;
      for (const [a, b] of ringEdgesOf(corners)) {
        const n = normal(a, b);
        const size = norm(n);
        if (size > 0) own = plus(own, times(n, angle(a, b) / (2 * size)));
      }
      const outward = signedArea(corners) >= 0 ? 1 : -1;
      sum = plus(sum, times(own, index === 0 ? outward : -outward));
    }
  return positionOfVector(sum);
}

/** The place at a part of the whole way. */
export function interpolated(line: Line, part: number): Position {
  const corners = vectorsOf(line);
  let left = lengthOf(corners) * part;
  for (const [index, [a, b]] of edgesOf(corners).entries()) {
    const length = angle(a, b);
    if (left < length)
      return left <= 0 ? (line[index] ?? [0, 0]) : positionOfVector(along(a, b, left / length));
    left -= length;
  }
  return line.at(-1) ?? [0, 0];
}

/** The part of the whole way at which the line is nearest to a place. */
export function located(line: Line, place: Position): number {
  const corners = vectorsOf(line);
  const from = vectorOf(place);
  let best = { distance: Number.POSITIVE_INFINITY, way: 0 };
  let way = 0;
  for (const [a, b] of edgesOf(corners)) {
    const { at, part } = nearestOnEdge(from, a, b);
    const distance = angle(from, at);
    if (distance < best.distance) best = { distance, way: way + part * angle(a, b) };
    way += angle(a, b);
  }
  return way === 0 ? 0 : Math.min(1, best.way / way);
}

function nearest(edges: readonly (readonly [Vector, Vector])[], place: Position): Position {
  const from = vectorOf(place);
  let best = { distance: Number.POSITIVE_INFINITY, at: from };
  for (const [a, b] of edges) {
    const { at } = nearestOnEdge(from, a, b);
    const distance = angle(from, at);
    if (distance < best.distance) best = { distance, at };
  }
  return positionOfVector(best.at);
}

export function nearestOnLines(lines: readonly Line[], place: Position): Position {
  return nearest(
    lines.flatMap((line) => edgesOf(vectorsOf(line))),
    place,
  );
}

/** The place itself where it lies in one of them. */
export function nearestOnPolygons(polygons: readonly Polygon[], place: Position): Position {
  if (polygons.some((polygon) => contains(polygon, place))) return place;
  return nearest(
    polygons.flatMap((polygon) => polygon.flatMap((ring) => ringEdgesOf(vectorsOf(ring)))),
    place,
  );
}

/** Square metres of polygons that do not overlap. */
export function areaOf(polygons: readonly Polygon[]): number {
  const areas = polygons.flatMap((rings) =>
    rings.map((ring, index) => Math.abs(signedArea(vectorsOf(ring))) * (index === 0 ? 1 : -1)),
  );
  return areas.reduce((sum, area) => sum + area, 0) * EARTH_RADIUS ** 2;
}

/** Metres round polygons, their holes included. */
export function perimeterOf(polygons: readonly Polygon[]): number {
  const edges = polygons.flatMap((rings) => rings.flatMap((ring) => ringEdgesOf(vectorsOf(ring))));
  return edges.reduce((sum, [a, b]) => sum + angle(a, b), 0) * EARTH_RADIUS;
}
