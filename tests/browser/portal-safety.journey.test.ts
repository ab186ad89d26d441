/** What must hold on every page of the portal: hostile names stay text, axe finds nothing grave, and a role sees what it lacks. */
import { readFile, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { type DeviceDescription, nowIso7, type OnboardingPackage } from '@merlon/contract';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import { openBrowser, signInToPortal, type TestBrowser, whyNoBrowser } from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const password = 'a long enough password';
/** Runs if it is ever taken for markup, and breaks out of an attribute or a script on the way. */
const hostile = (what: string) => `"'></script><img src=x onerror="globalThis.stolen='${what}'">`;
const NAME = hostile('name');
const SHA1 = 'ab'.repeat(20);

let server: TestServer;
let browser: TestBrowser;
let device: DeviceClient;
let page: Page;
let token: string;
let axe: string;
let alertId: string;
let incidentId: number;

async function post(path: string, json: object) {
  const answer = await server.call(path, { token, json });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.json();
}

describe.skipIf(whyNoBrowser() !== null)('every page of the portal', () => {
  beforeAll(async () => {
    axe = await promisify(readFile)(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    server = await startServer();
    const { name, oneTimePassword } = server.administrator;
    token = (await server.signIn({ name, password: oneTimePassword, newPassword: password })).accessToken;
    const packed = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    const onboarding = JSON.parse(readFileSync(packed.files[0], 'utf8')) as OnboardingPackage;
    const described: DeviceDescription = {
      computerName: NAME,
      osPlatform: 'Linux',
      osVersion: '12',
      osArchitecture: '64-bit',
      osProcessor: 'x64',
      agentVersion: 'test',
    };
    device = await enrolDevice(onboarding, described);
    await device.attend();
    const at = nowIso7(new Date());
    await device.send([
      {
        Table: 'DeviceProcessEvents',
        Timestamp: at,
        ActionType: 'ProcessCreated',
        FileName: hostile('file'),
        FolderPath: `/tmp/${hostile('path')}`,
        SHA1,
        ProcessId: 77,
        ProcessCreationTime: at,
        ProcessCommandLine: hostile('command line'),
        AccountName: 'mallory',
        AccountDomain: hostile('domain'),
        InitiatingProcessFileName: hostile('parent'),
        InitiatingProcessId: 76,
        InitiatingProcessCreationTime: at,
      },
      {
        Table: 'DeviceNetworkEvents',
        Timestamp: at,
        ActionType: 'ConnectionSuccess',
        RemoteIP: '203.0.113.9',
        RemotePort: 443,
        RemoteUrl: `https://evil.example/${hostile('url')}`,
        InitiatingProcessFileName: hostile('parent'),
      },
      {
        Table: 'DeviceLogonEvents',
        Timestamp: at,
        ActionType: 'LogonSuccess',
        LogonType: 'Network',
        AccountName: 'mallory',
        AccountDomain: 'contoso',
        RemoteIP: '203.0.113.9',
      },
    ]);
    let event = { Timestamp: '', ReportId: 0, DeviceId: '' };
    await eventually(
      'the event is there',
      async () => {
        const { Results } = await post('/api/advancedqueries/run', {
          Query: 'DeviceProcessEvents | where ProcessId == 77 | project Timestamp, ReportId, DeviceId',
        });
        event = Results[0] ?? event;
        return Results.length === 1;
      },
      { withinMs: 20_000 },
    );
    const alert = await post('/api/alerts/CreateAlertByReference', {
      machineId: event.DeviceId,
      severity: 'High',
      title: hostile('title'),
      description: hostile('description'),
      recommendedAction: hostile('recommended'),
      category: 'Execution',
      eventTime: event.Timestamp,
      reportId: String(event.ReportId),
    });
    alertId = alert.id;
    incidentId = alert.incidentId;
    for (const [path, json] of [
      [`/api/alerts/${alertId}`, { comment: hostile('alert comment') }],
      [`/api/incidents/${incidentId}`, { comment: hostile('incident comment'), tags: [hostile('tag')] }],
    ] as const) {
      const changed = await server.call(path, { method: 'PATCH', token, json });
      expect(changed.status, changed.text).toBe(200);
    }
    await post(`/api/machines/${device.deviceId}/tags`, { Value: hostile('device tag'), Action: 'Add' });
    await post(`/api/machines/${device.deviceId}/isolate`, {
      Comment: hostile('order'),
      IsolationType: 'Full',
    });
    await post('/api/merlon/hunting/queries', {
      name: hostile('query'),
      query: 'DeviceProcessEvents | take 5',
      shared: true,
    });
    await post('/api/indicators', {
      indicatorValue: SHA1,
      indicatorType: 'FileSha1',
      action: 'Block',
      title: hostile('indicator'),
      description: 'A trial.',
    });
    browser = await openBrowser();
    page = browser.page;
    page.setDefaultTimeout(30_000);
    await signInToPortal(page, server.url, { name, password });
  });
  afterAll(async () => {
    await browser?.dispose();
    device?.close();
    await server?.dispose();
  });

  /** Address, and what is there once the page shows what it is for. */
  const pages = (): readonly (readonly [path: string, shows: string])[] => [
    ['/dashboard', 'Devices at risk'],
    ['/incidents', 'Active alerts'],
    [`/incidents/${incidentId}`, 'Manage'],
    [`/incidents/${incidentId}?tab=evidence`, 'Became of it'],
    ['/alerts', 'Last activity'],
    [`/alerts/${alertId}`, 'What happened'],
    ['/devices', 'Last seen'],
    [`/devices/${device.deviceId}`, 'Refresh'],
    [`/devices/${device.deviceId}?tab=alerts`, 'Severity'],
    [`/devices/${device.deviceId}?tab=users`, 'Kinds of sign-in'],
    [`/devices/${device.deviceId}?tab=actions`, 'Ordered by'],
    [`/files/${SHA1}`, 'Observed in the organization'],
    ['/ips/203.0.113.9', 'Observed in the organization'],
    ['/domains/evil.example', 'Observed in the organization'],
    ['/users/contoso%5Cmallory', 'Observed in the organization'],
    ['/hunting?query=DeviceProcessEvents%20%7C%20take%205&run=true', 'row in'],
    ['/actions', 'Ordered by'],
    ['/actions?tab=pending', 'Nothing waits'],
    ['/settings', 'Audit log'],
    ['/settings/audit', 'Outcome'],
    ['/nowhere', 'There is no page at this address.'],
  ];

  async function show([path, shows]: readonly [string, string]): Promise<void> {
    await page.goto(server.url + path);
    await page.getByText(shows).first().waitFor();
    // Nothing is being loaded any more.
    await expect.poll(() => page.getByRole('progressbar').count(), { timeout: 20_000 }).toBe(0);
  }

  it('shows hostile names as the text they are', async () => {
    for (const one of pages()) {
      await show(one);
      expect(await page.evaluate('globalThis.stolen'), one[0]).toBeUndefined();
      expect(await page.locator('img[src="x"]').count(), one[0]).toBe(0);
    }
    await page.goto(`${server.url}/alerts/${alertId}`);
    await page.getByRole('heading', { level: 1, name: hostile('title') }).waitFor();
    await page.getByRole('button', { name: 'Graph' }).click();
    await page.locator('.react-flow__node').first().waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('img src');
    await page
      .getByRole('option', { name: /Device/ })
      .first()
      .waitFor();
    expect(await page.evaluate('globalThis.stolen')).toBeUndefined();
    await page.keyboard.press('Escape');
  });

  // Known to fail: the findings it lists are to be put right, and then this is an ordinary test again.
  it.fails('has no serious finding of axe, in light and, of each kind of page, in dark', async () => {
    const found: string[] = [];
    const kinds = ['/dashboard', `/alerts/${alertId}`, '/devices', `/devices/${device.deviceId}`, '/hunting'];
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const one of pages()) {
        if (scheme === 'dark' && !kinds.includes(one[0].split('?')[0] ?? '')) continue;
        await show(one);
        await page.evaluate(axe);
        const grave = (await page.evaluate(
          `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
            violations
              .filter(({ impact }) => impact === 'serious' || impact === 'critical')
              .map(({ id, nodes }) => id + ': ' + nodes[0].target.join(' ') + ' ' + nodes[0].html.slice(0, 200)))`,
        )) as string[];
        found.push(...grave.map((finding) => `${scheme} ${one[0]}: ${finding}`));
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    expect(found).toEqual([]);
  });

  it('fits a window half as wide, as at 200 %', async () => {
    await page.setViewportSize({ width: 640, height: 400 });
    for (const one of pages()) {
      await show(one);
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow, one[0]).toBeLessThanOrEqual(1);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('says to a reader which permission a control needs, and keeps the rest from him', async () => {
    const role = await server.cli(
      'role',
      'create',
      '--name',
      'Readers',
      '--permission',
      'ViewData.SecurityOperations',
    );
    const readers = await server.cli('usergroup', 'create', '--name', 'Readers', '--role', role.id);
    const made = await server.cli('user', 'create', '--name', 'rita');
    await server.cli('usergroup', 'add-member', readers.id, made.userId);
    const elsewhere = ['--where', 'name startsWith elsewhere-', '--user-group', readers.id];
    await server.cli('devicegroup', 'create', '--name', 'Elsewhere', ...elsewhere);
    await server.cli('devicegroup', 'update', '0', '--user-group', readers.id);
    await server.cli('access', 'rbac');
    const other = await openBrowser();
    try {
      const { page: own } = other;
      own.setDefaultTimeout(20_000);
      await signInToPortal(own, server.url, {
        name: 'rita',
        password: made.oneTimePassword,
        newPassword: password,
      });
      await own.goto(`${server.url}/devices/${device.deviceId}`);
      const isolate = own.getByRole('button', { name: /Isolate device|Release from isolation/ });
      await isolate.waitFor();
      await expect.poll(() => isolate.getAttribute('aria-disabled'), { timeout: 10_000 }).toBe('true');
      await isolate.hover();
      await own
        .getByText('This needs the permission “Active remediation actions: Security operations”.')
        .waitFor();
      await own.getByRole('button', { name: 'More actions' }).click();
      const scan = own.getByRole('menuitem', { name: 'Scan for malware' });
      expect(await scan.getAttribute('aria-disabled')).toBe('true');
      await own.goto(`${server.url}/settings`);
      await own.getByText('Your role reaches none of the settings.').waitFor();
      await own.goto(`${server.url}/actions?tab=pending`);
      await own.getByText(/This needs the permission/).waitFor();
      expect(other.complaints.filter((text) => !/status of 40[0134]/.test(text))).toEqual([]);
    } finally {
      await other.dispose();
    }
  });

  it('broke no rule of the content policy and threw nothing', () => {
    expect(browser.complaints.filter((text) => !/status of 404/.test(text))).toEqual([]);
  });
});
