import { describe, expect, it } from 'vitest';
import { drawnPolygonsOf, type Position, polygonsOf } from './geojson.ts';
import { TooMuchWork } from './limits.ts';

const polygon = (...rings: [number, number][][]) => ({
  type: 'Polygon',
  coordinates: rings.map((ring) => [...ring, ring[0]]),
});
const isValid = (...rings: [number, number][][]) => polygonsOf(polygon(...rings)) !== null;

const square: [number, number][] = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
];

describe('rings', () => {
  it.each<[string, boolean, [number, number][][]]>([
    ['a square', true, [square]],
    [
      'a bow tie',
      false,
      [
        [
          [0, 0],
          [1, 1],
          [1, 0],
          [0, 1],
        ],
      ],
    ],
    [
      'a bow tie across the date line',
      false,
      [
        [
          [179, 0],
          [-179, 1],
          [-179, 0],
          [179, 1],
        ],
      ],
    ],
    [
      'a way across through a corner',
      false,
      [
        [
          [0, 0],
          [2, 0],
          [2, 1],
          [1, 0],
          [1, -1],
        ],
      ],
    ],
    [
      'a corner that touches an edge',
      true,
      [
        [
          [0, 0],
          [2, 0],
          [2, 1],
          [1, 0],
          [0, 1],
        ],
      ],
    ],
    [
      'a hole',
      true,
      [
        square,
        [
          [1, 1],
          [1, 2],
          [2, 2],
          [2, 1],
        ],
      ],
    ],
    [
      'a hole that reaches out',
      false,
      [
        square,
        [
          [1, 1],
          [1, 2],
          [5, 2],
          [5, 1],
        ],
      ],
    ],
    [
      'a hole that shares a corner',
      true,
      [
        square,
        [
          [0, 0],
          [1, 2],
          [2, 1],
        ],
      ],
    ],
    [
      'a hole that shares an edge',
      false,
      [
        square,
        [
          [0, 0],
          [4, 0],
          [2, 1],
        ],
      ],
    ],
    [
      'a hole that leaves through corners',
      false,
      [
        square,
        [
          [0, 0],
          [2, 1],
          [4, 0],
          [2, -1],
        ],
      ],
    ],
    [
      'holes that share a corner',
      true,
      [
        square,
        [
          [1, 1],
          [1, 2],
          [2, 2],
        ],
        [
          [1, 1],
          [2, 1],
          [2, 1.5],
        ],
      ],
    ],
    [
      'holes that cross',
      false,
      [
        square,
        [
          [1, 1],
          [1, 3],
          [2, 2],
        ],
        [
          [1.5, 1],
          [1.5, 3],
          [0.5, 2],
        ],
      ],
    ],
    [
      'places that are opposite',
      true,
      [
        [
          [0, 0],
          [90, 0],
          [179, 1],
          [90, 45],
        ],
      ],
    ],
  ])('%s', (_, valid, rings) => {
    expect(isValid(...rings)).toBe(valid);
  });

  it('may overlap where they belong to different polygons', () => {
    const one = polygon(square).coordinates;
    expect(polygonsOf({ type: 'MultiPolygon', coordinates: [one, one] })).toHaveLength(2);
  });

  it('are read as drawn where that is asked for', () => {
    expect(
      drawnPolygonsOf(
        polygon([
          [0, 0],
          [1, 1],
          [1, 0],
          [0, 1],
        ]),
      ),
    ).toHaveLength(1);
  });
});

it('takes no more time for many corners than it may', () => {
  const read = (ring: readonly Position[]) =>
    polygonsOf({ type: 'Polygon', coordinates: [[...ring, ring[0]]] });
  const round = (count: number, times: number) =>
    Array.from({ length: count }, (_, index): Position => {
      const turn = (2 * Math.PI * index * times) / count;
      return [Math.cos(turn), Math.sin(turn)];
    });
  expect(read(round(5_000, 1))).toHaveLength(1);
  // Each edge crosses all others: one is found.
  expect(read(round(5_001, 2_500))).toBeNull();
  expect(() => read(round(100_000, 1))).toThrow(TooMuchWork);
  // Long edges side by side: their boxes meet, they do not.
  const fan = Array.from({ length: 4_000 }, (_, index): Position[] => [
    [index / 4_000, index / 4_000],
    [index / 4_000 + 20, index / 4_000 - 20],
  ]).flatMap((pair, index) => (index % 2 === 0 ? pair : [...pair].reverse()));
  expect(() => read([...fan, [30, 30]])).toThrow(TooMuchWork);
}, 30_000);
