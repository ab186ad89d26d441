import {
  kindOf,
  list,
  namedParameters,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  simpleName,
  symbolKind,
  unparenthesized,
} from '../../bind/syntax.ts';
import { type Fragment, sql, text } from '../../emit/fragment.ts';
import { isTextual } from '../../tree/expression.ts';
import { type Relation, relation } from '../../tree/relation.ts';
import { nullSql } from '../constants.ts';
import type { FunctionBinding } from '../environment.ts';
import { enterFunction } from '../function-call.ts';
import { lowerTabular } from '../recursion.ts';
import { type Column, columnExpr, type Rows } from '../rows.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { scanTable } from '../scan.ts';
import { type ResultColumn, resultColumns } from './rule.ts';

export interface Source {
  readonly name: string;
  readonly rows: Rows;
}

interface Options {
  /** A table that is not there counts for nothing. */
  readonly isFuzzy: boolean;
  /** Only the columns that every input has. */
  readonly isInner: boolean;
  /** The column that says which input a row came from. */
  readonly sourceName: string | undefined;
}

/** Rows of all inputs. Columns meet by name and type; where one name has several types the binder tells them apart by suffix. */
export function union(node: SyntaxNode, scope: ScalarScope, piped: Rows | undefined): Rows {
  const options = optionsOf(node, scope);
  const sources: Source[] = piped === undefined ? [] : [{ name: 'union_arg0', rows: piped }];
  for (const expression of parts(node, 'Expressions')) {
    sources.push(...sourcesOf(expression, sources.length, options.isFuzzy, scope));
  }
  if (sources.length === 0) throw scope.unsupported('a union of which no table is there', node);
  return merged(node, sources, options, scope);
}

function optionsOf(node: SyntaxNode, scope: ScalarScope): Options {
  let options: Options = { isFuzzy: false, isInner: false, sourceName: undefined };
  for (const [name, value] of namedParameters(node)) {
    const written = value.ToString().trim();
    if (name === 'kind') options = { ...options, isInner: written === 'inner' };
    else if (name === 'isfuzzy') options = { ...options, isFuzzy: written === 'true' };
    else if (name === 'withsource' || name === 'with_source')
      options = { ...options, sourceName: simpleName(value) };
    else if (!name.startsWith('hint.')) throw scope.unsupported(`the parameter ${name}= here`, value);
  }
  return options;
}

export function sourcesOf(
  expression: SyntaxNode,
  index: number,
  isFuzzy: boolean,
  scope: ScalarScope,
): Source[] {
  const inner = unparenthesized(expression);
  const kind = kindOf(inner) === 'NameReference' ? symbolKind(inner) : 'expression';
  const { visibility } = scope.context;
  // Only a fuzzy union may name a table that is not there; the binder has refused any other.
  if (isFuzzy && beginsNowhere(inner)) return [];
  if (kind === 'GroupSymbol') {
    return list(inner.ReferencedSymbol?.Members).flatMap(({ Name: name }) => {
      const view = scope.environment.find(name);
      if (view !== undefined && !visibility.sees(view, inner, scope)) return [];
      if (view?.kind === 'function') return [{ name, rows: rowsOfView(inner, view, scope) }];
      if (!visibility.seesTable(name, inner, scope)) return [];
      const table = scope.context.schema.tables.get(name);
      return table === undefined || table.legacy ? [] : [{ name, rows: scanTable(table, scope.context) }];
    });
  }
  if (kind === 'FunctionSymbol') {
    const name = inner.ReferencedSymbol?.Name ?? '';
    const view = scope.environment.find(name);
    if (view?.kind === 'function' && visibility.sees(view, inner, scope))
      return [{ name, rows: rowsOfView(inner, view, scope) }];
  }
  const named = kind === 'TableSymbol' ? (inner.ReferencedSymbol?.Name ?? '') : undefined;
  const table = named === undefined ? undefined : scope.context.schema.tables.get(named);
  if (table !== undefined && visibility.seesTable(table.name, inner, scope))
    return [{ name: table.name, rows: scanTable(table, scope.context) }];
  return [{ name: named ?? nameGivenBy(inner) ?? `union_arg${index}`, rows: lowerTabular(inner, scope) }];
}

