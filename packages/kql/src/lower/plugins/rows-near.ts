import { integer, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { toBool } from '../convert.ts';
import { lowerScalar } from '../recursion.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import type { PluginRule } from './rule.ts';

/** `rows_near(condition, before[, after])`: the rows near one for which the condition holds. */
export const rowsNear: PluginRule = (call) => {
  const { input, scope } = call;
  if (input.order.length === 0 && input.serialized !== true)
    throw call.refused('of rows in no order: sort them first');
  const condition = call.required(0, 'Condition');
  const before = call.integer(call.required(1, 'NumRows'));
  const afterNode = call.argument(2, 'RowsAfter');
  const after = afterNode === undefined ? before : call.integer(afterNode);
  if (before < 0n || after < 0n) throw call.refused('with a negative number of rows');
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const test = row.computed(toBool(lowerScalar(condition, inner), inner, condition));
  // A row is kept when one after it, or before it, meets the condition.
  const near = row.window(
    expr('long', sql`countIf(ifNull(${test.sql}, false))`, false),
    sql`ROWS BETWEEN ${integer(after)} PRECEDING AND ${integer(before)} FOLLOWING`,
  );
  const rows = row.finish();
  return {
    ...rows,
    relation: relation({ kind: 'filter', input: rows.relation, predicate: sql`(${near.sql} > 0)` }),
    columns: input.columns,
  };
};
