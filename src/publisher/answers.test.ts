import { beforeEach, describe, expect, it, vi } from 'vitest'
import { RecordedPublisher } from '../../test/harness/recorded-publisher.ts'
import { subscriber } from '../../test/harness/pair.ts'
import { entryOf } from '../../test/harness/registration.ts'
import { wireLimits } from '../wire/limits.ts'
import { PublishedStream } from './published-stream.ts'

const other = 'b'.repeat(32)

let stage: RecordedPublisher
beforeEach(() => {
  stage = new RecordedPublisher()
})

describe('syncs', () => {
  it('D4: that come within 20 ms are answered at one moment, with one mark for all of them', () => {
    stage.publish(2)
    stage.sync(['A'], 1)
    stage.pass(10)
    stage.sync(['A'], 2, other)
    expect(stage.of('vector')).toEqual([])
    stage.pass(10)
    expect(stage.of('vector').map(({ nonce }) => nonce)).toEqual([1, 2])
    expect(stage.of('mark').map(({ answers }) => answers)).toEqual([
      [
        { subscriber, nonce: 1 },
        { subscriber: other, nonce: 2 },
      ],
    ])
  })

  it('D4: that follow an answer are answered together 200 ms behind it', () => {
    stage.publish(1)
    stage.sync(['A'], 1)
    stage.pass(20)
    stage.sync(['A'], 2)
    stage.pass(100)
    stage.sync(['A'], 3, other)
    stage.pass(90)
    expect(stage.of('vector').map(({ nonce }) => nonce)).toEqual([1])
    stage.pass(10)
    expect(stage.of('vector').map(({ nonce }) => nonce)).toEqual([1, 2, 3])
    expect(stage.of('mark').map(({ answers }) => answers.length)).toEqual([1, 2])
    stage.pass(300)
    stage.sync(['A'], 4)
    stage.pass(20)
    expect(stage.of('vector')).toHaveLength(4)
  })

  it('D4: learn of what was let go before the process was registered', () => {
    const nothingKept = { retentionBytes: 1, reserveUpdates: 0, reserveBytes: 0 }
    stage = new RecordedPublisher(nothingKept, ['A', 'B'], false)
    stage.publish(2)
    stage.publish(1, 'B')
    stage.publisher.onRegistered(['A', 'B'], stage.now)
    stage.sync(['A', 'B'])
    stage.pass(300)
    expect(stage.of('batch')).toEqual([])
    expect(stage.of('vector')[0]?.streams).toMatchObject([
      { table: 'A', last: 2, first: 3 },
      { table: 'B', last: 1, first: 2 },
    ])
    expect(stage.of('heartbeat').at(-1)?.streams).toEqual([
      { table: 'A', last: 2 },
      { table: 'B', last: 1 },
    ])
  })

  it('D4: are not answered by who is not meant', () => {
    for (const incarnations of [['f'.repeat(32)], []])
      stage.publisher.onRequest(
        {
          kind: 'sync',
          subscriber,
          nonce: 1,
          sinceMs: 0,
          tables: ['A'],
          marks: ['A'],
          incarnations,
        },
        0,
      )
    stage.pass(100)
    expect(stage.sent).toEqual([])
  })

  it('D4: have a mark only on the topics that ask for one, each on its own', () => {
    stage.publisher.onRequest(
      {
        kind: 'sync',
        subscriber,
        nonce: 1,
        sinceMs: 0,
        tables: ['A', 'B'],
        marks: ['B'],
        incarnations: null,
      },
      0,
    )
    stage.pass(50)
    expect(stage.sent.map(({ topic }) => topic)).toEqual([`reply/${subscriber}/`, 'table/B/'])
  })

  it('D4: are told how old the stream is and what is retained of it', () => {
    stage = new RecordedPublisher({ retentionBytes: 1, reserveUpdates: 1, reserveBytes: 1e6 })
    stage.pass(500)
    stage.publish(3)
    stage.pass(500)
    stage.sync(['A'])
    stage.pass(20)
    expect(stage.of('vector')[0]?.streams).toEqual([
      { table: 'A', last: 3, first: 3, since: 4, ageMs: 520 },
    ])
  })

  it('D4: are told which update was the first since the time they ask for', () => {
    for (let round = 0; round < 3; round++) {
      stage.publish(2)
      stage.pass(1000)
    }
    for (const [nonce, sinceMs] of [0, 1500, 2500, 60_000].entries())
      stage.sync(['A'], nonce + 1, subscriber, sinceMs)
    stage.pass(20)
    expect(stage.of('vector').map(({ streams }) => streams[0]?.since)).toEqual([7, 5, 3, 1])
  })

  it('D4: are told if something since the time they ask for is no longer retained', () => {
    stage = new RecordedPublisher({ retentionAgeMs: 2000, reserveUpdates: 0 })
    for (let round = 0; round < 4; round++) {
      stage.publish(2)
      stage.pass(1000)
    }
    for (const [nonce, sinceMs] of [1500, 60_000].entries())
      stage.sync(['A'], nonce + 1, subscriber, sinceMs)
    stage.pass(20)
    const states = stage.of('vector').map(({ streams }) => streams[0])
    expect(states).toMatchObject([
      { first: 5, since: 7 },
      { first: 5, since: 4 },
    ])
  })

  it('D4: are told of what was sent, not of what waits for GENESIS_CLUSTER', () => {
    stage = new RecordedPublisher({}, ['A'], false)
    stage.publish(3)
    stage.sync(['A'])
    stage.pass(20)
    expect(stage.of('vector')[0]?.streams).toEqual([
      { table: 'A', last: 0, first: 1, since: 1, ageMs: null },
    ])
  })
})

