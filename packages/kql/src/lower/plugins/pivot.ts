import { children, kindOf, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { columnRef, sql, text } from '../../emit/fragment.ts';
import { type Expr, isTextual } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { AggregateCall, Aggregation } from '../aggregates/aggregation.ts';
import { aggregates } from '../aggregates/index.ts';
import { convert, toText } from '../convert.ts';
import { calledName } from '../function-call.ts';
import type { ResultColumn } from '../operators/rule.ts';
import { type Column, columnExpr, passThrough, type Rows, visible } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import type { PluginCall, PluginRule } from './rule.ts';

/** Values that the pivoted column may have. */
const maxValues = 1_000;

/** Aggregates that say 0 rather than null of a group that has no rows. */
const zeroOfNothing = new Set(['count', 'countif', 'dcount', 'dcountif', 'sum', 'sumif', 'count_distinct']);

/** `pivot(column[, aggregate][, column…])`: a column for each value of one column. Which values there are is asked first. */
export const pivot: PluginRule = (call) => {
  const pivoted = call.column(call.required(0));
  const second = call.argument(1);
  const isAggregate = second !== undefined && kindOf(second) === 'FunctionCallExpression';
  const aggregate = isAggregate ? second : undefined;
  const named = call.from(isAggregate ? 2 : 1).map((node) => call.column(node));
  const used = new Set(aggregate === undefined ? [] : namesIn(aggregate));
  const groups =
    named.length > 0
      ? named
      : visible(call.input).filter((column) => column.name !== pivoted.name && !used.has(column.name));
  const made = grouped(call, pivoted, aggregate, groups);
  if (call.schema === undefined || call.learned !== undefined) learn(call, made);
  return spread(call, made, aggregate === undefined ? 'count' : calledName(aggregate));
};

function namesIn(node: SyntaxNode): string[] {
  return kindOf(node) === 'NameReference' ? [simpleName(node)] : children(node).flatMap(namesIn);
}

interface Grouped {
  /** One row for each group and value of the pivoted column. */
  readonly rows: Rows;
  readonly groups: readonly Column[];
  /** The pivoted column's value as text. */
  readonly name: Column;
  readonly value: Expr;
}

function grouped(
  call: PluginCall,
  pivoted: Column,
  aggregate: SyntaxNode | undefined,
  groups: readonly Column[],
): Grouped {
  const { context, environment } = call.scope;
  const row = new RowScope(context, call.input);
  const inner = new ScalarScope(context, environment, row);
  const keyOf = (value: Expr): { key: Output; expr: Expr } => {
    const key = { id: context.newId(), sql: value.sql };
    return { key, expr: { type: value.type, sql: columnRef(key.id), nullable: value.nullable } };
  };
  const groupKeys = groups.map((column) => ({ column, ...keyOf(columnExpr(column)) }));
  const nameKey = keyOf(toText(columnExpr(pivoted), inner));
  const aggregation = new Aggregation(inner, true);
  const above = new RowScope(context, { relation: relation({ kind: 'unit' }), columns: [], order: [] });
  const outer = new ScalarScope(context, environment, above, aggregation);
  const value = aggregateValue(call, aggregate, aggregation, outer);
  const made = [...groupKeys.map(({ key }) => key.id), nameKey.key.id];
  const valueIds = aggregation.outputs.flatMap((output) =>
    output.kind === 'value' ? [output.id] : output.items.map((item) => item.id),
  );
  const relationOf = relation({
    kind: 'aggregate',
    input: row.finish().relation,
    keys: [...groupKeys.map(({ key }) => key), nameKey.key],
    outputs: aggregation.outputs,
  });
  const placeholders = [...made, ...valueIds].map(
    (id): Column => ({ name: '', type: 'dynamic', id, nullable: false, hidden: true }),
  );
  const rows = above.finish({ relation: relationOf, columns: placeholders, order: [] });
  return {
    rows,
    groups: groupKeys.map(({ column, key }) => ({ ...column, id: key.id, hidden: false })),
    name: { name: 'Name', type: 'string', id: nameKey.key.id, nullable: false, hidden: false },
    value,
  };
}

/** What the aggregate gives; a count when there is none. */
function aggregateValue(
  call: PluginCall,
  aggregate: SyntaxNode | undefined,
  aggregation: Aggregation,
  outer: ScalarScope,
): Expr {
  if (aggregate === undefined) return aggregation.value('long', sql`toInt64(count())`, false);
  const rule = aggregates.get(calledName(aggregate));
  if (rule === undefined) throw call.scope.unsupported(`aggregate ${calledName(aggregate)}()`, aggregate);
  const [column, ...others] = rule(new AggregateCall(aggregate, aggregation, outer));
  if (column === undefined || others.length > 0)
    throw call.scope.unsupported(`aggregate ${calledName(aggregate)}() of several columns here`, aggregate);
  return column.value;
}

/** Asks which values the pivoted column has; leaves with the columns, unless all are known already. */
function learn(call: PluginCall, { rows, groups, name, value }: Grouped): void {
  const key = call.scope.context.newId();
  const values = relation({
    kind: 'aggregate',
    input: rows.relation,
    keys: [{ id: key, sql: columnRef(name.id) }],
    outputs: [],
  });
  const found = call.fetched(
    {
      relation: values,
      columns: [{ ...name, id: key }],
      order: [{ id: key, descending: false, nullsFirst: true }],
    },
    maxValues,
  );
  const columns: ResultColumn[] = [
    ...groups.map((column) => ({ name: column.name, type: column.type })),
    ...found.rows
      .map(([text_]) => String(text_))
      .filter((text_) => text_ !== '' && !groups.some((column) => column.name === text_))
      .map((text_) => ({ name: text_, type: value.type })),
  ];
  call.learn(columns);
}

/** One row for each group: of each of the result's columns, the value beside its name. */
function spread(call: PluginCall, { rows, groups, name, value }: Grouped, aggregate: string): Rows {
  const { context, environment } = call.scope;
  const row = new RowScope(context, rows);
  const shared = row.computed(value);
  const keys = groups.map((column) => ({ column, id: context.newId() }));
  const byName = new Map(keys.map(({ column, id }) => [column.name, { column, id }]));
  const above: Output[] = [];
  const outputs: Output[] = [];
  const scope = ScalarScope.withoutRow(context, environment);
  const columns = call.result().map((column): Column => {
    const group = byName.get(column.name);
    if (group !== undefined) return { ...group.column, id: group.id };
    const picked = context.newId();
    const isNamed = sql`(${columnRef(name.id)} = ${text(column.name)})`;
    const isArray = isTextual(value.type);
    outputs.push({
      id: picked,
      sql: isArray
        ? sql`anyIf(${shared.sql}, ${isNamed})`
        : sql`anyIf(toNullable(${shared.sql}), ${isNamed})`,
    });
    const found: Expr = { type: value.type, sql: columnRef(picked), nullable: !isArray };
    const filled: Expr =
      zeroOfNothing.has(aggregate) && !isArray
        ? { ...found, sql: sql`ifNull(${columnRef(picked)}, 0)`, nullable: false }
        : found;
    const converted = convert(filled, column.type, scope, call.call);
    const id = context.newId();
    above.push({ id, sql: converted.sql });
    return { ...column, id, nullable: converted.nullable, hidden: false };
  });
  const combined = relation({
    kind: 'aggregate',
    input: row.finish().relation,
    keys: keys.map(({ column, id }) => ({ id, sql: columnRef(column.id) })),
    outputs: outputs.map((output) => ({ kind: 'value', ...output })),
  });
  return {
    relation: relation({
      kind: 'project',
      input: combined,
      outputs: [...passThrough(keys.map(({ id }) => id)), ...above],
    }),
    columns,
    order: [],
  };
}
