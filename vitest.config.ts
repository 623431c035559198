import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Native sockets end a process when a worker thread is torn down under them: only forks.
    pool: 'forks',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
