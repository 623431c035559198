import { afterEach, describe, expect, it } from 'vitest'
import { RangeSet } from '../base/range-set.ts'
import { type Random, seededRandom } from '../base/random.ts'
import type { Delivery, Update, UpdateKind } from '../model/update.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { OpenOptions, SubscribeOptions } from './options.ts'
import type { QueueEvent } from './queue-event.ts'
import type { Subscription } from './subscription-handle.ts'
import type { UpdateQueue } from './update-queue.ts'

interface Row {
  ID: number
  VALUE: number
  NOTE?: string
}
interface Tables {
  TRADE: Row
  POSITION: Row
}
type Options = SubscribeOptions<Tables>
type Taken = Delivery<Tables>

const opened: UpdateQueue<Tables>[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((queue) => queue.close()))
})

async function open(cluster: MemoryCluster, options: OpenOptions): Promise<UpdateQueue<Tables>> {
  const queue = await openUpdateQueue<Tables>({ transport: cluster.transport(), ...options })
  opened.push(queue)
  return queue
}

/** What an application was given, by set arithmetic: every sequence once, delivered or lost. */
class Ledger {
  readonly covered = new Map<string, RangeSet>()
  readonly types: string[] = []
  readonly events: QueueEvent[] = []
  updates = 0
  /** Updates, those included that others stand for. */
  received = 0
  lost = 0
  readonly copy = new Map<string, Row>()

  take(delivery: Taken): void {
    this.types.push(delivery.type)
    if (delivery.type === 'loss') {
      for (const { table, from, to } of delivery.losses) {
        this.#cover(table ?? '', from ?? Number.NaN, to ?? Number.NaN)
        this.lost += (to ?? Number.NaN) - (from ?? Number.NaN) + 1
      }
      return
    }
    for (const update of delivery.updates) this.#apply(update)
    this.received += delivery.updates.length
    if (delivery.type === 'conflated') this.received += delivery.folded
    if (delivery.type === 'updates')
      for (const { table, sequence } of delivery.updates)
        this.#cover(table, sequence ?? Number.NaN, sequence ?? Number.NaN)
    else for (const { table, from, to } of delivery.ranges) this.#cover(table, from, to)
  }

  #apply({ table, kind, record }: Update<Tables>): void {
    this.updates++
    const key = `${table} ${record.ID}`
    if (kind === 'delete') this.copy.delete(key)
    else this.copy.set(key, record)
  }

  #cover(table: string, from: number, to: number): void {
    const set = this.covered.get(table) ?? new RangeSet()
    this.covered.set(table, set)
    for (const range of set)
      if (range.from <= to && from <= range.to) throw new Error(`${table} ${from}…${to} came twice`)
    set.add(from, to)
  }
}

const ranges = (ledger: Ledger, table: keyof Tables) => [...(ledger.covered.get(table) ?? [])]

/** A subscription whose application sleeps until `wake()`. */
interface Sleeper {
  readonly ledger: Ledger
  readonly subscription: Subscription<Tables>
  readonly wake: () => void
}

const ways = ['handler', 'iterator'] as const

/** It sleeps over the first delivery: an update of the publisher, whose stream is based with it. */
async function sleeper(
  publisher: UpdateQueue<Tables>,
  queue: UpdateQueue<Tables>,
  way: (typeof ways)[number],
  options: Options,
): Promise<Sleeper> {
  const ledger = new Ledger()
  void follow(queue, ledger)
  const gate = Promise.withResolvers<void>()
  const take = async (delivery: Taken): Promise<void> => {
    ledger.take(delivery)
    await gate.promise
  }
  const subscription = queue.subscribe(['TRADE', 'POSITION'], {
    ...options,
    ...(way === 'handler' && { onDelivery: take }),
  })
  if (way === 'iterator') iterate(subscription, take).catch(() => undefined)
  await subscription.ready
  publisher.publish(trade(0, 0))
  await expect.poll(() => ledger.updates).toBe(1)
  return { ledger, subscription, wake: () => gate.resolve() }
}

async function iterate(deliveries: AsyncIterable<Taken>, take: (delivery: Taken) => Promise<void>) {
  for await (const delivery of deliveries) await take(delivery)
}

