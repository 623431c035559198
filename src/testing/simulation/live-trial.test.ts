import { expect, it } from 'vitest'
import { LiveTrial } from './live-trial.ts'

it('live tables are what the database has, when all has been healed', async () => {
  let rows = 0
  let untold = 0
  for (let seed = 1; seed <= 4; seed++) {
    const trial = new LiveTrial({ seed })
    const { violations } = await trial.run()
    expect(violations, `seed ${seed}: ${trial.faults.log.join('\n')}`).toEqual([])
    rows += trial.compared.rows
    untold += trial.compared.untold
  }
  expect(rows).toBeGreaterThan(20)
  expect(untold).toBeLessThan(rows / 10)
})
