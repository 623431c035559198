import { expect, it } from 'vitest'
import type { Update } from '../../src/model/update.ts'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'
import { MemoryCluster } from '../../src/testing/index.ts'
import { eventually } from '../harness/eventually.ts'

interface Row {
  readonly ID: string
  readonly V: number
}

/** One process's pool of connections resolves two commits of a row in the wrong order; or two processes do. */
it.each([1, 2])(
  'conflated by version: the highest is delivered (%i publishers)',
  async (number) => {
    const cluster = new MemoryCluster()
    const publishers = await Promise.all(
      Array.from({ length: number }, (_, index) =>
        openUpdateQueue({ process: `P${index}`, transport: cluster.transport('a') }),
      ),
    )
    const reader = await openUpdateQueue({ process: 'READER', transport: cluster.transport('b') })
    const gate = Promise.withResolvers<void>()
    const latest = new Map<string, Update>()
    let folded = 0
    const subscription = reader.subscribe('T', {
      whenSlow: 'conflate',
      key: 'ID',
      limit: { updates: 4 },
      onDelivery: (delivery) => {
        if (delivery.type === 'loss') return undefined
        if (delivery.type === 'conflated') folded += delivery.folded
        for (const update of delivery.updates) latest.set((update.record as Row).ID, update)
        return gate.promise
      },
    })
    await subscription.ready
    const put = (index: number, ID: string, version: bigint): void => {
      const record: Row = { ID, V: Number(version) }
      publishers[index % number]?.publish({ table: 'T', kind: 'modify', record, version })
    }
    const came = (updates: number) => () => reader.stats().waitingUpdates >= updates
    put(0, 'BLOCK', 0n)
    await eventually('the application is busy', () => latest.size === 1)
    put(0, 'X', 2n)
    await eventually('the higher version came first', came(2))
    put(1, 'X', 1n)
    await eventually('the lower came behind it', came(3))
    let version = 0n
    await eventually('what waits was folded', () => {
      put(0, 'Y', version++)
      return reader.stats().folded > 0
    })
    gate.resolve()
    await Promise.all(publishers.map((each) => each.flush()))
    expect(folded).toBeGreaterThan(0)
    expect(latest.get('X')?.version).toBe(2n)
    expect(latest.get('Y')?.version).toBe(version - 1n)
    await Promise.all([...publishers, reader].map((queue) => queue.close()))
  },
)
