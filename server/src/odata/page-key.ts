/**
 * Pages by key. A page ends at a row; the next page is what comes after that row's sort values, so rows that come or go between two
 * pages neither repeat nor vanish. The token holds those values and nothing secret: whoever alters it only asks for another place in
 * rows he may read anyway. Values are bound, like those of a filter.
 */
import { ApiError } from '@merlon/contract';
import {
  canonicalTime,
  type FilterNode,
  findField,
  type ODataField,
  type ODataQuery,
  type ODataSet,
} from '@merlon/odata';
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { isKeyColumn, type KeyColumn } from './sql-filter.ts';

export interface PageOrder {
  readonly field: ODataField;
  readonly direction: 'asc' | 'desc';
}

type KeyValue = string | number | boolean | null;

/** Characters of a token; the sort values of a row are texts of a few hundred. */
const TOKEN_LENGTH = 8_192;

/** What the client asked for, or the order of the set, always ended by its key; null for a set without such pages. */
export function pageOrder(query: ODataQuery, set: ODataSet): readonly PageOrder[] | null {
  if (!set.paging) return null;
  const asked = query.orderBy.length > 0 ? query.orderBy : unaskedOrder(query, set, set.paging);
  const key = fieldOf(set, set.paging.key);
  const at = asked.findIndex((order) => order.field === key);
  // What follows a key that no two rows share decides nothing.
  return at >= 0 ? asked.slice(0, at + 1) : [...asked, { field: key, direction: 'asc' }];
}

function unaskedOrder(
  { filter, top }: ODataQuery,
  set: ODataSet,
  { orderBy, changedAt }: NonNullable<ODataSet['paging']>,
): readonly PageOrder[] {
  if (top === undefined && changedAt !== undefined && filter && beginsAfter(filter, changedAt))
    return [{ field: fieldOf(set, changedAt), direction: 'asc' }];
  return orderBy.map(({ property, direction }) => ({ field: fieldOf(set, property), direction }));
}

/** Whether the filter leaves only rows that have a later value of the property than some time. */
function beginsAfter(filter: FilterNode, property: string): boolean {
  if (filter.kind === 'and') return filter.operands.some((part) => beginsAfter(part, property));
  if (filter.kind !== 'compare') return false;
  const { operator, left, right } = filter;
  const bounded = operator === 'gt' || operator === 'ge' ? left : right;
  return (
    ['gt', 'ge', 'lt', 'le'].includes(operator) &&
    bounded.kind === 'property' &&
    bounded.of === null &&
    bounded.field.name === property
  );
}

function fieldOf(set: ODataSet, name: string): ODataField {
  const field = findField(set.fields, name);
  if (!field) throw new Error(`${set.name} has no field ${name} to page by`);
  return field;
}

/** The order a token belongs to: under another one its values mean nothing. */
function signature(set: ODataSet, order: readonly PageOrder[]): string {
  return [set.name, ...order.map(({ field, direction }) => `${field.name} ${direction}`)].join(',');
}

export function pageToken(
  set: ODataSet,
  order: readonly PageOrder[],
  row: Readonly<Record<string, unknown>>,
): string {
  const after = order.map(({ field }) => keyValue(field, row[field.name] ?? null));
  if (after.includes(undefined)) throw new Error(`a row of ${set.name} has a value that cannot be paged by`);
  return Buffer.from(JSON.stringify({ order: signature(set, order), after })).toString('base64url');
}

/** @throws ApiError `ODataError` for anything that is no token of this set and order. */
export function readPageToken(set: ODataSet, order: readonly SqlOrder[], token: string): KeyValue[] {
  const read = decode(token);
  if (read === null) throw refused('this is no token that a nextLink of this set holds');
  if (read.order !== signature(set, order)) throw refused('the token belongs to another $orderby');
  const after = order.map(({ field, key }, at) => {
    const value = keyValue(field, read.after[at]);
    return key && !(typeof value === 'string' && key.pattern.test(value)) ? undefined : value;
  });
  const known = after.filter((value) => value !== undefined);
  if (known.length !== order.length || read.after.length !== order.length) {
    throw refused('this is no token that a nextLink of this set holds');
  }
  return known;
}

