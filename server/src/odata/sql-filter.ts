/**
 * Turns a checked `$filter` into a SQL condition. Values are always bound; names come from the set's own column table. Null follows OData,
 * not SQL: `eq` and `ne` treat null as a value, an ordering with null is false. Comparisons keep the bare `column = value` that an index
 * answers, with `is not null` beside it, which is false where OData is and SQL would be null.
 */
import {
  type ComparisonOperator,
  type FilterNode,
  type FilterVisitor,
  foldFilter,
  type LiteralNode,
  type MatchFunction,
  type ODataField,
  type PropertyNode,
  type ValueFunction,
  type ValueNode,
} from '@merlon/odata';
import { type RawBuilder, sql } from 'kysely';

type Value = RawBuilder<unknown>;
type Condition = RawBuilder<boolean>;

/** SQL of each filterable or sortable field, by its name on the wire. Collections are SQL arrays: of plain values, or of jsonb. */
export type SqlColumns = Readonly<Record<string, Value | KeyColumn>>;

/**
 * A column of ids whose SQL type is not text. Filters see its text; where an id is asked for as a whole, and where pages are found by it, the
 * column itself is compared, so that its index serves.
 */
export interface KeyColumn {
  readonly column: Value;
  readonly type: Value;
  /** How every id is written: what is written otherwise is none of them. */
  readonly pattern: RegExp;
}

export function guidColumn(column: Value): KeyColumn {
  return { column, type: sql`uuid`, pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ };
}

export function deviceIdColumn(column: Value): KeyColumn {
  return { column, type: sql`bpchar`, pattern: /^[0-9a-f]{40}$/ };
}

export function isKeyColumn(column: Value | KeyColumn): column is KeyColumn {
  return 'pattern' in column;
}

/** For a `where`, which takes null as false: anything around it would hide its parts from the indexes. */
export function sqlFilter(filter: FilterNode, columns: SqlColumns): Condition {
  return foldFilter(filter, visitorFor(columns));
}

const ORDERINGS: Readonly<Record<Exclude<ComparisonOperator, 'eq' | 'ne'>, Condition>> = {
  gt: sql`>`,
  ge: sql`>=`,
  lt: sql`<`,
  le: sql`<=`,
};

function visitorFor(columns: SqlColumns): FilterVisitor<Condition, Value> {
  const property = (node: PropertyNode): Value => {
    if (node.of !== null) return itemMember(node.of, node.field);
    const column = columns[node.field.name];
    if (!column) throw new Error(`field ${node.field.name} has no column`);
    return isKeyColumn(column) ? sql`(${column.column})::text` : column;
  };
  const keyOf = (node: ValueNode): KeyColumn | null => {
    const column = node.kind === 'property' && node.of === null ? columns[node.field.name] : undefined;
    return column && isKeyColumn(column) ? column : null;
  };
  return {
    and: (operands) => sql`(${sql.join(operands, sql` and `)})`,
    or: (operands) => sql`(${sql.join(operands, sql` or `)})`,
    not: (operand) => sql`(not ${operand})`,
    compare: (operator, left, right, node) => {
      const key = operator === 'eq' ? keyOf(node.left) : null;
      return key && node.right.kind === 'literal'
        ? amongKeys(key, [node.right])
        : compare(operator, left, right, node.left, node.right);
    },
    in: (value, _options, node) => {
      const key = keyOf(node.value);
      return key ? amongKeys(key, node.options) : among(value, node.options);
    },
    match: (name, text, part) => match(name, text, part),
    any: (collection, variable, condition) =>
      condition === null
        ? sql`coalesce(cardinality(${collection}) > 0, false)`
        : sql`(select case when bool_or(holds) then true when count(*) > count(holds) then null else false end from (select ${condition} as holds from unnest(${collection}) as ${item(variable)}) as items)`,
    all: (collection, variable, condition) =>
      sql`(select case when not bool_and(holds) then false when count(*) > count(holds) then null else true end from (select ${condition} as holds from unnest(${collection}) as ${item(variable)}) as items)`,
    is: (condition, value) => (value ? sql`(${condition} is true)` : sql`(${condition} is false)`),
    truth: (value) => sql`(${value})`,
    property,
    variable: (node) => sql`${sql.ref(`${alias(node.name)}.value`)}`,
    literal,
    call: (name, args) => call(name, args),
  };
}

/** What is never null needs no `is not null`. */
function present(value: Value, node: ValueNode): Condition[] {
  return node.kind === 'literal' && node.type !== 'null' ? [] : [sql`${value} is not null`];
}

function compare(
  operator: ComparisonOperator,
  left: Value,
  right: Value,
  leftNode: ValueNode,
  rightNode: ValueNode,
): Condition {
  if (isBetweenMicroseconds(leftNode)) return beside(FLIPPED[operator], right, left);
  if (isBetweenMicroseconds(rightNode)) return beside(operator, left, right);
  const nulls = [...present(left, leftNode), ...present(right, rightNode)];
  if (operator === 'ne') return sql`(${left} is distinct from ${right})`;
  if (operator !== 'eq')
    return sql`(${sql.join([sql`${left} ${ORDERINGS[operator]} ${right}`, ...nulls], sql` and `)})`;
  // Two values that may both be null are equal then.
  if (nulls.length > 1) return sql`(${left} is not distinct from ${right})`;
  return sql`(${sql.join([sql`${left} = ${right}`, ...nulls], sql` and `)})`;
}

const FLIPPED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
};

