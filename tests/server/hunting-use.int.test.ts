/** What surrounds running a query: quotas that outlast a restart, the budget, history, report, audit, saved and shared queries. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, startServer, type TestServer } from '../support/server.ts';

const PASSWORD = 'a long enough password 1';
const CALLS = 3;

let server: TestServer;
let administrator: string;
let analyst: string;
let program: string;

beforeAll(async () => {
  server = await startServer({
    env: { MERLON_RATE_LIMITS: 'service', MERLON_HUNTING_CALLS_PER_HOUR: String(CALLS) },
  });
  const first = await server.signIn({
    name: server.administrator.name,
    password: server.administrator.oneTimePassword,
    newPassword: PASSWORD,
  });
  administrator = first.accessToken;
  const role = await server.cli(
    'role',
    'create',
    '--name',
    'Hunter',
    '--permission',
    'ViewData.SecurityOperations',
  );
  const group = await server.cli('usergroup', 'create', '--name', 'Hunters', '--role', role.id);
  const user = await server.cli('user', 'create', '--name', 'hanna');
  await server.cli('usergroup', 'add-member', group.id, user.userId);
  await server.cli('access', 'rbac');
  const session = await server.signIn({
    name: 'hanna',
    password: user.oneTimePassword,
    newPassword: PASSWORD,
  });
  analyst = session.accessToken;
  program = await freshProgram();
});
afterAll(() => server?.dispose());

const freshProgram = async () =>
  server.token(await server.createApp('AdvancedQuery.Read.All', 'AdvancedHunting.Read.All'));
const run = (token: string, query: string) =>
  server.call('/api/advancedqueries/run', { token, json: { Query: query } });
const get = (token: string, path: string) => server.call(`/api/merlon/hunting/${path}`, { token });
const send = (token: string, method: string, path: string, json?: unknown) =>
  server.call(`/api/merlon/hunting/${path}`, { token, method, ...(json === undefined ? {} : { json }) });
const outcome = (answer: Answer) => [answer.status, answer.json().error?.code];

/** Windows begin on the clock: what straddles the hour is done once more. */
async function withinOneHour(work: () => Promise<void>): Promise<void> {
  const hour = () => new Date().toISOString().slice(0, 13);
  const began = hour();
  try {
    await work();
  } catch (error) {
    if (hour() === began) throw error;
    await work();
  }
}

describe('quotas', () => {
  it('refuse the call after the last with its own error, also after a restart, and apart by address', () =>
    withinOneHour(async () => {
      const token = await freshProgram();
      for (let i = 0; i < CALLS; i++) expect((await run(token, `print ${i}`)).status).toBe(200);
      const budget = (await get(token, 'budget')).json();
      expect(budget.enforced).toBe(true);
      expect(budget.query).toMatchObject({ maxRows: 100_000, maxSeconds: 200, lookbackDays: 30 });
      const calls = budget.value.find(
        (one: { meter: string; quota: string; per: string }) =>
          one.meter === 'api' && one.quota === 'calls' && one.per === 'hour',
      );
      expect(calls).toMatchObject({ limit: CALLS, used: CALLS, left: 0 });

      await server.stop();
      await server.start();
      const refused = await run(token, 'print 9');
      expect(outcome(refused)).toEqual([429, 'TooManyRequests']);
      expect(refused.json().error.message).toMatch(/quota.*number of calls: 3 per hour/);
      const seconds = Number(refused.headers['retry-after']);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(3_600);
      expect(new Date(Date.now() + seconds * 1_000).toISOString().slice(14, 16)).toMatch(/^(00|59)$/);

      const newer = await server.call('/api/advancedhunting/run', { token, json: { Query: 'print 1' } });
      expect(newer.status).toBe(200);
      expect((await run(await freshProgram(), 'print 1')).status).toBe(200);
      const history = (await get(token, 'history')).json().value;
      expect(history.map((entry: { state: string }) => entry.state)).toEqual([
        'Completed',
        'Throttled',
        ...Array.from({ length: CALLS }, () => 'Completed'),
      ]);
    }));

  it('of the portal are its own', async () => {
    for (let i = 0; i < CALLS + 2; i++) expect((await run(analyst, `print ${i}`)).status).toBe(200);
    const { value, query } = (await get(analyst, 'budget')).json();
    expect(new Set(value.map((one: { meter: string }) => one.meter))).toEqual(new Set(['portal']));
    expect(query).toMatchObject({ maxRows: 30_000, maxSeconds: 600 });
    expect(value[0].used).toBeGreaterThan(0);
  });
});

