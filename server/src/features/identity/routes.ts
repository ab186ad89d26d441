import { acceptedAudiences } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { AadstsError, aadstsBody, aadstsErrors } from './aadsts.ts';
import type { ConsentFlow } from './consent-flow.ts';
import { instanceDiscovery, isShared, openidConfiguration, userRealm } from './discovery.ts';
import type { GuestFlow } from './guest-flow.ts';
import type { HomeSession } from './home-session.ts';
import { PORTAL_CLIENT_ID, PORTAL_REDIRECT_PATH } from './portal-client.ts';
import { PROVIDER_ROUTES } from './provider.ts';
import type { createSignInFlow } from './sign-in-flow.ts';
import { errorPage, styleSheet } from './sign-in-pages.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Tenants } from './tenants.ts';
import { type createTokenEndpoint, requireTenant } from './token-endpoint.ts';
import type { ProtocolVersion } from './token-request.ts';

export interface RoutesDeps {
  readonly tenants: Tenants;
  readonly keys: SigningKeys;
  readonly clock: Clock;
  readonly token: ReturnType<typeof createTokenEndpoint>;
  readonly signIn: ReturnType<typeof createSignInFlow>;
  readonly consent: ConsentFlow;
  readonly guests: GuestFlow;
  readonly session: HomeSession;
  publicOrigin(): string;
}

const SIGN_IN = {
  kind: 'public',
  why: 'Signing in is how a caller becomes known; the request proves itself.',
} as const;
const DISCOVERY = {
  kind: 'public',
  why: 'Clients read it before they can sign in; it holds nothing secret.',
} as const;

const TenantParams = Type.Object({ tenant: Type.String() });
const InteractionParams = Type.Object({
  tenant: Type.String(),
  uid: Type.String({ pattern: '^[A-Za-z0-9_-]{8,64}$' }),
});
const Html = Type.String({ description: 'A page for people.' });
const Redirect = Type.Unknown({ description: 'Redirect; no body.' });
const Document = Type.Record(Type.String(), Type.Unknown());

const AadstsBody = Type.Object({
  error: Type.String(),
  error_description: Type.String(),
  error_codes: Type.Array(Type.Integer()),
  timestamp: Type.String(),
  trace_id: Type.String(),
  correlation_id: Type.String(),
});
const SecondsText = Type.String({ pattern: '^[0-9]+$' });
const TokenV1 = Type.Object({
  token_type: Type.Literal('Bearer'),
  expires_in: SecondsText,
  ext_expires_in: SecondsText,
  expires_on: SecondsText,
  not_before: SecondsText,
  resource: Type.Optional(Type.String()),
  access_token: Type.String(),
});
const TokenV2 = Type.Object({
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer(),
  ext_expires_in: Type.Integer(),
  access_token: Type.String(),
});

