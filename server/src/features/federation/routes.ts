/** The way to an external provider and back. */
import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Reply, type Route, type RouteRequest } from '../../http/route.ts';

const SIGN_IN = {
  kind: 'public',
  why: 'Signing in is how a caller becomes known; the request proves itself.',
} as const;
const uid = Type.String({ pattern: '^[A-Za-z0-9_-]{8,64}$' });
const Html = Type.String({ description: 'A page for people.' });
const Redirect = Type.Unknown({ description: 'Redirect; no body.' });

type Query = Readonly<Record<string, string | string[] | undefined>>;

export interface FederationRoutesDeps {
  leave(
    request: RouteRequest<{ tenant: string; uid: string; provider: string }, Query, unknown, null>,
  ): Promise<Reply>;
  comeBack(request: RouteRequest<{ tenant: string; uid: string }, Query, unknown, null>): Promise<Reply>;
}

export function federationRoutes({ leave, comeBack }: FederationRoutesDeps): Route[] {
  return [
    defineRoute({
      id: 'auth.leaveForProvider',
      method: 'GET',
      path: '/:tenant/login/:uid/external/:provider',
      summary: 'Goes to an external identity provider to sign in there.',
      access: SIGN_IN,
      audit: null,
      params: Type.Object({ tenant: Type.String(), uid, provider: Type.String({ format: 'uuid' }) }),
      responses: { 302: Redirect, 303: Redirect, 400: Html },
      handle: leave,
    }),
    defineRoute({
      id: 'auth.providerCallback',
      method: 'GET',
      path: '/:tenant/federation/callback',
      summary:
        'Where external identity providers send people back to; goes on within the sign-in they belong to.',
      access: SIGN_IN,
      audit: null,
      params: Type.Object({ tenant: Type.String() }),
      responses: { 302: Redirect },
      async handle({ params, query, url, origin }) {
        const [interaction = ''] = (typeof query.state === 'string' ? query.state : '').split('.');
        if (!/^[A-Za-z0-9_-]{8,64}$/.test(interaction))
          throw new ApiError('BadRequest', 'The answer of the identity provider belongs to no sign-in.');
        const tenant = encodeURIComponent(params.tenant);
        const location = `/${tenant}/login/${interaction}/external${new URL(url, origin).search}`;
        return { status: 302, headers: { location, 'cache-control': 'no-store' } };
      },
    }),
    defineRoute({
      id: 'auth.comeBackFromProvider',
      method: 'GET',
      path: '/:tenant/login/:uid/external',
      summary: 'Takes what an external identity provider said and goes on with the sign-in.',
      access: SIGN_IN,
      audit: 'user.signIn',
      params: Type.Object({ tenant: Type.String(), uid }),
      responses: { 303: Redirect, 400: Html, 403: Html },
      handle: comeBack,
    }),
  ];
}
