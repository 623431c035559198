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

  it('fold what waits for slow applications, of publishers whose versions come out of order', async () => {
    const trial = new Trial({ seed: 3 })
    const { violations } = await trial.run()
    expect(violations).toEqual([])
    const folded = [...trial.actors.values()].flatMap(({ received }) =>
      received.flatMap((journal) => journal.folded),
    )
    expect(folded.reduce((sum, each) => sum + each.folded, 0)).toBeGreaterThan(100)
    const isOlder = [...trial.publishers.values()].flatMap(({ updates }) =>
      [...updates.values()].flatMap((stream) =>
        stream.map(({ version }, index) => (version ?? 0n) < (stream[index - 1]?.version ?? 0n)),
      ),
    )
    expect(isOlder.filter(Boolean).length).toBeGreaterThan(50)
  })

  it('refuse what getters publish', async () => {
    const trial = new Trial({ seed: 1, faultMs: 5000 })
    const { violations } = await trial.run()
    expect(violations).toEqual([])
    const calls = [...trial.publishers.values()].flatMap(({ callsFromInside }) => callsFromInside)
    expect(calls.length).toBeGreaterThan(10)
    expect(new Set(calls)).toEqual(new Set(['USAGE']))
  })

  it('replay identically from a seed', async () => {
    const [one, two] = [new Trial({ seed: 7 }), new Trial({ seed: 7 })]
    expect(await one.run()).toEqual(await two.run())
    expect(one.faults.log).toEqual(two.faults.log)
  })

  it('lose nothing where there are no faults', async () => {
    const trial = new Trial({ seed: 5, faultEveryMs: 1e9, forget: 0, resets: true })
    const { violations, lost, owed } = await trial.run()
    expect({ violations, lost }).toEqual({ violations: [], lost: 0 })
    expect(owed).toBeGreaterThan(100)
  })
})
