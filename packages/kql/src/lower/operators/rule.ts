import type { KustoType } from '@merlon/contract';
import { type BoundColumn, list, type SyntaxNode, scalarType } from '../../bind/syntax.ts';
import type { Rows } from '../rows.ts';
import type { ScalarScope } from '../scalar-scope.ts';

/** A tabular operator being lowered. */
export interface OperatorCall {
  readonly node: SyntaxNode;
  readonly input: Rows;
  /** Names in sight; it has no row yet. */
  readonly scope: ScalarScope;
  /** The input lowered once more, with fresh column numbers: for an operator that uses it twice. */
  readonly again: () => Rows;
  /** The operators right behind it that are `where`. */
  readonly filters: readonly SyntaxNode[];
}

export type OperatorRule = (call: OperatorCall) => Rows;

export interface ResultColumn {
  readonly name: string;
  readonly type: KustoType;
}

/**
 * The columns the binder gives the operator's result. They are never derived here. `tolerant`: the columns it cannot know are those of a table
 * that is not there.
 */
export function resultColumns(node: SyntaxNode, scope: ScalarScope, tolerant = false): ResultColumn[] {
  const type = node.ResultType;
  if (type === null || type === undefined || (type.IsOpen === true && !tolerant)) {
    throw scope.unsupported('a result whose columns are only known when it runs', node);
  }
  return list(type.Columns).map((column: BoundColumn) => {
    const known = scalarType(column.Type);
    if (known === undefined)
      throw scope.unsupported(`a column '${column.Name}' of type ${column.Type.Name}`, node);
    return { name: column.Name, type: known };
  });
}
