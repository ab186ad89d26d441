import { kindOf, part, type SyntaxNode, simpleName } from '../bind/syntax.ts';
import { isTabularNode, lowerTabular } from './recursion.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** Binds the names of `let` statements; gives the statements that are expressions, in order. */
export function lowerStatements(statements: readonly SyntaxNode[], scope: ScalarScope): SyntaxNode[] {
  const expressions: SyntaxNode[] = [];
  for (const statement of statements) {
    const kind = kindOf(statement);
    if (kind === 'LetStatement') bindLet(statement, scope);
    else if (kind === 'ExpressionStatement') expressions.push(part(statement, 'Expression'));
    // Options of a request to Kusto itself, such as `set notruncation`: limits are the server's here.
    else if (kind !== 'SetOptionStatement') {
      throw scope.unsupported(`statement ${kind.replace(/Statement$/, '').toLowerCase()}`, statement);
    }
  }
  return expressions;
}

function bindLet(statement: SyntaxNode, scope: ScalarScope): void {
  const name = simpleName(part(statement, 'Name'));
  const value = part(statement, 'Expression');
  const { environment } = scope;
  if (kindOf(value) === 'FunctionDeclaration')
    environment.bind(name, { kind: 'function', declaration: value, environment });
  else if (isTabularNode(value))
    environment.bind(name, { kind: 'tabular', lower: () => lowerTabular(value, scope) });
  else environment.bind(name, { kind: 'scalar', node: value, environment });
}
