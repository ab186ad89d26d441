import { kindOf, type SyntaxNode } from '../../bind/syntax.ts';
import { columnRef, sql, text } from '../../emit/fragment.ts';
import { autocluster, basket, diffpatterns, type Pattern, type WeightedRow } from '../../plugins/patterns.ts';
import type { Cell } from '../../plugins/table.ts';
import { isTextual } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { toReal, toText } from '../convert.ts';
import { type Column, columnExpr, type Rows, visible } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import type { PluginCall, PluginRule } from './rule.ts';

/** Plug-ins that look for patterns. The engine counts the distinct rows. */

const maxDistinctRows = 50_000;

/** An argument that says "the default": `'~'`. */
function isDefault(node: SyntaxNode | undefined): boolean {
  return node === undefined || (kindOf(node) === 'LiteralExpression' && node.LiteralValue === '~');
}

function numberOr(call: PluginCall, index: number, usual: number): number {
  const node = call.argument(index);
  return node === undefined || isDefault(node) ? usual : call.real(node);
}

function weightColumn(call: PluginCall, index: number): Column | undefined {
  const node = call.argument(index);
  return node === undefined || isDefault(node) ? undefined : call.column(node);
}

/** What stands for "any value" in columns of each type, from this argument on: a custom one serves its own type. */
function wildcards(call: PluginCall, from: number, columns: readonly Column[]): Cell[] {
  const custom = call
    .from(from)
    .filter((node) => !isDefault(node))
    .map((node) => ({ node, type: node.ResultType?.Name }));
  return columns.map((column) => {
    const own = custom.find(({ type }) => type === column.type);
    if (own !== undefined) return call.value(own.node, column.type);
    return isTextual(column.type) ? '' : null;
  });
}

interface Counted {
  readonly columns: readonly Column[];
  readonly rows: readonly WeightedRow[];
}

/** The distinct rows of the columns but `without`, with the weight of each in the sets that `set` tells apart. */
function distinctRows(
  call: PluginCall,
  weight: Column | undefined,
  without: Column | undefined,
  values: readonly string[],
): Counted {
  const { context, environment } = call.scope;
  const row = new RowScope(context, call.input);
  const inner = new ScalarScope(context, environment, row);
  const columns = visible(call.input).filter(
    (column) => column.name !== weight?.name && column.name !== without?.name,
  );
  const keys = columns.map((column) => ({ ...column, key: context.newId() }));
  const amount =
    weight === undefined ? sql`1.0` : sql`ifNull(${toReal(columnExpr(weight), inner, call.call).sql}, 0)`;
  const split = without === undefined ? undefined : row.computed(toText(columnExpr(without), inner));
  const sums = (split === undefined ? [''] : values).map((value) => ({
    id: context.newId(),
    sql:
      split === undefined
        ? sql`sum(toFloat64(${amount}))`
        : sql`sumIf(toFloat64(${amount}), ${split.sql} = ${text(value)})`,
  }));
  const grouped = relation({
    kind: 'aggregate',
    input: row.finish().relation,
    keys: keys.map(({ id, key }) => ({ id: key, sql: columnRef(id) })),
    outputs: sums.map((sum) => ({ kind: 'value' as const, ...sum })),
  });
  const counted: Rows = {
    relation: grouped,
    columns: [
      ...keys.map(({ key, ...column }): Column => ({ ...column, id: key, hidden: false })),
      ...sums.map(
        ({ id }, index): Column => ({
          name: `weight${index}`,
          type: 'real',
          id,
          nullable: false,
          hidden: false,
        }),
      ),
    ],
    order: [],
  };
  const table = call.fetched(counted, maxDistinctRows);
  const rows = table.rows.map((cells) => ({
    cells: cells.slice(0, columns.length),
    weights: cells.slice(columns.length).map(Number),
  }));
  // The engine gives groups in any order.
  const key = ({ cells }: WeightedRow) => JSON.stringify(cells.map(String));
  return {
    columns,
    rows: rows
      .filter(({ weights }) => weights.some((sum) => sum > 0))
      .sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  };
}

/** The result's columns: the plug-in's own, then those of the input, of which some carry no pattern. */
function patternRows(
  call: PluginCall,
  { columns }: Counted,
  patterns: readonly Pattern[],
  own: (pattern: Pattern, index: number) => Cell[],
  any: readonly Cell[],
): Rows {
  const rows = patterns.map((pattern, index) => {
    const figures = own(pattern, index);
    const byName = new Map(columns.map(({ name }, at) => [name, pattern.items[at]?.cell ?? any[at] ?? null]));
    return [
      ...figures,
      ...call
        .result()
        .slice(figures.length)
        .map(({ name }) => byName.get(name) ?? null),
    ];
  });
  return call.supplied(rows);
}

const rounded = (value: number) => Math.round(value * 100) / 100;

function guarded<T>(call: PluginCall, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw call.refused(`over ${error.message}`);
    throw error;
  }
}

function ofOneSet(
  call: PluginCall,
  counted: Counted,
  patterns: readonly Pattern[],
  any: readonly Cell[],
): Rows {
  const all = counted.rows.reduce((sum, { weights }) => sum + (weights[0] ?? 0), 0);
  const own = ({ weights }: Pattern, index: number): Cell[] => [
    BigInt(index),
    BigInt(Math.round(weights[0] ?? 0)),
    rounded((100 * (weights[0] ?? 0)) / all),
  ];
  return patternRows(call, counted, patterns, own, any);
}

/** `autocluster(size weight, weight column, seeds, wildcards…)`. */
export const autoclusterPlugin: PluginRule = (call) => {
  const [sizeWeight, seeds] = [numberOr(call, 0, 0.5), numberOr(call, 2, 25)];
  const counted = distinctRows(call, weightColumn(call, 1), undefined, []);
  const any = wildcards(call, 3, counted.columns);
  return ofOneSet(call, counted, autocluster(counted.rows, sizeWeight, seeds), any);
};

/** `basket(threshold, weight column, dimensions, wildcards…)`. */
export const basketPlugin: PluginRule = (call) => {
  const threshold = numberOr(call, 0, 0.05);
  if (threshold < 0.015 || threshold > 1) throw call.refused('with a threshold outside 0.015 to 1');
  const dimensions = numberOr(call, 2, 5);
  const counted = distinctRows(call, weightColumn(call, 1), undefined, []);
  const any = wildcards(call, 3, counted.columns);
  return ofOneSet(
    call,
    counted,
    guarded(call, () => basket(counted.rows, threshold, dimensions)),
    any,
  );
};

/** `diffpatterns(split column, value A, value B, weight column, threshold, dimensions, wildcards…)`. */
export const diffpatternsPlugin: PluginRule = (call) => {
  const split = call.column(call.required(0));
  const values = [1, 2].map((index) => call.text(call.required(index)));
  const [threshold, dimensions] = [numberOr(call, 4, 0.05), numberOr(call, 5, 5)];
  const counted = distinctRows(call, weightColumn(call, 3), split, values);
  const any = wildcards(call, 6, counted.columns);
  const { patterns, totals } = guarded(call, () => diffpatterns(counted.rows, threshold, dimensions));
  const own = ({ weights: [a = 0, b = 0] }: Pattern, index: number): Cell[] => {
    const [percentA, percentB] = [(100 * a) / (totals[0] || 1), (100 * b) / (totals[1] || 1)];
    return [
      BigInt(index),
      BigInt(Math.round(a)),
      BigInt(Math.round(b)),
      rounded(percentA),
      rounded(percentB),
      rounded(Math.abs(percentA - percentB)),
    ];
  };
  return patternRows(call, counted, patterns, own, any);
};