async function follow(queue: UpdateQueue<Tables>, ledger: Ledger): Promise<void> {
  for await (const event of queue.status()) ledger.events.push(event)
}

const trade = (id: number, value: number, note?: string) => ({
  table: 'TRADE' as const,
  kind: 'modify' as const,
  record: { ID: id, VALUE: value, ...(note !== undefined && { NOTE: note }) },
})

/** Publishes trades in small parcels: their ids go round. With the one that is there it makes `count`. */
async function publish(
  queue: UpdateQueue<Tables>,
  count: number,
  keys: number,
  note?: string,
): Promise<void> {
  for (let value = 1; value < count; value++) {
    queue.publish(trade(value % keys, value, note))
    if (value % 20 === 0) await new Promise(setImmediate)
  }
}

async function pair(cluster: MemoryCluster, retention?: OpenOptions['retention']) {
  const publisher = await open(cluster, { process: 'P', ...(retention && { retention }) })
  return { publisher, subscriber: await open(cluster, { process: 'S' }) }
}

const count = 4000
const limits = [
  ['updates', { updates: 100 }],
  ['bytes', { bytes: 4096 }],
] as const

describe.each(ways)('a slow %s', (way) => {
  it.each(limits)('repair, full by %s: lets go and gets everything in order', async (_, limit) => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const { ledger, wake } = await sleeper(publisher, subscriber, way, { limit })
    await publish(publisher, count, count)
    const waiting = subscriber.stats().waitingUpdates
    expect(waiting).toBeGreaterThan(10)
    expect(waiting).toBeLessThan(400)
    expect(subscriber.stats().heldBytes).toBeGreaterThan(0)
    wake()
    await expect.poll(() => ledger.updates).toBe(count)
    expect(new Set(ledger.types)).toEqual(new Set(['updates']))
    expect(ranges(ledger, 'TRADE')).toEqual([{ from: 1, to: count }])
    expect((await publisher.flush()).missing).toEqual([])
  })

  it.each(limits)('fail, full by %s: ends, and everybody is told', async (_, limit) => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const { ledger, subscription, wake } = await sleeper(publisher, subscriber, way, {
      limit,
      whenSlow: 'fail',
    })
    await publish(publisher, count, count)
    expect(await subscription.closed).toMatchObject({ code: 'SUBSCRIBER_TOO_SLOW' })
    expect(ledger.events.filter(({ type }) => type === 'too-slow')).toEqual([
      {
        type: 'too-slow',
        tables: ['TRADE', 'POSITION'],
        error: expect.objectContaining({ code: 'SUBSCRIBER_TOO_SLOW' }) as Error,
      },
    ])
    wake()
    expect(ledger.types).toEqual(['updates'])
    expect(subscriber.stats()).toMatchObject({ waitingUpdates: 0, heldBytes: 0 })
    // Nobody waits for a subscription that has ended.
    expect((await publisher.flush()).missing).toEqual([])
    const again = await sleeper(publisher, subscriber, way, {})
    again.wake()
  })

  it.each(limits)('conflate, full by %s: gets the latest of each key', async (_, limit) => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const options = { limit, whenSlow: 'conflate', key: 'ID' } as const
    const { ledger, wake } = await sleeper(publisher, subscriber, way, options)
    await publish(publisher, count, 10)
    const flushed = publisher.flush()
    expect(subscriber.stats().waitingUpdates).toBeLessThan(200)
    expect(subscriber.stats().heldBytes).toBe(0)
    wake()
    expect((await flushed).missing).toEqual([])
    expect(ranges(ledger, 'TRADE')).toEqual([{ from: 1, to: count }])
    expect(ledger.types.filter((type) => type === 'conflated')).toHaveLength(1)
    const latest = Array.from({ length: 10 }, (_, index) => count - 1 - index)
    const values = [...ledger.copy.values()].map(({ VALUE }) => VALUE)
    expect(new Set(values)).toEqual(new Set(latest))
    expect(values).toHaveLength(10)
    expect(ledger.updates + subscriber.stats().folded).toBe(count)
    // Awake, it gets everything as it comes.
    await publish(publisher, 50, 10)
    await publisher.flush()
    expect(ledger.types.at(-1)).toBe('updates')
    expect(ledger.events.map(({ type }) => type)).not.toContain('behind')
  })

  it.each(['repair', 'conflate', 'fail'] as const)(
    '%s: an application that takes everything at once is not slow, however much comes',
    async (whenSlow) => {
      const { publisher, subscriber } = await pair(new MemoryCluster())
      const options = { limit: { bytes: 65_536 }, whenSlow, key: 'ID' } as const
      const { ledger, wake } = await sleeper(publisher, subscriber, way, options)
      wake()
      await publish(publisher, count, 10, 'n'.repeat(2000))
      await publisher.flush()
      await expect.poll(() => ledger.updates).toBe(count)
      expect(new Set(ledger.types)).toEqual(new Set(['updates']))
      expect(subscriber.stats().refused).toEqual({})
    },
  )

  it('repair: gives way to the event loop while it catches up', async () => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const { ledger, wake } = await sleeper(publisher, subscriber, way, {})
    await publish(publisher, count, count, 'n'.repeat(5000))
    wake()
    let turns = 0
    for (; ledger.updates < count; turns++) await new Promise(setImmediate)
    // 20 MB, a MiB a turn; what waits and what is held would else be taken in one.
    expect(turns).toBeGreaterThan(10)
    expect(ranges(ledger, 'TRADE')).toEqual([{ from: 1, to: count }])
  })

  it('conflate: an application that keeps up gets everything as it came', async () => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const options = { limit: { updates: 100 }, whenSlow: 'conflate', key: 'ID' } as const
    const { ledger, wake } = await sleeper(publisher, subscriber, way, options)
    wake()
    await publish(publisher, count, 10)
    await publisher.flush()
    expect(new Set(ledger.types)).toEqual(new Set(['updates']))
    expect(ledger.updates).toBe(count)
    expect(subscriber.stats().folded).toBe(0)
  })

  it.each(limits)('conflate, more keys than %s: lets go and catches up', async (_, limit) => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const options = { limit, whenSlow: 'conflate', key: 'ID' } as const
    const { ledger, wake } = await sleeper(publisher, subscriber, way, options)
    await publish(publisher, count, count)
    expect(subscriber.stats().waitingUpdates).toBeLessThan(400)
    expect(subscriber.stats().heldBytes).toBeGreaterThan(0)
    wake()
    await expect.poll(() => ledger.updates).toBe(count)
    expect(ranges(ledger, 'TRADE')).toEqual([{ from: 1, to: count }])
    expect((await publisher.flush()).missing).toEqual([])
  })

  it('conflate, more keys than the limit and than is retained: the rest is an exact loss', async () => {
    const { publisher, subscriber } = await pair(new MemoryCluster(), { bytes: 64 * 1024 })
    const options = { limit: { updates: 500 }, whenSlow: 'conflate', key: 'ID' } as const
    const { ledger, wake } = await sleeper(publisher, subscriber, way, options)
    const note = 'n'.repeat(1000)
    // Beyond what a process holds for all of its subscriptions, 64 MiB.
    for (let value = 1; value < 90_000; value++) {
      publisher.publish(trade(value, value, note))
      if (value % 1000 === 0) await new Promise(setImmediate)
    }
    wake()
    await expect.poll(() => ranges(ledger, 'TRADE')).toEqual([{ from: 1, to: 90_000 }])
    expect(ledger.types).toContain('loss')
    expect(ledger.updates + ledger.lost).toBe(90_000)
  })
})

