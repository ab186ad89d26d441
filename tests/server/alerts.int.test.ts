/** Alerts and incidents as clients read and change them, at the service's addresses and at those that followed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

let server: TestServer;
let fleet: DemoFleet;
/** Holds everything about alerts and incidents. */
let token: string;
let reader: string;

const call = async (method: string, path: string, json?: unknown, as = token) => {
  const answer = await server.call(path.replaceAll(' ', '%20'), {
    method,
    token: as,
    ...(json === undefined ? {} : { json }),
  });
  return { status: answer.status, text: answer.text, body: answer.text === '' ? null : answer.json() };
};
const get = (path: string, as = token) => call('GET', path, undefined, as);
const patch = (path: string, json: unknown, as = token) => call('PATCH', path, json, as);
const post = (path: string, json: unknown, as = token) => call('POST', path, json, as);

beforeAll(async () => {
  server = await startServer();
  fleet = await startDemoFleet(server);
  token = await server.token(
    await server.createApp(
      'Alert.ReadWrite.All',
      'Incident.ReadWrite.All',
      'SecurityAlert.ReadWrite.All',
      'SecurityIncident.ReadWrite.All',
      'AdvancedQuery.Read.All',
      'Machine.Read.All',
    ),
  );
  reader = await server.token(
    await server.createApp('Alert.Read.All', 'Incident.Read.All', 'SecurityIncident.Read.All'),
  );
  await eventually('alerts', async () => (await get('/api/alerts')).body.value.length > 5, {
    withinMs: 20_000,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
});

describe('incidents', () => {
  it('hold every alert once, linked with a reason', async () => {
    const alerts = (await get('/api/alerts')).body.value;
    const { status, body } = await get('/api/incidents');
    expect(status).toBe(200);
    expect(body['@odata.context']).toBe(`${server.url}/api/$metadata#Incidents`);
    const held = body.value.flatMap((incident: { alerts: { alertId: string }[] }) =>
      incident.alerts.map((alert) => alert.alertId),
    );
    expect(held.sort()).toEqual(alerts.map((alert: { id: string }) => alert.id).sort());
    expect(body.value.length).toBeLessThan(alerts.length);
    const [largest] = [...body.value].sort((a, b) => b.alerts.length - a.alerts.length);
    expect(
      largest.alerts.filter((alert: { linkReasons: string[] }) => alert.linkReasons.length > 0).length,
    ).toBe(largest.alerts.length - 1);
    expect(largest.alerts[0].devices[0]).toMatchObject({
      onboardingStatus: 'Onboarded',
      rbacGroupName: null,
    });
    for (const alert of alerts.slice(0, 3))
      expect(
        (await get(`/api/incidents/${alert.incidentId}`)).body.alerts.map(
          (a: { alertId: string }) => a.alertId,
        ),
      ).toContain(alert.id);
  });

  it('are filtered, ordered and paged', async () => {
    const all = (await get('/api/incidents?$orderby=createdTime desc')).body.value;
    const page = (await get('/api/incidents?$top=1&$count=true')).body;
    expect([page['@odata.count'], page.value.length]).toEqual([all.length, 1]);
    const high = (await get("/api/incidents?$filter=severity eq 'High' and status eq 'Active'")).body.value;
    expect(high.every((incident: { severity: string }) => incident.severity === 'High')).toBe(true);
    expect(high.length).toBe(
      all.filter((incident: { severity: string }) => incident.severity === 'High').length,
    );
    expect((await get("/api/incidents?$filter=incidentName eq 'x'")).status).toBe(400);
  });

  it('are changed together with their alerts, and say by whom', async () => {
    const { incidentId: id } = (await get('/api/incidents')).body.value[0];
    const changed = await patch(`/api/incidents/${id}`, {
      status: 'Resolved',
      assignedTo: 'ann@contoso.example',
      classification: 'TruePositive',
      determination: 'Malware',
      tags: ['red team'],
      comment: 'Seen before.',
    });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body).toMatchObject({
      status: 'Resolved',
      assignedTo: 'ann@contoso.example',
      classification: 'TruePositive',
      determination: 'Malware',
      tags: ['red team'],
      comments: [{ comment: 'Seen before.' }],
    });
    for (const { alertId } of changed.body.alerts)
      expect((await get(`/api/alerts/${alertId}`)).body).toMatchObject({
        status: 'Resolved',
        assignedTo: 'ann@contoso.example',
        classification: 'TruePositive',
      });
    const again = await patch(`/api/incidents/${id}`, { status: 'Active', classification: 'Unknown' });
    expect(again.body).toMatchObject({ status: 'Active', classification: 'Unknown' });
    expect((await get(`/v1.0/security/incidents/${id}`)).body).toMatchObject({
      status: 'active',
      classification: 'unknown',
      determination: 'malware',
      customTags: ['red team'],
    });
  });

  it.each([
    ['an incident that is not there', 'GET', '/api/incidents/999999', undefined, 404],
    ['what is no number', 'GET', '/api/incidents/x', undefined, 404],
    ['an unknown status', 'PATCH', '/api/incidents/1', { status: 'Redirected' }, 400],
    ['nothing to change', 'PATCH', '/api/incidents/1', {}, 400],
    ['an unknown word', 'PATCH', '/api/incidents/1', { title: 'x' }, 400],
    ['a change to nothing', 'PATCH', '/api/incidents/999999', { status: 'Active' }, 404],
    ['an expansion there is not', 'GET', '/v1.0/security/incidents?$expand=evidence', undefined, 400],
    ["Graph's word at the other address", 'PATCH', '/api/incidents/1', { status: 'resolved' }, 400],
  ])('refuse %s', async (_, method, path, json, status) => {
    const answer = await call(method, path, json);
    expect([answer.status, answer.body.error.code.length > 0]).toEqual([status, true]);
  });

  it('are not changed by a reader', async () => {
    expect((await patch('/api/incidents/1', { status: 'Active' }, reader)).status).toBe(403);
    expect((await patch('/v1.0/security/incidents/1', { status: 'active' }, reader)).status).toBe(403);
    expect((await get('/v1.0/security/alerts_v2', reader)).status).toBe(403);
  });
});

describe("Graph's alerts and incidents", () => {
  it('say the same in its words', async () => {
    const { body } = await get(
      "/v1.0/security/alerts_v2?$filter=severity eq 'high' and status eq 'new'&$top=2",
    );
    expect(body['@odata.context']).toBe(`${server.url}/v1.0/$metadata#security/alerts_v2`);
    expect(body.value.length).toBe(2);
    const [alert] = body.value;
    expect(alert).toMatchObject({
      severity: 'high',
      status: 'new',
      classification: 'unknown',
      serviceSource: 'microsoftDefenderForEndpoint',
    });
    expect(alert.evidence[0]['@odata.type']).toBe('#microsoft.graph.security.deviceEvidence');
    expect(
      alert.evidence.some((e: { '@odata.type': string }) => e['@odata.type'].endsWith('.processEvidence')),
    ).toBe(true);
    const one = (await get(`/v1.0/security/alerts_v2/${alert.id}`)).body;
    expect(one.evidence).toEqual(alert.evidence);
    expect((await get(`/api/alerts/${alert.id}`)).body.incidentId).toBe(Number(one.incidentId));
  });

  it('take changes and comments', async () => {
    const [alert] = (await get('/v1.0/security/alerts_v2?$top=1&$orderby=createdDateTime')).body.value;
    const changed = await patch(`/v1.0/security/alerts_v2/${alert.id}`, {
      '@odata.type': '#microsoft.graph.security.alert',
      status: 'inProgress',
      assignedTo: 'ben@contoso.example',
      classification: 'falsePositive',
      determination: 'notMalicious',
    });
    expect(changed.body, changed.text).toMatchObject({ status: 'inProgress', determination: 'notMalicious' });
    expect((await get(`/api/alerts/${alert.id}`)).body).toMatchObject({
      status: 'InProgress',
      determination: 'Clean',
    });
    const said = await post(`/v1.0/security/alerts_v2/${alert.id}/comments`, {
      '@odata.type': 'microsoft.graph.security.alertComment',
      comment: 'Looked at it.',
    });
    expect(said.body.value.at(-1)).toMatchObject({ comment: 'Looked at it.' });
    const incident = await post(`/v1.0/security/incidents/${alert.incidentId}/comments`, {
      comment: 'And at all.',
    });
    expect(incident.body.value.at(-1).comment).toBe('And at all.');
    const renamed = await patch(`/v1.0/security/incidents/${alert.incidentId}`, {
      displayName: 'Red team',
      customTags: ['a'],
    });
    expect(renamed.body).toMatchObject({ displayName: 'Red team', customTags: ['a'] });
    expect(renamed.body.alerts).toBeUndefined();
  });

  it('list incidents with their alerts when asked', async () => {
    const plain = (await get('/v1.0/security/incidents')).body.value;
    const expanded = (await get('/v1.0/security/incidents?$expand=alerts')).body.value;
    expect(plain.every((incident: { alerts?: unknown }) => incident.alerts === undefined)).toBe(true);
    expect(expanded.every((incident: { alerts: unknown[] }) => incident.alerts.length > 0)).toBe(true);
    expect(expanded.map(({ id }: { id: string }) => id)).toEqual(plain.map(({ id }: { id: string }) => id));
  });
});

describe('options inside $expand', () => {
  it('choose among the evidence of each alert', async () => {
    const all = (await get('/api/alerts?$expand=evidence&$top=5')).body.value;
    const chosen = (
      await get(
        "/api/alerts?$expand=evidence($select=entityType,fileName;$filter=entityType eq 'Process' and fileName ne null;$orderby=fileName desc;$top=1;$count=true)&$top=5",
      )
    ).body.value;
    const processes = all.map(({ evidence }: { evidence: Record<string, unknown>[] }) =>
      evidence.filter(({ entityType, fileName }) => entityType === 'Process' && fileName !== null),
    );
    expect(Math.max(...processes.map((one: unknown[]) => one.length))).toBeGreaterThan(0);
    for (const [at, alert] of chosen.entries()) {
      expect(alert['evidence@odata.count']).toBe(processes[at].length);
      const last = processes[at]
        .map((one: { fileName: string }) => one.fileName)
        .sort()
        .at(-1);
      expect(alert.evidence).toEqual(last === undefined ? [] : [{ entityType: 'Process', fileName: last }]);
      expect(alert.title).toBe(all[at].title);
    }
    const [selected] = (await get('/api/alerts?$select=id,description&$expand=evidence($top=0)&$top=1')).body
      .value;
    expect(Object.keys(selected).sort()).toEqual(['description', 'evidence', 'id']);
    expect(selected.evidence).toEqual([]);
  });

  it('choose among the alerts of each incident, and of one', async () => {
    const options = '$expand=alerts($select=id,severity;$top=1;$count=true)';
    const [incident] = (await get(`/v1.0/security/incidents?${options}`)).body.value;
    expect(Object.keys(incident.alerts[0]).sort()).toEqual(['id', 'severity']);
    expect(incident['alerts@odata.count']).toBeGreaterThanOrEqual(1);
    const one = (await get(`/v1.0/security/incidents/${incident.id}?${options}`)).body;
    expect(one.alerts).toEqual(incident.alerts);
    expect(one['@odata.context']).toContain('security/incidents/$entity');
    const refused = await get('/v1.0/security/incidents?$expand=alerts($expand=evidence)');
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      expect.stringContaining("'evidence' cannot be expanded in alerts_v2"),
    ]);
  });
});

