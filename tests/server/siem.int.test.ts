/** SIEM integration over a real server: the feed at each of its addresses, who may read it, and how it is turned on, handed out and turned off. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { person } from '../support/person.ts';
import { AUDIENCE, startServer, type TestApp, type TestServer } from '../support/server.ts';
import { unzip } from '../support/unzip.ts';
import { eventually } from '../support/wait.ts';

const RESOURCE = 'https://graph.windows.net';
const HOST = 'wdatp-alertexporter-eu.windows.com';
const password = 'a long enough password 1';

interface Detection {
  readonly AlertId: string;
  readonly AlertPart: number;
  readonly FullId: string;
  readonly DeviceID: string;
  readonly ComputerDnsName: string;
  readonly LastProcessedTimeUtc: string;
  readonly [field: string]: unknown;
}

let server: TestServer;
let fleet: DemoFleet;
let reader: TestApp;
let folder: string;
/** Of the feed's own audience, by client credentials. */
let token: string;
let administrator: string;
let analyst: { id: string; token: string };

const feedToken = async (app: TestApp, more: Record<string, string> = {}) => {
  const answer = await server.call(`/${app.tenantId}/oauth2/token`, {
    form: {
      resource: RESOURCE,
      client_id: app.clientId,
      client_secret: app.clientSecret,
      grant_type: 'client_credentials',
      ...more,
    },
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json();
};
const detections = async (path: string, bearer = token, headers: Record<string, string> = {}) => {
  const answer = await server.call(path, { token: bearer, headers });
  expect(answer.status, answer.text).toBe(200);
  const body: unknown = answer.json();
  expect(Array.isArray(body)).toBe(true);
  return body as Detection[];
};
const manage = (method: string, path: string, bearer: string, json?: object) =>
  server.call(`/api/merlon/siem${path}`, { method, token: bearer, ...(json ? { json } : {}) });
const actions = async (): Promise<{ action: string; outcome: string; details: unknown }[]> => {
  const answer = await server.call('/api/merlon/audit?top=500', { token: administrator });
  expect(answer.status, answer.text).toBe(200);
  return answer.json().value;
};

beforeAll(async () => {
  server = await startServer({ env: { MERLON_SIEM_HOSTS: HOST } });
  folder = await mkdtemp(join(tmpdir(), 'merlon-siem-'));
  fleet = await startDemoFleet(server);
  reader = await server.createApp('Alert.Read.All');
  token = (await feedToken(reader)).access_token;
  const { name, oneTimePassword } = server.administrator;
  administrator = (await server.signIn({ name, password: oneTimePassword, newPassword: password }))
    .accessToken;
  const role = await server.cli(
    'role',
    'create',
    '--name',
    'Tier 1',
    '--permission',
    'ViewData.SecurityOperations',
  );
  const group = await server.cli('usergroup', 'create', '--name', 'Workstation team', '--role', role.id);
  const made = await server.cli('user', 'create', '--name', 'tia');
  await server.cli('usergroup', 'add-member', group.id, made.userId);
  await server.cli(
    'devicegroup',
    'create',
    '--name',
    'Workstations',
    '--where',
    'name startsWith ws-',
    '--user-group',
    group.id,
  );
  const others = await server.cli('usergroup', 'create', '--name', 'Server team', '--role', role.id);
  await server.cli('devicegroup', 'update', '0', '--user-group', others.id);
  await server.cli('access', 'rbac');
  analyst = {
    id: made.userId,
    token: (await server.signIn({ name: 'tia', password: made.oneTimePassword, newPassword: password }))
      .accessToken,
  };
  let before = -1;
  await eventually(
    'the detections of the fleet',
    async () => {
      const { length } = await detections('/siem/api/alerts');
      const settled = length > 5 && length === before;
      before = length;
      return settled;
    },
    { withinMs: 60_000, everyMs: 1_000 },
  );
}, 180_000);
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('the detections feed', () => {
  it('is the same at each of its addresses, and the alerts API is where it was', async () => {
    const all = await detections('/siem/api/alerts');
    const api = await server.token(reader);
    for (const path of ['/SIEM/Api/Alerts/', '/siem/api/alert', '/api/alerts', '/api/Alerts/', '//api/alert'])
      expect(await detections(path), path).toEqual(all);
    expect(await detections('/siem/api/alerts', api)).toEqual(all);
    for (const path of ['/api/alerts', '/api/Alerts/', '/api/alert']) {
      const there = await detections(path, api, { host: `${HOST}:${server.port}` });
      expect(there.map((one) => one.FullId)).toEqual(all.map((one) => one.FullId));
    }
    const alerts = (await server.call('/api/alerts', { token: api })).json();
    expect(alerts.value.length).toBeGreaterThan(0);
    expect(new Set(all.map((one) => one.AlertId))).toEqual(
      new Set(alerts.value.map((one: { id: string }) => one.id)),
    );
    expect((await server.call('/api/alert', { token: api })).status).toBe(404);
  });

  it('has a row for each event, filled from what is known', async () => {
    const all = await detections('/siem/api/alerts');
    expect(new Set(all.map((one) => one.FullId)).size).toBe(all.length);
    const times = all.map((one) => one.LastProcessedTimeUtc);
    expect(times).toEqual([...times].sort());
    expect(Object.keys(all[0] ?? {})).toHaveLength(50);
    const filled = (field: string) => all.filter((one) => one[field] !== '' && one[field] !== null).length;
    for (const field of [
      'AlertTitle',
      'Category',
      'Severity',
      'ComputerDnsName',
      'MachineName',
      'DeviceID',
      'LinkToWDATP',
      'IncidentLinkToMTP',
      'ExternalId',
      'Source',
      'InternalIPv4List',
    ])
      expect(filled(field), field).toBe(all.length);
    for (const field of [
      'FileName',
      'FilePath',
      'Sha1',
      'CommandLine',
      'UserName',
      'LogOnUsers',
      'IoaDefinitionId',
    ])
      expect(filled(field), field).toBeGreaterThan(0);
  });

  it('takes its parameters', async () => {
    const all = await detections('/siem/api/alerts');
    const middle = all[Math.floor(all.length / 2)]?.LastProcessedTimeUtc ?? '';
    expect(await detections(`/siem/api/alerts?sinceTimeUtc=${middle}`)).toEqual(
      all.filter((one) => one.LastProcessedTimeUtc >= middle),
    );
    expect(await detections(`/siem/api/alerts?untilTimeUtc=${middle}`)).toEqual(
      all.filter((one) => one.LastProcessedTimeUtc <= middle),
    );
    expect(await detections('/siem/api/alerts?limit=2')).toEqual(all.slice(-2));
    expect(await detections('/siem/api/alerts?ago=PT1H')).toEqual(all);
    expect(await detections('/siem/api/alerts?sinceTimeUtc=2100-01-01')).toEqual([]);
    const grouped = await detections('/siem/api/alerts?machinegroups=workstations');
    expect(grouped).toEqual(all.filter((one) => one.ComputerDnsName.startsWith('ws-')));
    expect(grouped.length).toBeGreaterThan(0);

    const device = all[0]?.DeviceID ?? '';
    const keeper = await server.token(await server.createApp('Machine.ReadWrite.All'));
    const tagged = await server.call(`/api/machines/${device}/tags`, {
      token: keeper,
      json: { Value: 'Crown jewels', Action: 'Add' },
    });
    expect(tagged.status, tagged.text).toBe(200);
    const found = await detections('/siem/api/alerts?cloudcreatedmachinetags=Crown%20jewels');
    expect(found.map((one) => one.DeviceID)).toEqual(
      all.filter((one) => one.DeviceID === device).map((one) => one.DeviceID),
    );
    expect(found[0]?.CloudCreatedMachineTags).toBe('Crown jewels');
    expect(await detections('/siem/api/alerts?DeviceCreatedMachineTags=nobody')).toEqual([]);
  });

  it('refuses by name what it does not take, and whoever may not read', async () => {
    for (const [query, word] of [
      ['sinceTimeUtc=yesterday', 'sinceTimeUtc'],
      ['ago=1h', 'ago'],
      ['limit=x', 'limit'],
      ['$top=1', '$top'],
    ]) {
      const answer = await server.call(`/siem/api/alerts?${query}`, { token });
      expect([answer.status, answer.json().error.code]).toEqual([400, 'InvalidInput']);
      expect(answer.json().error.message).toContain(word);
    }
    expect((await server.call('/siem/api/alerts')).status).toBe(401);
    expect((await server.call('/siem/api/alerts', { token: 'e30.e30.e30' })).status).toBe(401);
    const nobody = await server.createApp('Machine.Read.All');
    const denied = await server.call('/api/alerts', { token: (await feedToken(nobody)).access_token });
    expect([denied.status, denied.json().error.code]).toEqual([403, 'Forbidden']);
    const forged = `${token.split('.')[0]}.${Buffer.from(JSON.stringify({ aud: RESOURCE })).toString('base64url')}.${token.split('.')[2]}`;
    expect((await server.call('/api/alerts', { token: forged })).status).toBe(401);
  });

  it('takes tokens of version 2 for its audience, and both bounds of time', async () => {
    const answer = await server.call(`/${reader.tenantId}/oauth2/v2.0/token`, {
      form: {
        grant_type: 'client_credentials',
        client_id: reader.clientId,
        client_secret: reader.clientSecret,
        scope: `${RESOURCE}/.default`,
      },
    });
    const { access_token } = answer.json();
    const all = await detections('/api/alerts', access_token);
    const [first, last] = [all[1]?.LastProcessedTimeUtc ?? '', all.at(-2)?.LastProcessedTimeUtc ?? ''];
    expect(
      await detections(`/siem/api/alerts?sinceTimeUtc=${first}&untilTimeUtc=${last}`, access_token),
    ).toEqual(all.filter((one) => one.LastProcessedTimeUtc >= first && one.LastProcessedTimeUtc <= last));
  });

  it('is all that a token of its audience opens', async () => {
    const powerful = await server.createApp('Alert.Read.All', 'Machine.Read.All', 'AdvancedQuery.Read.All');
    const { access_token } = await feedToken(powerful);
    expect((await server.call('/siem/api/alerts', { token: access_token })).status).toBe(200);
    for (const path of ['/api/machines', '/api/incidents', '/api/alerts/da1_1', '/v1.0/security/alerts_v2'])
      expect((await server.call(path, { token: access_token })).status, path).toBe(401);
  });

  it('holds nothing of another tenant', async () => {
    const other = await server.cli('tenant', 'create', '--name', 'Fabrikam', '--domain', 'fabrikam.example');
    const app = await server.cli(
      'app',
      'create',
      '--tenant',
      'Fabrikam',
      '--name',
      'siem',
      '--permission',
      'Alert.Read.All',
    );
    expect(app.tenantId).toBe(other.tenantId);
    expect(await detections('/siem/api/alerts', (await feedToken(app)).access_token)).toEqual([]);
  });
});

describe('SIEM integration', () => {
  let connector: TestApp & { tokenUrl: string; eventsUrl: string };

  it('is turned on by an administrator alone, once, and shows its secret once', async () => {
    expect((await manage('POST', '', analyst.token, {})).status).toBe(403);
    expect((await manage('POST', '', await server.token(reader), {})).status).toBe(403);
    for (const path of ['/tokens', '/secret'])
      expect((await manage('POST', path, administrator, {})).status, path).toBe(404);
    const made = await manage('POST', '', administrator, {});
    expect(made.status, made.text).toBe(201);
    connector = made.json();
    expect(made.json()).toMatchObject({
      tenantId: reader.tenantId,
      identifierUri: 'https://WindowsDefenderATPSiemConnector',
      resource: RESOURCE,
      tokenUrl: `${server.url}/${reader.tenantId}/oauth2/token`,
      eventsUrl: `https://${HOST}:${server.port}/api/alerts`,
    });
    expect((await manage('POST', '', administrator, {})).status).toBe(409);
    const shown = await manage('GET', '', administrator);
    expect(shown.text).not.toContain(connector.clientSecret);
    expect(shown.json()).toMatchObject({ enabled: true, clientId: connector.clientId });
    const all = await detections('/siem/api/alerts');
    expect(await detections('/api/alerts', (await feedToken(connector)).access_token)).toHaveLength(
      all.length,
    );
    const trail = await actions();
    expect(
      trail
        .filter(({ action }) => action === 'siem.enable')
        .map(({ outcome }) => outcome)
        .sort(),
    ).toEqual(['refused', 'refused', 'refused', 'success']);
    expect(JSON.stringify(trail)).not.toContain(connector.clientSecret);
  });

  it('gives a person tokens that last ninety days, for the devices of his groups', async () => {
    expect((await manage('POST', '/tokens', administrator, { userId: analyst.id })).status).toBe(403);
    const given = await manage('POST', '/tokens', administrator, {});
    expect(given.status, given.text).toBe(201);
    const { accessToken, refreshToken, refreshTokenExpires } = given.json();
    const all = await detections('/siem/api/alerts');
    expect(await detections('/api/alerts', accessToken)).toHaveLength(all.length);
    const days = (Date.parse(refreshTokenExpires) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
    expect((await server.call('/api/machines', { token: accessToken })).status).toBe(401);

    // As ArcSight and Splunk do, hour by hour, with the one refresh token.
    for (const more of [{}, { reauthenticate: 'true', resource: RESOURCE }]) {
      const fresh = await feedToken(connector, {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        ...more,
      });
      expect(fresh).toMatchObject({ token_type: 'Bearer', expires_in: '3599', refresh_token: refreshToken });
      expect(await detections('/api/alerts', fresh.access_token)).toHaveLength(all.length);
    }
    const wrong = await server.call(`/${reader.tenantId}/oauth2/token`, {
      form: {
        grant_type: 'refresh_token',
        client_id: connector.clientId,
        client_secret: connector.clientSecret,
        refresh_token: `${refreshToken}x`,
      },
    });
    expect([wrong.status, wrong.json().error]).toEqual([400, 'invalid_grant']);

    const hers = await server.cli('siem', 'tokens', '--for', 'tia');
    const seen = await detections('/siem/api/alerts', hers.accessToken);
    expect(seen).toEqual(all.filter((one) => one.ComputerDnsName.startsWith('ws-')));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(all.length);
    // Whoever loses the account loses the feed.
    await server.cli('account', 'disable', 'tia');
    const after = await server.call(`/${reader.tenantId}/oauth2/token`, {
      form: {
        grant_type: 'refresh_token',
        client_id: connector.clientId,
        client_secret: connector.clientSecret,
        refresh_token: hers.refreshToken,
      },
    });
    expect(after.status).toBe(400);
    await server.cli('account', 'enable', 'tia');
  });

  it('lets a connector sign its person in for ninety days', async () => {
    const redirect = 'https://localhost:44300/wdatpconnector';
    const query = new URLSearchParams({
      resource: RESOURCE,
      client_id: connector.clientId,
      response_type: 'code',
      redirect_uri: redirect,
    });
    const { name } = server.administrator;
    const back = await person(server, { name, password }).follow(
      `${server.url}/${reader.tenantId}/oauth2/authorize?${query}`,
    );
    const code = back.searchParams.get('code') ?? '';
    expect(back.href).toContain(redirect);
    const tokens = await feedToken(connector, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirect,
    });
    expect(tokens.refresh_token).toBeTruthy();
    const fresh = await feedToken(connector, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    });
    expect((await detections('/api/alerts', fresh.access_token)).length).toBeGreaterThan(0);
  });

  it('writes ready-made settings, with the secrets where they belong', async () => {
    const secretFile = join(folder, 'secret');
    await writeFile(secretFile, connector.clientSecret);
    for (const kind of ['generic', 'splunk', 'qradar', 'arcsight']) {
      const { files } = await server.cli(
        'siem',
        'files',
        kind,
        '--client-secret-file',
        secretFile,
        '--out',
        join(folder, kind),
      );
      const texts = await Promise.all(files.map((path: string) => readFile(path)));
      expect(texts.join('\n'), kind).toContain(connector.clientSecret);
      expect(texts.join('\n'), kind).toContain(connector.eventsUrl);
      expect(texts.join('\n'), kind).toContain(connector.tokenUrl);
      if (kind !== 'arcsight') continue;
      const zip = await unzip(await readFile(join(folder, kind, 'WDATP-connector.zip')));
      expect([...zip.keys()].sort()).toEqual([
        'WDATP-connector.jsonparser.properties',
        'WDATP-connector.properties',
      ]);
      expect(zip.get('WDATP-connector.properties')).toContain(`client_secret=${connector.clientSecret}`);
    }
    const withoutSecret = await manage('POST', '/files', administrator, { kind: 'splunk' });
    expect(withoutSecret.status, withoutSecret.text).toBe(200);
    const text = Buffer.from(withoutSecret.json().files[0].content, 'base64').toString();
    expect(text).toContain('oauth2_client_secret = <the client secret, shown once>');
  });

  it('lets an application of another tenant read, until that is withdrawn', async () => {
    const provider = await server.cli(
      'app',
      'create',
      '--tenant',
      'Fabrikam',
      '--name',
      'managed detection',
      '--permission',
      'Machine.Read.All',
      '--multi-tenant',
    );
    const here = { ...provider, tenantId: reader.tenantId };
    await expect(feedToken(here)).rejects.toThrow('AADSTS700016');
    const wrongTenant = { applicationId: provider.clientId, tenantId: reader.tenantId };
    expect((await manage('POST', '/authorised', administrator, wrongTenant)).status).toBe(404);
    const ask = { applicationId: provider.clientId.toUpperCase(), tenantId: provider.tenantId };
    expect((await manage('POST', '/authorised', analyst.token, ask)).status).toBe(403);
    const given = await manage('POST', '/authorised', administrator, ask);
    expect(given.status, given.text).toBe(201);
    expect((await manage('POST', '/authorised', administrator, ask)).status).toBe(409);
    const all = await detections('/siem/api/alerts');
    const { access_token } = await feedToken(here);
    expect(await detections('/api/alerts', access_token)).toHaveLength(all.length);
    // It reads detections: what it asks for at home it does not get here.
    const api = await server.token(here);
    expect((await server.call('/api/machines', { token: api })).status).toBe(403);
    expect((await manage('GET', '', administrator)).json().authorised).toMatchObject([
      { id: provider.clientId, tenantId: provider.tenantId, name: 'managed detection' },
    ]);
    expect((await manage('DELETE', `/authorised/${provider.clientId}`, administrator)).status).toBe(200);
    await expect(feedToken(here)).rejects.toThrow('AADSTS700016');
    expect((await manage('DELETE', `/authorised/${provider.clientId}`, administrator)).status).toBe(404);

    const own = await server.cli(
      'app',
      'create',
      '--tenant',
      'Fabrikam',
      '--name',
      'own',
      '--permission',
      'Alert.Read.All',
    );
    const closed = { applicationId: own.clientId, tenantId: own.tenantId };
    const refused = await manage('POST', '/authorised', administrator, closed);
    expect([refused.status, refused.json().error.code]).toEqual([403, 'DisallowedOperation']);
  });

  it('has its secret renewed, the oldest going, and is turned off with all that it gave', async () => {
    const renewed = await server.cli('siem', 'renew-secret');
    const again = (await manage('POST', '/secret', administrator, { secretDays: 30 })).json();
    await expect(feedToken(connector)).rejects.toThrow('AADSTS7000215');
    for (const { clientSecret } of [renewed, again])
      expect((await feedToken({ ...connector, clientSecret })).access_token).toBeTruthy();
    const { refreshToken } = (await manage('POST', '/tokens', administrator, {})).json();
    expect((await manage('DELETE', '', analyst.token)).status).toBe(403);
    const off = await manage('DELETE', '', administrator);
    expect(off.status, off.text).toBe(200);
    await expect(feedToken({ ...connector, clientSecret: again.clientSecret })).rejects.toThrow(
      'AADSTS700016',
    );
    await expect(
      feedToken(
        { ...connector, clientSecret: again.clientSecret },
        { grant_type: 'refresh_token', refresh_token: refreshToken },
      ),
    ).rejects.toThrow('AADSTS700016');
    expect((await manage('GET', '', administrator)).json()).toMatchObject({ enabled: false, clientId: null });
    expect((await manage('DELETE', '', administrator)).status).toBe(404);
    // It can be turned on again, and is another application then.
    const fresh = await server.cli('siem', 'enable', '--secret-days', '7');
    expect(fresh.clientId).not.toBe(connector.clientId);
    const names = new Set((await actions()).map(({ action }) => action));
    for (const action of [
      'siem.enable',
      'siem.generateTokens',
      'siem.renewSecret',
      'siem.authorise',
      'siem.withdraw',
      'siem.disable',
    ])
      expect(names.has(action), action).toBe(true);
  });
});

it('keeps the audience of the API what it was', async () => {
  const app = await server.createApp('Alert.Read.All');
  const answer = await server.call(`/${app.tenantId}/oauth2/v2.0/token`, {
    form: {
      grant_type: 'client_credentials',
      client_id: app.clientId,
      client_secret: app.clientSecret,
      scope: `${AUDIENCE}/.default`,
    },
  });
  const page = await server.call('/api/alerts', { token: answer.json().access_token });
  expect(page.json()['@odata.context']).toContain('#Alerts');
});
