/** Lines and rings with more corners, or with fewer. */
import type { Line, Position } from './geojson.ts';
import {
  angle,
  EARTH_RADIUS,
  edgesOf,
  lengthOf,
  nearestOnEdge,
  ringEdgesOf,
  type Vector,
  vectorOf,
  vectorsOf,
} from './sphere.ts';

/** An edge is never halved more often than this. */
const MAX_HALVINGS = 16;

/**
 * Corners along the straight way in degrees, as far as it lies further than the tolerance in metres from the great circle: what was drawn on a flat map stays
 * there. The first corner is part of it, the last not.
 */
function densifiedEdge(from: Position, to: Position, tolerance: number, halvings = 0): Position[] {
  const middle: Position = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  const place = vectorOf(middle);
  const { at } = nearestOnEdge(place, vectorOf(from), vectorOf(to));
  if (halvings >= MAX_HALVINGS || angle(place, at) * EARTH_RADIUS <= tolerance) return [from];
  return [
    ...densifiedEdge(from, middle, tolerance, halvings + 1),
    ...densifiedEdge(middle, to, tolerance, halvings + 1),
  ];
}

/** An edge over more than half of the map stays as drawn, or goes the other way round, over the antimeridian. */
function densifiedEdges(
  edges: readonly (readonly [Position, Position])[],
  tolerance: number,
  acrossAntimeridian: boolean,
): Position[] {
  return edges.flatMap(([from, to]) => {
    const turns = acrossAntimeridian ? Math.round((from[0] - to[0]) / 360) : 0;
    const onward: Position = [to[0] + 360 * turns, to[1]];
    return densifiedEdge(from, onward, tolerance).map(([longitude, latitude]): Position => {
      if (Math.abs(longitude) <= 180) return [longitude, latitude];
      return [longitude - 360 * Math.sign(longitude), latitude];
    });
  });
}

export function densifiedLine(line: Line, tolerance: number, acrossAntimeridian: boolean): Position[] {
  const last = line.at(-1);
  return [...densifiedEdges(edgesOf(line), tolerance, acrossAntimeridian), ...(last ? [last] : [])];
}

export function densifiedRing(
  ring: readonly Position[],
  tolerance: number,
  acrossAntimeridian: boolean,
): Position[] {
  return densifiedEdges(ringEdgesOf(ring), tolerance, acrossAntimeridian);
}

/** Corners that lie within the tolerance in metres of the edge that stands for them are left out. Null: nothing of that length is left. */
export function simplifiedLine(line: Line, tolerance: number): Position[] | null {
  const corners = vectorsOf(line);
  if (lengthOf(corners) * EARTH_RADIUS < tolerance) return null;
  const kept = keptBetween(corners, 0, corners.length - 1, tolerance / EARTH_RADIUS);
  const wanted = new Set([0, ...kept, corners.length - 1]);
  return line.filter((_, index) => wanted.has(index));
}

/** The same of a ring, which begins with its first corner. Null: it is no ring any more. */
export function simplifiedRing(ring: readonly Position[], tolerance: number): Position[] | null {
  const corners = vectorsOf(ring);
  const [first] = corners;
  if (first === undefined) return null;
  const limit = tolerance / EARTH_RADIUS;
  const furthest = indexOfMost(corners, (corner) => angle(first, corner));
  const closed = [...corners, first];
  const wanted = new Set([
    0,
    ...keptBetween(closed, 0, furthest, limit),
    furthest,
    ...keptBetween(closed, furthest, corners.length, limit),
  ]);
  const left = ring.filter((_, index) => wanted.has(index));
  return left.length < 3 ? null : left;
}

/** Douglas and Peucker's choice: the corner furthest from the edge between two stays, if it is too far, and divides. */
function keptBetween(corners: readonly Vector[], first: number, last: number, limit: number): number[] {
  const kept: number[] = [];
  const waiting: [number, number][] = [[first, last]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [from, to] = next;
    const [a, b] = [corners[from], corners[to]];
    if (a === undefined || b === undefined || to - from < 2) continue;
    const between = corners.slice(from + 1, to);
    const away = (corner: Vector) => angle(corner, nearestOnEdge(corner, a, b).at);
    const most = indexOfMost(between, away);
    const corner = between[most];
    if (corner === undefined || away(corner) <= limit) continue;
    const index = from + 1 + most;
    kept.push(index);
    waiting.push([from, index], [index, to]);
  }
  return kept;
}

function indexOfMost<T>(values: readonly T[], measure: (value: T) => number): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (const [index, value] of values.entries()) {
    const size = measure(value);
    if (size > most) [best, most] = [index, size];
  }
  return best;
}
