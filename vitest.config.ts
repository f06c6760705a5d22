import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**', 'dist-sandbox/**', 'test/fixtures/**'],
    globalSetup: ['test/foundation/global-setup.ts'],
    // Tests start real servers and send real signals: a process each. They wait more than they compute: one more of them
    // than the smallest CI has cores.
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/sandbox/**'],
      reporter: ['text-summary', 'html'],
    },
  },
});
