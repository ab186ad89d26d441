import { part } from '../../bind/syntax.ts';
import { join, sql } from '../../emit/fragment.ts';
import { relation } from '../../tree/relation.ts';
import { toBool } from '../convert.ts';
import { conjuncts } from '../predicates/logic.ts';
import { lowerScalar } from '../recursion.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import type { OperatorRule } from './rule.ts';

/** Rows for which the condition holds; a null one does not. */
export const where: OperatorRule = ({ node, input, scope }) => {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const conditions = conjuncts(part(node, 'Condition')).map((condition) => {
    const { sql: test } = toBool(lowerScalar(condition, inner), inner, condition);
    return sql`(${test})`;
  });
  const rows = row.finish();
  return {
    ...rows,
    relation: relation({ kind: 'filter', input: rows.relation, predicate: join(conditions, sql` AND `) }),
  };
};
