/**
 * The OpenID provider proper: oidc-provider, one instance a tenant, so that issuer, sessions and cookies are the tenant's own. What differs from
 * the standard in Entra ID's dialect is translated before (`token-request.ts`) and after (`token-endpoint.ts`), never inside.
 * See docs/decisions/2026-11-24-sign-in.md.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptedAudiences, isDelegatedPermission, isSiemAudience } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { AdapterPayload, Client, Grant, Interaction, Provider, ResourceServer } from 'oidc-provider';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { AadstsError } from './aadsts.ts';
import type { App, Apps, SecretCheck } from './apps.ts';
import type { Guests } from './guests.ts';
import type { ProviderLibrary } from './oidc-provider.ts';
import { PAGES_CLIENT_ID, pagesClient } from './pages-client.ts';
import { PASSWORD_GRANT, registerPasswordGrant } from './password-grant.ts';
import { type SignedIn, secondProofError } from './password-sign-in.ts';
import { PORTAL_CLIENT_ID, portalClient } from './portal-client.ts';
import { createAdapter } from './provider-adapter.ts';
import {
  deviceCodePage,
  deviceConfirmPage,
  deviceDonePage,
  ENDED,
  errorPage,
  type Page,
  signedOutPage,
  signOutPage,
} from './sign-in-pages.ts';
import type { SigningKeys } from './signing-keys.ts';
import { applicationClaims, issuer, type Stamp, userClaims } from './token-claims.ts';
import { DELEGATED_SCOPES, type ProtocolVersion } from './token-request.ts';
import type { Totp } from './totp.ts';
import type { User, Users } from './users.ts';

/** What the translation knows about one token request, and what it learns on the way. */
export interface TokenNote {
  readonly version: ProtocolVersion;
  /** The application of a client_credentials request. */
  readonly app: App | null;
  /** Turns the provider's answer into the dialect's. */
  answer(outcome: { status: number; body: unknown; failure: unknown }): {
    status: number;
    body: object;
    headers?: Record<string, string>;
  };
  /** The client proved itself before, by an assertion. */
  readonly proved: boolean;
  /** Signs the person of a password grant in, once the client has proved itself. @throws AadstsError */
  readonly signIn: (() => Promise<SignedIn>) | null;
  secretCheck: SecretCheck | null;
  failure: unknown;
}

export interface ProvidersDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly keys: SigningKeys;
  readonly users: Users;
  readonly apps: Apps;
  readonly guests: Pick<Guests, 'homeOf'>;
  readonly totp: Pick<Totp, 'missing'>;
  /** For cookies. */
  readonly cookieKeys: readonly string[];
  publicOrigin(): string;
  /** Addresses under which the portal may be open. */
  portalOrigins(): readonly string[];
}

