/** Whoever may see some devices only gets files, addresses, domains and accounts as those devices know them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { onceFolded } from '../support/once-folded.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const password = 'a long enough password 1';

let server: TestServer;
let fleet: DemoFleet;
/** Sees everything. */
let program: string;
/** Sees the workstations. */
let analyst: string;
let groups: { workstations: string; everyone: number };

const get = async (path: string, token: string) => {
  const answer = await server.call(path, { token });
  return { status: answer.status, text: answer.text, body: answer.json() };
};
const hunt = async (Query: string) => {
  const answer = await server.call('/api/advancedqueries/run', { token: program, json: { Query } });
  return answer.json().Results as Record<string, string>[];
};
const namesOf = (machines: readonly { computerDnsName: string }[]) =>
  machines.map(({ computerDnsName }) => computerDnsName).sort();
const isWorkstation = (name: string) => name.startsWith('ws-');

beforeAll(async () => {
  server = await startServer();
  fleet = await startDemoFleet(server);
  program = await server.token(
    await server.createApp(
      'File.Read.All',
      'Ip.Read.All',
      'URL.Read.All',
      'User.Read.All',
      'Machine.Read.All',
      'Alert.Read.All',
      'AdvancedQuery.Read.All',
    ),
  );
  const role = await server.cli(
    'role',
    'create',
    '--name',
    'r',
    '--permission',
    'ViewData.SecurityOperations',
  );
  const team = await server.cli('usergroup', 'create', '--name', 'team', '--role', role.id);
  const others = await server.cli('usergroup', 'create', '--name', 'others', '--role', role.id);
  const person = await server.cli('user', 'create', '--name', 'tia');
  await server.cli('usergroup', 'add-member', team.id, person.userId);
  const made = await server.cli(
    'devicegroup',
    'create',
    '--name',
    'Workstations',
    '--where',
    'name startsWith ws-',
    '--user-group',
    team.id,
  );
  await server.cli('devicegroup', 'update', '0', '--user-group', others.id);
  await server.cli('access', 'rbac');
  groups = { workstations: String(made.id), everyone: 2 };
  analyst = (await server.signIn({ name: 'tia', password: person.oneTimePassword, newPassword: password }))
    .accessToken;
  await eventually(
    'events and the groups of their devices',
    async () => {
      const rows = await hunt('DeviceNetworkEvents | summarize dcount(DeviceId)');
      const machines = (await get('/api/machines', analyst)).body.value;
      return rows.length === 1 && machines.length > 0;
    },
    { withinMs: 30_000 },
  );
});
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
});

const KINDS = [
  [
    'files',
    'DeviceProcessEvents | where isnotempty(SHA1) | extend Key = tolower(SHA1)',
    (key: string) => `/api/files/${key}`,
  ],
  [
    'addresses',
    'DeviceNetworkEvents | where isnotempty(RemoteIP) | extend Key = RemoteIP',
    (key: string) => `/api/ips/${key}`,
  ],
  [
    'domains',
    "DeviceNetworkEvents | where isnotempty(RemoteUrl) and RemoteUrl matches regex '^[a-z0-9.-]*[a-z]$' | extend Key = RemoteUrl",
    (key: string) => `/api/domains/${key}`,
  ],
] as const;

