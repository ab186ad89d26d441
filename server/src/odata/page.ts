/** From a client's query options to a page of rows, and back to the envelope the wire wants. */
import { Readable } from 'node:stream';
import { ApiError } from '@merlon/contract';
import { applyQuery, ODataError, type ODataQuery, type ODataSet, parseQuery } from '@merlon/odata';
import { type Expression, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Reply, RouteRequest } from '../http/route.ts';
import { afterRow, pageOrder, pageToken, readPageToken, sqlOrder } from './page-key.ts';
import { type SqlColumns, sqlFilter } from './sql-filter.ts';

export interface SqlPage {
  readonly where: Expression<SqlBool> | null;
  /** Where a page begins that is found by its key: narrows the rows, never their `$count`. */
  readonly after?: Expression<SqlBool> | null;
  readonly orderBy: readonly { expression: Expression<unknown>; direction: 'asc' | 'desc' }[];
  readonly limit: number;
  readonly offset: number;
  readonly count: boolean;
}

/** The rows of a page, out of all that fit its conditions. */
export function paged<DB, T extends keyof DB, O>(
  rows: SelectQueryBuilder<DB, T, O>,
  { after, orderBy, limit, offset }: SqlPage,
): SelectQueryBuilder<DB, T, O> {
  let page = rows.limit(limit).offset(offset);
  if (after) page = page.where(after);
  for (const { expression, direction } of orderBy) page = page.orderBy(expression as never, direction);
  return page;
}

/** How many there are without the bounds of the page; null where nobody asked. `matching` selects nothing yet. */
export async function totalOf<DB, T extends keyof DB>(
  matching: SelectQueryBuilder<DB, T, NonNullable<unknown>>,
  { count }: SqlPage,
): Promise<number | null> {
  if (!count) return null;
  const row = await matching.select(sql<string>`count(*)`.as('n')).executeTakeFirstOrThrow();
  // Of a table that only the caller knows, the compiler cannot work out the names.
  return Number((row as { readonly n: string }).n);
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
  const byKey = pageOrder(query, set);
  const orderBy = (byKey ?? query.orderBy).map((order) => {
    const column = columns[order.field.name];
    if (!column) throw new Error(`field ${order.field.name} has no column`);
    return sqlOrder(order, column);
  });
  const { skipToken } = query;
  return {
    where: query.filter ? sqlFilter(query.filter, columns) : null,
    after:
      byKey && skipToken !== undefined ? afterRow(orderBy, readPageToken(set, orderBy, skipToken)) : null,
    orderBy,
    limit: pageSize(query, set) + 1,
    offset: query.skip,
    count: query.count,
  };
}

function pageSize(query: ODataQuery, set: ODataSet): number {
  return Math.min(query.top ?? set.maxTop, set.maxTop);
}

/** Entities that are read and written at once: a larger page leaves in such pieces, so that its size costs no memory. */
const PIECE = 500;

/**
 * The answer of a collection route. `read` gives the entities of a page of rows, which may be one of many pieces.
 * @throws ApiError `ODataError`, naming the option and what is wrong with it
 */
