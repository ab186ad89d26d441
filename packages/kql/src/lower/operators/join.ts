import {
  children,
  kindOf,
  namedParameters,
  part,
  parts,
  type SyntaxNode,
  simpleName,
  symbolKind,
  tokenText,
  unparenthesized,
} from '../../bind/syntax.ts';
import { columnRef, join as list, sql } from '../../emit/fragment.ts';
import { type Expr, isTextual } from '../../tree/expression.ts';
import { type JoinKind, type Output, relation } from '../../tree/relation.ts';
import { toBool } from '../convert.ts';
import { comparable } from '../predicates/equality.ts';
import { chain, conjuncts } from '../predicates/logic.ts';
import { lowerScalar, lowerTabular } from '../recursion.ts';
import { allIds, type Column, extended, passThrough, type Rows, visible } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';

interface Flavor {
  readonly join: JoinKind;
  /** Which sides' columns the result has. */
  readonly sides: 'both' | 'left' | 'right';
  /** The left side first loses all but one row of each key. */
  readonly deduplicate?: true;
}

/** `kind=` of join. */
export const joinKinds: Readonly<Record<string, Flavor>> = {
  innerunique: { join: 'inner', sides: 'both', deduplicate: true },
  inner: { join: 'inner', sides: 'both' },
  leftouter: { join: 'left', sides: 'both' },
  rightouter: { join: 'right', sides: 'both' },
  fullouter: { join: 'full', sides: 'both' },
  leftsemi: { join: 'left semi', sides: 'left' },
  rightsemi: { join: 'right semi', sides: 'right' },
  leftanti: { join: 'left anti', sides: 'left' },
  leftantisemi: { join: 'left anti', sides: 'left' },
  anti: { join: 'left anti', sides: 'left' },
  rightanti: { join: 'right anti', sides: 'right' },
  rightantisemi: { join: 'right anti', sides: 'right' },
};

/** `kind=` of lookup. */
export const lookupKinds: Readonly<Record<string, Flavor>> = {
  leftouter: { join: 'left', sides: 'both' },
  inner: { join: 'inner', sides: 'both' },
};

interface Key {
  readonly left: Expr;
  readonly right: Expr;
  /** Name of the right column. */
  readonly rightName: string;
}

export const join: OperatorRule = (call) => {
  const flavor = flavorOf(call, joinKinds, 'innerunique');
  return combined(call, flavor, part(call.node, 'ConditionClause'), false);
};

export const lookup: OperatorRule = (call) => {
  const flavor = flavorOf(call, lookupKinds, 'leftouter');
  return combined(call, flavor, part(call.node, 'LookupClause'), true);
};

/** Hints say how to run it, not what it means. */
function flavorOf(
  { node, scope }: OperatorCall,
  kinds: Readonly<Record<string, Flavor>>,
  usual: string,
): Flavor {
  let kind = usual;
  for (const [name, value] of namedParameters(node)) {
    if (name === 'kind') kind = value.ToString().trim();
    else if (!name.startsWith('hint.')) throw scope.unsupported(`the parameter ${name}= here`, value);
  }
  const flavor = kinds[kind];
  if (flavor === undefined) throw scope.unsupported(`kind=${kind}`, node);
  return flavor;
}