export interface Providers {
  forTenant(tenantId: string): Provider;
  /** Lets the tenant's provider answer a request whose `url` is one of its own addresses. */
  handle(tenantId: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Marks a request for the translation of its answer. */
  note(request: IncomingMessage, note: TokenNote): void;
}

/** Addresses within a tenant, as the provider knows them. */
export const PROVIDER_ROUTES = {
  authorization: '/oauth2/v2.0/authorize',
  token: '/oauth2/v2.0/token',
  jwks: '/discovery/v2.0/keys',
  end_session: '/oauth2/v2.0/logout',
  device_authorization: '/oauth2/v2.0/devicecode',
  code_verification: '/oauth2/deviceauth',
} as const;

/**
 * Of pages that the provider makes itself, which send a form on by script: it adds the hash of its script to `script-src`. Not `form-action`, which
 * would hold for the client that the form is for.
 */
const PROVIDER_PAGES = {
  'content-security-policy': "default-src 'none'; script-src ; frame-ancestors 'none'; base-uri 'none'",
  'x-frame-options': 'DENY',
};

const NOT_NOW = 'Signing in does not work now. Try again in a moment.';

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
export const TOKEN_SECONDS = 3_600;
const WORKING_DAY_S = 10 * 3_600;
/** SIEM connectors refresh their token for ninety days before a person has to be there again (siem.md, section 2). */
export const CONNECTOR_REFRESH_S = 90 * 86_400;
export const DEVICE_CODE_SECONDS = 15 * 60;
const MAX_PROVIDERS = 200;

interface Made {
  /** What it was made with. */
  readonly made: string;
  readonly provider: Provider;
  readonly callback: ReturnType<Provider['callback']>;
}

export function createProviders(
  deps: ProvidersDeps,
  { Provider: OpenIdProvider, interactionPolicy, errors }: ProviderLibrary,
): Providers {
  const providers = new Map<string, Made>();
  const notes = new WeakMap<IncomingMessage, TokenNote>();

  function forTenant(tenantId: string): Made {
    // A provider holds the keys and addresses it was made with; new ones make a new provider.
    const made = [deps.publicOrigin(), ...deps.keys.current().map(({ kid }) => kid)].join(' ');
    const known = providers.get(tenantId);
    if (known?.made === made) return known;
    const provider = build(tenantId);
    const fresh: Made = { made, provider, callback: provider.callback() };
    providers.delete(tenantId);
    if (providers.size >= MAX_PROVIDERS) {
      const oldest = providers.keys().next();
      if (!oldest.done) providers.delete(oldest.value);
    }
    providers.set(tenantId, fresh);
    return fresh;
  }

  function build(tenantId: string): Provider {
    const origin = deps.publicOrigin();

    async function findClient(clientId: string) {
      if (clientId === PORTAL_CLIENT_ID) return portalClient(deps.portalOrigins());
      if (clientId === PAGES_CLIENT_ID) return pagesClient(origin, tenantId);
      const app = await deps.apps.find(tenantId, clientId);
      return app?.enabled ? appClient(app) : undefined;
    }

    /** What a client may be given for people. */
    async function delegatedOf(clientId: string): Promise<readonly string[]> {
      if (clientId === PORTAL_CLIENT_ID) return DELEGATED_SCOPES;
      return (await deps.apps.find(tenantId, clientId))?.delegated ?? [];
    }

    /** What an administrator granted the client to do for people: nobody is asked one by one. */
    async function grantFor(client: Client, accountId: string, wanted: readonly string[], known?: Grant) {
      const grant = known ?? new provider.Grant({ clientId: client.clientId, accountId });
      grant.addOIDCScope('openid profile email offline_access');
      const delegated = (await delegatedOf(client.clientId)).join(' ');
      for (const audience of wanted) grant.addResourceScope(audience, delegated);
      await grant.save();
      return grant;
    }

    const claimsOf = (user: User) => ({
      sub: user.id,
      oid: user.id,
      tid: tenantId,
      ver: '2.0',
      name: user.displayName,
      preferred_username: user.principalName,
    });

    const provider = new OpenIdProvider(issuer(2, origin, tenantId), {
      adapter: (model) =>
        createAdapter(model, {
          ...deps,
          tenantId,
          findClient,
          usedAlready: () => new errors.InvalidGrant('used in this moment by somebody else'),
        }),
      jwks: { keys: deps.keys.current().map(({ privateJwk }) => privateJwk) },
      routes: PROVIDER_ROUTES,
      scopes: ['openid', 'offline_access', 'profile', 'email'],
      claims: { openid: ['sub', 'oid', 'tid', 'ver'], profile: ['name', 'preferred_username'] },
      responseTypes: ['code'],
      // Who cannot keep a secret proves by it that the code is his; who can, proves it by that.
      pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' },
      clientBasedCORS: (_ctx, from, client) =>
        client.clientId === PORTAL_CLIENT_ID && deps.portalOrigins().includes(from),
      // Whoever proves himself by a secret as well may use one again, as in the real service.
      rotateRefreshToken: (ctx) => ctx.oidc.client?.clientAuthMethod === 'none',
      // Of a device code used again the grant stays: whoever was first may not have read it yet.
      revokeGrantPolicy: (ctx) => ctx.oidc.params?.grant_type !== DEVICE_GRANT,
      issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
      cookies: {
        keys: [...deps.cookieKeys],
        names: { session: 'merlon_session', interaction: 'merlon_interaction', resume: 'merlon_resume' },
        long: { httpOnly: true, secure: true, sameSite: 'lax', signed: true, path: `/${tenantId}` },
        short: { httpOnly: true, secure: true, sameSite: 'lax', signed: true },
      },
      ttl: {
        AccessToken: TOKEN_SECONDS,
        ClientCredentials: TOKEN_SECONDS,
        AuthorizationCode: 60,
        IdToken: TOKEN_SECONDS,
        Interaction: 15 * 60,
        DeviceCode: DEVICE_CODE_SECONDS,
        Session: WORKING_DAY_S,
        Grant: (_ctx, grant) => lifetimeFor(Object.keys(grant.resources ?? {})),
        RefreshToken: (_ctx, token) => lifetimeFor(audiences(token.resource)),
      },
      expiresWithSession: async (_ctx, code) =>
        !code.scopes.has('offline_access') &&
        !('resource' in code && audiences(code.resource).some(isSiemAudience)),
      features: {
        devInteractions: { enabled: false },
        dPoP: { enabled: false },
        pushedAuthorizationRequests: { enabled: false },
        userinfo: { enabled: false },
        clientCredentials: { enabled: true },
        deviceFlow: {
          enabled: true,
          charset: 'base-20',
          mask: '*********',
          userCodeInputSource: async (ctx, form, _out, problem) =>
            show(ctx, deviceCodePage(form, problem !== undefined)),
          userCodeConfirmSource: async (ctx, form, client, _device, code) =>
            show(ctx, deviceConfirmPage(form, client.clientName ?? client.clientId, code)),
          successSource: async (ctx) => show(ctx, deviceDonePage(ctx.oidc.client?.clientName ?? '')),
        },
        resourceIndicators: {
          enabled: true,
          defaultResource: async () => acceptedAudiences[0],
          useGrantedResource: async () => true,
          getResourceServerInfo: async (_ctx, audience) => api(audience),
        },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: async (ctx, form) => show(ctx, signOutPage(form)),
          postLogoutSuccessSource: async (ctx) => show(ctx, signedOutPage()),
        },
      },
      interactions: {
        policy: policyOfTheService(interactionPolicy, async (accountId, amr) => {
          return (await deps.totp.missing(tenantId, accountId, amr)) !== 'none';
        }),
        url: (_ctx, interaction) => `/${tenantId}/login/${interaction.uid}`,
      },
      loadExistingGrant: async (ctx) => {
        const { client, session, params } = ctx.oidc;
        if (!client || !session?.accountId) return undefined;
        const known = session.grantIdFor(client.clientId);
        return grantFor(
          client,
          session.accountId,
          audiences(params?.resource),
          known ? await ctx.oidc.provider.Grant.find(known) : undefined,
        );
      },
      findAccount: async (_ctx, id, source) => {
        const user = await deps.users.find(tenantId, id);
        if (!user) return undefined;
        // Of a code or refresh token: begun before the tenant wanted a second proof, it is worth no more tokens.
        if (source) {
          const amr = 'amr' in source && Array.isArray(source.amr) ? source.amr : [];
          const missing = await deps.totp.missing(tenantId, id, amr);
          if (missing !== 'none') throw inDialect(secondProofError(missing));
          // What came of a password ends with the leave to send one.
          if ('gty' in source && source.gty?.split(' ').includes(PASSWORD_GRANT)) {
            const app = await deps.apps.find(tenantId, source.clientId ?? '');
            if (!app?.passwordGrant) throw new errors.InvalidGrant('the password grant was switched off');
          }
        }
        return { accountId: user.id, claims: async () => claimsOf(user) };
      },
      formats: {
        customizers: {
          jwt: async (ctx, token, parts) => {
            const note = notes.get(ctx.req);
            if (!note) throw new Error('a token was about to leave outside the token endpoint');
            const { aud, iat, exp, jti } = parts.payload;
            const stamp = {
              version: note.version,
              origin,
              tenantId,
              audience: String(aud),
              issuedAt: Number(iat),
              expiresAt: Number(exp),
              tokenId: String(jti),
              clientProof: proofOf(note),
            };
            const accountId = 'accountId' in token ? token.accountId : undefined;
            if (accountId === undefined) {
              if (!note.app) throw new Error('a token for an application that was not looked up');
              parts.payload = applicationClaims(stamp, note.app);
              return;
            }
            const user = await deps.users.find(tenantId, accountId);
            if (!user) throw new Error('a token for a user who is gone');
            const granted = await delegatedOf(token.clientId ?? '');
            const asked = (token.scope ?? '').split(' ').filter(isDelegatedPermission);
            // What was withdrawn since is in no new token, nor in what its answer says.
            const left = asked.filter((name) => granted.includes(name));
            if (asked.length > 0 && left.length === 0)
              throw new errors.InvalidGrant('every permission of the client was withdrawn');
            if ('scope' in token) token.scope = left.join(' ') || undefined;
            parts.payload = userClaims(
              stamp,
              user,
              token.clientId ?? '',
              left,
              await deps.guests.homeOf(tenantId, user.id),
            );
          },
        },
      },
      renderError: async (ctx, out, error) => {
        if (out.error === 'server_error') {
          ctx.status = 503;
          return show(ctx, errorPage(NOT_NOW));
        }
        if (!(error instanceof errors.SessionNotFound))
          return show(ctx, errorPage(String(out.error_description ?? out.error)));
        const begun = ctx.oidc?.entities.Interaction;
        if (begun === undefined) return show(ctx, errorPage(ENDED));
        ctx.status = 303;
        ctx.redirect(beginningOf(tenantId, begun));
      },
    });

    /** The provider knows no such error; `explain` of the token endpoint finds it as the cause. */
    function inDialect(cause: AadstsError): Error {
      return Object.assign(new errors.InvalidGrant(cause.message), { cause });
    }

    registerPasswordGrant(provider, {
      async signIn({ req }) {
        const signIn = notes.get(req)?.signIn;
        if (!signIn) throw new Error('a password grant without a password');
        try {
          return await signIn();
        } catch (error) {
          throw error instanceof AadstsError ? inDialect(error) : error;
        }
      },
      grantFor: (client, accountId, audience) => grantFor(client, accountId, [audience]),
      api,
      claims: claimsOf,
      now: () => deps.clock.now(),
    });

    provider.Client.prototype.compareClientSecret = async function compare(
      this: { clientId: string },
      secret: string,
    ) {
      const context = OpenIdProvider.ctx;
      const note = context ? notes.get(context.req) : undefined;
      if (note?.proved) return true;
      const home = note?.app?.homeTenantId ?? tenantId;
      const result = await deps.apps.checkSecret(home, this.clientId, secret);
      if (note) note.secretCheck = result;
      return result === 'right';
    };

    provider.silent = true;
    provider.on('server_error', (ctx, error) =>
      deps.log.error({ err: error, path: ctx.path }, 'sign-in failed inside the provider'),
    );
    provider.on('grant.error', (ctx, error) => {
      const note = notes.get(ctx.req);
      if (note) note.failure = error;
    });
    provider.use(async (ctx, next) => {
      ctx.set(PROVIDER_PAGES);
      try {
        await next();
      } catch (error) {
        // Errors of requests are answered further in; what comes as far as here is our own fault.
        deps.log.error({ err: error, path: ctx.path }, 'sign-in failed inside the provider');
        ctx.status = 500;
        show(ctx, errorPage(NOT_NOW));
      }
      const note = notes.get(ctx.req);
      if (!note) return;
      const outcome = { status: ctx.status, body: ctx.body, failure: note.failure };
      const { status, body, headers = {} } = note.answer(outcome);
      ctx.set(headers);
      ctx.status = status;
      ctx.body = body;
    });
    return provider;
  }

