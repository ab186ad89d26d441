import { isTabular, optionalPart, parts, type SyntaxNode, unparenthesized } from '../bind/syntax.ts';
import type { Expr } from '../tree/expression.ts';
import type { Rows } from './rows.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** How a rule lowers what it contains: expressions hold tables and tables hold expressions, so the two dispatchers reach the rules through the context. */

export interface Dispatchers {
  scalar(node: SyntaxNode, scope: ScalarScope): Expr;
  tabular(node: SyntaxNode, scope: ScalarScope): Rows;
}

/** A scalar expression, of the type the binder gave it. */
export function lowerScalar(node: SyntaxNode, scope: ScalarScope): Expr {
  return scope.context.within(node, scope.environment, () => scope.context.dispatch.scalar(node, scope));
}

/** A tabular expression. */
export function lowerTabular(node: SyntaxNode, scope: ScalarScope): Rows {
  return scope.context.within(node, scope.environment, () => scope.context.dispatch.tabular(node, scope));
}

export function isTabularNode(node: SyntaxNode): boolean {
  return isTabular(unparenthesized(node));
}

/** The arguments of a call, as written. */
export function callArguments(node: SyntaxNode): SyntaxNode[] {
  const list = optionalPart(node, 'ArgumentList');
  return list === undefined ? [] : parts(list, 'Expressions');
}
