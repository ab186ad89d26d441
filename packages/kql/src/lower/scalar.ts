import {
  children,
  kindOf,
  part,
  type SyntaxNode,
  scalarType,
  simpleName,
  symbolKind,
  tokenText,
} from '../bind/syntax.ts';
import { sql, subquery } from '../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../tree/expression.ts';
import { relation } from '../tree/relation.ts';
import { lowerBinary, lowerNegation } from './arithmetic.ts';
import { convert } from './convert.ts';
import { lowerElement, lowerPath } from './dynamic-path.ts';
import { lowerFunctionCall } from './function-call.ts';
import { lowerLiteral } from './literals.ts';
import { lowerBetween } from './predicates/between.ts';
import { lowerSetPredicate } from './predicates/sets.ts';
import { isTabularNode, lowerScalar, lowerTabular } from './recursion.ts';
import { ScalarScope } from './scalar-scope.ts';

/** A scalar expression by its kind, of the type the binder gave it. */
export function dispatchScalar(node: SyntaxNode, scope: ScalarScope): Expr {
  const value = lowerKind(node, scope);
  const bound = scalarType(node.ResultType);
  return bound === undefined ? value : convert(value, bound, scope, node);
}

function lowerKind(node: SyntaxNode, scope: ScalarScope): Expr {
  const kind = kindOf(node);
  switch (kind) {
    case 'LiteralExpression':
    case 'CompoundStringLiteralExpression':
    case 'DynamicExpression':
      return lowerLiteral(node, scope);
    case 'ParenthesizedExpression':
    case 'SimpleNamedExpression':
      return lowerScalar(part(node, 'Expression'), scope);
    case 'NameReference':
      return lowerName(node, scope);
    case 'PathExpression':
      return lowerPath(node, scope);
    case 'ElementExpression':
      return lowerElement(node, scope);
    case 'FunctionCallExpression':
      return lowerFunctionCall(node, scope);
    case 'BinaryExpression':
      return lowerBinary(node, scope);
    case 'PrefixUnaryExpression': {
      const operand = lowerScalar(part(node, 'Expression'), scope);
      return tokenText(node, 'Operator') === '-' ? lowerNegation(operand, node, scope) : operand;
    }
    case 'InExpression':
    case 'HasAnyExpression':
    case 'HasAllExpression':
      return lowerSetPredicate(node, scope);
    case 'BetweenExpression':
      return lowerBetween(node, scope);
    case 'ToScalarExpression':
      return lowerToScalar(node, scope);
    default:
      throw scope.unsupported(`expression ${kind.replace(/Expression$/, '')}`, node);
  }
}

function lowerName(node: SyntaxNode, scope: ScalarScope): Expr {
  const name = simpleName(node);
  const kind = symbolKind(node);
  if (kind === 'ColumnSymbol') {
    const column = scope.row.column(name);
    if (column !== undefined) return column;
  }
  const binding = scope.environment.find(name);
  if (binding?.kind === 'scalar') {
    if (binding.row !== undefined && binding.row !== scope.row && mentionsColumn(binding.node)) {
      throw scope.unsupported('a sub-query about a value of the outer row', node);
    }
    return lowerScalar(binding.node, scope.inEnvironment(binding.environment));
  }
  if (binding?.kind === 'value') return binding.value;
  if (binding?.kind === 'function' || kind === 'FunctionSymbol') return lowerFunctionCall(node, scope);
  throw scope.unsupported(`the name '${name}' as a scalar`, node);
}

function mentionsColumn(node: SyntaxNode): boolean {
  // Its columns are of rows of its own.
  if (kindOf(node) === 'ToScalarExpression') return false;
  if (symbolKind(node) === 'ColumnSymbol') return true;
  return children(node).some(mentionsColumn);
}

/** A value that is the same in every row, even where the expression is not (`new_guid()`). */
function computedOnce(node: SyntaxNode, scope: ScalarScope): Expr {
  const alone = ScalarScope.withoutRow(scope.context, scope.environment);
  const value = lowerScalar(node, alone);
  if (value.constant !== undefined) return value;
  const id = scope.context.newId();
  const { relation: input } = alone.row.finish();
  const once = relation({ kind: 'project', input, outputs: [{ id, sql: value.sql }] });
  return expr(value.type, subquery(once, [id]), value.nullable);
}

/** `toscalar(…)`: the first column of the first row. */
function lowerToScalar(node: SyntaxNode, scope: ScalarScope): Expr {
  const inner = part(node, 'Expression');
  if (!isTabularNode(inner)) return computedOnce(inner, scope);
  const rows = lowerTabular(inner, scope.inEnvironment(scope.environment));
  const [first] = rows.columns;
  if (first === undefined) throw scope.semantic('toscalar() needs at least one column.', node);
  const limited = relation({ kind: 'limit', input: rows.relation, count: 1n, order: rows.order });
  const query = subquery(limited, [first.id]);
  return isTextual(first.type)
    ? expr(first.type, sql`ifNull(${query}, '')`, false)
    : expr(first.type, query, true);
}
