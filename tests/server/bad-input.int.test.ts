/** What a client's mistakes are answered with: the service's own error, naming the mistake. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

describe('a mistaken request', () => {
  let server: TestServer;
  let token: string;
  beforeAll(async () => {
    server = await startServer();
    token = await server.token(
      await server.createApp(
        'AdvancedQuery.Read.All',
        'Machine.Read.All',
        'Alert.ReadWrite.All',
        'Machine.Isolate',
      ),
    );
  });
  afterAll(() => server?.dispose());

  it.each([
    ['malformed KQL', 'DeviceEvents | wher x', /operator expected.*position 15/i],
    ['a table that is not there', 'NoSuchTable | take 1', /NoSuchTable/],
    ['a column that is not there', 'DeviceEvents | project NoSuchColumn', /NoSuchColumn/],
    ['a construct that is not supported', 'externaldata(a: string)["https://example.com/x"]', /externaldata/],
    [
      'a calculation that cannot be carried out',
      'range x from 1 to 1000000000000 step 1 | summarize max(hash_sha256(tostring(x)))',
      /failed|memory|size/,
    ],
  ])('to hunt with %s is a 400 that names it', async (_, query, message) => {
    const answer = await server.call('/api/advancedqueries/run', { token, json: { Query: query } });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json().error).toMatchObject({
      code: 'BadRequest',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['GET', '/api/machines?$filter=osPlatform eq', undefined, 400, 'ODataError'],
    ['GET', '/api/machines?$filter=noSuchField eq 1', undefined, 400, 'ODataError'],
    ['GET', '/api/alerts?$expand=everything', undefined, 400, 'ODataError'],
    ['GET', '/api/machines?$top=ten', undefined, 400, 'ODataError'],
    ['GET', `/api/machines/${'0'.repeat(40)}`, undefined, 404, 'ResourceNotFound'],
    ['GET', '/api/machineactions/not-a-guid', undefined, 404, 'ResourceNotFound'],
    ['GET', '/api/alerts/da0_0', undefined, 404, 'ResourceNotFound'],
    ['POST', `/api/machines/${'0'.repeat(40)}/isolate`, { Comment: 'x' }, 404, 'ResourceNotFound'],
    ['POST', `/api/machines/${'0'.repeat(40)}/isolate`, { comment: 'x' }, 400, 'InvalidRequestBody'],
    [
      'POST',
      `/api/machines/${'0'.repeat(40)}/isolate`,
      { Comment: 'x', IsolationType: 'Half' },
      400,
      'InvalidInput',
    ],
    ['PATCH', '/api/alerts/da0_0', { status: 'Gone' }, 400, 'InvalidInput'],
    ['POST', '/api/advancedqueries/run', { query: 'x' }, 400, 'InvalidRequestBody'],
    ['GET', '/api/nothing', undefined, 404, 'NotFound'],
  ])('%s %s with %j is answered %i %s', async (method, path, json, status, code) => {
    const answer = await server.call(path.replaceAll(' ', '%20'), {
      method,
      token,
      ...(json ? { json } : {}),
    });
    expect([answer.status, answer.json().error.code], answer.text).toEqual([status, code]);
    expect(answer.json().error.target).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('of a value that is not one of a few names them', async () => {
    const json = { Comment: 'x', IsolationType: 'Half' };
    const answer = await server.call(`/api/machines/${'0'.repeat(40)}/isolate`, {
      method: 'POST',
      token,
      json,
    });
    expect(answer.json().error.message).toBe(
      '\'IsolationType\' must be one of Full, Selective, UnManagedDevice, not "Half".',
    );
  });

  it('without a token is a 401, and with too small a one a 403', async () => {
    expect((await server.call('/api/machines')).status).toBe(401);
    const small = await server.token(await server.createApp('Alert.Read.All'));
    const answer = await server.call('/api/machines', { token: small });
    expect([answer.status, answer.json().error.code]).toEqual([403, 'Forbidden']);
  });
});
