/**
 * What shapes have in common, and what they are together, in the plane of {@link planeOf}. What would take seconds is refused: TooMuchWork, and Unresolved and
 * TooLarge of `limits.ts`.
 */
import * as polyclip from 'polyclip-ts';
import { type Box, BoxTree } from './box-tree.ts';
import type { Line, Polygon, Position, Shapes } from './geojson.ts';
import { Budget, Unresolved } from './limits.ts';
import { type Plane, type Point, planeOf } from './plane.ts';
import { signedArea, vectorsOf } from './sphere.ts';

/** Distances of the plane below this are none: some millimetres near its middle. */
const NEAR = 1e-13;

type Edge = readonly [Point, Point];

const pointsOfLine = (line: Line, plane: Plane): Point[] => line.map((corner) => plane.onto(corner));
const edgesAlong = (points: readonly Point[]): Edge[] =>
  points.slice(1).map((to, index) => [points[index] as Point, to] as const);
const edgesAround = (points: readonly Point[]): Edge[] =>
  points.map((from, index) => [from, points[(index + 1) % points.length] as Point] as const);

/** Shells counterclockwise, holes clockwise, whichever way they were written. */
function turned(polygon: Polygon): Polygon {
  return polygon.map((ring, index) => {
    const goesRound = signedArea(vectorsOf(ring)) > 0;
    return goesRound === (index === 0) ? ring : [...ring].reverse();
  });
}

const less = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1]];
const turn = (a: Point, b: Point): number => a[0] * b[1] - a[1] * b[0];
const inner = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1];
const length = (a: Point): number => Math.hypot(a[0], a[1]);
const isSame = (a: Point, b: Point): boolean => length(less(a, b)) <= NEAR;
const at = ([from, to]: Edge, part: number): Point =>
  part <= 0
    ? from
    : part >= 1
      ? to
      : [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];

/** The part of the way along the edge to where the point lies on it; null where it does not. */
function partOf(edge: Edge, point: Point): number | null {
  const [from, to] = edge;
  if (isSame(from, point)) return 0;
  if (isSame(to, point)) return 1;
  const way = less(to, from);
  const size = length(way);
  const away = less(point, from);
  if (Math.abs(turn(way, away)) / size > NEAR) return null;
  const part = inner(way, away) / (size * size);
  return part < 0 || part > 1 ? null : part;
}

/** Parts of the way along the first edge at which it meets the second: none, one, or the two ends of what they share. */
function meetings(edge: Edge, other: Edge): number[] {
  const [d, e] = [less(edge[1], edge[0]), less(other[1], other[0])];
  const ends = [
    ...[other[0], other[1]].flatMap((point) => {
      const part = partOf(edge, point);
      return part === null ? [] : [part];
    }),
    ...(partOf(other, edge[0]) === null ? [] : [0]),
    ...(partOf(other, edge[1]) === null ? [] : [1]),
  ];
  if (ends.length > 0) return [...new Set([Math.min(...ends), Math.max(...ends)])];
  const across = turn(d, e);
  if (across === 0) return [];
  const between = less(other[0], edge[0]);
  const [t, u] = [turn(between, e) / across, turn(between, d) / across];
  return t > 0 && t < 1 && u > 0 && u < 1 ? [t] : [];
}

/** Edges among which those near to another are found without a look at all. */
class Edges {
  readonly all: readonly Edge[];
  readonly #tree: BoxTree;

  constructor(all: readonly Edge[]) {
    this.all = all;
    this.#tree = new BoxTree(all.map(boxOf));
  }

  /** Numbers of those that may meet this one. */
  near(edge: Edge, budget: Budget): readonly number[] {
    const found = this.#tree.meeting(boxOf(edge));
    budget.spend('pair', found.length);
    return found;
  }

  at(number: number): Edge {
    return this.all[number] as Edge;
  }
}

const placeAsEdge = (point: Point): Edge => [point, point];

/** With a margin for what counts as the same. */
function boxOf([from, to]: Edge): Box {
  return {
    low: [Math.min(from[0], to[0]) - NEAR, Math.min(from[1], to[1]) - NEAR],
    high: [Math.max(from[0], to[0]) + NEAR, Math.max(from[1], to[1]) + NEAR],
  };
}

/** Where edges meet: places, and pieces that they share. */
function met(
  first: readonly Edge[],
  second: readonly Edge[],
  budget: Budget,
): { pieces: Edge[]; places: Point[] } {
  const others = new Edges(second);
  const pieces: Edge[] = [];
  const places: Point[] = [];
  for (const edge of first)
    for (const number of others.near(edge, budget)) {
      const [from, to] = meetings(edge, others.at(number));
      if (from === undefined) continue;
      budget.spend('edge', 1);
      if (to === undefined) places.push(at(edge, from));
      else pieces.push([at(edge, from), at(edge, to)]);
    }
  return { pieces, places };
}

