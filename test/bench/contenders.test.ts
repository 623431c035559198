import { describe, expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { runnable } from '../harness/tools.ts'
import { contenderNamed } from '../../bench/contender.ts'

endProcessesAfterEach()

/**
 * Of those that promise that nothing is dropped; with updates by each publisher, which are more than the window
 * holds where there is time for that.
 */
const updatesOf = {
  mesh: 25_000,
  'mesh-keys': 25_000,
  'relay-keys': 25_000,
  zeromq: 25_000,
  'zeromq-batches': 25_000,
  postgres: 25_000,
  bullmq: 2000,
  'bullmq-batches': 25_000,
  'bullmq-postgres': 25_000,
}

const contenders = await Promise.all(
  Object.entries(updatesOf).map(async ([name, updates]) => {
    const contender = await contenderNamed(name)
    const { missing } = contender.requirement()
    return { name, updates, contender, isThere: runnable(`the contender ${name}`, missing) }
  }),
)

describe.each(contenders)('$name', ({ contender, updates, isThere }) => {
  it.runIf(isThere)(
    'brings every update of two publishers to two subscribers, checked by its sum',
    async () => {
      const outcome = await contender.run({ publishers: 2, subscribers: 2 }, '20w', {
        type: 'throughput',
        warmUp: Math.min(20_001, updates),
        updates,
        reading: 'all',
        perTurn: 1_000,
      })
      expect(outcome).toMatchObject({ updates, lost: 0, latency: null })
      expect(outcome.perSecond).toBeGreaterThan(0)
      expect(outcome.cpuSecondsPerMillion).toBeGreaterThan(0)
      expect(outcome.memory.subscriber).toBeGreaterThan(0)
    },
  )
})

it('takes latency at a fixed rate', async () => {
  const contender = await contenderNamed('mesh')
  const work = { type: 'latency', rate: 1000, warmUp: 500, updates: 1000 } as const
  const { latency, lost } = await contender.run({ publishers: 1, subscribers: 1 }, '15', work)
  expect(lost).toBe(0)
  expect(latency?.p50).toBeGreaterThan(0)
  expect(latency?.p99).toBeGreaterThanOrEqual(latency?.p50 ?? Number.NaN)
  expect(latency?.p999).toBeGreaterThanOrEqual(latency?.p99 ?? Number.NaN)
})
