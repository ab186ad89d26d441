/**
 * Signing a person in, within an authorization request of the provider.
 *
 *   authorize ──> no session ──> sign-in page ── wrong ──> sign-in page
 *                                     │ right
 *                                     ├── code ──> change ──> enrol ──> recovery: of these pages those that are needed,
 *                                     │               each again until it is answered well
 *                                     └──> back to authorize ──> code to the client
 *
 * The sign-in page may also lead to an external provider (federation/sign-in.ts), whose answer takes the place of the password, and of the second proof
 * where the tenant trusts it so far; or home, for a guest (guest-flow.ts). A session that lacks a second proof which the tenant wants by now begins at
 * the page for it. The trail gets one record, when the last page was answered well, and one of each refusal.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '@merlon/contract';
import { renderSVG } from 'uqr';
import type { Reply, RouteRequest } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Audit } from '../audit/index.ts';
import type { FederatedSignIn, Pending } from '../federation/index.ts';
import { AadstsError, aadstsErrors } from './aadsts.ts';
import type { Apps } from './apps.ts';
import type { ConsentFlow } from './consent-flow.ts';
import { isShared } from './discovery.ts';
import { forwarded, forwardedForm } from './forwarded-request.ts';
import type { GuestFlow } from './guest-flow.ts';
import { REFUSED_AFTER_MS } from './lockout.ts';
import { PASSWORD_LENGTH } from './passwords.ts';
import { PORTAL_CLIENT_ID } from './portal-client.ts';
import { beginningOf, PROVIDER_ROUTES, type Providers, SECOND_PROOF_REASON } from './provider.ts';
import {
  changePasswordPage,
  codePage,
  ENDED,
  enrolPage,
  errorPage,
  type Page,
  recoveryCodesPage,
  signInPage,
} from './sign-in-pages.ts';
import type { Tenant, Tenants } from './tenants.ts';
import { requireTenant } from './token-endpoint.ts';
import { DELEGATED_SCOPES, type Fields, type ProtocolVersion, userScopes } from './token-request.ts';
import type { Totp } from './totp.ts';
import type { User, Users } from './users.ts';

export interface SignInFlowDeps {
  readonly tenants: Tenants;
  readonly users: Users;
  readonly totp: Totp;
  readonly apps: Pick<Apps, 'find'>;
  readonly providers: Providers;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly federation: FederatedSignIn<User>;
  readonly consent: Pick<ConsentFlow, 'beforeAuthorize'>;
  readonly guests: Pick<GuestFlow, 'home' | 'entered'>;
}

/** The same for everybody: who has a password here, and who is locked, is nobody's business. */
const REFUSED =
  'The user name or the password is wrong. After ten wrong passwords a name is locked for a quarter of an hour.';

const WRONG_CODE =
  'The code is wrong or was used before. After ten wrong codes none is taken for a quarter of an hour.';

