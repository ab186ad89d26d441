import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';

export function accessRoutes(): Route[] {
  return [
    defineRoute({
      id: 'me.get',
      method: 'GET',
      path: '/api/merlon/me',
      summary: 'Who the caller is and what it may do.',
      access: { kind: 'api', application: [], delegated: 'portal', role: null, deviceScope: 'none' },
      audit: null,
      responses: {
        200: Type.Object({
          tenantId: Type.String(),
          id: Type.String(),
          name: Type.String(),
          permissions: Type.Array(Type.String()),
          roles: Type.Array(Type.String()),
          deviceGroups: Type.Union([Type.Literal('all'), Type.Array(Type.String())]),
        }),
      },
      handle: async ({ caller }) => ({
        status: 200,
        body: {
          tenantId: caller.tenantId,
          id: caller.id,
          name: caller.name,
          permissions: [...caller.permissions],
          roles: [...caller.roles],
          deviceGroups: caller.deviceGroups,
        },
      }),
    }),
  ];
}