describe('history', () => {
  it('shows everyone his own queries, and all to those who manage', async () => {
    await run(analyst, 'print secret_of_hanna = 1 | project nothing');
    await run(administrator, 'print of_the_administrator = 1');
    const texts = async (token: string) =>
      (await get(token, 'history?$top=50')).json().value.map((entry: { query: string }) => entry.query);
    expect((await texts(analyst)).join()).toContain('secret_of_hanna');
    expect((await texts(analyst)).join()).not.toContain('of_the_administrator');
    const all = (await texts(administrator)).join();
    expect(all).toContain('secret_of_hanna');
    expect(all).toContain('of_the_administrator');
    expect((await texts(program)).join()).not.toContain('secret_of_hanna');
  });

  it('says how each ended, and can be asked', async () => {
    const { value } = (
      await get(
        analyst,
        `history?$filter=${encodeURIComponent("state eq 'Failed'")}&$orderby=runSeconds desc`.replaceAll(
          ' ',
          '%20',
        ),
      )
    ).json();
    expect(value[0]).toMatchObject({
      interface: 'portal',
      actorKind: 'user',
      state: 'Failed',
      reason: expect.stringContaining('nothing'),
      resourceUsage: 'Low',
    });
    expect(outcome(await get(analyst, 'history?$filter=nope%20eq%201'))).toEqual([400, 'ODataError']);
  });

  it('adds up to a report', async () => {
    const report = (await get(administrator, 'report?days=1')).json();
    const portal = report.value.find((one: { interface: string }) => one.interface === 'portal');
    expect(portal.queries).toBeGreaterThan(5);
    expect(portal.failed).toBeGreaterThan(0);
    const own = (await get(program, 'report?days=1')).json();
    expect(own.value).toEqual([]);
  });
});

describe('the audit trail', () => {
  it('keeps the first of the pages that the portal turns, and every query of a program', async () => {
    const runs = async () => {
      const answer = await server.call(
        `/api/merlon/audit?$filter=${encodeURIComponent("action eq 'hunting.run' and outcome eq 'success'")}&$top=200`,
        { token: administrator },
      );
      return answer
        .json()
        .value.map((one: { details: { request: { Query: string } } }) => one.details.request.Query);
    };
    const page = (token: string, day: number) =>
      run(token, `DeviceEvents | where Timestamp < datetime(2026-11-${day}) | take 5`);
    for (const day of [20, 21, 22]) expect((await page(analyst, day)).status).toBe(200);
    const pages = (all: string[]) => all.filter((text) => text.includes('take 5'));
    expect(pages(await runs())).toEqual([expect.stringContaining('2026-11-20')]);
    const token = await freshProgram();
    for (const day of [20, 21]) await page(token, day);
    expect(pages(await runs())).toHaveLength(3);
  });
});

