import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.dispose());

describe('a server', () => {
  it('ends its start with one line, after the administrator', () => {
    const lines = server.output().stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('administrator: admin@merlon.local');
    expect(lines[2]).toMatch(/^merlon ready at https:\/\/localhost:\d+ /);
    expect(server.output().stderr).not.toContain(server.administrator.oneTimePassword);
  });

  it('keeps applications, tokens and its certificate over a restart and over kill -9', async () => {
    const app = await server.createApp('Machine.Read.All');
    const token = await server.token(app);
    for (const end of [server.stop, server.kill]) {
      await end();
      await server.start();
      expect(server.output().stdout).not.toContain('one-time password');
      expect((await server.call('/api/machines', { token })).status).toBe(200);
      expect((await server.call('/api/machines', { token: await server.token(app, 1) })).status).toBe(200);
    }
  });

  it('has its data folder to itself', async () => {
    const second = await server.command(['serve'], { MERLON_PORT: '0' });
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('already runs on')]);
    expect((await server.call('/healthz')).status).toBe(200);
  });

  it('names the port that is taken', async () => {
    const home = await mkdtemp(join(tmpdir(), 'merlon-test-'));
    const other = await server.command(['serve'], { MERLON_HOME: home });
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining(`port ${server.port} is in use`)]);
    const later = await startServer({ home });
    expect(later.administrator.oneTimePassword, 'shown by the first start that worked').not.toBe('');
    await later.dispose();
    await rm(home, { recursive: true, force: true });
  });

  it('names the variable it cannot use', async () => {
    const refused = await server.command(['serve'], { MERLON_EVENT_LOG_URL: 'kafka://b' });
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('merlon: MERLON_EVENT_LOG_URL names Kafka'),
    ]);
  });
});

describe('the command line', () => {
  it('prints what `app create --json` promises', async () => {
    const made = await server.cli(
      'app',
      'create',
      '--name',
      'soar',
      '--permission',
      'Alert.Read.All',
      'Machine.Read.All',
    );
    expect(made).toMatchObject({
      tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientSecret: expect.stringMatching(/^[A-Za-z0-9~_-]{40}$/),
    });
    const { value: listed } = await server.cli('app', 'list');
    expect(listed).toContainEqual(
      expect.objectContaining({
        clientId: made.clientId,
        permissions: ['Alert.Read.All', 'Machine.Read.All'],
      }),
    );
    expect(JSON.stringify(listed)).not.toContain(made.clientSecret);
  });

  it('leaves a record of what it did', async () => {
    const { clientId } = await server.cli('app', 'create', '--name', 'x', '--permission', 'Alert.Read.All');
    const records = await server.cli('audit', 'list', '--target', clientId);
    expect(records).toEqual([
      expect.objectContaining({
        action: 'app.create',
        actorName: 'local administrator',
        targetId: clientId,
        outcome: 'success',
      }),
    ]);
  });

  it('says how the server is', async () => {
    expect(await server.cli('status')).toMatchObject({
      running: true,
      url: server.url,
      pid: server.pid(),
      stores: { state: 'reachable', events: 'reachable', log: 'reachable' },
    });
  });

  it('says so when no server runs', async () => {
    const away = { MERLON_HOME: join(server.home, 'nothing') };
    const status = await server.command(['status', '--json'], away);
    expect([status.code, JSON.parse(status.stdout).running]).toEqual([3, false]);
    const list = await server.command(['app', 'list', '--json'], away);
    expect([list.code, JSON.parse(list.stderr).error.code]).toEqual([1, 'NotRunning']);
  });

  it.each([
    [
      ['app', 'create', '--name', 'x', '--permission', 'Nothing'],
      'InvalidInput',
      /Unknown application permission: Nothing/,
    ],
    [
      ['app', 'create', '--name', 'x', '--permission', 'Alert.Read.All', '--tenant', 'nowhere'],
      'ResourceNotFound',
      /nowhere/,
    ],
    [['app', 'add-secret', 'x'], 'InvalidInput', /id/],
    [['tenant', 'create', '--name', 'common', '--domain', 'a.example'], 'InvalidInput', /cannot be named/],
    [['tenant', 'create', '--name', 'x', '--domain', 'nodots'], 'InvalidDomainName', /nodots/],
    [['tenant', 'create', '--name', 'Merlon', '--domain', 'b.example'], 'Conflict', /exists already/],
    [['user', 'create', '--name', 'admin'], 'Conflict', /exists already/],
    [['user', 'create', '--name', 'a@elsewhere.example'], 'InvalidInput', /not a user name/],
    [['user', 'create', '--name', 'bob', '--role', 'King'], 'ResourceNotFound', /King/],
  ])('refuses %j by name', async (args, code, message) => {
    const result = await server.command([...args, '--json']);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stderr).error).toEqual({ code, message: expect.stringMatching(message) });
  });

  it('leaves nothing behind when it is refused half way', async () => {
    await server.command(['user', 'create', '--name', 'carol', '--role', 'King']);
    const users = await server.cli('user', 'list');
    expect(users.map((user: { principalName: string }) => user.principalName)).not.toContain(
      'carol@merlon.local',
    );
  });

  it('is open to the owner of the data folder alone', async () => {
    expect((await stat(join(server.home, 'admin.sock'))).mode & 0o777).toBe(0o600);
  });
});
