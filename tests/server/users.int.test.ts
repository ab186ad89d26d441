import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotp, stepOf } from '../../server/src/features/identity/totp-code.ts';
import { fromBase32 } from '../support/base32.ts';
import { cookieJar } from '../support/cookie-jar.ts';
import { type PortalSession, startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let administrator: PortalSession;
const password = 'correct horse battery';

beforeAll(async () => {
  server = await startServer();
  const { name, oneTimePassword } = server.administrator;
  administrator = await server.signIn({ name, password: oneTimePassword, newPassword: password });
});
afterAll(() => server?.dispose());

const ask = (method: string, path: string, json?: object, token = administrator.accessToken) =>
  server.call(path, { method, token, ...(json === undefined ? {} : { json }) });

async function made(name: string) {
  const answer = await ask('POST', '/api/merlon/users', { name });
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as { id: string; userPrincipalName: string; oneTimePassword: string };
}

describe('people', () => {
  it('are made, found, renamed, given a new password and removed', async () => {
    const ann = await made('ann');
    const bob = await made('bob');
    expect((await ask('POST', '/api/merlon/users', { name: 'ANN' })).status).toBe(409);
    const found = (await ask('GET', '/api/merlon/users?search=ann')).json();
    expect(found).toMatchObject({
      value: [{ id: ann.id, accountEnabled: true, signInCodes: false }],
      next: null,
    });
    const page = (await ask('GET', '/api/merlon/users?top=2')).json();
    expect(page.next).toBe(ann.userPrincipalName);
    const rest = (await ask('GET', `/api/merlon/users?top=2&after=${page.next}`)).json();
    expect(rest.value.map(({ id }: { id: string }) => id)).toContain(bob.id);

    const renamed = await ask('PATCH', `/api/merlon/users/${ann.id}`, { displayName: 'Ann A.' });
    expect(renamed.json()).toMatchObject({ displayName: 'Ann A.' });
    const reset = (await ask('POST', `/api/merlon/users/${ann.id}/resetpassword`)).json();
    await expect(server.signIn({ name: 'ann', password: ann.oneTimePassword })).rejects.toThrow(/wrong/);
    await server.signIn({
      name: 'ann',
      password: reset.oneTimePassword,
      newPassword: 'a quite new password',
    });

    expect((await ask('DELETE', `/api/merlon/users/${ann.id}`)).status).toBe(200);
    expect((await ask('GET', `/api/merlon/users/${ann.id}`)).status).toBe(404);
    const trail = (await ask('GET', "/api/merlon/audit?$filter=action eq 'account.resetPassword'")).text;
    expect(trail).toContain(ann.id);
    expect(trail).not.toContain(reset.oneTimePassword);
  });

  it('are out at once when switched off: session, refresh token, access', async () => {
    const eve = await made('eve');
    const session = await server.signIn({
      name: 'eve',
      password: eve.oneTimePassword,
      newPassword: 'a quite new password',
    });
    const config = (await server.call('/portal/config.json')).json();
    expect((await ask('POST', `/api/merlon/users/${eve.id}/disable`)).json()).toMatchObject({
      accountEnabled: false,
    });
    const refreshed = await server.call(config.tokenEndpoint, {
      form: { grant_type: 'refresh_token', client_id: config.clientId, refresh_token: session.refreshToken },
    });
    expect(refreshed.json()).toMatchObject({ error: 'invalid_grant' });
    await expect(server.signIn({ name: 'eve', password: 'a quite new password' })).rejects.toThrow(/wrong/);
    // Also of what needs no role.
    for (const path of ['/api/merlon/me', '/api/merlon/invitations', '/api/machines'])
      expect((await ask('GET', path, undefined, session.accessToken)).status, path).toBe(401);
    await ask('POST', `/api/merlon/users/${eve.id}/enable`);
    await server.signIn({ name: 'eve', password: 'a quite new password' });
  });

  it('never leave a tenant without an administrator', async () => {
    const all = (await ask('GET', '/api/merlon/users?search=admin')).json();
    const own = all.value[0].id as string;
    expect((await ask('POST', `/api/merlon/users/${own}/disable`)).text).toContain('his own account');
    await expect(server.cli('account', 'disable', own)).rejects.toThrow(/Nobody would be left/);
    await expect(server.cli('account', 'remove', own)).rejects.toThrow(/Nobody would be left/);
    expect((await ask('GET', `/api/merlon/users/${own}`)).json()).toMatchObject({ accountEnabled: true });
  });
});

describe('sign-in codes', () => {
  /** The sign-in up to the page after the password. */
  async function begin(name: string, secret: string) {
    const config = (await server.call('/portal/config.json')).json();
    const visit = cookieJar(server.call, server.url);
    const query = new URLSearchParams({
      client_id: config.clientId,
      response_type: 'code',
      redirect_uri: server.url + config.redirectPath,
      scope: 'openid',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
    });
    const first = await visit(`${config.authorizationEndpoint}?${query}`);
    const page = new URL(first.headers.location ?? '', server.url).href;
    const submit = (form: Record<string, string>) => visit(page, { form });
    return { submit, answer: await submit({ username: name, password: secret }) };
  }
  const keyOf = (text: string) => fromBase32(/<code>([A-Z2-7]{32})<\/code>/.exec(text)?.[1] ?? '');

  it('are set up when the policy wants them, asked from then on, and taken once', async () => {
    const dan = await made('dan');
    const secret = 'a quite new password';
    await server.signIn({ name: 'dan', password: dan.oneTimePassword, newPassword: secret });
    expect((await ask('PATCH', '/api/merlon/totppolicy', { everybody: true })).status).toBe(200);

    const wrong = await begin('dan', 'not the password');
    expect(wrong.answer.text).not.toMatch(/code/i);
    const first = await begin('dan', secret);
    expect(first.answer.text).toContain('Set up sign-in codes');
    expect(first.answer.text).toContain('<svg');
    const key = keyOf(first.answer.text);
    expect(key).toHaveLength(20);
    expect((await first.submit({ code: '000000' })).status).toBe(400);
    const code = hotp(key, stepOf(new Date()));
    const kept = await first.submit({ code });
    const codes = [...kept.text.matchAll(/<li><code>([a-z2-7-]{14})<\/code>/g)].map(([, one]) => one ?? '');
    expect(codes).toHaveLength(10);
    expect((await first.submit({ kept: 'yes' })).status).toBe(303);
    expect((await ask('PATCH', '/api/merlon/totppolicy', { everybody: false })).status).toBe(200);

    const second = await begin('dan', secret);
    expect(second.answer.text).toContain('Enter your code');
    expect((await second.submit({ code })).status, 'the same code again').toBe(401);
    expect((await second.submit({ code: codes[0] ?? '' })).status).toBe(303);
    const third = await begin('dan', secret);
    expect((await third.submit({ code: codes[0] ?? '' })).status, 'the same recovery code').toBe(401);
    expect((await third.submit({ code: hotp(key, stepOf(new Date()) + 1) })).status).toBe(303);

    expect((await ask('POST', `/api/merlon/users/${dan.id}/resettotp`)).status).toBe(201);
    await server.signIn({ name: 'dan', password: secret });
  });

  it('are asked of whoever signed in before they were wanted: at the next page, and of his refresh token', async () => {
    const config = (await server.call('/portal/config.json')).json();
    const lea = await made('lea');
    const secret = 'a quite new password';
    const visit = cookieJar(server.call, server.url);
    const verifier = randomBytes(32).toString('base64url');
    const authorize = `${config.authorizationEndpoint}?${new URLSearchParams({
      client_id: config.clientId,
      response_type: 'code',
      redirect_uri: server.url + config.redirectPath,
      scope: config.scopes.join(' '),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })}`;
    const token = (form: Record<string, string>) =>
      server.call(config.tokenEndpoint, { form: { client_id: config.clientId, ...form } });
    const redeem = async (answer: { headers: { location?: string | undefined } }) =>
      token({
        grant_type: 'authorization_code',
        code: new URL(answer.headers.location ?? '').searchParams.get('code') ?? '',
        redirect_uri: server.url + config.redirectPath,
        code_verifier: verifier,
      });
    const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token });

    const login = (await visit(authorize)).headers.location ?? '';
    await visit(login, { form: { username: 'lea', password: lea.oneTimePassword } });
    const changed = await visit(login, { form: { newPassword: secret, repeatPassword: secret } });
    const first = (await redeem(await visit(changed.headers.location ?? ''))).json();
    // In again without a page, as long as nothing more is wanted; and a code that is redeemed too late.
    const early = await visit(authorize);
    expect(early.headers.location).toContain('code=');

    await ask('PATCH', '/api/merlon/totppolicy', { everybody: true });
    try {
      expect((await redeem(early)).json()).toMatchObject({
        error: 'interaction_required',
        error_codes: [50079],
      });
      expect((await refresh(first.refresh_token)).json()).toMatchObject({
        error: 'interaction_required',
        error_codes: [50079],
      });
      expect((await visit(`${authorize}&prompt=none`)).headers.location).toContain(
        'error=interaction_required',
      );
      const page = (await visit(authorize)).headers.location ?? '';
      expect(page).toContain('/login/');
      // To set codes up takes the password again, for whoever only took the session would set up his own.
      expect((await visit(page)).text).toContain('name="password"');
      const enrol = await visit(page, { form: { username: 'lea', password: secret } });
      expect(enrol.text).toContain('Set up sign-in codes');
      const key = keyOf(enrol.text);
      await visit(page, { form: { code: hotp(key, stepOf(new Date())) } });
      const kept = await visit(page, { form: { kept: 'yes' } });
      const second = await redeem(await visit(kept.headers.location ?? ''));
      expect(second.status, second.text).toBe(200);
      expect((await refresh(second.json().refresh_token)).status).toBe(200);
      expect((await visit(authorize)).headers.location, 'asked once').toContain('code=');
      // The refusal has not used up the refresh token, which is worth nothing still.
      expect((await refresh(first.refresh_token)).json()).toMatchObject({ error_codes: [50076] });
    } finally {
      await ask('PATCH', '/api/merlon/totppolicy', { everybody: false });
    }
  });

  it('are asked alone of a session from before they were set up', async () => {
    const noa = await made('noa');
    const secret = 'a quite new password';
    const config = (await server.call('/portal/config.json')).json();
    const visit = cookieJar(server.call, server.url);
    const authorize = `${config.authorizationEndpoint}?${new URLSearchParams({
      client_id: config.clientId,
      response_type: 'code',
      redirect_uri: server.url + config.redirectPath,
      scope: 'openid',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
    })}`;
    const login = (await visit(authorize)).headers.location ?? '';
    await visit(login, { form: { username: 'noa', password: noa.oneTimePassword } });
    const changed = await visit(login, { form: { newPassword: secret, repeatPassword: secret } });
    await visit(changed.headers.location ?? '');
    const { accessToken } = await server.signIn({ name: 'noa', password: secret });
    const enrolled = (await ask('POST', '/api/merlon/me/totp', {}, accessToken)).json();
    const key = fromBase32(enrolled.secret);
    await ask(
      'POST',
      '/api/merlon/me/totp/confirm',
      { code: hotp(key, stepOf(new Date()) - 1) },
      accessToken,
    );

    const page = (await visit(authorize)).headers.location ?? '';
    const asked = (await visit(page)).text;
    expect(asked).toContain('Enter your code');
    expect(asked).not.toContain('name="password"');
    expect((await visit(page, { form: { code: '000000' } })).status).toBe(401);
    const right = await visit(page, { form: { code: hotp(key, stepOf(new Date())) } });
    expect((await visit(right.headers.location ?? '')).headers.location).toContain('code=');
    expect((await visit(authorize)).headers.location, 'asked once').toContain('code=');
    const [record] = await server.cli('audit', 'list', '--top', '1');
    expect(record).toMatchObject({
      action: 'user.signIn',
      details: { session: 'continued', secondProof: 'code' },
    });
  });

  it('are checked ten times at most, of many at once too', async () => {
    const mia = await made('mia');
    const secret = 'a quite new password';
    const session = await server.signIn({ name: 'mia', password: mia.oneTimePassword, newPassword: secret });
    const enrolled = (await ask('POST', '/api/merlon/me/totp', {}, session.accessToken)).json();
    const key = fromBase32(enrolled.secret);
    const code = hotp(key, stepOf(new Date()));
    await ask('POST', '/api/merlon/me/totp/confirm', { code }, session.accessToken);
    const { submit } = await begin('mia', secret);
    const guesses = Array.from({ length: 30 }, () => submit({ code: 'nothing' }));
    for (const { status } of await Promise.all(guesses)) expect(status).toBe(401);
    const right = await (await begin('mia', secret)).submit({ code: hotp(key, stepOf(new Date()) + 1) });
    expect(right.status).toBe(401);
  });

  it('are locked for a while after ten wrong ones, also for the right one', async () => {
    const kim = await made('kim');
    const secret = 'a quite new password';
    const session = await server.signIn({ name: 'kim', password: kim.oneTimePassword, newPassword: secret });
    const enrolled = (await ask('POST', '/api/merlon/me/totp', {}, session.accessToken)).json();
    const key = fromBase32(enrolled.secret);
    const now = stepOf(new Date());
    const on = await ask(
      'POST',
      '/api/merlon/me/totp/confirm',
      { code: hotp(key, now) },
      session.accessToken,
    );
    expect(on.json().recoveryCodes).toHaveLength(10);
    for (let tried = 0; tried < 10; tried++)
      expect((await (await begin('kim', secret)).submit({ code: 'nothing' })).status).toBe(401);
    const locked = await begin('kim', secret);
    expect((await locked.submit({ code: hotp(key, stepOf(new Date()) + 1) })).status).toBe(401);
    expect((await locked.submit({ code: on.json().recoveryCodes[0] })).status).toBe(401);
  });
});
