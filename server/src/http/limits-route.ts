/** What is left to the caller of the quotas that are counted a route. Hunting tells its own. */
import { nowIso7, permissions } from '@merlon/contract';
import { Type } from 'typebox';
import { quotaOf, type RateLimiter } from './rate-limits.ts';
import { defineRoute, type Route } from './route.ts';

const LimitEntry = Type.Object({
  route: Type.String(),
  method: Type.String(),
  path: Type.String(),
  per: Type.Enum(['minute', 'hour']),
  limit: Type.Integer(),
  used: Type.Integer(),
  left: Type.Integer(),
  resetsTime: Type.Union([Type.String(), Type.Null()], {
    description: 'When the window that is open ends; null while none is.',
  }),
});

export function limitsRoute(deps: {
  /** Null: no quotas are counted on this server. */
  readonly limiter: RateLimiter | null;
  routes(): readonly Route[];
}): Route {
  return defineRoute({
    id: 'limits.get',
    method: 'GET',
    path: '/api/merlon/limits',
    summary:
      "The caller's quotas, a route and a window at a time: what is used, what is left, and when they begin anew.",
    access: {
      kind: 'api',
      application: permissions.map(({ application }) => application),
      delegated: permissions.flatMap(({ delegated }) => delegated ?? []),
      role: null,
      deviceScope: 'none',
    },
    audit: null,
    responses: { 200: Type.Object({ enforced: Type.Boolean(), value: Type.Array(LimitEntry) }) },
    async handle({ caller }) {
      const { limiter } = deps;
      const value = deps.routes().flatMap(({ id, method, path, access }) => {
        if (limiter === null || access.kind !== 'api') return [];
        return limiter.left(id, quotaOf(method, path), caller).map(({ per, limit, used, resetsAt }) => ({
          route: id,
          method,
          path,
          per,
          limit,
          used,
          left: limit - used,
          resetsTime: resetsAt && nowIso7(resetsAt),
        }));
      });
      return { status: 200, body: { enforced: limiter !== null, value } };
    },
  });
}
