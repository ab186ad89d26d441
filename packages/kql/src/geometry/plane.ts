/**
 * Shapes laid on a plane that touches the Earth in their midst, seen from its centre: there great circles are straight lines, so that what is calculated of
 * lines in the plane holds on the Earth. Within the half of the Earth around the point of contact.
 */
import type { Polygon, Position } from './geojson.ts';
import { TooLarge } from './limits.ts';
import {
  cross,
  dot,
  minus,
  plus,
  positionOfVector,
  ringEdgesOf,
  signedArea,
  times,
  unit,
  type Vector,
  vectorOf,
  vectorsOf,
} from './sphere.ts';

export type Point = readonly [number, number];

export interface Plane {
  /** @throws TooLarge */
  onto(position: Position): Point;
  back(point: Point): Position;
}

export function planeOf(positions: readonly Position[]): Plane {
  const vectors = positions.map(vectorOf);
  const sum = vectors.reduce<Vector>((all, vector) => plus(all, vector), [0, 0, 0]);
  const centre = Math.hypot(...sum) < 1e-9 ? (vectors[0] ?? [1, 0, 0]) : unit(sum);
  const aside: Vector = Math.abs(centre[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0];
  const east = unit(cross(aside, centre));
  const north = cross(centre, east);
  // A place comes back exactly as it was given.
  const known = new Map<string, Position>();
  return {
    onto(position) {
      const vector = vectorOf(position);
      const depth = dot(vector, centre);
      if (depth < 0.02) throw new TooLarge();
      // By the difference to the centre, which keeps what is near to it exact.
      const away = minus(vector, centre);
      const point: Point = [dot(away, east) / depth, dot(away, north) / depth];
      const key = `${point[0]} ${point[1]}`;
      if (!known.has(key)) known.set(key, position);
      return point;
    },
    back(point) {
      return (
        known.get(`${point[0]} ${point[1]}`) ??
        positionOfVector(plus(centre, plus(times(east, point[0]), times(north, point[1]))))
      );
    },
  };
}

/** Whether a place lies in the polygon. A ring encloses the smaller part of the Earth. */
export function contains(polygon: Polygon, place: Position): boolean {
  return polygon.reduce((inside, ring) => inside !== ringContains(ring, place), false);
}

/** By the angle that the ring turns round the place. */
function ringContains(ring: readonly Position[], place: Position): boolean {
  const from = vectorOf(place);
  const corners = vectorsOf(ring);
  let turned = 0;
  for (const [a, b] of ringEdgesOf(corners)) {
    const [p, q] = [cross(from, a), cross(from, b)];
    turned += Math.atan2(dot(from, cross(p, q)), dot(p, q));
  }
  const round = Math.abs(turned) > Math.PI;
  // A ring also turns round the place opposite to one within it; seen from there it goes the other way.
  return round && turned > 0 === signedArea(corners) > 0;
}
