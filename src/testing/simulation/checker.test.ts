import { describe, expect, it } from 'vitest'
import { check } from './checker.ts'
import type { DeliveredUpdate, ReportedLoss } from './journal.ts'
import { publisherJournal, subscriberJournal } from './journal.ts'

/** Commit 1: A1. Commit 2: A2 and B1. Commit 3: A3. */
const published = [['A'], ['A', 'B'], ['A']]

function publisher() {
  const journal = publisherJournal('p', 0)
  for (const [index, tables] of published.entries())
    journal.commits.push(
      tables.map((table, place) => {
        const stream = journal.updates.get(table) ?? []
        journal.updates.set(table, stream)
        const update = { table, sequence: stream.length + 1, commit: index + 1, place, at: 10 }
        stream.push(update)
        return update
      }),
    )
  return journal
}

const got = (
  table: string,
  sequence: number,
  commit: number,
  delivery: number,
  more: Partial<DeliveredUpdate> = {},
): DeliveredUpdate => ({
  incarnation: 'p',
  table,
  sequence,
  commit,
  delivery,
  at: 20,
  isIncomplete: false,
  place: table === 'B' ? 1 : 0,
  ...more,
})

const lost = (from: number, to: number, more: Partial<ReportedLoss> = {}): ReportedLoss => ({
  table: 'A',
  from,
  to,
  reason: 'evicted',
  at: 20,
  falseBecause: null,
  afterDelivery: 1,
  publisher: { node: '', process: '', instance: '', incarnation: 'p' },
  ...more,
})

const [a1, a2, b1, a3] = [
  got('A', 1, 1, 1),
  got('A', 2, 2, 2),
  got('B', 1, 2, 2),
  got('A', 3, 3, 3),
]
const whole = [a1, a2, b1, a3]
const incomplete = [a1, { ...b1, isIncomplete: true }, a3]

type Seen = NonNullable<Parameters<typeof check>[2]>

interface Written {
  readonly delivered?: readonly DeliveredUpdate[]
  readonly losses?: readonly ReportedLoss[]
  readonly flushed?: number
  /** When its publisher ended. */
  readonly endedAt?: number
  /** The roster has told its last numbers. */
  readonly toldLast?: boolean
}

function rules({ delivered = whole, losses = [], flushed, ...ended }: Written): string[] {
  const subscriber = subscriberJournal('s', 0, ['A', 'B'])
  subscriber.readyAt = 0
  subscriber.delivered.push(...delivered)
  subscriber.losses.push(...losses)
  const owner = publisher()
  owner.endedAt = ended.endedAt ?? Infinity
  if (ended.toldLast) subscriber.toldLastOf = new Set(['p'])
  if (flushed !== undefined)
    owner.flushes.push({ endedAt: flushed, confirmed: ['s'], target: new Map([['A', 3]]) })
  return check(new Map([['p', owner]]), [subscriber]).violations.map(({ rule }) => rule)
}

