import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { isMet } from '../../reliability/faults/fault-row.ts'
import { violations } from '../../reliability/faults/judge.ts'
import { strangersAtPorts } from './f17-strangers.ts'
import { heldPorts } from './f18-held-ports.ts'

endProcessesAfterEach()

it.each([strangersAtPorts, heldPorts])('$id: $fault', async (row) => {
  const { demands, verdict, notes } = await row.run({ scale: 0.1 })
  // How long it took is for the fault matrix, on a machine that does nothing else.
  const counted = demands.filter(({ unit }) => unit !== 'ms')
  const missed = counted.filter((demand) => !isMet(demand, demand.limit))
  expect({ missed, notes: missed.length > 0 ? notes : [] }).toEqual({ missed: [], notes: [] })
  expect(violations(verdict)).toBe(0)
})
