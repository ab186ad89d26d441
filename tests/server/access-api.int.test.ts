/** Programs that manage access: what they may, and that no change stands without its record. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { openStateDatabase } from '../support/state-database.ts';

const INVESTIGATE = [
  'Alert.ReadWrite.All',
  'Incident.ReadWrite.All',
  'Machine.ReadWrite.All',
  'Machine.Scan',
  'Machine.CollectForensics',
];

describe('access management by programs', () => {
  let server: TestServer;
  let manager: string;
  let managerId: string;
  let reader: string;
  let person: string;
  let administrators: string;

  const callAt = async (method: string, path: string, json?: object, token = manager) => {
    const answer = await server.call(path, { method, token, ...(json ? { json } : {}) });
    return { status: answer.status, body: answer.text === '' ? null : answer.json() };
  };
  const call = (method: string, path: string, json?: object, token = manager) =>
    callAt(method, `/api/merlon${path}`, json, token);
  const refused = async (method: string, path: string, json?: object) => {
    const { status, body } = await call(method, path, json);
    expect([status, body.error.code], `${method} ${path} ${JSON.stringify(json)}`).toEqual([
      403,
      'DisallowedOperation',
    ]);
  };

  beforeAll(async () => {
    server = await startServer();
    const app = await server.createApp('AccessManagement.ReadWrite.All', ...INVESTIGATE);
    managerId = app.clientId;
    manager = await server.token(app);
    reader = await server.token(await server.createApp('AccessManagement.Read.All'));
    person = (await server.cli('user', 'create', '--name', 'ann')).userId;
    administrators = (await server.cli('role', 'list')).value.find(
      (role: { kind: string }) => role.kind === 'administrator',
    ).id;
  });
  afterAll(() => server?.dispose());

  it('manages roles, groups, members and elevations within what it holds', async () => {
    const role = await call('POST', '/roles', {
      name: 'investigators',
      permissions: ['AlertsInvestigation.Manage'],
    });
    expect(role.status, JSON.stringify(role.body)).toBe(201);
    const group = await call('POST', '/usergroups', { name: 'investigators', roles: [role.body.id] });
    expect(group.status).toBe(201);
    expect(
      (await call('POST', `/usergroups/${group.body.id}/members`, { userId: person })).body.members,
    ).toBe(1);
    const elevation = await call('POST', '/elevations', {
      userId: person,
      roleId: role.body.id,
      hours: 1,
      reason: 'test',
    });
    expect(elevation.status).toBe(201);
    expect((await call('POST', `/elevations/${elevation.body.id}/end`, {})).status).toBe(201);
    expect((await call('GET', '/roles', undefined, reader)).status).toBe(200);
    expect((await call('POST', '/roles', { name: 'x', permissions: [] }, reader)).status).toBe(403);
    const records = await server.cli('audit', 'list', '--top', '20');
    expect(records).toContainEqual(
      expect.objectContaining({ action: 'role.create', actorKind: 'application', outcome: 'success' }),
    );
  });

  it('raises nobody above itself, by role, group, elevation, program or secret', async () => {
    await refused('POST', '/roles', { name: 'r', permissions: ['ActiveRemediation.SecurityOperations'] });
    await refused('POST', '/elevations', { userId: person, roleId: administrators, hours: 1, reason: 'x' });
    await refused('PATCH', `/roles/${administrators}`, { userGroups: [] });
    await refused('POST', '/usergroups', { name: 'g', roles: [administrators] });
    const strong = await server.cli('usergroup', 'create', '--name', 'strong', '--role', administrators);
    await refused('POST', `/usergroups/${strong.id}/members`, { userId: person });
    await refused('PATCH', `/usergroups/${strong.id}`, { roles: [] });
    await refused('DELETE', `/usergroups/${strong.id}`);
    const own = (await call('GET', '/roles')).body.value.find(
      (one: { name: string }) => one.name === 'investigators',
    );
    await refused('PATCH', `/roles/${own.id}`, { permissions: ['SecuritySettings.Manage'] });
    await refused('PATCH', `/roles/${own.id}`, { userGroups: [strong.id] });

    await refused('POST', '/applications', { name: 'a', permissions: ['Machine.Isolate'] });
    await refused('POST', '/applications', { name: 'a', permissions: ['AccessManagement.ReadWrite.All'] });
    await refused('POST', '/applications', { name: 'a', delegatedPermissions: ['Machine.LiveResponse'] });
    await refused('PATCH', `/applications/${managerId}`, {
      permissions: [...INVESTIGATE, 'Machine.Isolate'],
    });
    await refused('POST', `/applications/${managerId}/secrets`, {});
    const responder = await server.createApp('Machine.Isolate');
    await refused('POST', `/applications/${responder.clientId}/secrets`, {});
    await refused('PATCH', `/applications/${responder.clientId}`, { enabled: false });
    await refused('DELETE', `/applications/${responder.clientId}`);
    const made = await call('POST', '/applications', { name: 'a', permissions: ['Machine.Read.All'] });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    await refused('PATCH', `/applications/${made.body.id}`, { permissions: ['Machine.Isolate'] });
    expect((await call('POST', '/access/rbac', {})).body.error.code).toBe('Forbidden');
  });

  it('keeps who is an administrator for an hour from making it last, whatever the letters of his id', async () => {
    const password = 'a long enough password 1';
    const made = await server.cli('user', 'create', '--name', 'hourly');
    const me: string = made.userId;
    const { accessToken } = await server.signIn({
      name: 'hourly',
      password: made.oneTimePassword,
      newPassword: password,
    });
    const own = (method: string, path: string, json?: object) => call(method, path, json, accessToken);
    const elevation = await server.cli(
      'elevation',
      'create',
      ...['--user', me, '--role', administrators, '--hours', '1', '--reason', 'test'],
    );
    expect((await own('GET', '/usergroups')).status).toBe(200);
    const plain = (await server.cli('usergroup', 'create', '--name', 'plain')).id;
    const lasting = await server.cli('usergroup', 'create', '--name', 'lasting', '--role', administrators);
    const { value: roles } = await server.cli('role', 'list');
    const holders: string[] = roles.find((one: { id: string }) => one.id === administrators).userGroups;
    const standing = (await server.cli('account', 'list', '--search', 'admin')).value[0].id;
    const tries: [string, string, object?][] = [
      ['POST', '/elevations', { userId: me.toUpperCase(), roleId: administrators, hours: 72, reason: 'x' }],
      ['POST', '/elevations', { userId: person, roleId: administrators, hours: 72, reason: 'x' }],
      ['POST', `/users/${me.toUpperCase()}/disable`],
      ['DELETE', `/users/${me.toUpperCase()}`],
      ['POST', `/usergroups/${lasting.id}/members`, { userId: me }],
      ['POST', `/usergroups/${lasting.id.toUpperCase()}/members`, { userId: person }],
      ['DELETE', `/usergroups/${holders[0]}/members/${standing}`],
      ['POST', '/usergroups', { name: 'mine', roles: [administrators] }],
      ['PATCH', `/usergroups/${plain}`, { roles: [administrators.toUpperCase()] }],
      ['PATCH', `/usergroups/${lasting.id}`, { roles: [] }],
      ['DELETE', `/usergroups/${lasting.id}`],
      ['POST', `/usergroups/${plain}/members`, { userId: me }],
      ['PATCH', `/roles/${administrators}`, { userGroups: [...holders, plain] }],
      ['POST', `/users/${standing}/resetpassword`],
      ['POST', `/users/${standing}/resettotp`],
      ['DELETE', `/users/${standing}`],
    ];
    for (const [method, path, json] of tries) {
      const { status, body } = await own(method, path, json);
      expect([status, body?.error?.code], `${method} ${path}`).toEqual([403, 'DisallowedOperation']);
    }
    const explained = await server.cli('access', 'explain', me, 'app.addSecret');
    expect(explained).toMatchObject({ allowed: false });
    expect(explained.steps.at(-1).text).toMatch(/PortalSettings.Manage is held by an elevation only/);
    await leavesNothingBehind(accessToken);
    expect((await own('POST', `/elevations/${elevation.id}/end`, {})).status).toBe(201);
    expect((await own('GET', '/usergroups')).status).toBe(403);
    // The machine's own administrator may.
    expect((await server.cli('usergroup', 'add-member', lasting.id, me)).members).toBe(1);
    expect((await own('PATCH', `/usergroups/${plain}`, { roles: [administrators] })).status).toBe(200);
  });

  /** By every operation there is. */
  async function leavesNothingBehind(elevated: string): Promise<void> {
    const { paths } = (await server.call('/openapi.json')).json();
    const operations = Object.entries<Record<string, Record<string, unknown>>>(paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).flatMap(([method, route]) => {
          const access = route['x-merlon-access'] as
            | { role: string | null; lasting: boolean | 'unlessOff' }
            | undefined;
          return access?.role === 'PortalSettings.Manage' && method !== 'get'
            ? [{ id: String(route.operationId), method: method.toUpperCase(), path, lasting: access.lasting }]
            : [];
        }),
    );
    const named = (wanted: boolean | 'unlessOff') =>
      operations.flatMap(({ id, lasting }) => (lasting === wanted ? [id] : [])).sort();
    // What takes power away, or gives none: whoever adds an operation here has thought of what stays when the elevation is over.
    expect(named(false)).toEqual([
      'account.disable',
      'account.remove',
      'account.revokeSessions',
      'account.update',
      'app.remove',
      'app.removeCertificate',
      'app.removeSecret',
      'approvalPolicy.create',
      'audit.verify',
      'collector.revoke',
      'consent.withdraw',
      'dataexport.delete',
      'deviceGroup.preview',
      'elevation.end',
      'export.cancelReplay',
      'export.remove',
      'export.replay',
      'export.test',
      'guest.withdraw',
      'identityProvider.remove',
      'isolationAllowance.set',
      'notification.remove',
      'notification.test',
      'provisioningToken.revoke',
      'role.remove',
      'siem.disable',
      'siem.files',
      'siem.withdraw',
      'userGroup.remove',
      'userGroup.removeMember',
      'yaraRules.remove',
      'yaraRules.set',
    ]);
    expect(named('unlessOff')).toEqual([
      'app.update',
      'export.update',
      'identityProvider.update',
      'notification.update',
    ]);
    const lasting = operations.filter((one) => one.lasting === true);
    expect(lasting.length).toBeGreaterThan(20);
    for (const { method, path } of lasting) {
      const { status, body } = await callAt(
        method,
        path.replaceAll(/\{\w+\}/g, person),
        method === 'DELETE' ? undefined : {},
        elevated,
      );
      expect([status, body?.error?.code], `${method} ${path}`).toEqual([403, 'DisallowedOperation']);
    }
    const { clientId } = await server.createApp('Machine.Read.All');
    const change = (json: object) => call('PATCH', `/applications/${clientId}`, json, elevated);
    for (const json of [
      { enabled: true },
      { enabled: false, permissions: ['Machine.Isolate'] },
      { name: 'x' },
    ])
      expect((await change(json)).body.error?.code, JSON.stringify(json)).toBe('DisallowedOperation');
    expect((await change({ enabled: false })).status).toBe(200);
  }

  it('opens no devices by a program that may not see them', async () => {
    const guarding = (await server.cli('usergroup', 'create', '--name', 'guarding')).id;
    const open = (await server.cli('usergroup', 'create', '--name', 'opens nothing')).id;
    await server.cli(
      'devicegroup',
      'create',
      ...['--name', 'guarded', '--where', 'name startsWith g-', '--user-group', guarding],
    );
    await refused('POST', `/usergroups/${guarding}/members`, { userId: person });
    await refused('DELETE', `/usergroups/${guarding}`);
    expect((await call('POST', `/usergroups/${open}/members`, { userId: person })).status).toBe(201);
  });

  it('has operations without a device rule only for whoever sees every device, or about no device', async () => {
    const { paths } = (await server.call('/openapi.json')).json();
    const open = Object.entries<Record<string, Record<string, unknown>>>(paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap((route) => {
        const access = route['x-merlon-access'] as { role: string | null; deviceScope: string } | undefined;
        return path.startsWith('/api/merlon/') &&
          access?.deviceScope === 'none' &&
          access.role !== 'PortalSettings.Manage'
          ? [String(route.operationId)]
          : [];
      }),
    );
    // A person's own second factor; kept queries, and what a person ran and how much he may; packages, by which devices come to be.
    const aboutNoDevice = [
      'me.get',
      'limits.get',
      'access.mode',
      'approvalPolicy.list',
      'isolationAllowance.list',
      'yaraRules.list',
      'yaraRules.get',
      'invitation.list',
      'invitation.accept',
      'invitation.leave',
    ];
    expect(open.filter((id) => !aboutNoDevice.includes(id) && !/^(totp|hunting|package\.)/.test(id))).toEqual(
      [],
    );
  });

  it('makes no change whose record cannot be written', async () => {
    const database = await openStateDatabase(server.home);
    try {
      await database.query(`
        create function refuse_record() returns trigger language plpgsql as
        $$ begin if new.outcome = 'success' then raise exception 'the trail is full'; end if; return new; end $$`);
      await database.query(
        'create trigger refuse_record before insert on audit_records for each row execute function refuse_record()',
      );
      const names = async () =>
        (await call('GET', '/roles')).body.value.map((one: { name: string }) => one.name).sort();
      const before = await names();
      expect((await call('POST', '/roles', { name: 'unrecorded', permissions: [] })).status).toBe(500);
      await expect(
        server.cli('role', 'create', '--name', 'unrecorded', '--permission', 'ViewData.Tvm'),
      ).rejects.toThrow();
      expect(await names()).toEqual(before);
      await database.query('drop trigger refuse_record on audit_records');
      expect((await call('POST', '/roles', { name: 'recorded', permissions: [] })).status).toBe(201);
    } finally {
      await database.end();
    }
  });
});
