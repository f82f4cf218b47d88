import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // What functions log is theirs; a test that wants to see it spies on it.
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' },
    // A shared machine may be slow; nothing here measures time.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // The engine, the synthesis and the runner are processes of their own: two workers on two cores is the fastest there is.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'suite',
          include: ['test/**/*.test.ts'],
          exclude: ['test/journeys/**'],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts'],
          globalSetup: ['test/journeys/global-setup.ts'],
        },
      },
    ],
  },
});
