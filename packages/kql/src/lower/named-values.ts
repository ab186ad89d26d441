import { kustoLibrary } from '../bind/library.ts';
import { kindOf, list, part, parts, type SyntaxNode, simpleName } from '../bind/syntax.ts';
import type { Expr } from '../tree/expression.ts';
import type { Output } from '../tree/relation.ts';
import { convert } from './convert.ts';
import type { ResultColumn } from './operators/rule.ts';
import { lowerScalar } from './recursion.ts';
import { quoteRegex } from './regex.ts';
import type { Column } from './rows.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** A value of a list such as `project`'s, with the name it is given, if any. */
export interface NamedValue {
  readonly name: string | undefined;
  readonly node: SyntaxNode;
  readonly value: Expr;
  /** One of several values of a function, none of them a name of its own: the binder's name for it is no `Column1`. */
  readonly isMember?: true;
}

/** The values of a list: one an expression, or one a name where a function gives several. */
export function lowerNamedList(nodes: readonly SyntaxNode[], scope: ScalarScope): NamedValue[] {
  return nodes.flatMap((node): NamedValue[] => {
    if (kindOf(node) === 'CompoundNamedExpression') return lowerNamedTogether(node, scope);
    const { name, value } = lowerNamed(node, scope);
    const { several } = value;
    if (several === undefined) return [{ name, node, value }];
    const inner = kindOf(node) === 'SimpleNamedExpression' ? part(node, 'Expression') : node;
    // Under one name the binder gives some functions one column, others a column for each value.
    const count = name === undefined ? several.length : list(node.ResultType?.Columns).length;
    return several
      .slice(0, Math.max(count, 1))
      .map((member, index) =>
        index === 0 && name !== undefined
          ? { name, node, value: member }
          : { name: undefined, node: inner, value: member, isMember: true },
      );
  });
}

/** `(a, b) = f(…)`: names for the first values of the function; the others take those that the binder makes up. */
function lowerNamedTogether(node: SyntaxNode, scope: ScalarScope): NamedValue[] {
  const inner = part(node, 'Expression');
  const value = lowerScalar(inner, scope);
  const values = value.several ?? [value];
  const names = parts(part(node, 'Names'), 'Names').map(simpleName);
  if (names.length > values.length) throw scope.unsupported('more names than values', node);
  return values.map((member, index) =>
    index < names.length
      ? { name: names[index], node, value: member }
      : { name: undefined, node: inner, value: member, isMember: true },
  );
}

export function lowerNamed(node: SyntaxNode, scope: ScalarScope): NamedValue {
  if (kindOf(node) === 'CompoundNamedExpression')
    throw scope.unsupported('several names for one expression here', node);
  const named = kindOf(node) === 'SimpleNamedExpression';
  return {
    name: named ? simpleName(part(node, 'Name')) : undefined,
    node,
    value: lowerScalar(named ? part(node, 'Expression') : node, scope),
  };
}

/** The column that holds a value, computed into `outputs` unless it is a column already. */
export function columnFor(
  column: ResultColumn,
  value: Expr,
  node: SyntaxNode,
  scope: ScalarScope,
  outputs: Output[],
): Column {
  const converted = convert(value, column.type, scope, node);
  const constant = converted.constant === undefined ? {} : { constant: converted.constant };
  const named = {
    name: column.name,
    type: column.type,
    nullable: converted.nullable,
    hidden: false,
    ...constant,
  };
  if (converted.sql.kind === 'column') return Object.freeze({ ...named, id: converted.sql.id });
  const id = scope.context.newId();
  outputs.push({ id, sql: converted.sql });
  return Object.freeze({ ...named, id });
}

/**
 * Which value each column of the result takes, for an operator that keeps the input's columns and sets some. An unnamed value takes, in order,
 * the names that the binder made up.
 */
export function assignments(
  values: readonly NamedValue[],
  input: readonly Column[],
  result: readonly ResultColumn[],
  scope: ScalarScope,
): Map<string, NamedValue> {
  const known = new Set(input.map((column) => column.name));
  const named = new Map<string, NamedValue>();
  const unnamed: NamedValue[] = [];
  for (const value of values) {
    const name = value.name ?? plainColumn(value, input);
    if (name === undefined) unnamed.push(value);
    else named.set(name, value);
  }
  const free = result.map((column) => column.name).filter((name) => !known.has(name) && !named.has(name));
  for (const value of unnamed) {
    const ofMember =
      value.isMember === true ? free.find((candidate) => !/^Column\d+$/.test(candidate)) : undefined;
    const name =
      ofMember ??
      madeUpName(kustoLibrary().KustoFacts.GetExpressionResultName(value.node, '') ?? '', free, known);
    if (name === undefined) throw scope.unsupported('an expression here without a name', value.node);
    if (free.includes(name)) free.splice(free.indexOf(name), 1);
    named.set(name, value);
  }
  return named;
}

/**
 * The result's name for an expression without one: what the binder infers from it, possibly with a number behind; failing that `Column1` and so
 * on; failing that the column of the inferred name, replaced.
 */
function madeUpName(
  inferred: string,
  free: readonly string[],
  known: ReadonlySet<string>,
): string | undefined {
  const numbered = inferred === '' ? /^Column\d+$/ : new RegExp(`^${quoteRegex(inferred)}\\d*$`);
  const found = free.find((name) => name === inferred) ?? free.find((name) => numbered.test(name));
  if (found !== undefined) return found;
  return inferred !== '' && known.has(inferred) ? inferred : free[0];
}

/** The column that a value is nothing but. */
function plainColumn(value: NamedValue, input: readonly Column[]): string | undefined {
  if (kindOf(value.node) !== 'NameReference') return undefined;
  const name = simpleName(value.node);
  const column = input.find((candidate) => candidate.name === name);
  return column !== undefined && value.value.sql.kind === 'column' && value.value.sql.id === column.id
    ? name
    : undefined;
}
