import { describe, expect, it } from 'vitest'
import { Trial } from './trial.ts'

describe('random clusters under random faults', () => {
  it('keep the contract, in mesh and in proxy mode, over two and three nodes', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const trial = new Trial({ seed, nodes: seed % 3 === 0 ? 3 : 2 })
      const { violations, owed } = await trial.run()
      expect(violations, `seed ${seed}: ${trial.faults.log.join('\n')}`).toEqual([])
      expect(owed).toBeGreaterThan(0)
    }
  })

  it('replay identically from a seed', async () => {
    const [one, two] = [new Trial({ seed: 7 }), new Trial({ seed: 7 })]
    expect(await one.run()).toEqual(await two.run())
    expect(one.faults.log).toEqual(two.faults.log)
  })

  it('lose nothing where there are no faults', async () => {
    const trial = new Trial({ seed: 5, faultEveryMs: 1e9, forget: 0 })
    const { violations, lost, owed } = await trial.run()
    expect({ violations, lost }).toEqual({ violations: [], lost: 0 })
    expect(owed).toBeGreaterThan(100)
  })
})
