/**
 * `$filter` text -> {@link FilterNode}. Recursive descent, loosest first:
 *
 *     or       := and { "or" and }
 *     and      := relation { "and" relation }
 *     relation := unary [ ( "eq" | "ne" | "gt" | "ge" | "lt" | "le" ) unary | "in" list ]
 *     unary    := "not" unary | "(" or ")" | function "(" or { "," or } ")" | path | literal
 *     path     := name [ "/" name ] [ "/" ( "any" | "all" ) "(" [ name ":" or ] ")" ]
 *     list     := "(" literal { "," literal } ")" | "[" literal { "," literal } "]"
 *
 * Keywords, functions and properties are matched without regard to case, as the real service does.
 */
import {
  type CallNode,
  type ComparisonOperator,
  type FilterNode,
  type LiteralNode,
  type PropertyNode,
  type ValueFunction,
  type ValueNode,
  valueType,
} from './filter-node.ts';
import { type Token, tokenize } from './filter-tokens.ts';
import { canonicalTime } from './iso-time.ts';
import { ODataError, shown } from './odata-error.ts';
import { findField, type ODataField, type ODataItems, type ODataSet, type ScalarType } from './odata-set.ts';

export const FILTER_LIMITS = {
  /** Characters. */
  length: 8192,
  /** Parentheses, `not`, functions and lambdas inside one another. */
  depth: 50,
  /** Values of one `in`. */
  options: 1_000,
  /** Comparisons, functions and the like that `and` and `or` join, in all. */
  operands: 1_000,
} as const;

const OPTION = '$filter';
/** Narrow, so that a visitor may make an SQL alias of it and two names stay two. */
const VARIABLE = /^[a-z_][a-z0-9_]{0,31}$/i;
const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);
const RESERVED: ReadonlySet<string> = new Set([...COMPARISONS, 'and', 'or', 'in']);
const MATCHES: ReadonlySet<string> = new Set(['contains', 'startswith', 'endswith']);
type ArgumentType = 'string' | 'int' | 'datetime';

interface CallShape {
  readonly type: CallNode['type'];
  readonly args: readonly ArgumentType[];
  /** How many of the last arguments may be left out. */
  readonly optional?: number;
}

const datePart: CallShape = { type: 'int', args: ['datetime'] };
const CALLS: Readonly<Record<ValueFunction, CallShape>> = {
  tolower: { type: 'string', args: ['string'] },
  toupper: { type: 'string', args: ['string'] },
  trim: { type: 'string', args: ['string'] },
  concat: { type: 'string', args: ['string', 'string'] },
  substring: { type: 'string', args: ['string', 'int', 'int'], optional: 1 },
  length: { type: 'int', args: ['string'] },
  indexof: { type: 'int', args: ['string', 'string'] },
  date: { type: 'datetime', args: ['datetime'] },
  year: datePart,
  month: datePart,
  day: datePart,
  hour: datePart,
  minute: datePart,
  second: datePart,
};
const MATCH_SHAPE = { args: ['string', 'string'] } as const;

function isValueFunction(name: string): name is ValueFunction {
  return Object.hasOwn(CALLS, name);
}

const argumentNames: Readonly<Record<ArgumentType, string>> = {
  string: 'text',
  int: 'an integer',
  datetime: 'a date-time',
};

/** What stands between operators. `word` is a name that is no property: an enumeration value, if its counterpart says so. */
type Operand = { readonly at: number } & (
  | { readonly kind: 'condition'; readonly node: FilterNode }
  | { readonly kind: 'value'; readonly node: ValueNode }
  | { readonly kind: 'word'; readonly text: string }
);

type Value = { readonly at: number; readonly node: ValueNode };

const typeNames: Readonly<Record<ReturnType<typeof valueType>, string>> = {
  string: 'text',
  datetime: 'a date-time',
  int: 'an integer',
  number: 'a number',
  bool: 'true or false',
  enum: 'an enumeration',
  collection: 'a collection',
  null: 'null',
};

/**
 * @param now what `now()` means; the same throughout one filter.
 * @throws ODataError for anything the grammar, the set or the limits do not allow.
 */