/** The name in `… | as Name`. */
function nameGivenBy(node: SyntaxNode): string | undefined {
  const operator = kindOf(node) === 'PipeExpression' ? part(node, 'Operator') : undefined;
  return operator !== undefined && kindOf(operator) === 'AsOperator'
    ? simpleName(part(operator, 'Name'))
    : undefined;
}

/** Whether what a pipe begins with is a name of nothing. */
function beginsNowhere(node: SyntaxNode): boolean {
  let source = unparenthesized(node);
  while (kindOf(source) === 'PipeExpression') source = unparenthesized(part(source, 'Expression'));
  return kindOf(source) === 'NameReference' && symbolKind(source) === undefined;
}

/** The views that the query makes by `let … = view () { … }`: what names no table in particular looks at them as well. */
export function viewsOf(node: SyntaxNode, scope: ScalarScope): Source[] {
  const { visibility } = scope.context;
  return scope.environment
    .functions()
    .flatMap(([name, view]) =>
      optionalPart(view.declaration, 'ViewKeyword') === undefined || !visibility.sees(view, node, scope)
        ? []
        : [{ name, rows: rowsOfView(node, view, scope) }],
    );
}

/** The rows of a `let` view, under its own name or a wildcard that it falls under. */
function rowsOfView(node: SyntaxNode, view: FunctionBinding, scope: ScalarScope): Rows {
  const body = enterFunction(node, view, scope, undefined);
  return lowerTabular(part(body.node, 'Expression'), body.scope);
}

export function merged(
  node: SyntaxNode,
  sources: readonly Source[],
  options: Options,
  scope: ScalarScope,
): Rows {
  const taken = new Set(sources.flatMap(({ rows }) => rows.columns.map((column) => column.name)));
  const isTaken = (name: string) => taken.has(name);
  const columns = resultColumns(node, scope, options.isFuzzy).map(
    (column): Column & { readonly pieces: readonly Fragment[] } => {
      const id = scope.context.newId();
      if (column.name === options.sourceName) {
        const pieces = sources.map((source) => text(source.name));
        return { ...column, id, nullable: false, hidden: false, pieces };
      }
      const found = sources.map((source) => columnLike(column, source.rows, isTaken));
      const present = found.filter((piece) => piece !== undefined);
      // The binder gives kind=inner the columns of kind=outer.
      const absent = options.isInner && present.length < sources.length;
      return {
        ...column,
        id,
        nullable: !isTextual(column.type) && found.some((piece) => piece?.nullable !== false),
        hidden: absent || (present.length > 0 && present.every((piece) => piece.hidden)),
        ...(absent ? { absent } : {}),
        // The type of a null is that of the inputs that have the column.
        pieces: found.map((piece) =>
          piece !== undefined
            ? columnExpr(piece).sql
            : present.length > 0 && !isTextual(column.type)
              ? sql`NULL`
              : nullSql(column.type),
        ),
      };
    },
  );
  return {
    relation:
      sources.length === 0
        ? noRows(columns)
        : relation({
            kind: 'union',
            inputs: sources.map((source, index) => ({
              relation: source.rows.relation,
              columns: columns.map((column) => column.pieces[index] ?? nullSql(column.type)),
            })),
            ids: columns.map((column) => column.id),
          }),
    columns: columns.map(({ pieces: _, ...column }) => column),
    order: [],
  };
}

/** Nothing that was asked has such a column: the columns are there all the same. */
function noRows(columns: readonly Column[]): Relation {
  const none = relation({ kind: 'filter', input: relation({ kind: 'unit' }), predicate: sql`false` });
  return relation({
    kind: 'project',
    input: none,
    outputs: columns.map(({ id, type }) => ({ id, sql: nullSql(type) })),
  });
}

/**
 * The input's column that becomes the result's: of its name, or of its name without the type's suffix; the suffix has a number behind it where some
 * input has a column by the name with the suffix.
 */
function columnLike(
  { name, type }: ResultColumn,
  rows: Rows,
  isTaken: (name: string) => boolean,
): Column | undefined {
  const ofType = rows.columns.filter((column) => column.type === type);
  const suffixed = (column: Column) => {
    const plain = `${column.name}_${type}`;
    return isTaken(plain) ? name.startsWith(plain) && /^\d+$/.test(name.slice(plain.length)) : name === plain;
  };
  return ofType.find((column) => column.name === name) ?? ofType.find(suffixed);
}
