import type { KustoType } from '@merlon/contract';
import {
  kindOf,
  namedParameters,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  scalarType,
  simpleName,
} from '../../bind/syntax.ts';
import { join, sql, text } from '../../emit/fragment.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { nullSql } from '../constants.ts';
import { convert, elementText } from '../convert.ts';
import { jsonString } from '../json.ts';
import {
  columnsNamed,
  looksEverywhere,
  type NamedColumn,
  searchPredicate,
} from '../predicates/any-column.ts';
import { allIds, type Column, columnExpr, extended, type Rows, visible } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { scanTable } from '../scan.ts';
import { type ResultColumn, resultColumns } from './rule.ts';
import { merged, type Source, sourcesOf, viewsOf } from './union.ts';

/** `search` and `find`: rows of many tables that meet one predicate. */

/** `search [kind=…] [in (tables)] predicate`. */
export function search(node: SyntaxNode, scope: ScalarScope, piped: Rows | undefined): Rows {
  let sensitive = false;
  for (const [name, value] of namedParameters(node)) {
    if (name !== 'kind') throw scope.unsupported(`the parameter ${name}= here`, value);
    sensitive = value.ToString().trim() === 'case_sensitive';
  }
  const sources =
    piped === undefined ? tablesOf(node, scope) : [{ name: pipedName(node, scope), rows: piped }];
  const kept = matching(sources, part(node, 'Condition'), sensitive, scope);
  return merged(node, kept, { isFuzzy: false, isInner: false, sourceName: '$table' }, scope);
}

/** The table before the pipe, where it is nothing else. */
function pipedName(node: SyntaxNode, scope: ScalarScope): string {
  const pipe = optionalPart(node, 'Parent');
  const before = pipe === undefined ? undefined : optionalPart(pipe, 'Expression');
  if (before === undefined || kindOf(before) !== 'NameReference') return 'search_arg0';
  const name = simpleName(before);
  return scope.context.schema.tables.has(name) ? name : 'search_arg0';
}

/** The tables of the `in (…)`; without it, all, and the query's own views. */
function tablesOf(node: SyntaxNode, scope: ScalarScope): Source[] {
  const clause = optionalPart(node, 'InClause');
  if (clause !== undefined) {
    const sources: Source[] = [];
    for (const expression of parts(clause, 'Expressions'))
      sources.push(...sourcesOf(expression, sources.length, false, scope));
    return sources;
  }
  const tables = [...scope.context.schema.tables.values()]
    .filter((table) => !table.legacy && scope.context.visibility.seesTable(table.name, node, scope))
    .map((table) => ({ name: table.name, rows: scanTable(table, scope.context) }));
  return [...tables, ...viewsOf(node, scope)];
}

/** The rows of each source that meet the predicate. A source that has no column it names, where it names some, has none. */
function matching(
  sources: readonly Source[],
  condition: SyntaxNode,
  sensitive: boolean,
  scope: ScalarScope,
): Source[] {
  const named = columnsNamed(condition);
  const isAnywhere = named.length === 0 || looksEverywhere(condition);
  return sources
    .filter(
      ({ rows }) =>
        isAnywhere || named.some(({ name }) => rows.columns.some((column) => column.name === name)),
    )
    .map(({ name, rows }) => {
      const padded = withMissing(rows, named, scope);
      const row = new RowScope(scope.context, padded);
      const inner = new ScalarScope(scope.context, scope.environment, row);
      const predicate = searchPredicate(condition, inner, sensitive);
      const finished = row.finish();
      return {
        name,
        rows: {
          ...rows,
          relation: relation({ kind: 'filter', input: finished.relation, predicate }),
        },
      };
    });
}

/** The rows with nulls for the columns that only other sources have. */
function withMissing(rows: Rows, named: readonly NamedColumn[], scope: ScalarScope): Rows {
  const outputs: Output[] = [];
  const columns = [...rows.columns];
  for (const { name, node } of named) {
    if (columns.some((column) => column.name === name)) continue;
    const type: KustoType = scalarType(node.ResultType) ?? 'string';
    const id = scope.context.newId();
    outputs.push({ id, sql: nullSql(type) });
    columns.push({ name, type, id, nullable: true, hidden: true });
  }
  return { ...rows, relation: extended(rows.relation, allIds(rows), outputs), columns };
}

/** `find [withsource=…] [in (tables)] where predicate [project …]`. */
export function find(node: SyntaxNode, scope: ScalarScope): Rows {
  let sourceName = 'source_';
  for (const [name, value] of namedParameters(node)) {
    if (name === 'withsource') sourceName = simpleName(value);
    else if (name !== 'datascope') throw scope.unsupported(`the parameter ${name}= here`, value);
  }
  const kept = matching(tablesOf(node, scope), part(node, 'Condition'), false, scope);
  const result = resultColumns(node, scope);
  const project = optionalPart(node, 'Project');
  const chosen = project === undefined ? [] : parts(project, 'Columns');
  const isSmart = chosen.length === 0;
  const names = new Set(result.map((column) => column.name));
  const shaped = kept.map(({ name, rows }): Source => {
    const shown = projected(rows, result, node, scope);
    // The bag holds what has no column of its own; after a `project`, everything.
    const rest = visible(rows).filter((column) => !isSmart || !names.has(column.name));
    return { name, rows: packed(shown, rest, packName(chosen, result, isSmart), scope) };
  });
  return merged(node, shaped, { isFuzzy: false, isInner: false, sourceName }, scope);
}

/** The result's column that holds the rest of the row. */
function packName(
  chosen: readonly SyntaxNode[],
  result: readonly ResultColumn[],
  isSmart: boolean,
): string | undefined {
  const index = chosen.findIndex((column) => kindOf(column) === 'PackExpression');
  if (isSmart) return result.find((column) => column.name === 'pack_')?.name;
  // The first column says the source.
  return index < 0 ? undefined : result[index + 1]?.name;
}

/** Columns as the type that the result has them in. */
function projected(rows: Rows, result: readonly ResultColumn[], node: SyntaxNode, scope: ScalarScope): Rows {
  const row = new RowScope(scope.context, rows);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const outputs: Output[] = [];
  const columns = rows.columns.map((column): Column => {
    const wanted = result.find(({ name }) => name === column.name);
    if (wanted === undefined || wanted.type === column.type) return column;
    const value = convert(columnExpr(column), wanted.type, inner, node);
    const id = scope.context.newId();
    outputs.push({ id, sql: value.sql });
    return { ...column, type: wanted.type, id, nullable: value.nullable };
  });
  const finished = row.finish();
  const ids = [...allIds(rows), ...row.collected()];
  return { ...rows, relation: extended(finished.relation, ids, outputs), columns };
}

function packed(rows: Rows, rest: readonly Column[], name: string | undefined, scope: ScalarScope): Rows {
  if (name === undefined) return rows;
  const row = new RowScope(scope.context, rows);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const pairs = rest.map(
    (column) => sql`concat(${jsonString(text(column.name))}, ':', ${elementText(columnExpr(column), inner)})`,
  );
  const bag = sql`concat('{', ${pairs.length === 0 ? sql`''` : sql`arrayStringConcat([${join(pairs)}], ',')`}, '}')`;
  const finished = row.finish();
  const id = scope.context.newId();
  const ids = [...allIds(rows), ...rest.map((column) => column.id), ...row.collected()];
  return {
    ...rows,
    relation: extended(finished.relation, ids, [{ id, sql: bag }]),
    columns: [
      ...rows.columns.filter((column) => column.name !== name),
      { name, type: 'dynamic', id, nullable: false, hidden: false },
    ],
  };
}
