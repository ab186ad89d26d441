/** People's names and passwords sent by a program: only through programs that may, and never past what a page would ask. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotp, stepOf } from '../../server/src/features/identity/totp-code.ts';
import { fromBase32 } from '../support/base32.ts';
import { AUDIENCE, startServer, type TestServer } from '../support/server.ts';

const run = promisify(execFile);
const msal = fileURLToPath(new URL('../support/sdk/msal-node.mjs', import.meta.url));
const password = 'a long enough password 1';
const role = 'Merlon administrator (default)';

describe('the password grant', () => {
  let server: TestServer;
  let tenantId: string;
  let desktop: string;
  let web: { clientId: string; clientSecret: string };

  beforeAll(async () => {
    server = await startServer();
    const delegated = ['--delegated', 'Machine.Read', 'Alert.Read'];
    const made = await server.cli(
      'app',
      'create',
      '--name',
      'desktop',
      '--public',
      '--password-grant',
      ...delegated,
    );
    expect(made.passwordGrant).toBe(true);
    ({ tenantId, clientId: desktop } = made);
    web = await server.cli('app', 'create', '--name', 'web', '--password-grant', ...delegated);
    await person('ann', '--role', role);
  });
  afterAll(() => server?.dispose());

  /** With a password of his own. */
  async function person(name: string, ...more: string[]) {
    const made = await server.cli('user', 'create', '--name', name, ...more);
    const session = await server.signIn({ name, password: made.oneTimePassword, newPassword: password });
    return { id: made.userId as string, session };
  }
  const program = async (name: string): Promise<string> =>
    (
      await server.cli(
        'app',
        'create',
        '--name',
        name,
        '--public',
        '--password-grant',
        '--delegated',
        'Machine.Read',
      )
    ).clientId;
  const ask = (fields: Record<string, string>, tenant = tenantId) =>
    server.call(`/${tenant}/oauth2/v2.0/token`, {
      form: {
        grant_type: 'password',
        client_id: desktop,
        username: 'ann',
        password,
        scope: `${AUDIENCE}/.default`,
        ...fields,
      },
    });
  const refusal = async (fields: Record<string, string>, tenant = tenantId) => {
    const answer = await ask(fields, tenant);
    const { error, error_codes } = answer.json();
    return [answer.status, error, error_codes?.[0]];
  };
  const audit = async (name: string) =>
    (await server.cli('audit', 'list', '--top', '200')).filter(
      (one: { action: string; actorName: string }) =>
        one.action === 'user.signIn' && one.actorName === `${name}@merlon.local`,
    );

  it('gives a public client the token of a person, and a refresh token where it is asked for', async () => {
    const answer = await ask({ scope: `openid profile ${AUDIENCE}/Machine.Read` });
    expect(answer.json(), answer.text).toEqual({
      token_type: 'Bearer',
      scope: 'Machine.Read',
      expires_in: 3599,
      ext_expires_in: 0,
      access_token: expect.any(String),
      id_token: expect.any(String),
    });
    const claims = decodeJwt(answer.json().access_token);
    expect(claims).toMatchObject({
      tid: tenantId,
      azp: desktop,
      azpacr: '0',
      scp: 'Machine.Read',
      idtyp: 'user',
    });
    expect(decodeJwt(answer.json().id_token)).toMatchObject({
      aud: desktop,
      oid: claims.oid,
      tid: tenantId,
      preferred_username: 'ann@merlon.local',
    });
    const { status } = await server.call('/api/machines', { token: answer.json().access_token });
    expect(status).toBe(200);

    const lasting = await ask({ scope: `offline_access ${AUDIENCE}/.default`, username: 'ANN@merlon.local' });
    const refreshed = await server.call(`/${tenantId}/oauth2/v2.0/token`, {
      form: { grant_type: 'refresh_token', client_id: desktop, refresh_token: lasting.json().refresh_token },
    });
    expect(decodeJwt(refreshed.json().access_token)).toMatchObject({ oid: claims.oid });
    expect(String(decodeJwt(refreshed.json().access_token).scp).split(' ').sort()).toEqual([
      'Alert.Read',
      'Machine.Read',
    ]);
  });

  it('gives a confidential client one for its secret too, in both versions', async () => {
    const secret = { client_id: web.clientId, client_secret: web.clientSecret };
    const v2 = await ask(secret);
    expect(decodeJwt(v2.json().access_token)).toMatchObject({ azp: web.clientId, azpacr: '1' });
    const v1 = await server.call(`/${tenantId}/oauth2/token`, {
      form: { grant_type: 'password', username: 'ann', password, resource: AUDIENCE, ...secret },
    });
    expect(v1.json()).toMatchObject({
      resource: AUDIENCE,
      expires_in: '3599',
      refresh_token: expect.any(String),
    });
    expect(decodeJwt(v1.json().access_token)).toMatchObject({ appid: web.clientId, ver: '1.0' });
    expect(await refusal({ ...secret, client_secret: 'no' })).toEqual([401, 'invalid_client', 7000215]);
    expect(await refusal({ client_id: web.clientId })).toEqual([401, 'invalid_client', 7000218]);
    expect(await refusal({ client_secret: 'x' })).toEqual([401, 'invalid_client', 700025]);
  });

  it.each([
    ['no name', { username: '' }, [400, 'invalid_request', 900144]],
    ['no password', { password: '' }, [400, 'invalid_request', 900144]],
    ['no scope', { scope: '' }, [400, 'invalid_request', 900144]],
    ['a scope nobody granted', { scope: `${AUDIENCE}/Machine.Isolate` }, [400, 'invalid_grant', 65001]],
    ['another API', { scope: 'https://management.azure.com/.default' }, [400, 'invalid_resource', 500011]],
    [
      'an unknown program',
      { client_id: '11111111-1111-4111-8111-111111111111' },
      [400, 'unauthorized_client', 700016],
    ],
    [
      'the portal',
      { client_id: '5b0f2c3a-8d57-4e0b-9f0e-6d1c7b6a4e21' },
      [400, 'unauthorized_client', 700016],
    ],
    ['a name without end', { username: 'a'.repeat(20_000) }, [400, 'invalid_grant', 50126]],
    ['a password without end', { password: 'p'.repeat(20_000) }, [400, 'invalid_grant', 50126]],
  ] as const)('refuses %s', async (_, fields, expected) => {
    expect(await refusal(fields)).toEqual(expected);
  });

  it('refuses what it cannot read in the words of OAuth too', async () => {
    const address = `/${tenantId}/oauth2/v2.0/token`;
    const type = 'application/x-www-form-urlencoded';
    const sent = [
      [400, type, 'grant_type=password&username=%00'],
      [413, type, `grant_type=password&password=${'x'.repeat(100_000)}`],
      [415, 'application/json', '{}'],
    ] as const;
    for (const [status, contentType, body] of sent) {
      const headers = { 'content-type': contentType };
      const answer = await server.call(address, { method: 'POST', body, headers });
      expect([answer.status, answer.json()], answer.text).toEqual([
        status,
        {
          error: 'invalid_request',
          error_description: expect.stringMatching(/^AADSTS9002313: /),
          error_codes: [9002313],
          timestamp: expect.any(String),
          trace_id: expect.any(String),
          correlation_id: expect.any(String),
        },
      ]);
    }
  });

  it('is off unless it was switched on, and switched by an audited change', async () => {
    const own = ['--delegated', 'Machine.Read'];
    const pub = await server.cli('app', 'create', '--name', 'off', '--public', ...own);
    const conf = await server.cli('app', 'create', '--name', 'off too', ...own);
    expect(pub.passwordGrant).toBe(false);
    expect(await refusal({ client_id: pub.clientId })).toEqual([401, 'invalid_client', 7000218]);
    const secret = { client_id: conf.clientId, client_secret: conf.clientSecret };
    expect(await refusal(secret)).toEqual([400, 'unauthorized_client', 700016]);
    const { session } = await person('adm', '--role', role);
    const change = await server.call(`/api/merlon/applications/${conf.clientId}`, {
      method: 'PATCH',
      token: session.accessToken,
      json: { passwordGrant: true },
    });
    expect(change.json()).toMatchObject({ passwordGrant: true });
    expect((await ask(secret)).status).toBe(200);
    const trail = await server.cli('audit', 'list', '--top', '5');
    expect(JSON.stringify(trail.find((one: { action: string }) => one.action === 'app.update'))).toContain(
      'passwordGrant',
    );
    const { refresh_token } = (await ask({ ...secret, scope: `offline_access ${AUDIENCE}/.default` })).json();
    const refresh = () => refusal({ ...secret, grant_type: 'refresh_token', refresh_token });
    expect(await refresh()).toEqual([200, undefined, undefined]);
    await server.cli('app', 'update', conf.clientId, '--password-grant', 'no');
    expect(await refusal(secret)).toEqual([400, 'unauthorized_client', 700016]);
    expect(await refresh()).toEqual([400, 'invalid_grant', 70000]);
  });

  it('tells whoever does not know the password nothing, and who knows it what a page is needed for', async () => {
    const made = await server.cli('user', 'create', '--name', 'new');
    expect(await refusal({ username: 'new', password: made.oneTimePassword })).toEqual([
      400,
      'invalid_grant',
      50055,
    ]);
    const off = await person('off');
    await server.cli('account', 'disable', off.id);
    expect(await refusal({ username: 'off' })).toEqual([400, 'invalid_grant', 50057]);
    const texts = await Promise.all(
      [
        { username: 'ann', password: 'wrong password' },
        { username: 'off', password: 'wrong password' },
        { username: 'nobody', password: 'wrong password' },
        { username: 'ann@another.example' },
      ].map(async (fields) => (await ask(fields)).json().error_description.split(' Trace ID')[0]),
    );
    expect(new Set(texts)).toEqual(new Set(['AADSTS50126: The user name or the password is wrong.']));
  });

  it('asks no less than a page would: a second proof', async () => {
    const { session } = await person('kim');
    const enrolled = (
      await server.call('/api/merlon/me/totp', { token: session.accessToken, json: {} })
    ).json();
    const code = hotp(fromBase32(enrolled.secret), stepOf(new Date()));
    await server.call('/api/merlon/me/totp/confirm', { token: session.accessToken, json: { code } });
    expect(await refusal({ username: 'kim' })).toEqual([400, 'interaction_required', 50076]);
    expect(await refusal({ username: 'kim', password: 'wrong password' })).toEqual([
      400,
      'invalid_grant',
      50126,
    ]);
    const [last, before] = await audit('kim');
    expect([before, last].map(({ details }) => details.reason).sort()).toEqual([
      'second proof needed',
      'wrong password',
    ]);
  });

  it('locks a name after ten wrong passwords, whether or not anybody has it, of many at once too', async () => {
    await person('eve');
    for (const username of ['eve', 'nobody else']) {
      const client_id = await program(`guesser at ${username}`);
      const codes = await Promise.all(
        Array.from(
          { length: 18 },
          async () => (await refusal({ client_id, username, password: 'wrong password' }))[2],
        ),
      );
      expect(codes.filter((code) => code === 50126)).toHaveLength(10);
      expect(codes.filter((code) => code === 50053)).toHaveLength(8);
    }
    expect(
      await refusal({ username: 'eve', client_id: web.clientId, client_secret: web.clientSecret }),
    ).toEqual([400, 'invalid_grant', 50053]);
    const trail = await audit('eve');
    expect(trail.some(({ details }: { details: { reason: string } }) => details.reason === 'locked')).toBe(
      true,
    );
  });

  it('slows whoever tries one password on many names', async () => {
    const clientId = await program('sprayer');
    const codes = await Promise.all(
      Array.from(
        { length: 30 },
        async (_, index) => (await refusal({ client_id: clientId, username: `name${index}` }))[2],
      ),
    );
    expect(codes.filter((code) => code === 50126)).toHaveLength(20);
    expect(codes.filter((code) => code === 90055)).toHaveLength(10);
    const slowed = await ask({ client_id: clientId });
    expect([slowed.status, Number(slowed.headers['retry-after']) > 0]).toEqual([429, true]);
  });

  it('is for the people of the tenant where the program is registered', async () => {
    const { tenantId: customer } = await server.cli(
      'tenant',
      'create',
      '--name',
      'Customer',
      '--domain',
      'customer.example',
    );
    const made = await server.cli('user', 'create', '--tenant', 'Customer', '--name', 'cyd');
    const shared = await server.cli(
      'app',
      'create',
      '--name',
      'shared',
      '--public',
      '--password-grant',
      '--multi-tenant',
      '--delegated',
      'Machine.Read',
    );
    const cyd = {
      client_id: shared.clientId,
      username: 'cyd@customer.example',
      password: made.oneTimePassword,
    };
    expect(await refusal(cyd, customer)).toEqual([400, 'unauthorized_client', 700016]);
    await server.cli('consent', 'give', shared.clientId, '--tenant', 'Customer');
    expect(await refusal(cyd, customer)).toEqual([401, 'invalid_client', 7000218]);
    expect(await refusal(cyd)).toEqual([400, 'invalid_grant', 50126]);
    expect((await ask({ client_id: shared.clientId }, 'organizations')).status).toBe(200);
  });

  it.each(['public', 'confidential'])(
    'works for the unmodified @azure/msal-node as a %s client',
    async (kind) => {
      const { stdout } = await run(process.execPath, [msal], {
        env: {
          ...process.env,
          AUTHORITY: server.url,
          TENANT: tenantId,
          CLIENT: kind === 'public' ? desktop : web.clientId,
          SECRET: kind === 'public' ? '' : web.clientSecret,
          SCOPE: `${AUDIENCE}/.default`,
          WAY: 'password',
          USERNAME: 'ann@merlon.local',
          PASSWORD: password,
          NODE_EXTRA_CA_CERTS: server.caPath,
        },
      });
      const said = JSON.parse(stdout);
      expect(said.account).toBe('ann@merlon.local');
      expect((await server.call('/api/machines', { token: said.token })).status).toBe(200);
    },
  );

  it('leaves a record of each sign-in, and the password nowhere', async () => {
    const [record] = await audit('ann');
    expect(record).toMatchObject({ outcome: 'success', details: { grant: 'password' } });
    const { stdout, stderr } = server.output();
    const everything = stdout + stderr + JSON.stringify(await server.cli('audit', 'list', '--top', '500'));
    for (const secret of [password, web.clientSecret]) expect(everything).not.toContain(secret);
  });
});