const STEPS = ['code', 'change', 'enrol', 'recovery'] as const;
type Step = (typeof STEPS)[number];
/** A person whose password or provider was right, and what is still to do; kept with the interaction. */
interface Unfinished {
  readonly user: User;
  readonly steps: readonly Step[];
  readonly amr: readonly string[];
  /** For the trail. */
  readonly details: Readonly<Record<string, unknown>>;
}

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
        const asking = await deps.consent.beforeAuthorize(tenant, request);
        if (asking) return asking;
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
      const anew = await beginningWithout(tenant, request, path);
      if (anew !== null)
        return {
          status: 303,
          headers: { location: `/${tenant.id}${anew}`, 'cache-control': 'no-store' },
        };
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
      // A code that comes along with an address is no proof that the person looks at the program: he types it.
      const query =
        path === PROVIDER_ROUTES.code_verification ? '' : new URL(request.url, request.origin).search;
      return pass(tenant, request, path + query);
    },

    async page(request: InteractionRequest): Promise<Reply> {
      const found = await interactionOf(request);
      if ('reply' in found) return found.reply;
      const { tenant, interaction } = found;
      const pending = await pendingOf(tenant, interaction);
      return pending ? showStep(tenant, interaction, pending) : askPassword(tenant, interaction, '', null);
    },

    async submit(request: InteractionRequest): Promise<Reply> {
      refuseForeignForm(request);
      const found = await interactionOf(request);
      if ('reply' in found) return found.reply;
      const { tenant, interaction } = found;
      const form = (request.body ?? {}) as Fields;
      const pending = await pendingOf(tenant, interaction);
      return pending
        ? step(request, tenant, interaction, pending, form)
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

    /** A guest who has signed in at home, and may have to prove more here. */
    async enter(request: InteractionRequest): Promise<Reply> {
      const found = await interactionOf(request);
      if ('reply' in found) return found.reply;
      const { tenant, interaction } = found;
      const entered = await deps.guests.entered(tenant, request.params.uid, single(request.query.ticket));
      return entered
        ? begun(request, tenant, interaction, entered.guest, entered.amr, entered.details)
        : show(errorPage(ENDED), 400);
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
          return begun(
            request,
            tenant,
            interaction,
            result.user,
            result.mfa ? ['fed', 'mfa'] : ['fed'],
            result.details,
          );
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

  /**
   * The forms of these pages left their mark in a session, and whoever comes back from the sign-in to them had one. Without it there is nothing to go
   * on with: where to begin anew. Null: there is one, or none is needed.
   */
  async function beginningWithout(
    tenant: Tenant,
    request: TenantRequest,
    path: string,
  ): Promise<string | null> {
    const resumes = path.startsWith(`${PROVIDER_ROUTES.code_verification}/`);
    if (request.method !== 'POST' && !resumes) return null;
    const provider = providers.forTenant(tenant.id);
    const own = forwarded(request, tenant.id, path);
    const { state, exp } = await provider.Session.get(provider.createContext(own, request.node.response));
    if (resumes ? exp !== undefined : state !== undefined) return null;
    return resumes ? PROVIDER_ROUTES.code_verification : path.replace(/\/confirm$/, '');
  }

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
    const home = await deps.guests.home(tenant, request.params.uid, name);
    if (home) {
      request.audit.repeats();
      return home;
    }
    const earliest = delay(REFUSED_AFTER_MS);
    const result = await users.signIn(tenant, name, single(form.password));
    switch (result.kind) {
      case 'ok': {
        const details = result.user.mustChangePassword ? { oneTimePassword: true } : {};
        return begun(request, tenant, interaction, result.user, ['pwd'], details);
      }
      case 'locked':
      case 'disabled':
      case 'wrong':
        if (result.user)
          await refused(
            request,
            tenant,
            result.user,
            result.kind === 'wrong' ? 'wrong password' : result.kind,
          );
        await earliest;
        return askPassword(tenant, interaction, name, REFUSED, 401);
    }
  }

  /** The first proof is given: what else is needed? */
  async function begun(
    request: InteractionRequest,
    tenant: Tenant,
    interaction: Interaction,
    user: User,
    amr: readonly string[],
    details: Unfinished['details'],
  ): Promise<Reply> {
    return goOn(request, tenant, interaction, await unfinished(tenant, user, amr, details));
  }

  async function unfinished(
    tenant: Tenant,
    user: User,
    amr: readonly string[],
    details: Unfinished['details'],
  ): Promise<Unfinished> {
    const missing = await deps.totp.missing(tenant.id, user.id, amr);
    const needed: Record<Step, boolean> = {
      code: missing === 'code',
      change: amr.includes('pwd') && user.mustChangePassword,
      enrol: missing === 'must',
      recovery: false,
    };
    return { user, steps: STEPS.filter((one) => needed[one]), amr, details };
  }

  async function step(
    request: InteractionRequest,
    tenant: Tenant,
    interaction: Interaction,
    pending: Unfinished,
    form: Fields,
  ): Promise<Reply> {
    const { user } = pending;
    const [now = 'done', ...later] = pending.steps;
    const again = (message: string, status: number) =>
      showStep(tenant, interaction, pending, { message, status });
    switch (now) {
      case 'done':
        return finish(request, tenant, pending);
      case 'code': {
        const earliest = delay(REFUSED_AFTER_MS);
        const taken = await deps.totp.check(tenant.id, user.id, single(form.code));
        if (taken === null) {
          await refused(request, tenant, user, 'wrong code');
          await earliest;
          return again(WRONG_CODE, 401);
        }
        return goOn(request, tenant, interaction, {
          ...secondProof(pending),
          steps: later,
          details: { ...pending.details, secondProof: taken },
        });
      }
      case 'change': {
        const wanted = single(form.newPassword);
        if (wanted !== single(form.repeatPassword)) return again('The two passwords differ.', 400);
        const problem = await users.changePassword(user, wanted);
        if (problem) return again(problem, 400);
        await record(request, tenant, user, 'user.changePassword', 'success', {});
        return goOn(request, tenant, interaction, { ...pending, steps: later });
      }
      case 'enrol': {
        const codes = await deps.totp.confirm(tenant.id, user.id, single(form.code));
        if (codes === null) return again(WRONG_CODE, 400);
        await record(request, tenant, user, 'totp.confirm', 'success', {});
        await remember(interaction, { ...secondProof(pending), steps: ['recovery'] });
        return show(recoveryCodesPage(codes, returnOrigin(interaction)), 200);
      }
      case 'recovery':
        return goOn(request, tenant, interaction, { ...pending, steps: later });
    }
  }

  /** To the next page, or out. */
  async function goOn(
    request: InteractionRequest,
    tenant: Tenant,
    interaction: Interaction,
    pending: Unfinished,
  ): Promise<Reply> {
    if (pending.steps.length === 0) return finish(request, tenant, pending);
    await remember(interaction, pending);
    // Its form goes to the address it is shown at.
    return request.method === 'GET'
      ? { status: 303, headers: { location: `/${tenant.id}/login/${request.params.uid}` } }
      : showStep(tenant, interaction, pending);
  }

  async function remember(
    interaction: Interaction,
    { user, steps, amr, details }: Unfinished,
  ): Promise<void> {
    interaction.result = {
      pending: { userId: user.id, steps: [...steps], amr: [...amr], details: { ...details } },
    };
    await interaction.save(secondsLeft(interaction));
  }

  async function showStep(
    tenant: Tenant,
    interaction: Interaction,
    { user, steps }: Pick<Unfinished, 'user' | 'steps'>,
    { message, status }: { message: string | null; status: number } = { message: null, status: 200 },
  ): Promise<Reply> {
    const returnsTo = returnOrigin(interaction);
    const [now = 'done'] = steps;
    switch (now) {
      case 'code':
        return show(codePage({ message, returnsTo }), status);
      case 'change':
        return askNewPassword(user, interaction, message, status);
      case 'enrol': {
        const { secret, uri } = await deps.totp.enrol(user, `Merlon ${tenant.name}`);
        const picture = renderSVG(uri, { border: 2 });
        return show(enrolPage({ message, returnsTo, secret, uri, picture }), status);
      }
      case 'recovery':
      case 'done':
        return show(recoveryCodesPage([], returnsTo), status);
    }
  }

  async function finish(
    request: InteractionRequest,
    tenant: Tenant,
    { user, amr, details }: Unfinished,
  ): Promise<Reply> {
    request.audit.as(tenant.id, { kind: 'user', id: user.id, name: user.principalName });
    request.audit.target('user', user.id);
    request.audit.details(details);
    await providers
      .forTenant(tenant.id)
      .interactionFinished(
        forwarded(request, tenant.id, `/login/${request.params.uid}`),
        request.node.response,
        { login: { accountId: user.id, amr: [...amr] } },
        { mergeWithLastSubmission: false },
      );
    return { handled: true };
  }

  function refused(request: InteractionRequest, tenant: Tenant, user: User, reason: string): Promise<void> {
    return record(request, tenant, user, 'user.signIn', 'refused', { reason });
  }

  async function record(
    request: InteractionRequest,
    tenant: Tenant,
    user: User,
    action: string,
    outcome: 'success' | 'refused',
    details: Record<string, unknown>,
  ): Promise<void> {
    await deps.audit.record({
      tenantId: tenant.id,
      actor: { kind: 'user', id: user.id, name: user.principalName },
      action,
      target: { kind: 'user', id: user.id },
      outcome,
      details,
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
    const provider = providers.forTenant(tenant.id);
    try {
      const interaction = await provider.interactionDetails(own, request.node.response);
      // The cookie decides which interaction this is; the address must be its own.
      if (interaction.uid === request.params.uid) return { tenant, interaction };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'SessionNotFound') throw error;
      // Its session ended meanwhile, as by signing out in another window: the same request begins a new one.
      const { cookies } = provider.createContext(own, request.node.response);
      const kept = cookies.get(provider.cookieName('interaction'), { signed: true });
      const interaction = kept === request.params.uid ? await provider.Interaction.find(kept) : undefined;
      if (interaction)
        return { reply: { status: 303, headers: { location: beginningOf(tenant.id, interaction) } } };
    }
    return { reply: show(errorPage(ENDED), 400) };
  }

  async function pendingOf(tenant: Tenant, interaction: Interaction): Promise<Unfinished | null> {
    const kept = interaction.result?.pending as
      | (Omit<Unfinished, 'user'> & { readonly userId: string })
      | undefined;
    if (kept !== undefined) {
      const user = await users.find(tenant.id, kept.userId);
      return user && { user, steps: kept.steps, amr: kept.amr, details: kept.details };
    }
    const { prompt, session } = interaction;
    const [reason, ...others] = prompt.reasons;
    if (session?.accountId === undefined || reason !== SECOND_PROOF_REASON || others.length > 0) return null;
    const user = await users.find(tenant.id, session.accountId);
    const rest = user && (await unfinished(tenant, user, session.amr ?? [], { session: 'continued' }));
    // A session alone is not enough to set a second proof up: whoever took it would bring his own.
    return rest?.steps.includes('enrol') ? null : rest;
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

function secondProof(pending: Unfinished): Unfinished {
  return { ...pending, amr: [...pending.amr, 'otp', 'mfa'] };
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
