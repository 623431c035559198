import { afterEach, describe, expect, it } from 'vitest'
import { TidingsError } from '../base/tidings-error.ts'
import type { Delivery, Update } from '../model/update.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { OpenOptions } from './options.ts'
import type { UpdateQueue } from './update-queue.ts'

interface Tables {
  TRADE: { id: number; note?: string }
  POSITION: { id: number }
}

const opened: UpdateQueue<Tables>[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((queue) => queue.close()))
})

async function open(cluster: MemoryCluster, options: OpenOptions): Promise<UpdateQueue<Tables>> {
  const queue = await openUpdateQueue<Tables>({ transport: cluster.transport(), ...options })
  opened.push(queue)
  return queue
}

async function take(deliveries: AsyncIterable<Delivery<Tables>>, count: number) {
  const updates: Update<Tables>[] = []
  for await (const delivery of deliveries) {
    if (delivery.type !== 'updates') throw new Error(`unexpected ${delivery.type}`)
    updates.push(...delivery.updates)
    if (updates.length >= count) break
  }
  return updates
}

const insert = (id: number) => ({
  table: 'TRADE' as const,
  kind: 'insert' as const,
  record: { id },
})

describe('publish and subscribe', () => {
  it('delivers what was published after ready, in order, with all that is known of it', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P' })
    const subscriber = await open(cluster, { process: 'S' })
    const trades = subscriber.subscribe('TRADE')
    await trades.ready
    const before = Date.now()
    publisher.publish({ ...insert(1), version: 7n })
    publisher.publish({
      table: 'TRADE',
      kind: 'modify',
      record: { id: 1, note: 'n' },
      before: { id: 1 },
    })
    const [first, second] = await take(trades as AsyncIterable<Delivery<Tables>>, 2)
    expect(first).toMatchObject({
      table: 'TRADE',
      kind: 'insert',
      record: { id: 1 },
      version: 7n,
      sequence: 1,
      commit: 1,
      publisher: publisher.identity,
    })
    expect(second).toMatchObject({ kind: 'modify', before: { id: 1 }, sequence: 2, commit: 2 })
    expect(first?.publishedAt).toBeGreaterThanOrEqual(before)
    expect(first?.publishedAt).toBeLessThanOrEqual(Date.now())
  })

  it('delivers a commit over two tables together, in the order of the call', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P' })
    const subscriber = await open(cluster, { process: 'S' })
    const deliveries: Delivery<Tables>[] = []
    const both = subscriber.subscribe(['TRADE', 'POSITION'], {
      onDelivery: (delivery) => deliveries.push(delivery),
    })
    await both.ready
    const position = { table: 'POSITION' as const, kind: 'modify' as const, record: { id: 5 } }
    publisher.publish([insert(1), position, insert(2)])
    publisher.publish([position, insert(3)])
    await publisher.flush()
    const updates = deliveries.flatMap((each) => (each.type === 'updates' ? each.updates : []))
    expect(updates.map(({ table, commit }) => `${table} ${commit}`)).toEqual([
      'TRADE 1',
      'POSITION 1',
      'TRADE 1',
      'POSITION 2',
      'TRADE 2',
    ])
    expect(deliveries).toHaveLength(1)
  })

  it('lets the caller reuse the record at once', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P' })
    const subscriber = await open(cluster, { process: 'S' })
    const trades = subscriber.subscribe('TRADE')
    await trades.ready
    const record = { id: 1 }
    publisher.publish({ table: 'TRADE', kind: 'insert', record })
    record.id = 2
    publisher.publish({ table: 'TRADE', kind: 'insert', record })
    const updates = await take(trades as AsyncIterable<Delivery<Tables>>, 2)
    expect(updates.map(({ record: { id } }) => id)).toEqual([1, 2])
  })

  it('gives a process its own updates, unless it wants none of them', async () => {
    const cluster = new MemoryCluster()
    const queue = await open(cluster, { process: 'P' })
    const other = await open(cluster, { process: 'Q' })
    const own: number[] = []
    const foreign: number[] = []
    const collect = (into: number[]) => (delivery: Delivery<Pick<Tables, 'TRADE'>>) => {
      if (delivery.type === 'updates')
        into.push(...delivery.updates.map(({ record: { id } }) => id))
    }
    const a = queue.subscribe('TRADE', { onDelivery: collect(own) })
    const b = queue.subscribe('TRADE', { onDelivery: collect(foreign), own: false })
    await Promise.all([a.ready, b.ready])
    queue.publish(insert(1))
    other.publish(insert(2))
    await expect.poll(() => own.toSorted((a, b) => a - b)).toEqual([1, 2])
    // The two subscriptions are delivered to each in its own time.
    await expect.poll(() => foreign).toContain(2)
    expect(foreign).toEqual([2])
  })

  it('does not call a handler from inside publish()', async () => {
    const queue = await open(new MemoryCluster(), { process: 'P' })
    let isPublishing = false
    let wasInside = false
    let seen = 0
    const trades = queue.subscribe('TRADE', {
      onDelivery: () => {
        wasInside ||= isPublishing
        seen++
      },
    })
    await trades.ready
    isPublishing = true
    for (let id = 0; id < 20_000; id++) queue.publish(insert(id))
    isPublishing = false
    await expect.poll(() => seen).toBeGreaterThan(0)
    expect(wasInside).toBe(false)
  })

  it('brings a late publisher and a late subscriber together', async () => {
    const cluster = new MemoryCluster()
    const subscriber = await open(cluster, { process: 'S' })
    const all = subscriber.subscribe('*')
    await all.ready
    const script = await open(cluster, { script: 'LOAD' })
    script.publish(insert(1))
    await script.close()
    const [update] = await take(all as AsyncIterable<Delivery<Tables>>, 1)
    expect(update).toMatchObject({ sequence: 1, record: { id: 1 } })
  })
})

