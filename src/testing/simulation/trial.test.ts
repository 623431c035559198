import { describe, expect, it } from 'vitest'
import { check } from './checker.ts'
import { publisherJournal, subscriberJournal } from './journal.ts'
import { Trial } from './trial.ts'

describe('random clusters under random faults', () => {
  it('keep the contract, in mesh and in proxy mode, over two and three nodes', async () => {
    for (let seed = 1; seed <= 40; seed++) {
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

describe('the checker', () => {
  const update = { table: 'A', sequence: 1, commit: 1, place: 0, at: 10 }
  const got = { ...update, incarnation: 'p', delivery: 1, isIncomplete: false }
  const journals = (received: (typeof got)[]) => {
    const publisher = publisherJournal('p', 0)
    publisher.updates.set('A', [update, { ...update, sequence: 2, commit: 2 }])
    publisher.commits.push([update], [{ ...update, sequence: 2, commit: 2 }])
    const subscriber = subscriberJournal('s', 0, ['A'])
    subscriber.readyAt = 0
    subscriber.delivered.push(...received)
    return check(new Map([['p', publisher]]), [subscriber]).violations.map(({ rule }) => rule)
  }
  const second = { ...got, sequence: 2, commit: 2, delivery: 2 }

  it('passes what is whole', () => expect(journals([got, second])).toEqual([]))
  it('finds a silent loss', () => expect(journals([got])).toEqual(['silent-loss']))
  it('finds what came twice', () => expect(journals([got, second, got])).toContain('twice'))
  it('finds what is out of order', () => expect(journals([second, got])).toContain('out-of-order'))
  it('finds what was never published', () =>
    expect(journals([got, second, { ...got, sequence: 3 }])).toContain('never-published'))
})