  return {
    forTenant: (tenantId) => forTenant(tenantId).provider,
    handle: async (tenantId, request, response) => {
      await forTenant(tenantId).callback(request, response);
    },
    note: (request, note) => void notes.set(request, note),
  };
}

function show(
  ctx: { set(headers: Record<string, string>): void; body: unknown },
  { headers, body }: Page,
): void {
  ctx.set({ ...headers });
  ctx.body = body;
}

/** Where a sign-in that lost its session on the way begins anew. */
export function beginningOf(
  tenantId: string,
  { params, deviceCode }: Pick<Interaction, 'params' | 'deviceCode'>,
): string {
  // A code is typed again: that it was once is no proof that the person still looks at the program.
  if (deviceCode !== undefined) return `/${tenantId}${PROVIDER_ROUTES.code_verification}`;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (typeof value === 'string') query.set(name, value);
  return `/${tenantId}${PROVIDER_ROUTES.authorization}?${query}`;
}

/** Why the sign-in page is shown to somebody who has a session. */
export const SECOND_PROOF_REASON = 'second_proof';

/**
 * Whoever has signed in is not asked again because a program is a native one: the real service does not either. But he is when the tenant wants
 * a second proof by now that he has not given.
 */
function policyOfTheService(
  { base, Check }: ProviderLibrary['interactionPolicy'],
  lacks: (accountId: string, amr: readonly string[]) => Promise<boolean>,
) {
  const policy = base();
  policy.get('consent')?.checks.remove('native_client_prompt');
  policy.get('login')?.checks.add(
    new Check(SECOND_PROOF_REASON, 'A second proof is needed.', 'interaction_required', async ({ oidc }) => {
      const { accountId, amr } = oidc.session ?? {};
      return accountId !== undefined && (await lacks(accountId, amr ?? []))
        ? Check.REQUEST_PROMPT
        : Check.NO_NEED_TO_PROMPT;
    }),
  );
  return policy;
}

