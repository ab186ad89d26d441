/** What integrations ask of a server in the order in which they ask it, each in its own spelling, and how they branch on the answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { onceFolded } from '../support/once-folded.ts';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';
import { type EventReference, eventsToAlertOn } from './alert-writer.ts';
import { ChronicleSoar } from './clients/chronicle-soar.ts';
import { CortexXsoar } from './clients/cortex-xsoar.ts';
import { CortexXsoarXdr } from './clients/cortex-xsoar-xdr.ts';
import { ElasticAgent } from './clients/elastic-agent.ts';
import { IbmSoar } from './clients/ibm-soar.ts';
import { InsightConnect } from './clients/insightconnect.ts';
import { Msticpy } from './clients/msticpy.ts';
import { OpenCti } from './clients/opencti.ts';
import { Psmdatp } from './clients/psmdatp.ts';
import { Sekoia } from './clients/sekoia.ts';
import { SplunkAddon } from './clients/splunk-addon.ts';
import { SplunkSoar } from './clients/splunk-soar.ts';
import { TheHiveCortex } from './clients/thehive-cortex.ts';
import { Wazuh } from './clients/wazuh.ts';
import { type Deployment, type Row, Traffic } from './traffic.ts';

let server: TestServer;
let fleet: DemoFleet;
let app: TestApp;
let deployment: Deployment;
let event: EventReference;
let device: Row;
let alert: Row;
/** Of a file, an address, a host and an account that the fleet really told of. */
let sha1: string;
let ip: string;
let host: string;
let account: string;
const traffic = new Traffic();
let sequences = 0;
const UNKNOWN_DEVICE = 'f'.repeat(40);

const get = async (path: string, as: string): Promise<Row> => (await server.call(path, { token: as })).json();

beforeAll(async () => {
  server = await startServer();
  fleet = await startDemoFleet(server);
  app = await server.createApp(
    'Alert.ReadWrite.All',
    'Machine.ReadWrite.All',
    'Machine.Isolate',
    'AdvancedQuery.Read.All',
    'AdvancedHunting.Read.All',
    'ThreatHunting.Read.All',
    'Incident.ReadWrite.All',
    'SecurityAlert.ReadWrite.All',
    'SecurityIncident.ReadWrite.All',
    'File.Read.All',
    'Ip.Read.All',
    'URL.Read.All',
    'User.Read.All',
    'Software.Read.All',
    'Vulnerability.Read.All',
    'SecurityRecommendation.Read.All',
  );
  deployment = { server, app, traffic };
  const token = await server.token(app);
  await eventually('alerts', async () => (await get('/api/alerts', token)).value.length > 5, {
    withinMs: 30_000,
  });
  [event] = (await eventsToAlertOn(server, token)) as [EventReference];
  [alert] = (await get('/api/alerts?$orderby=alertCreationTime asc&$top=1&$expand=evidence', token)).value;
  device = await get(`/api/machines/${alert.machineId}`, token);
  const hunt = async (Query: string): Promise<Row> =>
    (await server.call('/api/advancedqueries/run', { token, json: { Query } })).json().Results[0];
  ({ SHA1: sha1 } = await hunt('DeviceProcessEvents | where isnotempty(SHA1) | take 1'));
  ({ RemoteIP: ip, RemoteUrl: host } = await hunt(
    'DeviceNetworkEvents | where isnotempty(RemoteUrl) and isnotempty(RemoteIP) | take 1',
  ));
  ({ AccountName: account } = await hunt('DeviceLogonEvents | where isnotempty(AccountName) | take 1'));
}, 180_000);
afterAll(async () => {
  console.log(
    `${sequences} sequences of ${traffic.integrations.length} integrations, ${traffic.requests} requests`,
  );
  await fleet?.stop();
  await server?.dispose();
});

const sequence = (name: string, run: () => Promise<void>) =>
  it(name, async () => {
    await run();
    sequences++;
  });

