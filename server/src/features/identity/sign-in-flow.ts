/**
 * Signing a person in, within an authorization request of the provider.
 *
 *   authorize ──> no session ──> sign-in page ── wrong ──> sign-in page
 *                                     │ right
 *                                     ├── one-time password ──> change page ── not acceptable ──> change page
 *                                     │                              │ changed
 *                                     └──────────────────────────────┴──> back to authorize ──> code to the client
 *
 * The sign-in page may also lead to an external provider (federation/sign-in.ts), whose answer takes the place of the password.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '@merlon/contract';
import type { Reply, RouteRequest } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Audit } from '../audit/index.ts';
import type { FederatedSignIn, Pending } from '../federation/index.ts';
import { AadstsError, aadstsErrors } from './aadsts.ts';
import type { Apps } from './apps.ts';
import { isShared } from './discovery.ts';
import { forwarded, forwardedForm } from './forwarded-request.ts';
import { PASSWORD_LENGTH } from './passwords.ts';
import { PORTAL_CLIENT_ID } from './portal-client.ts';
import { PROVIDER_ROUTES, type Providers } from './provider.ts';
import { changePasswordPage, errorPage, type Page, signInPage } from './sign-in-pages.ts';
import type { Tenant, Tenants } from './tenants.ts';
import { requireTenant } from './token-endpoint.ts';
import { DELEGATED_SCOPES, type Fields, type ProtocolVersion, userScopes } from './token-request.ts';
import type { User, Users } from './users.ts';

export interface SignInFlowDeps {
  readonly tenants: Tenants;
  readonly users: Users;
  readonly apps: Pick<Apps, 'find'>;
  readonly providers: Providers;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly federation: FederatedSignIn<User>;
}

const REFUSED_AFTER_MS = 400;
/** The same for everybody: who has a password here, and who is locked, is nobody's business. */
const REFUSED =
  'The user name or the password is wrong. After ten wrong passwords a name is locked for a quarter of an hour.';

type TenantRequest = RouteRequest<{ tenant: string }, Fields, unknown, null>;
type InteractionRequest = RouteRequest<{ tenant: string; uid: string }, Fields, unknown, null>;
type ExternalRequest = RouteRequest<
  { tenant: string; uid: string; provider: string },
  Readonly<Record<string, string | string[] | undefined>>,
  unknown,
  null
>;
type Interaction = Awaited<ReturnType<ReturnType<Providers['forTenant']>['interactionDetails']>>;

