import { part, type SyntaxNode, simpleName, tokenText } from '../../bind/syntax.ts';
import { calledName, enterFunction } from '../function-call.ts';
import { lowerTabular } from '../recursion.ts';
import type { OperatorRule } from './rule.ts';

/** `as Name`: the rows so far under a name, for later in the query. */
export const as: OperatorRule = ({ node, input, scope, again }) => {
  if (input.subtables !== undefined) throw scope.unsupported('operator as in the sub-query of another', node);
  scope.environment.bind(simpleName(part(node, 'Name')), { kind: 'tabular', lower: again });
  return input;
};

/** `invoke f(…)`: the rows as the first argument of one of the query's own functions. */
export const invoke: OperatorRule = ({ node, scope, again }) => {
  const call: SyntaxNode = part(node, 'Function');
  const binding = scope.environment.find(calledName(call));
  if (binding?.kind !== 'function') throw scope.unsupported(`function ${calledName(call)}()`, call);
  const body = enterFunction(call, binding, scope, again);
  return lowerTabular(part(body.node, 'Expression'), body.scope);
};

/** How to draw the result: nothing to do here but remember it. */
export const render: OperatorRule = ({ node, input, scope }) => {
  scope.context.chart = tokenText(node, 'ChartType');
  return input;
};
