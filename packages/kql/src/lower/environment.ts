import type { SyntaxNode } from '../bind/syntax.ts';
import type { Expr } from '../tree/expression.ts';
import type { Rows } from './rows.ts';
import type { RowScope } from './scalar-scope.ts';

/** What a name of `let`, `as` or a parameter stands for. A tabular one is lowered anew at each use, so that its columns get fresh numbers. */
export type Binding =
  | {
      readonly kind: 'scalar';
      readonly node: SyntaxNode;
      readonly environment: Environment;
      /** For an argument: the row its columns are of. It is lowered where it is used, which must be in the same row if it has any. */
      readonly row?: RowScope;
    }
  | { readonly kind: 'value'; readonly value: Expr }
  /** `step.column` in a scan. */
  | { readonly kind: 'fields'; readonly field: (name: string) => Expr | undefined }
  | { readonly kind: 'tabular'; readonly lower: () => Rows }
  | { readonly kind: 'function'; readonly declaration: SyntaxNode; readonly environment: Environment }
  /** Without a declaration it maps nothing. */
  | {
      readonly kind: 'pattern';
      readonly declaration: SyntaxNode | undefined;
      readonly environment: Environment;
    };

export type FunctionBinding = Extract<Binding, { kind: 'function' }>;
export type PatternBinding = Extract<Binding, { kind: 'pattern' }>;

/** Names in sight, innermost first. */
export class Environment {
  readonly #parent: Environment | null;
  readonly #bindings = new Map<string, Binding>();
  /** What to add to a node's position to get its place in the query text: bodies of functions are bound as texts of their own. */
  readonly offset: number;
  /** In a sub-query that begins with an operator: the rows that go into it. */
  readonly source: (() => Rows) | undefined;

  constructor(parent: Environment | null, offset: number, source?: () => Rows) {
    this.#parent = parent;
    this.offset = offset;
    this.source = source;
  }

  /** Outside of every function: an expression here has one value. */
  get isOutermost(): boolean {
    return this.#parent === null;
  }

  bind(name: string, binding: Binding): void {
    this.#bindings.set(name, binding);
  }

  find(name: string): Binding | undefined {
    return this.#bindings.get(name) ?? this.#parent?.find(name);
  }

  /** All names in sight, an inner one in place of an outer. */
  entries(): Map<string, Binding> {
    const found = this.#parent?.entries() ?? new Map<string, Binding>();
    for (const [name, binding] of this.#bindings) found.set(name, binding);
    return found;
  }

  functions(): [name: string, binding: FunctionBinding][] {
    return [...this.entries()].flatMap(([name, binding]): [string, FunctionBinding][] =>
      binding.kind === 'function' ? [[name, binding]] : [],
    );
  }
}
