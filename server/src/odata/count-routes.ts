/** `/$count` of every collection: the same route, asked for nothing but how many there are. */
import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { fold } from '../http/paths.ts';
import type { Reply, Route, RouteRequest } from '../http/route.ts';

/** A route that features wrote themselves stays theirs. */
export function countRoutes(routes: readonly Route[]): Route[] {
  const taken = new Set(routes.map(({ method, path }) => `${method} ${fold(path)}`));
  return routes.flatMap((route) => {
    const { collection, ...rest } = route;
    const path = `${route.path}/$count`;
    // An address with arguments in it ends with a wildcard, behind which nothing can stand.
    if (!collection?.set || route.path.includes('*') || taken.has(`${route.method} ${fold(path)}`)) return [];
    return [
      {
        ...rest,
        id: `${route.id}Count`,
        path,
        summary: `How many there are: ${route.summary.charAt(0).toLowerCase()}${route.summary.slice(1)}`,
        responses: { 200: Type.String({ description: 'The number alone.' }) },
        async handle(request: RouteRequest): Promise<Reply> {
          const reply = await route.handle({ ...request, url: counting(request.url) });
          return {
            status: 200,
            headers: { 'content-type': 'text/plain; charset=utf-8' },
            body: countOf(reply),
          };
        },
      },
    ];
  });
}

/** The address of the collection, with `$filter` and what is the route's own. @throws ApiError for any other option */
function counting(url: string): string {
  const [path = '', search = ''] = url.split('?', 2);
  const pairs = search.split('&').filter((pair) => pair !== '');
  for (const pair of pairs) {
    const [name = ''] = new URLSearchParams(pair).keys();
    if (name.startsWith('$') && name.toLowerCase() !== '$filter')
      throw new ApiError('ODataError', `${name}: a count takes $filter alone`);
  }
  return `${path.replace(/\/+\$count\/*$/i, '')}?${[...pairs, '$count=true', '$top=0'].join('&')}`;
}

function countOf(reply: Reply): string {
  const body: unknown = 'body' in reply ? reply.body : undefined;
  const count =
    typeof body === 'object' && body !== null && '@odata.count' in body ? body['@odata.count'] : undefined;
  if (typeof count !== 'number') throw new Error('a collection did not say how many there are');
  return String(count);
}
