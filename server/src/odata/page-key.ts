/**
 * Pages by key. A page ends at a row; the next page is what comes after that row's sort values, so rows that come or go between two
 * pages neither repeat nor vanish. The token holds those values and nothing secret: whoever alters it only asks for another place in
 * rows he may read anyway. Values are bound, like those of a filter.
 */
import { ApiError } from '@merlon/contract';
import { canonicalTime, findField, type ODataField, type ODataQuery, type ODataSet } from '@merlon/odata';
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';

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
  const asked: readonly PageOrder[] =
    query.orderBy.length > 0
      ? query.orderBy
      : set.paging.orderBy.map(({ property, direction }) => ({ field: fieldOf(set, property), direction }));
  const key = fieldOf(set, set.paging.key);
  const at = asked.findIndex((order) => order.field === key);
  // What follows a key that no two rows share decides nothing.
  return at >= 0 ? asked.slice(0, at + 1) : [...asked, { field: key, direction: 'asc' }];
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
export function readPageToken(set: ODataSet, order: readonly PageOrder[], token: string): KeyValue[] {
  const read = decode(token);
  if (read === null) throw refused('this is no token that a nextLink of this set holds');
  if (read.order !== signature(set, order)) throw refused('the token belongs to another $orderby');
  const after = order.map(({ field }, at) => keyValue(field, read.after[at]));
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
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'collection':
      return undefined;
  }
}

/** What a field is sorted by: an enumeration by its place in the list, from least to most, so that High comes after Low. */
export function sortExpression(field: ODataField, column: Expression<unknown>): Expression<unknown> {
  return field.enumValues ? sql`array_position(${[...field.enumValues]}::text[], (${column})::text)` : column;
}

function sortValue(field: ODataField, value: KeyValue): RawBuilder<unknown> {
  switch (field.type) {
    case 'enum':
      return sql`${(field.enumValues ?? []).indexOf(String(value)) + 1}::int`;
    case 'datetime':
      return sql`${value}::timestamptz`;
    case 'int':
    case 'number':
      return sql`${value}::numeric`;
    case 'bool':
      return sql`${value}::boolean`;
    case 'string':
    case 'collection':
      return sql`${value}::text`;
  }
}

/** Rows after the given one. PostgreSQL sorts null as more than any value: last when ascending, first when descending. */
export function afterRow(
  order: readonly (PageOrder & { readonly expression: Expression<unknown> })[],
  values: readonly KeyValue[],
): Expression<SqlBool> {
  const ways = order.map(({ field, direction, expression }, at) => {
    const same = order.slice(0, at).map((earlier, index) => {
      const value = values[index] ?? null;
      return value === null
        ? sql<SqlBool>`${earlier.expression} is null`
        : sql<SqlBool>`${earlier.expression} = ${sortValue(earlier.field, value)}`;
    });
    const value = values[at] ?? null;
    return sql<SqlBool>`(${sql.join([...same, beyond(expression, direction, field, value)], sql` and `)})`;
  });
  return sql<SqlBool>`(${sql.join(ways, sql` or `)})`;
}

function beyond(
  expression: Expression<unknown>,
  direction: 'asc' | 'desc',
  field: ODataField,
  value: KeyValue,
): Expression<SqlBool> {
  if (value === null) return direction === 'asc' ? sql`false` : sql`${expression} is not null`;
  return direction === 'asc'
    ? sql`(${expression} > ${sortValue(field, value)} or ${expression} is null)`
    : sql`${expression} < ${sortValue(field, value)}`;
}
