import { beforeEach, describe, expect, it } from 'vitest'
import { incarnation, isBatch, Pair } from '../../test/harness/pair.ts'

describe('ready', () => {
  it('D11: comes when every publisher of the roster has answered on every topic, not before', () => {
    const pair = new Pair(['A', 'B'])
    pair.roster()
    pair.pass(400, (message) => message.kind === 'mark' && message.table === 'B')
    expect(pair.isReady).toBe(false)
    pair.pass(2000)
    expect(pair.isReady).toBe(true)
  })

  it('D11: does not come from marks without a vector', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.pass(3000, (message) => message.kind === 'vector')
    expect(pair.isReady).toBe(false)
  })

  it('D11: waits for nobody who ended', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.roster({ state: 'ended', last: [] })
    expect(pair.isReady).toBe(true)
  })
})

describe('what is owed', () => {
  it('D5: begins behind the vector for a publisher that was there before', () => {
    const pair = new Pair(['A'])
    pair.publish(['A'], ['A'])
    pair.wire = []
    pair.ready()
    pair.publish(['A'])
    pair.deliver()
    expect(pair.received).toEqual(['A3'])
    expect(pair.losses).toEqual([])
  })

  it('D5: is everything of a publisher that turns up later, from its first update', () => {
    const pair = new Pair(['A'])
    const change = { entries: [], histories: [], settled: true, unreachable: [] }
    pair.subscription.onRoster(change, 0)
    expect(pair.isReady).toBe(true)
    pair.now = 100
    pair.publish(['A'], ['A'])
    pair.wire = []
    pair.publish(['A'])
    pair.deliver()
    expect(pair.received).toEqual([])
    pair.pass(1500)
    expect(pair.received).toEqual(['A1', 'A2', 'A3'])
  })
})

describe('gaps', () => {
  let pair: Pair
  beforeEach(() => {
    pair = new Pair(['A']).ready()
  })

  it('D6: are closed by replay, in order and once', () => {
    for (let index = 0; index < 5; index++) pair.publish(['A'])
    pair.deliver((message, index) => isBatch(message) && (index === 1 || index === 2))
    expect(pair.received).toEqual(['A1'])
    pair.pass(1000)
    expect(pair.received).toEqual(['A1', 'A2', 'A3', 'A4', 'A5'])
    expect(pair.losses).toEqual([])
  })

  it('D14: at the end of a burst are seen by the heartbeat', () => {
    pair.publish(['A'])
    pair.deliver(isBatch)
    pair.pass(1500)
    expect(pair.received).toEqual(['A1'])
  })

  it('D7: drop what comes twice', () => {
    pair.publish(['A'])
    const twice = [...pair.wire]
    pair.deliver()
    pair.wire = twice
    pair.deliver()
    expect(pair.received).toEqual(['A1'])
  })

  it('D8: are no loss while the owner lives, however often a replay is lost', () => {
    pair.publish(['A'], ['A'])
    pair.deliver(isBatch)
    pair.pass(9000, (message) => message.kind === 'replay')
    expect(pair.losses).toEqual([])
    pair.pass(2000)
    expect(pair.received).toEqual(['A1', 'A2'])
  })

  it('D9: below what is retained are an exact loss, in band', () => {
    pair = new Pair(['A'], {
      publisher: { retentionBytes: 1, reserveUpdates: 2, reserveBytes: 1e6 },
    }).ready()
    pair.publish(['A'])
    pair.deliver()
    for (let index = 0; index < 5; index++) pair.publish(['A'])
    pair.deliver((message, index) => isBatch(message) && index < 4)
    pair.pass(1500)
    expect(pair.order).toEqual(['A1', 'lost A2..4', 'A5', 'A6'])
    expect(pair.losses).toMatchObject([{ reason: 'evicted', publisher: { incarnation } }])
  })

  it('D6: far ahead of what is known are quarantined, and the stream goes on', () => {
    pair.publish(['A'])
    const [batch] = pair.wire
    if (batch?.kind !== 'batch') throw new Error('no batch')
    const damaged = { ...batch, first: 1e9, manifest: [{ table: 'A', last: 1e9 }] }
    pair.subscription.onMessage(damaged, pair.now)
    pair.deliver()
    pair.pass(500)
    expect(pair.told('behind')).toBe(0)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 1 }] })
    expect(pair.order).toEqual(['A1'])
    expect(pair.events).toContainEqual({
      type: 'refused',
      reason: 'sequence-too-far-ahead',
      count: 1,
    })
  })

  it('D16: wait while the application has no room, and are repaired when it has', () => {
    pair.hasRoom = false
    for (let index = 0; index < 3; index++) pair.publish(['A'])
    pair.deliver()
    pair.subscription.letGo(0)
    pair.pass(1000)
    expect(pair.received).toEqual([])
    expect(pair.requests.filter(({ kind }) => kind === 'replay')).toEqual([])
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    pair.pass(1500)
    expect(pair.received).toEqual(['A1', 'A2', 'A3'])
  })
})

