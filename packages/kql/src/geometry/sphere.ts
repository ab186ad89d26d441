/** Places on the unit sphere, and the shorter great circles between them: Kusto's Earth. */
import type { Line, Position } from './geojson.ts';

/** Metres. */
export const EARTH_RADIUS = 6_371_010;

export type Vector = readonly [number, number, number];

const RADIANS = Math.PI / 180;

export function vectorOf([longitude, latitude]: Position): Vector {
  const [l, b] = [longitude * RADIANS, latitude * RADIANS];
  return [Math.cos(b) * Math.cos(l), Math.cos(b) * Math.sin(l), Math.sin(b)];
}

export function positionOfVector([x, y, z]: Vector): Position {
  return [Math.atan2(y, x) / RADIANS, Math.atan2(z, Math.hypot(x, y)) / RADIANS];
}

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export const plus = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const times = (a: Vector, factor: number): Vector => [a[0] * factor, a[1] * factor, a[2] * factor];
export const norm = (a: Vector): number => Math.hypot(...a);

export function unit(a: Vector): Vector {
  return times(a, 1 / norm(a));
}

/** Perpendicular to both, twice as long as their product; exact also where they are close together. */
export function normal(a: Vector, b: Vector): Vector {
  return cross(plus(a, b), minus(b, a));
}

/** Radians between two places; exact for near and for far ones. */
export function angle(a: Vector, b: Vector): number {
  return Math.atan2(norm(normal(a, b)) / 2, dot(a, b));
}

/** The place at a part of the way. */
export function along(a: Vector, b: Vector, part: number): Vector {
  const whole = angle(a, b);
  const sine = Math.sin(whole);
  if (sine === 0) return a;
  return unit(plus(times(a, Math.sin((1 - part) * whole) / sine), times(b, Math.sin(part * whole) / sine)));
}

/** The place of an edge that is nearest to a place, and the part of the way to it. */
export function nearestOnEdge(
  place: Vector,
  a: Vector,
  b: Vector,
): { readonly at: Vector; readonly part: number } {
  const n = normal(a, b);
  const size = norm(n);
  if (size > 0) {
    const axis = times(n, 1 / size);
    const foot = minus(place, times(axis, dot(place, axis)));
    if (dot(cross(axis, a), foot) > 0 && dot(cross(b, axis), foot) > 0) {
      const at = unit(foot);
      return { at, part: angle(a, at) / angle(a, b) };
    }
  }
  return angle(place, a) <= angle(place, b) ? { at: a, part: 0 } : { at: b, part: 1 };
}

/** Radians. */
export function lengthOf(line: readonly Vector[]): number {
  return edgesOf(line).reduce((sum, [a, b]) => sum + angle(a, b), 0);
}

export function edgesOf<T>(line: readonly T[]): (readonly [T, T])[] {
  return line.slice(1).map((to, index) => [line[index] as T, to] as const);
}

export function ringEdgesOf<T>(ring: readonly T[]): (readonly [T, T])[] {
  return ring.map((from, index) => [from, ring[(index + 1) % ring.length] as T] as const);
}

export const vectorsOf = (line: Line): Vector[] => line.map(vectorOf);

/** Solid angle of a ring, positive where it goes round counterclockwise as seen from above. */
export function signedArea(ring: readonly Vector[]): number {
  const [first] = ring;
  if (first === undefined) return 0;
  let area = 0;
  for (const [q, r] of edgesOf(ring.slice(1))) {
    const triple = dot(first, cross(minus(q, first), minus(r, first)));
    area += 2 * Math.atan2(triple, 1 + dot(first, q) + dot(q, r) + dot(r, first));
  }
  return area;
}