function refused(problem: string): ApiError {
  return new ApiError('ODataError', `$skiptoken: ${problem}`);
}

function decode(token: string): { order: unknown; after: unknown[] } | null {
  if (token.length > TOKEN_LENGTH) return null;
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof read !== 'object' || read === null || !('order' in read) || !('after' in read)) return null;
    return Array.isArray(read.after) ? { order: read.order, after: read.after } : null;
  } catch {
    return null;
  }
}

/** The value as its field's type; undefined where it is none. */
function keyValue(field: ODataField, value: unknown): KeyValue | undefined {
  if (value === null) return null;
  switch (field.type) {
    case 'string':
      return typeof value === 'string' && !value.includes('\0') ? value : undefined;
    case 'enum':
      return typeof value === 'string' && field.enumValues?.includes(value) ? value : undefined;
    case 'datetime':
      return typeof value === 'string' ? (canonicalTime(value) ?? undefined) : undefined;
    case 'int':
      return Number.isSafeInteger(value) ? Number(value) : undefined;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'collection':
      return undefined;
  }
}

/** What rows are sorted by, in SQL. */
export interface SqlOrder extends PageOrder {
  readonly expression: Expression<unknown>;
  readonly key: KeyColumn | null;
}

/** An enumeration is sorted by its place in the list, from least to most, so that High comes after Low. */
export function sqlOrder(order: PageOrder, column: RawBuilder<unknown> | KeyColumn): SqlOrder {
  if (isKeyColumn(column)) return { ...order, expression: column.column, key: column };
  const { enumValues } = order.field;
  const expression = enumValues ? sql`array_position(${[...enumValues]}::text[], (${column})::text)` : column;
  return { ...order, expression, key: null };
}

function sortValue({ field, key }: SqlOrder, value: KeyValue): RawBuilder<unknown> {
  if (key) return sql`${value}::${key.type}`;
  switch (field.type) {
    case 'enum':
      return sql`${(field.enumValues ?? []).indexOf(String(value)) + 1}::int`;
    case 'datetime':
      return sql`${value}::timestamptz`;
    case 'int':
      return sql`${value}::bigint`;
    case 'number':
      return sql`${value}::numeric`;
    case 'bool':
      return sql`${value}::boolean`;
    case 'string':
    case 'collection':
      return sql`${value}::text`;
  }
}

/**
 * Rows after the given one. PostgreSQL sorts null as more than any value: last when ascending, first when descending. The ways to come after
 * it are alternatives, which no index answers; the bound before them, which follows from all of them, is one that an index does.
 */
export function afterRow(orders: readonly SqlOrder[], values: readonly KeyValue[]): Expression<SqlBool> {
  const ways = orders.map((order, at) => {
    const same = orders.slice(0, at).map((earlier, index) => {
      const value = values[index] ?? null;
      return value === null
        ? sql<SqlBool>`${earlier.expression} is null`
        : sql<SqlBool>`${earlier.expression} = ${sortValue(earlier, value)}`;
    });
    return sql<SqlBool>`(${sql.join([...same, beyond(order, values[at] ?? null)], sql` and `)})`;
  });
  const after = sql<SqlBool>`(${sql.join(ways, sql` or `)})`;
  const bound = leadingBound(orders[0], values[0] ?? null);
  return bound ? sql<SqlBool>`(${bound} and ${after})` : after;
}

function leadingBound(order: SqlOrder | undefined, value: KeyValue): RawBuilder<SqlBool> | null {
  if (!order || value === null) return null;
  if (order.direction === 'desc') return sql`${order.expression} <= ${sortValue(order, value)}`;
  return order.field.nullable === false ? sql`${order.expression} >= ${sortValue(order, value)}` : null;
}

function beyond(order: SqlOrder, value: KeyValue): Expression<SqlBool> {
  const { expression, direction, field } = order;
  if (value === null) return direction === 'asc' ? sql`false` : sql`${expression} is not null`;
  const next = sortValue(order, value);
  if (direction === 'desc') return sql`${expression} < ${next}`;
  return field.nullable === false
    ? sql`${expression} > ${next}`
    : sql`(${expression} > ${next} or ${expression} is null)`;
}
