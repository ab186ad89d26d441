import type { KustoType } from '@merlon/contract';
import type { KqlErrorPlace } from '../kql-error.ts';

export interface DotnetList<T> {
  readonly Count: number;
  getItem(index: number): T;
}

export interface BoundColumn {
  readonly Name: string;
  readonly Type: BoundType;
}

export interface BoundType {
  readonly Name: string;
  readonly Columns?: DotnetList<BoundColumn> | null;
  /** Of a table: some columns are only known when it runs. */
  readonly IsOpen?: boolean;
  readonly constructor: { readonly $$fullname?: string };
}

export interface BoundSymbol {
  readonly Name: string;
  readonly Members?: DotnetList<BoundSymbol> | null;
  readonly constructor: { readonly $$fullname?: string };
}

/** A node of the bound tree. Its parts carry the names of the C# properties; {@link part} and {@link parts} read them. */
export interface SyntaxNode {
  readonly constructor: { readonly $$fullname?: string };
  readonly Kind: number;
  readonly TextStart: number;
  readonly Width: number;
  readonly ChildCount: number;
  readonly IsToken: boolean;
  readonly ReferencedSymbol?: BoundSymbol | null;
  readonly ResultType?: BoundType | null;
  readonly LiteralValue?: unknown;
  GetChild(index: number): SyntaxNode | null;
  GetCalledFunctionBody?(): SyntaxNode | null;
  ToString(): string;
  toString(): string;
}

export function list<T>(items: DotnetList<T> | null | undefined): T[] {
  if (items === null || items === undefined) return [];
  return Array.from({ length: items.Count }, (_, index) => items.getItem(index));
}

function shortName(owner: { readonly constructor: { readonly $$fullname?: string } }): string {
  const full = owner.constructor.$$fullname ?? '';
  return full
    .slice(full.lastIndexOf('.', full.includes('`') ? full.indexOf('`') : undefined) + 1)
    .replace(/`.*$/, '');
}

/** Class of the node without its namespace: `JoinOperator`. */
export function kindOf(node: SyntaxNode): string {
  return shortName(node);
}

/** Class of the symbol a name refers to, such as `ColumnSymbol`; undefined for a name that refers to nothing. */
export function symbolKind(node: SyntaxNode): string | undefined {
  const symbol = node.ReferencedSymbol;
  return symbol === null || symbol === undefined ? undefined : shortName(symbol);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'ChildCount' in value;
}

/** The named part of a node, or undefined when it was not written. */
export function optionalPart(node: SyntaxNode, name: string): SyntaxNode | undefined {
  const value: unknown = Reflect.get(node, name);
  return isNode(value) ? value : undefined;
}

/** The named part of a node, which the grammar demands. */
export function part(node: SyntaxNode, name: string): SyntaxNode {
  const value = optionalPart(node, name);
  if (value === undefined) throw new TypeError(`${kindOf(node)} has no ${name}`);
  return value;
}

/** The elements of a list part, without their separators. */
export function parts(node: SyntaxNode, name: string): SyntaxNode[] {
  const value: unknown = Reflect.get(node, name);
  if (typeof value !== 'object' || value === null || !('Count' in value)) return [];
  return list(value as DotnetList<SyntaxNode>).map((item) => {
    const element: unknown = Reflect.get(item, 'Element');
    return kindOf(item) === 'SeparatedElement' && isNode(element) ? element : item;
  });
}

/** Text of a token part, such as an operator or a keyword. */
export function tokenText(node: SyntaxNode, name: string): string {
  const value: unknown = Reflect.get(node, name);
  const text: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'Text') : undefined;
  return typeof text === 'string' ? text : '';
}

/** What a string token part says, without its quotes and escapes. */
export function tokenValue(node: SyntaxNode, name: string): string {
  const value: unknown = Reflect.get(node, name);
  const text: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'ValueText') : undefined;
  return typeof text === 'string' ? text : tokenText(node, name);
}

/** The name that a NameReference or NameDeclaration says, without brackets and quotes. */
export function simpleName(node: SyntaxNode): string {
  const value: unknown = Reflect.get(node, 'SimpleName');
  return typeof value === 'string' ? value : node.ToString();
}

/** The node within any parentheses. */
export function unparenthesized(node: SyntaxNode): SyntaxNode {
  let inner = node;
  while (kindOf(inner) === 'ParenthesizedExpression') inner = part(inner, 'Expression');
  return inner;
}

/** The statement's or operator's named parameters: `kind=inner` is `kind` -> node. */
export function namedParameters(node: SyntaxNode): Map<string, SyntaxNode> {
  return new Map(
    parts(node, 'Parameters').map((parameter) => [
      simpleName(part(parameter, 'Name')),
      part(parameter, 'Expression'),
    ]),
  );
}

const scalarTypes = new Set<string>([
  'bool',
  'datetime',
  'decimal',
  'dynamic',
  'guid',
  'int',
  'long',
  'real',
  'string',
  'timespan',
]);

/** The scalar type a bound type stands for; undefined for tables, tuples and what the binder could not tell. */
export function scalarType(type: BoundType | null | undefined): KustoType | undefined {
  const name = type?.Name;
  return name !== undefined && scalarTypes.has(name) ? (name as KustoType) : undefined;
}

export function isTabular(node: SyntaxNode): boolean {
  const type = node.ResultType;
  return type !== null && type !== undefined && shortName(type) === 'TableSymbol';
}

export function placeOf(node: SyntaxNode, offset: number): KqlErrorPlace {
  return { start: node.TextStart + offset, length: node.Width };
}

/** Sub-nodes, without tokens. */
export function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let index = 0; index < node.ChildCount; index++) {
    const child = node.GetChild(index);
    if (child !== null && !child.IsToken) found.push(child);
  }
  return found;
}
