/** Consent in pages: who may give it, where its answer goes, and what it opens. */
import { createHash, randomBytes } from 'node:crypto';
import { builtInAdministratorRole } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieJar } from '../support/cookie-jar.ts';
import { type Answer, startServer, type TestServer } from '../support/server.ts';

const API = 'https://api.securitycenter.microsoft.com';
const BACK = 'https://partner.example/back';
const password = 'a long enough password 1';

describe('consent', () => {
  let server: TestServer;
  let customer: { tenantId: string };
  let app: { clientId: string; clientSecret: string };
  let desktop: { clientId: string };

  /** Follows redirects within the server and signs in where asked. */
  async function open(path: string, name: string, jar = cookieJar(server.call, server.url)) {
    let at = path;
    let answer: Answer = await jar(at);
    for (let step = 0; step < 12; step++) {
      const next = answer.headers.location;
      if (next !== undefined) {
        if (!new URL(next, server.url).href.startsWith(server.url)) break;
        at = next;
        answer = await jar(at);
      } else if (answer.text.includes('name="password"'))
        answer = await jar(at, { form: { username: name, password } });
      else break;
    }
    return { answer, jar };
  }
  async function decide(page: Awaited<ReturnType<typeof open>>, answer: 'accept' | 'refuse', headers = {}) {
    const action = /action="([^"]+)"/.exec(page.answer.text)?.[1] ?? '';
    const request = /name="request" value="([^"]+)"/.exec(page.answer.text)?.[1] ?? '';
    expect(action, page.answer.text).not.toBe('');
    return page.jar(action, { form: { request, answer }, headers });
  }
  const admin = (more: Record<string, string> = {}, tenant = customer.tenantId) =>
    `/${tenant}/v2.0/adminconsent?${new URLSearchParams({ client_id: app.clientId, redirect_uri: BACK, state: 'st', scope: `${API}/.default`, ...more })}`;
  const token = async () =>
    (
      await server.call(`/${customer.tenantId}/oauth2/v2.0/token`, {
        form: {
          grant_type: 'client_credentials',
          client_id: app.clientId,
          client_secret: app.clientSecret,
          scope: `${API}/.default`,
        },
      })
    ).json();

  beforeAll(async () => {
    server = await startServer();
    customer = await server.cli('tenant', 'create', '--name', 'Fabrikam', '--domain', 'fabrikam.example');
    const role = (await server.cli('role', 'list')).value.find(
      (one: { kind: string }) => one.kind === 'administrator',
    ).name;
    for (const [name, ...more] of [['ann', '--role', role], ['ben']]) {
      const made = await server.cli('user', 'create', '--tenant', 'Fabrikam', '--name', name ?? '', ...more);
      const jar = cookieJar(server.call, server.url);
      const query = new URLSearchParams({
        client_id: '5b0f2c3a-8d57-4e0b-9f0e-6d1c7b6a4e21',
        response_type: 'code',
        redirect_uri: `${server.url}/auth/callback`,
        scope: 'openid',
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
      });
      const page = (await jar(`/${customer.tenantId}/oauth2/v2.0/authorize?${query}`)).headers.location ?? '';
      await jar(page, { form: { username: name ?? '', password: made.oneTimePassword } });
      await jar(page, { form: { newPassword: password, repeatPassword: password } });
    }
    app = await server.cli(
      'app',
      'create',
      '--name',
      'partner',
      '--permission',
      'Alert.Read.All',
      '--multi-tenant',
      '--redirect',
      BACK,
    );
    desktop = await server.cli(
      'app',
      'create',
      '--tenant',
      'Fabrikam',
      '--name',
      'desktop',
      '--public',
      '--delegated',
      'Alert.Read',
      '--redirect',
      BACK,
    );
  });
  afterAll(() => server?.dispose());

  it('is given by an administrator, for this tenant, and withdrawn', async () => {
    expect((await token()).error_codes).toEqual([700016]);
    const page = await open(admin(), 'ann');
    expect(page.answer.text).toContain('partner');
    const answer = await decide(page, 'accept');
    const to = new URL(answer.headers.location ?? '');
    expect(to.origin + to.pathname).toBe(BACK);
    expect(Object.fromEntries(to.searchParams)).toEqual({
      admin_consent: 'True',
      tenant: customer.tenantId,
      state: 'st',
      scope: `${API}/.default`,
    });
    expect((await token()).access_token).toBeTypeOf('string');
    const records = await server.cli('audit', 'list', '--tenant', 'Fabrikam', '--top', '10');
    expect(records).toContainEqual(
      expect.objectContaining({
        action: 'application.consent',
        actorName: 'ann@fabrikam.example',
        targetId: app.clientId,
      }),
    );
    await server.cli('consent', 'withdraw', app.clientId, '--tenant', 'Fabrikam');
    expect((await token()).error_codes).toEqual([700016]);
  });

  it('is refused with access_denied, and grants nothing', async () => {
    const answer = await decide(await open(admin(), 'ann'), 'refuse');
    expect(new URL(answer.headers.location ?? '').searchParams.get('error')).toBe('access_denied');
    expect((await token()).error_codes).toEqual([700016]);
  });

  it('is asked of nobody else, and answered nowhere else', async () => {
    const ben = await open(admin(), 'ben');
    expect([ben.answer.status, ben.answer.text.includes('AADSTS90094')]).toEqual([403, true]);
    await server.cli(
      ...['elevation', 'create', '--tenant', 'Fabrikam', '--user', 'ben', '--hours', '1', '--reason', 'test'],
      ...['--role', builtInAdministratorRole],
    );
    const elevated = await open(admin(), 'ben');
    expect([elevated.answer.status, elevated.answer.text.includes('AADSTS90094')]).toEqual([403, true]);
    const away = await open(admin({ redirect_uri: 'https://evil.example/' }), 'ann');
    expect([away.answer.status, away.answer.text.includes('AADSTS50011')]).toEqual([400, true]);
    const nowhere = await open(admin({ client_id: '11111111-1111-4111-8111-111111111111' }), 'ann');
    expect(nowhere.answer.text).toContain('AADSTS700016');
    // A form of one person is no use to another, nor one from another site.
    const ann = await open(admin(), 'ann');
    const foreign = await decide(ann, 'accept', { origin: 'https://evil.example' });
    expect(foreign.status).toBe(403);
    const other = await decide({ answer: ann.answer, jar: ben.jar }, 'accept');
    expect(other.status).toBe(400);
    const back = await ben.jar(`/${customer.tenantId}/sign-in/back?state=x.y&code=z`);
    expect(back.status).toBe(400);
    expect((await token()).error_codes).toEqual([700016]);
  });

  it('is asked for within an authorization request, for more as well', async () => {
    const authorize = (scope: string, more: Record<string, string> = {}) =>
      `/${customer.tenantId}/oauth2/v2.0/authorize?${new URLSearchParams({
        client_id: desktop.clientId,
        response_type: 'code',
        redirect_uri: BACK,
        state: 'st',
        scope: `openid ${API}/${scope}`,
        code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
        code_challenge_method: 'S256',
        ...more,
      })}`;
    const without = await open(authorize('Machine.Read'), 'ben');
    expect([without.answer.status, without.answer.text.includes('AADSTS65001')]).toEqual([400, true]);
    const ben = await open(authorize('Machine.Read', { prompt: 'consent' }), 'ben');
    expect(ben.answer.text).toContain('AADSTS90094');
    const page = await open(authorize('Machine.Read', { prompt: 'consent' }), 'ann');
    const refused = await decide(page, 'refuse');
    expect(new URL(refused.headers.location ?? '').searchParams.get('error')).toBe('access_denied');
    const accepted = await decide(page, 'accept');
    const end = await open(accepted.headers.location ?? '', 'ann', page.jar);
    expect(new URL(end.answer.headers.location ?? '').searchParams.get('code')).toBeTypeOf('string');
    // Whoever asks for what is granted already may say yes himself.
    const again = await decide(await open(authorize('Machine.Read', { prompt: 'consent' }), 'ben'), 'accept');
    expect(again.status).toBe(303);
  });
});