describe('Cortex XSOAR', () => {
  const client = async () => {
    const xsoar = new CortexXsoar(deployment);
    await xsoar.signIn();
    return xsoar;
  };
  const bodyOf = async (found: ReturnType<CortexXsoar['command']>): Promise<Row> => {
    const outcome = await found;
    if (outcome.kind !== 'ok') throw new Error(outcome.message);
    return outcome.body;
  };

  sequence('fetches alerts in small pages to the end', async () => {
    const xsoar = await client();
    const seen: string[] = [];
    for (let page = await xsoar.fetchIncidents(3); page.length > 0; page = await xsoar.fetchIncidents(3))
      seen.push(...page.map(({ id }) => id));
    const all = await bodyOf(xsoar.command('GET', '/alerts'));
    expect(seen).toEqual(
      [...all.value]
        .sort((a: Row, b: Row) => a.alertCreationTime.localeCompare(b.alertCreationTime))
        .map(({ id }: Row) => id),
    );
  });

  sequence('looks devices up in its many ways', async () => {
    const xsoar = await client();
    const machines = (params: Record<string, string | number>) =>
      bodyOf(xsoar.command('GET', '/machines', { params }));
    const byName = await machines({
      $filter: `computerDnsName+eq+'${device.computerDnsName}' and healthStatus+eq+'Active'`,
    });
    expect(byName.value.map(({ id }: Row) => id)).toContain(device.id);
    expect(
      (await machines({ $filter: `computerDnsName eq '${device.computerDnsName}'or id eq '${device.id}'` }))
        .value[0].id,
    ).toBe(device.id);
    const pages = [
      await machines({ $skip: '0', $top: '2' }),
      await machines({ $skip: '2', $top: '2' }),
    ].flatMap(({ value }) => value.map(({ id }: Row) => id));
    expect(new Set(pages).size).toBe(4);
    await onceFolded(async () => {
      const byIp = await bodyOf(
        xsoar.command(
          'GET',
          `/machines/findbyip(ip='${device.lastIpAddress}',timestamp=${new Date().toISOString().slice(0, 19)}Z)`,
        ),
      );
      expect(byIp.value.map(({ id }: Row) => id)).toContain(device.id);
    });
    expect((await bodyOf(xsoar.command('GET', `/machines/${device.id}/logonusers`))).value).toBeInstanceOf(
      Array,
    );
  });

  sequence('goes from an alert to what it is about, and back from files, addresses and accounts', () =>
    onceFolded(async () => {
      const xsoar = await client();
      for (const about of ['files', 'ips', 'domains'])
        expect((await bodyOf(xsoar.command('GET', `/alerts/${alert.id}/${about}`))).value).toBeInstanceOf(
          Array,
        );
      expect((await bodyOf(xsoar.command('GET', `/files/${sha1}`))).sha1).toBe(sha1);
      for (const path of [
        `/files/${sha1}/stats`,
        `/files/${sha1}/alerts`,
        `/files/${sha1}/machines`,
        `/domains/${host}/stats`,
        `/domains/${host}/alerts`,
        `/domains/${host}/machines`,
        `/ips/${ip}/stats`,
        `/ips/${ip}/alerts`,
        `/users/${account}/alerts`,
        `/users/${account}/machines`,
      ])
        expect((await xsoar.command('GET', path)).kind, path).toBe('ok');
    }),
  );

  sequence('makes and updates an alert, tags a device, hunts', async () => {
    const xsoar = await client();
    const made = await bodyOf(
      xsoar.command('POST', '/alerts/CreateAlertByReference', {
        json: {
          ...event,
          severity: 'Low',
          title: 'From a playbook',
          description: 'Made by a playbook.',
          recommendedAction: 'Look.',
          category: 'Discovery',
        },
      }),
    );
    const updated = await bodyOf(
      xsoar.command('PATCH', `/alerts/${made.id}`, {
        json: {
          status: 'Resolved',
          assignedTo: 'soc@contoso.example',
          classification: 'FalsePositive',
          determination: 'Malware',
          comment: 'Closed by a playbook.',
        },
      }),
    );
    expect(updated).toMatchObject({ status: 'Resolved', classification: 'FalsePositive' });
    const tags = { Value: 'playbook', Action: 'Add' };
    expect(
      (await bodyOf(xsoar.command('POST', `/machines/${device.id}/tags`, { json: tags }))).machineTags,
    ).toContain('playbook');
    const { Results } = await bodyOf(
      xsoar.command('POST', '/advancedqueries/run', {
        json: { Query: 'DeviceInfo | where Timestamp >= ago(1d) | take 1' },
      }),
    );
    expect(Results.length).toBe(1);
  });

  sequence('tells what is not there from what was asked wrongly', async () => {
    const xsoar = await client();
    expect(await xsoar.command('GET', '/alerts/da0_0')).toMatchObject({
      kind: 'not found',
      message: expect.stringMatching(/^ResourceNotFound: /),
    });
    expect(await xsoar.command('GET', `/machines/${UNKNOWN_DEVICE}`)).toMatchObject({ kind: 'not found' });
    expect(await xsoar.command('GET', '/alerts', { params: { $filter: "colour+eq+'red'" } })).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/^ODataError: .*colour/),
    });
    expect(
      await xsoar.command('POST', '/advancedqueries/run', { json: { Query: 'NoSuchTable' } }),
    ).toMatchObject({ kind: 'refused', message: expect.stringMatching(/^BadRequest: .*NoSuchTable/) });
  });
});