function combined(call: OperatorCall, flavor: Flavor, clause: SyntaxNode, dropRightKeys: boolean): Rows {
  const { node, scope, input } = call;
  if (kindOf(clause) !== 'JoinOnClause') throw scope.unsupported('join … where', clause);
  const other = lowerTabular(part(node, 'Expression'), scope);
  const left = new ScalarScope(scope.context, scope.environment, new RowScope(scope.context, input));
  const right = new ScalarScope(scope.context, scope.environment, new RowScope(scope.context, other));
  const keys = parts(clause, 'Expressions').flatMap((condition) =>
    keysOf(unparenthesized(condition), left, right),
  );

  let leftRows = left.row.finish();
  if (flavor.deduplicate) leftRows = filteredBefore(call, leftRows, left.row.collected());
  if (flavor.deduplicate) {
    const own = (input.subtables?.keys ?? []).map((column) => columnRef(column.id));
    const by = [...own, ...keys.map((key) => key.left.sql)];
    leftRows = {
      ...leftRows,
      relation: relation({ kind: 'limit-by', input: leftRows.relation, count: 1n, keys: by, order: [] }),
    };
  }
  let rightRows = right.row.finish();
  const extra = { left: left.row.collected(), right: right.row.collected() };
  if (flavor.join === 'right' || flavor.join === 'full') leftRows = optional(leftRows, extra.left, scope);
  if (flavor.join === 'left' || flavor.join === 'full') rightRows = optional(rightRows, extra.right, scope);

  const dropped = new Set(dropRightKeys ? keys.map((key) => key.rightName) : []);
  const columns = [
    ...(flavor.sides === 'right' ? [] : leftRows.columns),
    ...(flavor.sides === 'left' ? [] : rightRows.columns.filter((column) => !dropped.has(column.name))),
  ];
  const result = resultColumns(node, scope);
  if (result.length !== columns.length) throw scope.unsupported('a join with these columns', node);
  const joined = relation({
    kind: 'join',
    join: flavor.join,
    left: leftRows.relation,
    right: rightRows.relation,
    on: keys.map((key) => ({ left: key.left.sql, right: key.right.sql })),
  });
  const named = columns.map((column, index) => ({ ...column, name: result[index]?.name ?? column.name }));
  const maybeMissing = new Set([
    ...(flavor.join === 'right' || flavor.join === 'full' ? leftRows.columns : []),
    ...(flavor.join === 'left' || flavor.join === 'full' ? rightRows.columns : []),
  ]);
  const missing = new Set([...maybeMissing].map((column) => column.id));
  const { subtables } = leftRows;
  const isOfLeft = flavor.join === 'inner' || flavor.join.startsWith('left');
  if (subtables !== undefined && !isOfLeft)
    throw scope.unsupported(`a ${flavor.join} join in the sub-query of another operator`, node);
  const rows: Rows = { relation: joined, columns: named, order: [] };
  return withTexts(subtables === undefined ? rows : { ...rows, subtables }, missing, scope);
}

/** What a function looks at beside its arguments, or answers differently each time. */
const rowDependent = /^(rand|new_guid|pack_all|row_\w+|prev|next|ingestion_time|column_ifexists)$/;

/**
 * The left side without the rows that a `where` behind the join leaves out by columns of the left side alone: Kusto documents that it filters before
 * it picks the one row of each key.
 */
function filteredBefore(
  { filters, input, scope }: OperatorCall,
  rows: Rows,
  collected: readonly number[],
): Rows {
  const names = new Set(visible(input).map((column) => column.name));
  const conditions = filters
    .flatMap((filter) => conjuncts(part(filter, 'Condition')))
    .filter((condition) => isAbout(condition, names));
  if (conditions.length === 0) return rows;
  const row = new RowScope(scope.context, rows);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const predicates = conditions.map((condition) => {
    const test = toBool(lowerScalar(condition, inner), inner, condition);
    return test.nullable ? sql`ifNull(${test.sql}, false)` : test.sql;
  });
  const finished = row.finish();
  const filtered = relation({
    kind: 'filter',
    input: finished.relation,
    predicate: list(predicates, sql` AND `),
  });
  return {
    ...rows,
    relation: relation({
      kind: 'project',
      input: filtered,
      outputs: passThrough([...allIds(rows), ...collected]),
    }),
  };
}

