import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, type Polygon, type Position, polygonsOf, positionOf } from './geojson.ts';
import { Unresolved } from './limits.ts';
import { intersectionOfLinesWithPolygons, intersectionOfPolygons, unionOfPolygons } from './overlay.ts';
import { contains } from './plane.ts';
import { signedArea, vectorsOf } from './sphere.ts';

const runs = { seed: 20_261_125, numRuns: 50 };

/** Corners around a middle, in order of their direction: a ring that does not cross itself. */
const polygon = fc
  .record({
    middle: fc.tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -300, max: 300 })),
    sizes: fc.array(fc.integer({ min: 50, max: 250 }), { minLength: 3, maxLength: 9 }),
    turn: fc.integer({ min: 0, max: 359 }),
  })
  .map(({ middle, sizes, turn }): Polygon => {
    const ring = sizes.map((size, index): Position => {
      const direction = ((turn + (360 * index) / sizes.length) * Math.PI) / 180;
      return [(middle[0] + size * Math.cos(direction)) / 100, (middle[1] + size * Math.sin(direction)) / 100];
    });
    return [ring];
  });
const place = fc
  .tuple(fc.integer({ min: -6000, max: 6000 }), fc.integer({ min: -6000, max: 6000 }))
  .map(([x, y]): Position => [x / 1000 + 0.000_123, y / 1000 + 0.000_071]);

const areaOf = (polygons: readonly Polygon[]): number =>
  polygons
    .flatMap((rings) =>
      rings.map((ring, index) => (index === 0 ? 1 : -1) * Math.abs(signedArea(vectorsOf(ring)))),
    )
    .reduce((sum, area) => sum + area, 0);
const isIn = (polygons: readonly Polygon[], at: Position) => polygons.some((one) => contains(one, at));

describe('intersection and union of polygons', () => {
  it('have together the area that the two have', () => {
    fc.assert(
      fc.property(polygon, polygon, (a, b) => {
        const shared = intersectionOfPolygons([a], [b]).polygons;
        expect(areaOf(unionOfPolygons([a, b])) + areaOf(shared)).toBeCloseTo(areaOf([a]) + areaOf([b]), 9);
      }),
      runs,
    );
  });

  it('hold the places that both hold, and that one of them holds', () => {
    fc.assert(
      fc.property(polygon, polygon, place, (a, b, at) => {
        const [inA, inB] = [contains(a, at), contains(b, at)];
        expect(isIn(intersectionOfPolygons([a], [b]).polygons, at)).toBe(inA && inB);
        expect(isIn(unionOfPolygons([a, b]), at)).toBe(inA || inB);
      }),
      runs,
    );
  });

  it('are the same whichever comes first', () => {
    fc.assert(
      fc.property(polygon, polygon, (a, b) => {
        const [one, other] = [intersectionOfPolygons([a], [b]), intersectionOfPolygons([b], [a])];
        expect(areaOf(one.polygons)).toBeCloseTo(areaOf(other.polygons), 12);
        expect(one.polygons.length).toBe(other.polygons.length);
      }),
      runs,
    );
  });
});

it('keeps of a line what lies in the polygon', () => {
  fc.assert(
    fc.property(polygon, place, place, (shell, from, to) => {
      fc.pre(from[0] !== to[0] || from[1] !== to[1]);
      const { lines, points } = intersectionOfLinesWithPolygons([[from, to]], [shell]);
      if (contains(shell, from) || contains(shell, to))
        expect(lines.length + points.length).toBeGreaterThan(0);
      if (contains(shell, from) && contains(shell, to)) expect(lines.length).toBeGreaterThan(0);
    }),
    runs,
  );
});

describe('GeoJSON', () => {
  const coordinate = fc.oneof(
    fc.double(),
    fc.integer({ min: -200, max: 200 }),
    fc.constantFrom(null, '1', true, Number.NaN),
  );
  const coordinates = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof({ depthSize: 'small' }, coordinate, fc.array(tie('node'), { maxLength: 6 })),
  })).node;
  const anything = fc.oneof(
    fc.anything(),
    fc.record({
      type: fc.constantFrom('LineString', 'MultiLineString', 'Polygon', 'MultiPolygon', 'Point', 7),
      coordinates,
    }),
  );

  it('is read or is none, whatever it is', () => {
    fc.assert(
      fc.property(anything, (value) => {
        for (const corner of linesOf(value)?.flat() ?? []) expect(positionOf(...corner)).toEqual(corner);
        for (const corner of polygonsOf(value)?.flat(2) ?? []) expect(positionOf(...corner)).toEqual(corner);
      }),
      { ...runs, numRuns: 3000 },
    );
  });
});

it('says so where it finds no border', () => {
  const crooked: Polygon = [
    [
      [1, 0.8867186353945724],
      [0, -0.5275351663713974],
      [0, 1],
      [0, 4],
      [4.0000000000001, 0.43241429488752736],
      [4, 1e-13],
      [1.1634073938072695, 2],
    ],
  ];
  const crossing: Polygon = [
    [
      [2, 0],
      [1.000000001, 4],
      [3, 0],
      [2.000000001, 3],
      [0, 0],
    ],
    [
      [-0.15621955746608773, 1.000000001],
      [3, -2.192210023846575],
      [1.1665949058563425, 2.4565321251081915],
      [2.6594310894885247, 4],
      [0, 2],
      [2.7568509409934516, 1.663231609698027],
      [0, 1.0918844799007685],
    ],
  ];
  const both = () => [intersectionOfPolygons([crooked], [crossing]), unionOfPolygons([crooked, crossing])];
  expect(both).toThrow(Unresolved);
});
