import { part } from '../../bind/syntax.ts';
import { columnRef, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { convert } from '../convert.ts';
import { Environment } from '../environment.ts';
import { lowerTabular } from '../recursion.ts';
import { type Column, extended, keptIds, type Rows, type Subtables } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { AllSubtablesWanted, referenceTo } from '../subtables.ts';
import { type Expansions, expansionName, lowerExpansions } from './expansion.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';

/** What the sub-query makes of the table that each row expands to, beside the columns of the row. */
export const mvApply: OperatorRule = (call) => {
  try {
    return applied(call, false);
  } catch (error) {
    if (!(error instanceof AllSubtablesWanted)) throw error;
    return applied(call, true);
  }
};

/** The rows to be expanded, each with a number of its own. */
interface Numbered {
  readonly rows: Rows;
  readonly number: Column;
  readonly expansions: Expansions;
}

function applied(call: OperatorCall, isShared: boolean): Rows {
  const { node, input, scope } = call;
  const numbered = numberedRows(call);
  const { from, all } = isShared ? twice(numbered, call) : { from: numbered, all: onlyOnce };
  const source = () => expandedRows(from, all, call);
  const environment = new Environment(scope.environment, scope.environment.offset, source);
  const body = lowerTabular(part(part(node, 'Subquery'), 'Expression'), scope.inEnvironment(environment));
  const { subtables } = body;
  if (subtables === undefined) throw scope.unsupported('a sub-query with a source of its own', node);

  const own = new Map(subtables.carried.map((column) => [column.name, column]));
  const outer = input.subtables;
  const columns = resultColumns(node, scope).map((column): Column => {
    const found = body.columns.find((candidate) => candidate.name === column.name) ?? own.get(column.name);
    if (found === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
    return found;
  });
  const [number] = subtables.keys;
  const isOrdered = (input.order.length > 0 || input.serialized === true) && number !== undefined;
  const first = isOrdered ? [{ id: number.id, descending: false, nullsFirst: false }] : [];
  return {
    relation: body.relation,
    columns,
    order: isOrdered ? [...first, ...body.order.map(({ isPlace: _, isRank: __, ...key }) => key)] : [],
    ...(input.serialized === true ? { serialized: true } : {}),
    ...(outer === undefined ? {} : { subtables: outerSubtables(outer, subtables) }),
  };
}

function onlyOnce(): never {
  throw new AllSubtablesWanted();
}

function numberedRows({ node, input, scope }: OperatorCall): Numbered {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const expansions = lowerExpansions(node, inner);
  const rank = row.rank().sql;
  if (rank.kind !== 'column') throw new TypeError('a rank is a column');
  const number: Column = { name: '', type: 'long', id: rank.id, nullable: false, hidden: true };
  const { ingestionTime: _, ...finished } = row.finish();
  return { rows: { ...finished, order: [] }, number, expansions };
}

/** The rows computed once: to be expanded, and to tell which of them there were. */
function twice(numbered: Numbered, { scope }: OperatorCall): { from: Numbered; all: Subtables['all'] } {
  const { rows, number, expansions } = numbered;
  const computed = [...expansions.values.map((value) => value.array), expansions.length].map(
    ({ sql: s }) => s,
  );
  const ids = computed.flatMap((fragment) => (fragment.kind === 'column' ? [fragment.id] : []));
  const shared = scope.context.shareRelation(rows.relation);
  const expandable = referenceTo(shared, rows, [...ids, number.id], scope.context);
  const at = <T extends { readonly sql: Expansions['length']['sql'] }>(value: T): T =>
    value.sql.kind === 'column' ? { ...value, sql: columnRef(expandable.idOf(value.sql.id)) } : value;
  const from: Numbered = {
    rows: expandable.rows,
    number: { ...number, id: expandable.idOf(number.id) },
    expansions: {
      ...expansions,
      length: at(expansions.length),
      values: expansions.values.map((value) => ({ ...value, array: at(value.array) })),
    },
  };
  const all: Subtables['all'] = () => {
    const others = referenceTo(shared, rows, [...ids, number.id], scope.context);
    const length = expansions.length.sql;
    const size = length.kind === 'column' ? columnRef(others.idOf(length.id)) : length;
    return {
      relation: relation({ kind: 'filter', input: others.rows.relation, predicate: sql`(${size} > 0)` }),
      keys: [{ ...number, id: others.idOf(number.id) }, ...(others.rows.subtables?.keys ?? [])],
      carried: [...others.rows.columns, ...(others.rows.subtables?.carried ?? [])],
    };
  };
  return { from, all };
}

/** The sub-tables side by side, each in the order of its elements. */
function expandedRows(
  { rows, number, expansions }: Numbered,
  all: Subtables['all'],
  { node, input, scope }: OperatorCall,
): Rows {
  const { context } = scope;
  const place = context.newId();
  const elements = expansions.values.map((expansion, index) => ({
    id: context.newId(),
    name: expansionName(expansion, index),
    expansion,
  }));
  const outer = rows.subtables;
  const after: Rows = {
    ...rows,
    relation: relation({
      kind: 'expand',
      input: rows.relation,
      arrays: [
        ...elements.map(({ id, expansion }) => ({ id, sql: expansion.array.sql })),
        { id: place, sql: sql`range(toUInt64(${expansions.length.sql}))` },
      ],
    }),
    order: [{ id: place, descending: false, nullsFirst: false, isPlace: true }],
    subtables: {
      keys: [number, ...(outer?.keys ?? [])],
      carried: [...rows.columns, ...(outer?.carried ?? [])],
      isLossy: false,
      all,
    },
  };
  const above = new ScalarScope(context, scope.environment, new RowScope(context, after));
  const outputs: Output[] = [];
  const made = elements.map(({ id, name, expansion }): Column => {
    const value = convert(expr(expansion.held, columnRef(id), false), expansion.type, above, node);
    if (value.sql.kind === 'column')
      return { name, type: value.type, id: value.sql.id, nullable: value.nullable, hidden: false };
    const computed = context.newId();
    outputs.push({ id: computed, sql: value.sql });
    return { name, type: value.type, id: computed, nullable: value.nullable, hidden: false };
  });
  if (expansions.indexName !== undefined) {
    const id = context.newId();
    outputs.push({ id, sql: sql`toInt64(${columnRef(place)})` });
    made.push({ name: expansions.indexName, type: 'long', id, nullable: false, hidden: false });
  }
  const replaced = new Map(made.map((column) => [column.name, column]));
  const columns = [
    ...input.columns.map((column, index) => replaced.get(column.name) ?? rows.columns[index] ?? column),
    ...made.filter((column) => !input.columns.some((known) => known.name === column.name)),
  ];
  const finished = above.row.finish({
    ...after,
    columns: [...after.columns, ...elements.map(({ id }): Column => ({ ...number, id }))],
  });
  const known = [
    ...columns.map((column) => column.id),
    ...keptIds(after),
    ...elements.map(({ id }) => id),
  ].filter((id) => !outputs.some((output) => output.id === id));
  return { ...after, relation: extended(finished.relation, known, outputs), columns };
}

/** Beneath an operator that has sub-tables itself: those of the row, of what has come of it. */
function outerSubtables(outer: Subtables, inner: Subtables): Subtables {
  return {
    ...outer,
    keys: inner.keys.slice(1),
    carried: inner.carried.slice(inner.carried.length - outer.carried.length),
  };
}
