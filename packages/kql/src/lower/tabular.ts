import { kindOf, part, parts, placeOf, type SyntaxNode, simpleName, symbolKind } from '../bind/syntax.ts';
import type { KqlError } from '../kql-error.ts';
import { relation } from '../tree/relation.ts';
import { constantString } from './constants.ts';
import { toText } from './convert.ts';
import { firstResult, type QueryResult } from './first-result.ts';
import { calledName, enterFunction } from './function-call.ts';
import { pipedOperators, sourceOperators } from './operators/index.ts';
import { lowerPattern, patternCallOf } from './pattern-call.ts';
import { TableNamed } from './query-plan.ts';
import { callArguments, lowerTabular } from './recursion.ts';
import type { Column, Rows } from './rows.ts';
import type { ScalarScope } from './scalar-scope.ts';
import { scanTable } from './scan.ts';
import { settled } from './settled.ts';
import { lowerStatements } from './statements.ts';

/** A tabular expression, by its kind. */
export function dispatchTabular(node: SyntaxNode, scope: ScalarScope): Rows {
  const kind = kindOf(node);
  switch (kind) {
    case 'PipeExpression':
      return lowerPipe(node, scope);
    case 'ParenthesizedExpression':
      return lowerTabular(part(node, 'Expression'), scope);
    case 'NameReference':
      return lowerTableName(node, scope);
    case 'FunctionCallExpression':
      return lowerTableFunction(node, scope);
    case 'MaterializeExpression':
      return lowerMaterialize(node, scope);
    case 'PathExpression':
      return lowerPath(node, scope);
  }
  const source = sourceOperators.get(kind);
  const implied = source === undefined ? scope.environment.source : undefined;
  if (implied !== undefined) return lowerOperator(node, implied(), implied, scope);
  if (source === undefined) throw scope.unsupported(constructName(node), node);
  return source.lower(node, scope);
}

/** Name of an operator for whoever wrote it: `operator mv-apply` for MvApplyOperator, `plugin pivot` for an evaluate. */
function constructName(node: SyntaxNode): string {
  const kind = kindOf(node);
  if (kind === 'EvaluateOperator') return `plugin ${calledName(part(node, 'FunctionCall'))}`;
  if (kind === 'ExternalDataExpression') return 'operator externaldata';
  const words = kind.replace(/(Operator|Expression)$/, '').replace(/(?<=[a-z])(?=[A-Z])/g, '-');
  return `operator ${words.toLowerCase()}`;
}

/** Operators one after the other, from the first: a long pipe must not nest calls. */
function lowerPipe(node: SyntaxNode, scope: ScalarScope): Rows {
  const stages: SyntaxNode[] = [];
  let source = node;
  while (kindOf(source) === 'PipeExpression') {
    stages.unshift(source);
    source = part(source, 'Expression');
  }
  let rows = lowerTabular(source, scope);
  const operators = stages.map((stage) => part(stage, 'Operator'));
  for (const [index, stage] of stages.entries()) {
    const operator = part(stage, 'Operator');
    const following = operators.slice(index + 1);
    const end = following.findIndex((next) => kindOf(next) !== 'FilterOperator');
    const filters = end === -1 ? following : following.slice(0, end);
    const before = part(stage, 'Expression');
    rows = scope.context.within(operator, scope.environment, () =>
      lowerOperator(operator, rows, () => lowerTabular(before, scope), scope, filters),
    );
  }
  return rows;
}

/** Operators after which each sub-table still has a row if it had one. */
const keepsSubtables: ReadonlySet<string> = new Set([
  'AsOperator',
  'CountOperator',
  'DistinctOperator',
  'ExtendOperator',
  'ParseKvOperator',
  'ParseOperator',
  'ProjectAwayOperator',
  'ProjectByNamesOperator',
  'ProjectKeepOperator',
  'ProjectOperator',
  'ProjectRenameOperator',
  'ProjectReorderOperator',
  'SampleDistinctOperator',
  'SampleOperator',
  'SerializeOperator',
  'SortOperator',
  'SummarizeOperator',
  'TakeOperator',
  'TopOperator',
]);

function lowerOperator(
  operator: SyntaxNode,
  input: Rows,
  again: () => Rows,
  scope: ScalarScope,
  filters: readonly SyntaxNode[] = [],
): Rows {
  const kind = kindOf(operator);
  const rule = pipedOperators.get(kind);
  if (rule === undefined) throw scope.unsupported(constructName(operator), operator);
  const rows = rule.lower({ node: operator, input, scope, again, filters });
  if (input.subtables === undefined) return rows;
  if (rows.subtables === undefined)
    throw scope.unsupported(`${constructName(operator)} in the sub-query of another`, operator);
  return keepsSubtables.has(kind) ? rows : { ...rows, subtables: { ...rows.subtables, isLossy: true } };
}