describe('many alerts', () => {
  it('are changed at once, all of them or none', async () => {
    const ids = (await get('/api/alerts?$top=3')).body.value.map(({ id }: { id: string }) => id);
    const none = await post('/api/alerts/batchUpdate', { alertIds: [...ids, 'da0_0'], status: 'Resolved' });
    expect([none.status, none.body.error.code]).toEqual([404, 'ResourceNotFound']);
    const states = async () =>
      (await Promise.all(ids.map((id: string) => get(`/api/alerts/${id}`)))).map(
        ({ body }) => body.assignedTo,
      );
    const before = await states();
    expect(before).not.toContain('carol');
    const all = await post('/api/alerts/batchUpdate', {
      alertIds: ids,
      assignedTo: 'carol',
      comment: 'Mine.',
    });
    expect([all.status, all.text]).toEqual([200, '']);
    expect(await states()).toEqual(['carol', 'carol', 'carol']);
  });

  it.each([
    ['no alerts', { alertIds: [], status: 'New' }, 'InvalidInput'],
    ['no change', { alertIds: ['da0_0'] }, 'InvalidRequestBody'],
    [
      'too many',
      { alertIds: Array.from({ length: 501 }, (_, i) => `da${i}_0`), status: 'New' },
      'MaximumBatchSizeExceeded',
    ],
  ])('are refused with %s', async (_, json, code) => {
    const answer = await post('/api/alerts/batchUpdate', json);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  });
});

