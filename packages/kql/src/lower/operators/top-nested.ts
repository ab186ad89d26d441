import { kindOf, optionalPart, part, parts, type SyntaxNode, tokenText } from '../../bind/syntax.ts';
import { columnRef, type Fragment, sql } from '../../emit/fragment.ts';
import { type OrderKey, type Output, type Relation, relation, type Shared } from '../../tree/relation.ts';
import { Aggregation } from '../aggregates/aggregation.ts';
import { nullSql } from '../constants.ts';
import type { LoweringContext } from '../context.ts';
import { convert } from '../convert.ts';
import { lowerScalar } from '../recursion.ts';
import { type Column, columnExpr, extended, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { referenceTo, sameValue } from '../subtables.ts';
import { type OperatorCall, type OperatorRule, type ResultColumn, resultColumns } from './rule.ts';
import { rowCount } from './sort.ts';
import { lowerAggregates } from './summarize.ts';

/**
 * The rows are told apart level by level: at each, those of one path so far are grouped by the level's value, and the greatest groups are paths
 * of the next. What is left over makes one path more where the level names its `others`, and is dropped where it does not.
 *
 * Each level is a small table: the number of the path, the number of the path it continues, its value and its aggregate.
 */
interface Level {
  readonly value: SyntaxNode;
  readonly aggregate: SyntaxNode;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly count: bigint | undefined;
  readonly others: SyntaxNode | undefined;
}

/** Names inside the tables made here; no query sees them. */
const names = { path: '$path', isLeft: '$left', value: '$value' } as const;

export const topNested: OperatorRule = (call) => {
  const { node, input, scope } = call;
  if (input.subtables !== undefined)
    throw scope.unsupported('operator top-nested in the sub-query of another', node);
  const levels = parts(node, 'Clauses').map((clause) => levelOf(clause, scope));
  const result = resultColumns(node, scope);
  if (result.length !== 2 * levels.length)
    throw scope.unsupported('an aggregate of several columns here', node);

  const { ingestionTime: _, ...source } = input;
  let rows: Rows = { ...source, order: [] };
  let hasOthers = false;
  const paths: Paths[] = [];
  for (const [index, level] of levels.entries()) {
    const columns = result.slice(2 * index, 2 * index + 2);
    hasOthers ||= level.others !== undefined;
    const isLast = index === levels.length - 1;
    const step = new LevelStep(call, level, columns, hasOthers, index > 0);
    const made = step.paths(rows, isLast);
    paths.push(made.paths);
    if (!isLast) rows = made.next();
  }
  return combined(paths);
};

function levelOf(clause: SyntaxNode, scope: ScalarScope): Level {
  const by = part(clause, 'ByExpression');
  const isOrdered = kindOf(by) === 'OrderedExpression';
  const ordering = isOrdered ? optionalPart(by, 'Ordering') : undefined;
  const descending =
    ordering === undefined || tokenText(ordering, 'AscOrDescKeyword').toLowerCase() !== 'asc';
  const count = optionalPart(clause, 'Expression');
  const others = optionalPart(clause, 'WithOthersClause');
  return {
    value: part(clause, 'OfExpression'),
    aggregate: isOrdered ? part(by, 'Expression') : by,
    descending,
    nullsFirst: !descending,
    count: count === undefined ? undefined : rowCount(count, scope),
    others: others === undefined ? undefined : part(others, 'Expression'),
  };
}

/** The paths of a level, computed once. */
interface Paths {
  readonly relation: Relation;
  readonly path: Column;
  readonly before: Column | undefined;
  readonly value: Column;
  readonly aggregate: Column;
}

class LevelStep {
  readonly #call: OperatorCall;
  readonly #level: Level;
  readonly #columns: readonly ResultColumn[];
  readonly #hasOthers: boolean;
  readonly #isDeeper: boolean;

  constructor(
    call: OperatorCall,
    level: Level,
    columns: readonly ResultColumn[],
    hasOthers: boolean,
    isDeeper: boolean,
  ) {
    this.#call = call;
    this.#level = level;
    this.#columns = columns;
    this.#hasOthers = hasOthers;
    this.#isDeeper = isDeeper;
  }

  get #context(): LoweringContext {
    return this.#call.scope.context;
  }

  /** The level's paths, and the rows that go on with the path they are on. */
  paths(rows: Rows, isLast: boolean): { paths: Paths; next: () => Rows } {
    const valued = this.#valued(rows);
    const isOnce = isLast && !this.#hasOthers;
    const shared = isOnce ? undefined : this.#context.shareRelation(valued.relation);
    const use = (): Rows =>
      shared === undefined ? valued : referenceTo(shared, valued, [], this.#context).rows;
    const top = this.#top(use());
    const all = this.#hasOthers ? this.#withLeft(use, top) : top;
    const numbered = this.#numbered(all);
    return { paths: numbered.paths(), next: () => this.#onTheirWay(use(), numbered) };
  }

  /** The rows with the level's value as a column. */
  #valued(rows: Rows): Rows {
    const { scope } = this.#call;
    const row = new RowScope(this.#context, rows);
    const inner = new ScalarScope(this.#context, scope.environment, row);
    const value = lowerScalar(this.#level.value, inner);
    const id = this.#context.newId();
    const finished = row.finish();
    const known = [...finished.columns.map((column) => column.id), ...row.collected()];
    const column: Column = {
      name: names.value,
      type: value.type,
      id,
      nullable: value.nullable,
      hidden: true,
    };
    return {
      ...finished,
      order: [],
      relation: extended(finished.relation, known, [{ id, sql: value.sql }]),
      columns: [...finished.columns.filter((other) => other.name !== names.value), column],
    };
  }

  /** The groups of the rows that are on a path of their own, the greatest of each path so far. */
  #top(rows: Rows): Rows {
    const left = columnNamed(rows, names.isLeft);
    const own =
      left === undefined
        ? rows.relation
        : relation({ kind: 'filter', input: rows.relation, predicate: sql`(${columnRef(left.id)} = 0)` });
    const path = columnNamed(rows, names.path);
    const value = required(rows, names.value);
    const keys = [...(path === undefined ? [] : [path]), value];
    const grouped = this.#aggregated({ ...rows, relation: own }, keys);
    if (this.#level.count === undefined) return grouped;
    const aggregate = required(grouped, 'aggregate');
    const order: OrderKey[] = [
      { id: aggregate.id, descending: this.#level.descending, nullsFirst: this.#level.nullsFirst },
    ];
    const count = this.#level.count;
    const before = columnNamed(grouped, names.path);
    const first: Relation =
      before === undefined
        ? { kind: 'limit', input: grouped.relation, count, order }
        : count === 0n
          ? { kind: 'filter', input: grouped.relation, predicate: sql`false` }
          : { kind: 'limit-by', input: grouped.relation, count, keys: [columnRef(before.id)], order };
    return { ...grouped, relation: relation(first) };
  }

  /** The level's aggregate of the rows by these columns: rows of the columns and `aggregate`. */
  #aggregated(rows: Rows, by: readonly Column[]): Rows {
    const { scope, node } = this.#call;
    const context = this.#context;
    const inner = new ScalarScope(context, scope.environment, new RowScope(context, rows));
    const aggregation = new Aggregation(inner, true);
    const above = new RowScope(context, { relation: relation({ kind: 'unit' }), columns: [], order: [] });
    const outer = new ScalarScope(context, scope.environment, above, aggregation);
    const [found, ...more] = lowerAggregates(this.#level.aggregate, aggregation, outer);
    const type = this.#columns[1]?.type;
    if (found === undefined || more.length > 0 || type === undefined)
      throw scope.unsupported('an aggregate of several columns here', node);
    const value = convert(found.value, type, outer, this.#level.aggregate);
    const keys = by.map((column) => ({ ...column, id: context.newId() }));
    const outputs: Output[] = keys.map((key, index) => ({
      id: key.id,
      sql: columnRef(by[index]?.id ?? key.id),
    }));
    const made = [
      ...keys.map((key) => key.id),
      ...aggregation.outputs.flatMap((output) =>
        output.kind === 'value' ? [output.id] : output.items.map((item) => item.id),
      ),
    ];
    const grouped = relation({
      kind: 'aggregate',
      input: inner.row.finish().relation,
      keys: outputs,
      outputs: aggregation.outputs,
    });
    const columns = made.map(
      (id): Column => ({ name: '', type: 'dynamic', id, nullable: false, hidden: true }),
    );
    const rowsAbove = above.finish({ relation: grouped, columns, order: [] });
    const id = context.newId();
    const known = [...made, ...above.collected()];
    return {
      relation: extended(rowsAbove.relation, known, [{ id, sql: value.sql }]),
      columns: [...keys, { name: 'aggregate', type, id, nullable: value.nullable, hidden: true }],
      order: [],
    };
  }

  /** Beside the top, what is left of each path: with its aggregate if the level names it, without if an earlier one did. */
  #withLeft(use: () => Rows, top: Rows): Rows {
    const context = this.#context;
    const sharedTop = context.shareRelation(top.relation);
    const rest = this.#left(use(), sharedTop, top);
    const path = columnNamed(rest, names.path);
    const grouped = this.#aggregated(rest, path === undefined ? [] : [path]);
    const { others } = this.#level;
    const [column] = this.#columns;
    const scope = this.#call.scope.inline();
    const label =
      others === undefined || column === undefined
        ? undefined
        : convert(lowerScalar(others, scope), column.type, scope, others).sql;
    const again = referenceTo(sharedTop, top, [], context).rows;
    const value = required(again, names.value);
    const aggregate = required(again, 'aggregate');
    const shapes: Column[] = [
      ...(columnNamed(again, names.path) === undefined ? [] : [required(again, names.path)]),
      { ...value, nullable: true },
      { ...aggregate, nullable: true },
      { name: names.isLeft, type: 'long', id: 0, nullable: false, hidden: true },
    ];
    const columns = shapes.map((each): Column => ({ ...each, id: context.newId() }));
    const pieces = (rows: Rows, named: Fragment, total: Fragment, isLeft: Fragment): Fragment[] => [
      ...(path === undefined ? [] : [columnRef(required(rows, names.path).id)]),
      named,
      total,
      isLeft,
    ];
    return {
      relation: relation({
        kind: 'union',
        inputs: [
          {
            relation: again.relation,
            columns: pieces(again, columnExpr(value).sql, columnExpr(aggregate).sql, sql`toInt64(0)`),
          },
          {
            relation: grouped.relation,
            columns: pieces(
              grouped,
              label ?? nullSql(value.type),
              label === undefined ? nullSql(aggregate.type) : columnRef(required(grouped, 'aggregate').id),
              sql`toInt64(1)`,
            ),
          },
        ],
        ids: columns.map((each) => each.id),
      }),
      columns,
      order: [],
    };
  }

  /** The rows that are in none of the groups. Of a level without `others`, only those that an earlier level put there. */
  #left(rows: Rows, sharedTop: Shared, top: Rows): Rows {
    const groups = referenceTo(sharedTop, top, [], this.#context).rows;
    const wasLeft = columnNamed(rows, names.isLeft);
    const inTop = relation({
      kind: 'join',
      join: 'left anti',
      left: { ...rows.relation },
      right: groups.relation,
      on: this.#sameGroup(rows, groups, wasLeft),
    });
    if (this.#level.others !== undefined) return { ...rows, relation: inTop };
    const predicate = wasLeft === undefined ? sql`false` : sql`(${columnRef(wasLeft.id)} = 1)`;
    return { ...rows, relation: relation({ kind: 'filter', input: inTop, predicate }) };
  }

  #sameGroup(rows: Rows, groups: Rows, wasLeft: Column | undefined) {
    const path = columnNamed(rows, names.path);
    const other = columnNamed(groups, names.path);
    return [
      ...(path === undefined || other === undefined ? [] : sameValue(path, other)),
      ...sameValue(required(rows, names.value), required(groups, names.value)),
      ...(wasLeft === undefined ? [] : [{ left: columnRef(wasLeft.id), right: sql`toInt64(0)` }]),
    ];
  }

  #numbered(all: Rows): NumberedPaths {
    const id = this.#context.newId();
    const windowed = relation({
      kind: 'window',
      input: all.relation,
      outputs: [{ id, sql: sql`toInt64(row_number() OVER ())` }],
    });
    const number: Column = { name: 'number', type: 'long', id, nullable: false, hidden: true };
    const shared = this.#context.shareRelation(windowed);
    return new NumberedPaths(
      shared,
      { relation: windowed, columns: [...all.columns, number], order: [] },
      this.#columns,
      this.#isDeeper,
      this.#context,
    );
  }

  /** The rows, each with the path it is on now; those on none are gone. */
  #onTheirWay(rows: Rows, numbered: NumberedPaths): Rows {
    const context = this.#context;
    const groups = numbered.rows();
    const isLeft = columnNamed(groups, names.isLeft);
    const wasLeft = columnNamed(rows, names.isLeft);
    const own =
      isLeft === undefined
        ? groups.relation
        : relation({ kind: 'filter', input: groups.relation, predicate: sql`(${columnRef(isLeft.id)} = 0)` });
    const kept = rows.columns.filter(
      (column) => ![names.path, names.isLeft, names.value].some((n) => n === column.name),
    );
    const [path, left] = [context.newId(), context.newId()];
    const columns: Column[] = [
      ...kept,
      { name: names.path, type: 'long', id: path, nullable: false, hidden: true },
    ];
    const found = required(groups, 'number');
    const joined = relation({
      kind: 'join',
      join: isLeft === undefined ? 'inner' : 'left',
      left: rows.relation,
      right: own,
      on: this.#sameGroup(rows, groups, wasLeft),
    });
    if (isLeft === undefined) {
      const outputs = [
        ...passThrough(kept.map((column) => column.id)),
        { id: path, sql: columnRef(found.id) },
      ];
      return { relation: relation({ kind: 'project', input: joined, outputs }), columns, order: [] };
    }
    const rest = numbered.rows();
    const restLeft = required(rest, names.isLeft);
    const before = columnNamed(rows, names.path);
    const restPath = columnNamed(rest, names.path);
    const again = relation({
      kind: 'join',
      join: 'left',
      left: joined,
      right: relation({
        kind: 'filter',
        input: rest.relation,
        predicate: sql`(${columnRef(restLeft.id)} = 1)`,
      }),
      on: [
        before === undefined || restPath === undefined
          ? { left: sql`toInt64(1)`, right: columnRef(restLeft.id) }
          : { left: columnRef(before.id), right: columnRef(restPath.id) },
      ],
    });
    const isFound = sql`(ifNull(${columnRef(found.id)}, 0) != 0)`;
    const instead = columnRef(required(rest, 'number').id);
    const projected = relation({
      kind: 'project',
      input: again,
      outputs: [
        ...passThrough(kept.map((column) => column.id)),
        { id: path, sql: sql`if(${isFound}, assumeNotNull(${columnRef(found.id)}), ifNull(${instead}, 0))` },
        { id: left, sql: sql`if(${isFound}, toInt64(0), toInt64(1))` },
      ],
    });
    return {
      relation: relation({ kind: 'filter', input: projected, predicate: sql`(${columnRef(path)} != 0)` }),
      columns: [...columns, { name: names.isLeft, type: 'long', id: left, nullable: false, hidden: true }],
      order: [],
    };
  }
}

class NumberedPaths {
  readonly #shared: Shared;
  readonly #rows: Rows;
  readonly #columns: readonly ResultColumn[];
  readonly #isDeeper: boolean;
  readonly #context: LoweringContext;

  constructor(
    shared: Shared,
    rows: Rows,
    columns: readonly ResultColumn[],
    isDeeper: boolean,
    context: LoweringContext,
  ) {
    this.#shared = shared;
    this.#rows = rows;
    this.#columns = columns;
    this.#isDeeper = isDeeper;
    this.#context = context;
  }

  rows(): Rows {
    return referenceTo(this.#shared, this.#rows, [], this.#context).rows;
  }

  paths(): Paths {
    const rows = this.rows();
    const [value, aggregate] = this.#columns;
    const shown = (name: string, column: ResultColumn | undefined): Column => ({
      ...required(rows, name),
      ...(column === undefined ? {} : { name: column.name }),
      hidden: false,
    });
    return {
      relation: rows.relation,
      path: required(rows, 'number'),
      before: this.#isDeeper ? required(rows, names.path) : undefined,
      value: shown(names.value, value),
      aggregate: shown('aggregate', aggregate),
    };
  }
}

function columnNamed(rows: Rows, name: string): Column | undefined {
  return rows.columns.find((column) => column.name === name);
}

function required(rows: Rows, name: string): Column {
  const column = columnNamed(rows, name);
  if (column === undefined) throw new TypeError(`no column ${name}`);
  return column;
}

/** Each path of the last level with all that it continues. */
function combined(paths: readonly Paths[]): Rows {
  const [last, ...earlier] = [...paths].reverse();
  if (last === undefined) throw new TypeError('top-nested without levels');
  let joined = last.relation;
  let before = last.before;
  for (const level of earlier) {
    if (before === undefined) break;
    joined = relation({
      kind: 'join',
      join: 'inner',
      left: joined,
      right: level.relation,
      on: [{ left: columnRef(before.id), right: columnRef(level.path.id) }],
    });
    before = level.before;
  }
  const columns = paths.flatMap((level) => [level.value, level.aggregate]);
  const order = paths.map((level): OrderKey => ({ id: level.path.id, descending: false, nullsFirst: false }));
  return { relation: joined, columns, order };
}
