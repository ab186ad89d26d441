import { kindOf, part, type SyntaxNode, tokenText, unparenthesized } from '../../bind/syntax.ts';
import { type Fragment, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { toBool } from '../convert.ts';
import { lowerScalar } from '../recursion.ts';
import type { ScalarScope } from '../scalar-scope.ts';

/** A chain of `and`s or of `or`s, which may have hundreds of links, as one flat list. */
export function lowerLogic(node: SyntaxNode, operator: 'and' | 'or', scope: ScalarScope): Expr {
  const operands = chain(node, operator).map((operand) =>
    toBool(lowerScalar(operand, scope), scope, operand),
  );
  const separator = operator === 'and' ? sql` AND ` : sql` OR `;
  const conditions = operands.map((operand): Fragment => sql`(${operand.sql})`);
  return expr(
    'bool',
    sql`(${join(conditions, separator)})`,
    operands.some((operand) => operand.nullable),
  );
}

/** The operands of a left-leaning chain, in order. */
export function chain(node: SyntaxNode, operator: 'and' | 'or'): SyntaxNode[] {
  const operands: SyntaxNode[] = [];
  let current = node;
  while (
    kindOf(current) === 'BinaryExpression' &&
    tokenText(current, 'Operator').toLowerCase() === operator
  ) {
    operands.unshift(part(current, 'Right'));
    current = part(current, 'Left');
  }
  operands.unshift(current);
  return operands;
}

/** The conditions that a row must all meet, out of a filter's expression. */
export function conjuncts(node: SyntaxNode): SyntaxNode[] {
  const inner = unparenthesized(node);
  const operands = chain(inner, 'and');
  return operands.length === 1 ? [inner] : operands.flatMap(conjuncts);
}
