/**
 * A Nagios plugin for the service (check_msdefender, from the Python registry), unmodified: the addresses it has built in are the server's. Needs Python 3
 * with venv; the plugin is installed at a pinned version into a folder under node_modules/.cache.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';
import { openServiceEdge, type ServiceEdge } from './service-edge.ts';
import type { Row } from './traffic.ts';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const venv = fileURLToPath(new URL('../../node_modules/.cache/merlon-check-msdefender/', import.meta.url));

let server: TestServer;
let edge: ServiceEdge;
let folder: string;
let alert: Row;
let device: Row;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-nagios-'));
  mkdirSync(venv, { recursive: true });
  const python = join(venv, 'bin', 'python');
  if (!existsSync(python)) await run('python3', ['-m', 'venv', venv]);
  await run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements]);
  server = await startServer();
  const fleet = await startDemoFleet(server);
  edge = await openServiceEdge(server, folder);
  const app = await server.createApp(
    'Alert.Read.All',
    'Machine.Read.All',
    'Vulnerability.Read.All',
    'SecurityIncident.Read.All',
    'ThreatHunting.Read.All',
  );
  writeFileSync(
    join(folder, 'check_msdefender.ini'),
    `[auth]\nclient_id = ${app.clientId}\nclient_secret = ${app.clientSecret}\ntenant_id = ${app.tenantId}\n[settings]\ntimeout = 15\n`,
  );
  let token = await server.token(app);
  const get = async (path: string): Promise<Row> => (await server.call(path, { token })).json();
  await eventually('alerts', async () => (await get('/api/alerts')).value.length > 5, {
    withinMs: 30_000,
  });
  await fleet.stop();
  await server.stop();
  // Whom the plugin believes to talk to is whom tokens and links must name.
  server.env.MERLON_PUBLIC_URL = 'https://login.microsoftonline.com';
  await server.start();
  token = await server.token(app);
  [alert] = (await get("/api/alerts?$filter=severity eq 'High'&$top=1")).value;
  device = await get(`/api/machines/${alert.machineId}`);
}, 300_000);
afterAll(async () => {
  edge?.close();
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Nagios reads the first line and the code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
async function check(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, HTTPS_PROXY: edge.proxy, REQUESTS_CA_BUNDLE: edge.caPath };
  const options = { cwd: folder, env };
  try {
    const { stdout } = await run(join(venv, 'bin', 'check_msdefender'), args, options);
    return { code: 0, text: stdout };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, text: failed.stdout + failed.stderr };
  }
}

describe('check_msdefender, unmodified', () => {
  it('lists the devices', async () => {
    const { code, text } = await check('machines', '-W', '1000', '-C', '2000');
    expect([code, text]).toEqual([0, expect.stringContaining(device.computerDnsName)]);
  });

  it('finds a device by name, and says how it is', async () => {
    const seen = await check('lastseen', '-d', device.computerDnsName, '-W', '7', '-C', '30');
    expect([seen.code, seen.text]).toEqual([0, expect.stringMatching(/OK/)]);
    const onboarded = await check('onboarding', '-m', device.id);
    expect([onboarded.code, onboarded.text]).toEqual([0, expect.stringMatching(/OK/)]);
    const detail = await check('detail', '-d', device.computerDnsName);
    expect([detail.code, detail.text]).toEqual([0, expect.stringContaining(device.id)]);
    const none = await check('lastseen', '-d', 'no-such-device');
    expect(none.code, none.text).not.toBe(0);
  });

  it('counts the open alerts and incidents of a device, and reads its weaknesses', async () => {
    const alerts = await check('alerts', '-m', device.id, '-W', '1000', '-C', '2000');
    expect(alerts.text).toMatch(/alerts=[1-9]/);
    const incidents = await check('incidents', '-d', device.computerDnsName, '-W', '1000', '-C', '2000');
    expect(incidents.text).toMatch(/incidents=[1-9]/);
    const weak = await check('vulnerabilities', '-m', device.id);
    expect([weak.code, weak.text]).toEqual([0, expect.stringMatching(/OK/)]);
  });

  it('writes down an incident with its alerts, evidence and timeline', async () => {
    const report = await check('incident-detail', alert.id, '--window', '60');
    expect([report.code, report.text]).toEqual([0, expect.stringContaining(alert.title)]);
    expect(edge.requests).toContain(`GET /v1.0/security/incidents/${alert.incidentId}`);
    expect(edge.requests).toContain('POST /v1.0/security/runHuntingQuery');
  });

  it('says what the server refused', async () => {
    const refused = await check('detail', '-m', 'f'.repeat(40));
    expect([refused.code, refused.text]).toEqual([3, expect.stringMatching(/404/)]);
  });
});
