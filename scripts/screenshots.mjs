// Pictures of the portal's pages for the README: a real server with the simulated fleet, in docs/images.
// Needs Chromium and a build (`npm run build`).
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = `${root}docs/images`;
const password = 'a long enough password';
const device = 'srv-web-02.contoso.example';

/** The tests' own helpers, which are TypeScript. Bundled beside their sources, because they find the server from there. */
async function helpers() {
  const outfile = `${root}tests/support/.screenshots-${process.pid}.mjs`;
  await build({
    stdin: {
      contents: "export * from './server.ts'; export * from './browser.ts'; export * from './demo-fleet.ts';",
      resolveDir: `${root}tests/support`,
    },
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(outfile);
  }
}

const { openBrowser, signInToPortal, startDemoFleet, startServer } = await helpers();

/** File name -> address, and what to do there until the page shows what it is for. */
const pages = {
  devices: ['/devices', (page) => page.getByRole('link', { name: device }).waitFor()],
  device: [
    '/devices',
    async (page) => {
      await page.getByRole('link', { name: device }).click();
      await page.getByRole('listbox', { name: 'Events, newest first' }).getByRole('option').nth(5).click();
      await page.getByRole('complementary', { name: 'Event' }).getByText('SHA1').first().waitFor();
    },
  ],
  alerts: [
    '/alerts',
    (page) => page.getByRole('table', { name: 'Alerts' }).getByRole('link').first().waitFor(),
  ],
  alert: [
    '/alerts?sort=severity+desc',
    async (page) => {
      await page.getByRole('table', { name: 'Alerts' }).getByRole('link').first().click();
      await page.getByRole('heading', { name: 'What happened' }).waitFor();
    },
  ],
  hunting: [
    '/hunting',
    async (page) => {
      await page.getByRole('button', { name: 'Run query' }).click();
      await page.getByText(/rows in/).waitFor();
    },
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
  audit: ['/audit', (page) => page.getByText('machine.isolate').waitFor()],
};

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
  await mkdir(images, { recursive: true });
  for (const [file, [path, show]] of Object.entries(pages)) {
    await page.goto(server.url + path);
    await show(page);
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.activeElement?.blur());
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: `${images}/${file}.png` });
    console.log(`docs/images/${file}.png`);
  }
} finally {
  await browser?.dispose();
  await fleet?.stop();
  await server.dispose();
}
