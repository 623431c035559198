import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { isMet } from '../../reliability/faults/fault-row.ts'
import { violations } from '../../reliability/faults/judge.ts'
import { strangersAtPorts } from './f17-strangers.ts'
import { heldPorts } from './f18-held-ports.ts'

endProcessesAfterEach()

it.each([strangersAtPorts, heldPorts])('$id: $fault', { timeout: 240_000 }, async (row) => {
  const { demands, verdict, notes } = await row.run({ scale: 0.1 })
  const missed = demands.filter((demand) => !isMet(demand, demand.limit))
  expect({ missed, notes: missed.length > 0 ? notes : [] }).toEqual({ missed: [], notes: [] })
  expect(violations(verdict)).toBe(0)
})
