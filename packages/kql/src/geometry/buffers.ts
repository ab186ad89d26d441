/** Shapes widened by a radius. */
import type { Line, Polygon, Position } from './geojson.ts';
import { Budget } from './limits.ts';
import { unionOfPolygons } from './overlay.ts';
import {
  cross,
  EARTH_RADIUS,
  edgesOf,
  normal,
  plus,
  positionOfVector,
  ringEdgesOf,
  times,
  unit,
  type Vector,
  vectorOf,
  vectorsOf,
} from './sphere.ts';

export interface Width {
  /** Metres. */
  readonly radius: number;
  /** How far the border may lie from the radius, in metres. */
  readonly tolerance: number;
}

/** Corners of a whole circle, so that its edges stay within the tolerance. */
function cornersOf({ radius, tolerance }: Width): number {
  // As small as a millionth of the radius, and never as large as it: geo-point-buffer-function.md.
  const bound = Math.min(Math.max(tolerance, radius * 1e-6), radius * 0.5);
  return Math.max(8, Math.ceil(Math.PI / Math.acos((radius - bound) / radius)));
}

/** Part of the circle around a place, counterclockwise from the direction `from`. */
function arc(centre: Vector, from: Vector, width: Width, part: number): Position[] {
  const count = Math.max(2, Math.ceil(cornersOf(width) * part));
  const side = cross(centre, from);
  const size = width.radius / EARTH_RADIUS;
  const places: Position[] = [];
  for (let index = 0; index <= count; index++) {
    const turn = (2 * Math.PI * part * index) / count;
    const direction = plus(times(from, Math.cos(turn)), times(side, Math.sin(turn)));
    places.push(positionOfVector(plus(times(centre, Math.cos(size)), times(direction, Math.sin(size)))));
  }
  return places;
}

/** A direction on the ground at a place. */
function someDirection(centre: Vector): Vector {
  return unit(cross(Math.abs(centre[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0], centre));
}

export function bufferOfPoint(place: Position, width: Width): Polygon[] {
  const centre = vectorOf(place);
  return [[arc(centre, someDirection(centre), width, 1).slice(0, -1)]];
}

/** An edge with round ends. */
function bufferOfEdge(a: Vector, b: Vector, width: Width): Polygon {
  const aside = unit(normal(a, b));
  // Right of the way, round the far end, back on the left, and round the near end.
  return [[...arc(b, times(aside, -1), width, 0.5), ...arc(a, aside, width, 0.5)]];
}

/** @throws TooMuchWork */
function widened(
  edges: readonly (readonly [Vector, Vector])[],
  own: readonly Polygon[],
  width: Width,
): Polygon[] {
  new Budget().spend('clipped', edges.length * cornersOf(width));
  return unionOfPolygons([...own, ...edges.map(([a, b]) => bufferOfEdge(a, b, width))]);
}

export function bufferOfLines(lines: readonly Line[], width: Width): Polygon[] {
  return widened(
    lines.flatMap((line) => edgesOf(vectorsOf(line))),
    [],
    width,
  );
}

export function bufferOfPolygons(polygons: readonly Polygon[], width: Width): Polygon[] {
  return widened(
    polygons.flatMap((rings) => rings.flatMap((ring) => ringEdgesOf(vectorsOf(ring)))),
    polygons,
    width,
  );
}