describe('the checker', () => {
  it('passes what is whole', () => expect(rules({ flushed: 30 })).toEqual([]))

  it('passes what is told', () =>
    expect(rules({ delivered: incomplete, losses: [lost(2, 2)] })).toEqual([]))

  it('finds a silent loss', () =>
    expect(rules({ delivered: whole.slice(0, 3) })).toEqual(['silent-loss']))

  it('passes what died with its publisher before any of its table had left, and nothing else', () => {
    const judged = (hasLeft: boolean, ended: { endedAt: number; leftAt: number }) => {
      const owner = Object.assign(publisherJournal('p', 0), ended)
      owner.updates.set('C', [{ table: 'C', sequence: 1, commit: 1, place: 0, at: 10 }])
      const subscriber = Object.assign(subscriberJournal('s', 0, ['C']), { readyAt: 0 })
      const watch = { violations: [], hasLeft: () => hasLeft }
      const seen = { watch, reach: {}, keptOrder: false, calmFrom: Infinity } as unknown as Seen
      return check(new Map([['p', owner]]), [subscriber], seen).violations.map(({ rule }) => rule)
    }
    expect(judged(false, { endedAt: 12, leftAt: Infinity })).toEqual([])
    expect(judged(true, { endedAt: 12, leftAt: Infinity })).toEqual(['silent-loss'])
    expect(judged(false, { endedAt: 12, leftAt: 12 })).toEqual(['silent-loss'])
    expect(judged(false, { endedAt: Infinity, leftAt: Infinity })).toEqual(['silent-loss'])
  })

  it('finds what came twice', () =>
    expect(rules({ delivered: [...whole, got('A', 1, 1, 4)] })).toContain('twice'))

  it('finds what is out of order', () =>
    expect(rules({ delivered: [{ ...a3, delivery: 1 }, a1, a2, b1] })).toContain('out-of-order'))

  it('finds what was never published', () =>
    expect(rules({ delivered: [...whole, got('A', 4, 4, 4)] })).toContain('never-published'))

  it('finds a commit in two deliveries', () =>
    expect(
      rules({ delivered: [a1, a2, { ...b1, delivery: 3 }, { ...a3, delivery: 4 }] }),
    ).toContain('not-whole'))

  it('finds updates of a commit out of the order of the call', () =>
    expect(rules({ delivered: [a1, b1, a2, a3] })).toContain('place-order'))

  it('finds a whole commit that is called incomplete', () =>
    expect(
      rules({
        delivered: whole.map((each) =>
          each.commit === 2 ? { ...each, isIncomplete: true } : each,
        ),
      }),
    ).toContain('false-incomplete'))

  it('finds an incomplete commit whose rest is not told', () =>
    expect(rules({ delivered: incomplete })).toContain('cut'))

  it('finds a loss before what precedes it, and behind what follows', () => {
    const before = lost(2, 2, { afterDelivery: 0 })
    const behind = lost(2, 2, { afterDelivery: 3 })
    expect(rules({ delivered: incomplete, losses: [before] })).toContain('out-of-band')
    expect(rules({ delivered: incomplete, losses: [behind] })).toContain('out-of-band')
  })

  it('finds what is both delivered and lost', () =>
    expect(rules({ losses: [lost(1, 1)] })).toContain('delivered-and-lost'))

  it('finds the end of a loss that was not open', () =>
    expect(rules({ losses: [lost(4, 3, { ends: true, afterDelivery: 3 })] })).toContain(
      'end-without-open',
    ))

  it('finds a loss that is open for ever though its publisher lives', () =>
    expect(
      rules({
        delivered: whole.slice(0, 3),
        losses: [lost(3, 3, { to: null, reason: 'gone', afterDelivery: 2 })],
      }),
    ).toContain('open-for-live'))

  it('finds a loss in any table that is open for ever though its publisher lives', () => {
    const open = lost(0, 0, { table: null, from: null, to: null, reason: 'gone' })
    const end = lost(1, 0, { table: null, reason: 'gone', ends: true })
    expect(rules({ losses: [open] })).toEqual(['open-for-live'])
    expect(rules({ losses: [open, end] })).toEqual([])
    expect(rules({ losses: [open, end, open] })).toEqual(['open-for-live'])
    expect(rules({ losses: [end] })).toEqual(['end-without-open'])
    expect(rules({ losses: [open], endedAt: 30 })).toEqual([])
  })

  it('finds a loss that is open still though its publisher has told its last numbers', () => {
    for (const table of ['A', null]) {
      const open = lost(4, 4, { table, to: null, reason: 'gone', afterDelivery: 3 })
      const end = { ...open, to: 3, ends: true } as const
      expect(rules({ losses: [open], endedAt: 30 })).toEqual([])
      expect(rules({ losses: [open], endedAt: 30, toldLast: true })).toEqual(['open-after-end'])
      expect(rules({ losses: [open, end], endedAt: 30, toldLast: true })).toEqual([])
    }
  })

  it('finds an open loss in a table of which nothing was published, too', () => {
    const open = lost(1, 1, { table: 'D', to: null, reason: 'gone' })
    expect(rules({ losses: [open] })).toEqual(['open-for-live'])
    expect(rules({ losses: [open, { ...open, to: 0, ends: true }] })).toEqual([])
  })

  it('finds who lives and is taken for gone long after all was healed', () => {
    const open = lost(0, 0, { table: null, from: null, to: null, reason: 'gone', at: 100 })
    const end = lost(1, 0, { table: null, reason: 'gone', ends: true, at: 101 })
    const judged = (calmFrom: number, endedAt = Infinity) => {
      const owner = Object.assign(publisherJournal('p', 0), { endedAt })
      const subscriber = Object.assign(subscriberJournal('s', 0, '*'), { readyAt: 0 })
      subscriber.losses.push(open, end)
      const seen = { watch: { violations: [] }, reach: {}, keptOrder: false, calmFrom }
      const publishers = new Map([['p', owner]])
      return check(publishers, [subscriber], seen as unknown as Seen).violations.map(
        ({ rule }) => rule,
      )
    }
    expect(judged(100)).toEqual(['false-gone'])
    expect(judged(100.5)).toEqual([])
    expect(judged(100, 95)).toEqual([])
  })

  it('finds a needless loss', () =>
    expect(
      rules({ delivered: incomplete, losses: [lost(2, 2, { falseBecause: 'retained' })] }),
    ).toContain('false-loss'))

  it('finds a confirmation of what had not come', () =>
    expect(rules({ flushed: 15 })).toContain('false-confirmation'))

  it('finds a publish() that a getter called and that was not refused as misuse', () => {
    const judged = (...outcomes: string[]) => {
      const owner = publisher()
      owner.callsFromInside.push(...outcomes)
      return check(new Map([['p', owner]]), []).violations.map(({ rule }) => rule)
    }
    expect(judged('USAGE', 'USAGE')).toEqual([])
    expect(judged('USAGE', 'taken as commit 4')).toEqual(['taken-inside'])
    expect(judged('TypeError: no')).toEqual(['taken-inside'])
  })
})