describe('replays', () => {
  const replayed = () => stage.of('replay').flatMap(({ batches }) => batches)
  const bytesOf = () => replayed().reduce((sum, { frame }) => sum + frame.byteLength, 0)

  it('D17: take no more than their share of the output', () => {
    stage = new RecordedPublisher({ replayBytesPerSecond: 2000, replayBytesPerRequest: 100_000 })
    stage.publish(4000, 'A', 'x'.repeat(100))
    stage.sync(['A'])
    // What the fresh output has earned is used up by the first request.
    stage.pass(50).replay(1, 4000)
    stage.pass(50)
    const before = bytesOf()
    stage.replay(2000, 4000)
    stage.pass(5000)
    expect(bytesOf() - before).toBeGreaterThan(8000)
    expect(bytesOf() - before).toBeLessThan(12_500)
  })

  const replayTopics = () =>
    new Set(stage.sent.flatMap(({ topic, message }) => (message.kind === 'replay' ? [topic] : [])))

  it('D17: go to nobody else where it asks again while they are under way', () => {
    stage = new RecordedPublisher({ replayBytesPerSecond: 2000, replayBytesPerRequest: 50_000 })
    stage.publish(1000, 'A', 'x'.repeat(100))
    stage.sync(['A'])
    // What the budget holds is used up by the first request.
    stage.pass(50).replay(1, 1000)
    stage.pass(1000)
    const first = 1 + Math.max(...replayed().map((batch) => batch.first))
    for (let ask = 0; ask < 12; ask++) stage.pass(600).replay(first, 1000)
    stage.pass(600)
    expect(replayTopics()).toEqual(new Set([`reply/${subscriber}/`]))
    const firsts = replayed().map((batch) => batch.first)
    expect(firsts.length).toBeGreaterThan(first + 20)
    expect(firsts).toEqual([...new Set(firsts)])
  })

  it('D17: may take a third of the fresh output beside it', () => {
    stage = new RecordedPublisher({ replayBytesPerSecond: 0, replayBytesPerRequest: 1000 })
    stage.publish(300, 'A', 'x'.repeat(100))
    stage.sync(['A'])
    for (let round = 1; round <= 40; round++) {
      stage.pass(50).replay(round * 5, round * 5 + 4)
      stage.pass(50)
    }
    const spent = bytesOf()
    expect(spent).toBeLessThan(2000)
    const fresh = stage.of('batch').reduce((sum, { frame }) => sum + frame.byteLength, 0)
    for (let round = 1; round <= 40; round++) {
      stage.publish(5, 'A', 'x'.repeat(100))
      stage.pass(100)
    }
    const more = stage.of('batch').reduce((sum, { frame }) => sum + frame.byteLength, 0) - fresh
    expect((bytesOf() - spent) / more).toBeGreaterThan(0.2)
    expect((bytesOf() - spent) / more).toBeLessThan(0.4)
  })

  it('D17: end at the bytes that one request may have', () => {
    stage = new RecordedPublisher({ replayBytesPerRequest: 2000 })
    stage.publish(100, 'A', 'x'.repeat(100))
    stage.sync(['A'])
    stage.pass(50).replay(1, 100)
    stage.pass(2000)
    expect(replayed().length).toBeGreaterThan(3)
    expect(bytesOf()).toBeLessThan(2500)
  })

  it('D17: have many small batches in one message, as large as a batch may become', () => {
    stage.publish(2000, 'A', 'x'.repeat(400))
    stage.sync(['A'])
    stage.pass(50).replay(1, 2000)
    stage.pass(2000)
    expect(replayed().map(({ first }) => first)).toEqual(
      Array.from({ length: 2000 }, (_, n) => n + 1),
    )
    const sizes = stage
      .of('replay')
      .map(({ batches }) => [
        batches.length,
        batches.reduce((sum, { frame }) => sum + frame.byteLength, 0),
      ])
    expect(sizes.length).toBeLessThan(8)
    for (const [count = 0, bytes = 0] of sizes) {
      expect(count).toBeLessThanOrEqual(wireLimits.maxReplayBatches)
      expect(bytes).toBeLessThanOrEqual(wireLimits.replayBytes)
    }
  })

  it('D17: have no more batches in one message than a reader takes', () => {
    stage.publish(3000)
    stage.sync(['A'])
    stage.pass(50).replay(1, 3000)
    stage.pass(2000)
    const counts = stage.of('replay').map(({ batches }) => batches.length)
    expect(Math.max(...counts)).toBe(wireLimits.maxReplayBatches)
    expect(replayed()).toHaveLength(3000)
  })

  it('D17: are not answered for another incarnation', () => {
    stage.publish(2)
    stage.sync(['A'])
    stage.publisher.onRequest(
      { kind: 'replay', subscriber, nonce: 9, incarnation: other, table: 'A', from: 1, to: 2 },
      0,
    )
    stage.pass(100)
    expect(stage.of('replay')).toEqual([])
  })

  it('D17: that would begin in the middle of a batch bring all of it, as it was sent', () => {
    stage.publisher.publish([1, 2, 3].map((id) => ({ table: 'A', kind: 'insert', record: { id } })))
    stage.publisher.endTurn(0, 0)
    stage.sync(['A'])
    stage.pass(50).replay(2, 2)
    stage.pass(50)
    const [batch] = stage.of('batch')
    expect(replayed().map((each) => Buffer.from(each.frame))).toEqual([
      Buffer.from(batch?.frame ?? []),
    ])
  })

  it('D17: refuse nothing of a stream of which nothing has been sent', () => {
    stage.sync(['B'])
    stage.pass(50).replay(1, 5, 'B')
    stage.pass(50)
    expect(stage.of('refusal')).toEqual([])
  })
})

