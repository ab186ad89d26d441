/** Two tenants in one installation: people of one act in the other by the consent of both, and nothing else passes between them. */
import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotp, stepOf } from '../../server/src/features/identity/totp-code.ts';
import { fromBase32 } from '../support/base32.ts';
import { cookieJar } from '../support/cookie-jar.ts';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const API = 'https://api.securitycenter.microsoft.com';
const PORTAL = '5b0f2c3a-8d57-4e0b-9f0e-6d1c7b6a4e21';
const password = 'a long enough password 1';

describe('a provider and its customer', () => {
  let server: TestServer;
  let fleet: DemoFleet;
  /** The default tenant, with the devices. */
  let customer: string;
  let provider: string;
  let ann: string;
  let guest: { id: string };

  /** A browser keeps each tenant's cookies apart by their path. */
  function browser() {
    const jars = new Map<string, ReturnType<typeof cookieJar>>();
    return (address: string, options?: Parameters<ReturnType<typeof cookieJar>>[1]) => {
      const tenant = new URL(address, server.url).pathname.split('/')[1] ?? '';
      const jar = jars.get(tenant) ?? cookieJar(server.call, server.url);
      jars.set(tenant, jar);
      return jar(address, options);
    };
  }

  /** Signs in to the portal of a tenant, at home where the name is another tenant's. Null: no page leads on. */
  async function signIn(tenant: string, name: string, first?: string, key?: Buffer) {
    const visit = browser();
    const verifier = randomBytes(32).toString('base64url');
    const redirect = `${server.url}/auth/callback`;
    const query = new URLSearchParams({
      client_id: PORTAL,
      response_type: 'code',
      redirect_uri: redirect,
      scope: `openid profile ${API}/.default`,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    let at = `/${tenant}/oauth2/v2.0/authorize?${query}`;
    let answer = await visit(at);
    for (let step = 0; step < 20; step++) {
      const next = answer.headers.location ?? /href="(\/[^"]+\/login\/[^"]+)"/.exec(answer.text)?.[1];
      if (next !== undefined) {
        at = new URL(next.replaceAll('&amp;', '&'), server.url).href;
        if (at.startsWith(redirect)) break;
        answer = await visit(at);
      } else if (answer.text.includes('name="newPassword"'))
        answer = await visit(at, { form: { newPassword: password, repeatPassword: password } });
      else if (answer.text.includes('name="code"') && answer.status === 200 && key)
        answer = await visit(at, { form: { code: hotp(key, stepOf(new Date())) } });
      else if (answer.text.includes('recovery') && answer.status === 200)
        answer = await visit(at, { form: { kept: 'yes' } });
      else if (answer.text.includes('name="password"') && answer.status === 200)
        answer = await visit(at, { form: { username: name, password: first ?? password } });
      else return { status: answer.status, text: answer.text, accessToken: null, refreshToken: '' };
    }
    const code = new URL(at).searchParams.get('code') ?? '';
    const tokens = await redeem(tenant, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
    });
    return {
      status: tokens.status,
      text: tokens.text,
      accessToken: tokens.json().access_token,
      refreshToken: tokens.json().refresh_token,
    };
  }
  const redeem = (tenant: string, form: Record<string, string>) =>
    server.call(`/${tenant}/oauth2/v2.0/token`, { form: { client_id: PORTAL, ...form } });
  const get = (path: string, token: string) => server.call(path, { token });
  const status = async (token: string) => (await get('/api/machines', token)).status;
  const own = (path: string) => get(path, ann);
  const answerInvitation = (verb: string, token: string) =>
    server.call(`/api/merlon/invitations/${customer}/${verb}`, { token, json: {} });

  beforeAll(async () => {
    server = await startServer();
    fleet = await startDemoFleet(server, '--devices', '2', '--days', '1');
    customer = (await server.cli('tenant', 'list')).find(
      (one: { isDefault: boolean }) => one.isDefault,
    ).tenantId;
    provider = (await server.cli('tenant', 'create', '--name', 'Provider', '--domain', 'provider.example'))
      .tenantId;
    const role = (await server.cli('role', 'list')).value.find(
      (one: { kind: string }) => one.kind === 'administrator',
    );
    const made = await server.cli(
      'user',
      'create',
      '--tenant',
      'Provider',
      '--name',
      'ann',
      '--role',
      role.name,
    );
    ann = (await signIn(provider, 'ann', made.oneTimePassword)).accessToken;
    expect(ann).toBeTypeOf('string');
  });
  afterAll(async () => {
    await fleet?.stop();
    await server?.dispose();
  });

  it('lets nobody in without an invitation that he accepted', async () => {
    expect((await signIn(customer, 'ann@provider.example')).status).toBe(403);
    guest = await server.cli('guest', 'invite', 'ann@provider.example');
    expect((await signIn(customer, 'ann@provider.example')).status).toBe(403);
    expect((await own('/api/merlon/invitations')).json().value).toEqual([
      expect.objectContaining({ tenantId: customer, status: 'Invited', user: 'ann@provider.example' }),
    ]);
    const accepted = await answerInvitation('accept', ann);
    expect(accepted.json(), accepted.text).toMatchObject({ status: 'Accepted', id: guest.id });
  });

  it('gives the guest what the customer’s groups give, under the customer’s tid', async () => {
    const without = await signIn(customer, 'ann@provider.example');
    const claims = decodeJwt(without.accessToken ?? '');
    expect(claims).toMatchObject({
      tid: customer,
      oid: guest.id,
      acct: 1,
      idp: `${server.url}/${provider}/`,
      preferred_username: 'ann@provider.example',
    });
    expect((await get('/api/machines', without.accessToken)).status).toBe(403);
    const role = (await server.cli('role', 'list')).value.find(
      (one: { kind: string }) => one.kind === 'administrator',
    );
    const group = await server.cli('usergroup', 'create', '--name', 'provider', '--role', role.id);
    await server.cli('usergroup', 'add-member', group.id, guest.id);
    expect((await get('/api/machines', without.accessToken)).json().value).toHaveLength(2);
    // At home there is still nothing of it, whatever the person may do there.
    expect((await own('/api/machines')).json().value).toEqual([]);
    const device = (await get('/api/machines', without.accessToken)).json().value[0].id;
    expect((await own(`/api/machines/${device}`)).status).toBe(404);
    const hunted = async (token: string) =>
      (await server.call('/api/advancedqueries/run', { token, json: { Query: 'DeviceInfo | count' } })).json()
        .Results[0].Count;
    expect(await hunted(ann)).toBe(0);
    expect(Number(await hunted(without.accessToken))).toBeGreaterThan(0);

    // His acts are in the customer's trail, which names where he is at home; the other knows of the acceptance alone.
    await get(`/api/merlon/roles/${role.id}`, without.accessToken);
    await server.call('/api/merlon/usergroups', { token: without.accessToken, json: { name: 'by a guest' } });
    const records = await server.cli('audit', 'list', '--top', '50');
    expect(records).toContainEqual(
      expect.objectContaining({
        action: 'userGroup.create',
        actorId: guest.id,
        actorName: 'ann@provider.example',
        details: expect.objectContaining({ homeTenantId: provider }),
      }),
    );
    expect(records.map((one: { action: string }) => one.action)).toContain('guest.accept');
    const home = await server.cli('audit', 'list', '--tenant', 'Provider', '--top', '50');
    expect(home.map((one: { action: string }) => one.action)).toContain('invitation.accept');
    expect(home.map((one: { action: string }) => one.action)).not.toContain('userGroup.create');
  });

  it('gives the customer’s people no way into the provider', async () => {
    const made = await server.cli('user', 'create', '--name', 'cyd');
    const cyd = await signIn(customer, 'cyd', made.oneTimePassword);
    expect(cyd.accessToken).toBeTypeOf('string');
    expect((await signIn(provider, `cyd@merlon.local`)).status).toBe(403);
    expect((await answerInvitation('accept', cyd.accessToken)).status).toBe(404);
  });

  it('asks the guest for the second proof that the customer wants, unless he gave one to this server at home', async () => {
    const before = await signIn(customer, 'ann@provider.example');
    expect(before.accessToken).toBeTypeOf('string');
    await server.cli('account', 'code-policy', '--everybody', 'yes');
    try {
      const refreshed = await redeem(customer, {
        grant_type: 'refresh_token',
        refresh_token: before.refreshToken,
      });
      expect(refreshed.json()).toMatchObject({ error: 'interaction_required', error_codes: [50079] });
      const stopped = await signIn(customer, 'ann@provider.example');
      expect(stopped.accessToken).toBeNull();
      expect(stopped.text).toContain('Set up sign-in codes');
      // At home nobody asks him.
      expect((await signIn(provider, 'ann')).accessToken).toBeTypeOf('string');

      const key = fromBase32(/<code>([A-Z2-7]{32})<\/code>/.exec(stopped.text)?.[1] ?? '');
      const here = await signIn(customer, 'ann@provider.example', undefined, key);
      expect(here.accessToken).toBeTypeOf('string');
      await server.cli('account', 'reset-codes', guest.id);

      const enrolled = (await server.call('/api/merlon/me/totp', { token: ann, json: {} })).json();
      const own = fromBase32(enrolled.secret);
      const code = hotp(own, stepOf(new Date()) - 1);
      await server.call('/api/merlon/me/totp/confirm', { token: ann, json: { code } });
      const byHome = await signIn(customer, 'ann@provider.example', undefined, own);
      expect(byHome.text).not.toContain('Set up sign-in codes');
      expect(byHome.accessToken).toBeTypeOf('string');
    } finally {
      await server.cli('account', 'code-policy', '--everybody', 'no');
      const annId = (await server.cli('account', 'list', '--search', 'ann@', '--tenant', 'Provider')).value[0]
        .id;
      await server.cli('account', 'reset-codes', annId, '--tenant', 'Provider');
    }
  });

  it('ends while his account at home is switched off, and does not keep a tenant its administrator', async () => {
    const session = await signIn(customer, 'ann@provider.example');
    const token = session.accessToken ?? '';
    expect(await status(token)).toBe(200);
    // His time runs out without anybody asking: the last of the customer's own people stays.
    const idOf = async (...search: string[]) =>
      (await server.cli('account', 'list', '--search', ...search)).value[0].id as string;
    await expect(server.cli('account', 'disable', await idOf('admin@'))).rejects.toThrow(
      /Nobody would be left/,
    );
    const role = (await server.cli('role', 'list')).value.find(
      (one: { kind: string }) => one.kind === 'administrator',
    ).name;
    await server.cli('user', 'create', '--tenant', 'Provider', '--name', 'bea', '--role', role);
    const annId = await idOf('ann@', '--tenant', 'Provider');
    await server.cli('account', 'disable', '--tenant', 'Provider', annId);
    await eventually('the token opens nothing', async () => (await status(token)) === 401, {
      withinMs: 10_000,
    });
    const refreshed = await redeem(customer, {
      grant_type: 'refresh_token',
      refresh_token: session.refreshToken,
    });
    expect(refreshed.json()).toMatchObject({ error: 'invalid_grant' });
    await server.cli('account', 'enable', '--tenant', 'Provider', annId);
    await eventually('it counts again', async () => (await status(token)) === 200, { withinMs: 10_000 });
  });

  it('ends at once when either side withdraws, and begins again only with both', async () => {
    const session = await signIn(customer, 'ann@provider.example');
    const token = session.accessToken ?? '';
    expect((await get('/api/machines', token)).status).toBe(200);
    await server.cli('guest', 'withdraw', guest.id);
    await eventually('the token opens nothing', async () => (await status(token)) === 401, {
      withinMs: 10_000,
    });
    const refreshed = await redeem(customer, {
      grant_type: 'refresh_token',
      refresh_token: session.refreshToken,
    });
    expect(refreshed.status).toBe(400);
    expect((await signIn(customer, 'ann@provider.example')).status).toBe(403);

    const again = await server.cli('guest', 'invite', 'ann@provider.example', '--days', '1');
    expect(again).toMatchObject({ id: guest.id, status: 'Invited' });
    expect((await signIn(customer, 'ann@provider.example')).status).toBe(403);
    await answerInvitation('accept', ann);
    expect((await signIn(customer, 'ann@provider.example')).accessToken).toBeTypeOf('string');
    expect((await answerInvitation('leave', ann)).json().status).toBe('Ended');
    expect((await signIn(customer, 'ann@provider.example')).status).toBe(403);
  });

  it('lets nobody approve what a program ordered whose secret he holds', async () => {
    const role = (await server.cli('role', 'list')).value.find(
      (one: { kind: string }) => one.kind === 'administrator',
    );
    const signed = async (name: string) => {
      const made = await server.cli('user', 'create', '--name', name, '--role', role.name);
      return (await signIn(customer, name, made.oneTimePassword)).accessToken as string;
    };
    const dan = await signed('dan');
    const eve = await signed('eve');
    await server.cli('approvalpolicy', 'create', '--name', 'Isolation', '--action', 'Isolate');
    const app = (
      await server.call('/api/merlon/applications', {
        token: dan,
        json: { name: 'soar', permissions: ['Machine.Read.All', 'Machine.Isolate'] },
      })
    ).json();
    const program = await server.token(app);
    const device = (await get('/api/machines', program)).json().value[0].id;
    const order = await server.call(`/api/machines/${device}/isolate`, {
      token: program,
      json: { Comment: 'x' },
    });
    // Taking the secret away afterwards changes nothing about who had it.
    const { secrets } = (await get(`/api/merlon/applications/${app.clientId}`, dan)).json();
    await server.call(`/api/merlon/applications/${app.clientId}/secrets/${secrets[0].id}`, {
      method: 'DELETE',
      token: dan,
    });
    const approve = (token: string) =>
      server.call(`/api/merlon/approvals/${order.json().id}/approve`, { token, json: {} });
    const own = await approve(dan);
    expect([own.status, own.json().error.code]).toEqual([403, 'DisallowedOperation']);
    expect((await approve(eve)).status).toBe(200);
  });
});
