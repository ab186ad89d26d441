/** Hunting by all its addresses: shapes, limits, errors, large answers, callers that go away, tenants beside each other. */
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { GraphHuntingResult, HuntingResult, HuntingResultWithStats, HuntingSchema } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputProblem } from '../../server/src/http/validation.ts';
import { type RunningQueries, runningQueries } from '../support/running-queries.ts';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const MIB = 1024 * 1024;
/** Keeps the engine busy until it is ended. */
const ENDLESS =
  'range x from 1 to 1000000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 1000000 step 1 | extend k = 1) on k | summarize n = max(hash_sha256(strcat(x, y)))';

let server: TestServer;
let token: string;
let lists: Server;
let listed: string;
let running: RunningQueries;

beforeAll(async () => {
  lists = createServer((request, response) => {
    if (request.url === '/moved') {
      response.writeHead(302, { location: 'http://localhost:1/private' }).end();
    } else if (request.url === '/large') {
      response.end('x'.repeat(200));
    } else if (request.url !== '/slow') {
      response.end('name,count\nalpha,1\nbeta,2\n');
    }
  });
  await new Promise<void>((resolve) => lists.listen(0, '127.0.0.1', resolve));
  listed = `http://127.0.0.1:${(lists.address() as AddressInfo).port}`;
  server = await startServer({
    env: { MERLON_HUNTING_EXTERNAL_HOSTS: `${listed} lists.invalid` },
  });
  token = await server.token(
    await server.createApp('AdvancedQuery.Read.All', 'AdvancedHunting.Read.All', 'ThreatHunting.Read.All'),
  );
  running = runningQueries(server);
  // The binder is loaded by the first query.
  await run('print 1');
});
afterAll(async () => {
  await server?.dispose();
  lists?.closeAllConnections();
  lists?.close();
});

const run = (query: string, own = token) =>
  server.call('/api/advancedqueries/run', { token: own, json: { Query: query } });

describe('each address', () => {
  const query = 'print a = 1, b = true, c = "x", t = datetime(2026-11-25 10:00:00.1234567)';
  const row = { a: 1, b: true, c: 'x', t: '2026-11-25T10:00:00.1234567Z' };
  const asks: [string, () => ReturnType<TestServer['call']>, Parameters<typeof outputProblem>[0]][] = [
    ['POST /api/advancedqueries/run', () => run(query), HuntingResult],
    [
      'POST /api/v1.0/AdvancedQueries/run/',
      () => server.call('/api/v1.0/AdvancedQueries/run/', { token, json: { Query: query } }),
      HuntingResult,
    ],
    [
      'GET /api/advancedqueries?key=',
      () => server.call(`/api/advancedqueries?key=${encodeURIComponent(query)}`, { token }),
      HuntingResult,
    ],
    [
      'POST /api/advancedhunting/run',
      () => server.call('/api/advancedhunting/run', { token, json: { Query: query } }),
      HuntingResultWithStats,
    ],
  ];
  it.each(asks)('%s answers in its shape', async (_, ask, schema) => {
    const answer = await ask();
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(Number(answer.headers['content-length'])).toBe(Buffer.byteLength(answer.text));
    expect(outputProblem(schema, answer.json())).toBeNull();
    expect(answer.json().Results).toEqual([row]);
  });

  it.each([
    ['runHuntingQuery', 'Query'],
    ['microsoft.graph.security.runHuntingQuery', 'query'],
  ])('POST /v1.0/security/%s answers as Graph does', async (name, member) => {
    const answer = await server.call(`/v1.0/security/${name}`, { token, json: { [member]: query } });
    expect(answer.status, answer.text).toBe(200);
    expect(outputProblem(GraphHuntingResult, answer.json())).toBeNull();
    expect(answer.json().results).toEqual([
      { ...row, 'a@odata.type': '#Int64', 'b@odata.type': '#SByte', b: 1 },
    ]);
    expect(answer.json().schema[0]).toEqual({ name: 'a', type: 'Int64' });
  });

  it('POST /api/advancedqueries/schema says the columns', async () => {
    const ask = (text: string) =>
      server.call('/api/advancedqueries/schema', { token, json: { Query: text } });
    const answer = await ask(`${query} | extend d = bag_pack("k", 1)`);
    expect(outputProblem(HuntingSchema, answer.json())).toBeNull();
    expect(answer.json().Schema.map((column: { Type: string }) => column.Type)).toEqual([
      'Int64',
      'SByte',
      'String',
      'DateTime',
      'Object',
    ]);
    expect((await ask('DeviceInfo | nonsense')).status).toBe(400);
  });

  it('wants its own permission', async () => {
    const small = await server.token(await server.createApp('AdvancedQuery.Read.All'));
    expect((await run('print 1', small)).status).toBe(200);
    const xdr = await server.call('/api/advancedhunting/run', { token: small, json: { Query: 'print 1' } });
    expect([xdr.status, xdr.json().error.code]).toEqual([403, 'Forbidden']);
    const graph = await server.call('/v1.0/security/runHuntingQuery', {
      token: small,
      headers: { 'client-request-id': 'mine' },
      json: { Query: 'print 1' },
    });
    expect(graph.status).toBe(403);
    expect(graph.json().error.innerError['client-request-id']).toBe('mine');
  });

  it('takes the words of its own body only', async () => {
    const post = (path: string, json: unknown) => server.call(path, { token, json });
    expect((await post('/api/advancedhunting/run', { query: 'print 1' })).json().error.code).toBe(
      'InvalidRequestBody',
    );
    expect((await post('/v1.0/security/runHuntingQuery', {})).json().error.code).toBe(
      'MissingRequiredParameter',
    );
    const span = await post('/v1.0/security/runHuntingQuery', { Query: 'print 1', Timespan: '7d' });
    expect([span.status, span.json().error.message]).toEqual([400, expect.stringContaining("'7d'")]);
    const missing = await server.call('/api/advancedqueries', { token });
    expect(missing.status).toBe(400);
  });
});

