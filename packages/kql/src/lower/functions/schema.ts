import { kindOf, type SyntaxNode } from '../../bind/syntax.ts';
import { type Fragment, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { boolConstant, constantExpr, stringConstant } from '../constants.ts';
import { lowerTabular } from '../recursion.ts';
import { type Column, columnExpr, visible } from '../rows.ts';
import { settled } from '../settled.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** column_ifexists("name", default): the binder knows which of them it is. */
const columnIfExists: FunctionRule = (call) =>
  call.scope.row.column(call.constantText(0, 'a name')) ?? call.value(1);

const columnNamesOf: FunctionRule = (call) => {
  const rows = lowerTabular(call.nodeAt(0), call.scope.inEnvironment(call.scope.environment));
  const names = visible(rows).map((column) => column.name);
  return constantExpr({
    type: 'dynamic',
    value: { json: JSON.stringify(names), elements: names.map((value) => ({ type: 'string', value })) },
  });
};

/** What a dynamic holds at run time; whole numbers within 32 bits are `int`, as the reference prints it. */
function dynamicType(json: Fragment): Fragment {
  const kind = sql`JSONType(${json})`;
  const whole = sql`if(isNull(toInt32OrNull(${json})), 'long', 'int')`;
  return sql`multiIf(${json} = '', 'null', ${kind} = 'Object', 'dictionary', ${kind} = 'Array', 'array', ${kind} = 'String', 'string', ${kind} = 'Bool', 'bool', ${kind} IN ('Int64', 'UInt64'), ${whole}, ${kind} = 'Null', 'null', 'real')`;
}

const gettype: FunctionRule = (call) => {
  const value = call.value(0);
  return value.type === 'dynamic'
    ? expr('string', dynamicType(call.json(0)), false)
    : stringConstant(value.type);
};

/** Bytes of a value; those of a text are as many as it has. */
function sizeOf(value: Expr): Fragment {
  switch (value.type) {
    case 'bool':
      return sql`1`;
    case 'int':
      return sql`4`;
    case 'long':
    case 'real':
    case 'datetime':
    case 'timespan':
      return sql`8`;
    case 'guid':
    case 'decimal':
      return sql`16`;
    case 'string':
    case 'dynamic':
      return sql`length(${value.sql})`;
  }
}

/** estimate_data_size(*) or of some columns. */
const estimateDataSize: FunctionRule = (call) => {
  const isStar = (node: SyntaxNode) => kindOf(node) === 'StarExpression';
  const columns = call.nodes.flatMap((node, index): Expr[] =>
    isStar(node)
      ? visible(call.scope.row.rows).map((column: Column) => columnExpr(column))
      : [call.value(index)],
  );
  return expr('long', sql`toInt64(${join([sql`0`, ...columns.map(sizeOf)], sql` + `)})`, false);
};

/** assert(condition, message): settled before the query runs. */
const assert: FunctionRule = (call: Call) => {
  const condition = settled(call.nodeAt(0), call.scope);
  if (condition.constant?.value === true) return boolConstant(true);
  const message = settled(call.nodeAt(1), call.scope);
  throw call.scope.semantic(
    `assert() has failed with message: '${String(message.constant?.value ?? '')}'`,
    call.node,
  );
};

export const schemaFunctions: FunctionFamily = {
  column_ifexists: columnIfExists,
  columnifexists: columnIfExists,
  iscolumnexists: (call) => boolConstant(call.scope.row.column(call.constantText(0, 'a name')) !== undefined),
  column_names_of: columnNamesOf,
  gettype,
  estimate_data_size: estimateDataSize,
  assert,
};
