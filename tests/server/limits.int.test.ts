/** Quotas on a live server: refused over them, told to the caller, more for an application that was given more. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';

let server: TestServer;
let usual: TestApp;
let wide: TestApp;
beforeAll(async () => {
  server = await startServer();
  usual = await server.createApp('Machine.Read.All');
  wide = await server.createApp('Machine.Read.All');
  await server.stop();
  // The environment is the server's own: what starts next reads it.
  server.env.MERLON_RATE_LIMITS = 'service';
  server.env.MERLON_QUOTA_FACTORS = JSON.stringify({ [wide.clientId]: 2 });
  await server.start();
});
afterAll(() => server?.dispose());

const left = async (token: string) => {
  const { value } = (await server.call('/api/merlon/limits', { token })).json();
  return value.filter(({ route }: { route: string }) => route === 'machines.list');
};

describe('quotas', () => {
  it('are told to the caller, and end in 429 with a time to come again', async () => {
    const token = await server.token(usual);
    for (let call = 0; call < 100; call++)
      expect((await server.call('/api/machines?$top=1', { token })).status).toBe(200);
    const [minute, hour] = await left(token);
    expect(minute).toMatchObject({ per: 'minute', limit: 100, used: 100, left: 0 });
    expect(hour).toMatchObject({ per: 'hour', limit: 1_500, used: 100, left: 1_400 });
    const refused = await server.call('/api/v1.0/machines', { token });
    expect(refused.status).toBe(429);
    expect(refused.json().error.code).toBe('TooManyRequests');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('are wider for an application that was given more', async () => {
    const token = await server.token(wide);
    await server.call('/api/machines', { token });
    expect((await left(token))[0]).toMatchObject({ limit: 200, used: 1, left: 199 });
  });
});
