/** What a `$filter` means. Names are resolved, types checked, literals read: whoever walks it need not check anything again. */
import type { ODataField, ScalarType } from './odata-set.ts';

export type ComparisonOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
export type MatchFunction = 'contains' | 'startswith' | 'endswith';
export type DatePart = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';
export type ValueFunction =
  | 'tolower'
  | 'toupper'
  | 'trim'
  | 'concat'
  | 'substring'
  | 'length'
  | 'indexof'
  /** The day a date-time falls on, in UTC: its midnight. */
  | 'date'
  | DatePart;

/** `datetime` values are canonical ISO text, `enum` values spelled as the set spells them. */
export type LiteralNode =
  | { readonly kind: 'literal'; readonly type: 'string' | 'datetime' | 'enum'; readonly value: string }
  | { readonly kind: 'literal'; readonly type: 'int' | 'number'; readonly value: number }
  | { readonly kind: 'literal'; readonly type: 'bool'; readonly value: boolean }
  | { readonly kind: 'literal'; readonly type: 'null'; readonly value: null };

/** A property of the entity (`of` null), or of the item a lambda variable stands for. */
export interface PropertyNode {
  readonly kind: 'property';
  readonly of: string | null;
  readonly field: ODataField;
}

/** The item a lambda variable stands for, where items are plain values. */
export interface VariableNode {
  readonly kind: 'variable';
  readonly name: string;
  readonly type: ScalarType;
  readonly enumValues?: readonly string[];
}

export interface CallNode {
  readonly kind: 'call';
  readonly name: ValueFunction;
  readonly type: 'string' | 'int' | 'datetime';
  readonly args: readonly ValueNode[];
}

export type ValueNode = LiteralNode | PropertyNode | VariableNode | CallNode;

export interface CompareNode {
  readonly kind: 'compare';
  readonly operator: ComparisonOperator;
  readonly left: ValueNode;
  readonly right: ValueNode;
}

export interface InNode {
  readonly kind: 'in';
  readonly value: ValueNode;
  readonly options: readonly LiteralNode[];
}

export interface LambdaNode {
  readonly kind: 'any' | 'all';
  readonly collection: PropertyNode;
  /** ASCII letters, digits and `_`, at most 32; unique among the lambdas around it. Empty for `any()`. */
  readonly variable: string;
  /** Null for `any()`, which asks whether there is any item; never for `all`. */
  readonly condition: FilterNode | null;
}

/**
 * Null, as OData has it: `eq` and `ne` treat null as a value; `gt ge lt le` with null are false; `in` is a chain of `eq`; functions of
 * null are null; a condition that is null does not select; `not`, `and`, `or` are three-valued.
 */
export type FilterNode =
  | { readonly kind: 'and' | 'or'; readonly operands: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly operand: FilterNode }
  | CompareNode
  | InNode
  | {
      readonly kind: 'match';
      readonly function: MatchFunction;
      readonly text: ValueNode;
      readonly part: ValueNode;
    }
  | LambdaNode
  /** Whether a condition is true, or false; of a condition that is null it is neither. From `contains(…) eq true`. */
  | { readonly kind: 'is'; readonly condition: FilterNode; readonly value: boolean }
  /** A bool value that stands alone. */
  | { readonly kind: 'truth'; readonly value: ValueNode };

/** Null literals have type `null`, which goes with every type. */
export function valueType(node: ValueNode): ScalarType | 'collection' | 'null' {
  return node.kind === 'property' ? node.field.type : node.type;
}

/**
 * One method a kind of node; `C` is what a condition becomes, `V` what a value becomes. Meant for SQL: a method gets its parts already
 * turned. Mind the rules for null on {@link FilterNode}: in SQL `eq` is `is not distinct from`, and an ordering is `a < b and a is not null and b is not null`.
 */
export interface FilterVisitor<C, V> {
  and(operands: readonly C[]): C;
  or(operands: readonly C[]): C;
  not(operand: C): C;
  compare(operator: ComparisonOperator, left: V, right: V, node: CompareNode): C;
  in(value: V, options: readonly V[], node: InNode): C;
  match(name: MatchFunction, text: V, part: V): C;
  any(collection: V, variable: string, condition: C | null, node: LambdaNode): C;
  all(collection: V, variable: string, condition: C, node: LambdaNode): C;
  is(condition: C, value: boolean): C;
  truth(value: V): C;
  property(node: PropertyNode): V;
  variable(node: VariableNode): V;
  literal(node: LiteralNode): V;
  call(name: ValueFunction, args: readonly V[]): V;
}

export function foldValue<C, V>(node: ValueNode, visitor: FilterVisitor<C, V>): V {
  switch (node.kind) {
    case 'property':
      return visitor.property(node);
    case 'variable':
      return visitor.variable(node);
    case 'literal':
      return visitor.literal(node);
    case 'call':
      return visitor.call(
        node.name,
        node.args.map((arg) => foldValue(arg, visitor)),
      );
  }
}

/** Turns a filter bottom-up. Depth is bounded by the parser, so recursion is safe. */
export function foldFilter<C, V>(node: FilterNode, visitor: FilterVisitor<C, V>): C {
  switch (node.kind) {
    case 'and':
      return visitor.and(node.operands.map((operand) => foldFilter(operand, visitor)));
    case 'or':
      return visitor.or(node.operands.map((operand) => foldFilter(operand, visitor)));
    case 'not':
      return visitor.not(foldFilter(node.operand, visitor));
    case 'compare':
      return visitor.compare(
        node.operator,
        foldValue(node.left, visitor),
        foldValue(node.right, visitor),
        node,
      );
    case 'in':
      return visitor.in(
        foldValue(node.value, visitor),
        node.options.map((option) => visitor.literal(option)),
        node,
      );
    case 'match':
      return visitor.match(node.function, foldValue(node.text, visitor), foldValue(node.part, visitor));
    case 'any':
    case 'all': {
      const collection = visitor.property(node.collection);
      const condition = node.condition && foldFilter(node.condition, visitor);
      return node.kind === 'all' && condition !== null
        ? visitor.all(collection, node.variable, condition, node)
        : visitor.any(collection, node.variable, condition, node);
    }
    case 'is':
      return visitor.is(foldFilter(node.condition, visitor), node.value);
    case 'truth':
      return visitor.truth(foldValue(node.value, visitor));
  }
}
