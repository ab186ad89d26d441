import { kindOf, part, type SyntaxNode } from '../../bind/syntax.ts';
import { type Fragment, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantString } from '../constants.ts';
import { toText } from '../convert.ts';
import { lowerScalar } from '../recursion.ts';
import { patternOf, quotedRegex, quoteRegex } from '../regex.ts';
import { columnExpr, visible } from '../rows.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { type Casing, isAscii, type TermSide, termMatch, termPatternSql } from './terms.ts';

type TextOperation = 'equals' | 'like' | 'contains' | 'startswith' | 'endswith' | TermSide | 'regex';

interface TextOperator {
  readonly operation: TextOperation;
  readonly casing: Casing;
  readonly negated: boolean;
}

const insensitive: Casing = { sensitive: false };
const sensitive: Casing = { sensitive: true };

/** Each operator in its plain form; {@link textOperators} adds `_cs` and the negations. */
const bases: readonly (readonly [name: string, operation: TextOperation])[] = [
  ['contains', 'contains'],
  ['startswith', 'startswith'],
  ['endswith', 'endswith'],
  ['has', 'whole'],
  ['hasprefix', 'prefix'],
  ['hassuffix', 'suffix'],
];

/** Every operator that has a text on both sides. */
export const textOperators: ReadonlyMap<string, TextOperator> = new Map<string, TextOperator>([
  ['=~', { operation: 'equals', casing: insensitive, negated: false }],
  ['!~', { operation: 'equals', casing: insensitive, negated: true }],
  ['matches regex', { operation: 'regex', casing: sensitive, negated: false }],
  [':', { operation: 'whole', casing: insensitive, negated: false }],
  ['like', { operation: 'like', casing: insensitive, negated: false }],
  ['notlike', { operation: 'like', casing: insensitive, negated: true }],
  ['likecs', { operation: 'like', casing: sensitive, negated: false }],
  ['notlikecs', { operation: 'like', casing: sensitive, negated: true }],
  ['notcontains', { operation: 'contains', casing: insensitive, negated: true }],
  ['containscs', { operation: 'contains', casing: sensitive, negated: false }],
  ['notcontainscs', { operation: 'contains', casing: sensitive, negated: true }],
  ...bases.flatMap(([name, operation]): [string, TextOperator][] => [
    [name, { operation, casing: insensitive, negated: false }],
    [`!${name}`, { operation, casing: insensitive, negated: true }],
    [`${name}_cs`, { operation, casing: sensitive, negated: false }],
    [`!${name}_cs`, { operation, casing: sensitive, negated: true }],
  ]),
]);

export function isTextOperator(operator: string): boolean {
  return textOperators.has(operator.replace(/\s+/g, ' '));
}

export function lowerTextOperator(node: SyntaxNode, operator: string, scope: ScalarScope): Expr {
  const rule = textOperators.get(operator.replace(/\s+/g, ' '));
  if (rule === undefined) throw scope.unsupported(`operator ${operator}`, node);
  const left = part(node, 'Left');
  const right = part(node, 'Right');
  const needle = toText(lowerScalar(right, scope), scope);
  const test = (haystack: Expr): Fragment =>
    rule.operation === 'regex'
      ? sql`match(${haystack.sql}, ${patternOf(needle, right, scope)})`
      : textMatch(haystack, needle, rule, scope);
  const outcome =
    kindOf(left) === 'StarExpression'
      ? anyOf(textsOfRow(scope).map(test))
      : test(toText(lowerScalar(left, scope), scope));
  return expr('bool', rule.negated ? sql`(NOT ${outcome})` : outcome, false);
}

/** What `*` stands for on the left of a text operator: every column, as text; a dynamic as its JSON text. */
export function textsOfRow(scope: ScalarScope): Expr[] {
  return visible(scope.row.rows)
    .filter((column) => column.absent !== true)
    .map((column) => {
      const value = columnExpr(column);
      return value.type === 'dynamic' ? expr('string', value.sql, false) : scope.shared(toText(value, scope));
    });
}

export function anyOf(tests: readonly Fragment[]): Fragment {
  return tests.length === 0 ? sql`false` : sql`(${join(tests, sql` OR `)})`;
}

function textMatch(haystack: Expr, needle: Expr, rule: TextOperator, scope: ScalarScope): Fragment {
  const constant = constantString(needle);
  return constant === undefined
    ? matchExpression(scope.shared(haystack).sql, scope.shared(needle).sql, rule)
    : matchConstant(scope.shared(haystack).sql, constant, rule);
}

/** Whether the haystack has a text that is known at translation. */
export function matchesConstant(
  haystack: Fragment,
  needle: string,
  operation: Exclude<TextOperation, 'regex'>,
  casing: Casing,
): Fragment {
  return matchConstant(haystack, needle, { operation, casing, negated: false });
}

function matchConstant(haystack: Fragment, needle: string, { operation, casing }: TextOperator): Fragment {
  const wanted = casing.sensitive ? needle : needle.toLowerCase();
  const folded = casing.sensitive
    ? haystack
    : isAscii(needle)
      ? sql`lower(${haystack})`
      : sql`lowerUTF8(${haystack})`;
  switch (operation) {
    case 'equals':
      return sql`(${folded} = ${text(wanted)})`;
    case 'contains':
      return !casing.sensitive && isAscii(needle)
        ? sql`(positionCaseInsensitive(${haystack}, ${text(wanted)}) > 0)`
        : sql`(position(${folded}, ${text(wanted)}) > 0)`;
    case 'like':
      return sql`match(${folded}, ${text(`(?s)^${wanted.split('*').map(quoteRegex).join('.*')}$`)})`;
    case 'startswith':
      return sql`startsWith(${folded}, ${text(wanted)})`;
    case 'endswith':
      return sql`endsWith(${folded}, ${text(wanted)})`;
    default:
      return termMatch(haystack, needle, operation as TermSide, casing);
  }
}

function matchExpression(
  haystack: Fragment,
  needle: Fragment,
  { operation, casing }: TextOperator,
): Fragment {
  const [h, n] = casing.sensitive
    ? [haystack, needle]
    : [sql`lowerUTF8(${haystack})`, sql`lowerUTF8(${needle})`];
  switch (operation) {
    case 'equals':
      return sql`(${h} = ${n})`;
    case 'contains':
      return sql`(position(${h}, ${n}) > 0)`;
    case 'like':
      return sql`match(${h}, concat('(?s)^', replaceAll(${quotedRegex(n)}, '\\\\*', '.*'), '$'))`;
    case 'startswith':
      return sql`startsWith(${h}, ${n})`;
    case 'endswith':
      return sql`endsWith(${h}, ${n})`;
    default:
      return sql`match(${h}, ${termPatternSql(n, operation as TermSide)})`;
  }
}