/** Clients write times in steps of 100 ns, the store keeps microseconds. */
function isBetweenMicroseconds(node: ValueNode): boolean {
  return node.kind === 'literal' && node.type === 'datetime' && node.value.at(-2) !== '0';
}

/** A stored time against one between two microseconds, of which `below` is the lower. */
function beside(operator: ComparisonOperator, value: Value, below: Value): Condition {
  switch (operator) {
    case 'eq':
      return sql`false`;
    case 'ne':
      return sql`true`;
    case 'gt':
    case 'ge':
      return sql`(${value} > ${below} and ${value} is not null)`;
    case 'lt':
    case 'le':
      return sql`(${value} <= ${below} and ${value} is not null)`;
  }
}

function among(value: Value, options: readonly LiteralNode[]): Condition {
  const known = options.filter((option) => option.type !== 'null' && !isBetweenMicroseconds(option));
  const [first] = known;
  const isNull = options.some(({ type }) => type === 'null') ? sql<boolean>`${value} is null` : null;
  if (!first) return isNull ?? sql`false`;
  const type = known.some((option) => option.type === 'number') ? sql`numeric` : SQL_TYPES[first.type];
  const listed = sql<boolean>`${value} = any(${known.map((option) => option.value)}::${type}[])`;
  return isNull ? sql`(${listed} or ${isNull})` : sql`(${listed} and ${value} is not null)`;
}

function amongKeys({ column, type, pattern }: KeyColumn, options: readonly LiteralNode[]): Condition {
  const known = options.flatMap(({ value }) =>
    typeof value === 'string' && pattern.test(value) ? [value] : [],
  );
  const isNull = options.some((option) => option.type === 'null') ? sql<boolean>`${column} is null` : null;
  const [first] = known;
  if (first === undefined) return isNull ?? sql`false`;
  const listed =
    known.length === 1 ? sql`${column} = ${first}::${type}` : sql`${column} = any(${known}::${type}[])`;
  return isNull ? sql`(${listed} or ${isNull})` : sql`(${listed} and ${column} is not null)`;
}

/** Lambda variables are the client's words: they become aliases only under a prefix, quoted. */
function alias(variable: string): string {
  return `item_${variable.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
}

function item(variable: string): Value {
  return sql`${sql.id(alias(variable))}(value)`;
}

/** A member of a jsonb item, by its name on the wire. */
function itemMember(variable: string, field: ODataField): Value {
  const member = sql`(${sql.ref(`${alias(variable)}.value`)} ->> ${field.name}::text)`;
  switch (field.type) {
    case 'datetime':
      return sql`${member}::timestamptz`;
    case 'int':
    case 'number':
      return sql`${member}::numeric`;
    case 'bool':
      return sql`${member}::boolean`;
    case 'string':
    case 'enum':
      return member;
    case 'collection':
      throw new Error(`field ${field.name}: items hold no collections`);
  }
}

/** An integer is a bigint, so that an index on a column of integers serves it. */
const SQL_TYPES: Readonly<Record<LiteralNode['type'], Value>> = {
  null: sql`text`,
  datetime: sql`timestamptz`,
  int: sql`bigint`,
  number: sql`numeric`,
  bool: sql`boolean`,
  string: sql`text`,
  enum: sql`text`,
};

function literal(node: LiteralNode): Value {
  if (node.type === 'null') return sql`null`;
  // The engine would round the seventh digit up.
  const value = node.type === 'datetime' ? node.value.replace(/\dZ$/, 'Z') : node.value;
  return sql`${value}::${SQL_TYPES[node.type]}`;
}

/** Case decides nothing here: the service compares names of devices and people without it. */
function match(name: MatchFunction, text: Value, part: Value): Condition {
  switch (name) {
    case 'contains':
      return sql`(position(lower(${part}) in lower(${text})) > 0)`;
    case 'startswith':
      return sql`starts_with(lower(${text}), lower(${part}))`;
    case 'endswith':
      return sql`(right(lower(${text}), length(lower(${part}))) = lower(${part}))`;
  }
}

/** No text is longer; beyond it the engine's integers would overflow. Null stays null. */
const FARTHEST = 1_000_000;

/** Names its value once, behind a fence: written out several times it would double with each function inside another. */
function place(value: Value): Value {
  return sql`(select least(greatest(place, 0), ${FARTHEST})::int from (select (${value})::numeric as place offset 0) as places where place is not null)`;
}

function call(name: ValueFunction, args: readonly Value[]): Value {
  const [first = sql`null`, second = sql`null`, third] = args;
  const time = sql`(${first})::timestamptz`;
  switch (name) {
    case 'tolower':
      return sql`lower(${first})`;
    case 'toupper':
      return sql`upper(${first})`;
    case 'trim':
      return sql`trim(both ' ' from ${first})`;
    case 'concat':
      return sql`((${first})::text || (${second})::text)`;
    case 'substring': {
      const rest = sql`substr((${first})::text, ${place(second)} + 1)`;
      return third ? sql`left(${rest}, ${place(third)})` : rest;
    }
    case 'date':
      return sql`date_trunc('day', ${time}, 'UTC')`;
    case 'second':
      return sql`floor(extract(second from ${time} at time zone 'UTC'))`;
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'minute':
      return sql`extract(${sql.raw(name)} from ${time} at time zone 'UTC')`;
    case 'length':
      return sql`length(${first})`;
    case 'indexof':
      return sql`(position(${second} in ${first}) - 1)`;
  }
}
