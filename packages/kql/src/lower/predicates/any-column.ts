import {
  children,
  kindOf,
  part,
  type SyntaxNode,
  scalarType,
  simpleName,
  symbolKind,
  tokenText,
} from '../../bind/syntax.ts';
import { type Fragment, join, sql, text } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { constantString } from '../constants.ts';
import { toBool, toText } from '../convert.ts';
import { calledName } from '../function-call.ts';
import { callArguments, lowerScalar } from '../recursion.ts';
import { quoteRegex } from '../regex.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { chain } from './logic.ts';
import { anyOf, isTextOperator, lowerTextOperator, matchesConstant, textsOfRow } from './text-operators.ts';

/** The predicates of `search` and `find`, in which a bare text stands for "any column has this term". */

/** Whether each row meets the predicate. `sensitive`: texts are compared as they are written. */
export function searchPredicate(node: SyntaxNode, scope: ScalarScope, sensitive: boolean): Fragment {
  const kind = kindOf(node);
  if (kind === 'ParenthesizedExpression') return searchPredicate(part(node, 'Expression'), scope, sensitive);
  if (kind === 'StarExpression') return sql`true`;
  if (kind === 'LiteralExpression' && typeof node.LiteralValue === 'string')
    return anyColumn(scope, String(node.LiteralValue), sensitive);
  if (kind === 'FunctionCallExpression' && calledName(node) === 'not') {
    const [argument] = callArguments(node);
    if (argument !== undefined) return sql`(NOT ${searchPredicate(argument, scope, sensitive)})`;
  }
  if (kind !== 'BinaryExpression') return plain(node, scope);
  const operator = tokenText(node, 'Operator').toLowerCase();
  if (operator === 'and' || operator === 'or') {
    const operands = chain(node, operator).map(
      (operand) => sql`(${searchPredicate(operand, scope, sensitive)})`,
    );
    return sql`(${join(operands, operator === 'and' ? sql` AND ` : sql` OR `)})`;
  }
  if (operator === ':') return columnSearch(node, scope, sensitive);
  const cased = `${operator}_cs`;
  if (sensitive && isTextOperator(cased))
    return toBool(lowerTextOperator(node, cased, scope), scope, node).sql;
  return plain(node, scope);
}

function plain(node: SyntaxNode, scope: ScalarScope): Fragment {
  const test = toBool(lowerScalar(node, scope), scope, node);
  return test.nullable ? sql`ifNull(${test.sql}, false)` : test.sql;
}

/** `column:"term"`, or `*:"term"`. */
function columnSearch(node: SyntaxNode, scope: ScalarScope, sensitive: boolean): Fragment {
  const [left, right] = [part(node, 'Left'), part(node, 'Right')];
  const term = constantString(toText(lowerScalar(right, scope), scope));
  if (term === undefined) throw scope.unsupported('a search for a term that is not a constant', right);
  if (kindOf(left) === 'StarExpression') return anyColumn(scope, term, sensitive);
  return termTest(scope.shared(toText(lowerScalar(left, scope), scope)).sql, term, sensitive);
}

/** Stands between the columns of a row: no part of a term, nor of any text that is looked for. */
const separator = '\u0001';

/** One test of all columns together is a fraction of the statement that a test of each is. What may match across columns looks at each. */
function anyColumn(scope: ScalarScope, term: string, sensitive: boolean): Fragment {
  const texts = textsOfRow(scope).map((column) => column.sql);
  const spans = term.replace(/^\*+|\*+$/g, '').includes('*') || term.includes(separator);
  if (spans || texts.length < 2) return anyOf(texts.map((column) => termTest(column, term, sensitive)));
  const together = sql`concatWithSeparator(${text(separator)}, ${join(texts)})`;
  return termTest(scope.shared(expr('string', together, false)).sql, term, sensitive);
}

/** A term, of which a star at either end says that it may go on there, and a star within that anything may stand there. */
function termTest(haystack: Fragment, term: string, sensitive: boolean): Fragment {
  const casing = { sensitive };
  const inner = term.replace(/^\*+|\*+$/g, '');
  if (inner === '') return sql`true`;
  if (inner.includes('*')) {
    const pattern = inner.split('*').map(quoteRegex).join('.*');
    const [before, after] = [term.startsWith('*') ? '' : '\\b', term.endsWith('*') ? '' : '\\b'];
    return sql`match(${haystack}, ${text(`${sensitive ? '' : '(?i)'}${before}${pattern}${after}`)})`;
  }
  if (term.startsWith('*') && term.endsWith('*')) return matchesConstant(haystack, inner, 'contains', casing);
  if (term.startsWith('*')) return matchesConstant(haystack, inner, 'suffix', casing);
  return matchesConstant(haystack, inner, term.endsWith('*') ? 'prefix' : 'whole', casing);
}

export interface NamedColumn {
  readonly name: string;
  readonly node: SyntaxNode;
}

/** The columns that the predicate names. */
export function columnsNamed(node: SyntaxNode): NamedColumn[] {
  if (kindOf(node) === 'NameReference' && symbolKind(node) === 'ColumnSymbol')
    return [{ name: simpleName(node), node }];
  return children(node).flatMap(columnsNamed);
}

/** Whether the predicate looks at columns that it does not name. */
export function looksEverywhere(node: SyntaxNode): boolean {
  const kind = kindOf(node);
  if (kind === 'StarExpression') return true;
  if (kind === 'LiteralExpression')
    return typeof node.LiteralValue === 'string' && scalarType(node.ResultType) === 'bool';
  return children(node).some(looksEverywhere);
}
