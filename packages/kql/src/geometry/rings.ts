/** Whether the rings of a polygon keep apart as Kusto wants them: they may share corners, but neither edges nor cross each other or themselves. */
import { type Box, BoxTree } from './box-tree.ts';
import type { Polygon, Position } from './geojson.ts';
import type { Budget } from './limits.ts';
import {
  cross,
  dot,
  minus,
  norm,
  normal,
  plus,
  ringEdgesOf,
  times,
  unit,
  type Vector,
  vectorOf,
  vectorsOf,
} from './sphere.ts';

/** Radians below which places are one, and a place is on an edge: below a millionth of a metre. */
const NEAR = 1e-13;

/** From a corner to the next; and the one after that. */
interface Edge {
  readonly from: Vector;
  readonly to: Vector;
  readonly after: Vector;
  /** Perpendicular to its great circle, on the left of it. */
  readonly left: Vector;
}

/** @throws TooMuchWork */
export function keepApart(polygon: Polygon, budget: Budget): boolean {
  return !shareEdges(polygon) && !crossAtCorners(polygon, budget) && !crossOnEdges(polygon, budget);
}

/** The same for the same place. */
function keyOf([longitude, latitude]: Position): string {
  if (Math.abs(latitude) === 90) return String(latitude);
  return `${longitude === -180 ? 180 : longitude} ${latitude}`;
}

function shareEdges(polygon: Polygon): boolean {
  const known = new Set<string>();
  for (const ring of polygon)
    for (const [from, to] of ringEdgesOf(ring.map(keyOf))) {
      const key = from < to ? `${from} ${to}` : `${to} ${from}`;
      if (known.has(key)) return true;
      known.add(key);
    }
  return false;
}

/** At a corner that several rings have, one goes over from one side of another to its other side. */
function crossAtCorners(polygon: Polygon, budget: Budget): boolean {
  const ways = new Map<string, { at: Vector; before: Vector; after: Vector }[]>();
  for (const ring of polygon) {
    const corners = vectorsOf(ring);
    for (const [index, corner] of ring.entries()) {
      const at = vectorOf(corner);
      const way = {
        at,
        before: corners.at(index - 1) ?? at,
        after: corners[(index + 1) % corners.length] ?? at,
      };
      const key = keyOf(corner);
      const known = ways.get(key);
      if (known) known.push(way);
      else ways.set(key, [way]);
    }
  }
  for (const [first, ...rest] of ways.values()) {
    if (first === undefined || rest.length === 0) continue;
    budget.spend('pair', rest.length ** 2);
    for (const [index, one] of [first, ...rest].entries())
      for (const other of rest.slice(index)) {
        const aside = directionFrom(one.at, one.before);
        const [end, in_, out] = [one.after, other.before, other.after].map((place) =>
          turnedFrom(one.at, aside, place),
        ) as [number, number, number];
        if (in_ < end !== out < end) return true;
      }
  }
  return false;
}

const directionFrom = (at: Vector, place: Vector): Vector => {
  const away = minus(place, at);
  return minus(away, times(at, dot(away, at)));
};

/** The angle counterclockwise from one direction to that of a place: 0 … 2π. */
function turnedFrom(at: Vector, direction: Vector, place: Vector): number {
  const other = directionFrom(at, place);
  const turn = Math.atan2(dot(at, cross(direction, other)), dot(direction, other));
  return turn < 0 ? turn + 2 * Math.PI : turn;
}

function crossOnEdges(polygon: Polygon, budget: Budget): boolean {
  const edges = polygon.flatMap((ring) => {
    const corners = vectorsOf(ring);
    return corners.map((from, index): Edge => {
      const to = corners[(index + 1) % corners.length] ?? from;
      const n = normal(from, to);
      const left = times(n, 1 / (norm(n) || 1));
      return { from, to, after: corners[(index + 2) % corners.length] ?? to, left };
    });
  });
  budget.spend('edge', edges.length);
  const boxes = edges.map(boxOf);
  const tree = new BoxTree(boxes);
  for (const [index, edge] of edges.entries()) {
    const others = tree.meeting(boxes[index] as Box);
    budget.spend('pair', others.length);
    for (const other of others)
      if (other > index) {
        const against = edges[other] as Edge;
        if (crosses(edge, against) || passesAt(edge, against) || passesAt(against, edge)) return true;
      }
  }
  return false;
}

/** An arc lies in the ball around its middle that its ends are on. */
function boxOf({ from, to }: Edge): Box {
  const chord = plus(from, to);
  const middle = norm(chord) === 0 ? from : unit(chord);
  const reach = Math.max(norm(minus(from, middle)), norm(minus(to, middle))) + NEAR;
  return { low: middle.map((at) => at - reach), high: middle.map((at) => at + reach) };
}

/** 1 to the left of the great circle, -1 to its right, 0 on it. */
function sideOf({ from, left }: Edge, place: Vector): 1 | 0 | -1 {
  const away = dot(left, minus(place, from));
  return Math.abs(away) <= NEAR ? 0 : away > 0 ? 1 : -1;
}

function crosses(edge: Edge, other: Edge): boolean {
  const start = sideOf(edge, other.from);
  if (start === 0 || sideOf(edge, other.to) !== -start) return false;
  // The great circles meet twice; here the arcs do.
  return sideOf(other, edge.to) === start && sideOf(other, edge.from) === -start;
}

/** The end of the first lies on the second, and what follows on the other side of it. */
function passesAt(edge: Edge, other: Edge): boolean {
  const start = sideOf(other, edge.from);
  if (start === 0 || sideOf(other, edge.to) !== 0 || sideOf(other, edge.after) !== -start) return false;
  const middle = plus(other.from, other.to);
  const isBetween = dot(edge.to, middle) > dot(other.from, middle);
  return isBetween && norm(minus(edge.to, other.from)) > NEAR && norm(minus(edge.to, other.to)) > NEAR;
}
