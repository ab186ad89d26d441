import type { KustoType } from '@merlon/contract';
import { kindOf, part, parts, type SyntaxNode, scalarType, simpleName } from '../../bind/syntax.ts';
import type { Fragment } from '../../emit/fragment.ts';
import type { Constant, Expr } from '../../tree/expression.ts';
import { constantInteger, constantString } from '../constants.ts';
import { convert, toDynamic, toInt, toLong, toReal, toText } from '../convert.ts';
import { lowerScalar } from '../recursion.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { settledIfAlone } from '../settled.ts';

/** How one scalar function becomes SQL. */
export type FunctionRule = (call: Call) => Expr;

/** Rules by Kusto's name of the function. A family of functions is one such table, in the file that its name gives away. */
export type FunctionFamily = Readonly<Record<string, FunctionRule>>;

/** A call being lowered: its arguments, each lowered once and shared, and the type the binder gave the result. */
export class Call {
  readonly node: SyntaxNode;
  readonly scope: ScalarScope;
  readonly nodes: readonly SyntaxNode[];
  readonly #values = new Map<number, Expr>();

  constructor(node: SyntaxNode, scope: ScalarScope, nodes: readonly SyntaxNode[]) {
    this.node = node;
    this.scope = scope;
    this.nodes = nodes;
  }

  get count(): number {
    return this.nodes.length;
  }

  get name(): string {
    return simpleName(kindOf(this.node) === 'FunctionCallExpression' ? part(this.node, 'Name') : this.node);
  }

  /** The type of the result; `fallback` where the binder leaves it open. */
  type(fallback: KustoType = 'dynamic'): KustoType {
    return scalarType(this.node.ResultType) ?? fallback;
  }

  nodeAt(index: number): SyntaxNode {
    return this.nodes[index] ?? this.node;
  }

  /** The argument as it is. */
  value(index: number): Expr {
    const known = this.#values.get(index);
    if (known !== undefined) return known;
    const node = this.nodes[index];
    if (node === undefined)
      throw this.scope.unsupported(`function ${this.name}() with ${this.count} arguments`, this.node);
    const value = lowerScalar(node, this.scope);
    this.#values.set(index, value);
    return value;
  }

  values(from = 0): Expr[] {
    return this.nodes.slice(from).map((_, index) => this.value(from + index));
  }

  /** The argument as a String, cheap to mention repeatedly. */
  text(index: number): Fragment {
    return this.shared(toText(this.value(index), this.scope)).sql;
  }

  /** The argument as JSON text ('' for null), cheap to mention repeatedly. */
  json(index: number): Fragment {
    const value = this.value(index);
    if (value.type === 'dynamic' && value.jsonText !== undefined) return value.jsonText;
    return this.shared(toDynamic(value, this.scope)).sql;
  }

  long(index: number): Expr {
    return this.shared(toLong(this.value(index), this.scope, this.nodeAt(index)));
  }

  int(index: number): Expr {
    return this.shared(toInt(this.value(index), this.scope, this.nodeAt(index)));
  }

  real(index: number): Expr {
    return this.shared(toReal(this.value(index), this.scope, this.nodeAt(index)));
  }

  as(index: number, type: KustoType): Expr {
    return this.shared(convert(this.value(index), type, this.scope, this.nodeAt(index)));
  }

  /** A text that must be known at translation. */
  constantText(index: number, what: string): string {
    const value = this.#settledText(index);
    if (value === undefined)
      throw this.scope.unsupported(`${this.name}() with ${what} that is not a constant`, this.nodeAt(index));
    return value;
  }

  #settledText(index: number): string | undefined {
    const written = constantString(toText(this.value(index), this.scope));
    if (written !== undefined) return written;
    const value = settledIfAlone(this.nodeAt(index), this.scope);
    return value === undefined ? undefined : constantString(toText(value, this.scope));
  }

  /** The elements of an array that must be known before the query runs. */
  constantElements(index: number, what: string): readonly Constant[] {
    const value =
      this.value(index).constant === undefined
        ? settledIfAlone(this.nodeAt(index), this.scope)
        : this.value(index);
    const elements = value?.constant?.type === 'dynamic' ? value.constant.value.elements : undefined;
    if (elements === undefined)
      throw this.scope.unsupported(
        `${this.name}() with ${what} that is not a constant array`,
        this.nodeAt(index),
      );
    return elements;
  }

  constantInteger(index: number, what: string): bigint {
    const written = constantInteger(this.long(index));
    const settled = written === undefined ? settledIfAlone(this.nodeAt(index), this.scope) : undefined;
    const value = settled === undefined ? written : constantInteger(toLong(settled, this.scope, this.node));
    if (value === undefined)
      throw this.scope.unsupported(`${this.name}() with ${what} that is not a constant`, this.nodeAt(index));
    return value;
  }

  /** The type that a `typeof(…)` argument names; undefined when it was not given. */
  typeArgument(index: number): KustoType | undefined {
    const node = this.nodes[index];
    if (node === undefined) return undefined;
    const named = kindOf(node) === 'TypeOfLiteralExpression' ? parts(node, 'Types')[0] : undefined;
    const type = named === undefined ? undefined : typeNamed(named.ToString().trim());
    if (type === undefined) throw this.scope.unsupported(`${this.name}() with this type argument`, node);
    return type;
  }

  shared(value: Expr): Expr {
    return this.scope.shared(value);
  }

  convert(value: Expr, type: KustoType): Expr {
    return convert(value, type, this.scope, this.node);
  }

  refuse(what: string): never {
    throw this.scope.unsupported(`${this.name}() ${what}`, this.node);
  }
}

const typeNames: Readonly<Record<string, KustoType>> = {
  bool: 'bool',
  boolean: 'bool',
  date: 'datetime',
  decimal: 'decimal',
  datetime: 'datetime',
  double: 'real',
  dynamic: 'dynamic',
  guid: 'guid',
  int: 'int',
  long: 'long',
  real: 'real',
  string: 'string',
  time: 'timespan',
  timespan: 'timespan',
};

/** A scalar type by any of its names in KQL. */
export function typeNamed(name: string): KustoType | undefined {
  return typeNames[name.toLowerCase()];
}