describe('Cortex XSOAR, Microsoft 365 Defender', () => {
  sequence('fetches, filters and changes incidents', async () => {
    const xdr = new CortexXsoarXdr(deployment, '2020-01-01T00:00:00Z');
    await xdr.signIn();
    const found = await xdr.fetchIncidents();
    expect(found.length).toBeGreaterThan(0);
    expect(await xdr.fetchIncidents()).toEqual([]);
    const [incident] = found;
    const changed = await xdr.updateIncident(incident.incidentId, {
      status: 'Active',
      assignedTo: 'xdr@contoso.example',
      classification: 'Unknown',
      determination: 'NotAvailable',
      tags: ['xsoar'],
      comment: 'Mirrored.',
    });
    expect(changed).toMatchObject({ assignedTo: 'xdr@contoso.example', tags: ['xsoar'] });
    const assigned = await xdr.listIncidents(
      "status eq 'Active' and assignedTo eq 'xdr@contoso.example' and createdTime gt 2020-01-01T00:00:00.000000Z",
    );
    expect(assigned.map(({ incidentId }) => incidentId)).toEqual([incident.incidentId]);
    await expect(xdr.updateIncident(999_999, { comment: 'x' })).rejects.toThrow(/999999/);
  });
});

describe('Splunk add-on and Wazuh', () => {
  sequence('read the alerts there are, and none a second time', async () => {
    for (const look of [
      (
        (addon) => () =>
          addon.collectEvents()
      )(new SplunkAddon(deployment, '2020-01-01T00:00:00Z')),
      (
        (wodle) => () =>
          wodle.run()
      )(new Wazuh(deployment, '2020-01-01T00:00:00Z')),
    ]) {
      expect((await look()).length).toBeGreaterThan(5);
      expect(await look()).toEqual([]);
    }
  });
});