/** Pieces of lines that follow on each other, and places off them. */
function gathered(
  pieces: readonly Edge[],
  places: readonly Point[],
  budget: Budget,
): { lines: Point[][]; points: Point[] } {
  const given = new Edges(pieces);
  const ends = new Edges(pieces.map(([, to]) => placeAsEdge(to)));
  const lines: Point[][] = [];
  /** Of a piece that was kept, the number of its line. */
  const lineOf = new Map<number, number>();
  for (const [nth, piece] of pieces.entries()) {
    const isKnown = given
      .near(piece, budget)
      .some((other) => other < nth && lineOf.has(other) && covers(given.at(other), piece));
    if (isKnown) continue;
    const [from, to] = piece;
    const before = ends
      .near(placeAsEdge(from), budget)
      .flatMap((other) => (other < nth ? [lineOf.get(other)] : []))
      .filter((number) => number !== undefined && isSame(lines[number]?.at(-1) as Point, from))
      .sort((a, b) => Number(a) - Number(b))[0];
    if (before === undefined) lines.push([from, to]);
    else lines[before]?.push(to);
    lineOf.set(nth, before ?? lines.length - 1);
  }
  const known = new Edges(places.map(placeAsEdge));
  const kept = new Set<number>();
  for (const [nth, place] of places.entries()) {
    const isOnLine = given
      .near(placeAsEdge(place), budget)
      .some((piece) => lineOf.has(piece) && partOf(given.at(piece), place) !== null);
    const isKnown = known
      .near(placeAsEdge(place), budget)
      .some((other) => kept.has(other) && isSame(places[other] as Point, place));
    if (!isOnLine && !isKnown) kept.add(nth);
  }
  return { lines, points: places.filter((_, nth) => kept.has(nth)) };
}

const covers = (edge: Edge, [from, to]: Edge): boolean =>
  partOf(edge, from) !== null && partOf(edge, to) !== null;

function backTo(
  plane: Plane,
  lines: readonly Point[][],
  points: readonly Point[],
): Pick<Shapes, 'lines' | 'points'> {
  return {
    points: points.map((point) => plane.back(point)),
    lines: lines.map((line) => line.map((point) => plane.back(point))),
  };
}

export function intersectionOfLines(one: readonly Line[], other: readonly Line[]): Shapes {
  const budget = new Budget();
  const plane = planeOf([...one, ...other].flat());
  const [first, second] = [one, other].map((lines) =>
    lines.flatMap((line) => edgesAlong(pointsOfLine(line, plane))),
  ) as [Edge[], Edge[]];
  budget.spend('edge', first.length + second.length);
  const { pieces, places } = met(first, second, budget);
  const { lines, points } = gathered(pieces, places, budget);
  return { ...backTo(plane, lines, points), polygons: [] };
}

const ringsOf = (polygon: Polygon, plane: Plane): Point[][] =>
  turned(polygon).map((ring) => ring.map((corner) => plane.onto(corner)));

/** What rings enclose. */
class Region {
  readonly borders: Edges;

  constructor(rings: readonly Point[][]) {
    this.borders = new Edges(rings.flatMap(edgesAround));
  }

  /** 1 within, 0 on the border, -1 without. */
  sideOf(point: Point, budget: Budget): 1 | 0 | -1 {
    let inside = false;
    const east: Edge = [point, [Number.MAX_VALUE, point[1]]];
    for (const number of this.borders.near(east, budget)) {
      const edge = this.borders.at(number);
      if (partOf(edge, point) !== null) return 0;
      const [[x1, y1], [x2, y2]] = edge;
      if (y1 > point[1] !== y2 > point[1] && point[0] < ((x2 - x1) * (point[1] - y1)) / (y2 - y1) + x1)
        inside = !inside;
    }
    return inside ? 1 : -1;
  }
}

export function intersectionOfLinesWithPolygons(
  lines: readonly Line[],
  polygons: readonly Polygon[],
): Shapes {
  const budget = new Budget();
  const plane = planeOf([...lines, ...polygons.flat()].flat());
  const regions = polygons.map((polygon) => new Region(ringsOf(polygon, plane)));
  const borders = new Edges(regions.flatMap((region) => region.borders.all));
  const isIn = (point: Point) => regions.some((region) => region.sideOf(point, budget) >= 0);
  budget.spend('edge', borders.all.length);
  const pieces: Edge[] = [];
  const places: Point[] = [];
  for (const line of lines)
    for (const edge of edgesAlong(pointsOfLine(line, plane))) {
      budget.spend('edge', 1);
      const parts = partsOf(edge, borders, budget);
      for (const part of parts) if (isIn(at(edge, part))) places.push(at(edge, part));
      for (const [index, to] of parts.slice(1).entries()) {
        const from = parts[index] as number;
        if (isSame(at(edge, from), at(edge, to)) || !isIn(at(edge, (from + to) / 2))) continue;
        const last = pieces.at(-1);
        const continued = last !== undefined && from > 0 && isSame(last[1], at(edge, from));
        if (continued) pieces.pop();
        pieces.push([continued ? last[0] : at(edge, from), at(edge, to)]);
      }
    }
  const found = gathered(pieces, places, budget);
  return { ...backTo(plane, found.lines, found.points), polygons: [] };
}

