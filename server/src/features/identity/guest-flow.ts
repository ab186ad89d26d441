/**
 * A guest's sign-in: at home, by whatever his home tenant asks of him, and from there into the other tenant's authorization request.
 *
 *   the other tenant's sign-in page ── name of another tenant ──> signed in at home? ── no ──> home's sign-in
 *      └── sign-in goes on as the guest, asking for what the other tenant wants besides <── ticket, one minute, this request only <── link ── yes, and invited
 */
import { ApiError } from '@merlon/contract';
import type { Reply, RouteRequest } from '../../http/route.ts';
import { enterTenantPage } from './consent-pages.ts';
import type { Guests } from './guests.ts';
import type { HomeSession } from './home-session.ts';
import type { Sealer } from './sealed.ts';
import { ENDED, errorPage, type Page } from './sign-in-pages.ts';
import type { Tenant, Tenants } from './tenants.ts';
import type { Fields } from './token-request.ts';
import type { User, Users } from './users.ts';

export interface GuestFlowDeps {
  readonly tenants: Tenants;
  readonly users: Pick<Users, 'find'>;
  readonly guests: Guests;
  readonly session: HomeSession;
  readonly sealer: Sealer;
}

type LeaveRequest = RouteRequest<{ tenant: string }, Fields, unknown, null>;

export interface Entered {
  readonly guest: User;
  readonly amr: readonly string[];
  /** For the trail. */
  readonly details: Readonly<Record<string, unknown>>;
}

const REQUEST_SECONDS = 15 * 60;
const TICKET_SECONDS = 60;

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
      const signedIn = await deps.session.person(home, request);
      if (!signedIn) {
        const own = new URL(request.url, request.origin);
        return deps.session.signIn(home, own.pathname + own.search, facts.userName);
      }
      const { person, amr } = signedIn;
      const entry = await deps.guests.entry(customer.id, { tenantId: home.id, userId: person.id });
      if (!entry)
        return show(
          errorPage(`${person.principalName} has no accepted invitation to ${customer.name}.`),
          403,
        );
      const ticket = deps.sealer.seal(
        {
          customer: customer.id,
          uid: facts.uid,
          guest: entry.id,
          homeUser: person.id,
          // A code that this server took itself is as good in the other tenant; what an external provider of home says is for home alone.
          amr: amr.includes('otp') ? 'fed otp mfa' : 'fed',
        },
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

    /** Who comes with the ticket; in the other tenant, where the cookie says whose request it is. Null: the ticket is none, or none any more. */
    async entered(tenant: Tenant, uid: string, ticket: string): Promise<Entered | null> {
      const facts = deps.sealer.open(ticket);
      if (!facts?.guest || facts.customer !== tenant.id || facts.uid !== uid) return null;
      const guest = await deps.users.find(tenant.id, facts.guest);
      const homeTenantId = guest ? await deps.guests.homeOf(tenant.id, guest.id) : null;
      return guest && homeTenantId !== null
        ? { guest, amr: facts.amr?.split(' ') ?? [], details: { homeTenantId, homeUserId: facts.homeUser } }
        : null;
    },
  };
}

function show(page: Page, status: number): Reply {
  return { status, headers: page.headers, body: page.body };
}
