import { kindOf, namedParameters, part, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { columnRef, sql } from '../../emit/fragment.ts';
import { isTextual } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { cellOfWire, constantOfCell } from '../cells.ts';
import { constantExpr, nullSql } from '../constants.ts';
import { Environment } from '../environment.ts';
import { Unfinished } from '../query-plan.ts';
import { lowerTabular } from '../recursion.ts';
import { allIds, type Column, columnExpr, type Rows, type Subtables } from '../rows.ts';
import { AllSubtablesWanted, referenceTo } from '../subtables.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';

/** What the sub-query makes of the rows of each value of the column. How it is to be run, the hints say, which is ours to decide. */
export const partition: OperatorRule = (call) => {
  const { node, scope } = call;
  for (const [name, value] of namedParameters(node)) {
    if (!name.startsWith('hint.')) throw scope.unsupported(`the parameter ${name}= here`, value);
  }
  if (kindOf(part(node, 'Operand')) === 'PartitionQuery') return ofEachValue(call);
  try {
    return transformed(call, false);
  } catch (error) {
    if (!(error instanceof AllSubtablesWanted)) throw error;
    return transformed(call, true);
  }
};

function keyOf(rows: Rows, { node, scope }: OperatorCall): Column {
  const by = part(node, 'ByExpression');
  const key = rows.columns.find((column) => column.name === simpleName(by));
  if (key === undefined) throw scope.unsupported('a partition by an expression', by);
  return key;
}

/** `( … )`: the rows of all values go through the sub-query side by side. */
function transformed(call: OperatorCall, isShared: boolean): Rows {
  const { node, input, scope } = call;
  const shared = isShared ? scope.context.shareRelation(input.relation) : undefined;
  const reference = () =>
    shared === undefined ? input : referenceTo(shared, input, allIds(input), scope.context).rows;
  const all: Subtables['all'] = () => {
    if (shared === undefined) throw new AllSubtablesWanted();
    const others = reference();
    const keys = [keyOf(others, call), ...(others.subtables?.keys ?? [])];
    const carried = others.subtables?.carried ?? [];
    const items = carried.map(({ id }) => ({ id, sql: columnRef(id) }));
    const grouped = relation({
      kind: 'aggregate',
      input: others.relation,
      keys: keys.map(({ id }) => ({ id, sql: columnRef(id) })),
      outputs: items.length === 0 ? [] : [{ kind: 'row', pick: 'any', key: null, items }],
    });
    return { relation: grouped, keys, carried };
  };
  const source = (): Rows => {
    const rows = reference();
    const outer = rows.subtables;
    return {
      ...rows,
      subtables: {
        keys: [keyOf(rows, call), ...(outer?.keys ?? [])],
        carried: outer?.carried ?? [],
        isLossy: false,
        all,
      },
    };
  };
  const environment = new Environment(scope.environment, scope.environment.offset, source);
  const body = lowerTabular(part(part(node, 'Operand'), 'Subquery'), scope.inEnvironment(environment));
  const { subtables, ...rows } = body;
  if (subtables === undefined) throw scope.unsupported('a sub-query with a source of its own', node);
  const outer = input.subtables;
  const order = body.order.map(({ isPlace: _, isRank: __, ...key }) => key);
  return {
    ...rows,
    columns: named(body, node, call),
    order,
    ...(outer === undefined
      ? {}
      : { subtables: { ...outer, keys: subtables.keys.slice(1), carried: subtables.carried } }),
  };
}

function named(body: Rows, node: SyntaxNode, { scope }: OperatorCall): Column[] {
  return resultColumns(node, scope).map((column): Column => {
    const found = body.columns.find((candidate) => candidate.name === column.name);
    if (found === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
    return found;
  });
}

/** Partitions that a sub-query with a source of its own is run for. */
const maxPartitions = 64;

/** `{ … }`: the sub-query has its own source and knows the value; it is written out for each. */
function ofEachValue(call: OperatorCall): Rows {
  const { node, input, scope } = call;
  const { context } = scope;
  const key = keyOf(input, call);
  const id = context.newId();
  const values: Rows = {
    relation: relation({
      kind: 'aggregate',
      input: input.relation,
      keys: [{ id, sql: columnExpr(key).sql }],
      outputs: [],
    }),
    columns: [{ ...key, id, hidden: false }],
    order: [{ id, descending: false, nullsFirst: true }],
  };
  const { rows: found } = context.plan.rows('partition', values, maxPartitions);
  if (found === undefined) throw new Unfinished();
  if (found.length > maxPartitions)
    throw scope.semantic(`partition: more than ${maxPartitions} values of '${key.name}'.`, node);
  const inputs = found.map(([wire]) => {
    const environment = new Environment(scope.environment, scope.environment.offset);
    const value = constantExpr(constantOfCell(key.type, cellOfWire(key.type, wire)));
    environment.bind(key.name, { kind: 'value', value });
    const rows = lowerTabular(part(part(node, 'Operand'), 'Query'), scope.inEnvironment(environment));
    return { relation: rows.relation, columns: named(rows, node, call) };
  });
  const columns = resultColumns(node, scope).map(
    (column, index): Column => ({
      ...column,
      id: context.newId(),
      nullable: !isTextual(column.type) && inputs.some((table) => table.columns[index]?.nullable !== false),
      hidden: inputs.length > 0 && inputs.every((table) => table.columns[index]?.hidden === true),
    }),
  );
  const [first, ...others] = inputs;
  if (first === undefined) return withoutRows(columns);
  return {
    relation: relation({
      kind: 'union',
      inputs: [first, ...others].map((table) => ({
        relation: table.relation,
        columns: table.columns.map((column) => columnRef(column.id)),
      })),
      ids: columns.map((column) => column.id),
    }),
    columns,
    order: [],
  };
}

function withoutRows(columns: readonly Column[]): Rows {
  const outputs = columns.map(({ id, type }) => ({ id, sql: nullSql(type) }));
  const one = relation({ kind: 'project', input: relation({ kind: 'unit' }), outputs });
  return {
    relation: relation({ kind: 'filter', input: one, predicate: sql`false` }),
    columns: columns.map((column) => ({ ...column, nullable: !isTextual(column.type) })),
    order: [],
  };
}
