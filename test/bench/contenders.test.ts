import { describe, expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { contenderNamed } from '../../bench/contender.ts'

endProcessesAfterEach()

/** Those that need no server of another package and promise that nothing is dropped. */
const names = ['mesh', 'zeromq', 'zeromq-batches']

describe.each(names)('%s', (name) => {
  it('brings every update of two publishers to two subscribers, checked by its sum', async () => {
    const contender = await contenderNamed(name)
    const updates = 25_000
    const outcome = await contender.run({ publishers: 2, subscribers: 2 }, '20w', {
      type: 'throughput',
      warmUp: 20_001,
      updates,
      reading: 'all',
    })
    expect(outcome).toMatchObject({ updates, lost: 0, latency: null })
    expect(outcome.perSecond).toBeGreaterThan(0)
    expect(outcome.cpuSecondsPerMillion).toBeGreaterThan(0)
    expect(outcome.memory.subscriber).toBeGreaterThan(0)
  })
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