describe('a query that is wrong', () => {
  it.each([
    ['syntax', 'DeviceEvents | where (', /position \d+/],
    ['a name', 'DeviceEvents | where Nope == 1', /Nope.*position 21, length 4/],
    ['a construct', 'DeviceEvents | evaluate python(typeof(*), "x")', /python/],
  ])('in %s is told what and where', async (_, query, message) => {
    const answer = await run(query);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'BadRequest']);
    expect(answer.json().error.message).toMatch(message);
  });

  it.each([
    ['memory', 'range x from 1 to 100000000 step 1 | summarize make_list(tostring(x), 100000000)', /memory/],
    [
      'a calculation',
      'range x from 1 to 1000000000000 step 1 | summarize max(hash_sha256(tostring(x)))',
      /failed/,
    ],
  ])('in %s says so in words of its own, not of the engine', async (_, query, message) => {
    const answer = await run(query);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json().error.message).toMatch(message);
    expect(answer.text).not.toMatch(/clickhouse|SELECT|DB::|Exception|repeat\(|toString|groupArray/i);
    await running.are(0);
  });

  it('is too long when it is', async () => {
    const answer = await run(`print "${'x'.repeat(300_000)}"`);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'InvalidInput']);
  });
});

describe('a large answer', () => {
  it('of 100,000 rows leaves whole, cut at the limit of rows, and is never all in memory', async () => {
    const before = await residentBytes(server.pid());
    let most = 0;
    const watch = setInterval(async () => {
      most = Math.max(most, await residentBytes(server.pid()));
    }, 20);
    const answer = await run('range x from 1 to 150000 step 1 | extend filler = strrep("0123456789", 100)');
    clearInterval(watch);
    expect(answer.status).toBe(200);
    const { Results } = answer.json();
    expect(Results).toHaveLength(100_000);
    expect(new Set(Results.map((row: { x: number }) => row.x)).size).toBe(100_000);
    expect(Buffer.byteLength(answer.text)).toBeGreaterThan(95 * MIB);
    // 98 MB went through.
    expect(most - before).toBeLessThan(70 * MIB);
  });

  it('of more than 124 MB is refused with the error of the service, and leaves nothing behind', async () => {
    const answer = await run('range x from 1 to 100000 step 1 | extend filler = strrep("0123456789", 200)');
    expect([answer.status, answer.json().error.code]).toEqual([400, 'BadRequest']);
    expect(answer.json().error.message).toMatch(/exceeded the allowed result size of 124 MB/);
    await running.are(0);
    expect(await openFiles(server.pid(), '/spool/')).toEqual([]);
  });

  it('that nobody reads on holds no query', async () => {
    const answer = slowReader('range x from 1 to 100000 step 1 | extend filler = strrep("0123456789", 100)');
    await answer.begun;
    await running.are(0);
    expect(await openFiles(server.pid(), '/spool/')).toHaveLength(1);
    answer.leave();
    await eventually(
      'the file is closed',
      async () => (await openFiles(server.pid(), '/spool/')).length === 0,
      {
        withinMs: 10_000,
      },
    );
  });

  it('that breaks off after its first rows is an error and nothing else', async () => {
    const asked = run(
      `${ENDLESS.replace(/\| summarize.*/, '| where hash_sha256(strcat(x, y)) startswith "000"')} | extend filler = strrep("0123456789", 1000)`,
    );
    await eventually('rows have come', async () => (await openFiles(server.pid(), '/spool/')).length === 1, {
      withinMs: 30_000,
    });
    await running.kill();
    const answer = await asked;
    expect([answer.status, answer.json().error.message]).toEqual([400, 'The query was cancelled.']);
    const { state, resultRows } = await lastQuery();
    expect(state).toBe('Cancelled');
    expect(resultRows).toBeGreaterThan(300);
    expect(await openFiles(server.pid(), '/spool/')).toEqual([]);
  });
});

