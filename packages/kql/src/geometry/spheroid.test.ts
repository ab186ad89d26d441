import fc from 'fast-check';
import geographic from 'geographiclib-geodesic';
import { describe, expect, it } from 'vitest';
import type { Position } from './geojson.ts';
import { located } from './measures.ts';
import { locatedOnSpheroid, spheroidDistance } from './spheroid.ts';

const place = fc
  .tuple(fc.integer({ min: -1800, max: 1800 }), fc.integer({ min: -850, max: 850 }))
  .map(([x, y]): Position => [x / 10, y / 10]);

/** The place at a part of the way. */
function placeAt(from: Position, to: Position, part: number): Position {
  const earth = geographic.Geodesic.WGS84;
  const line = earth.InverseLine(from[1], from[0], to[1], to[0]);
  const { lon2 = 0, lat2 = 0 } = line.Position(line.s13 * part);
  return [lon2, lat2];
}

describe('distances on the spheroid', () => {
  it('are those of its axes', () => {
    // A quarter of a meridian, and a degree of the equator: a and b of WGS 84.
    expect(spheroidDistance([0, 0], [0, 90])).toBeCloseTo(10_001_965.729, 3);
    expect(spheroidDistance([0, 0], [1, 0])).toBeCloseTo((6_378_137 * Math.PI) / 180, 6);
    expect(spheroidDistance([0, 0], [180, 0])).toBeCloseTo(20_003_931.459, 3);
    expect(spheroidDistance([5, 5], [5, 5])).toBe(0);
  });
});

describe('the part of a line nearest to a place', () => {
  it('is where no other part is nearer', () => {
    fc.assert(
      fc.property(place, place, place, (from, to, at) => {
        fc.pre(spheroidDistance(from, to) > 1_000 && spheroidDistance(from, to) < 15_000_000);
        const found = locatedOnSpheroid([from, to], at);
        const distanceAt = (part: number) => spheroidDistance(placeAt(from, to, part), at);
        const nearest = distanceAt(found);
        for (let part = 0; part <= 100; part++)
          expect(nearest).toBeLessThanOrEqual(distanceAt(part / 100) + 1e-3);
      }),
      { seed: 20_261_125, numRuns: 200 },
    );
  });

  it('is near to that on the sphere', () => {
    expect(
      locatedOnSpheroid(
        [
          [-73.95796, 40.80042],
          [-73.97317, 40.764486],
        ],
        [-73.965, 40.792],
      ),
    ).toBeCloseTo(
      located(
        [
          [-73.95796, 40.80042],
          [-73.97317, 40.764486],
        ],
        [-73.965, 40.792],
      ),
      2,
    );
    expect(
      locatedOnSpheroid(
        [
          [0, 0],
          [1, 0],
          [2, 0],
        ],
        [1.5, 1],
      ),
    ).toBeCloseTo(0.75, 12);
    expect(
      locatedOnSpheroid(
        [
          [0, 0],
          [1, 0],
        ],
        [-5, 0],
      ),
    ).toBe(0);
    expect(
      locatedOnSpheroid(
        [
          [0, 0],
          [1, 0],
        ],
        [5, 0],
      ),
    ).toBe(1);
  });
});
