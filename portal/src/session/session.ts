/**
 * Who is signed in. Authorization code with PKCE against Merlon's own OpenID provider; tokens live in `sessionStorage`, so that a reload keeps
 * them and another tab signs in by itself with the provider's session cookie.
 *
 *   no tokens ──begin──▶ provider's pages ──▶ /auth/callback ──complete──▶ tokens ──refresh──▶ tokens
 *       ▲                                                                    │ refused
 *       └────────────────────────────────────────────────────────────────────┘
 */
import { createProof, randomText } from './pkce.ts';

export interface PortalConfig {
  readonly clientId: string;
  readonly tenantId: string;
  readonly tenantName: string;
  readonly scopes: readonly string[];
  readonly redirectPath: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly endSessionEndpoint: string;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly idToken: string | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface Attempt {
  readonly verifier: string;
  readonly returnTo: string;
}

/** What the session needs of the browser. */
export interface Browser {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly origin: string;
  fetch(url: string, init?: RequestInit): Promise<Response>;
  now(): number;
  /** Leaves the page. */
  go(url: string): void;
}

/** Sign-in did not come about; `message` is for people. */
export class SignInError extends Error {
  override readonly name = 'SignInError';
}

export interface Session {
  config(): Promise<PortalConfig>;
  readonly signedIn: boolean;
  /** Leaves for the provider's pages; the person comes back to `returnTo`, a path of the portal. */
  begin(returnTo: string): Promise<void>;
  /** Takes the provider's answer. Resolves to the path to go on with. */
  complete(answer: URLSearchParams): Promise<string>;
  /** A token that is good for a little while longer; null when the person must sign in again. */
  accessToken(): Promise<string | null>;
  /** A fresh token although the present one has not run out; null as above. */
  renew(): Promise<string | null>;
  signOut(): Promise<void>;
  /** Where a guest came from; null for who is at home. */
  readonly homeTenant: HomeTenant | null;
  /** Leaves for the sign-in of another tenant in which the person may act; `back`: to his own. */
  switchTenant(tenantId: string, back: boolean): Promise<void>;
}

export interface HomeTenant {
  readonly tenantId: string;
  readonly tenantName: string;
}

const HOME = 'merlon.home';
const TOKENS = 'merlon.tokens';
const TENANT = 'merlon.tenant';
const attemptKey = (state: string) => `merlon.signIn.${state}`;
/** A token is renewed this long before it ends, so that none ends on its way to the server. */
const MARGIN_MS = 60_000;

export function createSession(browser: Browser): Session {
  const { storage } = browser;
  let configuration: Promise<PortalConfig> | null = null;
  let renewal: Promise<string | null> | null = null;

  function config(): Promise<PortalConfig> {
    configuration ??= loadConfig().catch((error: unknown) => {
      configuration = null;
      throw error;
    });
    return configuration;
  }

  async function loadConfig(): Promise<PortalConfig> {
    const tenant = storage.getItem(TENANT);
    const query = tenant === null ? '' : `?tid=${encodeURIComponent(tenant)}`;
    const response = await browser.fetch(`/portal/config.json${query}`);
    if (!response.ok) throw new SignInError(`The server did not say how to sign in (${response.status}).`);
    return (await response.json()) as PortalConfig;
  }

  function tokens(): Tokens | null {
    const kept = storage.getItem(TOKENS);
    return kept === null ? null : (JSON.parse(kept) as Tokens);
  }

  async function exchange(fields: Record<string, string>, former: Tokens | null): Promise<Tokens | null> {
    const { tokenEndpoint, clientId } = await config();
    const response = await browser.fetch(tokenEndpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: clientId, ...fields }).toString(),
    });
    if (response.status >= 500) throw new SignInError('The sign-in service cannot answer now.');
    if (!response.ok) return null;
    const body = (await response.json()) as {
      access_token: string;
      refresh_token?: string;
      id_token?: string;
      expires_in: number;
    };
    const fresh: Tokens = {
      accessToken: body.access_token,
      refreshToken: body.refresh_token ?? former?.refreshToken ?? null,
      idToken: body.id_token ?? former?.idToken ?? null,
      expiresAt: browser.now() + body.expires_in * 1_000,
    };
    storage.setItem(TOKENS, JSON.stringify(fresh));
    return fresh;
  }

  /** One at a time: a refresh token may serve only once. */
  function renew(): Promise<string | null> {
    renewal ??= (async () => {
      const known = tokens();
      if (!known?.refreshToken) return null;
      const fresh = await exchange({ grant_type: 'refresh_token', refresh_token: known.refreshToken }, known);
      if (!fresh) storage.removeItem(TOKENS);
      return fresh?.accessToken ?? null;
    })().finally(() => {
      renewal = null;
    });
    return renewal;
  }

  return {
    config,
    get signedIn() {
      return tokens() !== null;
    },

    async begin(returnTo) {
      const tenant = new URL(returnTo, browser.origin).searchParams.get('tid');
      if (tenant !== null) {
        storage.setItem(TENANT, tenant);
        configuration = null;
      }
      const { authorizationEndpoint, clientId, redirectPath, scopes } = await config();
      const { verifier, challenge } = await createProof();
      const state = randomText(16);
      storage.setItem(attemptKey(state), JSON.stringify({ verifier, returnTo } satisfies Attempt));
      const url = new URL(authorizationEndpoint);
      url.search = new URLSearchParams({
        client_id: clientId,
        response_type: 'code',
        redirect_uri: browser.origin + redirectPath,
        scope: scopes.join(' '),
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }).toString();
      browser.go(url.href);
    },

    async complete(answer) {
      const state = answer.get('state') ?? '';
      const kept = storage.getItem(attemptKey(state));
      storage.removeItem(attemptKey(state));
      const error = answer.get('error');
      if (error !== null) throw new SignInError(answer.get('error_description') ?? error);
      const code = answer.get('code');
      if (kept === null || code === null) throw new SignInError('This sign-in was not begun in this tab.');
      const { verifier, returnTo } = JSON.parse(kept) as Attempt;
      const { redirectPath } = await config();
      const fresh = await exchange(
        {
          grant_type: 'authorization_code',
          code,
          redirect_uri: browser.origin + redirectPath,
          code_verifier: verifier,
        },
        null,
      );
      if (!fresh) throw new SignInError('The server did not accept the sign-in; it may have taken too long.');
      return returnTo;
    },

    async accessToken() {
      const known = tokens();
      if (!known) return null;
      return known.expiresAt - browser.now() > MARGIN_MS ? known.accessToken : renew();
    },
    renew,

    get homeTenant() {
      const kept = storage.getItem(HOME);
      return kept === null ? null : (JSON.parse(kept) as HomeTenant);
    },

    async switchTenant(tenantId, back) {
      const { tenantId: here, tenantName } = await config();
      if (back) storage.removeItem(HOME);
      else if (storage.getItem(HOME) === null)
        storage.setItem(HOME, JSON.stringify({ tenantId: here, tenantName } satisfies HomeTenant));
      storage.removeItem(TOKENS);
      storage.setItem(TENANT, tenantId);
      // A new page: nothing of the one tenant is left in memory when the other is shown.
      browser.go('/');
    },

    async signOut() {
      const known = tokens();
      storage.removeItem(TOKENS);
      const { endSessionEndpoint, clientId } = await config();
      const url = new URL(endSessionEndpoint);
      url.search = new URLSearchParams({
        client_id: clientId,
        post_logout_redirect_uri: `${browser.origin}/`,
        ...(known?.idToken ? { id_token_hint: known.idToken } : {}),
      }).toString();
      browser.go(url.href);
    },
  };
}
