import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bufferOfLines, bufferOfPoint } from './buffers.ts';
import type { Polygon, Position } from './geojson.ts';
import { nearestOnLines } from './measures.ts';
import { contains } from './plane.ts';
import { angle, EARTH_RADIUS, vectorOf } from './sphere.ts';

const runs = { seed: 20_261_125, numRuns: 12 };
const width = { radius: 50_000, tolerance: 1_000 };

const place = fc
  .tuple(fc.integer({ min: -2000, max: 2000 }), fc.integer({ min: -2000, max: 2000 }))
  .map(([x, y]): Position => [x / 1000, y / 1000]);

/** Within the radius by more than the tolerance a place is in the buffer, and without the radius it is not. */
function agrees(buffer: readonly Polygon[], at: Position, metres: number): void {
  const isIn = buffer.some((polygon) => contains(polygon, at));
  if (metres < width.radius - width.tolerance) expect(isIn).toBe(true);
  if (metres > width.radius) expect(isIn).toBe(false);
}

const distance = (a: Position, b: Position) => angle(vectorOf(a), vectorOf(b)) * EARTH_RADIUS;

it('holds the places near a point', () => {
  fc.assert(
    fc.property(place, place, (centre, at) => agrees(bufferOfPoint(centre, width), at, distance(centre, at))),
    { ...runs, numRuns: 300 },
  );
});

it('holds the places near a line', () => {
  fc.assert(
    fc.property(place, place, place, fc.array(place, { minLength: 5, maxLength: 5 }), (a, b, c, places) => {
      fc.pre(distance(a, b) > 1 && distance(b, c) > 1);
      const line = [a, b, c];
      const buffer = bufferOfLines([line], width);
      for (const at of places) agrees(buffer, at, distance(at, nearestOnLines([line], at)));
    }),
    runs,
  );
});
