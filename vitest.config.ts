import { defineConfig } from 'vitest/config';

/**
 * Three suites. `unit` needs nothing but Node. `integration` starts real engines and processes on loopback.
 * `journey` needs root, network namespaces and Debian packages, and is run by `.ci/run`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages/*,server,agent,portal,scripts}/**/*.test.ts', 'portal/**/*.test.tsx'],
          exclude: ['**/*.int.test.ts', '**/node_modules/**', '**/dist/**'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{packages/*,server,agent,tests}/**/*.int.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          globalSetup: ['tests/support/build-once.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'journey',
          include: ['tests/**/*.journey.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['tests/support/build-once.ts', 'tests/support/build-agent-once.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
