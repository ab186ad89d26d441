/**
 * Consent to an application, given by a person in pages: at the address for administrators, or within an authorization request (`prompt=consent`).
 *
 *   request ── client, address, scope wrong ──> error page
 *      │ not signed in ──> sign-in ──> the same again
 *      │ may not decide ──> error page (AADSTS90094)
 *      └──> page ── accept ──> granted, recorded ──> back to the application, or on with its authorization request
 *             └──── cancel ──> back to the application with access_denied
 */
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Reply, RouteRequest } from '../../http/route.ts';
import type { Audit } from '../audit/index.ts';
import { AadstsError, aadstsErrors } from './aadsts.ts';
import type { App, Apps } from './apps.ts';
import { answerAddress, type ConsentScopes, consentScopes, isRegisteredRedirect } from './consent.ts';
import { consentPage } from './consent-pages.ts';
import { isShared } from './discovery.ts';
import type { HomeSession } from './home-session.ts';
import { PORTAL_CLIENT_ID } from './portal-client.ts';
import type { Sealer } from './sealed.ts';
import { errorPage, type Page } from './sign-in-pages.ts';
import type { Tenant, Tenants } from './tenants.ts';
import { requireTenant } from './token-endpoint.ts';
import { type Fields, field, requireField } from './token-request.ts';
import type { User } from './users.ts';

export interface ConsentFlowDeps {
  readonly state: StateStore;
  readonly tenants: Tenants;
  readonly apps: Apps;
  readonly audit: Audit;
  readonly session: HomeSession;
  readonly sealer: Sealer;
  mayAdminister(tenantId: string, userId: string): Promise<boolean>;
}

type TenantRequest = RouteRequest<{ tenant: string }, Fields, unknown, null>;

const DECISION_SECONDS = 30 * 60;
const CANCELLED = 'AADSTS65004: The request for permissions was declined.';

export type ConsentFlow = ReturnType<typeof createConsentFlow>;

