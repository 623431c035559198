import { beforeEach, describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import type { RosterEntry } from '../model/roster-entry.ts'
import { decodeMessage } from '../wire/frames/message-codec.ts'
import { afterEachCall } from '../../test/harness/after-each-call.ts'
import { RecordedPublisher } from '../../test/harness/recorded-publisher.ts'
import { RowReader } from '../wire/rows/row-reader.ts'
import type { Update } from '../model/update.ts'
import { Publisher } from './publisher.ts'
import { defaultPublisherLimits } from './publisher-limits.ts'

const incarnation = '0'.repeat(32)
const subscriber = 'a'.repeat(32)
const identity = { node: 'n', process: 'p', instance: '', incarnation }

let sent: { topic: string; message: Message }[] = []
let publisher: Publisher

const insert = (table: string, id: number, note = '') => ({
  table,
  kind: 'insert' as const,
  record: { id, note },
})

function newPublisher(limits = {}, isRegistered = true): Publisher {
  const core = new Publisher(identity, ['A'], { ...defaultPublisherLimits, ...limits }, 0)
  const created = afterEachCall(core, () => proceed(core, isRegistered))
  if (isRegistered) created.onRegistered(['A'], 0)
  return created
}

function proceed(core: Publisher, isRegistered: boolean): void {
  if (core.hasNewRegistration) {
    core.registrationSaid()
    if (isRegistered) core.onRegistered(core.publishes, 0)
  }
  for (let next; (next = core.nextMessage());) {
    const message = decodeMessage(next.bytes)
    if (message.kind === 'refused') throw new Error(message.kind)
    sent.push({ topic: next.topic, message })
  }
}

const kinds = () => sent.map(({ topic, message }) => `${topic.split('/')[0]} ${message.kind}`)
const of = <Kind extends Message['kind']>(kind: Kind) =>
  sent.flatMap(({ message }) =>
    message.kind === kind ? [message as Extract<Message, { kind: Kind }>] : [],
  )

/** The first sequences of all batches that were sent again. */
const replayed = () => of('replay').flatMap(({ batches }) => batches.map(({ first }) => first))

function sync(tables: readonly string[] | '*', now: number): void {
  publisher.onRequest(
    { kind: 'sync', subscriber, nonce: 1, sinceMs: 0, tables, marks: tables, incarnations: null },
    now,
  )
}

function replay(from: number, to: number, now: number, nonce = 9, asker = subscriber): void {
  publisher.onRequest(
    { kind: 'replay', subscriber: asker, nonce, incarnation, table: 'A', from, to },
    now,
  )
}

beforeEach(() => {
  sent = []
  publisher = newPublisher()
})

describe('parcels', () => {
  it('D2: hold the commits of one turn, as a batch by table, with one manifest', () => {
    publisher.publish(insert('A', 1))
    publisher.publish([insert('A', 2), insert('B', 3)])
    expect(sent).toEqual([])
    publisher.endTurn(1, 1000)
    const [a, b] = of('batch')
    expect(a).toMatchObject({ table: 'A', first: 1, count: 2, parcel: 1, publishedAt: 1000 })
    expect(b).toMatchObject({ table: 'B', first: 1, count: 1, parcel: 1 })
    expect(a?.manifest).toEqual([
      { table: 'A', last: 2 },
      { table: 'B', last: 1 },
    ])
    expect(b?.manifest).toEqual(a?.manifest)
  })

  it('D1: number on from parcel to parcel, and after everything retained has gone', () => {
    publisher = newPublisher({ retentionBytes: 0, reserveUpdates: 0, reserveBytes: 0 })
    for (let id = 1; id <= 3; id++) {
      publisher.publish(insert('A', id))
      publisher.endTurn(id, id)
    }
    expect(of('batch').map(({ first, parcel }) => [first, parcel])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
  })

  it('D2: cut a large commit into several batches of one parcel, in order', () => {
    publisher.publish(Array.from({ length: 4000 }, (_, id) => insert('A', id, 'x'.repeat(200))))
    publisher.endTurn(1, 1)
    const batches = of('batch')
    expect(batches.length).toBeGreaterThan(1)
    expect(new Set(batches.map(({ parcel }) => parcel))).toEqual(new Set([1]))
    const updates: Update[] = []
    const reader = new RowReader()
    for (const batch of batches) expect(reader.read(batch, 0, updates)).toBe(true)
    expect(updates.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 4000 }, (_, index) => index + 1),
    )
    expect(new Set(updates.map(({ commit }) => commit))).toEqual(new Set([1]))
  })

  it('D3: wait until GENESIS_CLUSTER knows that this process publishes', () => {
    publisher = newPublisher({}, false)
    publisher.publish(insert('A', 1))
    publisher.endTurn(1, 1)
    expect(of('batch')).toEqual([])
    publisher.onRegistered([], 2)
    expect(of('batch')).toEqual([])
    publisher.onRegistered(['A'], 3)
    expect(of('batch')).toHaveLength(1)
  })

  it('D3: wait until GENESIS_CLUSTER knows of a new table, and what follows waits behind it', () => {
    const stage = new RecordedPublisher()
    const publish = (...tables: string[]) => {
      stage.publisher.publish(tables.map((table) => insert(table, 1)))
      stage.publisher.closeTurn(stage.now, stage.now)
    }
    const left = () => stage.of('batch').map(({ table, first }) => `${table}${first}`)
    stage.isAnswered = false
    publish('A')
    publish('A', 'B')
    publish('A')
    publish('C')
    publish('A')
    expect(left()).toEqual(['A1'])
    stage.publisher.onRegistered(['A', 'B'], stage.now)
    expect(left()).toEqual(['A1', 'A2', 'B1', 'A3'])
    publish('B')
    stage.publisher.onRegistered(['A', 'B', 'C'], stage.now)
    expect(left()).toEqual(['A1', 'A2', 'B1', 'A3', 'C1', 'A4', 'B2'])
    publish('C')
    expect(left()).toHaveLength(8)
  })

  it('D3: leave after a second where GENESIS_CLUSTER does not answer', () => {
    const stage = new RecordedPublisher()
    stage.isAnswered = false
    stage.publish(1, 'B')
    const { announceMs } = defaultPublisherLimits
    while (stage.publisher.deadline < announceMs) {
      stage.publisher.tick((stage.now = stage.publisher.deadline))
      expect(stage.of('batch')).toEqual([])
    }
    stage.publisher.tick((stage.now = announceMs))
    expect(stage.of('batch')).toMatchObject([{ table: 'B', first: 1 }])
    stage.publish(1, 'B')
    expect(stage.of('batch')).toHaveLength(2)
  })

  it('D3: have their whole second behind each answer, the first of all, too', () => {
    const { announceMs } = defaultPublisherLimits
    for (const declared of [['A'], []]) {
      const stage = new RecordedPublisher({}, declared, declared.length > 0)
      stage.isAnswered = false
      stage.publish(1, 'B')
      stage.now = announceMs - 1
      stage.publish(1, 'C')
      stage.publisher.onRegistered(['B'], stage.now)
      expect(stage.of('batch')).toMatchObject([{ table: 'B' }])
      stage.publisher.tick((stage.now = 2 * announceMs - 2))
      expect(stage.of('batch')).toHaveLength(1)
      stage.publisher.tick((stage.now = 2 * announceMs - 1))
      expect(stage.of('batch')).toMatchObject([{ table: 'B' }, { table: 'C' }])
    }
  })

  it('D3: do not leave after a second where the process has never published', () => {
    const stage = new RecordedPublisher({}, [], false)
    stage.publish(1, 'B')
    for (; stage.now < 10_000; stage.now = stage.publisher.deadline) stage.publisher.tick(stage.now)
    expect(stage.of('batch')).toEqual([])
    stage.publisher.onRegistered(['B'], stage.now)
    expect(stage.of('batch')).toHaveLength(1)
  })

  it('D1: refuse a commit that is too large, and leave nothing of it behind', () => {
    publisher = newPublisher({ maxCommitBytes: 10_000 })
    const large = Array.from({ length: 100 }, (_, id) => insert('A', id, 'x'.repeat(200)))
    expect(() => publisher.publish(large)).toThrow(
      expect.objectContaining({ code: 'COMMIT_TOO_LARGE' }),
    )
    publisher.publish(insert('A', 1))
    publisher.endTurn(1, 1)
    expect(of('batch')).toMatchObject([{ first: 1, count: 1 }])
  })

  it('D2: refuse a commit over more tables than a manifest may name', () => {
    const wide = Array.from({ length: 600 }, (_, id) => insert(`T${id}`, id))
    expect(() => publisher.publish(wide)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
  })

  it('W1: refuse names of tables that no topic can carry', () => {
    expect(() => publisher.publish(insert('', 1))).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    )
    expect(() => publisher.publish(insert('ä'.repeat(50), 1))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
  })
})

describe('sync', () => {
  it('D4: is answered with a vector of one moment on the reply topic, and a mark on each update topic', () => {
    publisher.publish(insert('A', 1))
    publisher.endTurn(1, 1)
    sent = []
    sync(['A', 'B'], 10)
    publisher.publish(insert('A', 2))
    publisher.tick(10 + defaultPublisherLimits.syncGatherMs)
    expect(kinds()).toEqual(['reply vector', 'table mark', 'table mark'])
    expect(of('vector')[0]?.streams).toEqual([
      { table: 'A', last: 1, first: 1, since: 2, ageMs: 29 },
      { table: 'B', last: 0, first: 1, since: 1, ageMs: null },
    ])
    expect(of('mark')[0]).toMatchObject({
      table: 'A',
      last: 1,
      answers: [{ subscriber, nonce: 1 }],
    })
  })

  it('D4: for all tables is answered with all streams', () => {
    publisher.publish([insert('A', 1), insert('B', 1)])
    publisher.endTurn(1, 1)
    sent = []
    sync('*', 10)
    publisher.tick(50)
    expect(sent.map(({ topic }) => topic)).toEqual([`reply/${subscriber}/`, 'table/'])
    expect(of('vector')[0]).toMatchObject({ all: true, streams: [{ table: 'A' }, { table: 'B' }] })
  })
})

describe('replay', () => {
  beforeEach(() => {
    for (let id = 1; id <= 4; id++) {
      publisher.publish(insert('A', id))
      publisher.endTurn(id, id)
    }
    sync(['A'], 10)
    publisher.tick(40)
    sent = []
  })

  it('D17: sends the retained batches as they are, on the reply topic', () => {
    replay(2, 3, 100)
    publisher.tick(130)
    expect(of('replay').map(({ nonce }) => nonce)).toEqual([9])
    expect(replayed()).toEqual([2, 3])
    expect(new Set(sent.map(({ topic }) => topic))).toEqual(new Set([`reply/${subscriber}/`]))
  })

  it('D17: is not served to a stranger', () => {
    replay(1, 4, 100, 9, 'b'.repeat(32))
    publisher.tick(130)
    expect(of('replay')).toEqual([])
  })

  it('D17: ignores the same range within the time that an answer takes', () => {
    for (const now of [100, 200, 599]) {
      replay(2, 2, now)
      publisher.tick(now + 30)
    }
    expect(of('replay')).toHaveLength(1)
    replay(2, 2, 600)
    publisher.tick(630)
    expect(of('replay')).toHaveLength(2)
  })

  it('D17: answers once on the update topic what several ask for together', () => {
    const other = 'b'.repeat(32)
    publisher.onRequest(
      {
        kind: 'sync',
        subscriber: other,
        nonce: 2,
        sinceMs: 0,
        tables: ['A'],
        marks: [],
        incarnations: null,
      },
      50,
    )
    publisher.tick(80)
    sent = []
    replay(1, 4, 100)
    replay(1, 4, 105, 10, other)
    publisher.tick(130)
    expect(replayed()).toEqual([1, 2, 3, 4])
    expect(new Set(sent.map(({ topic }) => topic))).toEqual(new Set(['table/A/']))
  })

  it('D17: goes to the update topic when it was asked for in vain', () => {
    for (const now of [100, 700, 1300]) {
      replay(2, 2, now)
      publisher.tick(now + 30)
    }
    expect(of('replay')).toHaveLength(3)
    expect(sent.filter(({ message }) => message.kind === 'replay').at(-1)?.topic).toBe('table/A/')
  })

  it('D17: refuses everything below what is retained, and sends the rest', () => {
    publisher = newPublisher({ retentionBytes: 1, reserveUpdates: 2, reserveBytes: 1e6 })
    for (let id = 1; id <= 5; id++) {
      publisher.publish(insert('A', id))
      publisher.endTurn(id, id)
    }
    sync(['A'], 10)
    publisher.tick(40)
    sent = []
    replay(1, 5, 100)
    publisher.tick(130)
    expect(of('refusal')).toMatchObject([{ nonce: 9, table: 'A', firstRetained: 4 }])
    expect(replayed()).toEqual([4, 5])
  })

  it('D17: refuses it to each subscription of a process that asks, and sends the rest once', () => {
    publisher = newPublisher({ retentionBytes: 1, reserveUpdates: 2, reserveBytes: 1e6 })
    for (let id = 1; id <= 5; id++) {
      publisher.publish(insert('A', id))
      publisher.endTurn(id, id)
    }
    sync(['A'], 10)
    publisher.tick(40)
    sent = []
    replay(1, 5, 100, 9)
    replay(1, 5, 100, 10)
    publisher.tick(130)
    replay(1, 5, 200, 11)
    publisher.tick(230)
    expect(of('refusal').map(({ nonce }) => nonce)).toEqual([9, 10, 11])
    expect(replayed()).toEqual([4, 5])
  })
})

describe('retention', () => {
  it('D18: keeps the reserve of a quiet table while a busy one is evicted', () => {
    publisher = newPublisher({ retentionBytes: 20_000, reserveUpdates: 4, reserveBytes: 2000 })
    publisher.publish(insert('QUIET', 1))
    publisher.endTurn(0, 0)
    for (let id = 1; id <= 500; id++) {
      publisher.publish(insert('BUSY', id, 'y'.repeat(100)))
      publisher.endTurn(id, id)
    }
    sync(['QUIET', 'BUSY'], 600)
    publisher.tick(630)
    const [quiet, busy] = of('vector')[0]?.streams ?? []
    expect(quiet?.first).toBe(1)
    expect(busy?.first).toBeGreaterThan(300)
    expect(publisher.retained.retainedBytes).toBeLessThan(30_000)
  })

  it('D18: lets go of what is too old, but for the reserve', () => {
    publisher = newPublisher({ retentionAgeMs: 1000, reserveUpdates: 2, reserveBytes: 1e6 })
    for (let id = 1; id <= 6; id++) {
      publisher.publish(insert('A', id))
      publisher.endTurn(id, id)
    }
    publisher.tick(5000)
    sync(['A'], 5000)
    publisher.tick(5100)
    expect(of('vector')[0]?.streams[0]).toMatchObject({ last: 6, first: 5 })
  })
})

describe('heartbeats', () => {
  it('D14: carry what changed lately; one comes early behind a burst', () => {
    publisher.publish(insert('A', 1))
    publisher.endTurn(10, 10)
    sent = []
    publisher.tick(10 + defaultPublisherLimits.earlyHeartbeatMs)
    expect(of('heartbeat')).toMatchObject([{ streams: [{ table: 'A', last: 1 }], confirm: false }])
    publisher.tick(9000)
    expect(of('heartbeat').at(-1)?.streams).toEqual([])
  })

  it('D14: are not sent by who publishes nothing', () => {
    const silent = new Publisher(identity, [], defaultPublisherLimits, 0)
    silent.tick(5000)
    expect(silent.nextMessage()).toBeUndefined()
  })
})

describe('flush', () => {
  const entry = { incarnation: subscriber, state: 'alive', subscribes: ['A'] } as unknown
  const roster = [entry as RosterEntry]
  const outcomes: unknown[] = []
  beforeEach(() => {
    outcomes.length = 0
    publisher.onRoster(roster, 0)
    publisher.publish(insert('A', 1))
  })
  const confirm = (last: number, now: number) =>
    publisher.onRequest(
      { kind: 'confirm', subscriber, incarnation, streams: [{ table: 'A', last }] },
      now,
    )

  it('D19: asks until all subscribers of the roster have confirmed', () => {
    publisher.flush(0, 0, 2000, (outcome) => outcomes.push(outcome))
    expect(of('heartbeat')).toMatchObject([{ confirm: true, streams: [{ table: 'A', last: 1 }] }])
    publisher.tick(250)
    expect(of('heartbeat')).toHaveLength(2)
    confirm(0, 300)
    expect(outcomes).toEqual([])
    confirm(1, 350)
    expect(outcomes).toEqual([{ confirmed: [subscriber], missing: [] }])
  })

  it('D19: ends while more is published: it waits for its own target only', () => {
    publisher.flush(0, 0, 2000, (outcome) => outcomes.push(outcome))
    publisher.publish(insert('A', 2))
    confirm(1, 50)
    expect(outcomes).toEqual([{ confirmed: [subscriber], missing: [] }])
  })

  it('D19: ends after drainMs and names who is missing', () => {
    publisher.flush(0, 0, 2000, (outcome) => outcomes.push(outcome))
    publisher.tick(1999)
    expect(outcomes).toEqual([])
    publisher.tick(2000)
    expect(outcomes).toEqual([{ confirmed: [], missing: [subscriber] }])
  })

  it('D19: waits for nobody who ended, or wants other tables', () => {
    publisher.flush(0, 0, 2000, (outcome) => outcomes.push(outcome))
    publisher.onRoster([{ ...(entry as RosterEntry), state: 'ended' }], 100)
    expect(outcomes).toEqual([{ confirmed: [], missing: [] }])
  })

  it('D19: neither waits for who wants other tables nor counts on him', () => {
    publisher.onRoster([{ ...(entry as RosterEntry), subscribes: ['B'] }], 100)
    publisher.flush(300, 300, 2000, (outcome) => outcomes.push(outcome))
    expect(outcomes).toEqual([{ confirmed: [], missing: [] }])
  })

  it('D19: waits for nobody whose word comes behind his end', () => {
    publisher.onRoster([{ ...(entry as RosterEntry), state: 'ended' }], 100)
    sync(['A'], 200)
    publisher.flush(300, 300, 2000, (outcome) => outcomes.push(outcome))
    expect(outcomes).toEqual([{ confirmed: [], missing: [] }])
  })

  it('D19: waits for who subscribes again, as long as the roster may not have it', () => {
    publisher.onRoster([{ ...(entry as RosterEntry), subscribes: [] }], 100)
    sync(['A'], 200)
    publisher.flush(300, 300, 60_000, (outcome) => outcomes.push(outcome))
    expect(outcomes).toEqual([])
    publisher.tick(10_200)
    expect(outcomes).toHaveLength(1)
  })

  it('D19: waits for who is on no roster as long as it is heard, and no longer', () => {
    publisher.onRoster([{ ...(entry as RosterEntry), state: 'ended' }], 100)
    const unknown = 'f'.repeat(32)
    const request = { kind: 'sync', subscriber: unknown, nonce: 7, sinceMs: 0, marks: [] } as const
    publisher.onRequest({ ...request, tables: ['A'], incarnations: null }, 200)
    publisher.flush(300, 300, 60_000, (outcome) => outcomes.push(outcome))
    const streams = [{ table: 'A', last: 0 }]
    publisher.onRequest({ kind: 'confirm', subscriber: unknown, incarnation, streams }, 9_000)
    publisher.tick(10_200)
    expect(outcomes).toEqual([])
    publisher.tick(19_000)
    expect(outcomes).toHaveLength(1)
  })

  it('D20: is a part of leaving: last numbers, confirmations, then ended', () => {
    publisher.leave(0, 0, 2000, (outcome) => outcomes.push(outcome))
    expect(publisher.state).toBe('leaving')
    expect(of('leaving')).toMatchObject([{ streams: [{ table: 'A', last: 1 }] }])
    expect(() => publisher.publish(insert('A', 2))).toThrow(
      expect.objectContaining({ code: 'CLOSED' }),
    )
    confirm(1, 50)
    expect(publisher.state).toBe('ended')
    expect(outcomes).toEqual([{ confirmed: [subscriber], missing: [] }])
  })
})
