/** Cells of the S2 grid that shapes lie in. */
import { geojson, s2 } from 's2js';
import type { Line, Polygon } from './geojson.ts';
import { areaOf } from './measures.ts';
import { EARTH_RADIUS, lengthOf, vectorsOf } from './sphere.ts';

/** A covering never has more: polygon-to-s2cells, Returns. */
const MAX_CELLS = 65_536;

/** Tokens of the cells of a level that touch the shape, in the order of their ids; null where there are too many. */
export function coveringOf(
  shape: { lines: readonly Line[] } | { polygons: readonly Polygon[] },
  level: number,
): string[] | null {
  if (fewestCells(shape, level) > MAX_CELLS) return null;
  const shapes =
    'lines' in shape
      ? shape.lines.map((line) => ({
          type: 'LineString' as const,
          coordinates: line.map(([x, y]) => [x, y]),
        }))
      : shape.polygons.map((rings) => ({
          type: 'Polygon' as const,
          coordinates: rings.map((ring) => [...ring, ring[0] ?? [0, 0]].map(([x, y]) => [x, y])),
        }));
  const found = new Set<bigint>();
  for (const one of shapes) {
    const region = geojson.fromGeoJSON(one) as Region;
    // Few large cells to begin with: within them only the border is followed down.
    const coarse = new geojson.RegionCoverer({ maxLevel: level, maxCells: 16, memberMaxCells: 16 }).covering(
      one,
    );
    for (const id of coarse) if (!addWithin(region, id, level, found)) return null;
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1)).map((cell) => s2.cellid.toToken(cell));
}

interface Region {
  containsCell(cell: s2.Cell): boolean;
  intersectsCell(cell: s2.Cell): boolean;
}

/** The cells of the level below one that touch the region; false once there are too many. */
function addWithin(region: Region, id: bigint, level: number, found: Set<bigint>): boolean {
  const own = s2.cellid.level(id);
  const cell = s2.Cell.fromCellID(id);
  if (!region.intersectsCell(cell)) return true;
  if (own >= level) {
    found.add(s2.cellid.parent(id, level));
    return found.size <= MAX_CELLS;
  }
  if (region.containsCell(cell)) {
    if (4 ** (level - own) + found.size > MAX_CELLS) return false;
    const end = s2.cellid.childEndAtLevel(id, level);
    for (let child = s2.cellid.childBeginAtLevel(id, level); child !== end; child = s2.cellid.next(child))
      found.add(child);
    return true;
  }
  return s2.cellid.children(id).every((child) => addWithin(region, child, level, found));
}

/** How many cells of the level it takes at least: none has more than twice the average area, nor a longer way across than its square root and a half. */
function fewestCells(
  shape: { lines: readonly Line[] } | { polygons: readonly Polygon[] },
  level: number,
): number {
  const largest = (2 * 4 * Math.PI) / (6 * 4 ** level);
  if ('lines' in shape)
    return shape.lines.reduce((sum, line) => sum + lengthOf(vectorsOf(line)), 0) / (1.5 * Math.sqrt(largest));
  return areaOf(shape.polygons) / EARTH_RADIUS ** 2 / largest;
}

/** Tokens of the eight cells around one, or fewer at a corner of the cube; null for what is no token. */
export function neighborsOf(token: string): string[] | null {
  if (!/^[0-9a-fA-FX]{1,16}$/.test(token)) return null;
  const cell = s2.cellid.fromToken(token.toLowerCase());
  if (!s2.cellid.valid(cell)) return null;
  const level = s2.cellid.level(cell);
  const edges = s2.cellid.edgeNeighbors(cell);
  const all = s2.cellid.allNeighbors(cell, level);
  return [...new Set([...edges, ...all])].map((id) => s2.cellid.toToken(id));
}
