/** The guide of docs/reference/access.md, run word for word, and what must be true of it afterwards. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const GUIDE = new URL('../../docs/reference/access.md', import.meta.url);
const PASSWORD = 'a long enough password 1';

/** The commands of the guide, as words, and what it says that the last one answers. */
function guide(): { commands: string[][]; answer: string } {
  const text = readFileSync(GUIDE, 'utf8');
  const [, script = '', answer = ''] =
    /## From nothing to two teams.*?```sh\n(.*?)```.*?```\n(.*?)```/s.exec(text) ?? [];
  const commands = script
    .split('\n')
    .filter((line) => line.startsWith('merlon '))
    .map((line) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''))
    .map(([, ...words]) => words);
  return { commands, answer };
}

describe('the guide to two teams', () => {
  let server: TestServer;
  let fleet: DemoFleet;
  let answered: string;
  const people = new Map<string, string>();
  const oneTime = new Map<string, string>();
  let program: { clientId: string; tenantId: string };

  const token = async (name: string): Promise<string> => {
    const known = people.get(name);
    if (known !== undefined) return known;
    const password = oneTime.get(name) ?? '';
    const { accessToken } = await server.signIn({ name, password, newPassword: PASSWORD });
    people.set(name, accessToken);
    return accessToken;
  };
  const names = async (bearer: string): Promise<string[]> => {
    const answer = await server.call('/api/machines', { token: bearer });
    expect(answer.status, answer.text).toBe(200);
    return answer
      .json()
      .value.map(({ computerDnsName }: { computerDnsName: string }) => computerDnsName.split('-')[0])
      .filter((one: string, index: number, all: string[]) => all.indexOf(one) === index)
      .sort();
  };
  const deviceNamed = async (start: string): Promise<string> => {
    const path = `/api/machines?$filter=startswith(computerDnsName,'${start}')`;
    return (await server.call(path, { token: await token('ben') })).json().value[0].id;
  };

  beforeAll(async () => {
    server = await startServer();
    fleet = await startDemoFleet(server, '--devices', '8', '--days', '1');
    const { commands } = guide();
    for (const words of commands) {
      const { code, stdout, stderr } = await server.command(words);
      expect(code, `merlon ${words.join(' ')}: ${stderr}`).toBe(0);
      answered = stdout;
      const made = /^User (\w[\w-]*)@\S+, one-time password: (\S+)$/m.exec(stdout);
      if (made) oneTime.set(made[1] ?? '', made[2] ?? '');
      const app = /^tenant id\s+(\S+)\nclient id\s+(\S+)$/m.exec(stdout);
      if (app) program = { tenantId: app[1] ?? '', clientId: app[2] ?? '' };
    }
  });
  afterAll(async () => {
    await fleet?.stop();
    await server?.dispose();
  });

  it('answers what it says it will', () => {
    const { commands, answer } = guide();
    expect(commands.length).toBeGreaterThan(15);
    expect(answered).toBe(answer);
  });

  it('gives each team its devices', async () => {
    expect(await names(await token('ann'))).toEqual(['ws']);
    const theirs = await names(await token('ben'));
    expect(theirs).toContain('srv');
    expect(theirs).not.toContain('ws');
  });

  it('isolates a server by the word of two people, and by nobody who may not', async () => {
    const id = await deviceNamed('srv-');
    const isolate = async (name: string) =>
      server.call(`/api/machines/${id}/isolate`, { token: await token(name), json: { Comment: 'guide' } });
    expect((await isolate('ann')).status).toBe(403);
    const made = await isolate('ben');
    expect([made.status, made.json().status], made.text).toEqual([201, 'Pending']);
    expect(made.json().troubleshootInfo).toContain('Isolation of servers');
    const approve = async (name: string) =>
      server.call(`/api/merlon/approvals/${made.json().id}/approve`, { token: await token(name), json: {} });
    expect((await approve('ben')).status).toBe(403);
    expect((await approve('ann')).status).toBe(403);
    expect((await approve('chloe')).status).toBe(200);
    const bearer = await token('chloe');
    await eventually(
      'the device is isolated',
      async () =>
        (await server.call(`/api/machineactions/${made.json().id}`, { token: bearer })).json().status ===
        'Succeeded',
      { withinMs: 20_000 },
    );
  });

  it('keeps the program to the servers', async () => {
    await token('server-bot');
    const answer = await server.call(`/${program.tenantId}/oauth2/v2.0/token`, {
      form: {
        grant_type: 'password',
        client_id: program.clientId,
        username: 'server-bot',
        password: PASSWORD,
        scope: 'https://api.securitycenter.microsoft.com/.default',
      },
    });
    expect(answer.status, answer.text).toBe(200);
    const seen = await names(answer.json().access_token);
    expect(seen).toContain('srv');
    expect(seen).not.toContain('ws');
  });
});
