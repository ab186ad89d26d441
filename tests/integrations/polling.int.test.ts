/**
 * Integrations poll by time, each in its own way, while other connections create and change alerts. None misses anything; those that ask for what came
 * strictly after the last they saw get nothing twice.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet, withoutAutomation } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';
import { createAlert, type EventReference, eventsToAlertOn, writeAlerts } from './alert-writer.ts';
import { ChronicleSoar } from './clients/chronicle-soar.ts';
import { CortexEventCollector } from './clients/cortex-event-collector.ts';
import { CortexXsoar } from './clients/cortex-xsoar.ts';
import { CortexXsoarXdr } from './clients/cortex-xsoar-xdr.ts';
import { ElasticAgent } from './clients/elastic-agent.ts';
import { IbmSoar } from './clients/ibm-soar.ts';
import { InsightConnect } from './clients/insightconnect.ts';
import { OpenCti } from './clients/opencti.ts';
import { Sekoia } from './clients/sekoia.ts';
import { SplunkAddon } from './clients/splunk-addon.ts';
import { Wazuh } from './clients/wazuh.ts';
import { type Deployment, type Row, Traffic } from './traffic.ts';

const WRITERS = 4;
const ALERTS_EACH = 12;

let server: TestServer;
let fleet: DemoFleet;
let token: string;
let deployment: Deployment;
let events: EventReference[];
const traffic = new Traffic();

const everything = async (path: string): Promise<Row[]> => {
  const found: Row[] = [];
  let url: string | undefined = path;
  while (url !== undefined) {
    const answer = await server.call(url, { token });
    if (answer.status !== 200) throw new Error(answer.text);
    found.push(...answer.json().value);
    url = answer.json()['@odata.nextLink'];
  }
  return found;
};

beforeAll(async () => {
  server = await startServer();
  await withoutAutomation(server);
  fleet = await startDemoFleet(server);
  const permissions = [
    'Alert.ReadWrite.All',
    'Incident.ReadWrite.All',
    'SecurityAlert.ReadWrite.All',
    'SecurityIncident.ReadWrite.All',
    'AdvancedQuery.Read.All',
  ];
  token = await server.token(await server.createApp(...permissions));
  deployment = { server, traffic, app: await server.createApp(...permissions) };
  let before = -1;
  await eventually(
    'the alerts of the fleet',
    async () => {
      const { length } = await everything('/api/alerts');
      const settled = length > 5 && length === before;
      before = length;
      return settled;
    },
    { withinMs: 60_000, everyMs: 2_000 },
  );
  events = await eventsToAlertOn(server, token);
}, 180_000);
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
});

interface Poller {
  readonly name: string;
  /** One look: what was new to it. */
  poll(): Promise<readonly Row[]>;
  readonly key: 'id' | 'incidentId';
  readonly time: 'alertCreationTime' | 'createdTime' | 'lastUpdateTime' | 'lastUpdateDateTime';
  /** Asks strictly, or knows what it had: nothing comes twice. */
  readonly exact: boolean;
  readonly seen: Row[];
}