describe('a caller that goes away', () => {
  it('ends its query in the engine', async () => {
    const call = slowReader(ENDLESS);
    await running.are(1);
    call.leave();
    await running.are(0);
    await eventually('the history knows', async () => (await lastQuery()).state === 'Cancelled', {
      withinMs: 10_000,
    });
  });

  it('ends it while the rows are fetched that its columns depend on', async () => {
    const call = slowReader(`${ENDLESS} | extend b = bag_pack(n, 1) | evaluate bag_unpack(b)`);
    await running.are(1);
    call.leave();
    await running.are(0);
  });

  it('ends it while it is being translated', async () => {
    const ids = Array.from({ length: 9_000 }, (_, i) => `"device${i}"`).join(', ');
    const call = slowReader(`DeviceInfo | where DeviceId in (${ids})`);
    await metricIs('merlon_hunting_queries{state="running"}', 1);
    call.leave();
    await metricIs('merlon_hunting_queries{state="running"}', 0);
    const { state, runSeconds } = await lastQuery();
    expect([state, runSeconds]).toEqual(['Cancelled', 0]);
  });

  it('ends it while an address is being read', async () => {
    const asked = once(lists, 'request');
    const call = slowReader(`externaldata(a: string) ["${listed}/slow"]`);
    const [{ socket }] = (await asked) as [IncomingMessage];
    const closed = once(socket, 'close');
    call.leave();
    await closed;
  });
});

describe('data from elsewhere', () => {
  it('is read from hosts on the list', async () => {
    const answer = await run(
      `externaldata(name: string, count: long) ["${listed}/list.csv"] with (ignoreFirstRecord = true) | summarize sum(count)`,
    );
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json().Results).toEqual([{ sum_count: 3 }]);
  });

  it.each([
    ['a host that is not', 'https://example.com/x', /example\.com is not on the administrator's list/],
    ['another port of one that is', 'http://127.0.0.1:1/x', /not by http/],
    ['a redirect to one that is not', '$/moved', /redirects, and the host localhost is not on/],
    ['a name that means nothing', 'https://lists.invalid/x', /name is not known/],
  ])('is not read from %s', async (_, url, message) => {
    const answer = await run(`externaldata(a: string) ["${url.replace('$', listed)}"]`);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json().error.message).toMatch(message);
  });

  it('tells no secret', async () => {
    const answer = await run(`externaldata(a: string) [h"https://example.com/x?sig=s3cret"]`);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('s3cret');
    const history = await server.call('/api/merlon/hunting/history?$top=1', { token });
    expect(history.json().value[0].query).toBe('externaldata(a: string) [h"***"]');
    expect(server.output().stderr + server.output().stdout).not.toContain('s3cret');
  });
});

describe('tenants beside each other', () => {
  it('wait for each other one slot at most, whatever one of them runs', async () => {
    await server.cli('tenant', 'create', '--name', 'fabrikam', '--domain', 'fabrikam.example');
    const other: TestApp = await server.cli(
      'app',
      'create',
      '--tenant',
      'fabrikam',
      '--name',
      'hunter',
      '--permission',
      'AdvancedQuery.Read.All',
    );
    const theirs = await server.token(other);
    const heavy = Array.from({ length: 8 }, () => slowReader(ENDLESS));
    await running.are(2);
    const answer = await run('print mine = 1', theirs);
    expect(answer.json().Results).toEqual([{ mine: 1 }]);
    await running.are(2);
    for (const call of heavy) call.leave();
    await running.are(0);
    // What had waited is gone as well: the next query of the first tenant does not stand behind it.
    expect((await run('print 1')).status).toBe(200);
  });
});

async function metricIs(name: string, value: number): Promise<void> {
  let text = '';
  const isSo = async () => {
    text = (await server.call('/metrics')).text;
    return text.split('\n').includes(`${name} ${value}`);
  };
  await eventually(`${name} is ${value}`, isSo, { withinMs: 10_000, everyMs: 10, lastSeen: () => text });
}

async function lastQuery(): Promise<{ state: string; resultRows: number; runSeconds: number }> {
  const history = await server.call('/api/merlon/hunting/history?$top=1', { token });
  return history.json().value[0];
}

/** Asks, and reads nothing of the answer beyond its head. */
function slowReader(query: string): { readonly begun: Promise<void>; leave(): void } {
  const body = JSON.stringify({ Query: query });
  const outgoing = httpsRequest(`${server.url}/api/advancedqueries/run`, {
    method: 'POST',
    ca: server.caPem,
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
  });
  outgoing.on('error', () => {});
  const begun = new Promise<void>((resolve) =>
    outgoing.once('response', (answer) => {
      answer.pause();
      answer.on('error', () => {});
      resolve();
    }),
  );
  outgoing.end(body);
  return { begun, leave: () => outgoing.destroy() };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

async function openFiles(pid: number, within: string): Promise<string[]> {
  const names = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  return names.filter((name) => name.includes(within));
}
