import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { isLinked, multicastShapes, shapes } from '../harness/definition-file.ts'
import { maxNodes } from '../harness/loopback.ts'
import { runTopology } from './topology-run.ts'

const updates = 5_000

endProcessesAfterEach()

const all = [...shapes, ...multicastShapes]

for (const shape of all.filter((each) => !isLinked(each) || maxNodes >= 3)) {
  it(`${shape}: every update reaches each of 9 processes once and in order`, async () => {
    const { seconds: _, ...result } = await runTopology(shape, updates)
    expect(result).toEqual({
      shape,
      nodes: isLinked(shape) ? 3 : 1,
      updates: 3 * updates,
      expectedDeliveries: 27 * updates,
      deliveries: 27 * updates,
      duplicates: 0,
      outOfOrder: 0,
      wrong: 0,
      torn: 0,
      lost: 0,
      unconfirmed: 0,
    })
  })
}