async function pollers(since: string): Promise<Poller[]> {
  const xsoar = new CortexXsoar(deployment);
  await xsoar.signIn();
  xsoar.startFrom(since);
  const collector = new CortexEventCollector(deployment, since);
  const insight = new InsightConnect(deployment);
  await insight.signIn();
  await insight.startTrigger();
  const chronicle = new ChronicleSoar(deployment);
  await chronicle.signIn();
  const sekoiaAlerts = new Sekoia(deployment, '/api/alerts', since);
  const sekoiaIncidents = new Sekoia(deployment, '/api/incidents', since);
  const elastic = new ElasticAgent(deployment, 'defender v1');
  const elasticGraph = new ElasticAgent(deployment, 'graph');
  const opencti = new OpenCti(deployment);
  const ibmIncidents = new IbmSoar(deployment, new Date(since));
  const ibmAlerts = new IbmSoar(deployment, new Date(since));
  for (const client of [
    sekoiaAlerts,
    sekoiaIncidents,
    elastic,
    elasticGraph,
    opencti,
    ibmIncidents,
    ibmAlerts,
  ])
    await client.signIn();
  const xdr = new CortexXsoarXdr(deployment, since);
  await xdr.signIn();
  const splunk = new SplunkAddon(deployment, since);
  const wazuh = new Wazuh(deployment, since);
  const elasticAlerts = elastic.updatedAlerts(since);
  const elasticGraphAlerts = elasticGraph.graphUpdates('alerts_v2', since, 2_000);
  let openctiSince = Math.floor(Date.parse(since) / 1_000);

  const created = { key: 'id', time: 'alertCreationTime', exact: true } as const;
  const updated = { key: 'id', time: 'lastUpdateTime' } as const;
  return [
    { ...created, name: 'Cortex XSOAR', poll: () => xsoar.fetchIncidents(), seen: [] },
    {
      ...created,
      name: 'Cortex XSIAM event collector',
      async poll() {
        const rows = await collector.fetchEvents();
        return [...new Map(rows.map((row) => [row.id, row])).values()];
      },
      seen: [],
    },
    { ...created, name: 'InsightConnect', poll: () => insight.newAlerts(), seen: [] },
    { ...created, name: 'Google SecOps', poll: () => chronicle.fetchAlerts(Date.parse(since) + 1), seen: [] },
    { ...created, name: 'Wazuh', poll: () => wazuh.run(), seen: [] },
    {
      key: 'incidentId',
      time: 'createdTime',
      exact: true,
      name: 'Cortex XSOAR incidents',
      poll: () => xdr.fetchIncidents(),
      seen: [],
    },
    {
      key: 'incidentId',
      time: 'lastUpdateTime',
      exact: false,
      name: 'Cortex XSOAR mirroring',
      poll: () => xdr.modifiedRemoteData(new Date()),
      seen: [],
    },
    { ...updated, exact: true, name: 'Splunk add-on', poll: () => splunk.collectEvents(), seen: [] },
    { ...updated, exact: true, name: 'Sekoia alerts', poll: () => sekoiaAlerts.fetchEvents(), seen: [] },
    {
      key: 'incidentId',
      time: 'lastUpdateTime',
      exact: true,
      name: 'Sekoia incidents',
      poll: () => sekoiaIncidents.fetchEvents(),
      seen: [],
    },
    { ...updated, exact: false, name: 'Elastic log', poll: elasticAlerts, seen: [] },
    {
      key: 'id',
      time: 'lastUpdateDateTime',
      exact: false,
      name: 'Elastic m365_defender alert',
      poll: elasticGraphAlerts,
      seen: [],
    },
    {
      key: 'id',
      time: 'lastUpdateDateTime',
      exact: false,
      name: 'OpenCTI',
      async poll() {
        const found = await opencti.incidents(openctiSince);
        for (const { lastUpdateDateTime } of found)
          openctiSince = Math.max(openctiSince, Math.floor(Date.parse(lastUpdateDateTime) / 1_000));
        return found;
      },
      seen: [],
    },
    {
      key: 'incidentId',
      time: 'lastUpdateTime',
      exact: false,
      name: 'IBM incidents',
      poll: () => ibmIncidents.poll('incidents', new Date()),
      seen: [],
    },
    {
      ...updated,
      exact: false,
      name: 'IBM alerts',
      poll: () => ibmAlerts.poll('alerts', new Date()),
      seen: [],
    },
  ];
}

const versions = (rows: readonly Row[], { key, time }: Pick<Poller, 'key' | 'time'>) =>
  rows.map((row) => `${row[key]} ${row[time]}`);

