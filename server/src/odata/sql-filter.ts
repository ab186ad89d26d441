/**
 * Turns a checked `$filter` into a SQL condition. Values are always bound; names come from the set's own column table. Null follows OData,
 * not SQL: `eq` and `ne` treat null as a value, an ordering with null is false.
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
} from '@merlon/odata';
import { type RawBuilder, sql } from 'kysely';

type Value = RawBuilder<unknown>;
type Condition = RawBuilder<boolean>;

/** SQL of each filterable or sortable field, by its name on the wire. Collections are SQL arrays: of plain values, or of jsonb. */
export type SqlColumns = Readonly<Record<string, Value>>;

export function sqlFilter(filter: FilterNode, columns: SqlColumns): Condition {
  return sql<boolean>`coalesce(${foldFilter(filter, visitorFor(columns))}, false)`;
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
    return column;
  };
  return {
    and: (operands) => sql`(${sql.join(operands, sql` and `)})`,
    or: (operands) => sql`(${sql.join(operands, sql` or `)})`,
    not: (operand) => sql`(not ${operand})`,
    compare: (operator, left, right) => {
      if (operator === 'eq') return sql`(${left} is not distinct from ${right})`;
      if (operator === 'ne') return sql`(${left} is distinct from ${right})`;
      return sql`coalesce(${left} ${ORDERINGS[operator]} ${right}, false)`;
    },
    in: (value, options) => {
      const same = options.map((option) => sql<boolean>`${value} is not distinct from ${option}`);
      return same.length === 0 ? sql`false` : sql`(${sql.join(same, sql` or `)})`;
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

function literal(node: LiteralNode): Value {
  switch (node.type) {
    case 'null':
      return sql`null`;
    case 'datetime':
      return sql`${node.value}::timestamptz`;
    case 'int':
    case 'number':
      return sql`${node.value}::numeric`;
    case 'bool':
      return sql`${node.value}::boolean`;
    case 'string':
    case 'enum':
      return sql`${node.value}::text`;
  }
}

/** Case decides nothing here: the service compares names of devices and people without it. */
function match(name: MatchFunction, text: Value, part: Value): Condition {
  switch (name) {
    case 'contains':
      return sql`(position(lower(${part}) in lower(${text})) > 0)`;
    case 'startswith':
      return sql`starts_with(lower(${text}), lower(${part}))`;
    case 'endswith':
      return sql`(right(lower(${text}), length(${part})) = lower(${part}))`;
  }
}

/** No text is longer; beyond it the engine's integers would overflow. Null stays null. */
const FARTHEST = 1_000_000;

function place(value: Value): Value {
  return sql`(case when ${value} < 0 then 0 when ${value} > ${FARTHEST} then ${FARTHEST} else ${value} end)::int`;
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
