/** The token addresses: Entra ID's dialect in, the provider's standard grant, Entra ID's dialect out. */

import { isGuid } from '@merlon/contract';
import type { Reply, RouteRequest } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { AadstsError, aadstsBody, aadstsErrors, clientRequestId } from './aadsts.ts';
import type { App, Apps } from './apps.ts';
import { forwardedForm } from './forwarded-request.ts';
import { PORTAL_CLIENT_ID } from './portal-client.ts';
import { PROVIDER_ROUTES, type Providers, TOKEN_SECONDS, type TokenNote } from './provider.ts';
import { SHARED_TENANT_NAMES, type Tenant, type Tenants } from './tenants.ts';
import {
  applicationAudience,
  type Fields,
  field,
  type ProtocolVersion,
  requireField,
} from './token-request.ts';

export interface TokenEndpointDeps {
  readonly tenants: Tenants;
  readonly apps: Apps;
  readonly providers: Providers;
  readonly clock: Clock;
  publicOrigin(): string;
  /** A known application gave a wrong or expired secret. */
  refused(tenantId: string, app: App, reason: string): void;
}

export type TokenRequest = RouteRequest<{ tenant: string }, unknown, unknown, null>;

interface Credentials {
  readonly clientId: string;
  readonly secret: string | undefined;
}

export function createTokenEndpoint(deps: TokenEndpointDeps) {
  return async function token(request: TokenRequest, version: ProtocolVersion): Promise<Reply> {
    const correlationId = clientRequestId(request.headers['client-request-id']) ?? request.correlationId;
    const refuse = (error: AadstsError) => aadstsBody(error, deps.clock.now(), correlationId);
    try {
      const fields = (request.body ?? {}) as Fields;
      const grant = requireField(fields, 'grant_type');
      switch (grant) {
        case 'client_credentials': {
          const credentials = readCredentials(fields, request.headers.authorization);
          const tenant = await tenantFor(request.params.tenant, credentials.clientId);
          const app = await deps.apps.find(tenant.id, credentials.clientId);
          if (!app) throw unknownApp(credentials.clientId, tenant);
          if (!app.enabled)
            throw new AadstsError(7000112, `Application '${app.clientId}' (${app.name}) is disabled.`);
          const audience = applicationAudience(version, fields, tenant.name);
          if (credentials.secret === undefined) {
            throw new AadstsError(
              7000216,
              "'client_secret' is required for the 'client_credentials' grant type.",
            );
          }
          return delegate(tenant, app, {
            grant_type: grant,
            client_id: app.clientId,
            client_secret: credentials.secret,
            resource: audience,
          });
        }
        case 'authorization_code':
        case 'refresh_token': {
          const clientId = requireField(fields, 'client_id');
          const tenant = await tenantFor(request.params.tenant, null);
          if (clientId !== PORTAL_CLIENT_ID) throw unknownApp(clientId, tenant);
          // The API was settled when the code was given; `scope` and `resource` are repeated here only by habit.
          const kept = ['code', 'redirect_uri', 'code_verifier', 'refresh_token'];
          const own = Object.fromEntries(
            kept
              .flatMap((name) => [[name, field(fields, name)] as const])
              .filter((pair) => pair[1] !== undefined),
          );
          return delegate(tenant, null, {
            grant_type: grant,
            client_id: clientId,
            ...(own as Record<string, string>),
          });
        }
        default:
          throw new AadstsError(70003, `The grant type '${grant}' is not supported.`);
      }
    } catch (error) {
      if (!(error instanceof AadstsError)) throw error;
      return { status: aadstsErrors[error.code].status, body: refuse(error) };
    }

    async function delegate(tenant: Tenant, app: App | null, fields: Record<string, string>): Promise<Reply> {
      const provided = forwardedForm(request, tenant.id, PROVIDER_ROUTES.token, new URLSearchParams(fields));
      const note: TokenNote = {
        version,
        app,
        secretCheck: null,
        failure: null,
        answer({ status, body, failure }) {
          if (status === 200)
            return {
              status,
              body: success(version, body as Record<string, unknown>, fields.resource, deps.clock.now()),
            };
          const error = explain(failure, note, app);
          if (app && note.secretCheck !== null && note.secretCheck !== 'right')
            deps.refused(tenant.id, app, note.secretCheck);
          return { status: aadstsErrors[error.code].status, body: refuse(error) };
        },
      };
      deps.providers.note(provided, note);
      await deps.providers.handle(tenant.id, provided, request.node.response);
      return { handled: true };
    }
  };

  async function tenantFor(name: string, clientId: string | null): Promise<Tenant> {
    if (SHARED_TENANT_NAMES.has(name.toLowerCase())) {
      const own = clientId === null ? null : await deps.apps.tenantOf(guidOrNothing(clientId));
      const tenants = await deps.tenants.list();
      const tenant =
        own === null ? (tenants.length === 1 ? tenants[0] : undefined) : tenants.find(({ id }) => id === own);
      if (tenant) return tenant;
      throw new AadstsError(
        50059,
        'The request does not say which tenant it is for; name the tenant in the address.',
      );
    }
    return requireTenant(deps.tenants, name);
  }
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

/** Secret in the form, or HTTP Basic with both parts form-encoded (RFC 6749 §2.3.1). */
function readCredentials(fields: Fields, authorization: string | string[] | undefined): Credentials {
  const basic = /^basic\s+([A-Za-z0-9+/=_-]+)\s*$/i.exec(
    typeof authorization === 'string' ? authorization : '',
  );
  if (basic?.[1]) {
    const decoded = Buffer.from(basic[1], 'base64').toString('utf8');
    const cut = decoded.indexOf(':');
    if (cut < 0) throw new AadstsError(9002313, 'The Authorization header is not well-formed.');
    return {
      clientId: guidOrNothing(formDecoded(decoded.slice(0, cut))),
      secret: formDecoded(decoded.slice(cut + 1)) || undefined,
    };
  }
  return {
    clientId: guidOrNothing(requireField(fields, 'client_id')),
    secret: field(fields, 'client_secret'),
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
): object {
  const seconds = TOKEN_SECONDS - 1;
  const start = Math.floor(now.getTime() / 1_000);
  const kept = Object.fromEntries(
    ['scope', 'refresh_token', 'id_token'].flatMap((name) =>
      body[name] === undefined ? [] : [[name, body[name]]],
    ),
  );
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

function explain(failure: unknown, note: TokenNote, app: App | null): AadstsError {
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
