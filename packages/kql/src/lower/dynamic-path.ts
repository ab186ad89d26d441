import { kindOf, part, type SyntaxNode, scalarType, simpleName } from '../bind/syntax.ts';
import { type Fragment, join, sql, text } from '../emit/fragment.ts';
import type { Expr } from '../tree/expression.ts';
import { constantInteger, constantString, longConstant } from './constants.ts';
import { jsonExtract } from './json.ts';
import { lowerScalar } from './recursion.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** `bag.key`. The same syntax with a table or database on its left is refused: nothing outside the hunting schema can be reached. */
export function lowerPath(node: SyntaxNode, scope: ScalarScope): Expr {
  const target = part(node, 'Expression');
  const selector = part(node, 'Selector');
  const binding = kindOf(target) === 'NameReference' ? scope.environment.find(simpleName(target)) : undefined;
  if (binding?.kind === 'fields') {
    const field = binding.field(simpleName(selector));
    if (field !== undefined) return field;
  }
  // `bag.[key]` is the same as `bag[key]`.
  if (kindOf(selector) === 'BracketedExpression') return lowerElement(node, scope);
  if (scalarType(target.ResultType) !== 'dynamic' || kindOf(selector) !== 'NameReference') {
    throw scope.unsupported(`the path '${node.ToString().trim()}'`, node);
  }
  return byKey(lowerScalar(target, scope), text(simpleName(selector)));
}

/** `bag["key"]`, `array[0]`, `array[-1]`, `value[expression]`. */
export function lowerElement(node: SyntaxNode, scope: ScalarScope): Expr {
  const target = part(node, 'Expression');
  const type = scalarType(target.ResultType);
  if (type !== 'dynamic' && type !== undefined)
    throw scope.unsupported('an element of a value that is not dynamic', node);
  const container = lowerScalar(target, scope);
  if (container.several !== undefined) return memberOf(container.several, node, scope);
  const selector = lowerScalar(part(part(node, 'Selector'), 'Expression'), scope);
  const key = constantString(selector);
  if (key !== undefined) return byKey(container, text(key));
  switch (selector.type) {
    case 'string':
      return byKey(container, selector.sql);
    case 'int':
    case 'long':
      return byIndex(container, selector, scope);
    case 'dynamic': {
      const { sql: raw } = scope.shared(selector);
      const { sql: json } = scope.shared({
        type: 'dynamic',
        sql: container.jsonText ?? container.sql,
        nullable: false,
      });
      const index = sql`ifNull(toInt64OrNull(${raw}), 0)`;
      const element = sql`if(JSONType(${json}) = 'Array', ${jsonExtract(json, [sql`if(${index} >= 0, ${index} + 1, ${index})`])}, '')`;
      return dynamic(
        sql`if(startsWith(${raw}, '"'), ${jsonExtract(json, [sql`JSONExtractString(${raw})`])}, ${element})`,
      );
    }
    default:
      throw scope.unsupported(`an element index of type ${selector.type}`, node);
  }
}

/** `f(…)[1]` of a function that gives several values. */
function memberOf(values: readonly Expr[], node: SyntaxNode, scope: ScalarScope): Expr {
  const index = constantInteger(lowerScalar(part(part(node, 'Selector'), 'Expression'), scope));
  const member = index === undefined ? undefined : values.at(Number(index));
  if (member === undefined) throw scope.unsupported('a value here other than those the function gives', node);
  return member;
}

function dynamic(value: Fragment): Expr {
  return { type: 'dynamic', sql: value, nullable: false };
}

/** Keys in a row make one JSON look-up. */
function byKey(container: Expr, key: Fragment): Expr {
  const { base, keys } = container.jsonPath ?? { base: container.jsonText ?? container.sql, keys: [] };
  const path = [...keys, key];
  return { ...dynamic(jsonExtract(base, path)), jsonPath: { base, keys: path } };
}

/** Position `index` from 0, or from the end when negative; objects have no positions in KQL, though they do in ClickHouse. */
function byIndex(container: Expr, index: Expr, scope: ScalarScope): Expr {
  const path = container.jsonPath ?? { base: container.jsonText ?? container.sql, keys: [] };
  const { sql: base } = scope.shared({ type: 'dynamic', sql: path.base, nullable: false });
  const type = sql`JSONType(${join([base, ...path.keys])})`;
  const constant = constantInteger(index);
  if (constant !== undefined) {
    const position = longConstant(constant >= 0n ? constant + 1n : constant).sql;
    return dynamic(sql`if(${type} = 'Array', ${jsonExtract(base, [...path.keys, position])}, '')`);
  }
  const { sql: i } = scope.shared(index);
  const position = sql`if(${i} >= 0, toInt64(${i}) + 1, toInt64(${i}))`;
  const element = jsonExtract(base, [...path.keys, sql`assumeNotNull(${position})`]);
  return dynamic(sql`if(${type} = 'Array' AND ${i} IS NOT NULL, ${element}, '')`);
}