export function createSignInFlow(deps: SignInFlowDeps) {
  const { providers, users } = deps;

  return {
    async authorize(request: TenantRequest, version: ProtocolVersion): Promise<Reply> {
      try {
        const tenant = await tenantOfPerson(request);
        if (request.params.tenant.toLowerCase() !== tenant.id) {
          // Session cookies belong to the tenant's own address.
          const query = new URL(request.url, request.origin).search;
          const path =
            version === 1
              ? `/${tenant.id}/oauth2/authorize`
              : `/${tenant.id}${PROVIDER_ROUTES.authorization}`;
          return { status: 302, headers: { location: path + query } };
        }
        const clientId = single(request.query.client_id).toLowerCase();
        const { audience, scopes } = userScopes(
          version,
          request.query,
          tenant.name,
          await delegatedOf(tenant, clientId),
        );
        const parameters = new URLSearchParams();
        for (const [name, value] of Object.entries(request.query)) {
          if (name === 'scope' || name === 'resource') continue;
          for (const one of Array.isArray(value) ? value : [value ?? '']) parameters.append(name, one);
        }
        parameters.set('scope', scopes.join(' '));
        if (audience !== null) parameters.set('resource', audience);
        return pass(tenant, request, `${PROVIDER_ROUTES.authorization}?${parameters}`);
      } catch (error) {
        if (!(error instanceof AadstsError)) throw error;
        return show(errorPage(`AADSTS${error.code}: ${error.message}`), aadstsErrors[error.code].status);
      }
    },

    /** The provider's other pages within a tenant: back from signing in, signing out. */
    async provider(request: TenantRequest, path: string): Promise<Reply> {
      const tenant = await deps.tenants.find(request.params.tenant);
      if (!tenant) throw new ApiError('NotFound');
      if (request.method === 'POST') {
        const fields = Object.entries((request.body ?? {}) as Fields);
        const form = new URLSearchParams(
          fields.map(([name, value]): [string, string] => [name, single(value)]),
        );
        await providers.handle(
          tenant.id,
          forwardedForm(request, tenant.id, path, form),
          request.node.response,
        );
        return { handled: true };
      }
      return pass(tenant, request, path + new URL(request.url, request.origin).search);
    },

    async page(request: InteractionRequest): Promise<Reply> {
      const found = await interactionOf(request);
      if ('reply' in found) return found.reply;
      const { tenant, interaction } = found;
      const user = await pendingChange(tenant, interaction);
      return user ? askNewPassword(user, interaction, null) : askPassword(tenant, interaction, '', null);
    },

    async submit(request: InteractionRequest): Promise<Reply> {
      refuseForeignForm(request);
      const found = await interactionOf(request);
      if ('reply' in found) return found.reply;
      const { tenant, interaction } = found;
      const form = (request.body ?? {}) as Fields;
      const changing = await pendingChange(tenant, interaction);
      return changing
        ? newPassword(request, tenant, interaction, changing, form)
        : password(request, tenant, interaction, form);
    },

    /** Leaves for an external provider; what proves its answer stays with the interaction. */
    async leave(request: ExternalRequest): Promise<Reply> {
      const found = await interactionOf(request);
      if ('reply' in found) return found.reply;
      const { tenant, interaction } = found;
      const { location, pending } = await deps.federation.begin(
        tenant.id,
        request.params.provider,
        interaction.uid,
      );
      interaction.result = { external: { ...pending } };
      await interaction.save(secondsLeft(interaction));
      return { status: 302, headers: { location, 'cache-control': 'no-store' } };
    },

    async comeBack(request: InteractionRequest): Promise<Reply> {
      const found = await interactionOf(request);
      if ('reply' in found) return found.reply;
      const { tenant, interaction } = found;
      const pending = pendingExternal(interaction);
      if (!pending)
        return askPassword(tenant, interaction, '', 'That answer was used already. Sign in again.', 400);
      // Used once, whatever comes of it.
      interaction.result = {};
      await interaction.save(secondsLeft(interaction));
      const query = new URL(request.url, request.origin).search;
      const result = await deps.federation.finish(tenant.id, pending, query);
      switch (result.kind) {
        case 'ok':
          request.audit.as(tenant.id, {
            kind: 'user',
            id: result.user.id,
            name: result.user.principalName,
          });
          request.audit.target('user', result.user.id);
          request.audit.details(result.details);
          return finish(request, tenant, result.user, 'fed');
        case 'refused':
          await deps.audit.record({
            tenantId: tenant.id,
            actor: { kind: 'system', id: result.provider.id, name: result.provider.name },
            action: 'user.signIn',
            outcome: 'refused',
            ...(result.userId === null ? {} : { target: { kind: 'user', id: result.userId } }),
            details: { provider: result.provider.name, reason: result.reason },
            sourceIp: request.ip,
            correlationId: request.correlationId,
          });
          return askPassword(tenant, interaction, '', result.message, 403);
      }
    },
  };

  /** What the client may be given for people; of an unknown one the provider says so itself. */
  async function delegatedOf(tenant: Tenant, clientId: string): Promise<readonly string[]> {
    if (clientId === PORTAL_CLIENT_ID) return DELEGATED_SCOPES;
    return (await deps.apps.find(tenant.id, clientId))?.delegated ?? DELEGATED_SCOPES;
  }

  async function password(
    request: InteractionRequest,
    tenant: Tenant,
    interaction: Interaction,
    form: Fields,
  ): Promise<Reply> {
    const name = single(form.username).trim();
    // A refusal is given no sooner than this, so that what is written about some of them is not seen by the clock.
    const earliest = delay(REFUSED_AFTER_MS);
    const result = await users.signIn(tenant, name, single(form.password));
    switch (result.kind) {
      case 'ok': {
        request.audit.as(tenant.id, { kind: 'user', id: result.user.id, name: result.user.principalName });
        request.audit.target('user', result.user.id);
        if (!result.user.mustChangePassword) return finish(request, tenant, result.user);
        request.audit.details({ oneTimePassword: true });
        interaction.result = { changePassword: { userId: result.user.id } };
        await interaction.save(secondsLeft(interaction));
        return askNewPassword(result.user, interaction, null);
      }
      case 'locked':
      case 'wrong':
        if (result.user)
          await refused(request, tenant, result.user, result.kind === 'locked' ? 'locked' : 'wrong password');
        await earliest;
        return askPassword(tenant, interaction, name, REFUSED, 401);
    }
  }

  async function newPassword(
    request: InteractionRequest,
    tenant: Tenant,
    interaction: Interaction,
    user: User,
    form: Fields,
  ): Promise<Reply> {
    const wanted = single(form.newPassword);
    if (wanted !== single(form.repeatPassword))
      return askNewPassword(user, interaction, 'The two passwords differ.', 400);
    const problem = await users.changePassword(user, wanted);
    if (problem) return askNewPassword(user, interaction, problem, 400);
    await deps.audit.record({
      tenantId: tenant.id,
      actor: { kind: 'user', id: user.id, name: user.principalName },
      action: 'user.changePassword',
      target: { kind: 'user', id: user.id },
      outcome: 'success',
      sourceIp: request.ip,
      correlationId: request.correlationId,
    });
    return finish(request, tenant, user);
  }

  async function finish(
    request: InteractionRequest,
    tenant: Tenant,
    user: User,
    how: 'pwd' | 'fed' = 'pwd',
  ): Promise<Reply> {
    await providers
      .forTenant(tenant.id)
      .interactionFinished(
        forwarded(request, tenant.id, `/login/${request.params.uid}`),
        request.node.response,
        { login: { accountId: user.id, amr: [how] } },
        { mergeWithLastSubmission: false },
      );
    return { handled: true };
  }

  async function refused(
    request: InteractionRequest,
    tenant: Tenant,
    user: User,
    reason: string,
  ): Promise<void> {
    await deps.audit.record({
      tenantId: tenant.id,
      actor: { kind: 'user', id: user.id, name: user.principalName },
      action: 'user.signIn',
      target: { kind: 'user', id: user.id },
      outcome: 'refused',
      details: { reason },
      sourceIp: request.ip,
      correlationId: request.correlationId,
    });
  }

  async function interactionOf(
    request: InteractionRequest,
  ): Promise<{ tenant: Tenant; interaction: Interaction } | { reply: Reply }> {
    const tenant = await deps.tenants.find(request.params.tenant);
    if (!tenant) throw new ApiError('NotFound');
    const own = forwarded(request, tenant.id, `/login/${request.params.uid}`);
    try {
      const interaction = await providers.forTenant(tenant.id).interactionDetails(own, request.node.response);
      // The cookie decides which interaction this is; the address must be its own.
      if (interaction.uid === request.params.uid) return { tenant, interaction };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'SessionNotFound') throw error;
    }
    return {
      reply: show(errorPage('This sign-in has ended or was begun in another window. Start again.'), 400),
    };
  }

  async function pendingChange(tenant: Tenant, interaction: Interaction): Promise<User | null> {
    const pending: unknown = interaction.result?.changePassword;
    if (!pending || typeof pending !== 'object' || !('userId' in pending)) return null;
    return users.find(tenant.id, String(pending.userId));
  }

  /** `common`: the domain of `login_hint`, else the only tenant or the default one. */
  async function tenantOfPerson(request: TenantRequest): Promise<Tenant> {
    if (!isShared(request.params.tenant)) return requireTenant(deps.tenants, request.params.tenant);
    const [, domain] = single(request.query.login_hint).split('@');
    const hinted = domain ? await deps.tenants.find(domain) : null;
    return hinted ?? deps.tenants.require(undefined);
  }

  async function pass(tenant: Tenant, request: TenantRequest, url: string): Promise<Reply> {
    await providers.handle(tenant.id, forwarded(request, tenant.id, url), request.node.response);
    return { handled: true };
  }

  async function askPassword(
    tenant: Tenant,
    interaction: Interaction,
    userName: string,
    message: string | null,
    status = 200,
  ): Promise<Reply> {
    const choices = await deps.federation.choices(tenant.id);
    const hint = typeof interaction.params.login_hint === 'string' ? interaction.params.login_hint : '';
    return show(
      signInPage({
        tenantName: tenant.name,
        userName: userName || hint,
        message,
        returnsTo: returnOrigin(interaction),
        elsewhere: choices.map(({ id, name }) => ({
          name,
          href: `/${tenant.id}/login/${interaction.uid}/external/${id}`,
        })),
      }),
      status,
    );
  }

  function askNewPassword(user: User, interaction: Interaction, message: string | null, status = 200): Reply {
    const view = {
      userName: user.principalName,
      message,
      leastLength: PASSWORD_LENGTH.least,
      returnsTo: returnOrigin(interaction),
    };
    return show(changePasswordPage(view), status);
  }

  function secondsLeft(interaction: Interaction): number {
    return Math.max(1, interaction.exp - Math.floor(deps.clock.now().getTime() / 1_000));
  }
}

function pendingExternal(interaction: Interaction): Pending | null {
  const kept = interaction.result?.external as Partial<Pending> | undefined;
  if (!kept?.providerId || !kept.state || !kept.nonce || !kept.verifier) return null;
  const { providerId, state, nonce, verifier } = kept;
  return { providerId, state, nonce, verifier };
}

/** SameSite cookies keep other sites' forms out already; a browser that says where the form came from is believed too. */
function refuseForeignForm(request: InteractionRequest): void {
  const from = request.headers.origin;
  if (typeof from === 'string' && from !== request.origin)
    throw new ApiError('Forbidden', 'The form was sent from another site.');
}

function returnOrigin(interaction: Interaction): string {
  const target = interaction.params.redirect_uri;
  return typeof target === 'string' && URL.canParse(target) ? new URL(target).origin : "'self'";
}

function show(page: Page, status: number): Reply {
  return { status, headers: page.headers, body: page.body };
}

function single(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