describe('refusals', () => {
  it('leaves nothing of a refused commit behind', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P' })
    const subscriber = await open(cluster, { process: 'S' })
    const trades = subscriber.subscribe('TRADE')
    await trades.ready
    const bad = { id: 2, note: (() => 'x') as unknown as string }
    expect(() =>
      publisher.publish([insert(1), { table: 'TRADE', kind: 'insert', record: bad }]),
    ).toThrow(expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }))
    publisher.publish(insert(3))
    const [update] = await take(trades as AsyncIterable<Delivery<Tables>>, 1)
    expect(update).toMatchObject({ record: { id: 3 }, sequence: 1, commit: 1 })
  })

  it('refuses empty commits, unknown options and anything after close', async () => {
    const cluster = new MemoryCluster()
    const queue = await open(cluster, { process: 'P' })
    expect(() => queue.publish([])).toThrow(expect.objectContaining({ code: 'USAGE' }))
    expect(() => queue.subscribe([])).toThrow(expect.objectContaining({ code: 'USAGE' }))
    expect(() => queue.subscribe('TRADE', { limit: { updates: 0 } })).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    )
    await queue.close()
    expect(() => queue.publish(insert(1))).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(() => queue.subscribe('TRADE')).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    await expect(queue.flush()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await queue.closed).toBeUndefined()
  })

  it('says what openUpdateQueue() takes', async () => {
    const wrong: object[] = [
      {},
      { process: 'A', script: 'B' },
      { process: 'a b' },
      { script: 'A', port: 1 },
    ]
    for (const options of wrong)
      await expect(openUpdateQueue(options as OpenOptions)).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('refuses a second live process of one name', async () => {
    const cluster = new MemoryCluster()
    await open(cluster, { process: 'P' })
    await expect(open(cluster, { process: 'P' })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await open(cluster, { process: 'P', instance: '2' })
  })
})

describe('ends', () => {
  it('D11: rejects ready when it is stopped, aborted or closed before', async () => {
    const cluster = new MemoryCluster()
    const queue = await open(cluster, { process: 'P' })
    const stopped = queue.subscribe('TRADE')
    await stopped.stop()
    await expect(stopped.ready).rejects.toMatchObject({ code: 'CLOSED' })
    const controller = new AbortController()
    const aborted = queue.subscribe('TRADE', { signal: controller.signal })
    controller.abort()
    await expect(aborted.ready).rejects.toMatchObject({ code: 'ABORTED' })
    expect(() => queue.subscribe('TRADE', { signal: controller.signal })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    )
    const late = openUpdateQueue({ process: 'L', signal: controller.signal })
    await expect(late).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('ends iterators on stop and on close', async () => {
    const cluster = new MemoryCluster()
    const queue = await open(cluster, { process: 'P' })
    const trades = queue.subscribe('TRADE')
    const ended = (async () => {
      for await (const _ of trades) throw new Error('nothing was published')
      return 'ended'
    })()
    await trades.ready
    await queue.close()
    expect(await ended).toBe('ended')
  })

  it('flush names who has not confirmed', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P', drainMs: 300 })
    const subscriber = await open(cluster, { process: 'S' })
    const release = Promise.withResolvers<void>()
    const trades = subscriber.subscribe('TRADE', { onDelivery: () => release.promise })
    await trades.ready
    publisher.publish(insert(1))
    const late = await publisher.flush()
    expect(late.missing.map(({ process }) => process)).toEqual(['S'])
    const patient = publisher.flush({ drainMs: 3_600_000 })
    const atOnce = await publisher.flush({ drainMs: 0 })
    expect(atOnce.missing.map(({ process }) => process)).toEqual(['S'])
    release.resolve()
    expect((await patient).missing).toEqual([])
    const { missing, confirmed } = await publisher.flush()
    expect(missing).toEqual([])
    expect(confirmed.map(({ process }) => process)).toEqual(['S'])
  })

  it.each(['its signal', 'a close'])('drain waits until %s ends that', async (end) => {
    const cluster = new MemoryCluster()
    const subscriber = await open(cluster, { process: 'S' })
    const release = Promise.withResolvers<void>()
    const trades = subscriber.subscribe('TRADE', { onDelivery: () => release.promise })
    await trades.ready
    const publisher = await open(cluster, { process: 'P', drainMs: 100 })
    publisher.publish(insert(1))
    const controller = new AbortController()
    let isOver = false
    const drained = publisher.drain({ signal: controller.signal }).then(() => {
      isOver = true
    })
    await expect.poll(() => subscriber.stats().waitingUpdates).toBe(1)
    expect(isOver).toBe(false)
    if (end === 'a close') await publisher.close()
    else controller.abort()
    await drained
    expect(await publisher.closed).toBeUndefined()
    release.resolve()
  })

  it('nothing waits any more, and nothing is taken, once the transport has failed', async () => {
    const cluster = new MemoryCluster()
    const subscriber = await open(cluster, { process: 'S' })
    const release = Promise.withResolvers<void>()
    await subscriber.subscribe('TRADE', { onDelivery: () => release.promise }).ready
    for (const waiting of ['flush', 'drain'] as const) {
      const transport = cluster.transport()
      const failed = Promise.withResolvers<(error: TidingsError) => void>()
      const connect = transport.open.bind(transport)
      transport.open = (registration, handlers, signal) => {
        failed.resolve((error) => handlers.failed(error))
        return connect(registration, handlers, signal)
      }
      const publisher = await open(cluster, { process: waiting, transport, drainMs: 60_000 })
      publisher.publish(insert(1))
      const waited = waiting === 'flush' ? publisher.flush() : publisher.drain()
      const error = new TidingsError('TRANSPORT_FAILED', 'the network is gone')
      ;(await failed.promise)(error)
      if (waiting === 'flush') await expect(waited).rejects.toMatchObject({ code: 'CLOSED' })
      else await waited
      expect(await publisher.closed).toBe(error)
      expect(() => publisher.publish(insert(2))).toThrow(
        expect.objectContaining({ code: 'CLOSED' }),
      )
      await publisher.close()
    }
    release.resolve()
  })

  it('a queue whose transport has failed ends with that, though it cannot be closed either', async () => {
    const transport = new MemoryCluster().transport()
    const connect = transport.open.bind(transport)
    let fail: ((error: TidingsError) => void) | null = null
    transport.open = (registration, handlers, signal) => {
      fail = (error) => handlers.failed(error)
      return connect(registration, handlers, signal)
    }
    const publisher = await open(new MemoryCluster(), { process: 'P', transport })
    const leave = transport.close.bind(transport)
    transport.close = async (lingerMs) => {
      await leave(lingerMs)
      throw new Error('stuck')
    }
    const error = new TidingsError('TRANSPORT_FAILED', 'the network is gone')
    ;(fail as unknown as (error: TidingsError) => void)(error)
    expect(() => publisher.publish(insert(1))).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(await publisher.closed).toBe(error)
    await publisher.close()
  })

  it('D22: tells a handler that fails, and goes on', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P' })
    const subscriber = await open(cluster, { process: 'S' })
    const events = subscriber.status()
    const seen: number[] = []
    const trades = subscriber.subscribe('TRADE', {
      onDelivery: (delivery) => {
        if (delivery.type === 'updates') seen.push(...delivery.updates.map((u) => u.record.id))
        throw new Error('handler')
      },
    })
    await trades.ready
    publisher.publish(insert(1))
    await publisher.flush()
    publisher.publish(insert(2))
    await publisher.flush()
    expect(seen).toEqual([1, 2])
    const failed: unknown[] = []
    for await (const event of events) {
      if (event.type !== 'handler-failed') continue
      failed.push(event.error)
      if (failed.length === 2) break
    }
    expect(failed).toEqual([new Error('handler'), new Error('handler')])
  })

  it('ends a subscription that is too slow where that was asked for', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P' })
    const subscriber = await open(cluster, { process: 'S' })
    const trades = subscriber.subscribe('TRADE', { whenSlow: 'fail', limit: { updates: 10 } })
    await trades.ready
    for (let round = 0; round < 5; round++) {
      for (let id = 0; id < 10; id++) publisher.publish(insert(id))
      await new Promise(setImmediate)
    }
    expect(await trades.closed).toMatchObject({ code: 'SUBSCRIBER_TOO_SLOW' })
    const end = (async () => {
      for await (const _ of trades);
    })()
    await expect(end).rejects.toMatchObject({ code: 'SUBSCRIBER_TOO_SLOW' })
  })

  it('lets a slow subscriber catch up from retention', async () => {
    const cluster = new MemoryCluster()
    const publisher = await open(cluster, { process: 'P' })
    const subscriber = await open(cluster, { process: 'S' })
    const seen: number[] = []
    const gate = Promise.withResolvers<void>()
    const trades = subscriber.subscribe('TRADE', {
      limit: { updates: 100, bytes: 4096 },
      onDelivery: async (delivery) => {
        if (delivery.type === 'updates') seen.push(...delivery.updates.map((u) => u.record.id))
        await gate.promise
      },
    })
    await trades.ready
    const count = 200_000
    for (let id = 0; id < count; id++) {
      publisher.publish(insert(id))
      if (id % 1000 === 999) await new Promise(setImmediate)
    }
    gate.resolve()
    await expect.poll(() => seen.length).toBe(count)
    expect(seen.every((id, index) => id === index)).toBe(true)
    expect(subscriber.stats().losses).toBe(0)
  })
})

it('is one error class with codes', () => {
  const error = new TidingsError('USAGE', 'text')
  expect(error).toMatchObject({ code: 'USAGE', category: 'usage', message: 'text [USAGE]' })
})
