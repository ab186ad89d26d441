import {
  kindOf,
  list,
  namedParameters,
  parts,
  type SyntaxNode,
  simpleName,
  symbolKind,
  unparenthesized,
} from '../../bind/syntax.ts';
import { type Fragment, text } from '../../emit/fragment.ts';
import { relation } from '../../tree/relation.ts';
import { nullSql } from '../constants.ts';
import { lowerTabular } from '../recursion.ts';
import { type Column, columnExpr, type Rows } from '../rows.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { scanTable } from '../scan.ts';
import { type ResultColumn, resultColumns } from './rule.ts';

interface Source {
  readonly name: string;
  readonly rows: Rows;
}

/** Rows of all inputs. Columns meet by name and type; where one name has several types the binder tells them apart by suffix. */
export function union(node: SyntaxNode, scope: ScalarScope, piped: Rows | undefined): Rows {
  const parameters = namedParameters(node);
  for (const [name, value] of parameters) {
    const known =
      name === 'kind' ||
      name === 'withsource' ||
      name === 'with_source' ||
      name === 'isfuzzy' ||
      name.startsWith('hint.');
    if (!known) throw scope.unsupported(`the parameter ${name}= here`, value);
  }
  const isFuzzy = parameters.get('isfuzzy')?.ToString().trim() === 'true';
  const sources: Source[] = piped === undefined ? [] : [{ name: 'union_arg0', rows: piped }];
  for (const expression of parts(node, 'Expressions'))
    sources.push(...sourcesOf(expression, sources.length, isFuzzy, scope));
  const sourceName = parameters.get('withsource') ?? parameters.get('with_source');
  return merged(node, sources, sourceName === undefined ? undefined : simpleName(sourceName), isFuzzy, scope);
}

function sourcesOf(expression: SyntaxNode, index: number, isFuzzy: boolean, scope: ScalarScope): Source[] {
  const inner = unparenthesized(expression);
  const kind = kindOf(inner) === 'NameReference' ? symbolKind(inner) : 'expression';
  // Only a fuzzy union may name a table that is not there; the binder has refused any other.
  if (kind === undefined && isFuzzy) return [];
  if (kind === 'GroupSymbol') {
    return list(inner.ReferencedSymbol?.Members).flatMap(({ Name: name }) => {
      const table = scope.context.schema.tables.get(name);
      return table === undefined || table.legacy ? [] : [{ name, rows: scanTable(table, scope.context) }];
    });
  }
  const named = kind === 'TableSymbol' ? (inner.ReferencedSymbol?.Name ?? '') : undefined;
  const table = named === undefined ? undefined : scope.context.schema.tables.get(named);
  if (table !== undefined) return [{ name: table.name, rows: scanTable(table, scope.context) }];
  return [{ name: named ?? `union_arg${index}`, rows: lowerTabular(inner, scope) }];
}

function merged(
  node: SyntaxNode,
  sources: readonly Source[],
  sourceName: string | undefined,
  isFuzzy: boolean,
  scope: ScalarScope,
): Rows {
  const columns = resultColumns(node, scope, isFuzzy).map(
    (column): Column & { readonly pieces: readonly Fragment[] } => {
      const id = scope.context.newId();
      if (column.name === sourceName) {
        return {
          ...column,
          id,
          nullable: false,
          hidden: false,
          pieces: sources.map((source) => text(source.name)),
        };
      }
      const found = sources.map((source) => columnLike(column, source.rows));
      return {
        ...column,
        id,
        nullable: found.some((piece) => piece?.nullable !== false),
        hidden:
          found.some((piece) => piece !== undefined) &&
          found.every((piece) => piece === undefined || piece.hidden),
        pieces: found.map((piece) => (piece === undefined ? nullSql(column.type) : columnExpr(piece).sql)),
      };
    },
  );
  return {
    relation: relation({
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

/** The input's column that becomes the result's: of its name, or of its name without the type's suffix. */
function columnLike({ name, type }: ResultColumn, rows: Rows): Column | undefined {
  const ofType = rows.columns.filter((column) => column.type === type);
  return (
    ofType.find((column) => column.name === name) ??
    ofType.find((column) => `${column.name}_${type}` === name)
  );
}