describe('heartbeats', () => {
  const timesOf = () =>
    stage.sent.filter(({ message }) => message.kind === 'heartbeat').map(({ at }) => at)

  it('D14: come once a second while something has changed lately', () => {
    stage.pass(6300)
    stage.publish(1)
    stage.sent = []
    stage.pass(5500)
    expect(timesOf()).toEqual([6450, 7000, 8000, 9000, 10_000, 11_000])
    expect(new Set(stage.sent.map(({ topic }) => topic))).toEqual(
      new Set([`status/${'0'.repeat(32)}/`]),
    )
  })

  it('D14: come every three seconds behind 8 s of quiet, and name no stream then', () => {
    stage.publish(1)
    stage.pass(9000)
    stage.sent = []
    stage.pass(12_500)
    expect(timesOf()).toEqual([12_000, 15_000, 18_000, 21_000])
    for (const { streams } of stage.of('heartbeat')) expect(streams).toEqual([])
  })

  it('D14: come often again behind one that names streams, whatever made it do so', () => {
    stage.publish(1)
    stage.pass(12_100)
    stage.sent = []
    stage.publisher.onRoster([entryOf('a'.repeat(32), { subscribes: ['A'] })], stage.now)
    stage.publisher.flush(stage.now, stage.now, 100, () => undefined)
    stage.pass(1_400)
    expect(stage.of('heartbeat').at(0)).toMatchObject({ confirm: true, streams: [{ last: 1 }] })
    expect(timesOf()).toContain(13_000)
  })

  it('D14: name every stream that changed within 8 s, by what was sent', () => {
    stage.publish(2)
    stage.publish(1, 'B')
    stage.pass(8000)
    expect(stage.of('heartbeat').at(-1)?.streams).toEqual([
      { table: 'A', last: 2 },
      { table: 'B', last: 1 },
    ])
    stage.pass(4000)
    expect(stage.of('heartbeat').at(-1)?.streams).toEqual([])
  })
})

describe('retention', () => {
  const firstOf = (table: string) => {
    stage.sync([table])
    stage.pass(30)
    return stage.of('vector').at(-1)?.streams[0]?.first
  }

  it('D18: is bounded by bytes', () => {
    stage = new RecordedPublisher({ retentionBytes: 20_000, reserveUpdates: 0 })
    stage.publish(300, 'A', 'x'.repeat(100))
    expect(stage.publisher.retained.retainedBytes).toBeLessThanOrEqual(20_000)
    expect(stage.publisher.retained.retainedBytes).toBeGreaterThan(15_000)
  })

  it('D18: has a reserve for each stream that is bounded by bytes too', () => {
    stage = new RecordedPublisher({ retentionBytes: 1, reserveBytes: 2000 })
    stage.publish(50, 'A', 'x'.repeat(100))
    expect(stage.publisher.retained.retainedBytes).toBeLessThan(2500)
    expect(firstOf('A')).toBeGreaterThan(35)
    expect(firstOf('A')).toBeLessThan(50)
  })
})

