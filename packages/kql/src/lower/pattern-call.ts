import { kindOf, optionalPart, part, parts, type SyntaxNode, simpleName } from '../bind/syntax.ts';
import { constantString } from './constants.ts';
import { Environment, type PatternBinding } from './environment.ts';
import { callArguments, lowerScalar, lowerTabular } from './recursion.ts';
import type { Rows } from './rows.ts';
import { ScalarScope } from './scalar-scope.ts';
import { lowerStatements } from './statements.ts';

/** The call of a pattern: `name("a", …)`, or `name("a", …).path`. */
interface PatternCall {
  readonly call: SyntaxNode;
  readonly path: string | undefined;
}

/** The name that a call could be that of a pattern by; undefined for what has no such form. */
export function patternCallOf(node: SyntaxNode): PatternCall | undefined {
  if (kindOf(node) === 'FunctionCallExpression') return { call: node, path: undefined };
  if (kindOf(node) !== 'PathExpression') return undefined;
  const [call, selector] = [part(node, 'Expression'), part(node, 'Selector')];
  if (kindOf(call) !== 'FunctionCallExpression' || kindOf(selector) !== 'NameReference') return undefined;
  return { call, path: simpleName(selector) };
}

/** The rows that the pattern maps the texts of the call to. */
export function lowerPattern(
  { call, path }: PatternCall,
  pattern: PatternBinding,
  node: SyntaxNode,
  scope: ScalarScope,
): Rows {
  const values = callArguments(call).map((argument) => textOf(argument, scope));
  const { declaration } = pattern;
  const home = scope.inEnvironment(pattern.environment);
  const matches = declaration === undefined ? [] : parts(declaration, 'Patterns');
  const found = matches.find((match) => {
    const wanted = parts(part(match, 'ParameterValues'), 'Expressions').map((value) => textOf(value, home));
    const wantedPath = optionalPart(match, 'PathValue');
    return (
      wanted.length === values.length &&
      wanted.every((value, index) => value === values[index]) &&
      (wantedPath === undefined ? undefined : textOf(part(wantedPath, 'Value'), home)) === path
    );
  });
  // The binder says so first.
  if (declaration === undefined || found === undefined)
    throw scope.semantic('No pattern matches the specified arguments.', node);
  const environment = new Environment(pattern.environment, pattern.environment.offset);
  const match = {
    values: parts(part(found, 'ParameterValues'), 'Expressions'),
    path: optionalPart(found, 'PathValue'),
  };
  const bind = (declared: SyntaxNode, value: SyntaxNode) =>
    environment.bind(simpleName(part(declared, 'Name')), {
      kind: 'scalar',
      node: value,
      environment: pattern.environment,
    });
  for (const [index, declared] of parts(declaration, 'Parameters').entries()) {
    const value = match.values[index];
    if (value !== undefined) bind(declared, value);
  }
  const pathParameter = optionalPart(declaration, 'PathParameter');
  if (pathParameter !== undefined && match.path !== undefined)
    bind(part(pathParameter, 'Parameter'), part(match.path, 'Value'));
  const body = part(found, 'Body');
  const inner = scope.inEnvironment(environment);
  lowerStatements(parts(body, 'Statements'), inner);
  return lowerTabular(part(body, 'Expression'), inner);
}

function textOf(node: SyntaxNode, scope: ScalarScope): string {
  const value = constantString(lowerScalar(node, ScalarScope.withoutRow(scope.context, scope.environment)));
  if (value === undefined)
    throw scope.unsupported('an argument of a pattern that is not a constant text', node);
  return value;
}
