/** Tokens and sign-ins that somebody made up, took, changed or kept too long: all refused, and none written to a log. */
import { createHash, createPublicKey, type JsonWebKey, randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieJar } from '../support/cookie-jar.ts';
import { openTokenForge, type TokenForge } from '../support/forged-tokens.ts';
import { type Person, person } from '../support/person.ts';
import { type Answer, AUDIENCE, startServer, type TestApp, type TestServer } from '../support/server.ts';

const password = 'a long enough password 1';
const redirect = 'https://client.example/back';
const hour = 3_600;

describe('an attack on tokens', () => {
  let server: TestServer;
  let forge: TokenForge;
  let app: TestApp;
  let good: string;
  let other: string;
  let desktop: string;
  let web: { clientId: string; clientSecret: string };
  let ann: Person;

  beforeAll(async () => {
    server = await startServer();
    forge = await openTokenForge(server);
    app = await server.createApp('Machine.Read.All');
    good = await server.token(app);
    other = (await server.cli('tenant', 'create', '--name', 'Other', '--domain', 'other.example')).tenantId;
    const delegated = ['--delegated', 'Machine.Read', '--redirect', redirect];
    desktop = (await server.cli('app', 'create', '--name', 'desktop', '--public', ...delegated)).clientId;
    web = await server.cli('app', 'create', '--name', 'web', ...delegated);
    const made = await server.cli(
      'user',
      'create',
      '--name',
      'ann',
      '--role',
      'Merlon administrator (default)',
    );
    await server.signIn({ name: 'ann', password: made.oneTimePassword, newPassword: password });
    ann = person(server, { name: 'ann', password });
  });
  afterAll(() => server?.dispose());

  const now = () => Math.floor(Date.now() / 1_000);
  const refused = async (token: string) => {
    const answer = await server.call('/api/machines', { token });
    expect([answer.status, answer.json().error?.code]).toEqual([401, 'Unauthorized']);
  };

  it('starts from a token that is good', async () => {
    expect((await server.call('/api/machines', { token: await forge.sign(decodeJwt(good)) })).status).toBe(
      200,
    );
  });

  it('signed by nobody, or by the public key as if it were a secret', async () => {
    const claims = Buffer.from(JSON.stringify(decodeJwt(good))).toString('base64url');
    const header = (alg: string) =>
      Buffer.from(JSON.stringify({ alg, typ: 'JWT', kid: decodeProtectedHeader(good).kid })).toString(
        'base64url',
      );
    for (const alg of ['none', 'None', 'NONE', '']) await refused(`${header(alg)}.${claims}.`);
    const [key] = (await server.call(`/${app.tenantId}/discovery/v2.0/keys`)).json().keys as JsonWebKey[];
    const publicKey = createPublicKey({ key: key ?? {}, format: 'jwk' });
    for (const secret of [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(key),
    ])
      await refused(
        await new SignJWT(decodeJwt(good))
          .setProtectedHeader({ alg: 'HS256', kid: String(decodeProtectedHeader(good).kid) })
          .sign(Buffer.from(secret)),
      );
  });

  it.each([
    ['another audience', { aud: 'https://management.azure.com' }],
    ['two audiences', { aud: [AUDIENCE, 'https://management.azure.com'] }],
    ['another issuer', { iss: 'https://sts.windows.net/x/' }],
    ['a tenant that is not the issuer’s', { tid: '22222222-2222-4222-8222-222222222222' }],
    ['no tenant', { tid: undefined }],
    ['an end that is past', { exp: now() - 60 }],
    ['no end', { exp: undefined }],
    ['a beginning to come', { nbf: now() + hour }],
  ] as const)('signed well, with %s', async (_, change) => {
    await refused(await forge.sign({ ...decodeJwt(good), ...change } as JWTPayload));
  });

  it('of one tenant reads nothing of another', async () => {
    const token = await forge.application(other, ['Machine.Read.All']);
    expect((await server.call('/api/machines', { token })).json().value).toEqual([]);
  });

  it('changed by one letter anywhere', async () => {
    for (let index = 0; index < good.length - 1; index += 37) {
      const changed = good[index] === 'A' ? 'B' : 'A';
      if (good[index] === '.') continue;
      await refused(good.slice(0, index) + changed + good.slice(index + 1));
    }
  });

  it('that names a key elsewhere', async () => {
    await refused(
      await forge.sign(decodeJwt(good), { kid: 'no-such-key', jku: 'https://attacker.example/keys' }),
    );
  });

  const authorize = (more: Record<string, string | undefined>) => {
    const fields: Record<string, string | undefined> = {
      client_id: desktop,
      response_type: 'code',
      redirect_uri: redirect,
      scope: `openid ${AUDIENCE}/Machine.Read`,
      state: 's',
      ...more,
    };
    const query = new URLSearchParams(
      Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    return `${server.url}/${app.tenantId}/oauth2/v2.0/authorize?${query}`;
  };
  const pkce = () => {
    const verifier = randomBytes(32).toString('base64url');
    return {
      verifier,
      query: {
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      },
    };
  };
  const redeem = (fields: Record<string, string>) =>
    server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
      form: { grant_type: 'authorization_code', redirect_uri: redirect, ...fields },
    });
  const codeFor = async (more: Record<string, string>) => {
    const back = await ann.follow(authorize(more));
    expect(back.origin + back.pathname).toBe(redirect);
    return back.searchParams.get('code') ?? '';
  };

  it('by a code used twice: the first token is good, the second is refused and takes what came of the first with it', async () => {
    const { verifier, query } = pkce();
    const code = await codeFor(query);
    const first = await redeem({ client_id: desktop, code, code_verifier: verifier });
    expect(first.status, first.text).toBe(200);
    const second = await redeem({ client_id: desktop, code, code_verifier: verifier });
    expect([second.status, second.json().error, second.json().error_codes]).toEqual([
      400,
      'invalid_grant',
      [70000],
    ]);
    const refreshed = await server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
      form: { grant_type: 'refresh_token', client_id: desktop, refresh_token: first.json().refresh_token },
    });
    expect(refreshed.json().error).toBe('invalid_grant');
  });

  it('by a refresh token, of permissions that were withdrawn since', async () => {
    const both = ['--delegated', 'Machine.Read', 'Alert.Read', '--redirect', redirect];
    const { clientId } = await server.cli('app', 'create', '--name', 'shrinking', '--public', ...both);
    const { verifier, query } = pkce();
    const code = await codeFor({
      ...query,
      client_id: clientId,
      scope: `openid offline_access ${AUDIENCE}/.default`,
    });
    const first = (await redeem({ client_id: clientId, code, code_verifier: verifier })).json();
    expect(String(decodeJwt(first.access_token).scp).split(' ').sort()).toEqual([
      'Alert.Read',
      'Machine.Read',
    ]);
    const refresh = async (token: string) =>
      (
        await server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
          form: { grant_type: 'refresh_token', client_id: clientId, refresh_token: token },
        })
      ).json();
    await server.cli('app', 'update', clientId, '--delegated', 'Machine.Read');
    const second = await refresh(first.refresh_token);
    expect([decodeJwt(second.access_token).scp, second.scope]).toEqual(['Machine.Read', 'Machine.Read']);
    await server.cli('app', 'update', clientId, '--delegated', 'Score.Read');
    expect(await refresh(second.refresh_token)).toMatchObject({ error: 'invalid_grant' });
  });

  it('by forms and pages of the provider: none without a session, no script but its own, in no frame', async () => {
    const own = `/${app.tenantId}/oauth2`;
    for (const path of [`${own}/deviceauth`, `${own}/v2.0/logout/confirm`])
      for (const cookie of ['', 'merlon_session=made-up']) {
        const answer = await server.call(path, { form: { user_code: 'BCDFGHJKL' }, headers: { cookie } });
        expect([answer.status, answer.headers.location], path + cookie).toEqual([
          303,
          path.replace('/confirm', ''),
        ]);
      }
    const device = await server.call(`${own}/deviceauth?user_code=BCDFGHJKL`);
    expect(device.text).not.toMatch(/<script|BCDFGHJKL/);
    const out = await server.call(`${own}/v2.0/logout`);
    const script = /<script>([\s\S]*?)<\/script>/.exec(out.text)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    for (const { headers } of [device, out]) {
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['x-frame-options']).toBe('DENY');
    }
    expect(out.headers['content-security-policy']).toContain(`script-src 'sha256-${hash}'`);
  });

  it('by cookies that are made up or broken: each address begins anew, and none of them fails', async () => {
    const signed = 'A'.repeat(27);
    const cookies = [
      'merlon_session=made-up',
      `merlon_session=made-up; merlon_session.sig=${signed}`,
      `merlon_interaction=abcdefghijkl; merlon_interaction.sig=${signed}; merlon_resume=abcdefghijkl`,
      'merlon_session=%00%ff"; merlon_session.sig="; =; ;;; merlon_interaction',
      `merlon_session=${'a'.repeat(6_000)}`,
    ];
    const own = `/${app.tenantId}`;
    const addresses = [
      ['GET', authorize(pkce().query).slice(server.url.length), 303],
      ['GET', `${own}/oauth2/v2.0/authorize/abcdefghijkl`, 400],
      ['GET', `${own}/login/abcdefghijkl`, 400],
      ['POST', `${own}/login/abcdefghijkl`, 400],
      ['GET', `${own}/login/abcdefghijkl/guest?ticket=x.y`, 400],
      ['GET', `${own}/oauth2/deviceauth`, 200],
      ['GET', `${own}/oauth2/deviceauth/abcdefghijkl`, 303],
      ['POST', `${own}/oauth2/deviceauth`, 303],
      ['GET', `${own}/oauth2/v2.0/logout`, 200],
      ['POST', `${own}/oauth2/v2.0/logout/confirm`, 303],
      ['GET', `${own}/oauth2/v2.0/logout/success`, 200],
      ['GET', `${own}/adminconsent?client_id=${desktop}&redirect_uri=${redirect}`, 303],
      ['POST', `${own}/consent`, 400],
    ] as const;
    for (const cookie of cookies)
      for (const [method, address, status] of addresses) {
        const form = method === 'POST' ? { form: { user_code: 'BCDFGHJKL' } } : {};
        const answer = await server.call(address, { method, headers: { cookie }, ...form });
        expect(answer.status, `${method} ${address} ${cookie}`).toBe(status);
      }
  });

  it('by a page whose session was ended meanwhile: the same request begins anew', async () => {
    const visit = cookieJar(server.call, server.url);
    const request = authorize(pkce().query);
    const first = await visit(request);
    await visit(first.headers.location ?? '', { form: { username: 'ann', password } });
    await visit(`${(first.headers.location ?? '').replace('/login/', '/oauth2/v2.0/authorize/')}`);
    // With a session now; a second request asks again, and the session ends while its page is open.
    const again = await visit(`${request}&prompt=login`);
    const page = again.headers.location ?? '';
    const out = await visit(`/${app.tenantId}/oauth2/v2.0/logout`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(out.text)?.[1] ?? '';
    await visit(`/${app.tenantId}/oauth2/v2.0/logout/confirm`, { form: { xsrf, logout: 'yes' } });
    const anew = await visit(page, { form: { username: 'ann', password } });
    expect(anew.status).toBe(303);
    const begun = new URL(anew.headers.location ?? '', server.url);
    expect(begun.pathname).toBe(`/${app.tenantId}/oauth2/v2.0/authorize`);
    expect(begun.searchParams.get('state')).toBe('s');
    const fresh = await visit(begun.href);
    expect([fresh.status, fresh.headers.location]).toEqual([303, expect.stringContaining('/login/')]);
  });

  it('by a code or refresh token used many times at once: one is answered, and what came of it ends', async () => {
    const together = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: 24 }, work));
    const codes = (answers: Answer[]) =>
      answers.map((one) => (one.status === 200 ? 200 : one.json().error)).sort();
    const once = [200, ...Array.from({ length: 23 }, () => 'invalid_grant')];
    const refresh = (refresh_token: string) =>
      server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
        form: { grant_type: 'refresh_token', client_id: desktop, refresh_token },
      });
    const fresh = async () => {
      const { verifier, query } = pkce();
      return { client_id: desktop, code: await codeFor(query), code_verifier: verifier };
    };
    const code = await fresh();
    const redeemed = await together(() => redeem(code));
    expect(codes(redeemed)).toEqual(once);
    const given = redeemed.find(({ status }) => status === 200)?.json();
    expect((await refresh(given.refresh_token)).json().error).toBe('invalid_grant');

    const device = (
      await server.call(`/${app.tenantId}/oauth2/v2.0/devicecode`, {
        form: { client_id: desktop, scope: `${AUDIENCE}/.default` },
      })
    ).json();
    await ann.enterDeviceCode(device.verification_uri, device.user_code);
    const { device_code } = device;
    const polled = await together(() =>
      server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
        form: { grant_type: 'device_code', client_id: desktop, device_code },
      }),
    );
    expect(codes(polled)).toEqual(once);

    const { refresh_token } = (await redeem(await fresh())).json();
    const refreshed = await together(() => refresh(refresh_token));
    expect(codes(refreshed)).toEqual(once);
    const next = refreshed.find(({ status }) => status === 200)?.json();
    expect((await refresh(next.refresh_token)).json().error).toBe('invalid_grant');
  });

  it('not by a refresh token of a client with a secret, which may use it again', async () => {
    const code = await codeFor({ client_id: web.clientId });
    const proof = { client_id: web.clientId, client_secret: web.clientSecret };
    const { refresh_token } = (await redeem({ ...proof, code })).json();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
          form: { grant_type: 'refresh_token', refresh_token, ...proof },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    const stolen = await server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
      form: { grant_type: 'refresh_token', refresh_token, client_id: desktop },
    });
    expect(stolen.json().error).toBe('invalid_grant');
  });

  it('by a code without its verifier, with another, for another client or redirect', async () => {
    const attempts = [
      { client_id: desktop },
      { client_id: desktop, code_verifier: 'x'.repeat(43) },
      { client_id: web.clientId, client_secret: web.clientSecret },
      { client_id: desktop, redirect_uri: 'https://client.example/elsewhere' },
    ];
    for (const attempt of attempts) {
      const { verifier, query } = pkce();
      const code = await codeFor(query);
      const answer = await redeem({
        code,
        ...('redirect_uri' in attempt ? { code_verifier: verifier } : {}),
        ...(attempt as Record<string, string>),
      });
      expect(answer.status, answer.text).toBe(400);
      expect(answer.json().error).toBe('invalid_grant');
    }
  });

  it('by a public client that leaves PKCE out, or sends the verifier itself', async () => {
    for (const more of [{}, { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }]) {
      const back = await ann.follow(authorize(more));
      expect(back.searchParams.get('error')).toBe('invalid_request');
      expect(back.searchParams.get('code')).toBeNull();
    }
  });

  it.each([
    'https://attacker.example/back',
    'https://client.example/back/../../x',
    'https://client.example/back?x=1',
    'https://client.example/back#f',
    'https://client.example@attacker.example/back',
    'javascript:alert(1)',
    '//attacker.example',
  ])('by a redirect to %s: nobody is sent there', async (uri) => {
    const answer = await server.call(authorize({ redirect_uri: uri, ...pkce().query }));
    expect(answer.status).toBe(400);
    expect(answer.headers.location).toBeUndefined();
  });

  it('by asking for more than was granted', async () => {
    const answer = await server.call(
      authorize({ scope: `openid ${AUDIENCE}/Machine.Isolate`, ...pkce().query }),
    );
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('AADSTS65001');
    const { verifier, query } = pkce();
    const code = await codeFor({ ...query, scope: `openid ${AUDIENCE}/.default` });
    const { access_token } = (await redeem({ client_id: desktop, code, code_verifier: verifier })).json();
    expect(decodeJwt(access_token).scp).toBe('Machine.Read');
  });

  it('on a disabled application: no new token', async () => {
    const doomed = await server.createApp('Machine.Read.All');
    await server.cli('app', 'update', doomed.clientId, '--enabled', 'no');
    const answer = await server.call(`/${doomed.tenantId}/oauth2/v2.0/token`, {
      form: {
        grant_type: 'client_credentials',
        client_id: doomed.clientId,
        client_secret: doomed.clientSecret,
        scope: `${AUDIENCE}/.default`,
      },
    });
    expect([answer.status, answer.json().error, answer.json().error_codes]).toEqual([
      400,
      'unauthorized_client',
      [7000112],
    ]);
  });

  it('by guessing a secret: slowed down, and nobody else with it', async () => {
    const guess = (clientSecret: string, clientId = web.clientId) =>
      server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
        form: {
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
          scope: `${AUDIENCE}/.default`,
        },
      });
    for (let attempt = 0; attempt < 20; attempt++) expect((await guess(`guess ${attempt}`)).status).toBe(401);
    const slowed = await guess(web.clientSecret);
    expect([slowed.status, slowed.json().error_codes]).toEqual([429, [90055]]);
    expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0);
    expect((await guess(app.clientSecret, app.clientId)).status).toBe(200);
  });

  it('by sixty guesses at once: twenty are checked, while sixty right secrets at once are all good', async () => {
    const ask = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }) =>
      server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
        form: {
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
          scope: `${AUDIENCE}/.default`,
        },
      });
    const target = await server.createApp('Machine.Read.All');
    const right = await Promise.all(Array.from({ length: 60 }, () => ask(target)));
    expect(right.filter(({ status }) => status === 200)).toHaveLength(60);
    const guesses = await Promise.all(
      Array.from({ length: 60 }, (_, index) => ask({ ...target, clientSecret: `guess ${index}` })),
    );
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(20);
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(40);
    expect((await ask(target)).status).toBe(429);
  });

  it('leaves no secret, code, password or token in the log', () => {
    const { stdout, stderr } = server.output();
    for (const secret of [app.clientSecret, web.clientSecret, password, good, good.split('.')[2] ?? ''])
      expect(stdout + stderr).not.toContain(secret);
  });
});