export function parseFilter(text: string, set: ODataSet, now = new Date()): FilterNode {
  if (text.length > FILTER_LIMITS.length) {
    throw new ODataError(OPTION, `the filter is longer than ${FILTER_LIMITS.length} characters`);
  }
  return new FilterParser(tokenize(OPTION, text), set, now).parse();
}

class FilterParser {
  private readonly tokens: readonly Token[];
  private readonly set: ODataSet;
  private readonly now: Date;
  private next = 0;
  private depth = 0;
  private operands = 0;
  /** Lambda variables in scope. */
  private readonly variables = new Map<string, ODataItems>();

  constructor(tokens: readonly Token[], set: ODataSet, now: Date) {
    this.tokens = tokens;
    this.set = set;
    this.now = now;
  }

  parse(): FilterNode {
    const node = this.condition(this.or());
    if (this.token.kind !== 'end') throw this.unexpected('the end, "and" or "or"');
    return node;
  }

  // Reading tokens

  private get token(): Token {
    // The last token is `end`, and nothing reads past it.
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] as Token;
  }

  private isSign(text: string): boolean {
    return this.token.kind === 'sign' && this.token.text === text;
  }

  private isWord(text: string): boolean {
    return this.token.kind === 'name' && this.token.text.toLowerCase() === text;
  }

  private sign(text: string): void {
    if (!this.isSign(text)) throw this.unexpected(`"${text}"`);
    this.next++;
  }

  private unexpected(expected: string): ODataError {
    const found = this.token.kind === 'end' ? 'the end' : shown(this.token.text);
    return this.error(`expected ${expected}, found ${found}`, this.token.at);
  }

  private error(problem: string, position: number, property?: string): ODataError {
    return new ODataError(OPTION, problem, property === undefined ? { position } : { position, property });
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > FILTER_LIMITS.depth) {
      throw this.error(`the filter is nested more than ${FILTER_LIMITS.depth} deep`, this.token.at);
    }
    const result = parse();
    this.depth--;
    return result;
  }

  // Grammar

  private or(): Operand {
    return this.chain('or', () => this.chain('and', () => this.relation()));
  }

  private chain(kind: 'and' | 'or', parse: () => Operand): Operand {
    const first = parse();
    if (!this.isWord(kind)) return first;
    const operands = [this.condition(first)];
    while (this.isWord(kind)) {
      if (++this.operands > FILTER_LIMITS.operands) {
        throw this.error(`the filter joins more than ${FILTER_LIMITS.operands} conditions`, this.token.at);
      }
      this.next++;
      operands.push(this.condition(parse()));
    }
    return { kind: 'condition', at: first.at, node: { kind, operands } };
  }

  private relation(): Operand {
    const left = this.unary();
    if (this.token.kind !== 'name') return left;
    const at = this.token.at;
    const word = this.token.text.toLowerCase();
    if (word === 'in') {
      this.next++;
      return { kind: 'condition', at, node: this.membership(left) };
    }
    if (!COMPARISONS.has(word)) return left;
    this.next++;
    return {
      kind: 'condition',
      at,
      node: this.comparison(word as ComparisonOperator, at, left, this.unary()),
    };
  }

  private unary(): Operand {
    const at = this.token.at;
    if (this.isWord('not')) {
      this.next++;
      const operand = this.nested(() => this.unary());
      if (operand.kind !== 'condition' && !(operand.kind === 'value' && valueType(operand.node) === 'bool')) {
        throw this.error('"not" takes a condition: put the comparison in parentheses', at);
      }
      return { kind: 'condition', at, node: { kind: 'not', operand: this.condition(operand) } };
    }
    if (this.isSign('(')) {
      this.next++;
      const inner = this.nested(() => this.or());
      this.sign(')');
      return inner;
    }
    if (this.token.kind === 'name') return this.named(this.token.text, at);
    return this.literal();
  }

  private named(name: string, at: number): Operand {
    const lower = name.toLowerCase();
    if (RESERVED.has(lower)) throw this.unexpected('a property, a value or a function');
    this.next++;
    if (this.isSign('(')) return this.call(lower, name, at);
    if (this.isSign('/')) return this.path(name, at);
    const variable = this.variables.get(name);
    if (variable) {
      if ('fields' in variable) throw this.error(`${shown(name)} has properties: write ${name}/…`, at, name);
      return { kind: 'value', at, node: { kind: 'variable', name, ...variable } };
    }
    const field = findField(this.set.fields, name);
    if (field) return { kind: 'value', at, node: this.property(null, field, name, at) };
    if (lower === 'true' || lower === 'false') {
      return { kind: 'value', at, node: { kind: 'literal', type: 'bool', value: lower === 'true' } };
    }
    if (lower === 'null') return { kind: 'value', at, node: { kind: 'literal', type: 'null', value: null } };
    return { kind: 'word', at, text: name };
  }

  private property(of: string | null, field: ODataField, written: string, at: number): PropertyNode {
    if (!field.filterable) throw this.error(`${shown(written)} cannot be filtered by`, at, written);
    return { kind: 'property', of, field };
  }

  /** After the first name; a `/` follows. */
  private path(first: string, at: number): Operand {
    const scope = this.variables.get(first);
    let of: string | null = null;
    let written = first;
    let field: ODataField | undefined;
    if (scope) {
      of = first;
      if (!('fields' in scope)) throw this.error(`${shown(first)} has no properties`, at, first);
      this.sign('/');
      const name = this.name('a property');
      written = `${first}/${name}`;
      field = findField(scope.fields, name);
    } else {
      field = this.complexField(first);
      if (field) written = field.name;
      else field = findField(this.set.fields, first);
    }
    if (!field) throw this.unknown(written, at);
    const property = this.property(of, field, written, at);
    if (!this.isSign('/')) return { kind: 'value', at, node: property };
    this.sign('/');
    const quantifierAt = this.token.at;
    const quantifier = this.name('"any" or "all"').toLowerCase();
    if (field.type !== 'collection') throw this.error(`${shown(written)} is no collection`, at, written);
    if (quantifier !== 'any' && quantifier !== 'all') {
      throw this.error(`expected "any" or "all" after ${shown(written)}`, quantifierAt, written);
    }
    return { kind: 'condition', at, node: this.lambda(quantifier, property, quantifierAt) };
  }

  /** A member of a complex property, which the set declares under its path: `vmMetadata/vmId`. */
  private complexField(first: string): ODataField | undefined {
    const member = this.tokens[this.next + 1];
    if (member?.kind !== 'name') return undefined;
    const field = findField(this.set.fields, `${first}/${member.text}`);
    if (field) this.next += 2;
    return field;
  }

  private lambda(kind: 'any' | 'all', collection: PropertyNode, at: number): FilterNode {
    this.sign('(');
    if (this.isSign(')')) {
      if (kind === 'all') throw this.error('"all" needs a condition', at);
      this.next++;
      return { kind, collection, variable: '', condition: null };
    }
    const variableAt = this.token.at;
    const variable = this.name('the name of a variable');
    if (!VARIABLE.test(variable)) {
      throw this.error(`${shown(variable)} is no name of a variable: use letters, digits and _`, variableAt);
    }
    if (this.variables.has(variable)) throw this.error(`${shown(variable)} is taken already`, variableAt);
    this.sign(':');
    this.variables.set(variable, collection.field.items ?? { type: 'string' });
    const condition = this.nested(() => this.condition(this.or()));
    this.variables.delete(variable);
    this.sign(')');
    return { kind, collection, variable, condition };
  }

  private name(expected: string): string {
    if (this.token.kind !== 'name') throw this.unexpected(expected);
    const { text } = this.token;
    this.next++;
    return text;
  }

  private call(name: string, written: string, at: number): Operand {
    const isMatch = MATCHES.has(name);
    const spec = isValueFunction(name) ? CALLS[name] : undefined;
    if (name === 'now') return this.present(at);
    if (!isMatch && !spec) throw this.error(`the function ${shown(written)} is not supported`, at);
    const shape: Pick<CallShape, 'args' | 'optional'> = spec ?? MATCH_SHAPE;
    const least = shape.args.length - (shape.optional ?? 0);
    const arity = () => {
      const most = shape.args.length;
      const plural = most === 1 ? 'argument' : 'arguments';
      return this.error(`${written} takes ${least === most ? most : `${least} or ${most}`} ${plural}`, at);
    };
    this.sign('(');
    const args: ValueNode[] = [];
    do {
      if (args.length > 0) this.sign(',');
      const wanted = shape.args[args.length];
      if (wanted === undefined) throw arity();
      const arg = this.value(this.nested(() => this.or()));
      const type = valueType(arg.node);
      if (type !== wanted && type !== 'null') {
        const problem = `${written} takes ${argumentNames[wanted]}, not ${typeNames[type]}`;
        throw this.error(problem, arg.at, propertyName(arg.node));
      }
      args.push(arg.node);
    } while (this.isSign(','));
    this.sign(')');
    const [text, part] = args;
    if (args.length < least) throw arity();
    if (isValueFunction(name)) {
      return { kind: 'value', at, node: { kind: 'call', name, type: CALLS[name].type, args } };
    }
    if (!text || !part) throw arity();
    return { kind: 'condition', at, node: { kind: 'match', function: name as 'contains', text, part } };
  }

  private present(at: number): Operand {
    this.sign('(');
    this.sign(')');
    return { kind: 'value', at, node: this.time(this.now.toISOString(), at) };
  }

  private literal(): Operand {
    const token = this.token;
    const { at } = token;
    switch (token.kind) {
      case 'string':
        this.next++;
        return this.quoted(token.text, token.prefix, at);
      case 'guid':
        this.next++;
        return { kind: 'value', at, node: { kind: 'literal', type: 'string', value: token.text } };
      case 'time':
        this.next++;
        return { kind: 'value', at, node: this.time(token.text, at) };
      case 'number':
        this.next++;
        return { kind: 'value', at, node: this.number(token.text, at) };
      case 'name':
      case 'sign':
      case 'end':
        throw this.unexpected('a property, a value or a function');
    }
  }

  /** A quoted text, plain or with the type in front that older clients write. */
  private quoted(text: string, prefix: string, at: number): Operand {
    const type = prefix.toLowerCase();
    if (type === 'datetime' || type === 'datetimeoffset')
      return { kind: 'value', at, node: this.time(text, at) };
    if (type.includes('.')) return { kind: 'word', at, text };
    if (type !== '' && type !== 'guid') throw this.error(`${shown(prefix)} is no type of a literal`, at);
    return { kind: 'value', at, node: { kind: 'literal', type: 'string', value: text } };
  }

  private time(text: string, at: number): LiteralNode {
    const value = canonicalTime(text);
    if (value === null) throw this.error(`${shown(text)} is no date-time`, at);
    return { kind: 'literal', type: 'datetime', value };
  }

  private number(text: string, at: number): LiteralNode {
    // Adding zero turns -0 into 0.
    const value = Number(text) + 0;
    if (Number.isSafeInteger(value)) return { kind: 'literal', type: 'int', value };
    if (!Number.isFinite(value) || Number.isInteger(value))
      throw this.error(`${shown(text)} is too large`, at);
    return { kind: 'literal', type: 'number', value };
  }

  // Meaning

  private unknown(name: string, at: number): ODataError {
    return this.error(`${shown(name)} is no property of ${this.set.name}`, at, name);
  }

  private condition(operand: Operand): FilterNode {
    if (operand.kind === 'condition') return operand.node;
    const { at, node } = this.value(operand);
    const type = valueType(node);
    if (type !== 'bool')
      throw this.error(`expected a condition, found ${typeNames[type]}`, at, propertyName(node));
    return { kind: 'truth', value: node };
  }

  private value(operand: Operand): Value {
    if (operand.kind === 'word') throw this.unknown(operand.text, operand.at);
    if (operand.kind === 'condition') throw this.error('expected a value, found a condition', operand.at);
    return operand;
  }

  private comparison(operator: ComparisonOperator, at: number, left: Operand, right: Operand): FilterNode {
    const flag = this.comparedWithFlag(operator, left, right) ?? this.comparedWithFlag(operator, right, left);
    if (flag) return flag;
    const a = this.asType(left, right);
    const b = this.asType(right, left);
    const [typeA, typeB] = [valueType(a.node), valueType(b.node)];
    for (const { at, node } of [a, b]) {
      if (valueType(node) === 'collection') {
        throw this.error('a collection is not compared as a whole: use any or all', at, propertyName(node));
      }
    }
    if (!comparable(typeA, typeB)) {
      const name = propertyName(a.node) ?? propertyName(b.node);
      throw this.error(`${typeNames[typeA]} cannot be compared with ${typeNames[typeB]}`, b.at, name);
    }
    const isOrdering = operator !== 'eq' && operator !== 'ne';
    for (const { node } of [a, b]) {
      const type = valueType(node);
      if (isOrdering && (type === 'bool' || type === 'enum')) {
        throw this.error(`"${operator}" has no meaning for ${typeNames[type]}`, at, propertyName(node));
      }
    }
    return { kind: 'compare', operator, left: a.node, right: b.node };
  }

  /** `contains(…) eq true` and the like. */
  private comparedWithFlag(operator: ComparisonOperator, side: Operand, flag: Operand): FilterNode | null {
    if (side.kind !== 'condition' || flag.kind !== 'value') return null;
    if (flag.node.kind !== 'literal' || flag.node.type !== 'bool') return null;
    if (operator !== 'eq' && operator !== 'ne') return null;
    const is: FilterNode = { kind: 'is', condition: side.node, value: flag.node.value };
    return operator === 'eq' ? is : { kind: 'not', operand: is };
  }

  private membership(left: Operand): FilterNode {
    const value = this.value(left);
    const type = valueType(value.node);
    if (type === 'collection') {
      throw this.error(
        'a collection is not compared as a whole: use any or all',
        value.at,
        propertyName(value.node),
      );
    }
    const close = this.isSign('[') ? ']' : ')';
    this.sign(close === ']' ? '[' : '(');
    const options: LiteralNode[] = [];
    do {
      if (options.length > 0) this.sign(',');
      if (options.length === FILTER_LIMITS.options) {
        throw this.error(`"in" takes at most ${FILTER_LIMITS.options} values`, this.token.at);
      }
      const option = this.asType(this.unary(), left);
      const optionType = valueType(option.node);
      if (option.node.kind !== 'literal') throw this.error('"in" takes literal values', option.at);
      if (!comparable(type, optionType)) {
        const problem = `${typeNames[type]} cannot be compared with ${typeNames[optionType]}`;
        throw this.error(problem, option.at, propertyName(value.node));
      }
      options.push(option.node);
    } while (this.isSign(','));
    this.sign(close);
    return { kind: 'in', value: value.node, options };
  }

  /** Reads a text or a word as the type of its counterpart, where that is an enumeration or a date-time. */
  private asType(operand: Operand, counterpart: Operand): Value {
    const other = counterpart.kind === 'value' ? counterpart.node : null;
    const text = operandText(operand);
    if (other === null || text === null) return this.value(operand);
    const type = valueType(other);
    if (type === 'datetime' && operand.kind === 'value')
      return { at: operand.at, node: this.time(text, operand.at) };
    if (type !== 'enum') return this.value(operand);
    const values = enumValues(other);
    const value = values.find((v) => v.toLowerCase() === text.toLowerCase());
    if (value === undefined) {
      const problem = `${shown(text)} is none of ${values.join(', ')}`;
      throw this.error(problem, operand.at, propertyName(other));
    }
    return { at: operand.at, node: { kind: 'literal', type: 'enum', value } };
  }
}

function operandText(operand: Operand): string | null {
  if (operand.kind === 'word') return operand.text;
  if (operand.kind === 'condition') return null;
  return operand.node.kind === 'literal' && operand.node.type === 'string' ? operand.node.value : null;
}

function enumValues(node: ValueNode): readonly string[] {
  if (node.kind === 'property') return node.field.enumValues ?? [];
  return node.kind === 'variable' ? (node.enumValues ?? []) : [];
}

function propertyName(node: ValueNode): string | undefined {
  if (node.kind === 'property') return node.of === null ? node.field.name : `${node.of}/${node.field.name}`;
  return node.kind === 'variable' ? node.name : undefined;
}

function comparable(a: ScalarType | 'collection' | 'null', b: ScalarType | 'collection' | 'null'): boolean {
  const isNumeric = (type: string) => type === 'int' || type === 'number';
  return a === b || a === 'null' || b === 'null' || (isNumeric(a) && isNumeric(b));
}
