/** A real browser for the portal: Debian's Chromium, headless, with an empty profile of its own. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.MERLON_CHROMIUM ?? '/usr/bin/chromium';

/** Nothing but what the test asks for goes over the network, and nothing is kept. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface TestBrowser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained of: errors thrown in it, and messages of the console of that kind. */
  readonly complaints: readonly string[];
  /** Closes it and removes its profile. */
  dispose(): Promise<void>;
}

export interface BrowserOptions {
  readonly dark?: boolean;
  readonly width?: number;
  readonly height?: number;
}

/** Why there is no browser to test with; null when there is one. */
export function whyNoBrowser(): string | null {
  return existsSync(CHROMIUM) ? null : `${CHROMIUM} is not there (apt-get install chromium)`;
}

export async function openBrowser({
  dark = false,
  width = 1280,
  height = 800,
}: BrowserOptions = {}): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'merlon-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: ARGUMENTS,
    // The server's certificate comes from its own private authority, which this empty profile does not know.
    ignoreHTTPSErrors: true,
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
  });
  return {
    context,
    page,
    complaints,
    async dispose() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** Fills in the sign-in pages; `newPassword` where the first one was for one time only. Ends in the portal. */
export async function signInToPortal(
  page: Page,
  url: string,
  { name, password, newPassword }: { name: string; password: string; newPassword?: string },
): Promise<void> {
  await page.goto(url);
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  if (newPassword !== undefined) {
    await page.getByLabel('New password').fill(newPassword);
    await page.getByLabel('The same again').fill(newPassword);
    await page.getByRole('button', { name: 'Continue' }).click();
  }
  await page.getByRole('navigation', { name: 'Portal' }).waitFor();
}
