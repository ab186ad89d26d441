import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeJwt, decodeProtectedHeader, importPKCS8, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCE, startServer, type TestApp, type TestServer } from '../support/server.ts';

let server: TestServer;
let app: TestApp;

beforeAll(async () => {
  server = await startServer();
  app = await server.createApp('Machine.Read.All');
});
afterAll(() => server?.dispose());

const v1 = (fields: Record<string, string>, tenant: string = app.tenantId) =>
  server.call(`/${tenant}/oauth2/token`, { form: fields });
const v2 = (fields: Record<string, string>, tenant: string = app.tenantId) =>
  server.call(`/${tenant}/oauth2/v2.0/token`, { form: fields });
const credentials = () => ({
  grant_type: 'client_credentials',
  client_id: app.clientId,
  client_secret: app.clientSecret,
});
const scope = `${AUDIENCE}/.default`;

describe('an application', () => {
  it('gets a v1 token in the documented shape', async () => {
    const answer = await v1({ ...credentials(), resource: AUDIENCE });
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      token_type: 'Bearer',
      expires_in: '3599',
      ext_expires_in: '3599',
      expires_on: expect.stringMatching(/^\d{10}$/),
      not_before: expect.stringMatching(/^\d{10}$/),
      resource: AUDIENCE,
      access_token: expect.any(String),
    });
    expect(answer.headers['cache-control']).toContain('no-store');
    const { iat, nbf, exp, uti, oid, sub, ...claims } = decodeJwt(answer.json().access_token);
    expect(claims).toEqual({
      aud: AUDIENCE,
      iss: `${server.url}/${app.tenantId}/`,
      idp: `${server.url}/${app.tenantId}/`,
      tid: app.tenantId,
      appid: app.clientId,
      appidacr: '1',
      app_displayname: 'test Machine.Read.All',
      idtyp: 'app',
      roles: ['Machine.Read.All'],
      ver: '1.0',
    });
    expect(oid).toBe(sub);
    expect(oid).not.toBe(app.clientId);
    expect(uti).toBeTypeOf('string');
    expect(Number(exp) - Number(iat)).toBe(3_900);
    expect(nbf).toBe(iat);
  });

  it('gets a v2 token, by form and by Basic authentication', async () => {
    const basic = Buffer.from(`${app.clientId}:${encodeURIComponent(app.clientSecret)}`).toString('base64');
    const answers = [
      await v2({ ...credentials(), scope }),
      await server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
        form: { grant_type: 'client_credentials', scope },
        headers: { authorization: `Basic ${basic}` },
      }),
    ];
    for (const answer of answers) {
      expect(answer.json()).toEqual({
        token_type: 'Bearer',
        expires_in: 3599,
        ext_expires_in: 0,
        access_token: expect.any(String),
      });
      expect(decodeJwt(answer.json().access_token)).toMatchObject({
        aud: AUDIENCE,
        iss: `${server.url}/${app.tenantId}/v2.0`,
        azp: app.clientId,
        azpacr: '1',
        tid: app.tenantId,
        roles: ['Machine.Read.All'],
        ver: '2.0',
      });
    }
  });

  it.each(['merlon.local', 'MERLON', 'common', 'organizations'])('may name its tenant %s', async (tenant) => {
    expect((await v2({ ...credentials(), scope }, tenant)).status).toBe(200);
  });

  it.each([
    'https://api.securitycenter.microsoft.com/',
    'https://api.securitycenter.windows.com',
    'https://securitycenter.onmicrosoft.com/windowsatpservice',
    'https://api.security.microsoft.com',
  ])('may name the API %s', async (audience) => {
    const answer = await v2({ ...credentials(), scope: `${audience}/.default` });
    expect(decodeJwt(answer.json().access_token).aud).toBe(audience);
    expect((await server.call('/api/machines', { token: answer.json().access_token })).status).toBe(200);
  });

  it.each([
    [
      'wrong secret',
      401,
      'invalid_client',
      7000215,
      (c: Record<string, string>) => ({ ...c, client_secret: 'no', scope }),
    ],
    [
      'no secret',
      401,
      'invalid_client',
      7000216,
      ({ client_secret: _, ...c }: Record<string, string>) => ({ ...c, scope }),
    ],
    [
      'unknown client',
      400,
      'unauthorized_client',
      700016,
      (c: Record<string, string>) => ({ ...c, client_id: '11111111-2222-3333-4444-555555555555', scope }),
    ],
    [
      'client id that is no id',
      400,
      'unauthorized_client',
      700016,
      (c: Record<string, string>) => ({ ...c, client_id: "x' or 1=1", scope }),
    ],
    [
      'another API',
      400,
      'invalid_resource',
      500011,
      (c: Record<string, string>) => ({ ...c, scope: 'https://management.azure.com/.default' }),
    ],
    [
      'scope without .default',
      400,
      'invalid_scope',
      1002012,
      (c: Record<string, string>) => ({ ...c, scope: 'openid' }),
    ],
    ['no scope', 400, 'invalid_request', 900144, (c: Record<string, string>) => c],
    [
      'no grant type',
      400,
      'invalid_request',
      900144,
      ({ grant_type: _, ...c }: Record<string, string>) => ({ ...c, scope }),
    ],
    [
      'another grant',
      400,
      'unsupported_grant_type',
      70003,
      (c: Record<string, string>) => ({
        ...c,
        grant_type: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
        scope,
      }),
    ],
  ])('is told what is wrong: %s', async (_name, status, error, code, change) => {
    const answer = await v2(change(credentials()) as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({
      error,
      error_description: expect.stringMatching(
        new RegExp(`^AADSTS${code}: .+ Trace ID: \\S+ Correlation ID: \\S+ Timestamp: `),
      ),
      error_codes: [code],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      trace_id: expect.any(String),
      correlation_id: expect.any(String),
    });
  });

  it('is told that the tenant is unknown, with its own correlation id', async () => {
    const id = '0f1e2d3c-0000-4000-8000-00000000abcd';
    const answer = await server.call('/nowhere.example/oauth2/v2.0/token', {
      form: { ...credentials(), scope },
      headers: { 'client-request-id': id },
    });
    expect(answer.json()).toMatchObject({ error_codes: [90002], correlation_id: id });
  });

  it('may hold two secrets, and one that was taken away no longer works', async () => {
    const second = await server.cli('app', 'add-secret', app.clientId);
    expect((await server.command(['app', 'add-secret', app.clientId])).stderr).toMatch(/2 secrets already/);
    expect((await v2({ ...credentials(), client_secret: second.clientSecret, scope })).status).toBe(200);
    expect((await v2({ ...credentials(), scope })).status).toBe(200);
    await server.cli('app', 'remove-secret', app.clientId, second.secretId);
    expect(
      (await v2({ ...credentials(), client_secret: second.clientSecret, scope })).json().error_codes,
    ).toEqual([7000215]);
  });
});

