/** A filter as a function over plain objects, keyed by the names of the wire. Sets the standard for what a filter means. */
import {
  type ComparisonOperator,
  type DatePart,
  type FilterNode,
  type FilterVisitor,
  foldFilter,
  type MatchFunction,
  type ValueFunction,
} from './filter-node.ts';
import { canonicalTime } from './iso-time.ts';
import { lower, upper } from './letter-case.ts';
import type { ODataItems, ScalarType } from './odata-set.ts';

type Entity = Readonly<Record<string, unknown>>;

interface Scope {
  readonly entity: Entity;
  readonly variables: ReadonlyMap<string, unknown>;
}

type Scalar = string | number | boolean | null;
/** Null: neither true nor false. */
type Condition = (scope: Scope) => boolean | null;
type Value = (scope: Scope) => unknown;

function isEntity(value: unknown): value is Entity {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(owner: unknown, name: string): unknown {
  return isEntity(owner) && Object.hasOwn(owner, name) ? owner[name] : null;
}

/** What the store holds, as the type says; anything else counts as null. */
function read(value: unknown, type: ScalarType): Scalar {
  switch (type) {
    case 'string':
    case 'enum':
      return typeof value === 'string' ? value : null;
    case 'datetime':
      return typeof value === 'string' ? canonicalTime(value) : null;
    case 'int':
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'bool':
      return typeof value === 'boolean' ? value : null;
  }
}

function readItem(value: unknown, items: ODataItems): unknown {
  return 'fields' in items ? value : read(value, items.type);
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function compare(operator: ComparisonOperator, a: unknown, b: unknown): boolean {
  if (operator === 'eq') return a === b;
  if (operator === 'ne') return a !== b;
  const bothNumbers = typeof a === 'number' && typeof b === 'number';
  const bothTexts = typeof a === 'string' && typeof b === 'string';
  if (!bothNumbers && !bothTexts) return false;
  switch (operator) {
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
  }
}

/** Case decides nothing here: the service compares names of devices and people without it. */
const matches: Readonly<Record<MatchFunction, (text: string, part: string) => boolean>> = {
  contains: (text, part) => text.includes(part),
  startswith: (text, part) => text.startsWith(part),
  endswith: (text, part) => text.endsWith(part),
};

/** Three-valued: `decisive` wins over null, null over the rest. */
function join(operands: readonly Condition[], decisive: boolean): Condition {
  return (scope) => {
    let result: boolean | null = !decisive;
    for (const operand of operands) {
      const value = operand(scope);
      if (value === decisive) return decisive;
      if (value === null) result = null;
    }
    return result;
  };
}

/** `any` is `or` over the items, `all` is `and`. */
function overItems(collection: Value, variable: string, condition: Condition, decisive: boolean): Condition {
  return (scope) => {
    const items = collection(scope);
    if (!Array.isArray(items)) return !decisive;
    const perItem = items.map((item): Condition => {
      const variables = new Map(scope.variables).set(variable, item);
      return () => condition({ entity: scope.entity, variables });
    });
    return join(perItem, decisive)(scope);
  };
}

const compiler: FilterVisitor<Condition, Value> = {
  and: (operands) => join(operands, false),
  or: (operands) => join(operands, true),
  not: (operand) => (scope) => {
    const value = operand(scope);
    return value === null ? null : !value;
  },
  compare: (operator, left, right) => (scope) => compare(operator, left(scope), right(scope)),
  in: (value, options) => (scope) => {
    const sought = value(scope);
    return options.some((option) => option(scope) === sought);
  },
  match: (name, whole, part) => (scope) => {
    const [a, b] = [text(whole(scope)), text(part(scope))];
    return a === null || b === null ? null : matches[name](lower(a), lower(b));
  },
  any: (collection, variable, condition) =>
    condition === null
      ? (scope) => {
          const items = collection(scope);
          return Array.isArray(items) && items.length > 0;
        }
      : overItems(collection, variable, condition, true),
  all: (collection, variable, condition) => overItems(collection, variable, condition, false),
  is: (condition, value) => (scope) => condition(scope) === value,
  truth: (value) => (scope) => {
    const flag = value(scope);
    return typeof flag === 'boolean' ? flag : null;
  },
  property: ({ of, field }) => {
    const items = field.items ?? { type: 'string' };
    return (scope) => {
      const owner = of === null ? scope.entity : scope.variables.get(of);
      const value = field.name.split('/').reduce(member, owner);
      if (field.type !== 'collection') return read(value, field.type);
      return Array.isArray(value) ? value.map((item) => readItem(item, items)) : null;
    };
  },
  variable:
    ({ name }) =>
    (scope) =>
      scope.variables.get(name),
  literal:
    ({ value }) =>
    () =>
      value,
  call: (name, args) => (scope) => {
    const values = args.map((arg) => arg(scope));
    if (values.some((value) => value === null || value === undefined)) return null;
    const [first, second] = values.map(text);
    return typeof first === 'string' ? call(name, first, second ?? '', values.slice(1)) : null;
  },
};

/** Where each part stands in a canonical date-time. */
const dateParts: Readonly<Record<DatePart, readonly [from: number, to: number]>> = {
  year: [0, 4],
  month: [5, 7],
  day: [8, 10],
  hour: [11, 13],
  minute: [14, 16],
  second: [17, 19],
};

function call(name: ValueFunction, first: string, second: string, rest: readonly unknown[]): string | number {
  switch (name) {
    case 'tolower':
      return lower(first);
    case 'toupper':
      return upper(first);
    case 'trim':
      return first.replace(/^ +| +$/g, '');
    case 'concat':
      return first + second;
    case 'substring': {
      const [from = 0, count = first.length] = rest.map(Number);
      const start = Math.max(from, 0);
      return [...first].slice(start, start + Math.max(count, 0)).join('');
    }
    case 'length':
      return [...first].length;
    case 'indexof': {
      const at = first.indexOf(second);
      return at < 0 ? at : [...first.slice(0, at)].length;
    }
    case 'date':
      return `${first.slice(0, 10)}T00:00:00.0000000Z`;
    default:
      return Number(first.slice(...dateParts[name]));
  }
}

/** Whether an entity is selected. Lengths and places in text count characters (code points), as stores do. */
export function compilePredicate(node: FilterNode): (entity: Entity) => boolean {
  const condition = foldFilter(node, compiler);
  return (entity) => condition({ entity, variables: new Map() }) === true;
}