/** The parts of the way along an edge at which it begins, meets others, and ends. */
function partsOf(edge: Edge, others: Edges, budget: Budget, except?: number): number[] {
  const parts = new Set([0, 1]);
  for (const number of others.near(edge, budget))
    if (number !== except) for (const part of meetings(edge, others.at(number))) parts.add(part);
  return [...parts].sort((a, b) => a - b);
}

const clippable = (rings: readonly Point[][]): [number, number][][] =>
  rings.map((ring) => ring.map(([x, y]): [number, number] => [x, y]));

/** @throws Unresolved */
function resolved<T>(clip: () => T): T {
  try {
    return clip();
  } catch (cause) {
    throw new Unresolved({ cause });
  }
}

/**
 * Rings out of the clipping library as Kusto's geometry writes them: shells counterclockwise, with all corners that were given, and begun so that the edges
 * that came from the last of what was given stand last. `origins` are the edges as they were given, in the order of the rings: what a result is ordered by.
 */
function cleaned(
  clipped: polyclip.Geom | [number, number][][][],
  origins: Edges,
  budget: Budget,
): Point[][][] {
  const corners = new Edges(origins.all.map(([from]) => placeAsEdge(from)));
  const cornersOn = (edge: Edge): Point[] =>
    corners
      .near(edge, budget)
      .flatMap((number) => {
        const [corner] = corners.at(number);
        const part = partOf(edge, corner);
        return part === null || isSame(corner, edge[0]) || isSame(corner, edge[1]) ? [] : [{ corner, part }];
      })
      .sort((a, b) => a.part - b.part)
      .map(({ corner }) => corner)
      .filter((corner, nth, all) => nth === 0 || !isSame(corner, all[nth - 1] as Point));
  const polygons = (clipped as [number, number][][][]).map((polygon) =>
    polygon.map((closed, index) => {
      const ring: Point[] = closed.slice(0, -1);
      const goesRound = edgesAround(ring).reduce((sum, [a, b]) => sum + turn(a, b), 0) > 0;
      const directed = goesRound === (index === 0) ? ring : ring.reverse();
      return begun(
        edgesAround(directed).flatMap((edge) => [edge[0], ...cornersOn(edge)]),
        origins,
        budget,
      );
    }),
  );
  return polygons
    .map((rings) => ({ rings, first: lowestOf(idsOf(rings[0] ?? [], origins, budget)) }))
    .sort((a, b) => a.first - b.first)
    .map(({ rings }) => rings);
}

const lowestOf = (numbers: readonly number[]): number =>
  numbers.reduce((lowest, number) => Math.min(lowest, number), Number.POSITIVE_INFINITY);

/** Of each edge of a ring the number of the one that it is part of. */
function idsOf(ring: readonly Point[], origins: Edges, budget: Budget): number[] {
  return edgesAround(ring).map((edge) => {
    const middle = at(edge, 0.5);
    const near = origins.near(placeAsEdge(middle), budget);
    return near.find((number) => partOf(origins.at(number), middle) !== null) ?? 0;
  });
}

/** Where S2's polygons begin: after the last edge of highest origin (S2Builder, CanonicalizeLoopOrder). */
function begun(ring: readonly Point[], origins: Edges, budget: Budget): Point[] {
  const ids = idsOf(ring, origins, budget);
  const lowest = ids.indexOf(lowestOf(ids));
  const order = ids.map((_, index) => (lowest + index) % ids.length);
  let position = 0;
  let gap = false;
  for (let i = 1; i < order.length; i++) {
    const difference = (ids[order[i] as number] as number) - (ids[order[position] as number] as number);
    if (difference < 0) gap = true;
    else if (difference > 0 || !gap) {
      position = i;
      gap = false;
    }
  }
  const start = order[(position + 1) % order.length] as number;
  return [...ring.slice(start), ...ring.slice(0, start)];
}