describe('who leaves', () => {
  it('D20: says so on the roster and on the wire, with the last numbers of all streams', () => {
    stage.publish(2)
    stage.publish(1, 'B')
    stage.sync(['A'])
    stage.publisher.leave(0, 0, 2000, () => undefined)
    const last = [
      { table: 'A', last: 2 },
      { table: 'B', last: 1 },
    ]
    expect(stage.of('leaving')).toMatchObject([{ streams: last }])
    expect(stage.publisher.lastNumbered).toEqual(last)
    expect(stage.registered.map(({ state }) => state)).toContain('leaving')
  })

  it('D20: serves replays until everybody has confirmed', () => {
    const done: unknown[] = []
    stage.publish(2)
    stage.sync(['A'])
    stage.publisher.leave(0, 0, 2000, (outcome) => done.push(outcome))
    stage.pass(100).replay(1, 2)
    stage.pass(100)
    expect(done).toEqual([])
    expect(stage.of('replay')).toMatchObject([{ batches: [{ first: 1 }, { first: 2 }] }])
    stage.pass(2000)
    expect(done).toEqual([{ confirmed: [], missing: [subscriber] }])
  })
})

describe('a publisher that is not announced yet', () => {
  it('D3: costs no look at all that is held for each batch', () => {
    const looks = vi.spyOn(PublishedStream.prototype, 'firstRetained', 'get')
    stage = new RecordedPublisher({}, ['A'], false)
    stage.publish(20_000)
    expect(looks.mock.calls.length).toBeLessThan(100_000)
    looks.mockRestore()
    stage.publisher.onRegistered(['A'], 0)
    expect(stage.of('batch')).toHaveLength(20_000)
  })
})

describe('a flush', () => {
  it('D19: waits until what is held has left', () => {
    stage = new RecordedPublisher({}, ['A'], false)
    const done: unknown[] = []
    stage.publish(1)
    stage.publisher.flush(0, 0, 2000, () => done.push(stage.now))
    stage.pass(500)
    expect(done).toEqual([])
    stage.publisher.onRegistered(['A'], stage.now)
    stage.pass(10)
    expect(done).toEqual([510])
  })

  it('D19: waits for nobody on its own behalf', () => {
    const done: unknown[] = []
    stage.sync(['A'], 1, stage.publisher.identity.incarnation)
    stage.publish(1)
    stage.publisher.flush(0, 0, 2000, (outcome) => done.push(outcome))
    expect(done).toEqual([{ confirmed: [], missing: [] }])
  })

  it('D19: waits for the tables of every subscription of a process, told of by the roster or not', () => {
    const done: unknown[] = []
    stage.sync(['A'], 1)
    stage.sync(['B'], 2)
    stage.sync(['A'], 3)
    stage.publish(1, 'B')
    stage.publisher.flush(0, 0, 2000, (outcome) => done.push(outcome))
    expect(done).toEqual([])
  })

  it('D19: asks every 250 ms', () => {
    stage.publish(1)
    stage.sync(['A'])
    stage.publisher.flush(0, 0, 5000, () => undefined)
    stage.pass(900)
    expect(stage.of('heartbeat').filter(({ confirm }) => confirm)).toHaveLength(4)
  })
})

describe('a parcel', () => {
  it('D2: is full at 256 KiB, and at 64 tables: each of its batches names them all', () => {
    const insert = (table: string, note = '') => ({
      table,
      kind: 'insert' as const,
      record: { note },
    })
    stage.publisher.publish(insert('A', 'x'.repeat(250_000)))
    expect(stage.publisher.isParcelFull).toBe(false)
    stage.publisher.publish(insert('A', 'x'.repeat(20_000)))
    expect(stage.publisher.isParcelFull).toBe(true)
    stage.publisher.endTurn(0, 0)
    expect(stage.publisher.isParcelFull).toBe(false)
    for (let table = 1; table < 64; table++) stage.publisher.publish(insert(`T${table}`))
    expect(stage.publisher.isParcelFull).toBe(false)
    stage.publisher.publish(insert('T64'))
    expect(stage.publisher.isParcelFull).toBe(true)
  })

  it('D1: commits are numbered in the order of publish(), from 1', () => {
    const insert = { table: 'A', kind: 'insert' as const, record: {} }
    expect(stage.publisher.publish(insert)).toMatchObject({ commit: 1 })
    expect(stage.publisher.publish([insert, insert])).toMatchObject({ commit: 2 })
    expect(() => stage.publisher.publish([])).toThrow('a commit needs an update')
    expect(stage.publisher.publish(insert)).toMatchObject({ commit: 3 })
    stage.publisher.endTurn(0, 0)
    expect(stage.of('batch')[0]?.commits.map((entry) => entry.commit)).toEqual([1, 2, 3])
  })
})
