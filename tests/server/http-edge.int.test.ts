import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startServer();
  token = await server.token(
    await server.createApp('Machine.Read.All', 'Machine.Isolate', 'Alert.ReadWrite.All'),
  );
});
afterAll(() => server?.dispose());

const error = async (path: string, call: Parameters<TestServer['call']>[1] = {}) => {
  const answer = await server.call(path, { token, ...call });
  const body = answer.json();
  expect(Object.keys(body)).toEqual(['error']);
  expect(Object.keys(body.error)).toEqual(['code', 'message', 'target']);
  expect(body.error.target).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.headers['x-request-id']).toBe(body.error.target);
  return {
    status: answer.status,
    code: body.error.code,
    message: body.error.message,
    headers: answer.headers,
  };
};

describe('addresses', () => {
  it.each([
    '/api/machines',
    '/api/v1.0/machines',
    '/API/Machines/',
    '//api/machines',
    '/api//machines//',
    '/Api/V1.0/MACHINES?$top=1',
    '/api/machines?%24top=1&x=a+b',
  ])('%s is the list of machines', async (path) => {
    const answer = await server.call(path, { token });
    expect([answer.status, answer.text.includes('"value":[]')]).toEqual([200, true]);
  });

  it('keep the case of ids', async () => {
    expect((await error('/API/MACHINES/AbC-dEf')).message).toContain('AbC-dEf');
  });

  it.each(['/api/nothing', '/api', '/api/v1.0', '/api/v2.0/machines', '/device/v1/nothing'])(
    '%s is not there',
    async (path) => {
      expect(await error(path)).toMatchObject({ status: 404, code: 'NotFound' });
    },
  );

  it('of Graph are not there in its own words', async () => {
    const answer = await server.call('/v1.0/security/nothing', { headers: { 'client-request-id': 'mine' } });
    expect(answer.status).toBe(404);
    expect(answer.json().error).toMatchObject({
      code: 'NotFound',
      innerError: { 'request-id': answer.headers['x-request-id'], 'client-request-id': 'mine' },
    });
  });

  it('do not take other methods', async () => {
    expect(await error('/api/machines', { method: 'DELETE' })).toMatchObject({
      status: 404,
      code: 'NotFound',
    });
    expect(await error('/api/machines', { method: 'PUT', json: {} })).toMatchObject({
      status: 404,
      code: 'NotFound',
    });
  });

  it('that are malformed are refused as such', async () => {
    expect(await error('/api/machines/%zz')).toMatchObject({ status: 400, code: 'BadRequest' });
  });
});

describe('bodies', () => {
  const path = '/api/machines/1111111111111111111111111111111111111111/isolate';

  it.each([
    [
      'not JSON',
      { body: '{"Comment":', headers: { 'content-type': 'application/json' } },
      400,
      'InvalidRequestBody',
    ],
    ['no body', { method: 'POST' }, 400, 'InvalidRequestBody'],
    [
      'a type that is none',
      { body: '{}', headers: { 'content-type': 'garbage' } },
      415,
      'UnsupportedMediaType',
    ],
    ['another type', { body: '<x/>', headers: { 'content-type': 'text/xml' } }, 415, 'UnsupportedMediaType'],
    [
      'names in another case',
      { json: { comment: 'x', IsolationType: 'Full' } },
      400,
      /InvalidRequestBody|MissingRequiredParameter/,
    ],
    [
      'too large',
      {
        body: `{"Comment":"${'x'.repeat(2 * 1024 * 1024)}"}`,
        headers: { 'content-type': 'application/json' },
      },
      413,
      'PayloadTooLarge',
    ],
  ])('%s is refused by name', async (_name, call, status, code) => {
    const answer = await error(path, call);
    expect(answer.status).toBe(status);
    expect(answer.code).toMatch(code);
  });

  it('of strangers are not looked at', async () => {
    const answer = await server.call(path, { body: '{', headers: { 'content-type': 'application/json' } });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });
});

describe('malformed HTTP', () => {
  it('is answered as JSON, and the connection closed', async () => {
    const socket = connect({ host: 'localhost', port: server.port, ca: server.caPem });
    await once(socket, 'secureConnect');
    socket.write('NONSENSE\r\n\r\n');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1.1 400 .*\{"error":\{"code":"BadRequest"/s);
  });

  it('over plain TCP disturbs nobody', async () => {
    const { connect: connectPlain } = await import('node:net');
    const socket = connectPlain(server.port, 'localhost');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'close');
    expect((await server.call('/healthz')).status).toBe(200);
  });
});

describe('sockets', () => {
  const open = async (
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string }> => {
    const socket = new WebSocket(new URL(path, server.url.replace('https', 'wss')), {
      ca: server.caPem,
      headers,
    });
    const [, response] = await once(socket, 'unexpected-response');
    let body = '';
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode, body };
  };

  it('are refused like requests', async () => {
    expect(await open('/device/v1/channel')).toMatchObject({
      status: 401,
      body: expect.stringContaining('"Unauthorized"'),
    });
    expect(await open('/device/v1/channel', { authorization: 'Device nonsense' })).toMatchObject({
      status: 401,
    });
    expect(await open('/nowhere')).toMatchObject({
      status: 404,
      body: expect.stringContaining('"NotFound"'),
    });
  });
});