describe('a tenant that consents to another’s application', () => {
  it('lets it in, with what it asked for then, until it takes that back', async () => {
    const server = await startServer();
    try {
      const vendor = await server.cli('tenant', 'create', '--name', 'Vendor', '--domain', 'vendor.example');
      const app = await server.cli(
        'app',
        'create',
        '--name',
        'soar',
        '--permission',
        'Machine.Read.All',
        '--multi-tenant',
        '--tenant',
        'vendor.example',
      );
      const customer = (await server.createApp('Alert.Read.All')).tenantId;
      const ask = () =>
        server.call(`/${customer}/oauth2/v2.0/token`, {
          form: {
            grant_type: 'client_credentials',
            client_id: app.clientId,
            client_secret: app.clientSecret,
            scope: `${AUDIENCE}/.default`,
          },
        });
      expect((await ask()).json().error_codes).toEqual([700016]);
      await server.cli('consent', 'give', app.clientId);
      const token = (await ask()).json().access_token;
      expect(decodeJwt(token)).toMatchObject({
        tid: customer,
        azp: app.clientId,
        roles: ['Machine.Read.All'],
      });
      expect((await server.call('/api/machines', { token })).status).toBe(200);
      // What it asks for later counts only once it is consented to again.
      await server.cli(
        'app',
        'update',
        app.clientId,
        '--permission',
        'Machine.Read.All',
        'Machine.Isolate',
        '--tenant',
        vendor.tenantId,
      );
      expect(decodeJwt((await ask()).json().access_token).roles).toEqual(['Machine.Read.All']);
      await server.cli('consent', 'withdraw', app.clientId);
      expect((await ask()).json().error_codes).toEqual([700016]);
      const single = await server.cli(
        'app',
        'create',
        '--name',
        'own',
        '--permission',
        'Machine.Read.All',
        '--tenant',
        'vendor.example',
      );
      await expect(server.cli('consent', 'give', single.clientId)).rejects.toThrow('not found');
    } finally {
      await server.dispose();
    }
  });
});
