/** Integrations that ask too often: 429 in the words they branch on, and the time after which they may come again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';
import { Msticpy } from './clients/msticpy.ts';
import { SplunkSoar } from './clients/splunk-soar.ts';
import { Traffic } from './traffic.ts';

/** Calls a minute of routes that no other number is documented for, and of hunting. */
const ROUTE_LIMIT = 100;
const HUNTING_LIMIT = 45;

let server: TestServer;
let app: TestApp;
const traffic = new Traffic();

beforeAll(async () => {
  server = await startServer({ env: { MERLON_RATE_LIMITS: 'service' } });
  app = await server.createApp('Alert.Read.All', 'Machine.Read.All', 'AdvancedQuery.Read.All');
});
afterAll(() => server?.dispose());

describe('an integration that asks too often', () => {
  it('is told so by Splunk SOAR in its own words, and other routes still answer', async () => {
    const splunk = new SplunkSoar({ server, app, traffic });
    await splunk.signIn();
    for (let call = 0; call < ROUTE_LIMIT; call++)
      expect((await splunk.act('GET', '/alerts?$top=1')).status).toBe('success');
    expect(await splunk.act('GET', '/alerts?$top=1')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('Status Code: 429 Error Code: TooManyRequests'),
    });
    expect((await splunk.act('GET', '/machines?$top=1')).status).toBe('success');
  });

  it('gets the seconds to wait, as a whole number within the minute', async () => {
    const token = await server.token(app);
    // By another address of the same route: it is one quota.
    const refused = await server.call('/api/v1.0/Alerts/?$top=1', { token });
    expect([refused.status, refused.json().error.code]).toEqual([429, 'TooManyRequests']);
    const wait = Number(refused.headers['retry-after']);
    expect(Number.isInteger(wait) && wait >= 1 && wait <= 60).toBe(true);
  });

  it('hears of it from MSTICPy when notebooks hunt too much', async () => {
    const notebook = new Msticpy({ server, app, traffic }, 'MDE');
    await notebook.connect();
    for (let query = 0; query < HUNTING_LIMIT; query++) await notebook.query('print Answer = 42');
    await expect(notebook.query('print Answer = 42')).rejects.toThrow(/\S/);
  });
});
