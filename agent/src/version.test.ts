import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { AGENT_VERSION } from './version.ts';

it('says the version of its package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(AGENT_VERSION).toBe(version);
});
