/** Orders that need a second person: they do not leave before, and not by the word of the one who ordered. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const password = 'a long enough password 1';

describe('two-person approval', () => {
  let server: TestServer;
  let fleet: DemoFleet;
  let program: string;
  let ann: string;
  let ben: string;
  let device: string;

  const post = async (path: string, token: string, json: object) => {
    const answer = await server.call(path, { token, json });
    return { status: answer.status, body: answer.json() };
  };
  const action = async (id: string) =>
    (await server.call(`/api/machineactions/${id}`, { token: program })).json();
  const ends = (id: string, status: string) =>
    eventually(`the action ends ${status}`, async () => (await action(id)).status === status, {
      withinMs: 10_000,
    });
  const order = async (token: string, verb: string) => {
    const { status, body } = await post(`/api/machines/${device}/${verb}`, token, {
      Comment: 'look at this',
    });
    expect(status, JSON.stringify(body)).toBe(201);
    return body as { id: string; status: string; troubleshootInfo: string | null };
  };

  beforeAll(async () => {
    server = await startServer();
    fleet = await startDemoFleet(server, '--devices', '2', '--days', '1');
    program = await server.token(await server.createApp('Machine.Read.All', 'Machine.Isolate'));
    device = (await server.call('/api/machines', { token: program })).json().value[0].id;
    const roles = await server.cli('role', 'list');
    const administrator = roles.value.find((role: { kind: string }) => role.kind === 'administrator').name;
    const signedIn = async (name: string) => {
      const made = await server.cli('user', 'create', '--name', name, '--role', administrator);
      return (await server.signIn({ name, password: made.oneTimePassword, newPassword: password }))
        .accessToken;
    };
    ann = await signedIn('ann');
    ben = await signedIn('ben');
    await server.cli('approvalpolicy', 'create', '--name', 'Isolation', '--action', 'Isolate');
  });
  afterAll(async () => {
    await fleet?.stop();
    await server?.dispose();
  });

  it('keeps an order back until somebody else approves it', async () => {
    const made = await order(ann, 'isolate');
    expect(made).toMatchObject({ status: 'Pending', troubleshootInfo: expect.stringContaining('Isolation') });
    const waiting = (await server.call('/api/merlon/approvals', { token: ben })).json().value;
    expect(waiting.map((one: { id: string }) => one.id)).toEqual([made.id]);

    // What needs no approval passes it by, and takes an earlier place.
    const release = await order(program, 'unisolate');
    await ends(release.id, 'Succeeded');
    expect((await action(made.id)).status).toBe('Pending');

    const own = await post(`/api/merlon/approvals/${made.id}/approve`, ann, {});
    expect([own.status, own.body.error.code]).toEqual([403, 'DisallowedOperation']);
    const byProgram = await post(`/api/merlon/approvals/${made.id}/approve`, program, {});
    expect([byProgram.status, byProgram.body.error.code]).toEqual([403, 'Forbidden']);

    const approved = await post(`/api/merlon/approvals/${made.id}/approve`, ben, { comment: 'agreed' });
    expect(approved.status, JSON.stringify(approved.body)).toBe(200);
    await ends(made.id, 'Succeeded');
    expect((await post(`/api/merlon/approvals/${made.id}/approve`, ben, {})).status).toBe(404);
  });

  it('cancels what somebody else rejects, and lets the next order be made', async () => {
    const made = await order(program, 'isolate');
    const second = await post(`/api/machines/${device}/isolate`, program, { Comment: 'again' });
    expect([second.status, second.body.error.code]).toEqual([400, 'ActiveRequestAlreadyExists']);
    const rejected = await post(`/api/merlon/approvals/${made.id}/reject`, ann, { comment: 'not now' });
    expect(rejected.body).toMatchObject({
      status: 'Cancelled',
      cancellationComment: 'not now',
      cancellationRequestor: 'ann@merlon.local',
    });
    const again = await order(program, 'isolate');
    const cancelled = await post(`/api/machineactions/${again.id}/cancel`, program, {
      Comment: 'never mind',
    });
    expect(cancelled.body.status).toBe('Cancelled');
    expect((await post(`/api/merlon/approvals/${again.id}/approve`, ben, {})).status).toBe(404);
  });

  it('lists console sessions that wait among them, and takes the word on them there', async () => {
    await server.cli('approvalpolicy', 'create', '--name', 'Consoles', '--action', 'LiveResponse');
    const begin = async () => {
      const { status, body } = await post('/api/merlon/liveresponse/sessions', ann, {
        machineId: device,
        comment: 'look inside',
      });
      expect(status, JSON.stringify(body)).toBe(201);
      expect(body.status).toBe('AwaitingApproval');
      return body.id as string;
    };
    const session = await begin();
    expect((await server.call('/api/merlon/approvals', { token: ben })).json().value).toMatchObject([
      {
        id: session,
        type: 'LiveResponse',
        title: 'Live response console',
        status: 'Pending',
        machineId: device,
        requestorComment: 'look inside',
        troubleshootInfo: expect.stringContaining('Consoles'),
        commands: null,
      },
    ]);
    const own = await post(`/api/merlon/approvals/${session}/approve`, ann, {});
    expect([own.status, own.body.error.code]).toEqual([403, 'DisallowedOperation']);
    const approved = await post(`/api/merlon/approvals/${session}/approve`, ben, { comment: 'agreed' });
    expect(approved.status, JSON.stringify(approved.body)).toBe(200);
    expect(approved.body).toMatchObject({ id: session, status: 'InProgress' });
    const shown = async (id: string) =>
      (await server.call(`/api/merlon/liveresponse/sessions/${id}`, { token: ann })).json();
    expect(await shown(session)).toMatchObject({ approvedBy: 'ben@merlon.local', approvalComment: 'agreed' });
    expect((await post(`/api/merlon/approvals/${session}/approve`, ben, {})).status).toBe(404);
    await post(`/api/merlon/liveresponse/sessions/${session}/close`, ann, {});
    const second = await begin();
    const rejected = await post(`/api/merlon/approvals/${second}/reject`, ben, { comment: 'not now' });
    expect(rejected.body).toMatchObject({
      status: 'Cancelled',
      troubleshootInfo: 'ben@merlon.local rejected it. not now',
    });
    expect(await shown(second)).toMatchObject({ status: 'Ended' });
    expect((await server.call('/api/merlon/approvals', { token: ben })).json().value).toEqual([]);
  });

  it('leaves each word in the trail', async () => {
    const records = await server.cli('audit', 'list', '--top', '100');
    const told = records.map(
      (one: { actorName: string; action: string; outcome: string }) =>
        `${one.actorName} ${one.action} ${one.outcome}`,
    );
    expect(told).toEqual(
      expect.arrayContaining([
        'ann@merlon.local machineAction.approve refused',
        'ben@merlon.local machineAction.approve success',
        'ann@merlon.local machineAction.reject success',
      ]),
    );
  });
});
