/** The token addresses: Entra ID's dialect in, the provider's standard grant, Entra ID's dialect out. */

import { acceptedAudiences, isDelegatedPermission, isGuid } from '@merlon/contract';
import { decodeJwt } from 'jose';
import type { Reply, RouteRequest } from '../../http/route.ts';
import { networkOf } from '../../http/stranger-connections.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { AadstsError, aadstsBody, aadstsErrors, clientRequestId } from './aadsts.ts';
import type { App, Apps } from './apps.ts';
import { ASSERTION_TYPE, assertionSubject, checkAssertion } from './client-assertion.ts';
import { FailureThrottle, ThrottledError } from './failure-throttle.ts';
import { forwardedForm } from './forwarded-request.ts';
import { PASSWORD_GRANT } from './password-grant.ts';
import type { PasswordSignIn } from './password-sign-in.ts';
import { PORTAL_CLIENT_ID } from './portal-client.ts';
import { DEVICE_GRANT, PROVIDER_ROUTES, type Providers, TOKEN_SECONDS, type TokenNote } from './provider.ts';
import { SHARED_TENANT_NAMES, type Tenant, type Tenants } from './tenants.ts';
import {
  applicationAudience,
  type Fields,
  field,
  type ProtocolVersion,
  requireField,
  userScopes,
} from './token-request.ts';

/** How often a program may ask whether the person has entered the code. */
const POLL_SECONDS = 5;

export interface TokenEndpointDeps {
  readonly tenants: Tenants;
  readonly apps: Apps;
  readonly providers: Providers;
  readonly clock: Clock;
  readonly passwordSignIn: PasswordSignIn;
  publicOrigin(): string;
  /** The tenant that gave a code or a refresh token. */
  tenantOfGrant(value: string): Promise<string | null>;
  /** A known application gave a wrong or expired secret. */
  refused(tenantId: string, app: App, reason: string): void;
}

export type TokenRequest = RouteRequest<{ tenant: string }, unknown, unknown, null>;

/** How a client shows that it is the one. */
type Proof =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'assertion'; readonly assertion: string };

interface Client {
  readonly clientId: string;
  readonly proof: Proof;
}

/** A proof as the provider gets it. */
interface ProviderProof {
  readonly fields: Readonly<Record<string, string>>;
  readonly byAssertion: boolean;
  wrong(reason: string): void;
}
const NO_PROOF: ProviderProof = { fields: {}, byAssertion: false, wrong: () => {} };

