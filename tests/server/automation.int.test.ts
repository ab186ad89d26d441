/** Automated investigation through the front door: what begins one, what it decides, what it has done, and what people decide. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import { type DeviceBehaviour, simulatedResponse } from '../../server/src/demo/simulated-response.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const until = async <T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  lastSeen = () => '',
) => (await eventually(what, look, { withinMs: 25_000, everyMs: 100, lastSeen })).value;
const password = 'a long enough password 1';
const CENTER = '/api/merlon/actioncenter';
const LEVELS = {
  full: 'Full',
  any: 'SemiAllFolders',
  core: 'SemiCoreFolders',
  temp: 'SemiNonTempFolders',
  none: 'None',
} as const;

interface Investigation {
  readonly id: string;
  readonly state: string;
  readonly machineId: string;
  readonly statusDetails: string;
  readonly triggeringAlertId: string | null;
  readonly endTime: string | null;
  readonly cancelledBy: string | null;
}
interface Pending {
  readonly id: string;
  readonly machineId: string;
  readonly verdict: string;
  readonly reason: string;
  readonly state: string;
}

describe('automated investigation', () => {
  let server: TestServer;
  let onboarding: OnboardingPackage;
  let token: string;
  let ann: string;
  let ben: string;
  let outsider: string;
  const devices: DeviceClient[] = [];
  let made = 0;

  /** A device of the group of that level. */
  const device = async (
    level: keyof typeof LEVELS,
    { attends = true, ...behaviour }: Partial<DeviceBehaviour> & { attends?: boolean } = {},
  ) => {
    const description = {
      computerName: `${level}-${++made}.example`,
      osPlatform: 'Linux',
      osVersion: '12',
      osArchitecture: '64-bit' as const,
      osProcessor: 'x64',
      agentVersion: '0.1.0',
    };
    const client = await enrolDevice(onboarding, description, {
      ...simulatedResponse(description),
      ...behaviour,
    });
    devices.push(client);
    await client.attend();
    if (!attends) {
      // What it can do it has said; from now on it is away.
      await until('the device is known', async () => {
        const answer = await server.call(`/api/machines/${client.deviceId}`, { token });
        return answer.status === 200 || null;
      });
      client.close();
    }
    return client;
  };
  const hashesOf = (name: string) => ({
    SHA1: createHash('sha1').update(name).digest('hex'),
    SHA256: createHash('sha256').update(name).digest('hex'),
  });
  const now = () => nowIso7(new Date());
  const malware = (path: string, more: object = {}) => ({
    Table: 'DeviceEvents',
    Timestamp: now(),
    ActionType: 'AntivirusDetection',
    FileName: path.slice(path.lastIndexOf('/') + 1),
    FolderPath: path,
    ...hashesOf(path),
    AdditionalFields: JSON.stringify({ ThreatName: 'Test.File', ReportSource: 'Merlon scan', ...more }),
  });
  const started = (path: string) => ({
    Table: 'DeviceProcessEvents',
    Timestamp: now(),
    ActionType: 'ProcessCreated',
    ProcessId: 4_711,
    ProcessCreationTime: now(),
    FileName: path.slice(path.lastIndexOf('/') + 1),
    FolderPath: path,
    ...hashesOf(path),
    ProcessCommandLine: path,
    AccountName: 'ann',
    InitiatingProcessId: 5,
    InitiatingProcessFileName: 'bash',
    InitiatingProcessCreationTime: now(),
  });
  const get = async (path: string, as = token) => {
    const answer = await server.call(path, { token: as });
    expect(answer.status, answer.text).toBe(200);
    return answer.json();
  };
  const post = async (path: string, json: object, as = token) => {
    const answer = await server.call(path, { token: as, json });
    return { status: answer.status, body: answer.text === '' ? null : answer.json() };
  };
  const investigationsOf = async ({ deviceId }: DeviceClient): Promise<Investigation[]> =>
    (await get(`/api/investigations?$filter=machineId eq '${deviceId}'`)).value;
  /** The newest investigation of the device, once it stands so. */
  const comesTo = async (client: DeviceClient, state: string) => {
    let last = '';
    const value = await until(
      `an investigation comes to ${state}`,
      async () => {
        const [newest] = await investigationsOf(client);
        last = JSON.stringify(newest);
        return newest?.state === state ? newest : null;
      },
      () => last,
    );
    return value;
  };
  const pendingOf = async ({ deviceId }: DeviceClient): Promise<Pending[]> =>
    (await get(`${CENTER}/pending?$filter=machineId eq '${deviceId}'`, ann)).value;
  const historyOf = async ({ deviceId }: DeviceClient) =>
    (await get(`${CENTER}/history?$filter=machineId eq '${deviceId}'`, ann)).value;
  const entitiesOf = async ({ id }: Investigation) =>
    (await get(`/api/merlon/investigations/${id}/entities`)).value as Record<string, unknown>[];

  beforeAll(async () => {
    server = await startServer();
    token = await server.token(
      await server.createApp(
        'Alert.ReadWrite.All',
        'Machine.Read.All',
        'Ti.ReadWrite.All',
        'Machine.Isolate',
        'AdvancedQuery.Read.All',
      ),
    );
    const { files } = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    onboarding = JSON.parse(await readFile(files[0], 'utf8'));
    const roles = await server.cli('role', 'list');
    const administrator = roles.value.find((role: { kind: string }) => role.kind === 'administrator').name;
    const signedIn = async (name: string, given: readonly string[], groups: readonly string[] = []) => {
      const { userId, oneTimePassword } = await server.cli('user', 'create', '--name', name, ...given);
      for (const group of groups) await server.cli('usergroup', 'add-member', group, userId);
      return (await server.signIn({ name, password: oneTimePassword, newPassword: password })).accessToken;
    };
    [ann, ben] = [
      await signedIn('ann', ['--role', administrator]),
      await signedIn('ben', ['--role', administrator]),
    ];
    await server.cli('access', 'rbac');
    await server.cli(
      'role',
      'create',
      '--name',
      'responders',
      '--permission',
      'ViewData.SecurityOperations',
      'ActiveRemediation.SecurityOperations',
    );
    const team = await server.cli('usergroup', 'create', '--name', 'elsewhere', '--role', 'responders');
    const insiders = await server.cli('usergroup', 'create', '--name', 'insiders', '--role', 'responders');
    for (const [name, level] of Object.entries(LEVELS))
      await server.cli(
        'devicegroup',
        'create',
        '--name',
        name,
        '--where',
        `name startsWith ${name}-`,
        '--remediation',
        level,
        '--user-group',
        insiders.id,
      );
    outsider = await signedIn('out', [], [team.id]);
  });
  afterAll(async () => {
    for (const one of devices) one.close();
    await server?.dispose();
  });

  // Each on a device of its own.
  describe.concurrent('side by side', () => {
    it.each([
      ['full', '/usr/bin/level-full', 'SuccessfullyRemediated'],
      ['core', '/tmp/level-core', 'SuccessfullyRemediated'],
      ['core', '/usr/bin/level-core', 'PendingApproval'],
      ['temp', '/var/tmp/level-temp', 'SuccessfullyRemediated'],
      ['temp', '/srv/level-temp', 'PendingApproval'],
      ['any', '/tmp/level-any', 'PendingApproval'],
    ] as const)(
      'puts malicious files away by the level of the device group: %s, %s: %s',
      async (level, path, state) => {
        const client = await device(level);
        await client.send([malware(path)]);
        const investigation = await comesTo(client, state);
        const [alert] = (await get(`/api/machines/${client.deviceId}/alerts`)).value;
        expect(alert).toMatchObject({ investigationId: Number(investigation.id), investigationState: state });
        expect(investigation.triggeringAlertId).toBe(alert.id);
        expect(await get(`/api/investigations/${alert.id}`)).toMatchObject({ id: investigation.id });
        const waiting = await pendingOf(client);
        const history = await historyOf(client);
        if (state === 'PendingApproval') {
          expect(waiting).toMatchObject([
            { verdict: 'Malicious', reason: expect.stringContaining('Test.File'), state: 'Pending' },
          ]);
          expect([history, investigation.endTime]).toEqual([[], null]);
        } else {
          expect(waiting).toEqual([]);
          expect(history).toMatchObject([
            {
              type: 'StopAndQuarantineFile',
              status: 'Succeeded',
              origin: 'Automatic',
              requestor: 'Automation',
              canUndo: true,
              fileHash: hashesOf(path).SHA256,
            },
          ]);
          expect(investigation.endTime).not.toBeNull();
        }
      },
    );

    it('puts malicious files away by the level of the device group: none: nothing is investigated', async () => {
      const client = await device('none');
      await client.send([malware('/tmp/level-none')]);
      // Decided on at the same time: once the other is under way, this one was passed over.
      const other = await device('full');
      await other.send([malware('/tmp/level-other')]);
      await comesTo(other, 'SuccessfullyRemediated');
      const value = await until('the alert is there', async () => {
        const [alert] = (await get(`/api/machines/${client.deviceId}/alerts`)).value;
        return alert ?? null;
      });
      expect(value).toMatchObject({ investigationId: null, investigationState: null });
      expect(await investigationsOf(client)).toEqual([]);
      const byHand = await post(`/api/machines/${client.deviceId}/startInvestigation`, { Comment: 'look' });
      expect([byHand.status, byHand.body.error.code]).toEqual([403, 'DisallowedOperation']);
    });

    it('judges each entity by a rule that says why', async () => {
      const indicate = async (path: string, action: string) => {
        const { status, body } = await post('/api/indicators', {
          indicatorType: 'FileSha256',
          indicatorValue: hashesOf(path).SHA256,
          action,
          title: action,
          description: 'test',
          severity: 'Low',
        });
        expect(status, JSON.stringify(body)).toBe(200);
      };
      await indicate('/tmp/blocked', 'AlertAndBlock');
      await indicate('/tmp/remediated', 'BlockAndRemediate');
      await indicate('/tmp/watched', 'Alert');
      await indicate('/tmp/good', 'Allowed');
      const client = await device('full');
      const rows = ['/tmp/blocked', '/tmp/remediated', '/tmp/watched'].map(started);
      await client.send([
        ...rows,
        // Related by who started it: no alert names it.
        {
          ...started('/tmp/good'),
          InitiatingProcessSHA256: hashesOf('/tmp/watched').SHA256,
          InitiatingProcessFileName: 'watched',
        },
        {
          ...started('/srv/harmless'),
          ProcessId: 4_712,
          InitiatingProcessSHA256: hashesOf('/tmp/watched').SHA256,
          InitiatingProcessFileName: 'watched',
        },
      ]);
      const investigation = await comesTo(client, 'PendingApproval');
      const verdicts = async () =>
        Object.fromEntries(
          (await entitiesOf(investigation)).map(({ fileName, ...one }) => [
            fileName,
            `${one.verdict} ${one.rule}`,
          ]),
        );
      await until('all are judged', async () => 'good' in (await verdicts()) || null);
      expect(await verdicts()).toMatchObject({
        blocked: 'Malicious indicator-blocks',
        remediated: 'Malicious indicator-remediates',
        watched: 'Suspicious indicator-warns',
        good: 'NoThreatsFound indicator-allows',
        harmless: 'Unknown nothing-known',
      });
      // Whoever only wanted it blocked is asked, and so is whoever only warned; the other goes by itself.
      const waiting = (await pendingOf(client)).map(({ verdict, reason }) => [verdict, reason]);
      expect(waiting.sort()).toEqual([
        ['Malicious', expect.stringContaining('AlertAndBlock')],
        ['Suspicious', expect.stringContaining('warns')],
      ]);
      await until('one was put away', async () => {
        const [one] = await historyOf(client);
        return one?.status === 'Succeeded' || null;
      });
    });

    it('suspects what is rare, lies in a folder for temporary files, and is in an alert of high severity', async () => {
      const client = await device('full');
      const path = '/tmp/rare';
      await client.send([started(path)]);
      const row = await until('the event can be read', async () => {
        const { body } = await post('/api/advancedqueries/run', {
          Query: `DeviceProcessEvents | where DeviceId == '${client.deviceId}' | project Timestamp, ReportId`,
        });
        return body.Results[0] ?? null;
      });
      const alert = await post('/api/alerts/CreateAlertByReference', {
        machineId: client.deviceId,
        severity: 'High',
        title: 'by hand',
        description: 'by hand',
        recommendedAction: 'look',
        eventTime: row.Timestamp,
        reportId: String(row.ReportId),
        category: 'Execution',
      });
      expect(alert.status, JSON.stringify(alert.body)).toBe(200);
      const investigation = await comesTo(client, 'PendingApproval');
      expect(await entitiesOf(investigation)).toContainEqual(
        expect.objectContaining({ fileName: 'rare', rule: 'rare-in-temp-folder', verdict: 'Suspicious' }),
      );
    });

    const waitingOn = async (path: string) => {
      const client = await device('any');
      await client.send([malware(path)]);
      await comesTo(client, 'PendingApproval');
      const [action] = await pendingOf(client);
      if (!action) throw new Error('nothing waits');
      return { client, action };
    };

    it('people decide: to approve: it is ordered, and can be taken back', async () => {
      const { client, action } = await waitingOn('/srv/approve');
      const approved = await post(`${CENTER}/actions/${action.id}/approve`, { comment: 'yes' }, ann);
      expect(approved.status, JSON.stringify(approved.body)).toBe(200);
      expect(approved.body).toMatchObject({ state: 'Approved', decisionComment: 'yes' });
      const ended = await comesTo(client, 'SuccessfullyRemediated');
      expect(ended.statusDetails).toBe('1 of 1 actions succeeded.');
      const again = await post(`${CENTER}/actions/${action.id}/approve`, {}, ben);
      expect([again.status, again.body.error.code]).toEqual([409, 'Conflict']);
      const [done] = await historyOf(client);
      expect(done).toMatchObject({
        origin: 'Approved',
        decidedBy: expect.stringContaining('ann'),
        comment: 'yes',
        canUndo: true,
        remediationId: action.id,
        investigationId: ended.id,
      });
      const undone = await post(`${CENTER}/actions/${action.id}/undo`, {}, ben);
      expect(undone.status, JSON.stringify(undone.body)).toBe(200);
      expect(undone.body).toMatchObject({ state: 'Undoing' });
      await until('it is back', async () => {
        const [newest] = (await historyOf(client)).filter((one: { origin: string }) => one.origin === 'Undo');
        return newest?.status === 'Succeeded' && newest.type === 'RestoreQuarantinedFile' ? newest : null;
      });
      await until('it can be taken back no more', async () => {
        const second = await post(`${CENTER}/actions/${action.id}/undo`, {}, ben);
        return second.status === 409 && /Undone/.test(second.body.error.message) ? true : null;
      });
    });

    it('people decide: to reject: nothing is done, and the investigation says who ended it', async () => {
      const { client, action } = await waitingOn('/srv/reject');
      expect((await post(`${CENTER}/actions/${action.id}/reject`, {}, ann)).status).toBe(200);
      expect(await comesTo(client, 'TerminatedByUser')).toMatchObject({
        cancelledBy: expect.stringContaining('ann'),
      });
      expect(await historyOf(client)).toMatchObject([{ status: 'Rejected', canUndo: false }]);
    });

    it('people decide: on many at once, each for itself', async () => {
      const one = await waitingOn('/srv/many-1');
      const other = await waitingOn('/srv/many-2');
      const nobody = '00000000-0000-4000-8000-000000000000';
      const ids = [one.action.id, other.action.id, nobody];
      const { status, body } = await post(`${CENTER}/decide`, { decision: 'approve', ids }, ann);
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.value).toMatchObject([
        { id: ids[0], action: { state: 'Approved' }, error: null },
        { id: ids[1], action: { state: 'Approved' }, error: null },
        { id: nobody, action: null, error: { code: 'ResourceNotFound' } },
      ]);
      await comesTo(one.client, 'SuccessfullyRemediated');
      await comesTo(other.client, 'SuccessfullyRemediated');
    });

    it('people decide: only within their device groups, and only through the portal', async () => {
      const { client, action } = await waitingOn('/srv/scope');
      for (const list of [`${CENTER}/pending`, `${CENTER}/history`])
        expect((await get(list, outsider)).value).toEqual([]);
      const refused = await post(`${CENTER}/actions/${action.id}/approve`, {}, outsider);
      expect([refused.status, refused.body.error.code]).toEqual([403, 'Forbidden']);
      const many = await post(`${CENTER}/decide`, { decision: 'approve', ids: [action.id] }, outsider);
      expect(many.body.value).toMatchObject([{ action: null, error: { code: 'Forbidden' } }]);
      const [investigation] = await investigationsOf(client);
      expect((await get('/api/investigations', outsider)).value).toEqual([]);
      expect(
        (await server.call(`/api/investigations/${investigation?.id}`, { token: outsider })).status,
      ).toBe(404);
      expect((await post(`${CENTER}/actions/${action.id}/approve`, {})).status).toBe(403);
      expect(await pendingOf(client)).toHaveLength(1);
    });

    it('says what a device cannot carry out', async () => {
      const client = await device('full', { carriesOut: ['Isolate', 'Unisolate'] });
      await client.send([malware('/tmp/unable')]);
      expect(await comesTo(client, 'Failed')).toMatchObject({
        statusDetails: 'None of 1 actions succeeded.',
      });
      expect(await historyOf(client)).toMatchObject([
        { status: 'Failed', details: expect.stringContaining('cannot carry out StopAndQuarantineFile') },
      ]);
    });

    it('leaves to the device what the device has put away', async () => {
      const client = await device('full');
      const path = '/tmp/put-away';
      await client.send([
        malware(path),
        malware(path, { Action: 'Quarantine', ReportSource: 'Remediation' }),
      ]);
      expect(await comesTo(client, 'SuccessfullyRemediated')).toMatchObject({
        statusDetails: expect.stringContaining('kept from doing harm'),
      });
      expect(await historyOf(client)).toEqual([]);
    });

    it('by hand: looks at the open alerts of a device, one investigation at a time', async () => {
      const client = await device('any');
      await client.send([malware('/srv/by-hand')]);
      await comesTo(client, 'PendingApproval');
      const start = (verb: string) => post(`/api/machines/${client.deviceId}/${verb}`, { Comment: 'look' });
      for (const verb of ['startInvestigation', 'InitiateInvestigation']) {
        const { status, body } = await start(verb);
        expect([status, body.error.code]).toEqual([400, 'ActiveRequestAlreadyExists']);
      }
      const [action] = await pendingOf(client);
      await post(`${CENTER}/actions/${action?.id}/reject`, {}, ann);
      await comesTo(client, 'TerminatedByUser');
      const { status, body } = await start('startInvestigation');
      expect(status, JSON.stringify(body)).toBe(201);
      expect(body).toMatchObject({ state: 'Queued', machineId: client.deviceId, triggeringAlertId: null });
      expect(await comesTo(client, 'PendingApproval')).toMatchObject({ id: body.id });
      expect(await entitiesOf(body)).toContainEqual(
        expect.objectContaining({ fileName: 'by-hand', namedByAlert: true }),
      );
    });

    it('by hand: answers the call of 2019 with a number, and finds nothing where there is nothing', async () => {
      const client = await device('full');
      const { status, body } = await post(`/api/machines/${client.deviceId}/InitiateInvestigation`, {
        Comment: 'look',
      });
      expect([status, typeof body.value]).toEqual([200, 'number']);
      expect(await comesTo(client, 'Benign')).toMatchObject({ id: String(body.value) });
    });

    it('takes later alerts of a device into the investigation that is open', async () => {
      const client = await device('any');
      await client.send([malware('/srv/joins-1')]);
      const first = await comesTo(client, 'PendingApproval');
      const title = 'a later finding';
      await post('/api/indicators', {
        indicatorType: 'FileSha256',
        indicatorValue: hashesOf('/srv/joins-2').SHA256,
        action: 'Alert',
        title,
        description: 'test',
      });
      await client.send([started('/srv/joins-2')]);
      await until('both wait', async () => (await pendingOf(client)).length === 2 || null);
      expect(await investigationsOf(client)).toHaveLength(1);
      const alerts = (await get(`/api/machines/${client.deviceId}/alerts`)).value;
      expect(alerts.map((one: { investigationId: number }) => one.investigationId)).toEqual([
        Number(first.id),
        Number(first.id),
      ]);
    });
  });

  it('counts the platform as one person where a policy asks for two', async () => {
    const policy = await server.cli(
      'approvalpolicy',
      'create',
      '--name',
      'Two for files',
      '--action',
      'StopAndQuarantineFile',
    );
    try {
      // What it orders by itself waits for anybody.
      const alone = await device('full');
      await alone.send([malware('/tmp/two-alone')]);
      await comesTo(alone, 'PendingResource');
      const waiting = await until('its order waits', async () => {
        const [one] = (await get('/api/merlon/approvals', ann)).value.filter(
          ({ machineId }: { machineId: string }) => machineId === alone.deviceId,
        );
        return one ?? null;
      });
      expect(waiting).toMatchObject({ requestSource: 'Automation', requestor: 'Automation' });
      expect((await post(`/api/merlon/approvals/${waiting.id}/approve`, {}, ann)).status).toBe(200);
      await comesTo(alone, 'SuccessfullyRemediated');
      // What somebody approved in the action center has its second person.
      const asked = await device('any');
      await asked.send([malware('/tmp/two-asked')]);
      await comesTo(asked, 'PendingApproval');
      const [action] = await pendingOf(asked);
      await post(`${CENTER}/actions/${action?.id}/approve`, {}, ann);
      await comesTo(asked, 'SuccessfullyRemediated');
    } finally {
      await server.cli('approvalpolicy', 'remove', policy.id);
    }
  });

  it('goes on where it was when the server is killed', async () => {
    const away = await device('full', { attends: false });
    await away.send([malware('/tmp/restart')]);
    await comesTo(away, 'PendingResource');
    const fresh = await device('full');
    await fresh.send([malware('/tmp/restart-fresh')]);
    await server.kill();
    await server.start();
    await Promise.all([away.attend(), fresh.attend()]);
    await comesTo(away, 'SuccessfullyRemediated');
    await comesTo(fresh, 'SuccessfullyRemediated');
    for (const client of [away, fresh]) {
      expect(await investigationsOf(client)).toHaveLength(1);
      expect(await historyOf(client)).toMatchObject([{ status: 'Succeeded', origin: 'Automatic' }]);
    }
  });

  it('leaves a record of what it did and of who decided', async () => {
    const records = (await get('/api/merlon/audit?$top=1000', ann)).value as {
      action: string;
      actor: { name: string };
    }[];
    const told = new Set(records.map(({ action }) => action));
    for (const action of [
      'investigation.start',
      'investigation.join',
      'investigation.state',
      'machine.stopAndQuarantineFile',
      'machine.startInvestigation',
      'remediation.approve',
      'remediation.reject',
      'remediation.state',
      'remediation.undo',
    ])
      expect(told, action).toContain(action);
  });
});