export function identityRoutes(deps: RoutesDeps): Route[] {
  const token = (id: string, version: ProtocolVersion, path: string) =>
    defineRoute({
      id,
      method: 'POST',
      path,
      summary: `OAuth 2.0 token, version ${version} of the dialect.`,
      access: SIGN_IN,
      // A token changes nothing; refused secrets of known applications are recorded by the feature itself.
      audit: null,
      accepts: 'form',
      bodyLimit: 64 * 1024,
      params: TenantParams,
      responses: {
        200: version === 1 ? TokenV1 : TokenV2,
        400: AadstsBody,
        401: AadstsBody,
        429: AadstsBody,
        503: AadstsBody,
      },
      handle: (request) => deps.token.token(request, version),
    });

  const deviceCode = (id: string, version: ProtocolVersion, path: string) =>
    defineRoute({
      id,
      method: 'POST',
      path,
      summary: `Begins a sign-in on another device, version ${version} of the dialect.`,
      access: SIGN_IN,
      audit: null,
      accepts: 'form',
      bodyLimit: 16 * 1024,
      params: TenantParams,
      responses: { 200: Document, 400: AadstsBody, 401: AadstsBody, 503: AadstsBody },
      handle: (request) => deps.token.deviceCode(request, version),
    });

  const authorize = (id: string, version: ProtocolVersion, path: string) =>
    defineRoute({
      id,
      method: 'GET',
      path,
      summary: `Begins a person's sign-in, version ${version} of the dialect.`,
      access: SIGN_IN,
      audit: null,
      params: TenantParams,
      responses: { 200: Html, 302: Redirect, 303: Redirect, 400: Html, 403: Html },
      handle: (request) => deps.signIn.authorize(request, version),
    });

  const provided = (id: string, method: 'GET' | 'POST', path: string, own: string, summary: string) =>
    defineRoute({
      id,
      method,
      path,
      summary,
      access: SIGN_IN,
      audit: null,
      accepts: 'form',
      bodyLimit: 16 * 1024,
      params: TenantParams,
      responses: { 200: Html, 302: Redirect, 303: Redirect, 400: Html },
      handle: (request) => deps.signIn.provider(request, own),
    });

  const adminConsent = (id: string, path: string) =>
    defineRoute({
      id,
      method: 'GET',
      path,
      summary: 'Asks an administrator to grant an application what it asks for.',
      access: SIGN_IN,
      audit: null,
      params: TenantParams,
      responses: { 200: Html, 303: Redirect, 400: Html, 403: Html },
      handle: (request) => deps.consent.adminConsent(request),
    });

  const configuration = (id: string, version: ProtocolVersion, path: string) =>
    defineRoute({
      id,
      method: 'GET',
      path,
      summary: `OpenID configuration, version ${version} of the dialect.`,
      access: DISCOVERY,
      audit: null,
      params: TenantParams,
      responses: { 200: Document, 400: AadstsBody },
      async handle({ params, origin }) {
        try {
          const tenant = isShared(params.tenant) ? null : await requireTenant(deps.tenants, params.tenant);
          const publicOrigin = deps.publicOrigin();
          return {
            status: 200,
            headers: OPEN,
            body: openidConfiguration({ version, origin, publicOrigin, tenant, segment: params.tenant }),
          };
        } catch (error) {
          if (!(error instanceof AadstsError)) throw error;
          return {
            status: aadstsErrors[error.code].status,
            headers: OPEN,
            body: aadstsBody(error, deps.clock.now()),
          };
        }
      },
    });

  const keys = (id: string, path: string) =>
    defineRoute({
      id,
      method: 'GET',
      path,
      summary: 'Public keys that verify tokens.',
      access: DISCOVERY,
      audit: null,
      params: TenantParams,
      responses: { 200: Type.Object({ keys: Type.Array(Document) }) },
      handle: async () => ({
        status: 200,
        headers: { ...OPEN, 'cache-control': 'public, max-age=300' },
        body: { keys: deps.keys.current().map(({ publicJwk }) => publicJwk) },
      }),
    });

  return [
    token('auth.tokenV1', 1, '/:tenant/oauth2/token'),
    token('auth.tokenV2', 2, '/:tenant/oauth2/v2.0/token'),
    deviceCode('auth.deviceCodeV1', 1, '/:tenant/oauth2/devicecode'),
    deviceCode('auth.deviceCodeV2', 2, '/:tenant/oauth2/v2.0/devicecode'),
    provided(
      'auth.devicePage',
      'GET',
      '/:tenant/oauth2/deviceauth',
      PROVIDER_ROUTES.code_verification,
      'The page that asks for the code a program shows.',
    ),
    provided(
      'auth.deviceConfirm',
      'POST',
      '/:tenant/oauth2/deviceauth',
      PROVIDER_ROUTES.code_verification,
      'Takes the code a program shows.',
    ),
    defineRoute({
      id: 'auth.deviceResume',
      method: 'GET',
      path: '/:tenant/oauth2/deviceauth/:uid',
      summary: 'Goes on with a sign-in on another device after its page.',
      access: SIGN_IN,
      audit: null,
      params: InteractionParams,
      responses: { 200: Html, 302: Redirect, 303: Redirect, 400: Html },
      handle: (request) =>
        deps.signIn.provider(request, `${PROVIDER_ROUTES.code_verification}/${request.params.uid}`),
    }),
    authorize('auth.authorizeV1', 1, '/:tenant/oauth2/authorize'),
    authorize('auth.authorizeV2', 2, '/:tenant/oauth2/v2.0/authorize'),
    defineRoute({
      id: 'auth.resume',
      method: 'GET',
      path: '/:tenant/oauth2/v2.0/authorize/:uid',
      summary: 'Goes on with a sign-in after its page.',
      access: SIGN_IN,
      audit: null,
      params: InteractionParams,
      responses: { 302: Redirect, 303: Redirect, 400: Html },
      handle: (request) =>
        deps.signIn.provider(request, `${PROVIDER_ROUTES.authorization}/${request.params.uid}`),
    }),
    defineRoute({
      id: 'auth.signInPage',
      method: 'GET',
      path: '/:tenant/login/:uid',
      summary: 'The page that asks for name and password.',
      access: SIGN_IN,
      audit: null,
      params: InteractionParams,
      responses: { 200: Html, 303: Redirect, 400: Html },
      handle: (request) => deps.signIn.page(request),
    }),
    defineRoute({
      id: 'auth.signIn',
      method: 'POST',
      path: '/:tenant/login/:uid',
      summary: 'Takes name and password, or a new password.',
      access: SIGN_IN,
      audit: 'user.signIn',
      accepts: 'form',
      bodyLimit: 16 * 1024,
      params: InteractionParams,
      responses: { 200: Html, 303: Redirect, 400: Html, 401: Html, 429: Html },
      handle: (request) => deps.signIn.submit(request),
    }),
    defineRoute({
      id: 'auth.guestLeave',
      method: 'GET',
      path: '/:tenant/sign-in/guest',
      summary: 'Signs a guest of another tenant in at home, and shows the way there.',
      access: SIGN_IN,
      audit: null,
      params: TenantParams,
      responses: { 200: Html, 303: Redirect, 400: Html, 403: Html },
      handle: (request) => deps.guests.leave(request),
    }),
    defineRoute({
      id: 'auth.guestEnter',
      method: 'GET',
      path: '/:tenant/login/:uid/guest',
      summary: 'Takes a guest who has signed in at home.',
      access: SIGN_IN,
      audit: 'user.signIn',
      params: InteractionParams,
      responses: { 303: Redirect, 400: Html },
      handle: (request) => deps.signIn.enter(request),
    }),
    defineRoute({
      id: 'auth.pageSignIn',
      method: 'GET',
      path: '/:tenant/sign-in/back',
      summary: 'Goes on with a page of consent or of a guest after the sign-in.',
      access: SIGN_IN,
      audit: null,
      params: TenantParams,
      responses: { 303: Redirect, 400: Html },
      async handle({ params, query }) {
        const tenant = await deps.tenants.find(params.tenant);
        const reply = tenant && deps.session.back(tenant, String(query.state ?? ''));
        if (reply) return reply;
        const page = errorPage('This sign-in has ended. Start again.');
        return { status: 400, headers: page.headers, body: page.body };
      },
    }),
    adminConsent('auth.adminConsent', '/:tenant/adminconsent'),
    adminConsent('auth.adminConsentV2', '/:tenant/v2.0/adminconsent'),
    defineRoute({
      id: 'auth.consent',
      method: 'POST',
      path: '/:tenant/consent',
      summary: 'Takes what a person decided about the permissions of an application.',
      access: SIGN_IN,
      audit: 'application.consent',
      accepts: 'form',
      bodyLimit: 32 * 1024,
      params: TenantParams,
      responses: { 303: Redirect, 400: Html, 403: Html },
      handle: (request) => deps.consent.decide(request),
    }),
    provided(
      'auth.signOutV1',
      'GET',
      '/:tenant/oauth2/logout',
      PROVIDER_ROUTES.end_session,
      'Asks whether to end the session.',
    ),
    provided(
      'auth.signOut',
      'GET',
      '/:tenant/oauth2/v2.0/logout',
      PROVIDER_ROUTES.end_session,
      'Asks whether to end the session.',
    ),
    provided(
      'auth.signOutConfirm',
      'POST',
      '/:tenant/oauth2/v2.0/logout/confirm',
      `${PROVIDER_ROUTES.end_session}/confirm`,
      'Ends the session.',
    ),
    provided(
      'auth.signedOut',
      'GET',
      '/:tenant/oauth2/v2.0/logout/success',
      `${PROVIDER_ROUTES.end_session}/success`,
      'Says that the session ended.',
    ),
    configuration('auth.openidConfigurationV1', 1, '/:tenant/.well-known/openid-configuration'),
    configuration('auth.openidConfigurationV2', 2, '/:tenant/v2.0/.well-known/openid-configuration'),
    keys('auth.keysV1', '/:tenant/discovery/keys'),
    keys('auth.keysV2', '/:tenant/discovery/v2.0/keys'),
    defineRoute({
      id: 'auth.instanceDiscovery',
      method: 'GET',
      path: '/common/discovery/instance',
      summary: 'Which hosts are this authority.',
      access: DISCOVERY,
      audit: null,
      responses: { 200: Document },
      async handle({ origin, query }) {
        const endpoint = typeof query.authorization_endpoint === 'string' ? query.authorization_endpoint : '';
        const segment = URL.canParse(endpoint)
          ? (new URL(endpoint).pathname.split('/')[1] ?? 'common')
          : 'common';
        return { status: 200, headers: OPEN, body: instanceDiscovery(origin, segment) };
      },
    }),
    defineRoute({
      id: 'auth.userRealm',
      method: 'GET',
      path: '/common/userrealm/:user',
      summary: 'Where the password of a person is checked: here.',
      access: DISCOVERY,
      audit: null,
      params: Type.Object({ user: Type.String({ maxLength: 320 }) }),
      responses: { 200: Document },
      handle: async ({ origin, params }) => ({
        status: 200,
        headers: OPEN,
        body: userRealm(origin, params.user),
      }),
    }),
    defineRoute({
      id: 'auth.signInStyle',
      method: 'GET',
      path: '/sign-in/style.css',
      summary: 'Style sheet of the sign-in pages.',
      access: DISCOVERY,
      audit: null,
      responses: { 200: Type.String() },
      handle: async () => ({
        status: 200,
        headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=3600' },
        body: styleSheet,
      }),
    }),
    defineRoute({
      id: 'portal.config',
      method: 'GET',
      path: '/portal/config.json',
      summary:
        'What the portal needs to know to sign people in. `tid` names a tenant other than the default.',
      access: {
        kind: 'public',
        why: 'The portal reads it before anyone has signed in; it holds nothing secret.',
      },
      audit: null,
      responses: {
        200: Type.Object({
          clientId: Type.String(),
          tenantId: Type.String(),
          tenantName: Type.String(),
          authority: Type.String(),
          scopes: Type.Array(Type.String()),
          redirectPath: Type.String(),
          authorizationEndpoint: Type.String(),
          tokenEndpoint: Type.String(),
          endSessionEndpoint: Type.String(),
        }),
      },
      async handle({ origin, query }) {
        const tenant = await deps.tenants.require(typeof query.tid === 'string' ? query.tid : undefined);
        const base = `${origin}/${tenant.id}`;
        return {
          status: 200,
          body: {
            clientId: PORTAL_CLIENT_ID,
            tenantId: tenant.id,
            tenantName: tenant.name,
            authority: `${base}/v2.0`,
            scopes: ['openid', 'profile', `${acceptedAudiences[0]}/.default`],
            redirectPath: PORTAL_REDIRECT_PATH,
            authorizationEndpoint: base + PROVIDER_ROUTES.authorization,
            tokenEndpoint: base + PROVIDER_ROUTES.token,
            endSessionEndpoint: base + PROVIDER_ROUTES.end_session,
          },
        };
      },
    }),
  ];
}

/** Public documents may be read from any origin. */
const OPEN = { 'access-control-allow-origin': '*' } as const;
