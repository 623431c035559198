import { tmpdir } from 'node:os'
import path from 'node:path'
import { defineConfig } from 'vitest/config'

/** They let days go by for all timers of their process, or fill its memory: nothing else may live there. */
const alone = ['src/base/clock.test.ts', 'src/intake/flood.test.ts']

/** They go through all cases of something, or simulate hours: whole, they take longer than a newcomer waits. */
const exhaustive = [
  'src/cluster/membership/detection.test.ts',
  'src/live/races.test.ts',
  'src/publisher/retained-batches.test.ts',
  'src/registration/snapshot-parts.test.ts',
  'src/subscriber/parts.test.ts',
  'src/testing/simulation/live-trial.test.ts',
  'src/testing/simulation/trial.test.ts',
  'src/wire/rows/row-filter.test.ts',
  'test/guarantees-page.test.ts',
  'test/security-page.test.ts',
]

/**
 * What `npm test` runs in a minute and a half: whatever stands beside the code, and directly in test/, but for the list above.
 * The folders of test/ hold what takes long, mostly whole systems: `npm run test:all` runs that too.
 * The stories of test/cases/ are a command of their own, `npm run cases`, and so are the programs of examples/, `npm run examples`,
 * but for those that need no packages, or few.
 */
const projects = {
  quick: {
    include: ['src/**/*.test.ts', 'bench/**/*.test.ts', 'test/*.test.ts'],
    exclude: [...alone, ...exhaustive],
    // Many small files that share the sources: a process for each takes more than their tests.
    isolate: false,
    setupFiles: ['test/harness/leaves-nothing-open.ts'],
  },
  alone: { include: alone },
  long: {
    include: ['test/*/**/*.test.ts', ...exhaustive],
    exclude: ['test/cases/**', 'test/examples/!(two-processes|express|browser).test.ts'],
  },
  cases: { include: ['test/cases/*.test.ts'] },
  examples: { include: ['test/examples/*.test.ts'] },
}

/** Nothing is judged by it: only what never ends runs into it, on however busy a machine. */
const hangsAfterMs = 600_000

export default defineConfig({
  test: {
    // Native sockets end a process when a worker thread is torn down under them: only forks.
    pool: 'forks',
    testTimeout: hangsAfterMs,
    hookTimeout: hangsAfterMs,
    expect: { poll: { timeout: hangsAfterMs / 5 } },
    maxWorkers: 2,
    // The processes that tests start compile the same sources again and again: kept, a start costs half.
    env: { NODE_COMPILE_CACHE: path.join(tmpdir(), 'tidings-compile-cache') },
    projects: Object.entries(projects).map(([name, files]) => ({
      extends: true as const,
      test: { name, ...files },
    })),
  },
})
