import { kindOf, optionalPart, part, parts, type SyntaxNode, simpleName } from '../bind/syntax.ts';
import { isTabularNode, lowerTabular } from './recursion.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** Binds the names of `let` statements; gives the statements that are expressions, in order. */
export function lowerStatements(statements: readonly SyntaxNode[], scope: ScalarScope): SyntaxNode[] {
  const expressions: SyntaxNode[] = [];
  for (const statement of statements) {
    const kind = kindOf(statement);
    if (kind === 'LetStatement') bindLet(statement, scope);
    else if (kind === 'ExpressionStatement') expressions.push(part(statement, 'Expression'));
    else if (kind === 'SetOptionStatement') bindOption(statement, scope);
    else if (kind === 'QueryParametersStatement') bindParameters(statement, scope);
    else if (kind === 'PatternStatement') bindPattern(statement, scope);
    else if (kind === 'RestrictStatement') scope.context.visibility.restrict(statement, scope);
    // A database of another name is refused where a query reaches into it.
    else if (kind !== 'AliasStatement') {
      throw scope.unsupported(`statement ${kind.replace(/Statement$/, '').toLowerCase()}`, statement);
    }
  }
  return expressions;
}

/** The name in the environment of a value that `set` gives: no name of a query has a space. */
export const optionName = (name: string): string => `set ${name}`;

/** Options of a request. Those that are limits, such as `notruncation`, are for the server to set here, and are passed over. */
function bindOption(statement: SyntaxNode, scope: ScalarScope): void {
  const value = optionalPart(statement, 'ValueClause');
  if (value === undefined) return;
  const name = optionName(simpleName(part(statement, 'Name')));
  scope.environment.bind(name, {
    kind: 'scalar',
    node: part(value, 'Expression'),
    environment: scope.environment,
  });
}

/** `declare query_parameters`: a request here carries no values for them, so that each is its default. */
function bindParameters(statement: SyntaxNode, scope: ScalarScope): void {
  const { environment } = scope;
  for (const parameter of parts(statement, 'Parameters')) {
    const name = simpleName(part(part(parameter, 'NameAndType'), 'Name'));
    const fallback = optionalPart(parameter, 'DefaultValue');
    if (fallback === undefined)
      throw scope.semantic(`The query parameter '${name}' has no value.`, parameter);
    environment.bind(name, { kind: 'scalar', node: part(fallback, 'Value'), environment });
  }
}

function bindPattern(statement: SyntaxNode, scope: ScalarScope): void {
  const { environment } = scope;
  environment.bind(simpleName(part(statement, 'Name')), {
    kind: 'pattern',
    declaration: optionalPart(statement, 'Pattern'),
    environment,
  });
}

function bindLet(statement: SyntaxNode, scope: ScalarScope): void {
  const name = simpleName(part(statement, 'Name'));
  const value = part(statement, 'Expression');
  const { environment } = scope;
  if (kindOf(value) === 'FunctionDeclaration')
    environment.bind(name, { kind: 'function', declaration: value, environment });
  else if (isTabularNode(value))
    environment.bind(name, { kind: 'tabular', lower: () => lowerTabular(value, scope) });
  else environment.bind(name, { kind: 'scalar', node: value, environment });
}