describe('the checker, of a flush that named a process whose subscription was not ready,', () => {
  const allAt = 10
  const flushedAt = 30

  interface Subscribed {
    readonly tables: readonly string[]
    readonly from?: number
    readonly readyAt?: number
  }

  /** A flush of all that was published, and the subscriptions of one process that it named. */
  function judged(...subscriptions: readonly Subscribed[]): string[] {
    const owner = publisher()
    owner.flushes.push({
      endedAt: flushedAt,
      confirmed: ['s'],
      target: new Map([
        ['A', 3],
        ['B', 1],
      ]),
    })
    const journals = subscriptions.map(({ tables, from = 0, readyAt = 40 }) =>
      // They have died: nothing more is owed to them.
      Object.assign(subscriberJournal('s', 0, tables), {
        subscribedAt: from,
        readyAt,
        endedAt: 50,
      }),
    )
    return check(new Map([['p', owner]]), journals).violations.map(({ rule }) => rule)
  }

  it('finds it, once for each of its tables', () => {
    expect(judged({ tables: ['A'] })).toEqual(['false-confirmation'])
    expect(judged({ tables: ['A', 'B', 'C'] })).toHaveLength(2)
    expect(judged({ tables: ['A'], readyAt: Infinity })).toEqual(['false-confirmation'])
  })

  it('passes who was ready, and who takes nothing of it', () => {
    expect(judged({ tables: ['A'], readyAt: flushedAt })).toEqual([])
    expect(judged({ tables: ['C'] })).toEqual([])
  })

  it('passes what another of its process may have confirmed before it began', () => {
    const other = { tables: ['A'], readyAt: 20 }
    expect(judged(other, { tables: ['A'], from: allAt + 1 })).toEqual([])
    expect(judged(other, { tables: ['A'], from: allAt })).toEqual(['false-confirmation'])
    expect(judged({ ...other, readyAt: 35 }, { tables: ['A'], from: allAt + 1 })).toHaveLength(2)
  })

  it('passes what only this one takes: its publisher need not have heard of that yet', () =>
    expect(judged({ tables: ['A'], readyAt: 20 }, { tables: ['B'], from: 5 })).toEqual([]))
})