describe('conflate', () => {
  it('keeps a copy right, whatever happens to the rows, and never tears a commit', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seededRandom(seed)
      const cluster = new MemoryCluster()
      const { publisher, subscriber } = await pair(cluster)
      const ledger = new Ledger()
      const options = {
        whenSlow: 'conflate',
        key: { TRADE: 'ID', POSITION: ['ID'] },
        limit: { updates: 20 + Math.floor(random() * 200) },
        onDelivery: async (delivery: Taken) => {
          ledger.take(delivery)
          expect(ledger.copy.get('POSITION 0')?.VALUE).toBe(ledger.copy.get('TRADE 0')?.VALUE)
          for (let turns = random() * 30; turns > 1; turns--) await new Promise(setImmediate)
        },
      } as const
      await subscriber.subscribe(['TRADE', 'POSITION'], options).ready
      const { truth, published } = await change(publisher, random)
      await publisher.flush()
      await expect.poll(() => ranges(ledger, 'TRADE').at(-1)?.to).toBe(published.TRADE)
      await expect.poll(() => ranges(ledger, 'POSITION').at(-1)?.to).toBe(published.POSITION)
      expect(ledger.covered.get('TRADE')).toEqual(rangeTo(published.TRADE))
      expect(ledger.copy).toEqual(truth)
      expect(ledger.types).toContain('conflated')
      await Promise.all([publisher.close(), subscriber.close()])
    }
  })

  it('says once for each table that a record lacks its key, and delivers it', async () => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const options = { limit: { updates: 10 }, whenSlow: 'conflate', key: ['ID', 'NOTE'] } as const
    const { ledger, wake } = await sleeper(publisher, subscriber, 'handler', options)
    await publish(publisher, 200, 10)
    wake()
    await publisher.flush()
    await expect.poll(() => ledger.updates).toBe(200)
    expect(ledger.events.filter(({ type }) => type === 'key-missing')).toEqual([
      { type: 'key-missing', table: 'TRADE', field: 'NOTE' },
    ])
  })

  it('does not touch a subscription beside it', async () => {
    const { publisher, subscriber } = await pair(new MemoryCluster())
    const slow = { limit: { updates: 100 }, whenSlow: 'conflate', key: 'ID' } as const
    const sleeping = await sleeper(publisher, subscriber, 'handler', slow)
    const fast = await sleeper(publisher, subscriber, 'iterator', { limit: { updates: 100 } })
    fast.wake()
    await publish(publisher, count, 10)
    await expect.poll(() => fast.ledger.updates).toBe(count)
    expect(sleeping.ledger.updates).toBeLessThan(count)
    sleeping.wake()
    expect((await publisher.flush()).missing).toEqual([])
  })

  it('is refused without a key, and any other word as well', async () => {
    const { subscriber } = await pair(new MemoryCluster())
    const usage = expect.objectContaining({ code: 'USAGE' }) as Error
    expect(() => subscriber.subscribe('TRADE', { whenSlow: 'conflate' as 'fail' })).toThrow(usage)
    expect(() => subscriber.subscribe('TRADE', { whenSlow: 'drop' as 'fail' })).toThrow(usage)
    expect(() => subscriber.subscribe('TRADE', { key: [] as never })).toThrow(usage)
    const other = { POSITION: 'ID' } as object
    expect(() => subscriber.subscribe('TRADE', { key: other as never })).toThrow(usage)
  })
})

