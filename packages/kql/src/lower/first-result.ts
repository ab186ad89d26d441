import { kindOf, list, optionalPart, part, parts, type SyntaxNode, simpleName } from '../bind/syntax.ts';
import { columnRef, sql } from '../emit/fragment.ts';
import { relation } from '../tree/relation.ts';
import { Environment } from './environment.ts';
import { isTabularNode, lowerScalar, lowerTabular } from './recursion.ts';
import type { Rows } from './rows.ts';
import { RowScope, ScalarScope } from './scalar-scope.ts';
import { groupedRows } from './subtables.ts';

/**
 * A query may make several results: statements one after the other, the branches of `fork`, the tables of `facet`. An answer of the hunting API has
 * place for one, and it is the first.
 */

/** Operators that give no table that another could follow. */
export const severalResultOperators = ['consume', 'facet', 'fork'] as const;

/** What a query answers with. */
export interface QueryResult {
  readonly rows: Rows;
  /** As the binder names the visible columns. */
  readonly names: readonly string[];
  /** `consume` runs a query and gives nothing of it: no row, and no column. */
  readonly isConsumed?: true;
}

/** The result of an expression, or its first if it has several; undefined for what has none. */
export function firstResult(expression: SyntaxNode, scope: ScalarScope): QueryResult | undefined {
  if (isTabularNode(expression)) return { rows: lowerTabular(expression, scope), names: namesOf(expression) };
  if (kindOf(expression) !== 'PipeExpression') return undefined;
  const operator = part(expression, 'Operator');
  const before = () => lowerTabular(part(expression, 'Expression'), scope);
  switch (kindOf(operator)) {
    case 'ForkOperator': {
      const [branch] = parts(operator, 'Expressions');
      return branch === undefined ? undefined : branchOf(part(branch, 'Expression'), before, scope);
    }
    case 'FacetOperator': {
      const clause = optionalPart(operator, 'WithClause');
      return clause === undefined
        ? facetOf(operator, before(), scope)
        : branchOf(part(clause, 'Expression'), before, scope);
    }
    case 'ConsumeOperator':
      return { rows: consumed(before(), scope), names: [], isConsumed: true };
    default:
      return undefined;
  }
}

function namesOf(node: SyntaxNode): string[] {
  return list(node.ResultType?.Columns).map((column) => column.Name);
}

/** Operators over the rows that come to all branches. */
function branchOf(branch: SyntaxNode, before: () => Rows, scope: ScalarScope): QueryResult {
  const { environment } = scope;
  const inner = scope.inEnvironment(new Environment(environment, environment.offset, before));
  return { rows: lowerTabular(branch, inner), names: namesOf(branch) };
}

/** The values of the first column, and how many rows have each. */
function facetOf(operator: SyntaxNode, input: Rows, scope: ScalarScope): QueryResult | undefined {
  const [by] = parts(operator, 'Expressions');
  if (by === undefined) return undefined;
  const { context, environment } = scope;
  const row = new RowScope(context, input);
  const value = lowerScalar(by, new ScalarScope(context, environment, row));
  const [key, count] = [context.newId(), context.newId()];
  const name = simpleName(by);
  const grouped = groupedRows(
    row.finish(),
    [{ id: key, sql: value.sql }],
    [{ kind: 'value', id: count, sql: sql`toInt64(count())` }],
  );
  const rows: Rows = {
    ...grouped,
    columns: [
      { name, type: value.type, id: key, nullable: value.nullable, hidden: false },
      { name: `count_${name}`, type: 'long', id: count, nullable: false, hidden: false },
    ],
    order: [],
  };
  return { rows, names: rows.columns.map((column) => column.name) };
}

/** Every row read, and none left. */
function consumed(input: Rows, scope: ScalarScope): Rows {
  const id = scope.context.newId();
  const counted = relation({
    kind: 'aggregate',
    input: input.relation,
    keys: [],
    outputs: [{ kind: 'value', id, sql: sql`toInt64(count())` }],
  });
  return {
    relation: relation({ kind: 'filter', input: counted, predicate: sql`${columnRef(id)} < 0` }),
    columns: [{ name: 'Count', type: 'long', id, nullable: false, hidden: false }],
    order: [],
  };
}