/** Whether the condition names columns, all of them of these, and depends on nothing else of the row. */
function isAbout(condition: SyntaxNode, names: ReadonlySet<string>): boolean {
  const used: string[] = [];
  const isPlain = (node: SyntaxNode): boolean => {
    const kind = kindOf(node);
    if (kind === 'StarExpression') return false;
    if (kind === 'FunctionCallExpression' && rowDependent.test(simpleName(part(node, 'Name')))) return false;
    if (kind === 'NameReference' && symbolKind(node) === 'ColumnSymbol') used.push(simpleName(node));
    return children(node).every(isPlain);
  };
  return isPlain(condition) && used.length > 0 && used.every((name) => names.has(name));
}

/** The texts of a missing side are '', whether or not the engine is set to make them NULL. */
function withTexts(rows: Rows, missing: ReadonlySet<number>, scope: ScalarScope): Rows {
  const outputs: Output[] = [];
  const columns = rows.columns.map((column): Column => {
    if (!missing.has(column.id) || !isTextual(column.type)) return column;
    const id = scope.context.newId();
    outputs.push({ id, sql: sql`ifNull(${columnRef(column.id)}, '')` });
    return { ...column, id };
  });
  return { ...rows, relation: extended(rows.relation, allIds(rows), outputs), columns };
}

/** The pairs that one condition demands equal: of one common name, or of `$left.a == $right.b`, or of several joined by `and`. */
function keysOf(condition: SyntaxNode, left: ScalarScope, right: ScalarScope): Key[] {
  if (kindOf(condition) === 'NameReference') {
    const name = simpleName(condition);
    return [keyOf(name, name, condition, left, right)];
  }
  if (kindOf(condition) !== 'BinaryExpression') throw left.unsupported('a join on this condition', condition);
  const operator = tokenText(condition, 'Operator').toLowerCase();
  if (operator === 'and')
    return chain(condition, 'and').flatMap((part_) => keysOf(unparenthesized(part_), left, right));
  if (operator !== '==') throw left.unsupported(`a join on ${operator}`, condition);
  const sides = new Map(
    [part(condition, 'Left'), part(condition, 'Right')].map((side) => sideColumn(side, left)),
  );
  const [leftName, rightName] = [sides.get('$left'), sides.get('$right')];
  if (leftName === undefined || rightName === undefined)
    throw left.unsupported('a join on columns of one side', condition);
  return [keyOf(leftName, rightName, condition, left, right)];
}

function sideColumn(node: SyntaxNode, scope: ScalarScope): [side: string, name: string] {
  const inner = unparenthesized(node);
  const target = kindOf(inner) === 'PathExpression' ? part(inner, 'Expression') : undefined;
  if (target === undefined) throw scope.unsupported('a join on an expression', node);
  return [simpleName(target), simpleName(part(inner, 'Selector'))];
}

function keyOf(
  leftName: string,
  rightName: string,
  node: SyntaxNode,
  left: ScalarScope,
  right: ScalarScope,
): Key {
  const [a, b] = [left.row.column(leftName), right.row.column(rightName)];
  if (a === undefined || b === undefined) throw left.unsupported('a join on this column', node);
  // Each side's conversions are computed on that side.
  return { left: comparable(a, b, left, node)[0], right: comparable(a, b, right, node)[1], rightName };
}

/** The side of an outer join that may be missing: NULL there needs a column that can be NULL. Texts become '', their own null. */
function optional(rows: Rows, extra: readonly number[], scope: ScalarScope): Rows {
  const outputs: Output[] = [];
  const columns = rows.columns.map((column): Column => {
    if (column.nullable || isTextual(column.type)) return column;
    const id = scope.context.newId();
    outputs.push({ id, sql: sql`toNullable(${columnRef(column.id)})` });
    return { ...column, id, nullable: true };
  });
  if (outputs.length === 0) return { ...rows, columns };
  const kept = passThrough([...allIds(rows), ...extra]);
  return {
    ...rows,
    relation: relation({ kind: 'project', input: rows.relation, outputs: [...kept, ...outputs] }),
    columns,
  };
}
