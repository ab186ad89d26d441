import { part, parts, simpleName } from '../../bind/syntax.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { columnFor, lowerNamedList } from '../named-values.ts';
import { type Column, keptIds, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';

/** Exactly the columns named, each expression seeing the columns as they were. */
export const project: OperatorRule = ({ node, input, scope }) => {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const values = lowerNamedList(parts(node, 'Expressions'), inner);
  const result = resultColumns(node, scope);
  if (values.length !== result.length) throw scope.unsupported('an expression of several columns here', node);
  const outputs: Output[] = [];
  const columns = values.map((value, index) => {
    const column = result[index] ?? { name: '', type: value.value.type };
    return columnFor(column, value.value, value.node, inner, outputs);
  });
  return selected(row.finish(), columns, outputs);
};

/** The rows with these columns, some of them computed here, and what must be kept beside them. */
function selected(rows: Rows, columns: readonly Column[], computed: readonly Output[]): Rows {
  const made = new Set(computed.map((output) => output.id));
  const kept = [...columns.map((column) => column.id), ...keptIds(rows)].filter((id) => !made.has(id));
  const node = relation({
    kind: 'project',
    input: rows.relation,
    outputs: [...passThrough(kept), ...computed],
  });
  return { ...rows, relation: node, columns };
}

/** The input's columns that the result still has, as the binder orders and names them. */
function rearranged({ node, input, scope }: OperatorCall, formerName: (name: string) => string): Rows {
  const byName = new Map(input.columns.map((column) => [column.name, column]));
  const columns = resultColumns(node, scope).map(({ name }): Column => {
    const column = byName.get(formerName(name));
    if (column === undefined) throw scope.unsupported(`the column '${name}' here`, node);
    return { ...column, name };
  });
  return { ...input, columns };
}

export const projectAway: OperatorRule = (call) => rearranged(call, (name) => name);
export const projectKeep: OperatorRule = (call) => rearranged(call, (name) => name);
export const projectByNames: OperatorRule = (call) => rearranged(call, (name) => name);
export const projectReorder: OperatorRule = (call) => rearranged(call, (name) => name);

export const projectRename: OperatorRule = (call) => {
  const former = new Map(
    parts(call.node, 'Expressions').map((expression) => [
      simpleName(part(expression, 'Name')),
      simpleName(part(expression, 'Expression')),
    ]),
  );
  const rows = rearranged(call, (name) => former.get(name) ?? name);
  return {
    ...rows,
    columns: rows.columns.map((column) => (former.has(column.name) ? { ...column, hidden: false } : column)),
  };
};
