// Pictures of the portal's pages for the README: a real server with the simulated fleet, in docs/images.
// Needs Chromium and a build (`npm run build`).
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testHelpers } from './test-helpers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = `${root}docs/images`;
const password = 'a long enough password';
const device = 'srv-web-02.contoso.example';

const { openBrowser, signInToPortal, startDemoFleet, startServer } = await testHelpers(
  'server.ts',
  'browser.ts',
  'demo-fleet.ts',
);

const link = (page, table) => page.getByRole('table', { name: table }).getByRole('link').first();

/** File name -> address, and what to do there until the page shows what it is for. */
const pages = {
  dashboard: ['/dashboard', (page) => page.getByText(/in the last hour/).waitFor()],
  incidents: ['/incidents', (page) => link(page, 'Incidents').waitFor()],
  incident: [
    '/incidents',
    async (page) => {
      await link(page, 'Incidents').click();
      await link(page, 'Alerts of the incident').waitFor();
    },
  ],
  devices: ['/devices', (page) => page.getByRole('link', { name: device }).waitFor()],
  device: [
    '/devices',
    async (page) => {
      await page.getByRole('link', { name: device }).click();
      await page.getByRole('listbox', { name: 'Events, newest first' }).getByRole('option').nth(5).click();
      await page.getByRole('complementary', { name: 'Event' }).getByText('SHA1').first().waitFor();
    },
  ],
  alerts: ['/alerts', (page) => link(page, 'Alerts').waitFor()],
  alert: [
    '/alerts?sort=severity+desc',
    async (page) => {
      await link(page, 'Alerts').click();
      await page.getByRole('heading', { name: 'What happened' }).waitFor();
    },
  ],
  user: ['/users/contoso%5Cadele', (page) => link(page, 'Alerts').waitFor()],
  hunting: [
    '/hunting?run=true&query=' +
      encodeURIComponent(
        'DeviceProcessEvents\n| where Timestamp > ago(2d)\n| summarize Starts = count() by bin(Timestamp, 2h), DeviceName\n| render timechart',
      ),
    (page) => page.getByRole('img', { name: /timechart/ }).waitFor(),
  ],
  isolation: [
    '/devices',
    async (page) => {
      await page.getByRole('link', { name: device }).click();
      await page.getByRole('button', { name: 'Isolate device' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Comment').fill('Mines for somebody else');
      await dialog.getByRole('button', { name: 'Isolate device' }).click();
      await page.getByText('Isolation: succeeded').waitFor();
      await page.getByRole('listbox', { name: 'Events, newest first' }).getByRole('option').first().waitFor();
    },
  ],
  actions: ['/actions', (page) => page.getByText('Mines for somebody else').waitFor()],
  audit: ['/settings/audit', (page) => page.getByText('machine.isolate').waitFor()],
};

/** As in the README, and as on a small screen, which is looked at and not kept. */
const sizes = [
  { width: 1440, height: 900, folder: images },
  { width: 1024, height: 768, folder: join(tmpdir(), 'merlon-screenshots') },
];

const ALERTS_MS = 120_000;

const server = await startServer();
let browser;
let fleet;
try {
  fleet = await startDemoFleet(server);
  browser = await openBrowser();
  const { page } = browser;
  const { name, oneTimePassword } = server.administrator;
  await signInToPortal(page, server.url, { name, password: oneTimePassword, newPassword: password });
  await page.goto(`${server.url}/alerts`);
  await page.getByRole('table', { name: 'Alerts' }).waitFor({ timeout: ALERTS_MS });
  for (const { folder, ...size } of process.argv.includes('--small') ? sizes : sizes.slice(0, 1)) {
    await mkdir(folder, { recursive: true });
    await page.setViewportSize(size);
    for (const [file, [path, show]] of Object.entries(pages)) {
      // An isolation is ordered once.
      if (size.width < 1440 && file === 'isolation') continue;
      await page.goto(server.url + path);
      await show(page);
      await page.mouse.move(0, 0);
      await page.evaluate(() => document.activeElement?.blur());
      // The stream of live updates never ends, so the network is never idle: what is shown has come, its spinners are gone.
      await page.getByRole('progressbar').first().waitFor({ state: 'hidden' });
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${folder}/${file}.png` });
      console.log(`${folder}/${file}.png`);
    }
  }
} finally {
  await browser?.dispose();
  await fleet?.stop();
  await server.dispose();
}
