import type { KustoType } from '@merlon/contract';
import { kindOf, namedParameters, optionalPart, part, parts, type SyntaxNode } from '../../bind/syntax.ts';
import { columnRef, type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { type AggregateValue, type Output, type Relation, relation } from '../../tree/relation.ts';
import { Aggregation } from '../aggregates/aggregation.ts';
import {
  datetimeOfTicks,
  isNullConstant,
  isPositive,
  longConstant,
  ticksOfDatetime,
  unixEpochTicks,
} from '../constants.ts';
import { convert, elementText } from '../convert.ts';
import { jsonArray } from '../json.ts';
import { lowerScalar } from '../recursion.ts';
import { type Column, extended, keptIds, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { groupedRows } from '../subtables.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';
import { lowerAggregates, lowerKey, placeholder } from './summarize.ts';

/** Elements of a series at most. */
const maxElements = 1_048_576;

/** Where the places of the series are. Positions on the axis are numbers: ticks since 0001-01-01 for a datetime, ticks for a timespan. */
interface Axis {
  readonly type: KustoType;
  readonly step: Fragment;
  /** The place of the row, counted from the first place there can be. */
  readonly place: Fragment;
  /** The position of the first place; undefined where each series begins at its own first row. */
  readonly start: Fragment | undefined;
  /** How many places every series has; undefined where each ends at its own last row. */
  readonly size: Fragment | undefined;
  /** The number of the place past the last, where a series begins at its own first row. */
  readonly end: Fragment | undefined;
  /** Which rows are on it. */
  readonly inside: readonly Fragment[];
}

/** One row for each value of the keys, with an array for each aggregate: its values along the axis, a default where there are no rows. */
export const makeSeries: OperatorRule = (call) => {
  const { node, input, scope } = call;
  const { context, environment } = scope;
  const inner = new ScalarScope(context, environment, new RowScope(context, input));
  const by = optionalPart(node, 'ByClause');
  const keys = by === undefined ? [] : parts(by, 'Expressions').map((key) => lowerKey(key, inner));
  const isNonempty = nonempty(call, keys.length > 0);
  const axis = axisOf(node, inner);

  const aggregation = new Aggregation(inner, true);
  const above = new RowScope(context, { relation: relation({ kind: 'unit' }), columns: [], order: [] });
  const outer = new ScalarScope(context, environment, above, aggregation);
  const series = parts(node, 'Aggregates').flatMap((expression) =>
    lowerAggregates(part(expression, 'Expression'), aggregation, outer).map(({ value }) => ({
      value,
      fallback: defaultOf(expression, value.type, scope.inline()),
    })),
  );

  // First the value of each place, …
  const place = context.newId();
  const filtered: Relation = relation({
    kind: 'filter',
    input: placed(inner.row, place, axis),
    predicate: join(
      [...axis.inside, sql`isNotNull(${columnRef(place)})`].map((test) => sql`(${test})`),
      sql` AND `,
    ),
  });
  const keyOutputs = keys.map(({ key }) => key);
  const byPlace = groupedRows(
    { ...inner.row.finish(), relation: filtered },
    [...keyOutputs, { id: context.newId(), sql: columnRef(place) }],
    aggregation.outputs,
  );
  const placeKey = lastKey(byPlace.relation);
  const made = [
    ...keyOutputs.map((key) => key.id),
    placeKey,
    ...aggregation.outputs.flatMap((output) =>
      output.kind === 'value' ? [output.id] : output.items.map((item) => item.id),
    ),
  ];
  const base: Rows = { ...byPlace, columns: made.map(placeholder), order: [] };
  const elements = series.map(({ value }) => ({
    id: context.newId(),
    sql: sql`toString(assumeNotNull(${elementText(value, outer)}))`,
  }));
  const computed = above.finish(base);
  const known = [...made, ...keptIds(base), ...above.collected()];
  let values = extended(computed.relation, known, elements);

  // … then the places of each series side by side.
  const first = context.newId();
  if (axis.start === undefined) {
    const own = [...keyOutputs.map((key) => key.id), ...(base.subtables?.keys ?? []).map((key) => key.id)];
    const partition = own.length === 0 ? sql`` : sql`PARTITION BY ${join(own.map(columnRef))}`;
    values = relation({
      kind: 'window',
      input: values,
      outputs: [{ id: first, sql: sql`min(${columnRef(placeKey)}) OVER (${partition})` }],
    });
  }
  const from = axis.start === undefined ? columnRef(first) : sql`0`;
  const offset = sql`toUInt64(greatest(least(assumeNotNull(${columnRef(placeKey)} - ${from}), ${integer(maxElements)}), 0))`;
  const arrays = elements.map(
    (element): AggregateValue => ({
      kind: 'value',
      id: context.newId(),
      sql: sql`groupArrayInsertAt('')(${columnRef(element.id)}, ${offset})`,
    }),
  );
  const [begin, last, count] = [context.newId(), context.newId(), context.newId()];
  const bounds: AggregateValue[] = [
    { kind: 'value', id: begin, sql: sql`min(${columnRef(placeKey)})` },
    { kind: 'value', id: last, sql: sql`max(${columnRef(placeKey)})` },
    { kind: 'value', id: count, sql: sql`count()` },
  ];
  const seriesKeys = keyOutputs.map((key) => ({ id: context.newId(), sql: columnRef(key.id) }));
  const grouped = groupedRows({ ...base, relation: values, columns: [] }, seriesKeys, [...arrays, ...bounds]);
  const isWhole = keys.length > 0 || isNonempty || base.subtables !== undefined;
  const whole = isWhole
    ? grouped.relation
    : relation({ kind: 'filter', input: grouped.relation, predicate: sql`(${columnRef(count)} > 0)` });
  return finished({
    call,
    axis,
    grouped: { ...grouped, relation: whole },
    keys: keys.map(({ value }, index) => ({ value, id: seriesKeys[index]?.id ?? 0 })),
    arrays: arrays.map((array, index) => ({ id: array.id, fallback: series[index]?.fallback ?? sql`'0'` })),
    begin,
    last,
  });
};

function nonempty({ node, input, scope }: OperatorCall, hasKeys: boolean): boolean {
  let isNonempty = false;
  for (const [name, value] of namedParameters(node)) {
    const written = value.ToString().trim();
    if (name === 'kind' && written === 'nonempty') isNonempty = true;
    else if (!name.startsWith('hint.'))
      throw scope.unsupported(`the parameter ${name}=${written} here`, value);
  }
  if (isNonempty && (hasKeys || input.subtables !== undefined))
    throw scope.unsupported('make-series kind=nonempty of several series', node);
  return isNonempty;
}

/** The rows with their place, computed beneath the grouping. */
function placed(row: RowScope, place: number, axis: Axis): Relation {
  const rows = row.finish();
  const ids = [...rows.columns.map((column) => column.id), ...keptIds(rows), ...row.collected()];
  return extended(rows.relation, ids, [{ id: place, sql: axis.place }]);
}

function lastKey(grouped: Relation): number {
  if (grouped.kind !== 'aggregate') throw new TypeError('rows were not grouped');
  return grouped.keys[grouped.keys.length - 1]?.id ?? 0;
}

/** JSON text of what stands where there are no rows. */
function defaultOf(node: SyntaxNode, type: KustoType, scope: ScalarScope): Fragment {
  const clause = optionalPart(node, 'DefaultExpression');
  const value = clause === undefined ? longConstant(0n) : lowerScalar(part(clause, 'Expression'), scope);
  const fitting =
    value.constant?.type === 'long' && type === 'real' ? value : convert(value, type, scope, node);
  return sql`assumeNotNull(${elementText(fitting, scope)})`;
}

function axisOf(node: SyntaxNode, scope: ScalarScope): Axis {
  const on = part(part(node, 'OnClause'), 'Expression');
  const column = lowerScalar(on, scope);
  const { type } = column;
  if (type !== 'datetime' && type !== 'timespan' && type !== 'int' && type !== 'long' && type !== 'real')
    throw scope.unsupported(`make-series on a ${type}`, on);
  const raw = scope.row.shared(column).sql;
  const at = scope.row.shared(numberOf({ ...column, sql: raw })).sql;
  const constants = scope.inline();
  const range = part(node, 'RangeClause');
  const given = boundsOf(range);
  const bound = (bounding: SyntaxNode | undefined) =>
    bounding === undefined ? undefined : convert(lowerScalar(bounding, constants), type, constants, bounding);
  const stepType = type === 'datetime' ? 'timespan' : type;
  const size = convert(lowerScalar(given.step, constants), stepType, constants, given.step);
  const step = numberOf(size).sql;
  const [low, high] = [bound(given.from), bound(given.to)];
  const [from, to] = [low, high].map((value) => (value === undefined ? undefined : numberOf(value).sql));
  const isReal = type === 'real';
  const isKnown = low === undefined || (low.constant !== undefined && !isNullConstant(low));
  const hasPlace = !column.nullable && isPositive(size) && isKnown;
  const divided = (position: Fragment) =>
    hasPlace ? sql`intDiv(${position}, ${step})` : sql`intDivOrNull(${position}, ${step})`;
  const binned = (position: Fragment) =>
    isReal
      ? sql`toInt64OrNull(toString(floor(${position} / ${step})))`
      : divided(sql`${position} - positiveModulo(${position}, ${step})`);
  const sized = (size: Fragment) =>
    sql`toUInt64(ifNull(least(greatest(${size}, 0), ${integer(maxElements)}), 0))`;
  if (given.isInclusive && from !== undefined && to !== undefined) {
    const [first, last] = [binned(from), binned(to)];
    const edge = (place: Fragment) => positioned(type, sql`(${place} * ${step})`).sql;
    return {
      type,
      step,
      place: sql`(${binned(at)} - ${first})`,
      start: sql`(${first} * ${step})`,
      size: sized(sql`${last} - ${first} + 1`),
      end: undefined,
      inside: [sql`${raw} >= ${edge(first)}`, sql`${raw} < ${edge(sql`(${last} + 1)`)}`],
    };
  }
  // On the column as it is: what is not asked for is not read.
  const inside = [
    ...(low === undefined ? [] : [sql`${raw} >= ${low.sql}`]),
    ...(high === undefined ? [] : [sql`${raw} < ${high.sql}`]),
  ];
  if (from === undefined) {
    const end =
      to === undefined
        ? undefined
        : isReal
          ? sql`ceil(${to} / ${step})`
          : sql`(${binned(sql`(${to} - 1)`)} + 1)`;
    return { type, step, place: binned(at), start: undefined, size: undefined, end, inside };
  }
  const distance = sql`(${at} - ${from})`;
  const place = isReal ? sql`toInt64OrNull(toString(floor(${distance} / ${step})))` : divided(distance);
  const whole =
    to === undefined
      ? undefined
      : isReal
        ? sql`toInt64OrNull(toString(ceil((${to} - ${from}) / ${step})))`
        : sql`intDivOrNull(${to} - ${from} + ${step} - 1, ${step})`;
  return {
    type,
    step,
    place,
    start: from,
    size: whole === undefined ? undefined : sized(whole),
    end: undefined,
    inside,
  };
}

/** A position on the axis as a number. */
function numberOf(value: Expr): Expr {
  const { constant } = value;
  switch (value.type) {
    case 'datetime':
      if (constant?.type === 'datetime' && constant.value !== null) return longConstant(constant.value);
      return expr('long', sql`(${ticksOfDatetime(value.sql)} + ${integer(unixEpochTicks)})`, value.nullable);
    case 'timespan':
      return expr('long', value.sql, value.nullable);
    case 'int':
      return expr('long', sql`toInt64(${value.sql})`, value.nullable);
    default:
      return value;
  }
}

interface Bounds {
  readonly from: SyntaxNode | undefined;
  readonly to: SyntaxNode | undefined;
  readonly step: SyntaxNode;
  readonly isInclusive: boolean;
}

function boundsOf(range: SyntaxNode): Bounds {
  if (kindOf(range) === 'MakeSeriesInRangeClause') {
    const [from, to, step] = parts(part(range, 'Arguments'), 'Expressions');
    if (step === undefined) throw new TypeError('range() has three arguments');
    return { from, to, step, isInclusive: true };
  }
  const expression = (name: string) => {
    const clause = optionalPart(range, name);
    return clause === undefined ? undefined : part(clause, 'Expression');
  };
  return {
    from: expression('MakeSeriesFromClause'),
    to: expression('MakeSeriesToClause'),
    step: part(part(range, 'MakeSeriesStepClause'), 'Expression'),
    isInclusive: false,
  };
}

interface Grouped {
  readonly call: OperatorCall;
  readonly axis: Axis;
  readonly grouped: Pick<Rows, 'relation' | 'subtables'>;
  readonly keys: readonly { readonly value: Expr; readonly id: number }[];
  readonly arrays: readonly { readonly id: number; readonly fallback: Fragment }[];
  readonly begin: number;
  readonly last: number;
}

/** The arrays at full length, and the axis. */
function finished({ call, axis, grouped, keys, arrays, begin, last }: Grouped): Rows {
  const { node, scope } = call;
  const { context } = scope;
  const row = new RowScope(context, { ...grouped, columns: [], order: [] });
  const inner = scope.inline();
  const own = keys.map(({ id }) => id);
  const [low, high] = [columnRef(begin), columnRef(last)];
  const size =
    axis.size ??
    sql`toUInt64(ifNull(least(greatest(${axis.end ?? sql`${high} + 1`} - ${axis.start === undefined ? low : sql`0`}, 0), ${integer(maxElements)}), 0))`;
  const [length, start] = [context.newId(), context.newId()];
  const sizes: Output[] = [
    { id: length, sql: size },
    {
      id: start,
      sql: sql`assumeNotNull(${axis.start ?? sql`(${low} * ${axis.step})`})`,
    },
  ];
  const step = context.newId();
  sizes.push({ id: step, sql: sql`assumeNotNull(${axis.step})` });
  const kept = [...own, ...keptIds(row.rows), ...arrays.map((array) => array.id)];
  const measured = extended(grouped.relation, kept, sizes);

  const outputs: Output[] = arrays.map(({ id, fallback }) => ({
    id: context.newId(),
    sql: jsonArray(
      sql`arrayMap(e -> if(e = '', ${fallback}, e), arrayResize(${columnRef(id)}, ${columnRef(length)}, ''))`,
    ),
  }));
  const position = sql`(${columnRef(start)} + toInt64(i) * ${columnRef(step)})`;
  const label = elementText(positioned(axis.type, position), inner);
  outputs.push({
    id: context.newId(),
    sql: sql`concat('[', arrayStringConcat(arrayMap(i -> assumeNotNull(${label}), range(${columnRef(length)})), ','), ']')`,
  });
  const ids = [...own, ...outputs.map((output) => output.id)];
  const result = resultColumns(node, scope);
  if (result.length !== ids.length) throw scope.unsupported('an aggregate of several columns here', node);
  return {
    relation: relation({
      kind: 'project',
      input: measured,
      outputs: [...passThrough([...own, ...keptIds(row.rows)]), ...outputs],
    }),
    columns: result.map((column, index): Column => {
      const key = keys[index]?.value;
      return { ...column, id: ids[index] ?? 0, nullable: key?.nullable ?? false, hidden: false };
    }),
    order: [],
    ...(grouped.subtables === undefined ? {} : { subtables: grouped.subtables }),
  };
}

function positioned(type: KustoType, position: Fragment): Expr {
  if (type === 'datetime')
    return expr('datetime', datetimeOfTicks(sql`toInt64(${position} - ${integer(unixEpochTicks)})`), false);
  return expr(type === 'int' ? 'long' : type, position, false);
}