export function createTokenEndpoint(deps: TokenEndpointDeps) {
  const correlationOf = (request: TokenRequest) =>
    clientRequestId(request.headers['client-request-id']) ?? request.correlationId;

  const throttle = new FailureThrottle(deps.clock);

  /** Errors leave as the dialect has them. */
  async function answering(request: TokenRequest, work: () => Promise<Reply>): Promise<Reply> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AadstsError)) throw error;
      return refusal(request, error);
    }
  }

  /** At most so many wrong credentials of one subject from one address, however many come at once. */
  async function throttled(
    request: TokenRequest,
    subject: string,
    work: (failed: () => void) => Promise<Reply>,
  ): Promise<Reply> {
    try {
      return await throttle.attempt(networkOf(request.ip), subject, work);
    } catch (error) {
      if (!(error instanceof ThrottledError)) throw error;
      throw new AadstsError(
        90055,
        'Too many wrong credentials came from this address. Try again later.',
        error.retryAfterSeconds,
      );
    }
  }

  async function token(request: TokenRequest, version: ProtocolVersion): Promise<Reply> {
    return answering(request, async () => {
      const fields = (request.body ?? {}) as Fields;
      const grant = requireField(fields, 'grant_type');
      switch (grant) {
        case 'client_credentials': {
          const client = readClient(fields, request.headers.authorization);
          const tenant = await tenantFor(request.params.tenant, client.clientId, null);
          const app = await requireApp(tenant, client.clientId);
          if (client.proof.kind === 'none')
            throw new AadstsError(
              7000216,
              "'client_secret' or 'client_assertion' is required for the 'client_credentials' grant type.",
            );
          const audience = applicationAudience(version, fields, tenant.name);
          return delegate(request, version, tenant, app, client.proof, {
            grant_type: grant,
            resource: audience,
          });
        }
        case PASSWORD_GRANT:
          return password(request, version, fields);
        case 'authorization_code':
        case 'refresh_token':
          // The API was settled when the code was given; `scope` and `resource` are repeated here only by habit.
          return person(
            request,
            version,
            fields,
            grant,
            grant === 'refresh_token' ? 'refresh_token' : 'code',
            ['code', 'redirect_uri', 'code_verifier', 'refresh_token'],
          );
        case DEVICE_GRANT:
        case 'device_code': {
          // Version 1 of the dialect calls the code `code`.
          const code = field(fields, 'device_code') ?? field(fields, 'code');
          const own = code === undefined ? fields : { ...fields, device_code: code };
          return person(request, version, own, DEVICE_GRANT, 'device_code', ['device_code']);
        }
        default:
          throw new AadstsError(70003, `The grant type '${grant}' is not supported.`);
      }
    });
  }

  /** Begins a sign-in on another device (RFC 8628). */
  async function deviceCode(request: TokenRequest, version: ProtocolVersion): Promise<Reply> {
    return answering(request, async () => {
      const fields = (request.body ?? {}) as Fields;
      const clientId = guidOrNothing(requireField(fields, 'client_id'));
      const tenant = await tenantFor(request.params.tenant, clientId, null);
      const app = await requireApp(tenant, clientId);
      if (!app.isPublic)
        throw new AadstsError(
          7000218,
          `Application '${app.clientId}' is no public client: only those sign in by a device code.`,
        );
      const { audience, scopes } = userScopes(version, fields, tenant.name, app.delegated);
      const sent = {
        client_id: app.clientId,
        scope: scopes.join(' '),
        ...(audience === null ? {} : { resource: audience }),
      };
      const provided = forwardedForm(
        request,
        tenant.id,
        PROVIDER_ROUTES.device_authorization,
        new URLSearchParams(sent),
      );
      const note = newNote(version, app, false, null, ({ status, body, failure }) =>
        status === 200
          ? { status, body: deviceAnswer(version, body as Record<string, unknown>) }
          : refusal(request, explain(failure, note, app)),
      );
      deps.providers.note(provided, note);
      await deps.providers.handle(tenant.id, provided, request.node.response);
      return { handled: true };
    });
  }

  /** A grant for a person, by the portal or a registered client. */
  async function person(
    request: TokenRequest,
    version: ProtocolVersion,
    fields: Fields,
    grant: string,
    proofOfGrant: string,
    kept: readonly string[],
  ): Promise<Reply> {
    const own = Object.fromEntries(
      kept.flatMap((name) => {
        const value = field(fields, name);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
    const client = readClient(fields, request.headers.authorization);
    const tenant = await tenantFor(request.params.tenant, null, requireField(fields, proofOfGrant));
    if (client.clientId === PORTAL_CLIENT_ID)
      return provide(request, version, tenant, null, NO_PROOF, {
        grant_type: grant,
        client_id: client.clientId,
        ...own,
      });
    const app = await requireApp(tenant, client.clientId);
    requireFittingProof(app, client.proof);
    return delegate(request, version, tenant, app, client.proof, { grant_type: grant, ...own });
  }

  /** A person's name and password, through a program that may have them. */
  async function password(request: TokenRequest, version: ProtocolVersion, fields: Fields): Promise<Reply> {
    const client = readClient(fields, request.headers.authorization);
    const tenant = await tenantFor(request.params.tenant, client.clientId, null);
    const app = await requireApp(tenant, client.clientId);
    requireFittingProof(app, client.proof);
    if (!app.passwordGrant)
      throw new AadstsError(
        app.isPublic ? 7000218 : 700016,
        `Application '${app.clientId}' may not sign people in by their passwords; an administrator of the tenant where it is registered can let it.`,
      );
    const name = requireField(fields, 'username');
    const secret = requireField(fields, 'password');
    requireField(fields, version === 1 ? 'resource' : 'scope');
    const { audience, scopes } = userScopes(version, fields, tenant.name, app.delegated);
    if (audience !== null && !scopes.some(isDelegatedPermission))
      throw new AadstsError(
        65001,
        `Nobody has consented to any permission of application '${app.clientId}'.`,
      );
    // Version 1 of the dialect has no word for it, and gives one always.
    const wanted = version === 1 ? [...new Set([...scopes, 'offline_access'])] : scopes;
    return throttled(request, `passwords of ${app.clientId}`, (failed) =>
      delegate(
        request,
        version,
        tenant,
        app,
        client.proof,
        { grant_type: PASSWORD_GRANT, scope: wanted.join(' '), resource: audience ?? acceptedAudiences[0] },
        () => deps.passwordSignIn({ tenant, app, name, password: secret, request }, failed),
      ),
    );
  }

  /** Lets the provider answer an application that proves itself: by an assertion here, by a secret there. */
  function delegate(
    request: TokenRequest,
    version: ProtocolVersion,
    tenant: Tenant,
    app: App,
    proof: Proof,
    fields: Record<string, string>,
    signIn: TokenNote['signIn'] = null,
  ): Promise<Reply> {
    const own = { ...fields, client_id: app.clientId };
    if (proof.kind === 'none') return provide(request, version, tenant, app, NO_PROOF, own, signIn);
    return throttled(request, app.clientId, async (failed) => {
      const wrong = (reason: string) => {
        failed();
        deps.refused(tenant.id, app, reason);
      };
      if (proof.kind === 'secret') {
        const secret = { fields: { client_secret: proof.secret }, byAssertion: false, wrong };
        return provide(request, version, tenant, app, secret, own, signIn);
      }
      try {
        await checkAssertion(proof.assertion, {
          clientId: app.clientId,
          keys: await deps.apps.assertionKeys(app.homeTenantId, app.clientId),
          audiences: assertionAudiences(request, app),
          now: deps.clock.now(),
        });
      } catch (error) {
        if (error instanceof AadstsError) wrong(`assertion: ${error.code}`);
        throw error;
      }
      const assertion = { fields: { client_secret: 'proved-by-assertion' }, byAssertion: true, wrong };
      return provide(request, version, tenant, app, assertion, own, signIn);
    });
  }

  /** The addresses of tokens and the issuers, of the tenant by any of its names. */
  function assertionAudiences(request: TokenRequest, app: App): string[] {
    const origins = new Set([request.origin, deps.publicOrigin()]);
    const segments = new Set([request.params.tenant, app.tenantId, app.homeTenantId]);
    return [...origins].flatMap((origin) =>
      [...segments].flatMap((segment) =>
        ['/oauth2/v2.0/token', '/oauth2/token', '/v2.0', '/', ''].map((end) => `${origin}/${segment}${end}`),
      ),
    );
  }

  async function provide(
    request: TokenRequest,
    version: ProtocolVersion,
    tenant: Tenant,
    app: App | null,
    proof: ProviderProof,
    fields: Record<string, string>,
    signIn: TokenNote['signIn'] = null,
  ): Promise<Reply> {
    const wantsClientInfo = field((request.body ?? {}) as Fields, 'client_info') === '1';
    const provided = forwardedForm(
      request,
      tenant.id,
      PROVIDER_ROUTES.token,
      new URLSearchParams({ ...fields, ...proof.fields }),
    );
    const note = newNote(version, app, proof.byAssertion, signIn, ({ status, body, failure }) => {
      if (status === 200)
        return {
          status,
          body: success(
            version,
            body as Record<string, unknown>,
            fields.resource,
            deps.clock.now(),
            wantsClientInfo,
          ),
        };
      if (note.secretCheck !== null && note.secretCheck !== 'right') proof.wrong(note.secretCheck);
      return refusal(request, explain(failure, note, app));
    });
    deps.providers.note(provided, note);
    await deps.providers.handle(tenant.id, provided, request.node.response);
    return { handled: true };
  }

  function refusal(
    request: TokenRequest,
    error: AadstsError,
  ): { status: number; body: object; headers?: Record<string, string> } {
    const { retryAfterSeconds } = error;
    return {
      status: aadstsErrors[error.code].status,
      body: aadstsBody(error, deps.clock.now(), correlationOf(request)),
      ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
    };
  }

  async function requireApp(tenant: Tenant, clientId: string): Promise<App> {
    const app = await deps.apps.find(tenant.id, clientId);
    if (!app) throw unknownApp(clientId, tenant);
    if (!app.enabled)
      throw new AadstsError(7000112, `Application '${app.clientId}' (${app.name}) is disabled.`);
    return app;
  }

  /** `common`, `organizations`: where the application is at home, or where the code was given. */
  async function tenantFor(name: string, clientId: string | null, given: string | null): Promise<Tenant> {
    if (!SHARED_TENANT_NAMES.has(name.toLowerCase())) return requireTenant(deps.tenants, name);
    const own =
      clientId !== null
        ? ((await deps.apps.home(clientId))?.homeTenantId ?? null)
        : given !== null
          ? await deps.tenantOfGrant(given)
          : null;
    const tenants = await deps.tenants.list();
    const tenant =
      own === null ? (tenants.length === 1 ? tenants[0] : undefined) : tenants.find(({ id }) => id === own);
    if (tenant) return tenant;
    throw new AadstsError(
      50059,
      'The request does not say which tenant it is for; name the tenant in the address.',
    );
  }

  return { token, deviceCode };
}

function newNote(
  version: ProtocolVersion,
  app: App | null,
  proved: boolean,
  signIn: TokenNote['signIn'],
  answer: TokenNote['answer'],
): TokenNote {
  return { version, app, proved, signIn, secretCheck: null, failure: null, answer };
}

/** Whoever cannot keep a secret sends none; whoever can must. */
function requireFittingProof(app: App, proof: Proof): void {
  if (app.isPublic && proof.kind !== 'none')
    throw new AadstsError(
      700025,
      `Application '${app.clientId}' is a public client, so it must send neither a secret nor an assertion.`,
    );
  if (!app.isPublic && proof.kind === 'none')
    throw new AadstsError(7000218, "The request body must contain 'client_secret' or 'client_assertion'.");
}

/** What the program shows the person, in the dialect's words. */
function deviceAnswer(version: ProtocolVersion, body: Record<string, unknown>): object {
  const address = String(body.verification_uri);
  const message = `To sign in, open ${address} in a browser and enter the code ${String(body.user_code)}.`;
  const seconds = Number(body.expires_in);
  const common = { user_code: body.user_code, device_code: body.device_code, message };
  return version === 2
    ? { ...common, verification_uri: address, expires_in: seconds, interval: POLL_SECONDS }
    : { ...common, verification_url: address, expires_in: String(seconds), interval: String(POLL_SECONDS) };
}

export async function requireTenant(tenants: Tenants, name: string): Promise<Tenant> {
  const tenant = await tenants.find(name);
  if (tenant) return tenant;
  if (!/^[a-z0-9.-]+$/i.test(name)) {
    throw new AadstsError(900023, `The tenant identifier '${name}' is neither an id nor a domain name.`);
  }
  throw new AadstsError(
    90002,
    `Tenant '${name}' was not found. Check the tenant id or domain in the address.`,
  );
}

function unknownApp(clientId: string, tenant: Tenant): AadstsError {
  return new AadstsError(
    700016,
    `Application with identifier '${clientId}' was not found in the directory '${tenant.name}'. Check the client id and the tenant.`,
  );
}

/** Secret or assertion in the form, or HTTP Basic with both parts form-encoded (RFC 6749 §2.3.1). */
function readClient(fields: Fields, authorization: string | string[] | undefined): Client {
  const basic = /^basic\s+([A-Za-z0-9+/=_-]+)\s*$/i.exec(
    typeof authorization === 'string' ? authorization : '',
  );
  if (basic?.[1]) {
    const decoded = Buffer.from(basic[1], 'base64').toString('utf8');
    const cut = decoded.indexOf(':');
    if (cut < 0) throw new AadstsError(9002313, 'The Authorization header is not well-formed.');
    const secret = formDecoded(decoded.slice(cut + 1));
    return {
      clientId: guidOrNothing(formDecoded(decoded.slice(0, cut))),
      proof: secret === '' ? { kind: 'none' } : { kind: 'secret', secret },
    };
  }
  const assertion = field(fields, 'client_assertion');
  if (assertion !== undefined) {
    if (field(fields, 'client_assertion_type') !== ASSERTION_TYPE)
      throw new AadstsError(50027, `'client_assertion_type' must be ${ASSERTION_TYPE}.`);
    const named = field(fields, 'client_id') ?? assertionSubject(assertion);
    if (named === null)
      throw new AadstsError(900144, "The request body must contain the parameter 'client_id'.");
    return { clientId: guidOrNothing(named), proof: { kind: 'assertion', assertion } };
  }
  const secret = field(fields, 'client_secret');
  return {
    clientId: guidOrNothing(requireField(fields, 'client_id')),
    proof: secret === undefined ? { kind: 'none' } : { kind: 'secret', secret },
  };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Many clients leave the encoding out, and a bare percent sign is then itself.
    return text;
  }
}

/** Ids are compared in lower case. What is no GUID can be no client id. */
function guidOrNothing(clientId: string): string {
  if (!isGuid(clientId))
    throw new AadstsError(
      700016,
      `Application with identifier '${clientId.slice(0, 80)}' was not found in the directory.`,
    );
  return clientId.toLowerCase();
}

function success(
  version: ProtocolVersion,
  body: Record<string, unknown>,
  resource: string | undefined,
  now: Date,
  wantsClientInfo: boolean,
): object {
  const seconds = TOKEN_SECONDS - 1;
  const start = Math.floor(now.getTime() / 1_000);
  const kept = Object.fromEntries(
    ['scope', 'refresh_token', 'id_token'].flatMap((name) =>
      body[name] === undefined ? [] : [[name, body[name]]],
    ),
  );
  // Microsoft's libraries tell accounts apart by it.
  if (wantsClientInfo && body.id_token !== undefined)
    kept.client_info = clientInfo(String(body.access_token));
  if (version === 2)
    return {
      token_type: 'Bearer',
      ...kept,
      expires_in: seconds,
      ext_expires_in: 0,
      access_token: body.access_token,
    };
  return {
    token_type: 'Bearer',
    ...kept,
    expires_in: String(seconds),
    ext_expires_in: String(seconds),
    expires_on: String(start + seconds),
    not_before: String(start - 300),
    ...(resource === undefined ? {} : { resource }),
    access_token: body.access_token,
  };
}

function clientInfo(accessToken: string): string {
  const { oid, tid } = decodeJwt(accessToken);
  return Buffer.from(JSON.stringify({ uid: oid, utid: tid })).toString('base64url');
}

function explain(failure: unknown, note: TokenNote, app: App | null): AadstsError {
  if (failure instanceof Error && failure.cause instanceof AadstsError) return failure.cause;
  const code = failure instanceof Error && 'error' in failure ? String(failure.error) : '';
  const detail = failure instanceof Error && 'error_detail' in failure ? String(failure.error_detail) : '';
  if (code === 'invalid_client') {
    return note.secretCheck === 'expired'
      ? new AadstsError(
          7000222,
          `The client secret of app '${app?.clientId ?? ''}' has expired. Make a new one.`,
        )
      : new AadstsError(
          7000215,
          `Invalid client secret for app '${app?.clientId ?? ''}'. Send the secret's value, not its id.`,
        );
  }
  if (code === 'authorization_pending' || code === 'slow_down')
    return new AadstsError(70016, 'The person has not entered the code yet. Ask again.');
  if (code === 'expired_token') return new AadstsError(70020, 'The device code has ended. Begin again.');
  if (code === 'access_denied') return new AadstsError(65004, 'The person did not go on with the sign-in.');
  if (code === 'unauthorized_client')
    return new AadstsError(
      700016,
      `Application '${app?.clientId ?? ''}' is not registered for this kind of sign-in.`,
    );
  if (code === 'invalid_grant') {
    if (detail.toLowerCase().includes('pkce'))
      return new AadstsError(501481, 'The code_verifier does not match the code_challenge of the sign-in.');
    if (detail.toLowerCase().includes('expired'))
      return new AadstsError(70008, 'The code or refresh token has expired.');
    return new AadstsError(
      70000,
      'The code or refresh token is not valid: it was used, withdrawn, or given for another request.',
    );
  }
  if (code === 'server_error' || code === '')
    return new AadstsError(90033, 'The sign-in service cannot answer now. Try again.');
  return new AadstsError(9002313, 'The request is not well-formed.');
}