describe('Splunk SOAR', () => {
  sequence('tests its connection, and signs in again when its token is no longer taken', async () => {
    const splunk = new SplunkSoar(deployment);
    await splunk.signIn();
    expect((await splunk.act('GET', '/alerts?$top=1')).status).toBe('success');
    splunk.forgetSignIn();
    const before = traffic.requests;
    expect((await splunk.act('GET', '/machines?$top=100')).status).toBe('success');
    expect(traffic.requests - before).toBe(3);
  });

  sequence('lists and asks for prevalence', () =>
    onceFolded(async () => {
      const splunk = new SplunkSoar(deployment);
      await splunk.signIn();
      for (const endpoint of [
        `/domains/${host}/machines?$top=10`,
        `/files/${sha1}/machines?$top=10`,
        `/ips/${ip}/alerts?$top=10`,
        `/domains/${host}/alerts?$top=10`,
        `/files/${sha1}/alerts?$top=10`,
        `/alerts/${alert.id}`,
        `/machines/${device.id}/logonusers`,
        `/machines/${device.id}/software`,
        `/machines/${device.id}/vulnerabilities`,
        `/machines/${device.id}/getmissingkbs`,
        `/files/${sha1}`,
        `/files/${sha1}/stats?lookBackHours=24`,
        `/ips/${ip}/stats?lookBackHours=720`,
        `/domains/${host}/stats?lookBackHours=1`,
        `/users/${account}/machines`,
      ])
        expect((await splunk.act('GET', endpoint)).status, endpoint).toBe('success');
    }),
  );

  sequence('says what failed in the words of the error', async () => {
    const splunk = new SplunkSoar(deployment);
    await splunk.signIn();
    expect(await splunk.act('GET', '/machineactions/11111111-1111-4111-8111-111111111111')).toMatchObject({
      message: expect.stringMatching(/Status Code: 404 Error Code: ResourceNotFound Data from server: \S/),
    });
    expect(await splunk.act('PATCH', `/alerts/${alert.id}`, { status: 'Closed' })).toMatchObject({
      message: expect.stringContaining('Status Code: 400'),
    });
    expect(await splunk.act('GET', '/ips/not-an-address/stats?lookBackHours=24')).toMatchObject({
      message: expect.stringContaining('Error Code: InvalidIpAddress'),
    });
    expect(
      await splunk.act('POST', `/machines/${device.id}/tags`, { Value: 'x', Action: 'Toggle' }),
    ).toMatchObject({
      message: expect.stringContaining('Status Code: 400'),
    });
  });
});

describe('Elastic Agent', () => {
  sequence('collects updated alerts with their evidence', async () => {
    const agent = new ElasticAgent(deployment, 'defender v1');
    await agent.signIn();
    const found = await agent.updatedAlerts('2020-01-01T00:00:00.1234567Z')();
    expect(found.length).toBeGreaterThan(5);
    expect(found.every(({ evidence }) => Array.isArray(evidence))).toBe(true);
  });

  sequence('collects all devices and machine actions by offset', async () => {
    const agent = new ElasticAgent(deployment, 'defender v2');
    await agent.signIn();
    const machines = await agent.machines(2);
    expect(machines.length).toBeGreaterThan(4);
    expect(new Set(machines.map(({ id }) => id)).size).toBe(machines.length);
    expect(await agent.machineActions('2020-01-01T00:00:00.123456789Z', 100)).toBeInstanceOf(Array);
  });

  sequence('collects alerts and incidents of Graph by offset', async () => {
    const agent = new ElasticAgent(deployment, 'graph');
    await agent.signIn();
    for (const [set, batch] of [
      ['alerts_v2', 4],
      ['incidents', 2],
    ] as const) {
      const found = await agent.graphUpdates(set, '2020-01-01T00:00:00Z', batch)();
      const all = await agent.get(`/v1.0/security/${set}`, {});
      expect(found.map(({ id }) => id).sort(), set).toEqual(all.value.map(({ id }) => id).sort());
    }
  });
});

