/** Packages for every tool, what installers say, what became of each package, and packages that do not count. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  BATCH_HEADER,
  DEVICE_PATHS,
  type DeviceDescription,
  nowIso7,
  type OnboardingPackage,
} from '@merlon/contract';
import { CompactSign, decodeJwt, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceKey, newDeviceKey, signedRequest } from '../../server/src/demo/device-request.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { unzip } from '../support/unzip.ts';
import { eventually } from '../support/wait.ts';

const PACKAGES = '/api/merlon/onboarding/packages';
const AGENT = Buffer.from('not really an agent');
const AGENT_SHA256 = createHash('sha256').update(AGENT).digest('hex');

describe('onboarding', () => {
  let server: TestServer;
  let token: string;
  let machines: string;
  let work: string;
  let agent: Agent;

  const create = async (input: object) => {
    const made = await server.call(PACKAGES, { token, json: input });
    expect(made.status, made.text).toBe(201);
    return made.json();
  };
  const information = async (id: string): Promise<OnboardingPackage> => {
    const { files } = (await server.call(`${PACKAGES}/${id}/files`, { token })).json();
    return JSON.parse(Buffer.from(files[0].content, 'base64').toString());
  };
  const campaign = async (id: string) => (await server.call(`${PACKAGES}/${id}`, { token })).json();
  const describeAs = (computerName: string, fingerprint?: string): DeviceDescription => ({
    computerName,
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: 'test',
    ...(fingerprint ? { hardwareFingerprint: createHash('sha256').update(fingerprint).digest('hex') } : {}),
  });
  const enrol = async (enrolmentToken: string, device: DeviceDescription, key = newDeviceKey()) => {
    const answer = await signedRequest({
      origin: server.url,
      agent,
      method: 'POST',
      path: DEVICE_PATHS.enrol,
      sub: key.thumbprint,
      body: Buffer.from(JSON.stringify({ enrolmentToken, publicKey: key.jwk, device })),
      headers: { 'content-type': 'application/json' },
      privateKey: key.privateKey,
    });
    return { ...answer, key, body: JSON.parse(answer.text) };
  };
  let batch = 0;
  const sendRow = async (deviceId: string, key: DeviceKey) => {
    batch += 1;
    const row = { Table: 'DeviceEvents', Timestamp: nowIso7(new Date()), ActionType: 'x', ReportId: batch };
    return signedRequest({
      origin: server.url,
      agent,
      method: 'POST',
      path: DEVICE_PATHS.events,
      sub: deviceId,
      body: gzipSync(JSON.stringify(row)),
      headers: { 'content-encoding': 'gzip', [BATCH_HEADER]: `0123456789abcdef.${batch}` },
      privateKey: key.privateKey,
    });
  };
  const report = (packageToken: string, fields: Record<string, string>) =>
    server.call('/device/v1/onboarding/reports', {
      method: 'POST',
      form: fields,
      headers: { authorization: `Package ${packageToken}` },
    });
  const metric = async (line: string) => {
    const { text } = await server.call('/metrics');
    const found = text.split('\n').find((one) => one.startsWith(`${line} `));
    return Number(found?.split(' ')[1] ?? 0);
  };

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'merlon-onboarding-'));
    writeFileSync(join(work, 'merlon-agent-linux-x64'), AGENT);
    server = await startServer({ env: { MERLON_AGENT_FOLDER: work } });
    token = await server.token(await server.createApp('AccessManagement.ReadWrite.All'));
    machines = await server.token(await server.createApp('Machine.Read.All'));
    agent = new Agent({ ca: server.caPem, keepAlive: true });
  });
  afterAll(async () => {
    agent?.destroy();
    await server?.dispose();
    rmSync(work, { recursive: true, force: true });
  });

  it('makes a package for each tool, of both kinds, with the same bytes each time, and the command line the same files', async () => {
    const { value: tools } = (await server.call('/api/merlon/onboarding/tools', { token })).json();
    expect(tools.length).toBeGreaterThan(20);
    for (const { os, tool } of tools)
      for (const kind of ['onboarding', 'offboarding']) {
        const { id, expiresAt } = await create({
          os,
          tool,
          kind,
          tag: 'all',
          proxy: 'http://proxy.example.com:3128',
        });
        const download = () => server.call(`${PACKAGES}/${id}/download`, { token });
        const [one, other] = [await download(), await download()];
        expect(one.status, `${os}/${tool} ${kind}: ${one.text.slice(0, 300)}`).toBe(200);
        expect(one.bytes.equals(other.bytes)).toBe(true);
        expect(one.headers['content-disposition']).toContain(
          `merlon-${kind}_${os}_${tool}_valid_until_${expiresAt.slice(0, 10)}.zip`,
        );
        const files = await unzip(one.bytes);
        expect(files.size).toBeGreaterThan(0);
        for (const [name, text] of files) {
          // What is packed may hold any bytes.
          if (!/\.(?:deb|rpm)$/.test(name)) expect(name + text, `${os}/${tool}/${name}`).not.toContain('@@');
          if (
            kind === 'offboarding' &&
            !/README|values|Chart|defaults|meta|templates|metadata|recipes|attributes|manifests|tasks|\.yml$|\.sls$|\.admx|\.adml/.test(
              name,
            )
          )
            expect(name, `${os}/${tool}`).toContain(`valid_until_${expiresAt.slice(0, 10)}`);
        }
      }
    const made = await server.cli(
      'package',
      '--os',
      'linux',
      '--tool',
      'ansible',
      '--out',
      join(work, 'ansible'),
    );
    const zipped = await unzip(
      (await server.call(`${PACKAGES}/${made.packageId}/download`, { token })).bytes,
    );
    const written = readdirSync(join(work, 'ansible'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(work, 'ansible'), join(entry.parentPath, entry.name)));
    expect(written.sort()).toEqual([...zipped.keys()].sort());
    for (const [name, text] of zipped) expect(readFileSync(join(work, 'ansible', name), 'utf8')).toBe(text);
    expect(statSync(join(work, 'ansible/roles/merlon_onboard/files/onboard.sh')).mode & 0o777).toBe(0o700);
  });

  it('signs all that a package says, and holds no secret of a device', async () => {
    const { id } = await create({
      os: 'linux',
      tool: 'json',
      tag: 'signed',
      proxy: 'http://proxy.example.com:3128',
    });
    const content = await information(id);
    expect(decodeJwt(content.enrolmentToken)).toMatchObject({
      pkg: id,
      tid: content.tenantId,
      srv: content.serverUrl,
      prx: content.proxyUrl,
      tag: 'signed',
      ca: createHash('sha256').update(content.caPem).digest('base64url'),
      agt: { 'linux-x64': AGENT_SHA256 },
    });
    expect(JSON.stringify(content)).not.toContain('PRIVATE');
  });

  it.each([
    [{ os: 'solaris', tool: 'script' }, 'InvalidInput', /linux, windows, macos/],
    [{ os: 'linux', tool: 'smoke' }, 'InvalidInput', /script, json, ansible/],
    [{ os: 'linux', tool: 'script', server: 'http://plain.example.com' }, 'InvalidInput', /https/],
    [{ os: 'linux', tool: 'script', server: 'https://u:p@h.example.com' }, 'InvalidInput', /credentials/],
    [{ os: 'linux', tool: 'script', kind: 'offboarding', validDays: 31 }, 'InvalidInput', /30 days/],
    [{ os: 'linux', tool: 'script', validDays: 0 }, 'InvalidInput', /validDays/],
    [{ os: 'linux', tool: 'script', deviceGroup: 'none' }, 'ResourceNotFound', /device group/],
    [{ os: 'linux', tool: 'script', tag: 'a', deviceGroup: 'b' }, 'InvalidInput', /not both/],
    [{ os: 'linux', tool: 'script', what: 1 }, 'InvalidRequestBody', /what/],
  ])('refuses %j by name', async (input, code, message) => {
    const refused = await server.call(PACKAGES, { token, json: input });
    expect(refused.json().error.code, refused.text).toBe(code);
    expect(refused.json().error.message).toMatch(message);
  });

  it('takes the tag of a device group whose rule asks for one', async () => {
    await server.cli('devicegroup', 'create', '--name', 'Kiosks', '--where', 'tag equals kiosk');
    expect((await create({ os: 'linux', tool: 'json', deviceGroup: 'kiosks' })).tag).toBe('kiosk');
  });

  it('counts the devices of a package, and the time to their first signal', async () => {
    const { id } = await create({ os: 'linux', tool: 'json', name: 'Laboratory' });
    const { enrolmentToken } = await information(id);
    const first = await enrol(enrolmentToken, describeAs('counted-1'));
    await enrol(enrolmentToken, describeAs('counted-2'));
    expect(await campaign(id)).toMatchObject({
      name: 'Laboratory',
      state: 'Active',
      devicesEnrolled: 2,
      devicesHeard: 0,
      medianSecondsToFirstSignal: null,
    });
    expect((await sendRow(first.body.deviceId, first.key)).status).toBe(200);
    await eventually('the first signal', async () => (await campaign(id)).devicesHeard === 1, {
      withinMs: 15_000,
    });
    expect((await campaign(id)).medianSecondsToFirstSignal).toBeLessThan(15);
    const { value } = (
      await server.call(`/api/merlon/onboarding/devices?packageId=${id}`, { token: machines })
    ).json();
    expect(
      value.map((one: { computerName: string; state: string }) => [one.computerName, one.state]).sort(),
    ).toEqual([
      ['counted-1', 'Reporting'],
      ['counted-2', 'Joined'],
    ]);
    // The first page of one, and the rest.
    const page = async (after: string) =>
      (
        await server.call(`/api/merlon/onboarding/devices?packageId=${id}&top=1${after}`, { token: machines })
      ).json().value;
    const [one] = await page('');
    const [other] = await page(`&after=${one.deviceId}`);
    expect(new Set([one.computerName, other.computerName]).size).toBe(2);
  });

  it('keeps what installers say until the computer enrols', async () => {
    const { id } = await create({ os: 'linux', tool: 'script' });
    const { enrolmentToken } = await information(id).catch(() => ({ enrolmentToken: '' }));
    const packageToken = enrolmentToken || (await tokenOfScript(id));
    const failure = {
      stage: 'download',
      code: '69',
      detail: 'no route',
      computerName: 'Lost-1',
      os: 'Linux',
    };
    expect((await report(packageToken, failure)).status).toBe(204);
    expect((await report(packageToken, { ...failure, stage: 'checksum', code: '65' })).status).toBe(204);
    const reports = async () => (await server.call(`${PACKAGES}/${id}/reports`, { token })).json().value;
    expect(await reports()).toMatchObject([
      { computerName: 'Lost-1', stage: 'checksum', code: 65, count: 2, resolved: false },
    ]);
    expect((await campaign(id)).computersFailing).toBe(1);
    expect((await enrol(packageToken, describeAs('lost-1'))).status).toBe(201);
    expect((await reports())[0].resolved).toBe(true);
    expect((await campaign(id)).computersFailing).toBe(0);

    expect((await report(packageToken, { ...failure, stage: 'dancing' })).json().error.code).toBe(
      'InvalidInput',
    );
    expect((await report(packageToken, { ...failure, code: 'much' })).status).toBe(400);
    expect((await report(packageToken, { ...failure, detail: 'x'.repeat(5_000) })).status).toBe(413);
    expect((await report('nonsense', failure)).json().error.code).toBe('Unauthorized');
  });

  it('sheds reports beyond what one address may say in a minute, and says when to come back', async () => {
    const { id } = await create({ os: 'linux', tool: 'script' });
    const packageToken = await tokenOfScript(id);
    const answers = [];
    for (let i = 0; i < 320; i++)
      answers.push(await report(packageToken, { stage: 'download', code: '69', computerName: `storm-${i}` }));
    const shed = answers.filter(({ status }) => status === 429);
    expect(shed.length).toBeGreaterThan(0);
    expect(Number(shed[0]?.headers['retry-after'])).toBeGreaterThan(0);
    expect(await metric('merlon_onboarding_reports_total{outcome="shed"}')).toBe(shed.length);
  });

  it('hands the agent to whoever shows a package, and nothing else', async () => {
    const { id } = await create({ os: 'linux', tool: 'script' });
    const headers = { authorization: `Package ${await tokenOfScript(id)}` };
    const fetched = await server.call(`/device/v1/onboarding/agents/${AGENT_SHA256}`, { headers });
    expect(fetched.status).toBe(200);
    expect(fetched.bytes.equals(AGENT)).toBe(true);
    expect((await server.call(`/device/v1/onboarding/agents/${'0'.repeat(64)}`, { headers })).status).toBe(
      404,
    );
    expect((await server.call(`/device/v1/onboarding/agents/${AGENT_SHA256}`)).status).toBe(401);
  });

  it('refuses forged, expired, withdrawn and unknown packages by name, and counts them', async () => {
    const { id } = await create({ os: 'linux', tool: 'json' });
    const good = await information(id);
    const claims = decodeJwt(good.enrolmentToken);
    const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const forged = await new CompactSign(Buffer.from(JSON.stringify({ ...claims, tid: randomUUID() })))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'merlon-enrolment+jwt' })
      .sign(privateKey);
    const refusedBecause = async (reason: string, enrolmentToken: string, message: RegExp) => {
      const line = `merlon_onboarding_packages_refused_total{reason="${reason}"}`;
      const before = await metric(line);
      const { status, body } = await enrol(enrolmentToken, describeAs('refused-1'));
      expect([status, body.error.code]).toEqual([401, 'Unauthorized']);
      expect(body.error.message).toMatch(message);
      expect(await metric(line)).toBe(before + 1);
    };
    await refusedBecause('forged', forged, /not one of this server/);
    // Signed by this server for something else.
    const offboarding = await create({ os: 'linux', tool: 'json', kind: 'offboarding' });
    const { files } = (await server.call(`${PACKAGES}/${offboarding.id}/files`, { token })).json();
    const { offboardingToken } = JSON.parse(Buffer.from(files[0].content, 'base64').toString());
    await refusedBecause('forged', offboardingToken, /not one of this server/);
    expect((await server.call(`${PACKAGES}/${id}/revoke`, { token, method: 'POST' })).status).toBe(201);
    await refusedBecause('revoked', good.enrolmentToken, /withdrawn/);
    expect((await campaign(id)).state).toBe('Revoked');
    expect((await campaign(id)).devicesEnrolled).toBe(0);
  });

  it('takes a device that joins again for the same, and one that goes on living for a clone', async () => {
    const { id } = await create({ os: 'linux', tool: 'json' });
    const { enrolmentToken } = await information(id);
    const key = newDeviceKey();
    const first = await enrol(enrolmentToken, describeAs('twice.example.com', 'board-1'), key);
    // A lost answer, asked for again: the same device.
    const again = await enrol(enrolmentToken, describeAs('renamed.example.com', 'board-1'), key);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.deviceId).toBe(first.body.deviceId);
    const machine = async (deviceId: string) =>
      (await server.call(`/api/machines/${deviceId}`, { token: machines })).json();
    expect((await machine(first.body.deviceId)).computerDnsName).toBe('renamed.example.com');
    // Reinstalled: a new key under the same name on the same hardware.
    const second = await enrol(enrolmentToken, describeAs('renamed.example.com', 'board-1'));
    expect((await machine(first.body.deviceId)).mergedIntoMachineId).toBe(second.body.deviceId);
    expect((await machine(second.body.deviceId)).mergedIntoMachineId).toBeNull();
    // A clone under another name while the other lives: told apart, and shown as what it may be.
    const clone = await enrol(enrolmentToken, describeAs('clone.example.com', 'board-1'));
    expect((await machine(second.body.deviceId)).mergedIntoMachineId).toBeNull();
    expect((await machine(clone.body.deviceId)).isPotentialDuplication).toBe(true);
    const { value } = (
      await server.call(`/api/merlon/onboarding/devices?packageId=${id}`, { token: machines })
    ).json();
    const states = Object.fromEntries(
      value.map((one: { deviceId: string; state: string }) => [one.deviceId, one.state]),
    );
    expect(states[first.body.deviceId]).toBe('Superseded');
    expect(states[clone.body.deviceId]).toBe('Joined');
  });

  it('leaves a record of each package that was made, downloaded and withdrawn', async () => {
    const trail: { action: string; outcome: string }[] = await server.cli('audit', 'list', '--top', '500');
    const happened = new Set(
      trail.filter(({ outcome }) => outcome === 'success').map(({ action }) => action),
    );
    for (const action of [
      'package.create',
      'package.files',
      'package.download',
      'package.revoke',
      'device.enrol',
    ])
      expect(happened).toContain(action);
  });

  async function tokenOfScript(id: string): Promise<string> {
    const { files } = (await server.call(`${PACKAGES}/${id}/files`, { token })).json();
    const script = files.find((file: { path: string }) => file.path === 'onboard.sh');
    const text = Buffer.from(script.content, 'base64').toString();
    return /^token='([^']+)'$/m.exec(text)?.[1] ?? '';
  }
});
