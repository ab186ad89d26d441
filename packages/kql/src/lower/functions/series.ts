import { type Fragment, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import type { Call } from './rule.ts';

/**
 * Series are JSON arrays of numbers. In SQL they are Array(Nullable(Float64)): what is no number is null. The longer algorithms fold over an
 * array instead of mapping a lambda that holds one: a fold sees the array once, a map once for each element.
 */

/** A column that holds an intermediate value of any SQL type. */
export function column(call: Call, value: Fragment): Fragment {
  return call.scope.row.computed(expr('dynamic', value, false)).sql;
}

/** Whether the argument is an array at all; nothing else has a series. */
export function isSeries(call: Call, index: number): Fragment {
  return sql`(JSONType(${call.json(index)}) = 'Array')`;
}

/** The argument as Array(Nullable(Float64)); empty for what is no array. */
export function series(call: Call, index: number): Fragment {
  const json = call.json(index);
  return column(call, sql`arrayMap(e -> toFloat64OrNull(e), JSONExtractArrayRaw(${json}))`);
}

/** The argument as Array(Float64); empty when it is no array or something in it is no number. */
export function numbers(call: Call, index: number): Fragment {
  const values = series(call, index);
  return column(
    call,
    choose(
      sql`arrayExists(v -> NOT ifNull(isFinite(v), false), ${values})`,
      sql`CAST([], 'Array(Float64)')`,
      sql`arrayMap(v -> assumeNotNull(v), ${values})`,
    ),
  );
}

/** JSON of an Array(Nullable(Float64)) or Array(Float64). */
export function seriesJson(values: Fragment): Fragment {
  const number = sql`multiIf(isFinite(v), toString(v + 0), isNaN(v), '"NaN"', v > 0, '"Infinity"', '"-Infinity"')`;
  return sql`concat('[', arrayStringConcat(arrayMap(v -> if(isNull(v), 'null', assumeNotNull(${number})), ${values}), ','), ']')`;
}

/**
 * One of two values, both computed. The engine puts off what stands in the arms of `if`, and computes it anew for each mention: over a chain of
 * columns, each made from the one before, that doubles the work with every link.
 */
export function choose(condition: Fragment, then: Fragment, otherwise: Fragment): Fragment {
  return sql`[${otherwise}, ${then}][toUInt8(${condition}) + 1]`;
}

/** JSON of a number that may be null, or none that JSON can write. */
export function numberJson(value: Fragment): Fragment {
  return sql`arrayMap(v -> if(isNull(v), 'null', assumeNotNull(multiIf(isFinite(v), toString(v), isNaN(v), '"NaN"', v > 0, '"Infinity"', '"-Infinity"'))), [${value}])[1]`;
}

/** A series as a result; null where `given` does not hold. */
export function seriesExpr(values: Fragment, given: Fragment): Expr {
  return expr('dynamic', choose(given, seriesJson(values), sql`''`), false);
}

/** A number that the query leaves out. */
export function realOr(call: Call, index: number, otherwise: Fragment): Fragment {
  return index < call.count ? sql`ifNull(${call.real(index).sql}, ${otherwise})` : otherwise;
}