describe('Rapid7 InsightConnect', () => {
  const client = async () => {
    const insight = new InsightConnect(deployment);
    await insight.signIn();
    return insight;
  };

  sequence('finds a device by id, by name and by address, or says that there is none', async () => {
    const insight = await client();
    expect((await insight.findFirstMachine(device.id)).id).toBe(device.id);
    expect((await insight.findFirstMachine(device.id.toUpperCase())).id).toBe(device.id);
    expect((await insight.findFirstMachine(device.computerDnsName)).id).toBe(device.id);
    expect((await insight.findFirstMachine(device.lastIpAddress)).lastIpAddress).toBe(device.lastIpAddress);
    await expect(insight.findFirstMachine('no-such-device')).rejects.toMatchObject({ preset: 'NOT_FOUND' });
    await expect(insight.findFirstMachine(UNKNOWN_DEVICE)).rejects.toMatchObject({ preset: 'NOT_FOUND' });
  });

  sequence('asks what an alert and a device have, and changes them', async () => {
    const insight = await client();
    for (const path of [
      'alerts?$top=1',
      `alerts/${alert.id}/files`,
      `machines/${device.id}/recommendations`,
      `machines/${device.id}/getmissingkbs`,
      `files/${sha1}/machines`,
      `domains/${host}/machines`,
      `users/${account}/machines`,
    ])
      expect((await insight.call('GET', path)).value, path).toBeInstanceOf(Array);
    const tag = { Value: 'insight', Action: 'Add' };
    expect((await insight.call('POST', `machines/${device.id}/tags`, tag)).machineTags).toContain('insight');
    expect(
      await insight.call('GET', `Software/none/machineReferences`, undefined, { allowEmpty: true }),
    ).toEqual({});
  });

  sequence('tells a refused token from a missing permission', async () => {
    const insight = await client();
    insight.forgetSignIn();
    await expect(insight.call('GET', 'alerts')).rejects.toMatchObject({ preset: 'USERNAME_PASSWORD' });
    const narrow = new InsightConnect({ ...deployment, app: await server.createApp('Machine.Read.All') });
    await narrow.signIn();
    await expect(narrow.call('GET', 'alerts')).rejects.toMatchObject({ preset: 'API_KEY' });
  });
});

describe('TheHive Cortex', () => {
  sequence('finds the device of an observable and isolates it', async () => {
    const cortex = new TheHiveCortex(deployment);
    await cortex.signIn();
    const id = device.aadDeviceId ?? device.id;
    expect(await cortex.machineOf('hostname', device.computerDnsName, new Date())).toBe(id);
    expect(await cortex.machineOf('ip', device.lastIpAddress, new Date())).not.toBeNull();
    expect(await cortex.machineOf('hostname', 'no-such-device', new Date())).toBeNull();
    const body = { Comment: 'Isolate machine due to TheHive case 7', IsolationType: 'Full' };
    expect(await cortex.respond(device.id, 'isolate', body)).toBe('done');
    expect(await cortex.respond(UNKNOWN_DEVICE, 'isolate', body)).toBe('error');
  });
});

describe('PSMDATP', () => {
  sequence('reads alerts and devices, tags one and hunts', async () => {
    const shell = new Psmdatp(deployment);
    expect((await shell.getAlert({ pastHours: 24 })).length).toBeGreaterThan(5);
    const high = await shell.getAlert({ pastHours: 24, severity: 'High' });
    expect(high.every(({ severity }) => severity === 'High')).toBe(true);
    const active = await shell.getDevice("healthStatus eq 'Active' and riskscore eq 'High'");
    expect(active.every(({ riskScore }) => riskScore === 'High')).toBe(true);
    expect((await shell.getDevice(`ComputerDNSName eq '${device.computerDnsName}'`))[0]?.id).toBe(device.id);
    expect((await shell.getDevice(`id eq '${device.id}'`)).length).toBe(1);
    expect(await shell.deviceTag(device.computerDnsName.toUpperCase(), 'shell', 'Add')).toBe(true);
    expect(await shell.deviceTag(device.computerDnsName, 'shell', 'Remove')).toBe(true);
    const rows = await shell.getQuery(
      `DeviceInfo | where DeviceName == '${device.computerDnsName}'|where Timestamp > ago(30d)`,
    );
    expect(rows.length).toBeGreaterThan(0);
  });
});

