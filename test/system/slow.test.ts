import { describe, expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { runSleeper, sleeps } from './sleeper-run.ts'
import { demands, sleeperRow, steadyRow } from './slow-row.ts'
import { runSteady } from './steady-run.ts'

endProcessesAfterEach()

/** More than the queue of a sleeper holds, and two seconds' worth. */
const updates = 200_000
const perSecond = 100_000

/**
 * CPU for each update against what it takes without the slow one. `npm run slow` asks for the rates as well:
 * on a machine that does other things they say more of those.
 */
const mostCost = 2.5

const cases = sleeps.flatMap((sleep) =>
  (['repair', 'conflate'] as const).map((whenSlow) => ({ sleep, whenSlow })),
)

describe.each(cases)('a subscriber that sleeps ($sleep), $whenSlow', ({ sleep, whenSlow }) => {
  it('costs nobody anything, and has everything or knows what it has not', async () => {
    const watch = { whenSlow, key: 'INSTRUMENT', limit: { updates: 20_000 } } as const
    const result = await runSleeper({ shape: 'mesh', sleep, watch, updates, perSecond })
    expect(result).toMatchObject({ silent: 0, fastSilent: 0 })
    expect(result.publisherCost).toBeLessThan(mostCost)
    expect(result.fastCost).toBeLessThan(mostCost)
    expect(result.publisherGrowthMiB).toBeLessThan(demands.mostGrowthMiB)
    expect(result.delivered + result.lost).toBeGreaterThanOrEqual(updates)
    if (sleep === 'pending') expect(result.folded > 0).toBe(whenSlow === 'conflate')
    expect(sleeperRow(result)).toMatchObject({ times: 1, silent: 0 })
  })
})

it.each(['repair', 'conflate', 'fail'] as const)(
  'a subscriber that takes 1 ms for each update, %s, costs nobody anything',
  async (whenSlow) => {
    const result = await runSteady({ whenSlow, limit: { updates: 5_000 }, updates, perSecond })
    expect(result.silent).toBe(0)
    expect(result.publisherCost).toBeLessThan(mostCost)
    expect(result.fastCost).toBeLessThan(mostCost)
    if (whenSlow === 'fail') expect(result.delivered).toBeLessThan(updates / 2)
    else expect(result.delivered + result.lost).toBeGreaterThanOrEqual(updates)
    expect(result.folded > 0).toBe(whenSlow === 'conflate')
    expect(steadyRow(result)).toMatchObject({ times: 1, silent: 0 })
  },
)
