/** Look-ups of places in a table of shapes. Which place is in which shape is computed at translation, once for each different place and shape. */
import { columnRef, type Fragment, sql, text, texts } from '../../emit/fragment.ts';
import { linesOf, type Position, polygonsOf, positionOf } from '../../geometry/geojson.ts';
import { BeyondGeometry } from '../../geometry/limits.ts';
import { nearestOnLines, nearestOnPolygons } from '../../geometry/measures.ts';
import { contains } from '../../geometry/plane.ts';
import { angle, EARTH_RADIUS, vectorOf } from '../../geometry/sphere.ts';
import { expr } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { elementText } from '../convert.ts';
import { distinctValues } from '../per-value.ts';
import { isTabularNode, lowerScalar, lowerTabular } from '../recursion.ts';
import { allIds, extended, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { nullable, shaped } from './lookup-result.ts';
import type { PluginCall, PluginRule } from './rule.ts';

/** Places times shapes that are compared at most. */
const MAX_COMPARED = 2_000_000;

/** Whether a place is a match for a shape; null where the shape is not valid. */
type Matcher = (shape: unknown, radius: number | null) => ((place: Position) => boolean) | null;

const nearLines: Matcher = (shape, radius) => {
  const lines = linesOf(shape);
  if (lines === null) return null;
  return (place) => distance(place, nearestOnLines(lines, place)) <= (radius ?? 0);
};

/** Without a radius: within. */
const inPolygons: Matcher = (shape, radius) => {
  const polygons = polygonsOf(shape);
  if (polygons === null) return null;
  if (radius === null) return (place) => polygons.some((polygon) => contains(polygon, place));
  return (place) => distance(place, nearestOnPolygons(polygons, place)) <= radius;
};

function distance(a: Position, b: Position): number {
  return angle(vectorOf(a), vectorOf(b)) * EARTH_RADIUS;
}

export const geoLineLookup: PluginRule = (call) => lookedUp(call, nearLines);
export const geoPolygonLookup: PluginRule = (call) => lookedUp(call, inPolygons);

/** `geo_…_lookup(table, key, longitude, latitude[, radius][, return_unmatched][, lookup_area_radius][, return_lookup_key])`. */
function lookedUp(call: PluginCall, matcher: Matcher): Rows {
  const { context, environment } = call.scope;
  const table = call.required(0, 'LookupTable');
  if (!isTabularNode(table)) throw call.refused('in something that is not a table');
  const other = lowerTabular(table, call.scope);
  const left = new ScalarScope(context, environment, new RowScope(context, call.input));
  const right = new ScalarScope(context, environment, new RowScope(context, other));
  const radiusNode = call.argument(4, 'radius');
  const radius = radiusNode === undefined ? null : Number(call.value(radiusNode, 'real'));
  const keepUnmatched = flag(call, 5, 'return_unmatched');
  const keepKey = flag(call, 7, 'return_lookup_key');

  const coordinate = (index: number) =>
    sql`assumeNotNull(${elementText(lowerScalar(call.required(index), left), left)})`;
  const placeKey = left.row.computed(
    expr('string', sql`concat('[', ${coordinate(2)}, ',', ${coordinate(3)}, ']')`, false),
  );
  const keyNode = call.required(1, 'LookupKey');
  const shapeKey = right.row.computed(
    expr('string', sql`assumeNotNull(${elementText(lowerScalar(keyNode, right), right)})`, false),
  );
  const site = { name: `plugin ${call.name}`, node: call.call };
  const places = distinctValues({ ...site, scope: left }, placeKey);
  const shapes = distinctValues({ ...site, scope: right }, shapeKey);
  if (places.length * shapes.length > MAX_COMPARED)
    throw call.refused(`of more than ${MAX_COMPARED} pairs of places and shapes`);
  const matchers = shapes.map((shape) => {
    try {
      return matcher(JSON.parse(shape), radius);
    } catch (error) {
      if (error instanceof BeyondGeometry) throw call.refused(error.message);
      throw error;
    }
  });
  const matches = places.map((place) => {
    const [longitude, latitude] = JSON.parse(place) as unknown[];
    const position = positionOf(longitude, latitude);
    if (position === null) return '';
    return matchers.flatMap((isMatch, index) => (isMatch?.(position) ? [index] : [])).join(',');
  });

  const found = named(placeKey.sql, places, matches);
  const list = sql`if(${found} = '', ${keepUnmatched ? sql`['-']` : sql`CAST([], 'Array(String)')`}, splitByChar(',', ${found}))`;
  const leftRows = left.row.finish();
  const rightRows = right.row.finish();
  const leftIndex = context.newId();
  const asked = relation({
    kind: 'expand',
    input: leftRows.relation,
    arrays: [{ id: leftIndex, sql: list }],
  });
  const rightIds = [...allIds(rightRows), ...right.row.collected()];
  const rightIndex = {
    id: context.newId(),
    sql: named(
      shapeKey.sql,
      shapes,
      shapes.map((_, index) => String(index)),
    ),
  };
  const numbered = extended(rightRows.relation, rightIds, [rightIndex]);
  const joined = relation({
    kind: 'join',
    join: keepUnmatched ? 'left' : 'inner',
    left: asked,
    right: keepUnmatched ? nullable(numbered, rightRows.columns, [...rightIds, rightIndex.id]) : numbered,
    on: [{ left: columnRef(leftIndex), right: columnRef(rightIndex.id) }],
  });
  const key = call.columnIn(keyNode, other);
  const kept = keepKey ? rightRows.columns : rightRows.columns.filter((column) => column.id !== key.id);
  return shaped(call, { left: leftRows.columns, right: kept }, new Set(), joined, keepUnmatched);
}

function flag(call: PluginCall, index: number, name: string): boolean {
  const node = call.argument(index, name);
  return node !== undefined && call.boolean(node);
}

/** What stands for each of the texts. */
function named(value: Fragment, from: readonly string[], to: readonly string[]): Fragment {
  return from.length === 0 ? text('') : sql`transform(${value}, ${texts(from)}, ${texts(to)}, '')`;
}
