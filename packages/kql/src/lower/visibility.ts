import { kindOf, part, parts, placeOf, type SyntaxNode, simpleName } from '../bind/syntax.ts';
import type { Binding } from './environment.ts';
import { quoteRegex } from './regex.ts';
import type { ScalarScope } from './scalar-scope.ts';

interface Restriction {
  /** Offset in the text from which on it holds: what stands before, such as the body of a view, still sees everything. */
  readonly from: number;
  readonly tables: ReadonlySet<string>;
  readonly hidden: ReadonlySet<Binding>;
}

/** What `restrict access to (…)` leaves the rest of a query to see: listed tables and names, and whatever is made after it. */
export class Visibility {
  readonly #restrictions: Restriction[] = [];

  /** From the end of this statement on, the query has the names that it lists. */
  restrict(statement: SyntaxNode, scope: ScalarScope): void {
    const entities = parts(statement, 'Expressions');
    const ofDatabase = entities
      .map((node) => matcherOf(node, true))
      .filter((matcher) => matcher !== undefined);
    const ofQuery = entities.map((node) => matcherOf(node, false)).filter((matcher) => matcher !== undefined);
    const { start, length } = placeOf(statement, scope.environment.offset);
    this.#restrictions.push({
      from: start + length,
      tables: new Set(
        [...scope.context.schema.tables.keys()].filter((name) => ofDatabase.some((matches) => matches(name))),
      ),
      hidden: new Set(
        [...scope.environment.entries()]
          .filter(([name, { kind }]) => isEntity(kind) && !ofQuery.some((matches) => matches(name)))
          .map(([, binding]) => binding),
      ),
    });
  }

  seesTable(name: string, node: SyntaxNode, scope: ScalarScope): boolean {
    return this.#at(node, scope).every(({ tables }) => tables.has(name));
  }

  sees(binding: Binding, node: SyntaxNode, scope: ScalarScope): boolean {
    return this.#at(node, scope).every(({ hidden }) => !hidden.has(binding));
  }

  #at(node: SyntaxNode, scope: ScalarScope): Restriction[] {
    if (this.#restrictions.length === 0) return [];
    const { start } = placeOf(node, scope.environment.offset);
    return this.#restrictions.filter(({ from }) => start >= from);
  }
}

/** Scalar values of `let` are no entities. */
function isEntity(kind: Binding['kind']): boolean {
  return kind === 'tabular' || kind === 'function' || kind === 'pattern';
}

/**
 * Tests the names that an entity of the list stands for. A wildcard by itself stands for names of the query; after `database().`, for tables.
 * A plain name is one of either.
 */
function matcherOf(node: SyntaxNode, isOfDatabase: boolean): ((name: string) => boolean) | undefined {
  const isPath = kindOf(node) === 'PathExpression';
  const written = simpleName(isPath ? part(node, 'Selector') : node);
  const isWild = written.includes('*');
  if (isPath ? !isOfDatabase : isWild && isOfDatabase) return undefined;
  if (!isWild) return (name) => name === written;
  const pattern = new RegExp(`^${written.split('*').map(quoteRegex).join('.*')}$`);
  return (name) => pattern.test(name);
}