describe('@azure/identity', () => {
  const program = fileURLToPath(new URL('../support/azure-sign-in.mjs', import.meta.url));
  const run = (authority: string, secret: string) =>
    promisify(execFile)(process.execPath, [program], {
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: server.caPath,
        AUTHORITY: authority,
        TENANT: app.tenantId,
        CLIENT: app.clientId,
        SECRET: secret,
        SCOPE: scope,
      },
    });

  it.each(['localhost', '127.0.0.1'])('signs in at %s as it does to Entra ID', async (host) => {
    const { stdout } = await run(`https://${host}:${server.port}`, app.clientSecret);
    expect((await server.call('/api/machines', { token: stdout })).status).toBe(200);
  });

  it('reads our errors', async () => {
    await expect(run(server.url, 'wrong')).rejects.toThrow(/AADSTS7000215/);
  });
});

describe('a token', () => {
  const refused = { status: 401, error: { code: 'Unauthorized' } };
  const outcome = async (token: string | undefined) => {
    const answer = await server.call('/api/machines', token === undefined ? {} : { token });
    return { status: answer.status, error: answer.json().error };
  };

  it('is refused when absent, garbled, changed, or signed by another key', async () => {
    const good = await server.token(app);
    expect(await outcome(undefined)).toMatchObject(refused);
    expect(await outcome('abc')).toMatchObject(refused);
    const [head, body, signature] = good.split('.');
    const raised = Buffer.from(JSON.stringify({ ...decodeJwt(good), roles: ['Machine.Isolate'] })).toString(
      'base64url',
    );
    expect(await outcome(`${head}.${raised}.${signature}`)).toMatchObject(refused);
    expect(await outcome(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`)).toMatchObject(
      refused,
    );
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = await importPKCS8(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'RS256');
    const { kid } = decodeProtectedHeader(good);
    const forged = await new SignJWT(decodeJwt(good))
      .setProtectedHeader({ alg: 'RS256', kid: kid ?? '' })
      .sign(key);
    expect(await outcome(forged)).toMatchObject(refused);
    expect((await outcome(undefined)).error.target).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('grants only what it carries', async () => {
    const token = await server.token(await server.createApp('Alert.Read.All'));
    const answer = await server.call('/api/machines', { token });
    expect(answer.status).toBe(403);
    expect(answer.json().error).toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('Machine.Read.All'),
    });
  });

  it('sees nothing of another tenant', async () => {
    const other = await server.cli('tenant', 'create', '--name', 'Contoso', '--domain', 'contoso.example');
    const own = await server.cli(
      'app',
      'create',
      '--tenant',
      'contoso.example',
      '--name',
      'theirs',
      '--permission',
      'Machine.Read.All',
    );
    expect(own.tenantId).toBe(other.tenantId);
    const mixed = await v2({ ...credentials(), scope }, other.tenantId);
    expect(mixed.json().error_codes).toEqual([700016]);
    expect(
      (await server.cli('app', 'list')).value.map((one: { clientId: string }) => one.clientId),
    ).not.toContain(own.clientId);
  });

  it('stays good when the keys are rotated', async () => {
    const token = await server.token(app);
    const { kid } = await server.cli('key', 'rotate');
    expect((await server.call('/api/machines', { token })).status).toBe(200);
    const fresh = await server.token(app);
    expect(decodeProtectedHeader(fresh).kid).toBe(kid);
    const published = (await server.call(`/${app.tenantId}/discovery/v2.0/keys`)).json().keys;
    expect(published.map((key: { kid: string }) => key.kid)).toEqual([kid, decodeProtectedHeader(token).kid]);
    for (const key of published)
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });
});

describe('discovery', () => {
  it('names addresses that exist, in both versions', async () => {
    for (const [path, issuer] of [
      [`/${app.tenantId}/v2.0/.well-known/openid-configuration`, `${server.url}/${app.tenantId}/v2.0`],
      ['/merlon.local/.well-known/openid-configuration', `${server.url}/${app.tenantId}/`],
      ['/common/v2.0/.well-known/openid-configuration', `${server.url}/{tenantid}/v2.0`],
    ] as const) {
      const document = (await server.call(path)).json();
      expect(document.issuer).toBe(issuer);
      expect((await server.call(document.jwks_uri)).json().keys.length).toBeGreaterThan(0);
      expect((await server.call(document.token_endpoint, { form: {} })).json().error_codes).toEqual([900144]);
    }
    const instance = (await server.call('/common/discovery/instance?api-version=1.1')).json();
    expect(instance.metadata[0].aliases).toEqual([new URL(server.url).host]);
  });
});
