/**
 * A guest's sign-in: at home, by whatever his home tenant asks of him, and from there into the other tenant's authorization request.
 *
 *   the other tenant's sign-in page ── name of another tenant ──> signed in at home? ── no ──> home's sign-in
 *      └── interaction goes on as the guest <── ticket, one minute, this request only <── link ── yes, and invited
 */
import { ApiError } from '@merlon/contract';
import type { Reply, RouteRequest } from '../../http/route.ts';
import { enterTenantPage } from './consent-pages.ts';
import { forwarded } from './forwarded-request.ts';
import type { Guests } from './guests.ts';
import type { HomeSession } from './home-session.ts';
import type { Providers } from './provider.ts';
import type { Sealer } from './sealed.ts';
import { errorPage, type Page } from './sign-in-pages.ts';
import type { Tenant, Tenants } from './tenants.ts';
import type { Fields } from './token-request.ts';
import type { Users } from './users.ts';

export interface GuestFlowDeps {
  readonly tenants: Tenants;
  readonly users: Pick<Users, 'find'>;
  readonly guests: Guests;
  readonly providers: Providers;
  readonly session: HomeSession;
  readonly sealer: Sealer;
}

type LeaveRequest = RouteRequest<{ tenant: string }, Fields, unknown, null>;
type EnterRequest = RouteRequest<{ tenant: string; uid: string }, Fields, unknown, null>;

const REQUEST_SECONDS = 15 * 60;
const TICKET_SECONDS = 60;
const ENDED = 'This sign-in has ended or was begun in another window. Start again.';

export type GuestFlow = ReturnType<typeof createGuestFlow>;

export function createGuestFlow(deps: GuestFlowDeps) {
  return {
    /** Null: the name is no other tenant's, and the password is asked for here. */
    async home(tenant: Tenant, uid: string, userName: string): Promise<Reply | null> {
      const [, domain] = userName.split('@');
      const home = domain ? await deps.tenants.find(domain) : null;
      if (!home || home.id === tenant.id || home.domain !== domain?.toLowerCase()) return null;
      const sealed = deps.sealer.seal({ customer: tenant.id, uid, userName }, REQUEST_SECONDS);
      return { status: 303, headers: { location: `/${home.id}/sign-in/guest?request=${sealed}` } };
    },

    /** At home. */
    async leave(request: LeaveRequest): Promise<Reply> {
      const home = await deps.tenants.find(request.params.tenant);
      if (!home) throw new ApiError('NotFound');
      const facts = deps.sealer.open(String(request.query.request ?? ''));
      const customer = facts?.customer ? await deps.tenants.find(facts.customer) : null;
      if (!facts?.uid || !customer) return show(errorPage(ENDED), 400);
      const person = await deps.session.person(home, request);
      if (!person) {
        const own = new URL(request.url, request.origin);
        return deps.session.signIn(home, own.pathname + own.search, facts.userName);
      }
      const entry = await deps.guests.entry(customer.id, { tenantId: home.id, userId: person.id });
      if (!entry)
        return show(
          errorPage(`${person.principalName} has no accepted invitation to ${customer.name}.`),
          403,
        );
      const ticket = deps.sealer.seal(
        { customer: customer.id, uid: facts.uid, guest: entry.id, homeUser: person.id },
        TICKET_SECONDS,
      );
      return show(
        enterTenantPage({
          tenantName: customer.name,
          userName: person.principalName,
          address: `/${customer.id}/login/${facts.uid}/guest?ticket=${ticket}`,
        }),
        200,
      );
    },

    /** In the other tenant: the cookie says whose request it is, the ticket who he is. */
    async enter(request: EnterRequest): Promise<Reply> {
      const tenant = await deps.tenants.find(request.params.tenant);
      if (!tenant) throw new ApiError('NotFound');
      const { uid } = request.params;
      const facts = deps.sealer.open(String(request.query.ticket ?? ''));
      const guest =
        facts?.customer === tenant.id && facts.uid === uid && facts.guest
          ? await deps.users.find(tenant.id, facts.guest)
          : null;
      const homeTenantId = guest ? await deps.guests.homeOf(tenant.id, guest.id) : null;
      if (!guest || homeTenantId === null) return show(errorPage(ENDED), 400);
      const own = forwarded(request, tenant.id, `/login/${uid}`);
      const provider = deps.providers.forTenant(tenant.id);
      try {
        const interaction = await provider.interactionDetails(own, request.node.response);
        if (interaction.uid !== uid) return show(errorPage(ENDED), 400);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'SessionNotFound') throw error;
        return show(errorPage(ENDED), 400);
      }
      request.audit.as(tenant.id, { kind: 'user', id: guest.id, name: guest.principalName });
      request.audit.target('user', guest.id);
      request.audit.details({ homeTenantId, homeUserId: facts?.homeUser });
      await provider.interactionFinished(
        own,
        request.node.response,
        { login: { accountId: guest.id } },
        { mergeWithLastSubmission: false },
      );
      return { handled: true };
    },
  };
}

function show(page: Page, status: number): Reply {
  return { status, headers: page.headers, body: page.body };
}