export function createConsentFlow(deps: ConsentFlowDeps) {
  const { apps, session } = deps;

  return {
    adminConsent: (request: TenantRequest): Promise<Reply> =>
      pages(async () => {
        // Without a tenant the answer says which one it was: the default.
        const tenant = isShared(request.params.tenant)
          ? await deps.tenants.require(undefined)
          : await requireTenant(deps.tenants, request.params.tenant);
        const fields = request.query;
        const app = await requireApp(requireField(fields, 'client_id'), tenant);
        const redirect = requireField(fields, 'redirect_uri');
        requireRegistered(app, redirect);
        const scopes = consentScopes(field(fields, 'scope'));
        const path = new URL(request.url, request.origin);
        const person = (await session.person(tenant, request))?.person ?? null;
        if (!person)
          return session.signIn(
            tenant,
            `/${tenant.id}/v2.0/adminconsent${path.search}`,
            field(fields, 'login_hint'),
          );
        if (!(await deps.mayAdminister(tenant.id, person.id))) throw notAllowed(app);
        const state = field(fields, 'state');
        const common = { tenant: tenant.id, ...(state === undefined ? {} : { state }) };
        return ask(tenant, person, app, scopes, true, {
          accepted: answerAddress(redirect, {
            admin_consent: 'True',
            ...common,
            ...(field(fields, 'scope') === undefined ? {} : { scope: field(fields, 'scope') }),
          }),
          refused: answerAddress(redirect, {
            admin_consent: 'True',
            error: 'access_denied',
            error_description: CANCELLED,
            ...common,
          }),
        });
      }),

    /** Within an authorization request of a tenant's own address. Null: it asks for no consent, and goes on. */
    async beforeAuthorize(tenant: Tenant, request: TenantRequest): Promise<Reply | null> {
      const fields = request.query;
      const prompts = (field(fields, 'prompt') ?? '').split(' ');
      if (!prompts.includes('consent') && !prompts.includes('admin_consent')) return null;
      const clientId = requireField(fields, 'client_id');
      if (clientId.toLowerCase() === PORTAL_CLIENT_ID) return null;
      return pages(async () => {
        const app = await requireApp(clientId, tenant);
        const redirect = requireField(fields, 'redirect_uri');
        requireRegistered(app, redirect);
        const own = new URL(request.url, request.origin);
        const person = (await session.person(tenant, request))?.person ?? null;
        if (!person) return session.signIn(tenant, own.pathname + own.search, field(fields, 'login_hint'));
        const scope = field(fields, 'scope');
        // Version 1 of the dialect names the API apart, and means all of it.
        const scopes = consentScopes(field(fields, 'resource') === undefined ? scope : undefined);
        const present = await apps.find(tenant.id, app.clientId);
        const missing =
          present === null ||
          prompts.includes('admin_consent') ||
          (scopes === 'registered' ? app.delegated : scopes).some(
            (name) => !present.delegated.includes(name),
          );
        if (missing && !(await deps.mayAdminister(tenant.id, person.id))) throw notAllowed(app);
        const others = prompts.filter((one) => !['consent', 'admin_consent', ''].includes(one));
        if (others.length > 0) own.searchParams.set('prompt', others.join(' '));
        else own.searchParams.delete('prompt');
        const state = field(fields, 'state');
        return ask(tenant, person, app, scopes, missing, {
          accepted: own.pathname + own.search,
          refused: answerAddress(redirect, {
            error: 'access_denied',
            error_description: CANCELLED,
            ...(state === undefined ? {} : { state }),
          }),
        });
      });
    },

    decide: (request: TenantRequest): Promise<Reply> =>
      pages(async () => {
        const { origin } = request.headers;
        if (typeof origin === 'string' && origin !== request.origin)
          throw new ApiError('Forbidden', 'The form was sent from another site.');
        const tenant = await requireTenant(deps.tenants, request.params.tenant);
        const form = (request.body ?? {}) as Fields;
        const facts = deps.sealer.open(field(form, 'request') ?? '');
        const person = (await session.person(tenant, request))?.person ?? null;
        // What was asked of one person in one tenant, only he decides there.
        if (!facts || !person || facts.tenant !== tenant.id || facts.person !== person.id)
          return show(errorPage('This request has ended or was begun by somebody else. Start again.'), 400);
        const { clientId = '', scopes = '', accepted = '', refused = '', grants } = facts;
        request.audit.as(tenant.id, { kind: 'user', id: person.id, name: person.principalName });
        request.audit.target('application', clientId);
        const names: ConsentScopes =
          scopes === 'registered' ? scopes : scopes.split(' ').filter((one) => one !== '');
        request.audit.details({
          scopes: names,
          answer: field(form, 'answer') === 'accept' ? 'accept' : 'refuse',
        });
        if (field(form, 'answer') !== 'accept') return { status: 303, headers: { location: refused } };
        if (grants === 'yes') {
          const app = await requireApp(clientId, tenant);
          if (!(await deps.mayAdminister(tenant.id, person.id))) throw notAllowed(app);
          await deps.state.together(async () => {
            await apps.consent(tenant.id, clientId, person.principalName, names);
            await request.audit.recordTogether();
          });
        }
        return { status: 303, headers: { location: accepted } };
      }),
  };

  function ask(
    tenant: Tenant,
    person: User,
    app: App,
    scopes: ConsentScopes,
    grants: boolean,
    to: { accepted: string; refused: string },
  ): Promise<Reply> {
    return deps.tenants.find(app.homeTenantId).then((home) =>
      show(
        consentPage({
          tenantName: tenant.name,
          userName: person.principalName,
          appName: app.name,
          homeTenantName: home?.name ?? app.homeTenantId,
          permissions: scopes === 'registered' ? app.permissions : [],
          delegated: scopes === 'registered' ? app.delegated : scopes,
          grants,
          action: `/${tenant.id}/consent`,
          sealed: deps.sealer.seal(
            {
              tenant: tenant.id,
              person: person.id,
              clientId: app.clientId,
              scopes: scopes === 'registered' ? scopes : scopes.join(' '),
              grants: grants ? 'yes' : 'no',
              ...to,
            },
            DECISION_SECONDS,
          ),
          returnsTo: sourceOf(to.refused),
        }),
        200,
      ),
    );
  }

  /** As registered, wherever that is. */
  async function requireApp(clientId: string, tenant: Tenant): Promise<App> {
    const app = await apps.home(clientId.toLowerCase());
    if (!app || (app.homeTenantId !== tenant.id && !app.multiTenant))
      throw new AadstsError(
        700016,
        `Application '${clientId}' was not found in the directory '${tenant.name}'.`,
      );
    if (!app.enabled) throw new AadstsError(7000112, `Application '${clientId}' is disabled.`);
    return app;
  }
}

function requireRegistered(app: App, redirect: string): void {
  if (!isRegisteredRedirect(app, redirect))
    throw new AadstsError(
      50011,
      `The redirect address '${redirect}' is not registered for application '${app.clientId}'.`,
    );
}

function notAllowed(app: App): AadstsError {
  return new AadstsError(90094, `${app.name} asks for permissions that only an administrator can grant.`);
}

/** As a content security policy names it. */
function sourceOf(address: string): string {
  const { origin, protocol } = new URL(address);
  return origin === 'null' ? protocol : origin;
}

/** Errors leave as pages: nobody is sent to an address that was not checked. */
async function pages(work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AadstsError)) throw error;
    return show(errorPage(`AADSTS${error.code}: ${error.message}`), aadstsErrors[error.code].status);
  }
}

function show(page: Page, status: number): Reply {
  return { status, headers: page.headers, body: page.body };
}
