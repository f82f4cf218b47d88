import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // The engine, the synthesis and the runner are processes of their own: two workers on two cores is the fastest there is.
    maxWorkers: 2,
  },
});
