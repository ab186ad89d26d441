/**
 * Who is signed in at a tenant, for pages of our own. Whoever is not is sent through the tenant's sign-in and comes back: as a client that redeems no
 * code, since the session is all that is wanted.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Reply, RouteRequest } from '../../http/route.ts';
import { forwarded } from './forwarded-request.ts';
import { PAGES_CLIENT_ID, PAGES_REDIRECT_PATH } from './pages-client.ts';
import { PROVIDER_ROUTES, type Providers } from './provider.ts';
import type { Sealer } from './sealed.ts';
import type { Tenant } from './tenants.ts';
import type { Totp } from './totp.ts';
import type { User, Users } from './users.ts';

const SIGN_IN_SECONDS = 30 * 60;

export type HomeSession = ReturnType<typeof createHomeSession>;
type Request = Pick<RouteRequest, 'node' | 'origin'>;

export interface SessionPerson {
  readonly person: User;
  /** What he proved himself by. */
  readonly amr: readonly string[];
}

export function createHomeSession(deps: {
  readonly providers: Pick<Providers, 'forTenant'>;
  readonly users: Pick<Users, 'find'>;
  readonly totp: Pick<Totp, 'missing'>;
  readonly sealer: Sealer;
  publicOrigin(): string;
}) {
  return {
    /** Null also where the tenant wants a second proof by now that the session lacks. */
    async person(tenant: Tenant, request: Request): Promise<SessionPerson | null> {
      const provider = deps.providers.forTenant(tenant.id);
      const own = forwarded(request, tenant.id, '/');
      const { accountId, amr = [] } = await provider.Session.get(
        provider.createContext(own, request.node.response),
      );
      const person = accountId ? await deps.users.find(tenant.id, accountId) : null;
      if (!person || (await deps.totp.missing(tenant.id, person.id, amr)) !== 'none') return null;
      return { person, amr };
    },

    /** `to`: path and query within the tenant's own addresses. */
    signIn(tenant: Tenant, to: string, loginHint?: string): Reply {
      const query = new URLSearchParams({
        client_id: PAGES_CLIENT_ID,
        response_type: 'code',
        redirect_uri: `${deps.publicOrigin()}/${tenant.id}${PAGES_REDIRECT_PATH}`,
        scope: 'openid',
        state: deps.sealer.seal({ to, tenant: tenant.id }, SIGN_IN_SECONDS),
        code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
        code_challenge_method: 'S256',
        ...(loginHint === undefined ? {} : { login_hint: loginHint }),
      });
      return {
        status: 303,
        headers: { location: `/${tenant.id}${PROVIDER_ROUTES.authorization}?${query}` },
      };
    },

    /** Null: no sign-in of ours. */
    back(tenant: Tenant, state: string): Reply | null {
      const facts = deps.sealer.open(state);
      return facts?.tenant === tenant.id && facts.to !== undefined
        ? { status: 303, headers: { location: facts.to } }
        : null;
    },
  };
}
