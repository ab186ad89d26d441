/** Shapes as GeoJSON tells them (RFC 7946), held to what Kusto takes for valid. */
import { Budget } from './limits.ts';
import { keepApart } from './rings.ts';

/** Degrees: longitude, latitude. */
export type Position = readonly [number, number];
export type Line = readonly Position[];
/** Closed rings without the repeated last corner: the shell, then holes. */
export type Polygon = readonly (readonly Position[])[];

/** Any mixture of points, lines and polygons, such as an intersection gives. */
export interface Shapes {
  readonly points: readonly Position[];
  readonly lines: readonly Line[];
  readonly polygons: readonly Polygon[];
}

export function positionOf(longitude: unknown, latitude: unknown): Position | null {
  if (typeof longitude !== 'number' || typeof latitude !== 'number') return null;
  return Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90 ? [longitude, latitude] : null;
}

/** A LineString or MultiLineString; null for what is not valid. */
export function linesOf(value: unknown): Line[] | null {
  const { type, coordinates } = shapeOf(value);
  if (type === 'LineString') return all([coordinates], lineOf);
  return type === 'MultiLineString' ? all(coordinates, lineOf) : null;
}

/**
 * A Polygon or MultiPolygon; null for what is not valid.
 *
 * @throws TooMuchWork
 */
export function polygonsOf(value: unknown): Polygon[] | null {
  const polygons = drawnPolygonsOf(value);
  const budget = new Budget();
  return polygons?.every((polygon) => keepApart(polygon, budget)) ? polygons : null;
}

/** The same, whether or not rings cross: they need not on a flat map where they do on the Earth. */
export function drawnPolygonsOf(value: unknown): Polygon[] | null {
  const { type, coordinates } = shapeOf(value);
  if (type === 'Polygon') return all([coordinates], (rings) => all(rings, ringOf));
  return type === 'MultiPolygon' ? all(coordinates, (polygon) => all(polygon, ringOf)) : null;
}

function shapeOf(value: unknown): { type: unknown; coordinates: unknown } {
  if (value === null || typeof value !== 'object') return { type: null, coordinates: null };
  return { type: Reflect.get(value, 'type'), coordinates: Reflect.get(value, 'coordinates') };
}

function all<T>(values: unknown, read: (value: unknown) => T | null): T[] | null {
  if (!Array.isArray(values) || values.length === 0) return null;
  const found: T[] = [];
  for (const value of values) {
    const one = read(value);
    if (one === null) return null;
    found.push(one);
  }
  return found;
}

const cornersOf = (value: unknown) =>
  all(value, (pair) => (Array.isArray(pair) ? positionOf(pair[0], pair[1]) : null));

function lineOf(value: unknown): Line | null {
  const corners = cornersOf(value);
  if (corners === null) return null;
  // The same place twice in a row is no edge.
  const line = corners.filter((corner, index) => index === 0 || !same(corner, corners[index - 1]));
  return line.length < 2 ? null : line;
}

/** At least three different corners and back to the first; none of them twice. */
function ringOf(value: unknown): Position[] | null {
  const corners = cornersOf(value);
  if (corners === null || corners.length < 4 || !same(corners[0], corners.at(-1))) return null;
  const ring = corners.slice(0, -1);
  return new Set(ring.map(([x, y]) => `${x} ${y}`)).size === ring.length ? ring : null;
}

export function same(a: Position | undefined, b: Position | undefined): boolean {
  return a !== undefined && b !== undefined && a[0] === b[0] && a[1] === b[1];
}

export function printPoint(point: Position): string {
  return JSON.stringify({ type: 'Point', coordinates: point });
}

export function printLines(lines: readonly Line[]): string {
  return printShapes({ points: [], lines, polygons: [] });
}

export function printPolygons(polygons: readonly Polygon[]): string {
  return printShapes({ points: [], lines: [], polygons });
}

/** The simplest shape that says it: one, several of a kind, or a collection: points, then lines, then polygons. */
export function printShapes({ points, lines, polygons }: Shapes): string {
  const closed = polygons.map((rings) => rings.map((ring) => [...ring, ring[0]]));
  const parts = [
    ...kind('Point', 'MultiPoint', points),
    ...kind('LineString', 'MultiLineString', lines),
    ...kind('Polygon', 'MultiPolygon', closed),
  ];
  const [only] = parts;
  return JSON.stringify(
    parts.length === 1 && only ? only : { type: 'GeometryCollection', geometries: parts },
  );
}

function kind(
  one: string,
  many: string,
  shapes: readonly unknown[],
): { type: string; coordinates: unknown }[] {
  if (shapes.length === 0) return [];
  return [shapes.length === 1 ? { type: one, coordinates: shapes[0] } : { type: many, coordinates: shapes }];
}