it.each(KINDS)('tells of %s what the devices in reach know', (_, query, at) =>
  onceFolded(async () => {
    const seen = await hunt(`${query} | summarize Names = make_set(DeviceName) by Key`);
    const byKey = seen.map(({ Key = '', Names }) => ({
      key: Key,
      names: (typeof Names === 'string' ? JSON.parse(Names) : Names) as string[],
    }));
    const both = byKey.find(({ names }) => names.some(isWorkstation) && !names.every(isWorkstation));
    const outside = byKey.find(({ names }) => !names.some(isWorkstation));
    expect(both ?? outside, 'something is seen outside the reach').toBeDefined();

    if (both) {
      const [whole, part] = await Promise.all(
        [program, analyst].map(async (token) => (await get(`${at(both.key)}/machines`, token)).body.value),
      );
      expect(namesOf(part)).toEqual(namesOf(whole).filter(isWorkstation));
      expect(part.length).toBeLessThan(whole.length);
      const [all, mine] = await Promise.all(
        [program, analyst].map(async (token) => (await get(`${at(both.key)}/stats`, token)).body),
      );
      expect(mine.organizationPrevalence).toBe(part.length);
      expect(all.organizationPrevalence).toBe(whole.length);
      expect((await get(at(both.key), analyst)).status).toBe(200);
    }
    if (outside) {
      expect((await get(at(outside.key), program)).status).toBe(200);
      expect((await get(at(outside.key), analyst)).status).toBe(404);
      const stats = await get(`${at(outside.key)}/stats`, analyst);
      if (stats.status === 200)
        expect(stats.body).toMatchObject({ organizationPrevalence: 0, orgFirstSeen: null });
      else expect(stats.status).toBe(404);
      const machines = await get(`${at(outside.key)}/machines`, analyst);
      expect(machines.status === 404 || machines.body.value.length === 0, machines.text).toBe(true);
    }
  }),
);

it('tells of accounts where they signed in within reach, and of nobody else’s', () =>
  onceFolded(async () => {
    const seen = await hunt(
      "DeviceLogonEvents | where ActionType == 'LogonSuccess' | summarize by AccountName, DeviceName, DeviceId",
    );
    let apart = 0;
    for (const name of new Set(seen.map(({ AccountName = '' }) => AccountName.toLowerCase()))) {
      const rows = seen.filter((row) => row.AccountName?.toLowerCase() === name);
      const mine = new Set(rows.map(({ DeviceName = '' }) => DeviceName).filter(isWorkstation));
      const path = `/api/users/${encodeURIComponent(name)}`;
      const user = await get(path, analyst);
      expect(user.status, `${name} ${user.text}`).toBe(mine.size > 0 ? 200 : 404);
      if (mine.size < new Set(rows.map(({ DeviceName }) => DeviceName)).size) apart++;
      expect(namesOf((await get(`${path}/machines`, analyst)).body.value)).toEqual([...mine].sort());
    }
    expect(apart).toBeGreaterThan(0);
    const away = seen.find(({ DeviceName = '' }) => !isWorkstation(DeviceName));
    expect((await get(`/api/machines/${away?.DeviceId}/logonusers`, analyst)).status).toBe(404);
  }));

it('finds no device beyond reach by its address', () =>
  onceFolded(async () => {
    const [away] = await hunt(
      "DeviceNetworkEvents | where not(DeviceName startswith 'ws-') and isnotempty(LocalIP) and not(LocalIP startswith '127.') | project LocalIP, Timestamp, DeviceId | take 1",
    );
    const path = `/api/machines/findbyip(ip='${away?.LocalIP}',timestamp=${away?.Timestamp})`;
    const ids = async (token: string) =>
      (await get(path, token)).body.value.map(({ id }: { id: string }) => id) as string[];
    expect(await ids(program)).toContain(away?.DeviceId);
    expect(await ids(analyst)).not.toContain(away?.DeviceId);
  }));

it('leads from no alert beyond reach to what it names, and lists no group beyond reach', async () => {
  const alerts = (await get('/api/alerts', program)).body.value as { id: string; computerDnsName: string }[];
  const away = alerts.find(({ computerDnsName }) => !isWorkstation(computerDnsName));
  expect(away).toBeDefined();
  for (const what of ['machine', 'files', 'ips', 'domains', 'user'])
    expect((await get(`/api/alerts/${away?.id}/${what}`, analyst)).status, what).not.toBe(200);
  const listed = async (token: string) =>
    (await get('/api/machinegroups', token)).body.value.map(({ id }: { id: number }) =>
      String(id),
    ) as string[];
  expect((await listed(program)).length).toBe(groups.everyone);
  expect(await listed(analyst)).toEqual([groups.workstations]);
});
