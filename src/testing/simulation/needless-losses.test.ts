import { beforeEach, describe, expect, it } from 'vitest'
import type { Loss } from '../../model/loss.ts'
import type { ActorStage } from './actor-stage.ts'
import { publisherJournal, subscriberJournal } from './journal.ts'
import { NeedlessLosses } from './needless-losses.ts'
import type { SimulatedProcess } from './simulated-process.ts'

const diedAt = 1000
const now = 1010

/** Of what its node knew to publish A and B when it died: C was published later, D never. */
const publisher = () => {
  const journal = Object.assign(publisherJournal('p', 0, ['A']), { endedAt: diedAt })
  for (const table of ['B', 'C']) journal.updates.set(table, [])
  return journal
}

const openLoss = (table: string | null): Loss => ({
  table,
  publisher: { node: '', process: '', instance: '', incarnation: 'p' },
  from: 1,
  to: null,
  reason: 'gone',
})

let process: Pick<SimulatedProcess, 'endsTold' | 'tablesOfEnded'>
let heardAt: number
let journal: ReturnType<typeof subscriberJournal>
beforeEach(() => {
  process = {
    endsTold: new Map([['p', { from: now, to: Infinity }]]),
    tablesOfEnded: new Map([['p', ['A', 'B']]]),
  }
  heardAt = diedAt - 5
  journal = subscriberJournal('s', 0, '*')
})

function why(table: string | null): string | null {
  const stage = {
    network: { clock: { now: () => now } },
    watch: { heardAt: () => heardAt },
    publishers: new Map([['p', publisher()]]),
  } as unknown as ActorStage
  const losses = new NeedlessLosses(process as SimulatedProcess, stage)
  return losses.whyNeedless(journal, openLoss(table))
}

describe('an open loss of a publisher that its node found dead', () => {
  it('is needless in a table that it neither published nor declared, and in any table', () => {
    expect(why('D')).toContain('A, B alone')
    expect(why(null)).toContain('A, B alone')
  })

  it('is not in what it declared or published, whether its node knew that or not', () => {
    for (const table of ['A', 'B', 'C']) expect(why(table)).toBeNull()
  })

  it('is not where its node could not name its tables', () => {
    process.tablesOfEnded.set('p', [])
    expect(why('D')).toBeNull()
  })

  it('is not where the roster had not told that it is dead, or no longer says so', () => {
    process.endsTold.set('p', { from: now - 5, to: now - 1 })
    expect(why('D')).toBeNull()
    process.endsTold.delete('p')
    expect(why('D')).toBeNull()
  })

  it('is not where it was heard behind that', () => {
    heardAt = now
    expect(why('D')).toBeNull()
  })

  it('is not where it had been gone before, when nobody knew its tables', () => {
    const told = { afterDelivery: 0, falseBecause: null }
    journal.losses.push({ ...openLoss('A'), ...told, at: now - 1 })
    expect(why('D')).toBeNull()
  })

  it('is, where the others of the same moment are told before it', () => {
    const told = { afterDelivery: 0, falseBecause: null }
    journal.losses.push({ ...openLoss('A'), ...told, at: now })
    expect(why('D')).not.toBeNull()
  })
})
