// Of the bars those that no other test has: machines that are linked by multicast, and move, or start again under load.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { available } from '../../harness/tools.ts'
import { violations } from '../faults/judge.ts'
import { runBar } from './bar-run.ts'
import { bars } from './bar.ts'

/** Rate and latency are for `npm run bars`. */
const seconds = 1

endProcessesAfterEach()

const bar = (id: string) => {
  const found = bars.find((each) => each.id === id)
  if (!found) throw new Error(`there is no bar ${id}`)
  return found
}

it.runIf(available('machines that move or start again', 'network', 'nft')).each([
  ['moved', 'mesh+multicast'],
  ['restarted', 'proxy+multicast'],
  ['lost-20', 'proxy+multicast'],
] as const)('%s, %s: all that is published arrives, once and in order', async (id, shape) => {
  const { verdict, demands } = await runBar(bar(id), shape, seconds)
  expect(violations(verdict)).toBe(0)
  expect(verdict.deliveries).toBeGreaterThan(0)
  const told = demands.filter(({ what }) => what.startsWith('told lost'))
  expect(told.map(({ measured }) => measured)).toEqual([0])
})

it('each bar has a name of its own', () => {
  const ids = bars.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})