export async function collectionReply<T extends object>(
  request: Asked,
  { set, columns, context }: { set: ODataSet; columns: SqlColumns; context: string },
  read: (page: SqlPage, query: ODataQuery) => Promise<{ entities: readonly T[]; total: number | null }>,
): Promise<Reply> {
  const query = readQuery(request, set);
  const size = pageSize(query, set);
  const inPieces = set.paging !== undefined && size > PIECE;
  const byKey = pageOrder(query, set) ?? [];
  // Pieces stand in the order of the whole, which a piece's own number must not decide.
  const asked = inPieces ? { ...query, top: PIECE, orderBy: byKey } : query;
  const first = await read(sqlPage(asked, set, columns), query);
  if (!inPieces || first.entities.length <= PIECE)
    return {
      status: 200,
      body: collectionBody(request, query, set, context, first.entities, first.total),
    };
  const following = async (last: object, wanted: number) => {
    const skipToken = pageToken(set, byKey, { ...last });
    const page = sqlPage(
      { ...query, top: wanted, orderBy: byKey, skip: 0, skipToken, count: false },
      set,
      columns,
    );
    return (await read(page, query)).entities;
  };
  async function* text(): AsyncGenerator<string> {
    const head = {
      '@odata.context': contextOf(request.origin, context),
      ...(first.total === null ? {} : { '@odata.count': first.total }),
    };
    yield `${JSON.stringify(head).slice(0, -1)},"value":[`;
    let found = first.entities;
    let wanted = PIECE;
    let last: object | undefined;
    for (let sent = 0; ; ) {
      const piece = found.slice(0, wanted);
      last = piece.at(-1) ?? last;
      const written = piece.map((entity) => JSON.stringify(shaped(entity, query))).join(',');
      if (piece.length > 0) yield `${sent > 0 ? ',' : ''}${written}`;
      sent += piece.length;
      if (found.length <= wanted || sent >= size || !last) break;
      wanted = Math.min(PIECE, size - sent);
      found = await following(last, wanted);
    }
    const goesOn = found.length > wanted && query.top === undefined;
    yield goesOn && last
      ? `],"@odata.nextLink":${JSON.stringify(nextLink(request, next(query, set, [last], size)))}}`
      : ']}';
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: Readable.from(text(), { objectMode: false }),
  };
}

export function contextOf(origin: string, path: string): string {
  return `${origin}/api/$metadata#${path}`;
}

/** The collection envelope. `rows` may hold the one row too many that {@link sqlPage} asks for. */
export function collectionBody<T extends object>(
  request: Asked,
  query: ODataQuery,
  set: ODataSet,
  contextPath: string,
  rows: readonly T[],
  total: number | null,
): object {
  const size = pageSize(query, set);
  const page = rows.slice(0, size);
  const more = rows.length > size && query.top === undefined;
  return {
    '@odata.context': contextOf(request.origin, contextPath),
    ...(total === null ? {} : { '@odata.count': total }),
    value: page.map((row) => shaped(row, query)),
    ...(more ? { '@odata.nextLink': nextLink(request, next(query, set, page, size)) } : {}),
  };
}

/** The properties asked for; what is expanded was asked for too, and comes as its own options want it. */
export function shaped(entity: object, { select, expand }: ODataQuery): object {
  if (select === null && expand.length === 0) return entity;
  const names = select && new Set([...select, ...expand.map(({ name }) => name)]);
  const all = Object.entries(entity).filter(([name]) => names === null || names.has(name));
  return Object.fromEntries(
    all.flatMap(([name, value]): [string, unknown][] => {
      const query = expand.find((expansion) => expansion.name === name)?.query;
      if (!query || !Array.isArray(value)) return [[name, value]];
      const { entities, count } = applyQuery(value, query);
      return [
        ...(count === null ? [] : [[`${name}@odata.count`, count] as [string, number]]),
        [name, entities.map((item) => shaped(item, query))],
      ];
    }),
  );
}

export function expands({ expand }: ODataQuery, name: string): boolean {
  return expand.some((expansion) => expansion.name === name);
}

/** By the key of the last row where the set has one. Its values stand on the wire as its filters compare them. */
function next(query: ODataQuery, set: ODataSet, page: readonly object[], size: number): string {
  const byKey = pageOrder(query, set);
  const last = page.at(-1);
  return byKey && last ? `$skiptoken=${pageToken(set, byKey, { ...last })}` : `$skip=${query.skip + size}`;
}

/** The same address at the next place; every other option stays as the client wrote it. */
function nextLink({ origin, url }: Asked, place: string): string {
  const [path = '', search = ''] = url.split('?', 2);
  const kept = search.split('&').filter((pair) => pair !== '' && !/^(?:\$|%24)skip(?:token)?=/i.test(pair));
  return `${origin}${path}?${[...kept, place].join('&')}`;
}