describe('saved queries', () => {
  const save = (token: string, more: object) =>
    send(token, 'POST', 'queries', { name: 'Shells', query: 'DeviceProcessEvents', shared: false, ...more });

  it('are seen by their owner until they are shared', async () => {
    const made = await save(analyst, { description: 'Look for shells.' });
    expect(made.status, made.text).toBe(201);
    const { id } = made.json();
    expect(made.json()).toMatchObject({
      name: 'Shells',
      ownerName: expect.stringContaining('hanna'),
      folderId: null,
    });
    expect((await get(administrator, `queries/${id}`)).status).toBe(404);
    expect(outcome(await send(administrator, 'DELETE', `queries/${id}`))).toEqual([404, 'ResourceNotFound']);
    expect(outcome(await save(analyst, { name: 'sHELLS' }))).toEqual([409, 'Conflict']);
    expect((await save(administrator, {})).status).toBe(201);

    const shared = await send(analyst, 'PATCH', `queries/${id}`, { shared: true });
    expect(shared.json()).toMatchObject({ shared: true, query: 'DeviceProcessEvents' });
    const listed = (await get(program, 'queries')).json().value;
    expect(listed.map((one: { id: string }) => one.id)).toEqual([id]);
    expect(listed[0]).not.toHaveProperty('query');
    expect((await get(program, `queries/${id}`)).json().query).toBe('DeviceProcessEvents');
  });

  it('that are shared are changed by their owner, and by those who manage security settings', async () => {
    const { id } = (await save(administrator, { name: 'Beacons', shared: true })).json();
    expect(outcome(await send(analyst, 'PATCH', `queries/${id}`, { name: 'Mine' }))).toEqual([
      403,
      'Forbidden',
    ]);
    expect(outcome(await send(analyst, 'DELETE', `queries/${id}`))).toEqual([403, 'Forbidden']);
    const { id: hers } = (await save(analyst, { name: 'Lateral', shared: true })).json();
    const renamed = await send(administrator, 'PATCH', `queries/${hers}`, { name: 'Lateral movement' });
    expect(renamed.json()).toMatchObject({
      name: 'Lateral movement',
      ownerName: expect.stringContaining('hanna'),
    });
    expect(outcome(await send(administrator, 'PATCH', `queries/${hers}`, { shared: false }))).toEqual([
      403,
      'Forbidden',
    ]);
    expect(outcome(await save(program, { shared: true }))).toEqual([403, 'Forbidden']);
    expect((await send(analyst, 'DELETE', `queries/${hers}`)).status).toBe(204);
  });

  it('lie in folders of their own kind', async () => {
    const folder = async (name: string, shared: boolean) =>
      (await send(analyst, 'POST', 'folders', { name, shared })).json().id as string;
    const own = await folder('Drafts', false);
    const common = await folder('Team', true);
    expect(outcome(await send(analyst, 'POST', 'folders', { name: 'drafts', shared: false }))).toEqual([
      409,
      'Conflict',
    ]);
    const { id } = (await save(analyst, { name: 'In a folder', folderId: own })).json();
    expect(outcome(await save(analyst, { name: 'x', folderId: common }))).toEqual([400, 'InvalidInput']);
    expect(outcome(await send(analyst, 'DELETE', `folders/${own}`))).toEqual([409, 'Conflict']);
    expect((await send(analyst, 'PATCH', `folders/${own}`, { name: 'Sketches' })).json().name).toBe(
      'Sketches',
    );
    const moved = await send(analyst, 'PATCH', `queries/${id}`, { shared: true, folderId: common });
    expect(moved.json()).toMatchObject({ folderId: common, shared: true });
    expect((await send(analyst, 'DELETE', `folders/${own}`)).status).toBe(204);
    const seen = (await get(administrator, 'folders')).json().value;
    expect(seen.map((one: { name: string }) => one.name)).toEqual(['Team']);
  });

  it('leave a record of every change', async () => {
    const answer = await server.call(
      `/api/merlon/audit?$filter=${encodeURIComponent("targetKind eq 'saved query' or targetKind eq 'hunting folder'")}&$top=200`,
      { token: administrator },
    );
    const actions = answer
      .json()
      .value.map((one: { action: string; outcome: string }) => `${one.action} ${one.outcome}`);
    for (const action of [
      'huntingQuery.create',
      'huntingQuery.update',
      'huntingQuery.remove',
      'huntingFolder.create',
      'huntingFolder.rename',
      'huntingFolder.remove',
    ])
      expect(actions).toContain(`${action} success`);
  });

  it('are refused when they are nothing to save', async () => {
    expect(outcome(await save(analyst, { name: ' ' }))).toEqual([400, 'InvalidInput']);
    expect(outcome(await save(analyst, { query: '' }))).toEqual([400, 'InvalidInput']);
    expect(outcome(await save(analyst, { Name: 'x' }))).toEqual([400, 'InvalidRequestBody']);
    expect(outcome(await get(analyst, 'queries/nope'))[0]).toBe(400);
  });
});