export function intersectionOfPolygons(one: readonly Polygon[], other: readonly Polygon[]): Shapes {
  const budget = new Budget();
  const plane = planeOf([...one, ...other].flat(2));
  const [first, second] = [one, other].map((polygons) =>
    polygons.map((polygon) => ringsOf(polygon, plane)),
  ) as [Point[][][], Point[][][]];
  const borders = [first, second].map((polygons) => polygons.flat().flatMap(edgesAround)) as [Edge[], Edge[]];
  const origins = new Edges(borders.flat());
  spendClipping(origins, budget);
  const clipped = resolved(() => polyclip.intersection(first.map(clippable), second.map(clippable)));
  const polygons = cleaned(clipped, origins, budget);
  // What they share of their borders only.
  const shared = met(...borders, budget);
  const regions = polygons.map((rings) => new Region(rings));
  const isOff = (point: Point) => regions.every((region) => region.sideOf(point, budget) < 0);
  const { lines, points } = gathered(
    shared.pieces.filter((piece) => isOff(at(piece, 0.5))),
    shared.places.filter(isOff),
    budget,
  );
  return { ...backTo(plane, lines, points), polygons: backToPolygons(plane, polygons) };
}

/** What the clipping library will take, by how many edges there are and how often they meet. */
function spendClipping(edges: Edges, budget: Budget): void {
  budget.spend('clipped', edges.all.length);
  for (const [nth, edge] of edges.all.entries())
    for (const number of edges.near(edge, budget)) {
      if (number <= nth) continue;
      const other = edges.at(number);
      const follow = edge[1] === other[0] || edge[0] === other[1];
      if (!follow && meetings(edge, other).length > 0) budget.spend('crossing', 1);
    }
}

function backToPolygons(plane: Plane, polygons: readonly Point[][][]): Polygon[] {
  return polygons.map((rings) => rings.map((ring) => ring.map((point) => plane.back(point))));
}

function unionOfTwo(one: readonly Polygon[], other: readonly Polygon[], budget: Budget): Polygon[] {
  const plane = planeOf([...one, ...other].flat(2));
  const all = [...one, ...other].map((polygon) => ringsOf(polygon, plane));
  const origins = new Edges(all.flat().flatMap(edgesAround));
  spendClipping(origins, budget);
  const clipped = resolved(() => polyclip.union(all.map(clippable)));
  return backToPolygons(plane, cleaned(clipped, origins, budget));
}

/** Two by two, those with the fewest corners first, as S2 does it: the order of the result's corners follows from it. */
export function unionOfPolygons(polygons: readonly Polygon[]): Polygon[] {
  const budget = new Budget();
  const waiting = polygons.map((polygon): Polygon[] => [[...turned(polygon)]]);
  const size = (group: readonly Polygon[]) => group.flat(2).length;
  if (waiting.length === 1) return unionOfTwo(waiting[0] ?? [], [], budget);
  while (waiting.length > 1) {
    waiting.sort((a, b) => size(a) - size(b));
    const [one = [], other = []] = waiting.splice(0, 2);
    waiting.push(unionOfTwo(one, other, budget));
  }
  return waiting[0] ?? [];
}

/** Lines with every edge once, those that follow on each other as one. */
export function unionOfLines(lines: readonly Line[]): Line[] {
  const budget = new Budget();
  const plane = planeOf(lines.flat());
  const edges = new Edges(lines.flatMap((line) => edgesAlong(pointsOfLine(line, plane))));
  budget.spend('edge', edges.all.length);
  const pieces: Edge[] = [];
  for (const [nth, edge] of edges.all.entries()) {
    const near = edges.near(edge, budget);
    const parts = partsOf(edge, edges, budget, nth);
    for (const [index, to] of parts.slice(1).entries()) {
      const piece: Edge = [at(edge, parts[index] as number), at(edge, to)];
      const isKnown = near.some((number) => number < nth && covers(edges.at(number), piece));
      if (!isSame(piece[0], piece[1]) && !isKnown) pieces.push(piece);
      budget.spend('pair', near.length);
    }
  }
  return backTo(plane, chained(pieces, budget), []).lines.map((line) => line as Position[]);
}

/** Lines end where more or fewer than two pieces meet. */
function chained(pieces: readonly Edge[], budget: Budget): Point[][] {
  const given = new Edges(pieces);
  const lines: Point[][] = [];
  /** Of a piece, its line. */
  const lineOf: Point[][] = [];
  for (const [nth, [from, to]] of pieces.entries()) {
    const meeting = given
      .near(placeAsEdge(from), budget)
      .filter((number) => given.at(number).some((end) => isSame(end, from)));
    const before = meeting.find((number) => number < nth && isSame(lineOf[number]?.at(-1) as Point, from));
    const line = before !== undefined && meeting.length === 2 ? lineOf[before] : undefined;
    if (line) line.push(to);
    else lines.push([from, to]);
    lineOf.push(line ?? (lines.at(-1) as Point[]));
  }
  return lines;
}