function lowerTableName(node: SyntaxNode, scope: ScalarScope): Rows {
  const name = simpleName(node);
  const table = symbolKind(node) === 'TableSymbol' ? scope.context.schema.tables.get(name) : undefined;
  const binding = scope.environment.find(name);
  const { visibility } = scope.context;
  const isVisible =
    table === undefined
      ? binding === undefined || visibility.sees(binding, node, scope)
      : visibility.seesTable(name, node, scope);
  if (!isVisible) throw unknownName(name, node, scope);
  if (table !== undefined) return scanTable(table, scope.context);
  if (binding?.kind === 'tabular') return binding.lower();
  if (binding?.kind === 'function') return lowerTableFunction(node, scope);
  throw scope.unsupported(`the name '${name}' as a table`, node);
}

/** A name that a `restrict access` left out, in the binder's words for one that is not there. */
function unknownName(name: string, node: SyntaxNode, scope: ScalarScope): KqlError {
  return scope.semantic(
    `The name '${name}' does not refer to any known table, tabular variable or function.`,
    node,
  );
}

/** `pattern("…").path`; every other path leads to another database or cluster. */
function lowerPath(node: SyntaxNode, scope: ScalarScope): Rows {
  const call = patternCallOf(node);
  const binding = call === undefined ? undefined : scope.environment.find(calledName(call.call));
  if (call === undefined || binding?.kind !== 'pattern')
    throw scope.unsupported('a reference to another database or cluster', node);
  if (!scope.context.visibility.sees(binding, node, scope))
    throw unknownName(calledName(call.call), node, scope);
  return lowerPattern(call, binding, node, scope);
}

/** A call of the query's own function or pattern, or `table("Name")`. */
function lowerTableFunction(node: SyntaxNode, scope: ScalarScope): Rows {
  const name = calledName(node);
  const binding = scope.environment.find(name);
  const { visibility } = scope.context;
  if (binding !== undefined && !visibility.sees(binding, node, scope)) throw unknownName(name, node, scope);
  if (binding?.kind === 'pattern') return lowerPattern({ call: node, path: undefined }, binding, node, scope);
  if (binding?.kind === 'function') {
    const body = enterFunction(node, binding, scope, undefined);
    return lowerTabular(part(body.node, 'Expression'), body.scope);
  }
  const [argument, ...others] = kindOf(node) === 'FunctionCallExpression' ? callArguments(node) : [];
  if (name === 'table' && argument !== undefined && others.length === 0) {
    const named = constantString(toText(settled(argument, scope), scope)) ?? '';
    const table = scope.context.schema.tables.get(named);
    if (table === undefined || !visibility.seesTable(named, node, scope))
      throw unknownName(named, argument, scope);
    if (node.ResultType?.IsOpen === true && scope.environment.isOutermost)
      throw new TableNamed(placeOf(argument, scope.environment.offset), named);
    return scanTable(table, scope.context);
  }
  throw scope.unsupported(`function ${name}()`, node);
}

/** Rows computed once and used wherever the name they are bound to is. */
function lowerMaterialize(node: SyntaxNode, scope: ScalarScope): Rows {
  const { context } = scope;
  let known = context.sharedByNode.get(node);
  if (known === undefined) {
    const rows = lowerTabular(part(node, 'Expression'), scope);
    known = context.share(node, rows.relation, rows.columns);
  }
  const mapping = new Map<number, number>();
  const columns = known.columns.map((column): Column => {
    const id = mapping.get(column.id) ?? context.newId();
    mapping.set(column.id, id);
    return { ...column, id };
  });
  const references = [...mapping].map(([source, id]) => ({ id, source }));
  return {
    relation: relation({ kind: 'shared', shared: known.shared, columns: references }),
    columns,
    order: [],
  };
}

/** What a query answers with: the first of its results. */
export function lowerQuery(root: SyntaxNode, scope: ScalarScope): QueryResult {
  const [expression] = lowerStatements(parts(root, 'Statements'), scope);
  if (expression === undefined) throw scope.semantic('The query has no tabular expression.', root);
  const result = firstResult(expression, scope);
  if (result !== undefined) return result;
  if (kindOf(expression) === 'PipeExpression') {
    const operator = part(expression, 'Operator');
    throw scope.unsupported(constructName(operator), operator);
  }
  throw scope.semantic('The query is not a tabular expression.', expression);
}