describe('Google SecOps SOAR', () => {
  sequence('asks for alerts and devices by several conditions, and shows an error in its words', async () => {
    const soar = new ChronicleSoar(deployment);
    await soar.signIn();
    const found = await soar.alerts({
      incidentId: alert.incidentId,
      statuses: ['New', 'InProgress', 'Resolved'],
      severities: [alert.severity],
      startTimestamp: Date.parse(alert.alertCreationTime),
      limit: 10,
    });
    expect(found.map(({ id }) => id)).toContain(alert.id);
    const machines = await soar.machines(
      `(RiskScore eq 'High' or RiskScore eq 'Medium' or RiskScore eq 'Low' or RiskScore eq 'None') and startswith(computerDnsName, '${device.computerDnsName}') and lastSeen ge 2020-01-01T00:00:00.000000Z`,
    );
    expect(machines.value.map(({ id }) => id)).toContain(device.id);
    expect(
      (await soar.get(`/api/machines/${device.id}/alerts`, { $filter: "(status eq 'New')" })).value,
    ).toBeInstanceOf(Array);
    expect((await soar.get(`/api/incidents/${alert.incidentId}`)).incidentId).toBe(alert.incidentId);
    expect(
      await soar.updateAlert(alert.id, {
        status: 'InProgress',
        assignedTo: 'soar@contoso.example',
        classification: 'TruePositive',
        determination: 'SecurityTesting',
      }),
    ).toMatchObject({ status: 'InProgress', assignedTo: 'soar@contoso.example' });
    await expect(soar.get('/api/machines', { $filter: "contains(noSuch, 'x')" })).rejects.toThrow(/noSuch/);
    const action = '11111111-1111-4111-8111-111111111111';
    expect((await soar.get('/api/machineactions', { $filter: `id eq ${action}` })).value).toEqual([]);
  });
});

describe('Sekoia.io', () => {
  sequence('reads incidents, and updates an alert at an address that ends with a slash', async () => {
    const sekoia = new Sekoia(deployment, '/api/incidents', '2020-01-01T00:00:00Z');
    await sekoia.signIn();
    expect((await sekoia.fetchEvents()).length).toBeGreaterThan(0);
    expect(await sekoia.fetchEvents()).toEqual([]);
    expect(
      await sekoia.updateAlert(alert.id, {
        comment: 'Seen.',
        classification: 'InformationalExpectedActivity',
        determination: 'SecurityTesting',
      }),
    ).toMatchObject({ classification: 'InformationalExpectedActivity' });
  });
});

describe('OpenCTI', () => {
  sequence('reads incidents with their alerts from a time with an offset', async () => {
    const opencti = new OpenCti(deployment);
    await opencti.signIn();
    const found = await opencti.incidents(0);
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ alerts }) => alerts.length > 0)).toBe(true);
    expect(await opencti.incidents(4_000_000_000)).toEqual([]);
  });
});

describe('IBM QRadar SOAR', () => {
  sequence('polls incidents, finds devices, resolves an incident and comments on it', async () => {
    const soar = new IbmSoar(deployment, new Date('2020-01-01T00:00:00Z'));
    await soar.signIn();
    const incidents = await soar.poll('incidents', new Date());
    expect(incidents.some(({ incidentId }) => incidentId === alert.incidentId)).toBe(true);
    const byName = await soar.call(
      'GET',
      `api/machines?$filter=startswith(computerDnsName,'${device.computerDnsName}')`,
    );
    expect(byName.result.value.map(({ id }: Row) => id)).toContain(device.id);
    const byId = await soar.call('GET', `api/machines?$filter=id+eq+'${device.id}'`);
    expect(byId.result.value.length).toBe(1);
    const change = await soar.call('PATCH', `api/incidents/${alert.incidentId}`, {
      status: 'Resolved',
      classification: 'TruePositive',
      determination: 'Malware',
      comment: 'Closed there.',
    });
    expect(change, change.reason ?? '').toMatchObject({ status: true, result: { status: 'Resolved' } });
    const missing = await soar.call('GET', 'api/incidents/999999');
    expect(missing).toMatchObject({ status: false, reason: expect.stringContaining('999999') });
  });
});

describe('MSTICPy', () => {
  for (const environment of ['MDE', 'M365D', 'M365DGraph'] as const)
    sequence(`hunts over ${environment} and reads times by the schema`, async () => {
      const driver = new Msticpy(deployment, environment);
      await driver.connect();
      const rows = await driver.query(
        'DeviceProcessEvents | project Timestamp, DeviceName, FileName | top 3 by Timestamp',
      );
      expect(rows.length).toBe(3);
      expect(
        rows.every(({ Timestamp }) => Timestamp instanceof Date && !Number.isNaN(Timestamp.getTime())),
      ).toBe(true);
      await expect(driver.query('DeviceProcessEvents | where')).rejects.toThrow(/\S/);
    });
});
