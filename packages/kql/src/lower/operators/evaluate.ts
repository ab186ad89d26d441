import { namedParameters, part } from '../../bind/syntax.ts';
import { calledName } from '../function-call.ts';
import { plugins } from '../plugins/index.ts';
import { PluginCall } from '../plugins/rule.ts';
import type { OperatorRule } from './rule.ts';

/** `evaluate plugin(…)`: the rows through one of the plug-ins. */
export const evaluate: OperatorRule = ({ node, input, scope }) => {
  const call = part(node, 'FunctionCall');
  const name = calledName(call);
  const plugin = plugins.get(name);
  if (plugin === undefined) throw scope.unsupported(`plugin ${name}`, node);
  for (const [parameter, value] of namedParameters(node)) {
    if (!parameter.startsWith('hint.')) throw scope.unsupported(`the parameter ${parameter}= here`, value);
  }
  return plugin(new PluginCall(name, node, input, scope));
};