function api(audience: string): ResourceServer {
  return {
    audience,
    scope: DELEGATED_SCOPES.join(' '),
    accessTokenTTL: TOKEN_SECONDS,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'RS256' } },
  };
}

function proofOf({ proved, secretCheck }: TokenNote): Stamp['clientProof'] {
  if (proved) return '2';
  return secretCheck === 'right' ? '1' : '0';
}

/** A registration as the provider takes it. */
function appClient(app: App): AdapterPayload {
  const grants = [
    'refresh_token',
    ...(app.isPublic ? [DEVICE_GRANT] : ['client_credentials']),
    ...(app.redirectUris.length > 0 ? ['authorization_code'] : []),
    ...(app.passwordGrant ? [PASSWORD_GRANT] : []),
  ];
  return {
    client_id: app.clientId,
    client_name: app.name,
    application_type: app.isPublic ? 'native' : 'web',
    grant_types: grants,
    response_types: app.redirectUris.length > 0 ? ['code'] : [],
    redirect_uris: [...app.redirectUris],
    ...(app.isPublic
      ? { token_endpoint_auth_method: 'none' as const }
      : {
          token_endpoint_auth_method: 'client_secret_post' as const,
          // The provider wants one to be there; `compareClientSecret` never looks at it.
          client_secret: 'kept-as-hashes-in-app-secrets',
        }),
  };
}

function lifetimeFor(resources: readonly string[]): number {
  return resources.some(isSiemAudience) ? CONNECTOR_REFRESH_S : WORKING_DAY_S;
}

function audiences(resource: unknown): string[] {
  if (typeof resource === 'string') return [resource];
  return Array.isArray(resource) ? resource.filter((one): one is string => typeof one === 'string') : [];
}
