import { type Fragment, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../../tree/expression.ts';
import { lowerArithmetic } from '../arithmetic.ts';
import { boolConstant, isNullConstant } from '../constants.ts';
import { toBool } from '../convert.ts';
import { lowerComparison } from '../predicates/comparison.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** around(value, center, delta): null when one of them is. */
const around: FunctionRule = (call) => {
  const [value, center, delta] = [call.value(0), call.shared(call.value(1)), call.shared(call.value(2))];
  const at = (operator: '-' | '+') => lowerArithmetic(center, delta, operator, call.node, call.scope);
  const shared = call.shared(value);
  const above = lowerComparison(shared, at('-'), '>=', call.node, call.scope);
  const below = lowerComparison(shared, at('+'), '<=', call.node, call.scope);
  return expr('bool', sql`(${above.sql} AND ${below.sql})`, above.nullable || below.nullable);
};

/** The first branch whose condition holds; a null condition does not. */
function choose(
  call: Call,
  branches: readonly (readonly [condition: Expr, value: Expr])[],
  otherwise: Expr,
): Expr {
  const type = call.type(otherwise.type);
  const values = [...branches.map(([, value]) => value), otherwise].map((value) => call.convert(value, type));
  const pieces = branches.flatMap(([condition], index): Fragment[] => [
    toBool(condition, call.scope, call.node).sql,
    values[index]?.sql ?? otherwise.sql,
  ]);
  const last = values.at(-1)?.sql ?? otherwise.sql;
  return expr(
    type,
    sql`multiIf(${join([...pieces, last])})`,
    values.some((value) => value.nullable),
  );
}

const iff: FunctionRule = (call) => choose(call, [[call.value(0), call.value(1)]], call.value(2));

const caseOf: FunctionRule = (call) => {
  if (call.count % 2 === 0) call.refuse('without a last, unconditional value');
  const branches: [Expr, Expr][] = [];
  for (let index = 0; index + 1 < call.count; index += 2)
    branches.push([call.value(index), call.value(index + 1)]);
  return choose(call, branches, call.value(call.count - 1));
};

/** The first that is not null; of strings, the first that is not empty. */
const coalesce: FunctionRule = (call) => {
  const type = call.type();
  const values = call.values().map((value) => call.shared(call.convert(value, type)));
  const last = values.at(-1);
  if (last === undefined) return call.refuse('without arguments');
  if (isTextual(type)) {
    const pieces = values.slice(0, -1).flatMap((value) => [sql`${value.sql} != ''`, value.sql]);
    return expr(type, pieces.length === 0 ? last.sql : sql`multiIf(${join([...pieces, last.sql])})`, false);
  }
  return expr(
    type,
    sql`coalesce(${join(values.map((value) => value.sql))})`,
    values.every((value) => value.nullable),
  );
};

/** '' for a text; for the others, null counts as empty. */
function emptiness(value: Expr): Expr {
  if (value.type === 'dynamic') return expr('bool', sql`(${value.sql} IN ('', '""'))`, false);
  if (isTextual(value.type)) return expr('bool', sql`(${value.sql} = '')`, false);
  return nullness(value);
}

/** A string is never null. */
function nullness(value: Expr): Expr {
  if (value.type === 'string') return boolConstant(false);
  if (isTextual(value.type)) return expr('bool', sql`(${value.sql} = '')`, false);
  if (isNullConstant(value)) return boolConstant(true);
  return value.nullable ? expr('bool', sql`isNull(${value.sql})`, false) : boolConstant(false);
}

function negated(value: Expr): Expr {
  return expr('bool', sql`(NOT ${value.sql})`, value.nullable);
}

const isNotEmpty: FunctionRule = (call) => negated(emptiness(call.value(0)));
const isNotNull: FunctionRule = (call) => negated(nullness(call.value(0)));

/** min_of and max_of: the least or greatest of the arguments that are not null. */
const extreme =
  (which: 'least' | 'greatest'): FunctionRule =>
  (call) => {
    const type = call.type();
    const values = call.values().map((value) => call.convert(value, type));
    const array = sql`arrayFilter(e -> e IS NOT NULL, [${join(values.map((value) => value.sql))}])`;
    const nullable = values.some((value) => value.nullable);
    if (!nullable || isTextual(type)) {
      const list = join(values.map((value) => value.sql));
      return expr(type, which === 'least' ? sql`least(${list})` : sql`greatest(${list})`, false);
    }
    const sorted = call.shared({ type: 'dynamic', sql: sql`arraySort(${array})`, nullable: false }).sql;
    return expr(type, which === 'least' ? sql`${sorted}[1]` : sql`${sorted}[-1]`, true);
  };

export const conditionalFunctions: FunctionFamily = {
  iff,
  iif: iff,
  case: caseOf,
  coalesce,
  isempty: (call) => emptiness(call.value(0)),
  isnotempty: isNotEmpty,
  notempty: isNotEmpty,
  isnull: (call) => nullness(call.value(0)),
  isnotnull: isNotNull,
  notnull: isNotNull,
  not: (call) => negated(toBool(call.value(0), call.scope, call.node)),
  around,
  min_of: extreme('least'),
  max_of: extreme('greatest'),
};