describe('polling by time under concurrent writes', () => {
  let all: Poller[];
  let made: string[];
  let since: string;

  beforeAll(async () => {
    since = (await everything('/api/alerts?$orderby=lastUpdateTime desc&$top=1'))[0].lastUpdateTime;
    all = await pollers(since);
    let writing = true;
    const polling = all.map(async (poller) => {
      while (writing) poller.seen.push(...(await poller.poll()));
      poller.seen.push(...(await poller.poll()));
    });
    const written = await Promise.all(
      Array.from({ length: WRITERS }, (_, i) =>
        writeAlerts(server, token, events.slice(i * 10), { writer: `writer ${i}`, count: ALERTS_EACH }),
      ),
    ).finally(() => {
      writing = false;
    });
    made = written.flat();
    await Promise.all(polling);
  }, 300_000);

  it('happened while many requests came', () => {
    expect(made.length).toBe(WRITERS * ALERTS_EACH);
    expect(new Set(made).size).toBe(made.length);
    expect(traffic.requests).toBeGreaterThan(made.length);
    console.log(
      `${all.length} pollers of ${traffic.integrations.length} integrations sent ${traffic.requests} requests while ${made.length} alerts were made and changed`,
    );
  });

  it('gave each alert a time of creation of its own', async () => {
    const times = (await everything('/api/alerts')).map((alert) => alert.alertCreationTime);
    expect(new Set(times).size).toBe(times.length);
  });

  it('by the time of creation gets every alert, once', () => {
    for (const poller of all.filter(({ time }) => time === 'alertCreationTime')) {
      const ids = poller.seen.map(({ id }) => id);
      expect(ids.sort(), poller.name).toEqual([...made].sort());
    }
  });

  it('by the time of creation gets every incident, once', async () => {
    const made = (await everything('/api/incidents')).filter(({ createdTime }) => createdTime > since);
    expect(made.length).toBeGreaterThan(0);
    for (const poller of all.filter(({ time }) => time === 'createdTime'))
      expect(versions(poller.seen, poller).sort(), poller.name).toEqual(versions(made, poller).sort());
  });

  it('by the time of the last update gets every row as it is in the end', async () => {
    const final = {
      'id lastUpdateTime': await everything('/api/alerts'),
      'incidentId lastUpdateTime': await everything('/api/incidents'),
      OpenCTI: await everything('/v1.0/security/incidents'),
      'Elastic m365_defender alert': await everything('/v1.0/security/alerts_v2'),
    };
    for (const poller of all.filter(({ time }) => time.startsWith('lastUpdate'))) {
      const rows =
        final[poller.name as keyof typeof final] ??
        final[`${poller.key} ${poller.time}` as keyof typeof final];
      const changed = rows.filter((row) => row[poller.time] > since);
      expect(changed.length, poller.name).toBeGreaterThan(0);
      const seen = new Set(versions(poller.seen, poller));
      expect(
        versions(changed, poller).filter((version) => !seen.has(version)),
        poller.name,
      ).toEqual([]);
    }
  });

  it('gets nothing twice where it asks for what came strictly after', () => {
    for (const poller of all.filter(({ exact }) => exact)) {
      const seen = versions(poller.seen, poller);
      expect(seen.length - new Set(seen).size, poller.name).toBe(0);
    }
  });
});

describe('pages of what changes meanwhile', () => {
  it('hold every incident there was, once, to the end', async () => {
    // A resolved incident takes nothing more, so each alert begins one.
    const open = (await everything("/api/alerts?$filter=status ne 'Resolved'")).map(({ id }) => id);
    const closed = await server.call('/api/alerts/batchUpdate', {
      token,
      json: { alertIds: open, status: 'Resolved' },
    });
    expect(closed.status, closed.text).toBe(200);
    for (let i = 0; i < 52; i++) {
      const event = events[i % events.length];
      if (event === undefined) throw new Error('there is no event');
      const id = await createAlert(server, token, event, `paged ${i}`);
      const answer = await server.call(`/api/alerts/${id}`, {
        method: 'PATCH',
        token,
        json: { status: 'Resolved' },
      });
      expect(answer.status).toBe(200);
    }
    const before = (await everything('/v1.0/security/incidents')).map(({ id }) => id);
    // More than one page of Graph holds.
    expect(before.length).toBeGreaterThan(50);
    const opencti = new OpenCti(deployment);
    await opencti.signIn();
    const [found] = await Promise.all([
      opencti.incidents(0),
      writeAlerts(server, token, events, { writer: 'between pages', count: 8 }),
    ]);
    const ids = found.map(({ id }) => id);
    expect(ids.length).toBe(new Set(ids).size);
    expect(before.filter((id) => !ids.includes(id))).toEqual([]);
  }, 120_000);
});
