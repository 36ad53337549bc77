import { defineConfig } from 'vitest/config'
import { CountReporter } from './tests/support/count-reporter.ts'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/teardown.ts'],
    reporters: [process.stdout.isTTY ? 'default' : 'dot', new CountReporter()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