describe('the server itself', () => {
  it('says that it lives and is ready', async () => {
    expect((await server.call('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await server.call('/readyz')).json()).toEqual({
      status: 'ok',
      stores: { state: true, events: true, log: true },
    });
  });

  it('counts what it answers', async () => {
    const text = (await server.call('/metrics')).text;
    expect(text).toMatch(/^merlon_http_requests_total\{route="machines.list",status="200"\} \d+$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('sends no answer that a browser could misuse', async () => {
    const { headers } = await server.call('/api/machines', { token });
    expect(headers).toMatchObject({
      'strict-transport-security': expect.any(String),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
    });
  });

  it('logs nothing as an error for all of the above, and no token', () => {
    const { stderr } = server.output();
    expect(stderr).not.toContain('"level":"error"');
    expect(stderr).not.toContain(token);
  });
});

describe('the route table', () => {
  // Routes that change nothing although they are no reads by method.
  const WITHOUT_AUDIT = new Map([
    ['auth.tokenV1', 'gives a token; refused secrets are logged and counted'],
    ['auth.tokenV2', 'gives a token; refused secrets are logged and counted'],
    ['auth.deviceCodeV1', 'gives a code to show; the sign-in that follows is recorded'],
    ['auth.deviceCodeV2', 'gives a code to show; the sign-in that follows is recorded'],
    ['auth.deviceConfirm', 'a step of a sign-in; its end is recorded'],
    ['auth.signOutConfirm', 'ends the caller’s own session'],
    ['device.events', 'telemetry of devices; kept as events, not as deeds'],
    ['advancedqueries.run', 'reads'],
    ['deviceGroup.preview', 'reads'],
    ['siem.files', 'reads'],
    ['onboarding.report', 'what an installer met; kept with the package, counted and bounded'],
  ]);

  /** Telemetry that collectors send, kept as events and not as deeds; what their clients set up is not kept at all. */
  const isCollecting = (id: string) => /^collect(Elastic)?\./.test(id);

  it('has for every route what the house rules ask', async () => {
    const document = (await server.call('/openapi.json')).json();
    const ids = new Set<string>();
    for (const [path, methods] of Object.entries<Record<string, Record<string, unknown>>>(document.paths)) {
      for (const [method, route] of Object.entries(methods)) {
        const id = String(route.operationId);
        const where = `${id} (${method} ${path})`;
        expect(id, where).toMatch(/^[a-z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*$/);
        expect(ids.has(id), `${where}: the id is used twice`).toBe(false);
        ids.add(id);
        expect(route.summary, where).toMatch(/^[A-Z].{5,160}[.]$/);
        expect(String(route.summary), where).not.toContain('\n');
        const answers = Object.entries(route.responses as Record<string, object>).filter(
          ([status]) => status !== 'default',
        );
        expect(answers.length, `${where}: no answer is described`).toBeGreaterThan(0);
        const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        const described = (route.parameters as { name: string; in: string }[])
          .filter((one) => one.in === 'path')
          .map((one) => one.name);
        expect(described.sort(), `${where}: path parameters`).toEqual(named.sort());
        if (!['get', 'head'].includes(method) && !WITHOUT_AUDIT.has(id) && !isCollecting(id))
          expect(route['x-merlon-audit'], `${where}: no audit event`).toBeTypeOf('string');
        const access = route['x-merlon-access'] as
          | {
              application: string[];
              delegated: string[] | 'portal';
              role: string | null;
              deviceScope: string;
            }
          | undefined;
        // Generic clients read what there is before they sign in; a download link is its own key.
        if (path.startsWith('/api/') && path !== '/api/$metadata' && path !== '/api/merlon/downloads/{token}')
          expect(access, `${where}: open to everyone`).toBeDefined();
        if (access) {
          expect(
            access.application.length + access.delegated.length,
            `${where}: open to nobody`,
          ).toBeGreaterThan(0);
          expect(['filter', 'require', 'none'], where).toContain(access.deviceScope);
        }
      }
    }
    expect(ids.size).toBeGreaterThan(20);
  });
});

describe('quotas', () => {
  it('answer 429 with Retry-After when they are on', async () => {
    const limited = await startServer({ env: { MERLON_RATE_LIMITS: 'service' } });
    try {
      const own = await limited.token(await limited.createApp('Machine.Read.All'));
      const answers = [];
      for (let i = 0; i < 101; i += 1) answers.push(await limited.call('/api/machines', { token: own }));
      expect(answers.slice(0, 100).every(({ status }) => status === 200)).toBe(true);
      const last = answers[100];
      expect([last?.status, last?.json().error.code]).toEqual([429, 'TooManyRequests']);
      expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(last?.headers['retry-after'])).toBeLessThanOrEqual(60);
    } finally {
      await limited.dispose();
    }
  });
});
