/** From a client's query options to a page of rows, and back to the envelope the wire wants. */
import { ApiError } from '@merlon/contract';
import { ODataError, type ODataQuery, type ODataSet, parseQuery } from '@merlon/odata';
import { type Expression, type SqlBool, sql } from 'kysely';
import type { RouteRequest } from '../http/route.ts';
import { type SqlColumns, sqlFilter } from './sql-filter.ts';

export interface SqlPage {
  readonly where: Expression<SqlBool> | null;
  readonly orderBy: readonly { expression: Expression<unknown>; direction: 'asc' | 'desc' }[];
  readonly limit: number;
  readonly offset: number;
  readonly count: boolean;
}

type Asked = Pick<RouteRequest, 'url' | 'origin'>;

/** Throws ApiError `ODataError`, naming the option and what is wrong with it. */
export function readQuery(request: Pick<Asked, 'url'>, set: ODataSet): ODataQuery {
  const start = request.url.indexOf('?');
  try {
    return parseQuery(start < 0 ? '' : request.url.slice(start + 1), set);
  } catch (error) {
    if (error instanceof ODataError) throw new ApiError('ODataError', error.message);
    throw error;
  }
}

/** One row more than the page holds, so that the presence of a next page is known. */
export function sqlPage(query: ODataQuery, set: ODataSet, columns: SqlColumns): SqlPage {
  return {
    where: query.filter ? sqlFilter(query.filter, columns) : null,
    orderBy: query.orderBy.map(({ field, direction }) => {
      const expression = columns[field.name];
      if (!expression) throw new Error(`field ${field.name} has no column`);
      // Values of an enumeration are ordered as they are listed, from least to most: High comes after Low.
      const ordered = field.enumValues
        ? sql`array_position(${[...field.enumValues]}::text[], (${expression})::text)`
        : expression;
      return { expression: ordered, direction };
    }),
    limit: pageSize(query, set) + 1,
    offset: query.skip ?? 0,
    count: query.count,
  };
}

function pageSize(query: ODataQuery, set: ODataSet): number {
  return Math.min(query.top ?? set.maxTop, set.maxTop);
}

export function contextOf(origin: string, path: string): string {
  return `${origin}/api/$metadata#${path}`;
}

/** The collection envelope. `rows` may hold the one row too many that {@link sqlPage} asks for. */
export function collectionBody<T>(
  request: Asked,
  query: ODataQuery,
  set: ODataSet,
  contextPath: string,
  rows: readonly T[],
  total: number | null,
): object {
  const size = pageSize(query, set);
  const more = rows.length > size && query.top === undefined;
  return {
    '@odata.context': contextOf(request.origin, contextPath),
    ...(total === null ? {} : { '@odata.count': total }),
    value: rows.slice(0, size),
    ...(more ? { '@odata.nextLink': nextLink(request, (query.skip ?? 0) + size) } : {}),
  };
}

/** The same address with `$skip` moved on; every other option stays as the client wrote it. */
function nextLink({ origin, url }: Asked, skip: number): string {
  const [path = '', search = ''] = url.split('?', 2);
  const kept = search.split('&').filter((pair) => pair !== '' && !/^(?:\$|%24)skip=/i.test(pair));
  return `${origin}${path}?${[...kept, `$skip=${skip}`].join('&')}`;
}