describe('an alert by reference', () => {
  const words = {
    severity: 'Low',
    title: 'Seen by hunting',
    description: 'A hunt found it.',
    recommendedAction: 'Look closer.',
    category: 'Discovery',
  };
  const event = async () => {
    const answer = await post('/api/advancedqueries/run', {
      Query:
        'DeviceProcessEvents | where isnotempty(ProcessCommandLine) | top 2 by Timestamp asc | project Timestamp, DeviceId, ReportId, SHA1, FileName',
    });
    return answer.body.Results;
  };

  it('is made of the event that hunting showed, and merges into an open one of its title', async () => {
    const [first, second] = await event();
    const made = await post('/api/alerts/CreateAlertByReference', {
      ...words,
      eventTime: first.Timestamp,
      reportId: String(first.ReportId),
      machineId: first.DeviceId,
    });
    expect(made.status, made.text).toBe(200);
    expect(made.body).toMatchObject({
      ...words,
      machineId: first.DeviceId,
      firstEventTime: first.Timestamp.slice(0, 23) + made.body.firstEventTime.slice(23),
      detectionSource: 'CustomDetection',
      detectorId: null,
      status: 'New',
    });
    expect(made.body.evidence.some((e: { fileName: string }) => e.fileName === first.FileName)).toBe(true);
    const again = await post('/api/alerts/CreateAlertByReference', {
      ...words,
      eventTime: second.Timestamp,
      reportId: String(second.ReportId),
      machineId: second.DeviceId,
    });
    if (second.DeviceId === first.DeviceId) expect(again.body.id).toBe(made.body.id);
    const repeated = await post('/api/alerts/CreateAlertByReference', {
      ...words,
      eventTime: first.Timestamp,
      reportId: String(first.ReportId),
      machineId: first.DeviceId,
    });
    expect(repeated.body.id).toBe(made.body.id);
  });

  it('needs an event that is there', async () => {
    const [first] = await event();
    const reference = {
      ...words,
      eventTime: first.Timestamp,
      reportId: String(first.ReportId),
      machineId: first.DeviceId,
    };
    const refused = async (json: unknown) => {
      const answer = await post('/api/alerts/CreateAlertByReference', json);
      return [answer.status, answer.body.error.code];
    };
    expect(await refused({ ...reference, reportId: '123456789' })).toEqual([404, 'ResourceNotFound']);
    expect(await refused({ ...reference, eventTime: '2020-01-01T00:00:00.0000000Z' })).toEqual([
      404,
      'ResourceNotFound',
    ]);
    expect(await refused({ ...reference, machineId: 'f'.repeat(40) })).toEqual([404, 'ResourceNotFound']);
    expect(await refused({ ...reference, eventTime: 'yesterday' })).toEqual([400, 'InvalidInput']);
    expect(await refused({ ...reference, reportId: "1' or 1" })).toEqual([400, 'InvalidInput']);
    expect(await refused({ ...reference, severity: 'Informational' })).toEqual([400, 'InvalidInput']);
    expect(await refused({ ...reference, category: 'None' })).toEqual([400, 'InvalidInput']);
    const { title: _, ...untitled } = reference;
    expect(await refused(untitled)).toEqual([400, 'MissingRequiredParameter']);
  });
});
