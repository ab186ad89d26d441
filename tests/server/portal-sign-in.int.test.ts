import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
const password = 'correct horse battery';

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.dispose());

describe('the administrator of a first start', () => {
  it('signs in with the one-time password, must change it, and may do everything', async () => {
    const { name, oneTimePassword } = server.administrator;
    expect(name).toBe('admin@merlon.local');
    await expect(server.signIn({ name, password: oneTimePassword })).rejects.toThrow(/Choose a new password/);
    await expect(server.signIn({ name, password: oneTimePassword, newPassword: 'short' })).rejects.toThrow(
      /at least 12/,
    );
    await expect(
      server.signIn({ name, password: oneTimePassword, newPassword: oneTimePassword }),
    ).rejects.toThrow(/must differ/);
    const session = await server.signIn({ name, password: oneTimePassword, newPassword: password });

    const claims = decodeJwt(session.accessToken);
    expect(claims).toMatchObject({
      ver: '2.0',
      name: 'Administrator',
      preferred_username: name,
      azpacr: '0',
      idtyp: 'user',
    });
    expect(String(claims.scp).split(' ')).toEqual(
      expect.arrayContaining(['Machine.Read', 'Alert.ReadWrite', 'AdvancedQuery.Read']),
    );
    expect(decodeJwt(session.idToken)).toMatchObject({
      nonce: 'a-nonce',
      oid: claims.oid,
      tid: claims.tid,
      iss: claims.iss,
    });

    const me = (await server.call('/api/merlon/me', { token: session.accessToken })).json();
    expect(me).toMatchObject({
      name,
      deviceGroups: 'all',
      roles: expect.arrayContaining(['ViewData.SecurityOperations', 'PortalSettings.Manage']),
    });
    expect((await server.call('/api/machines', { token: session.accessToken })).status).toBe(200);
  });

  it('does not get in with the one-time password again', async () => {
    const { name, oneTimePassword } = server.administrator;
    await expect(server.signIn({ name, password: oneTimePassword })).rejects.toThrow(
      /user name or the password is wrong/,
    );
  });

  it('may use the short name, and refresh', async () => {
    const session = await server.signIn({ name: 'admin', password });
    const config = (await server.call('/portal/config.json')).json();
    const refreshed = await server.call(config.tokenEndpoint, {
      form: { grant_type: 'refresh_token', client_id: config.clientId, refresh_token: session.refreshToken },
    });
    expect(refreshed.status).toBe(200);
    expect((await server.call('/api/merlon/me', { token: refreshed.json().access_token })).status).toBe(200);
    const again = await server.call(config.tokenEndpoint, {
      form: { grant_type: 'refresh_token', client_id: config.clientId, refresh_token: session.refreshToken },
    });
    expect(again.json()).toMatchObject({ error: 'invalid_grant', error_codes: [70000] });
  });

  it('finds all of it in the audit trail', async () => {
    const { accessToken } = await server.signIn({ name: 'admin', password });
    const trail = (
      await server.call("/api/merlon/audit?$filter=actorName eq 'admin@merlon.local'&$top=100", {
        token: accessToken,
      })
    ).json();
    const seen = trail.value.map(
      (one: { action: string; outcome: string }) => `${one.action} ${one.outcome}`,
    );
    expect(seen).toEqual(
      expect.arrayContaining(['user.signIn success', 'user.signIn refused', 'user.changePassword success']),
    );
    expect(JSON.stringify(trail)).not.toContain(password);
    const page = (await server.call('/api/merlon/audit?$top=1&$count=true', { token: accessToken })).json();
    expect(page.value).toHaveLength(1);
    expect(page['@odata.count']).toBeGreaterThan(3);
    const bad = await server.call("/api/merlon/audit?$filter=nothing eq 'x'", { token: accessToken });
    expect([bad.status, bad.json().error.code]).toEqual([400, 'ODataError']);
  });
});