function rangeTo(last: number): RangeSet {
  const set = new RangeSet()
  set.add(1, last)
  return set
}

/**
 * Inserts, changes and deletes rows at random as a database would. Each commit that touches trade 0
 * gives position 0 the same value.
 */
async function change(queue: UpdateQueue<Tables>, random: Random) {
  const truth = new Map<string, Row>()
  const published = { TRADE: 0, POSITION: 0 }
  const put = (table: keyof Tables, row: Row, isDelete: boolean) => {
    const key = `${table} ${row.ID}`
    const before = truth.get(key)
    const kind: UpdateKind = isDelete ? 'delete' : before ? 'modify' : 'insert'
    if (isDelete) truth.delete(key)
    else truth.set(key, row)
    published[table]++
    return {
      table,
      kind,
      record: isDelete && before ? before : row,
      before: before && { ...before },
    }
  }
  for (let value = 1; value <= 3000; value++) {
    const ID = Math.floor(random() * 12)
    const row = { ID, VALUE: value }
    const isDelete = ID > 0 && truth.has(`TRADE ${ID}`) && random() < 0.3
    const commit = [put('TRADE', row, isDelete)]
    if (ID === 0 || random() < 0.2) commit.push(put('POSITION', row, false))
    queue.publish(commit)
    if (random() < 0.1) await new Promise(setImmediate)
  }
  return { truth, published }
}
