import { describe, expect, it } from 'vitest';
import { challengeOf } from './pkce.ts';
import { type Browser, createSession, type PortalConfig } from './session.ts';

const config: PortalConfig = {
  clientId: 'portal',
  tenantId: 't1',
  tenantName: 'Tenant',
  scopes: ['openid', 'api/.default'],
  redirectPath: '/auth/callback',
  authorizationEndpoint: 'https://merlon.test/t1/authorize',
  tokenEndpoint: 'https://merlon.test/t1/token',
  endSessionEndpoint: 'https://merlon.test/t1/logout',
};

/** A browser whose token endpoint answers by `answer`, and which remembers where it was sent. */
function browserWith(answer: (form: URLSearchParams) => Response) {
  const kept = new Map<string, string>();
  const went: string[] = [];
  const asked: URLSearchParams[] = [];
  const clock = { now: 1_000_000 };
  const browser: Browser = {
    storage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
    origin: 'https://merlon.test',
    now: () => clock.now,
    go: (url) => void went.push(url),
    async fetch(url, init) {
      if (url.startsWith('/portal/config.json')) return Response.json(config);
      const form = new URLSearchParams(String(init?.body));
      asked.push(form);
      return answer(form);
    },
  };
  return { browser, went, asked, clock, kept };
}

const tokens = (n: number) =>
  Response.json({
    access_token: `access${n}`,
    refresh_token: `refresh${n}`,
    id_token: 'id',
    expires_in: 3_599,
  });

async function signedIn(answer: (form: URLSearchParams) => Response) {
  const made = browserWith(answer);
  const session = createSession(made.browser);
  await session.begin('/alerts?page=2');
  const state = new URL(made.went[0] ?? '').searchParams.get('state') ?? '';
  const returnTo = await session.complete(new URLSearchParams({ code: 'c1', state }));
  return { ...made, session, returnTo };
}

describe('session', () => {
  it('signs in with a proof that matches its challenge, and goes back to where it was', async () => {
    const { asked, went, returnTo, session } = await signedIn(() => tokens(1));
    const sent = new URL(went[0] ?? '').searchParams;
    expect(sent.get('redirect_uri')).toBe('https://merlon.test/auth/callback');
    expect(sent.get('scope')).toBe('openid api/.default');
    expect(await challengeOf(asked[0]?.get('code_verifier') ?? '')).toBe(sent.get('code_challenge'));
    expect(returnTo).toBe('/alerts?page=2');
    expect(await session.accessToken()).toBe('access1');
  });

  it('takes no answer to a sign-in it did not begin, nor the same one twice', async () => {
    const { session, went } = await signedIn(() => tokens(1));
    await expect(session.complete(new URLSearchParams({ code: 'x', state: 'foreign' }))).rejects.toThrow(
      /not begun/,
    );
    const state = new URL(went[0] ?? '').searchParams.get('state') ?? '';
    await expect(session.complete(new URLSearchParams({ code: 'c1', state }))).rejects.toThrow(/not begun/);
  });

  it('passes on why the provider refused', async () => {
    const { browser } = browserWith(() => tokens(1));
    const answer = new URLSearchParams({ error: 'access_denied', error_description: 'Not you.', state: 's' });
    await expect(createSession(browser).complete(answer)).rejects.toThrow('Not you.');
  });

  it('renews a token shortly before its end, once for all who ask', async () => {
    const { session, clock, asked } = await signedIn((form) =>
      tokens(form.get('grant_type') === 'refresh_token' ? 2 : 1),
    );
    clock.now += 3_550_000;
    expect(await Promise.all([session.accessToken(), session.accessToken()])).toEqual(['access2', 'access2']);
    expect(asked.filter((form) => form.get('grant_type') === 'refresh_token')).toHaveLength(1);
    expect(asked[1]?.get('refresh_token')).toBe('refresh1');
  });

  it('is over when the refresh token is refused', async () => {
    const { session, clock } = await signedIn((form) =>
      form.get('grant_type') === 'refresh_token'
        ? Response.json({ error: 'invalid_grant' }, { status: 400 })
        : tokens(1),
    );
    clock.now += 3_600_000;
    expect(await session.accessToken()).toBeNull();
    expect(session.signedIn).toBe(false);
  });

  it('stays while the sign-in service is only unwell', async () => {
    const { session, clock } = await signedIn((form) =>
      form.get('grant_type') === 'refresh_token' ? new Response('', { status: 503 }) : tokens(1),
    );
    clock.now += 3_600_000;
    await expect(session.accessToken()).rejects.toThrow(/cannot answer now/);
    expect(session.signedIn).toBe(true);
  });

  it('forgets the tokens before it leaves for the sign-out page', async () => {
    const { session, went } = await signedIn(() => tokens(1));
    await session.signOut();
    expect(session.signedIn).toBe(false);
    expect(new URL(went[1] ?? '').searchParams.get('post_logout_redirect_uri')).toBe('https://merlon.test/');
  });
});
