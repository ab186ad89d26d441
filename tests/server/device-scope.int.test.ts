/** People see and touch the devices of their groups, and nothing of any other, by whatever way they ask. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const password = 'a long enough password 1';
const soon = <T>(what: string, look: () => Promise<T | null | undefined | false>) =>
  eventually(what, look, { withinMs: 10_000 });
const workstations = ['name startsWith ws-'];

describe('device scope', () => {
  let server: TestServer;
  let fleet: DemoFleet;
  /** Everything, as a program sees it. */
  let program: string;
  let analyst: string;
  let groups: { workstations: number; servers: number };
  let userGroup: string;
  let analystId: string;
  let all: { id: string; computerDnsName: string }[];

  const get = async (path: string, token: string) => {
    const answer = await server.call(path.replaceAll(' ', '%20'), { token });
    return { status: answer.status, body: answer.json() };
  };
  const names = async (token: string): Promise<string[]> =>
    (await get('/api/machines', token)).body.value
      .map((machine: { computerDnsName: string }) => machine.computerDnsName)
      .sort();
  const hunt = async (token: string, query: string) => {
    const answer = await server.call('/api/advancedqueries/run', { token, json: { Query: query } });
    expect(answer.status, answer.text).toBe(200);
    return answer.json().Results;
  };

  beforeAll(async () => {
    server = await startServer();
    fleet = await startDemoFleet(server);
    program = await server.token(
      await server.createApp(
        'Machine.Read.All',
        'Alert.Read.All',
        'AdvancedQuery.Read.All',
        'Machine.Isolate',
      ),
    );
    all = (await get('/api/machines', program)).body.value;
    await soon('alerts', async () => (await get('/api/alerts', program)).body.value.length > 5);

    const role = await server.cli(
      'role',
      'create',
      '--name',
      'Tier 1',
      '--permission',
      'ViewData.SecurityOperations',
      'ActiveRemediation.SecurityOperations',
      'AlertsInvestigation.Manage',
    );
    const group = await server.cli('usergroup', 'create', '--name', 'Workstation team', '--role', role.id);
    userGroup = group.id;
    const made = await server.cli('user', 'create', '--name', 'tia');
    analystId = made.userId;
    await server.cli('usergroup', 'add-member', userGroup, analystId);
    const ws = await server.cli(
      'devicegroup',
      'create',
      '--name',
      'Workstations',
      '--where',
      ...workstations,
      '--user-group',
      userGroup,
    );
    const other = await server.cli('usergroup', 'create', '--name', 'Server team', '--role', role.id);
    const srv = await server.cli(
      'devicegroup',
      'create',
      '--name',
      'Servers',
      '--where',
      'name startsWith srv-',
      '--user-group',
      other.id,
    );
    await server.cli('devicegroup', 'update', '0', '--user-group', other.id);
    groups = { workstations: ws.id, servers: srv.id };
    await server.cli('access', 'rbac');
    analyst = (await server.signIn({ name: 'tia', password: made.oneTimePassword, newPassword: password }))
      .accessToken;
  });
  afterAll(async () => {
    await fleet?.stop();
    await server?.dispose();
  });

  const isWorkstation = ({ computerDnsName }: { computerDnsName: string }) =>
    computerDnsName.startsWith('ws-');

  it('puts each device into the first group that takes it, and says so everywhere', async () => {
    const { body } = await get('/api/machines', program);
    for (const machine of body.value) {
      const expected = machine.computerDnsName.startsWith('ws-')
        ? [groups.workstations, 'Workstations']
        : machine.computerDnsName.startsWith('srv-')
          ? [groups.servers, 'Servers']
          : [0, 'UnassignedGroup'];
      expect([machine.rbacGroupId, machine.rbacGroupName]).toEqual(expected);
    }
    const listed = await server.cli('devicegroup', 'list');
    expect(
      listed.value.map((group: { name: string; devices: number }) => [group.name, group.devices > 0]),
    ).toEqual([
      ['Workstations', true],
      ['Servers', true],
      ['UnassignedGroup', true],
    ]);
    const filtered = await get(`/api/machines?$filter=rbacGroupId eq ${groups.servers}`, program);
    expect(
      filtered.body.value.every((machine: { computerDnsName: string }) =>
        machine.computerDnsName.startsWith('srv-'),
      ),
    ).toBe(true);
  });

  it('leaves foreign devices, alerts and actions out of lists and counts', async () => {
    expect(await names(analyst)).toEqual(
      all
        .filter(isWorkstation)
        .map((machine) => machine.computerDnsName)
        .sort(),
    );
    expect((await get('/api/machines?$count=true&$top=1', analyst)).body['@odata.count']).toBe(
      all.filter(isWorkstation).length,
    );
    const mine = new Set(all.filter(isWorkstation).map(({ id }) => id));
    const alerts = (await get('/api/alerts?$count=true', analyst)).body;
    expect(alerts.value.length).toBeGreaterThan(0);
    expect(alerts['@odata.count']).toBe(alerts.value.length);
    expect(alerts.value.every((alert: { machineId: string }) => mine.has(alert.machineId))).toBe(true);
    const everything = (await get('/api/alerts', program)).body.value;
    expect(everything.some((alert: { machineId: string }) => !mine.has(alert.machineId))).toBe(true);
  });

  it('answers a single foreign device, its alerts and an alert on it as if they were not there', async () => {
    const foreign = all.find((machine) => !isWorkstation(machine));
    expect(foreign).toBeDefined();
    for (const path of [
      `/api/machines/${foreign?.id}`,
      `/api/machines/${foreign?.computerDnsName}`,
      `/api/machines/${foreign?.id}/alerts`,
    ])
      expect((await get(path, analyst)).status, path).toBe(404);
    const alert = (await get('/api/alerts', program)).body.value.find(
      (one: { computerDnsName: string }) => !isWorkstation(one),
    );
    expect((await get(`/api/alerts/${alert.id}`, analyst)).status).toBe(404);
    const change = await server.call(`/api/alerts/${alert.id}`, {
      method: 'PATCH',
      token: analyst,
      json: { status: 'Resolved' },
    });
    expect(change.status, change.text).toBe(403);
  });

  it('refuses an order to a foreign device and takes one to a device of the group', async () => {
    const foreign = all.find((machine) => !isWorkstation(machine));
    const refused = await server.call(`/api/machines/${foreign?.id}/isolate`, {
      token: analyst,
      json: { Comment: 'no' },
    });
    expect([refused.status, refused.json().error.code]).toEqual([403, 'Forbidden']);
    const unknown = await server.call(`/api/machines/${'0'.repeat(40)}/isolate`, {
      token: analyst,
      json: { Comment: 'no' },
    });
    expect(unknown.status).toBe(404);
    const own = all.find(isWorkstation);
    const taken = await server.call(`/api/machines/${own?.id}/isolate`, {
      token: analyst,
      json: { Comment: 'yes' },
    });
    expect(taken.status, taken.text).toBe(201);
    const there = await server.call(`/api/machines/${foreign?.id}/isolate`, {
      token: program,
      json: { Comment: 'program' },
    });
    expect(there.status).toBe(201);
    const seen = (await get('/api/machineactions', analyst)).body.value;
    expect(seen.map((action: { machineId: string }) => action.machineId)).toEqual([own?.id]);
    expect((await get(`/api/machineactions/${there.json().id}`, analyst)).status).toBe(404);
  });

  it('holds for hunting, whatever the query', async () => {
    const mine = all
      .filter(isWorkstation)
      .map(({ id }) => id)
      .sort();
    await soon('rows', async () => (await hunt(analyst, 'DeviceProcessEvents | take 1')).length === 1);
    const seen = await hunt(analyst, 'union Device* | where isnotempty(DeviceId) | distinct DeviceId');
    expect(seen.map((row: { DeviceId: string }) => row.DeviceId).sort()).toEqual(mine);
    const evidence = await hunt(
      analyst,
      'AlertInfo | join kind=leftouter AlertEvidence on AlertId | where isnotempty(DeviceId) | distinct DeviceId',
    );
    expect(evidence.every((row: { DeviceId: string }) => mine.includes(row.DeviceId))).toBe(true);
  });

  it('follows a change of the rules at once, for people and for hunting', async () => {
    await server.cli('devicegroup', 'rank', String(groups.servers), '1');
    await server.cli(
      'devicegroup',
      'update',
      String(groups.servers),
      '--where',
      'name startsWith srv-',
      'name startsWith ws-',
    );
    await soon('devices', async () => (await names(analyst)).length === 0);
    await soon('rows', async () => (await hunt(analyst, 'DeviceProcessEvents | take 1')).length === 0);
    await server.cli('devicegroup', 'update', String(groups.servers), '--where', 'name startsWith srv-');
    await soon('devices', async () => (await names(analyst)).length > 0);
    await soon('rows', async () => (await hunt(analyst, 'DeviceProcessEvents | take 1')).length === 1);
  });

  it('follows who is in which group', async () => {
    await server.cli('usergroup', 'remove-member', userGroup, analystId);
    const refused = await get('/api/machines', analyst);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'Forbidden']);
    await server.cli('usergroup', 'add-member', userGroup, analystId);
    expect((await get('/api/machines', analyst)).status).toBe(200);
  });

  it('does not let the last user group of a device group go, which would open it to everybody', async () => {
    await expect(server.cli('usergroup', 'remove', userGroup)).rejects.toThrow(
      /Workstations.+ would be open to everybody/,
    );
  });

  it('gives a role for some hours, and takes it back', async () => {
    const roles = await server.cli('role', 'list');
    const administrator = roles.value.find((role: { kind: string }) => role.kind === 'administrator');
    const made = await server.cli(
      'elevation',
      'create',
      '--user',
      analystId,
      '--role',
      administrator.id,
      '--hours',
      '2',
      '--reason',
      'incident 7',
    );
    expect((await names(analyst)).length).toBe(all.length);
    await server.cli('elevation', 'end', made.id);
    expect(await names(analyst)).toEqual(
      all
        .filter(isWorkstation)
        .map((machine) => machine.computerDnsName)
        .sort(),
    );
  });

  it('explains why', async () => {
    const foreign = all.find((machine) => machine.computerDnsName.startsWith('srv-'));
    const own = all.find(isWorkstation);
    const ask = (device: string | undefined, operation = 'machines.isolate') =>
      server.cli('access', 'explain', 'tia@merlon.local', operation, '--device', device ?? '');
    expect(await ask(own?.id)).toMatchObject({ allowed: true });
    expect(await ask(foreign?.computerDnsName)).toMatchObject({
      allowed: false,
      steps: expect.arrayContaining([{ ok: false, text: expect.stringContaining('"Servers"') }]),
    });
    expect(await ask(own?.id, 'audit.list')).toMatchObject({
      allowed: false,
      steps: expect.arrayContaining([{ ok: false, text: expect.stringContaining('PortalSettings.Manage') }]),
    });
  });

  it('leaves it all in a trail that adds up', async () => {
    const records = await server.cli('audit', 'list', '--top', '500');
    const actions = records.map(
      (record: { action: string; outcome: string }) => `${record.action} ${record.outcome}`,
    );
    expect(actions).toEqual(
      expect.arrayContaining([
        'role.create success',
        'deviceGroup.create success',
        'deviceGroup.rank success',
        'access.switchToRbac success',
        'userGroup.removeMember success',
        'elevation.create success',
        'machine.isolate refused',
        'access.refuse refused',
      ]),
    );
    expect(await server.cli('audit', 'verify')).toMatchObject({ ok: true, broken: null });
  });

  it('never leaves a tenant without an administrator', async () => {
    const all = await server.cli('usergroup', 'list');
    const roles = await server.cli('role', 'list');
    const administrator = roles.value.find((role: { kind: string }) => role.kind === 'administrator');
    const holders = all.value.find((group: { roles: string[] }) => group.roles.includes(administrator.id));
    await expect(server.cli('usergroup', 'remove', holders.id)).rejects.toThrow('administrator');
    await expect(
      server.cli('role', 'update', administrator.id, '--user-group', userGroup, '--name', 'x'),
    ).rejects.toThrow('built-in');
  });
});
