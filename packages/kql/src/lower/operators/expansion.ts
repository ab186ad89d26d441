import type { KustoType } from '@merlon/contract';
import { kustoLibrary } from '../../bind/library.ts';
import {
  namedParameters,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  simpleName,
} from '../../bind/syntax.ts';
import { type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantInteger } from '../constants.ts';
import { toDynamic, toText } from '../convert.ts';
import { typeNamed } from '../functions/rule.ts';
import { jsonString, rawElements } from '../json.ts';
import { lowerNamed, type NamedValue } from '../named-values.ts';
import { lowerScalar } from '../recursion.ts';
import type { ScalarScope } from '../scalar-scope.ts';

/** One of the values that mv-expand or mv-apply makes rows of. */
export interface Expansion extends NamedValue {
  /** The type that the elements are to have. */
  readonly type: KustoType;
  /** How they are held in the array: as JSON, or already as text where text is wanted. */
  readonly held: 'dynamic' | 'string';
  /** The elements, as many as there will be rows. */
  readonly array: Expr;
}

export interface Expansions {
  readonly values: readonly Expansion[];
  /** How many rows each row makes: a column. */
  readonly length: Expr;
  readonly indexName: string | undefined;
}

/**
 * What a row is expanded to: null makes one element of null, an empty array none, a bag one for each of its entries. Several arrays go side by
 * side, the shorter ones padded with null. All of it is computed beneath the operator.
 */
export function lowerExpansions(node: SyntaxNode, scope: ScalarScope): Expansions {
  const { pairs, indexName } = options(node, scope);
  const found = parts(node, 'Expressions').map((expression) => lowerExpansion(expression, pairs, scope));
  const length = scope.row.computed(expr('long', lengthOf(found, node, scope), false));
  const isLimited = optionalPart(node, 'RowLimitClause') !== undefined;
  const values = found.map((expansion) => ({
    ...expansion,
    array: sized(expansion.array, length.sql, found.length > 1, isLimited, scope),
  }));
  return { values, length, indexName };
}

function sized(
  array: Expr,
  length: Fragment,
  isPadded: boolean,
  isLimited: boolean,
  scope: ScalarScope,
): Expr {
  if (isPadded) return scope.row.computed({ ...array, sql: sql`arrayResize(${array.sql}, ${length}, '')` });
  return isLimited
    ? scope.row.computed({ ...array, sql: sql`arraySlice(${array.sql}, 1, ${length})` })
    : array;
}

/** Bags give one-entry bags, or [key, value] pairs on demand. */
function options(node: SyntaxNode, scope: ScalarScope): { pairs: boolean; indexName: string | undefined } {
  let pairs = false;
  let indexName: string | undefined;
  for (const [name, value] of namedParameters(node)) {
    const written = value.ToString().trim();
    if (name === 'with_itemindex') indexName = simpleName(value);
    else if ((name === 'kind' || name === 'bagexpansion') && /^(array|bag)$/.test(written))
      pairs = written === 'array';
    else throw scope.unsupported(`the parameter ${name}=${written} here`, value);
  }
  return { pairs, indexName };
}

function lowerExpansion(node: SyntaxNode, pairs: boolean, scope: ScalarScope): Expansion {
  const named = lowerNamed(part(node, 'Expression'), scope);
  const written = optionalPart(node, 'ToTypeOf');
  const typeNode = written === undefined ? undefined : parts(part(written, 'TypeOf'), 'Types')[0];
  const type = typeNode === undefined ? 'dynamic' : typeNamed(typeNode.ToString().trim());
  if (type === undefined) throw scope.unsupported(`to typeof(${typeNode?.ToString().trim()})`, node);
  const value = toDynamic(named.value, scope);
  const whole = value.jsonPath === undefined ? scope.row.computed(value) : value;
  const { base, keys } = value.jsonPath ?? { base: whole.sql, keys: [] };
  const at = join([scope.row.shared(expr('dynamic', base, false)).sql, ...keys]);
  const entry = pairs
    ? sql`concat('[', ${jsonString(sql`kv.1`)}, ',', kv.2, ']')`
    : sql`concat('{', ${jsonString(sql`kv.1`)}, ':', kv.2, '}')`;
  const entries = sql`arrayMap(kv -> ${entry}, JSONExtractKeysAndValuesRaw(${at}))`;
  // Most rows hold an array that is not empty, which one look-up gives; only the others are asked what they are.
  const held = type === 'string' ? 'string' : 'dynamic';
  const raw = sql`JSONExtractArrayRaw(${at})`;
  const filled = scope.row.computed(
    expr('dynamic', held === 'string' ? sql`JSONExtract(${at}, 'Array(String)')` : raw, false),
  ).sql;
  // An array of nothing but nulls is not taken as one of texts.
  const empty = held === 'string' ? rawElements(raw) : sql`[]`;
  const single = held === 'string' ? toText(whole, scope) : whole;
  const others = sql`multiIf(JSONType(${at}) = 'Object', ${entries}, JSONType(${at}) = 'Array', ${empty}, [${single.sql}])`;
  const array = sql`if(notEmpty(${filled}), ${held === 'string' ? filled : rawElements(filled)}, ${others})`;
  return { ...named, type, held, array: scope.row.computed(expr('dynamic', array, false)) };
}

function lengthOf(expansions: readonly Expansion[], node: SyntaxNode, scope: ScalarScope): Fragment {
  const lengths = expansions.map((expansion) => sql`toInt64(length(${expansion.array.sql}))`);
  const longest = lengths.length === 1 ? (lengths[0] ?? sql`0`) : sql`greatest(${join(lengths)})`;
  const clause = optionalPart(node, 'RowLimitClause');
  if (clause === undefined) return longest;
  const limit = constantInteger(lowerScalar(part(clause, 'RowLimit'), scope));
  if (limit === undefined) throw scope.unsupported('a limit that is not a constant', clause);
  return sql`least(${longest}, toInt64(${integer(limit < 0n ? 0n : limit)}))`;
}

/** The name of the column that an expansion makes. */
export function expansionName(expansion: Expansion, index: number): string {
  if (expansion.name !== undefined) return expansion.name;
  const inferred = kustoLibrary().KustoFacts.GetExpressionResultName(expansion.node, '') ?? '';
  return inferred === '' ? `Column${index + 1}` : inferred;
}