describe('ends', () => {
  it('D20: in good order: what is missing is an exact loss, and final', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'], ['A'])
    pair.deliver(isBatch)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 2 }] })
    expect(pair.order).toEqual(['lost A1..2'])
    expect(pair.losses[0]?.reason).toBe('ended')
  })

  it('D20: without a word: what is held is delivered, then a loss with an open end', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.publish(['A'])
    pair.publish(['A'])
    pair.deliver((_, index) => index === 1)
    pair.roster({ state: 'ended', last: null })
    expect(pair.order).toEqual(['A1', 'lost A2..2', 'A3', 'lost A4..null'])
  })

  it('D20: by silence is resumable: the open loss gets its exact end', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.pass(12_000, () => true)
    expect(pair.order).toEqual(['A1', 'lost A2..null'])
    pair.pass(3000)
    pair.publish(['A'])
    pair.deliver()
    expect(pair.order).toEqual(['A1', 'lost A2..null', 'lost A2..1', 'A2'])
    expect(pair.losses.at(-1)).toMatchObject({ ends: true })
  })
})

describe('commits', () => {
  /** The parts of a commit over three tables, each lost or not, repairable or not: all patterns. */
  it.each([true, false])(
    'D10, D13: arrive whole or incomplete behind their loss (repairable: %s)',
    (isRepairable) => {
      const tables = ['A', 'B', 'C']
      for (let pattern = 0; pattern < 2 ** 6; pattern++) {
        const limits = isRepairable
          ? {}
          : { publisher: { retentionBytes: 1, reserveUpdates: 0, reserveBytes: 0 } }
        const pair = new Pair(tables, limits).ready()
        pair.publish(tables, ['B', 'A'])
        pair.publish(['C', 'A', 'B'])
        pair.deliver((_, index) => (pattern & (1 << index)) !== 0)
        pair.pass(3000)
        const here = new Set(pair.received)
        const lost = new Set(
          pair.losses.flatMap(({ table, from, to }) =>
            Array.from(
              { length: (to ?? 0) - (from ?? 0) + 1 },
              (_, i) => `${table}${(from ?? 0) + i}`,
            ),
          ),
        )
        const all = ['A1', 'B1', 'C1', 'B2', 'A2', 'C2', 'A3', 'B3']
        expect([...here, ...lost].sort(), `pattern ${pattern}`).toEqual([...all].sort())
        if (isRepairable) expect([...here].sort()).toEqual([...all].sort())
        checkWhole(pair, all)
      }
    },
  )

  function checkWhole(pair: Pair, all: readonly string[]): void {
    const commits = [all.slice(0, 3), all.slice(3, 5), all.slice(5)]
    for (const { updates, incomplete } of pair.got) {
      const names = updates.map((u) => `${u.table}${u.sequence}`)
      for (const commit of commits) {
        const part = names.filter((name) => commit.includes(name))
        if (part.length === 0) continue
        expect(part).toEqual(commit.filter((name) => part.includes(name)))
        expect(incomplete).toBe(part.length < commit.length)
      }
    }
  }

  it('D13: are whole for a subscription to some of their tables', () => {
    const pair = new Pair(['A', 'C']).ready()
    pair.publish(['A', 'B', 'C'], ['B', 'C', 'A'])
    pair.deliver()
    expect(pair.received).toEqual(['A1', 'C1', 'C2', 'A2'])
    expect(pair.got.every(({ incomplete }) => !incomplete)).toBe(true)
  })
})
