/** People and programs of an identity provider that is not ours: a second, independent process. */
import { createHash, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotp, stepOf } from '../../server/src/features/identity/totp-code.ts';
import { fromBase32 } from '../support/base32.ts';
import { cookieJar } from '../support/cookie-jar.ts';
import { type OpenidProvider, placeForProvider, startOpenidProvider } from '../support/openid-provider.ts';
import { type Answer, startServer, type TestServer } from '../support/server.ts';

const AUDIENCE = 'api://merlon';
const CODE_VERIFIER = 'v'.repeat(43);

let folder: string;
let server: TestServer;
let provider: OpenidProvider;
let tenantId: string;
let providerId: string;
let admin: string;

const secretFile = () => join(folder, 'secret');
const create = (...more: string[]) =>
  server.cli(
    'identity-provider',
    'create',
    '--client-id',
    provider.clientId,
    '--client-secret-file',
    secretFile(),
    ...more,
  );
const update = (...more: string[]) => server.cli('identity-provider', 'update', providerId, ...more);
const comes = (claims: Record<string, unknown>) => provider.call('/person', { json: claims });

interface SignedIn {
  readonly answer: Answer;
  readonly token: string | null;
  readonly refreshToken: string | null;
  /** Fills in the page that the sign-in came to, and goes on. */
  submit(form: Record<string, string>): Promise<SignedIn>;
}

