import type { KustoType } from '@merlon/contract';
import { isTabular, part, parts, type SyntaxNode, tokenText, unparenthesized } from '../../bind/syntax.ts';
import { type Fragment, join, sql, subquery, texts } from '../../emit/fragment.ts';
import { type Constant, type Expr, expr, isNumeric } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { constantExpr, constantString } from '../constants.ts';
import { convert, toText } from '../convert.ts';
import { jsonElementTexts } from '../json.ts';
import { lowerScalar, lowerTabular } from '../recursion.ts';
import { columnExpr, extended, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { comparable, lowerEquality } from './equality.ts';
import { isAscii, isPlainTermSql, termPatternSql, termsMatch } from './terms.ts';

/** `in`, `in~`, `has_any`, `has_all` and their negations. */
export const setOperators = ['in', '!in', 'in~', '!in~', 'has_any', 'has_all'] as const;

/** The right side of a set predicate. */
type Members =
  | { readonly kind: 'rows'; readonly rows: Rows; readonly first: Expr }
  /** `constants` are known now; `dynamics` are arrays and `scalars` values known only when the query runs. */
  | {
      readonly kind: 'list';
      readonly constants: readonly Constant[];
      readonly dynamics: readonly Expr[];
      readonly scalars: readonly Expr[];
    };

export function lowerSetPredicate(node: SyntaxNode, scope: ScalarScope): Expr {
  const operator = tokenText(node, 'Operator').toLowerCase();
  const left = lowerScalar(part(node, 'Left'), scope);
  const members = membersOf(part(node, 'Right'), scope);
  switch (operator) {
    case 'in':
    case 'in~':
      return membership(left, members, operator === 'in~', node, scope);
    case '!in':
    case '!in~': {
      const inside = membership(left, members, operator === '!in~', node, scope);
      return expr('bool', sql`(NOT ${inside.sql})`, inside.nullable);
    }
    case 'has_any':
    case 'has_all':
      return expr('bool', hasTerms(left, members, operator === 'has_any' ? 'any' : 'all', scope), false);
    default:
      throw scope.unsupported(`operator ${operator}`, node);
  }
}

function membersOf(right: SyntaxNode, scope: ScalarScope): Members {
  const written = parts(right, 'Expressions');
  const [only] = written;
  if (only !== undefined && written.length === 1 && isTabular(unparenthesized(only))) {
    const rows = lowerTabular(unparenthesized(only), scope);
    const [first] = rows.columns;
    if (first === undefined) throw scope.semantic('The table expression has no column.', only);
    return { kind: 'rows', rows, first: columnExpr(first) };
  }
  const constants: Constant[] = [];
  const dynamics: Expr[] = [];
  const scalars: Expr[] = [];
  for (const member of written) {
    const value = lowerScalar(member, scope);
    const { constant } = value;
    if (constant?.type === 'dynamic' && constant.value.elements !== undefined)
      constants.push(...constant.value.elements);
    else if (constant !== undefined && constant.type !== 'dynamic') constants.push(constant);
    else if (value.type === 'dynamic') dynamics.push(value);
    else scalars.push(value);
  }
  return { kind: 'list', constants, dynamics, scalars };
}

/** Never null: a null is in no set. */
function membership(
  left: Expr,
  members: Members,
  ignoreCase: boolean,
  node: SyntaxNode,
  scope: ScalarScope,
): Expr {
  if (members.kind === 'rows') return inRows(left, members.rows, members.first, ignoreCase, node, scope);
  const value = scope.shared(left);
  const conditions: Fragment[] = [];
  if (members.constants.length > 0)
    conditions.push(inConstants(value, members.constants, ignoreCase, node, scope));
  for (const array of members.dynamics) {
    const text = toText(value, scope).sql;
    const elements = jsonElementTexts(scope.shared(array).sql);
    conditions.push(
      ignoreCase
        ? sql`has(arrayMap(e -> lowerUTF8(e), ${elements}), lowerUTF8(${text}))`
        : sql`has(${elements}, ${text})`,
    );
  }
  for (const scalar of members.scalars) {
    const equal = ignoreCase
      ? sql`(lowerUTF8(${toText(value, scope).sql}) = lowerUTF8(${toText(scalar, scope).sql}))`
      : sql`ifNull(${lowerEquality(value, scalar, true, node, scope).sql}, false)`;
    conditions.push(equal);
  }
  if (conditions.length === 0) return expr('bool', sql`false`, false);
  return expr(
    'bool',
    conditions.length === 1 ? (conditions[0] ?? sql`false`) : sql`(${join(conditions, sql` OR `)})`,
    false,
  );
}

function inConstants(
  left: Expr,
  constants: readonly Constant[],
  ignoreCase: boolean,
  node: SyntaxNode,
  scope: ScalarScope,
): Fragment {
  const type = ignoreCase ? 'string' : listType(left.type, constants);
  const value = convert(left, type, scope, node);
  const members = constants.map((constant) => convert(constantExpr(constant), type, scope, node));
  const words = members.map(constantString).filter((word) => word !== undefined);
  if (type === 'string' && words.length === members.length) {
    if (!ignoreCase) return sql`(${value.sql} IN ${texts(words)})`;
    const folded = words.every(isAscii) ? sql`lower(${value.sql})` : sql`lowerUTF8(${value.sql})`;
    return sql`(${folded} IN ${texts(words.map((word) => word.toLowerCase()))})`;
  }
  const inside = sql`${value.sql} IN (${join(members.map((member) => member.sql))})`;
  return value.nullable ? sql`ifNull(${inside}, false)` : sql`(${inside})`;
}

/** A dynamic is compared on the ground of what it is compared with; a mixed list as texts. */
function listType(left: KustoType, constants: readonly Constant[]): KustoType {
  const types = new Set(constants.map((constant) => constant.type));
  const numeric = [...types].every(isNumeric);
  if (isNumeric(left) && numeric) {
    if (left === 'decimal' || types.has('decimal')) return 'decimal';
    if (left === 'real' || types.has('real')) return 'real';
  }
  if (left !== 'dynamic') return (left === 'bool' && numeric) || (left === 'int' && numeric) ? 'long' : left;
  if (types.size === 1) return constants[0]?.type === 'dynamic' ? 'string' : (constants[0]?.type ?? 'string');
  return numeric ? 'real' : 'string';
}

function inRows(
  left: Expr,
  rows: Rows,
  first: Expr,
  ignoreCase: boolean,
  node: SyntaxNode,
  scope: ScalarScope,
): Expr {
  const inner = new ScalarScope(scope.context, scope.environment, new RowScope(scope.context, rows));
  const [, member] = ignoreCase ? [left, toText(first, inner)] : comparable(left, first, inner, node);
  const value = ignoreCase ? toText(left, scope) : comparable(left, first, scope, node)[0];
  const id = scope.context.newId();
  const folded = ignoreCase ? sql`lowerUTF8(${member.sql})` : member.sql;
  const { relation: input } = inner.row.finish();
  const projected = extended(input, [], [{ id, sql: folded }]);
  const wanted = ignoreCase ? sql`lowerUTF8(${value.sql})` : value.sql;
  const inside = sql`${wanted} IN ${subquery(projected, [id])}`;
  return expr('bool', value.nullable ? sql`ifNull(${inside}, false)` : sql`(${inside})`, false);
}

function hasTerms(left: Expr, members: Members, quantifier: 'any' | 'all', scope: ScalarScope): Fragment {
  const haystack = scope.shared(toText(left, scope)).sql;
  if (members.kind === 'rows')
    return hasTermsOfRows(haystack, members.rows, members.first, quantifier, scope);
  const words = members.constants.map(
    (constant) => constantString(toText(constantExpr(constant), scope)) ?? '',
  );
  const conditions: Fragment[] = [];
  if (words.length > 0) conditions.push(termsMatch(haystack, words, quantifier));
  for (const array of members.dynamics)
    conditions.push(hasTermsOfArray(haystack, jsonElementTexts(scope.shared(array).sql), quantifier));
  for (const scalar of members.scalars)
    conditions.push(hasTermsOfArray(haystack, sql`[${toText(scalar, scope).sql}]`, quantifier));
  if (conditions.length === 0) return quantifier === 'any' ? sql`false` : sql`true`;
  return sql`(${join(conditions, quantifier === 'any' ? sql` OR ` : sql` AND `)})`;
}

function hasTermsOfArray(haystack: Fragment, needles: Fragment, quantifier: 'any' | 'all'): Fragment {
  const patterns = sql`arrayMap(n -> ${termPatternSql(sql`n`, 'whole')}, arrayMap(n -> lowerUTF8(n), ${needles}))`;
  const test = sql`p -> match(lowerUTF8(${haystack}), p)`;
  return quantifier === 'any' ? sql`arrayExists(${test}, ${patterns})` : sql`arrayAll(${test}, ${patterns})`;
}

/** Plain terms go to the token functions as one list; the others are matched by pattern. Both lists are computed once, beforehand. */
function hasTermsOfRows(
  haystack: Fragment,
  rows: Rows,
  first: Expr,
  quantifier: 'any' | 'all',
  scope: ScalarScope,
): Fragment {
  const inner = new ScalarScope(scope.context, scope.environment, new RowScope(scope.context, rows));
  const needle = toText(first, inner).sql;
  const { relation: input } = inner.row.finish();
  const [word, list] = [scope.context.newId(), scope.context.newId()];
  const words = extended(input, [], [{ id: word, sql: sql`lowerUTF8(${needle})` }]);
  const column: Fragment = { kind: 'column', id: word, weight: 1 };
  const collect = (what: Fragment, which: Fragment) =>
    subquery(
      relation({
        kind: 'aggregate',
        input: words,
        keys: [],
        outputs: [{ kind: 'value', id: list, sql: sql`groupUniqArrayIf(${what}, ${which})` }],
      }),
      [list],
    );
  const plain = collect(column, isPlainTermSql(column));
  const patterns = collect(termPatternSql(column, 'whole'), sql`NOT ${isPlainTermSql(column)}`);
  if (quantifier === 'any') {
    return sql`(hasAnyTokens(lower(${haystack}), ${plain}) OR arrayExists(p -> match(lowerUTF8(${haystack}), p), ${patterns}))`;
  }
  return sql`((empty(${plain}) OR hasAllTokens(lower(${haystack}), ${plain})) AND arrayAll(p -> match(lowerUTF8(${haystack}), p), ${patterns}))`;
}
