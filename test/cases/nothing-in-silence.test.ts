// Whatever a subscriber was owed is delivered or told, though it, a node, a disk or a container was away.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { available } from '../harness/tools.ts'
import { forgottenScripts } from '../reliability/faults/f26-forgotten-scripts.ts'
import { unreachableAtStart } from '../reliability/faults/f27-unreachable-at-start.ts'
import { fullStateFolder } from '../reliability/faults/f28-full-state-folder.ts'
import { containersKilled } from '../reliability/faults/f29-containers-killed.ts'
import { isMet } from '../reliability/faults/fault-row.ts'
import { violations } from '../reliability/faults/judge.ts'

endProcessesAfterEach()

const rows = [forgottenScripts, unreachableAtStart, fullStateFolder, containersKilled]
const possible = rows.filter(({ fault, needs }) => available(fault, ...(needs ?? [])))

it.each(possible)('$fault: nothing is lost in silence', async (row) => {
  const { demands, verdict, notes } = await row.run({ scale: 0.01 })
  // How long it took is for the fault matrix, on a machine that does nothing else.
  const counted = demands.filter(({ unit }) => unit !== 'ms')
  expect(
    counted.filter((demand) => !isMet(demand, demand.limit)),
    notes.join('\n'),
  ).toEqual([])
  expect(violations(verdict), JSON.stringify(verdict)).toBe(0)
})