/** Follows the sign-in by the provider with a browser of its own, until the portal has a code or a page wants something else or says why not. */
async function signIn(tamper: (callback: URL) => void = () => {}): Promise<SignedIn> {
  const visit = cookieJar(server.call, server.url);
  const visitProvider = cookieJar(provider.call, provider.issuer);
  const config = (await visit('/portal/config.json')).json();
  const query = new URLSearchParams({
    client_id: config.clientId,
    response_type: 'code',
    redirect_uri: server.url + config.redirectPath,
    scope: config.scopes.join(' '),
    code_challenge: createHash('sha256').update(CODE_VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return follow(new URL(`${config.authorizationEndpoint}?${query}`));

  async function follow(start: URL, form?: Record<string, string>): Promise<SignedIn> {
    let at = start;
    let sent = form;
    for (let step = 0; step < 20; step += 1) {
      const ours = at.origin === server.url;
      if (ours && at.pathname.endsWith('/federation/callback')) tamper(at);
      if (ours && at.pathname === config.redirectPath) {
        const exchanged = await server.call(config.tokenEndpoint, {
          form: {
            grant_type: 'authorization_code',
            client_id: config.clientId,
            code: at.searchParams.get('code') ?? '',
            redirect_uri: server.url + config.redirectPath,
            code_verifier: CODE_VERIFIER,
          },
        });
        const tokens = exchanged.json();
        return {
          answer: exchanged,
          token: tokens.access_token ?? null,
          refreshToken: tokens.refresh_token ?? null,
          submit: () => Promise.reject(new Error('there is no page')),
        };
      }
      const answer = ours
        ? await visit(at.href, sent === undefined ? {} : { form: sent })
        : await visitProvider(at.href);
      sent = undefined;
      const page = at;
      const next =
        answer.headers.location ??
        (answer.status === 200 ? /class="elsewhere" href="([^"]+)"/.exec(answer.text)?.[1] : undefined);
      if (next === undefined)
        return { answer, token: null, refreshToken: null, submit: (more) => follow(page, more) };
      at = new URL(next, at);
    }
    throw new Error(`the sign-in goes round: ${at.href}`);
  }
}

const me = async (token: string | null) =>
  (await server.call('/api/merlon/me', { token: token ?? '' })).json();
const groupsOf = async (token = admin) =>
  (await server.call('/api/merlon/usergroups', { token })).json().value as {
    id: string;
    name: string;
    source: string;
    members: number;
  }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-federation-'));
  const place = await placeForProvider(folder);
  server = await startServer({ env: place.env });
  tenantId = (await server.call('/portal/config.json')).json().tenantId;
  provider = await startOpenidProvider(place, `${server.url}/${tenantId}/federation/callback`);
  writeFileSync(secretFile(), provider.clientSecret);
  const { name, oneTimePassword } = server.administrator;
  admin = (await server.signIn({ name, password: oneTimePassword, newPassword: 'correct horse battery' }))
    .accessToken;
});
afterAll(async () => {
  await provider?.stop();
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('a provider that is configured', () => {
  it.each([
    ['/other', /answered 404/],
    ['/bad', /calls itself/],
    ['/bare', /no authorization_endpoint/],
    ['/away', /redirect/],
  ])('is refused by name when its issuer will not do: %s', async (path, why) => {
    await expect(create('--name', 'x', '--issuer', provider.issuer + path)).rejects.toThrow(why);
  });

  it('is refused where the operator did not allow its network, or nobody answers', async () => {
    await expect(create('--name', 'x', '--issuer', 'https://10.1.2.3')).rejects.toThrow(/private/);
    await expect(create('--name', 'x', '--issuer', 'http://localhost')).rejects.toThrow(/only https/);
    await expect(create('--name', 'x', '--issuer', 'https://localhost:1')).rejects.toThrow(
      /cannot be reached/,
    );
    await expect(create('--name', 'x', '--issuer', server.url)).rejects.toThrow(/not an external provider/);
  });

  it('is shown without its secret, and has a name and an audience to itself', async () => {
    const made = await create('--name', 'Corp', '--issuer', provider.issuer, '--api-audience', AUDIENCE);
    providerId = made.id;
    expect(made).toMatchObject({
      hasSecret: true,
      enabled: true,
      provisioning: false,
      redirectUri: `${server.url}/${tenantId}/federation/callback`,
    });
    const listed = await server.call('/api/merlon/identityproviders', { token: admin });
    expect(listed.status).toBe(200);
    expect(listed.text).not.toContain(provider.clientSecret);
    await expect(create('--name', 'corp', '--issuer', provider.issuer)).rejects.toThrow(/named corp already/);
    await server.cli('tenant', 'create', '--name', 'Other', '--domain', 'other.example');
    await expect(
      create(
        '--name',
        'theirs',
        '--issuer',
        provider.issuer,
        '--api-audience',
        AUDIENCE,
        '--tenant',
        'other.example',
      ),
    ).rejects.toThrow(/belong to one tenant/);
  });
});

describe('a person of the provider', () => {
  const ann = { sub: 'ann-1', preferred_username: 'admin@corp.example', name: 'Ann' };

  it('stays out without an account, and gets one when that is allowed', async () => {
    await comes({ ...ann, groups: ['tier1', 'berlin'] });
    const refused = await signIn();
    expect([refused.token, refused.answer.status]).toEqual([null, 403]);
    expect(refused.answer.text).toContain('You have no account here');
    await update('--provisioning');
    const { token } = await signIn();
    const known = await me(token);
    // The administrator's name is not taken over.
    expect(known.name).toMatch(/^admin-[0-9a-f]{8}@merlon\.local$/);
    expect(known.roles).toEqual([]);
  });

  it('is the same one the next time, in the groups that the provider names then', async () => {
    const first = await groupsOf();
    expect(
      first.filter(({ source }) => source === 'federated').map(({ name, members }) => [name, members]),
    ).toEqual(
      expect.arrayContaining([
        ['tier1', 1],
        ['berlin', 1],
      ]),
    );
    const before = (await me((await signIn()).token)).name;
    await comes({ ...ann, groups: ['tier2'] });
    expect((await me((await signIn()).token)).name).toBe(before);
    const now = Object.fromEntries((await groupsOf()).map(({ name, members }) => [name, members]));
    expect(now).toMatchObject({ tier1: 0, berlin: 0, tier2: 1 });
  });

  it('comes back with an answer to another question, twice, or with a refusal', async () => {
    const foreign = await signIn((url) =>
      url.searchParams.set('state', `${url.searchParams.get('state')?.slice(0, -1)}_`),
    );
    expect([foreign.token, foreign.answer.status]).toEqual([null, 403]);
    const other = await signIn((url) => url.searchParams.set('state', 'abcdefghijkl.x'));
    expect([other.token, other.answer.status]).toEqual([null, 400]);
    const none = await signIn((url) => url.searchParams.set('state', '//evil.example'));
    expect([none.token, none.answer.status]).toEqual([null, 400]);
    const code = await signIn((url) => url.searchParams.set('code', 'made-up'));
    expect([code.token, code.answer.status]).toEqual([null, 403]);
    await comes({ sub: 'nobody' });
    const denied = await signIn();
    expect([denied.token, denied.answer.status]).toEqual([null, 403]);
    expect(denied.answer.text).toContain('access_denied');
    expect(denied.answer.text).not.toContain('script');
  });

  it('needs a verified address where domains are named', async () => {
    await update('--email-domain', 'corp.example');
    await comes({ ...ann, email: 'ann@corp.example', email_verified: false });
    expect((await signIn()).answer.status).toBe(403);
    await comes({ ...ann, email: 'ann@evil.example', email_verified: true });
    expect((await signIn()).answer.status).toBe(403);
    await comes({ ...ann, email: 'ann@corp.example', email_verified: true });
    expect((await signIn()).token).not.toBeNull();
  });

  it('gives the second proof here, where the tenant wants one and the provider is not trusted with it', async () => {
    const policy = (everybody: boolean) =>
      server.call('/api/merlon/totppolicy', { method: 'PATCH', token: admin, json: { everybody } });
    const person = { ...ann, email: 'ann@corp.example', email_verified: true };
    await policy(true);
    await comes({ ...person, amr: ['pwd', 'mfa'] });
    const first = await signIn();
    expect([first.token, first.answer.text]).toEqual([null, expect.stringContaining('Set up sign-in codes')]);
    const key = fromBase32(/<code>([A-Z2-7]{32})<\/code>/.exec(first.answer.text)?.[1] ?? '');
    const now = stepOf(new Date());
    const kept = await first.submit({ code: hotp(key, now - 1) });
    expect(kept.answer.text).toContain('recovery');
    expect((await kept.submit({ kept: 'yes' })).token).not.toBeNull();

    const again = await signIn();
    expect(again.answer.text).toContain('Enter your code');
    const wrong = await again.submit({ code: '000000' });
    expect([wrong.token, wrong.answer.status]).toEqual([null, 401]);
    expect((await wrong.submit({ code: hotp(key, now) })).token).not.toBeNull();

    await update('--mfa-trusted');
    expect((await signIn()).token).not.toBeNull();
    await comes({ ...person, amr: ['pwd'] });
    expect((await signIn()).answer.text).toContain('Enter your code');
    const [last] = (
      await server.call("/api/merlon/audit?$filter=action eq 'user.signIn'&$top=1", { token: admin })
    ).json().value;
    expect(last).toMatchObject({ outcome: 'success', details: { provider: 'Corp' } });
    await policy(false);
    const users = (await server.call('/api/merlon/users?search=Ann', { token: admin })).json().value;
    const id = users.find((one: { displayName: string }) => one.displayName === 'Ann').id;
    expect(
      (await server.call(`/api/merlon/users/${id}/resettotp`, { method: 'POST', token: admin })).status,
    ).toBe(201);
  });

  it('stays the administrator when he is the last, and stays out until another one is', async () => {
    const person = { ...ann, email: 'ann@corp.example', email_verified: true };
    await comes({ ...person, groups: ['admins'] });
    const { token } = await signIn();
    const group = (await groupsOf()).find(({ name }) => name === 'admins');
    const roles = (await server.call('/api/merlon/roles', { token: admin })).json().value;
    const { id: role } = roles.find((one: { kind: string }) => one.kind === 'administrator');
    const given = await server.call(`/api/merlon/usergroups/${group?.id}`, {
      method: 'PATCH',
      token: admin,
      json: { roles: [role] },
    });
    expect(given.status, given.text).toBe(200);
    const own = (await server.call('/api/merlon/users?search=admin@', { token: admin })).json().value[0].id;
    await server.cli('account', 'disable', own);
    expect((await me(token)).roles.length).toBeGreaterThan(0);
    await comes({ ...person, groups: [] });
    const refused = await signIn();
    expect([refused.token, refused.answer.status]).toEqual([null, 403]);
    expect(refused.answer.text).toContain('you are the last one');
    expect((await groupsOf(token ?? '')).find(({ name }) => name === 'admins')?.members).toBe(1);
    await expect(server.cli('identity-provider', 'remove', providerId)).rejects.toThrow(
      /Nobody would be left/,
    );
    expect((await server.cli('identity-provider', 'list')).value).toHaveLength(1);
    await server.cli('account', 'enable', own);
    expect((await signIn()).token).not.toBeNull();
  });

  it('leaves records of coming in and of staying out, without secrets', async () => {
    const trail = (
      await server.call("/api/merlon/audit?$filter=action eq 'user.signIn'&$top=100", { token: admin })
    ).text;
    expect(trail).toContain('not provisioned');
    expect(trail).toContain('ann-1');
    const { stdout, stderr } = server.output();
    for (const text of [trail, stdout, stderr]) expect(text).not.toContain(provider.clientSecret);
  });
});

describe('a person whom a directory provisioned', () => {
  let directory: string;
  let bob: string;
  const verified = (name: string) => ({ email: `${name}@corp.example`, email_verified: true });
  const scim = (method: string, path: string, json?: object) =>
    server.call(`/scim/v2/${tenantId}${path}`, { method, token: directory, ...(json ? { json } : {}) });
  const provisioned = async (userName: string, externalId: string): Promise<string> => {
    const made = await scim('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName,
      externalId,
    });
    expect(made.status, made.text).toBe(201);
    return made.json().id;
  };
  const active = (id: string, value: boolean) =>
    scim('PATCH', `/Users/${id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value }],
    });
  const settings = (json: object) =>
    server.call(`/api/merlon/identityproviders/${providerId}`, { method: 'PATCH', token: admin, json });
  const idOf = (token: string | null): string =>
    JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()).oid;
  const refusal = async (): Promise<[number, unknown]> => {
    const { token, answer } = await signIn();
    expect(token).toBeNull();
    const [last] = (
      await server.call("/api/merlon/audit?$filter=action eq 'user.signIn'&$top=1", { token: admin })
    ).json().value;
    return [answer.status, last.details.reason];
  };

  beforeAll(async () => {
    directory = (await server.cli('provisioning', 'create-token', '--name', 'Corp')).token;
    await update('--no-provisioning', '--match-provisioned', 'oid=externalId');
    bob = await provisioned('bob@corp.example', 'oid-of-bob');
  });
  afterAll(() => settings({ provisioning: true, matchProvisioned: null, emailDomains: ['corp.example'] }));

  it('is that person when he comes by the provider, and stays it', async () => {
    await comes({ sub: 'bob-1', name: 'Bob', oid: 'oid-of-bob', ...verified('bob') });
    const { token } = await signIn();
    expect([idOf(token), (await me(token)).name]).toEqual([bob, 'bob@corp.example']);
    const [last] = (
      await server.call("/api/merlon/audit?$filter=action eq 'user.signIn'&$top=1", { token: admin })
    ).json().value;
    expect(last).toMatchObject({ outcome: 'success', details: { matched: 'externalId', subject: 'bob-1' } });
    await comes({ sub: 'bob-1', name: 'Bob', ...verified('bob') });
    expect(idOf((await signIn()).token)).toBe(bob);
  });

  it('is nobody else: not who is called alike, nor another subject, nor one of two', async () => {
    await comes({ sub: 'eve', preferred_username: 'bob@corp.example', ...verified('bob') });
    expect(await refusal()).toEqual([403, 'not provisioned']);
    await comes({ sub: 'eve', oid: 'oid-of-bob', ...verified('bob') });
    expect(await refusal()).toEqual([403, 'another subject has the account']);
    await provisioned('twin1@corp.example', 'oid-of-twins');
    await provisioned('twin2@corp.example', 'oid-of-twins');
    await comes({ sub: 'twin', oid: 'oid-of-twins', ...verified('twin') });
    expect(await refusal()).toEqual([403, 'several people have this externalId']);
  });

  it('is found by a name only where the address in it is verified', async () => {
    const carol = await provisioned('carol@corp.example', 'oid-of-carol');
    const named = { sub: 'carol-1', preferred_username: 'Carol@corp.example', email: 'carol@corp.example' };
    expect((await settings({ emailDomains: [] })).status).toBe(200);
    await update('--match-provisioned', 'email=userName');
    await comes({ ...named });
    expect(await refusal()).toEqual([403, 'the e-mail address is not verified']);
    await update('--match-provisioned', 'preferred_username=userName');
    await comes({ ...named, email_verified: false });
    expect(await refusal()).toEqual([403, 'the e-mail address is not verified']);
    await comes({ ...named, email_verified: true });
    expect(idOf((await signIn()).token)).toBe(carol);
    await expect(update('--match-provisioned', 'oid=displayName')).rejects.toThrow(
      /'matchProvisioned.attribute' must be one of externalId, userName, not /,
    );
  });

  it('is out at once when the directory says so, by every way in, until it says otherwise', async () => {
    await update('--match-provisioned', 'oid=externalId');
    await comes({ sub: 'bob-1', name: 'Bob', oid: 'oid-of-bob', ...verified('bob') });
    const inside = await signIn();
    const { clientId, tokenEndpoint } = (await server.call('/portal/config.json')).json();
    const refreshed = () =>
      server.call(tokenEndpoint, {
        form: { grant_type: 'refresh_token', client_id: clientId, refresh_token: inside.refreshToken ?? '' },
      });
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: provider.issuer,
      aud: AUDIENCE,
      sub: 'bob-1',
      azp: 'desktop',
      scp: 'Machine.Read',
      iat: now,
      exp: now + 600,
    };
    const foreign = (await provider.call('/sign', { json: { claims, header: {} } })).json().token as string;
    const status = async (token: string, path: string) => (await server.call(path, { token })).status;
    expect(await status(foreign, '/api/machines'), 'known, without a role').toBe(403);

    expect((await active(bob, false)).status).toBe(200);
    expect(await status(inside.token ?? '', '/api/merlon/me')).toBe(401);
    expect((await refreshed()).json()).toMatchObject({ error: 'invalid_grant' });
    expect(await status(foreign, '/api/machines')).toBe(401);
    expect(await refusal()).toEqual([403, 'disabled']);

    const dora = await provisioned('dora@corp.example', 'oid-of-dora');
    await active(dora, false);
    await comes({ sub: 'dora-1', oid: 'oid-of-dora', ...verified('dora') });
    expect(await refusal(), 'also who never came before').toEqual([403, 'disabled']);

    await active(bob, true);
    await comes({ sub: 'bob-1', oid: 'oid-of-bob', ...verified('bob') });
    expect(idOf((await signIn()).token)).toBe(bob);
  });

  it('has no account when the directory removed him, and a new one when it makes him anew', async () => {
    expect((await scim('DELETE', `/Users/${bob}`)).status).toBe(204);
    await update('--provisioning');
    await comes({ sub: 'bob-1', oid: 'oid-of-bob', ...verified('bob') });
    expect((await refusal())[0], 'provisioning by the provider makes no exception').toBe(403);
    const anew = await provisioned('bob@corp.example', 'oid-of-bob');
    expect(anew).not.toBe(bob);
    expect(idOf((await signIn()).token)).toBe(anew);
  });
});

describe('a token of the provider at the API', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  const claims = (change: Record<string, unknown> = {}) => ({
    iss: provider.issuer,
    aud: AUDIENCE,
    sub: 'soar',
    azp: 'soar',
    iat: now(),
    exp: now() + 600,
    roles: ['Machine.Read.All'],
    ...change,
  });
  const signed = async (change: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    (await provider.call('/sign', { json: { claims: claims(change), header } })).json().token as string;
  const status = async (token: string, path = '/api/machines') => (await server.call(path, { token })).status;

  it('of a program holds the permissions of its roles, and no more', async () => {
    const token = await signed();
    expect(await status(token)).toBe(200);
    expect(await status(token, '/api/alerts')).toBe(403);
    expect(await status(await signed({ roles: ['No.Such'] }))).toBe(403);
  });

  it('of a person counts for the account that is linked, and his roles are no permissions', async () => {
    const person = { sub: 'ann-1', azp: 'desktop', scp: 'Machine.Read' };
    // Known and let through the door, but without a role.
    expect(await status(await signed(person))).toBe(403);
    expect(await status(await signed(person), '/api/alerts')).toBe(403);
    expect(await status(await signed({ ...person, sub: 'stranger' }))).toBe(401);
  });

  it('is refused when made up, changed, early, late, or for others', async () => {
    const good = await signed();
    const [head, body, mark] = good.split('.');
    const bare = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url');
    const { keys } = (await provider.call('/jwks')).json();
    const pem = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const shared = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: 'signing' })
      .sign(Buffer.from(pem));
    const bad = [
      `${bare({ alg: 'none' })}.${body}.`,
      shared,
      `${head}.${bare(claims({ roles: ['Machine.ReadWrite.All'] }))}.${mark}`,
      await signed({ aud: 'api://other' }),
      await signed({ iss: 'https://other.example' }),
      await signed({ exp: now() - 120 }),
      await signed({ nbf: now() + 600 }),
      await signed({ sub: undefined }),
      await signed({ tid: tenantId, aud: 'https://api.securitycenter.microsoft.com' }),
    ];
    for (const token of bad) expect(await status(token)).toBe(401);
  });

  it('signed by unknown keys makes no storm of fetches', async () => {
    const before = (await provider.call('/fetches')).json().fetches;
    for (let i = 0; i < 30; i += 1) expect(await status(await signed({}, { kid: `unknown-${i}` }))).toBe(401);
    expect((await provider.call('/fetches')).json().fetches - before).toBeLessThanOrEqual(1);
  });

  it('is refused by name when the keys cannot be read, and one refusal is not many fetches', async () => {
    await provider.call('/mode', { json: { keysDown: true } });
    await server.stop();
    await server.start();
    const before = (await provider.call('/fetches')).json().fetches;
    for (let i = 0; i < 10; i += 1) {
      const answer = await server.call('/api/machines', { token: await signed() });
      expect([answer.status, answer.json().error.code]).toEqual([503, 'ServiceUnavailable']);
    }
    expect((await provider.call('/fetches')).json().fetches - before).toBeLessThanOrEqual(3);
    await provider.call('/mode', { json: { keysDown: false } });
  });

  it('is refused once the provider is off or gone', async () => {
    await comes({ sub: 'ann-1', groups: ['tier1'], email: 'ann@corp.example', email_verified: true });
    const inside = await signIn();
    const refreshed = async () => {
      const { clientId, tokenEndpoint } = (await server.call('/portal/config.json')).json();
      const form = {
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token: inside.refreshToken ?? '',
      };
      return (await server.call(tokenEndpoint, { form })).json();
    };
    await update('--name', 'Corp.');
    expect(inside.refreshToken).not.toBeNull();
    await update('--enabled', 'off');
    expect(await refreshed()).toMatchObject({ error: 'invalid_grant' });
    expect(await status(await signed())).toBe(401);
    expect((await signIn()).answer.text).not.toContain('class="elsewhere"');
    const before = (await me(inside.token)).name;
    const members = async () => (await groupsOf()).find(({ name }) => name === 'tier1')?.members;
    expect(await members()).toBe(1);
    await server.cli('identity-provider', 'remove', providerId);
    expect((await server.cli('identity-provider', 'list')).value).toEqual([]);
    expect(await members()).toBe(0);
    await create('--name', 'Corp', '--issuer', provider.issuer, '--provisioning');
    const { token } = await signIn();
    expect((await me(token)).name, 'the old account is nobody’s any more').not.toBe(before);
  });
});