describe('a user without a role', () => {
  it('is known, but may do nothing', async () => {
    const made = await server.cli('user', 'create', '--name', 'guest');
    const { accessToken } = await server.signIn({
      name: 'guest',
      password: made.oneTimePassword,
      newPassword: password,
    });
    expect((await server.call('/api/merlon/me', { token: accessToken })).json().roles).toEqual([]);
    const answer = await server.call('/api/machines', { token: accessToken });
    expect([answer.status, answer.json().error.message]).toEqual([
      403,
      expect.stringContaining('ViewData.SecurityOperations'),
    ]);
    expect((await server.call('/api/merlon/audit', { token: accessToken })).status).toBe(403);
  });

  it('is locked out after ten wrong passwords, also with the right one, until a reset', async () => {
    const made = await server.cli('user', 'create', '--name', 'eve');
    for (let i = 0; i < 10; i += 1) {
      await expect(server.signIn({ name: 'eve', password: `wrong ${i}` })).rejects.toThrow(/ended with 401/);
    }
    // Told in the same words as a wrong password for a name that nobody has.
    const answer = async (name: string, secret: string) => {
      const refused = await server
        .signIn({ name, password: secret })
        .catch((error: unknown) => String(error));
      return String(refused)
        .replaceAll(/\/login\/[\w-]+/g, '')
        .replaceAll(name, '<name>');
    };
    const locked = await answer('eve', made.oneTimePassword);
    expect(locked).toContain('ended with 401');
    expect(locked).toBe(await answer('nobody', 'wrong password'));
    const reset = await server.cli('user', 'reset-password', '--name', 'eve');
    await server.signIn({ name: 'eve', password: reset.oneTimePassword, newPassword: password });
  });
});

describe('the sign-in pages', () => {
  const authorize = async (change: Record<string, string> = {}) => {
    const config = (await server.call('/portal/config.json')).json();
    const query = new URLSearchParams({
      client_id: config.clientId,
      response_type: 'code',
      redirect_uri: server.url + config.redirectPath,
      scope: config.scopes.join(' '),
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      ...change,
    });
    return server.call(`${config.authorizationEndpoint}?${query}`, { headers: { accept: 'text/html' } });
  };

  it('return only to the portal, and only with PKCE', async () => {
    const foreign = await authorize({ redirect_uri: 'https://evil.example/cb' });
    expect([foreign.status, foreign.headers.location]).toEqual([400, undefined]);
    expect(foreign.text).toContain('redirect_uri');
    const plain = await authorize({ code_challenge_method: 'plain' });
    expect(plain.headers.location).toContain('error=invalid_request');
    const unknown = await authorize({ client_id: 'someone' });
    expect(unknown.status).toBe(400);
  });

  it('run no script, may not be framed, and escape what they show', async () => {
    const start = await authorize({ login_hint: '"><script>alert(1)</script>' });
    const cookie = (start.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
    for (const line of start.headers['set-cookie'] ?? []) expect(line.toLowerCase()).toMatch(/httponly.*/);
    const page = await server.call(start.headers.location ?? '', { headers: { cookie } });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['referrer-policy']).toBe('same-origin');
    expect(page.text).not.toContain('<script');
    const stranger = await server.call(start.headers.location ?? '');
    expect([stranger.status, stranger.text]).toEqual([400, expect.stringContaining('Start again')]);
    const foreignForm = await server.call(start.headers.location ?? '', {
      form: { username: 'admin', password },
      headers: { cookie, origin: 'https://evil.example' },
    });
    expect(foreignForm.status).toBe(403);
  });

  it('offer to end the session', async () => {
    const config = (await server.call('/portal/config.json')).json();
    const answer = await server.call(
      `${config.endSessionEndpoint}?client_id=${config.clientId}&post_logout_redirect_uri=${encodeURIComponent(`${server.url}/`)}`,
    );
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('/logout/confirm');
  });
});
