// `npm run crashes`, short: processes killed between BEGIN and publish(), for each way into the queue.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { available } from '../../harness/tools.ts'
import { runCrashes } from './crash-run.ts'
import type { CrashWayName } from './crash-setup.ts'

endProcessesAfterEach()

const hasPostgres = available('crashes between BEGIN and publish()', 'postgres')

/** With the seeds of `npm run crashes` some die in each part of a transaction. */
async function outcomeOf(way: CrashWayName, instants: number) {
  const outcome = await runCrashes({ way, instants, atOnce: 2, seed: 1, say: () => undefined })
  // Each had committed before, and much of that came.
  expect(outcome.committed).toBeGreaterThan(instants)
  expect(outcome.lost).toBeLessThan(outcome.committed)
  return outcome
}

it.each([
  ['publish()', 6],
  ['commit()', 6],
  ['sqlite', 8],
] as const)(
  '%s: what a process has committed that is killed at a random instant is delivered, or in a loss',
  async (way, instants) => {
    expect(await outcomeOf(way, instants)).toMatchObject({ violations: [] })
  },
)

it.runIf(hasPostgres)(
  'tidings/postgres: what a process has committed that is killed at a random instant is delivered, or in a loss',
  async () => {
    expect(await outcomeOf('postgres', 16)).toMatchObject({ violations: [] })
  },
)

it.runIf(hasPostgres)(
  'tidings capture postgres: what a process has committed that is killed at a random instant is delivered',
  async () => {
    expect(await outcomeOf('capture', 4)).toMatchObject({ violations: [], lost: 0 })
  },
)
