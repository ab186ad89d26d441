import { kustoLibrary } from '../bind/library.ts';
import {
  kindOf,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  simpleName,
  symbolKind,
} from '../bind/syntax.ts';
import type { Expr } from '../tree/expression.ts';
import { AggregateCall } from './aggregates/aggregation.ts';
import { aggregates } from './aggregates/index.ts';
import { Environment } from './environment.ts';
import { scalarFunctions } from './functions/index.ts';
import { Call } from './functions/rule.ts';
import { callArguments, isTabularNode, lowerScalar, lowerTabular } from './recursion.ts';
import type { Rows } from './rows.ts';
import type { ScalarScope } from './scalar-scope.ts';
import { lowerStatements } from './statements.ts';

export function calledName(node: SyntaxNode): string {
  return simpleName(kindOf(node) === 'FunctionCallExpression' ? part(node, 'Name') : node);
}

/** A scalar call: of the query's own function, or of one of Kusto's. */
export function lowerFunctionCall(node: SyntaxNode, scope: ScalarScope): Expr {
  const name = calledName(node);
  const binding = scope.environment.find(name);
  if (binding?.kind === 'function') {
    const body = enterFunction(node, binding, scope, undefined);
    return lowerScalar(part(body.node, 'Expression'), body.scope);
  }
  const aggregate = scope.aggregation === undefined ? undefined : aggregates.get(name);
  if (scope.aggregation !== undefined && aggregate !== undefined) {
    const [column, ...others] = aggregate(new AggregateCall(node, scope.aggregation, scope));
    if (column === undefined || others.length > 0 || column.after !== undefined)
      throw scope.unsupported(`aggregate ${name}() inside an expression`, node);
    return column.value;
  }
  const rule = symbolKind(node) === 'FunctionSymbol' ? scalarFunctions.get(name) : undefined;
  if (rule === undefined)
    throw scope.unsupported(`${isAggregate(name) ? 'aggregate' : 'function'} ${name}()`, node);
  return rule(new Call(node, scope, callArguments(node)));
}

function isAggregate(name: string): boolean {
  return kustoLibrary().Aggregates.All.some((symbol) => symbol.Name === name);
}

interface EnteredBody {
  readonly node: SyntaxNode;
  readonly scope: ScalarScope;
}

/**
 * The body of a function that the query declares, as the binder expanded it for this very call, in a scope where the parameters stand for the
 * arguments. `piped` lowers the table that `invoke` hands to the first
 * parameter.
 */
export function enterFunction(
  node: SyntaxNode,
  binding: { readonly declaration: SyntaxNode; readonly environment: Environment },
  caller: ScalarScope,
  piped: (() => Rows) | undefined,
): EnteredBody {
  const declaredBody = part(binding.declaration, 'Body');
  const expanded = node.GetCalledFunctionBody?.() ?? undefined;
  const offset =
    binding.environment.offset + (expanded === undefined ? 0 : declaredBody.TextStart - expanded.TextStart);
  const environment = new Environment(binding.environment, offset);
  bindArguments(node, binding.declaration, environment, caller, piped);
  const body = expanded ?? declaredBody;
  const scope = caller.inEnvironment(environment);
  lowerStatements(parts(body, 'Statements'), scope);
  return { node: body, scope };
}

function bindArguments(
  node: SyntaxNode,
  declaration: SyntaxNode,
  environment: Environment,
  caller: ScalarScope,
  piped: (() => Rows) | undefined,
): void {
  const written = kindOf(node) === 'FunctionCallExpression' ? callArguments(node) : [];
  const parameters = parts(part(declaration, 'Parameters'), 'Parameters');
  const named = new Map<string, SyntaxNode>();
  const positional = new Map<number, SyntaxNode>();
  for (const [place, argument] of written.entries()) {
    if (kindOf(argument) === 'SimpleNamedExpression')
      named.set(simpleName(part(argument, 'Name')), part(argument, 'Expression'));
    else positional.set(place, argument);
  }
  for (const [index, parameter] of parameters.entries()) {
    const name = simpleName(part(part(parameter, 'NameAndType'), 'Name'));
    if (index === 0 && piped !== undefined) {
      environment.bind(name, { kind: 'tabular', lower: piped });
      continue;
    }
    const argument = named.get(name) ?? positional.get(index - (piped === undefined ? 0 : 1));
    const fallback = optionalPart(parameter, 'DefaultValue');
    if (argument === undefined && fallback === undefined)
      throw caller.unsupported(`a call without the argument '${name}'`, node);
    const value = argument ?? part(fallback ?? parameter, 'Value');
    const scope = argument === undefined ? caller.inEnvironment(environment) : caller;
    environment.bind(
      name,
      isTabularNode(value)
        ? { kind: 'tabular', lower: () => lowerTabular(value, scope) }
        : { kind: 'scalar', node: value, environment: scope.environment, row: caller.row },
    );
  }
}
