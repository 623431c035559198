/** An application process with any number of queues: publishes, subscribes, writes down what it is given. */
import { writeHeapSnapshot } from 'node:v8'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { OpenOptions, QueueEvent, Subscription, UpdateQueue } from '../../../../src/index.ts'
import { openUpdateQueue, TidingsError } from '../../../../src/index.ts'
import { compiledBytes, liveHeapBytes, youngGenerationBytes } from '../../../harness/live-heap.ts'
import { CallingRecords, type CallsFromInside } from '../calling-records.ts'
import type { PublishedStream } from '../judge.ts'
import { monotonicMs, Orders } from '../order.ts'
import { Recorder } from '../recorder.ts'
import { quantile } from '../statistics.ts'
import { serve } from '../serve.ts'

/** Waits for the subscribers after so many updates: some MiB, well below what is retained. */
const flushEvery = 20_000

/** Of those whose records call. */
const commitsPerTurn = 20

/** Events kept of each queue. */
const maxEvents = 5_000

/** An event, and when it was told: milliseconds of the machine's monotonic clock. */
export interface TimedEvent {
  readonly at: number
  readonly event: QueueEvent
}

interface Member {
  readonly queue: UpdateQueue
  readonly orders: Orders
  readonly events: TimedEvent[]
  recorder: Recorder
  subscription: Subscription | null
  readyAt: number | null
  /** Settles what the handler waits for; null: the handler does not wait. */
  gate: PromiseWithResolvers<void> | null
  load: { stops: boolean; ended: Promise<void> } | null
}

interface Keyed {
  /** Which queue of this process. */
  readonly key: string
}

export interface Opening extends Keyed {
  readonly tables: readonly string[]
  readonly options: OpenOptions
}

export interface Watching extends Keyed {
  readonly tables: readonly string[] | '*'
  readonly limit?: { readonly updates?: number; readonly bytes?: number }
  readonly keepsNonces?: boolean
  /** The handler waits from its first delivery on until `release`. */
  readonly held?: boolean
  /** Resolves at once, not when it is ready. */
  readonly atOnce?: boolean
}

export interface Loading extends Keyed {
  readonly updatesPerTurn: number
  readonly pauseMs: number
  /** Updates of a commit. */
  readonly size?: number
}

/** How often a paced load looks at the time, milliseconds. */
const paceMs = 5

export interface Pacing extends Keyed {
  readonly updatesPerSecond: number
  /** Updates of a commit. */
  readonly size: number
}

const members = new Map<string, Member>()

function member(key: string): Member {
  const found = members.get(key)
  if (!found) throw new Error(`no queue ${key}`)
  return found
}

async function follow({ queue, events }: Member): Promise<void> {
  for await (const event of queue.status()) {
    events.push({ at: monotonicMs(), event })
    if (events.length > maxEvents) events.shift()
  }
}

/** Until it is stopped, or its queue has ended. */
async function load({ queue, orders, load }: Member, options: Loading): Promise<void> {
  const { updatesPerTurn, pauseMs, size = 1 } = options
  try {
    while (load && !load.stops) {
      for (let left = updatesPerTurn; left > 0; left -= size) queue.publish(orders.next(size))
      await pause(pauseMs)
    }
  } catch (error) {
    if (!(error instanceof TidingsError) || error.code !== 'CLOSED') throw error
  }
}

/** Publishes what is due, however late the timer is; what it missed for over a second it leaves out. */
async function pace({ queue, orders, load }: Member, { updatesPerSecond, size }: Pacing) {
  let due = monotonicMs()
  while (load && !load.stops) {
    const now = monotonicMs()
    due = Math.max(due, now - 1_000)
    for (; due <= now; due += (size * 1_000) / updatesPerSecond) queue.publish(orders.next(size))
    await pause(paceMs)
  }
}

const calls = {
  async open({ key, options, tables }: Opening) {
    const queue = await openUpdateQueue(options)
    const opened: Member = {
      queue,
      orders: new Orders(queue.identity.process, tables),
      events: [],
      recorder: new Recorder(),
      subscription: null,
      readyAt: null,
      gate: null,
      load: null,
    }
    members.set(key, opened)
    void follow(opened)
    // A queue that ends by itself is a finding: say why.
    void queue.closed.then((error) => error && console.error(key, error))
    return queue.identity.incarnation
  },
  async subscribe({ key, tables, limit, keepsNonces = false, held, atOnce }: Watching) {
    const watching = member(key)
    watching.recorder = new Recorder(keepsNonces)
    watching.gate = held ? Promise.withResolvers<void>() : null
    watching.readyAt = null
    const subscription = watching.queue.subscribe(tables, {
      ...(limit && { limit }),
      own: false,
      onDelivery: (delivery) => {
        watching.recorder.take(delivery)
        return watching.gate?.promise
      },
    })
    watching.subscription = subscription
    const ready = subscription.ready.then(() => {
      watching.readyAt = monotonicMs()
    })
    if (atOnce) ready.catch(() => undefined)
    else await ready
  },
  async unsubscribe({ key }: Keyed) {
    await member(key).subscription?.stop()
  },
  release({ key }: Keyed) {
    const released = member(key)
    released.gate?.resolve()
    released.gate = null
  },
  /** Resolves when all is published and the last flush has ended. */
  async publish({ key, updates, size = 1 }: Keyed & { updates: number; size?: number }) {
    const { queue, orders } = member(key)
    let missing = 0
    for (let left = updates, sinceFlush = 0; left > 0;) {
      queue.publish(orders.next(size))
      left -= size
      sinceFlush += size
      if (sinceFlush % 1_000 === 0) await nextTurn()
      if (sinceFlush < flushEvery && left > 0) continue
      missing += (await queue.flush()).missing.length
      sinceFlush = 0
    }
    return { missing }
  },
  /** By name: who has confirmed all that was published so far, and who has not. */
  async flush({ key }: Keyed) {
    const { confirmed, missing } = await member(key).queue.flush()
    const named = (these: typeof missing): string[] => these.map(({ process }) => process)
    return { confirmed: named(confirmed), missing: named(missing) }
  },
  /** One update of each table. */
  publishEach({ key, tables }: Keyed & { tables: readonly string[] }) {
    const { queue, orders } = member(key)
    for (const table of tables) queue.publish(orders.of(table))
  },
  /** Commits whose records call the queue that reads them, some in each turn of the event loop. */
  async publishCalling({ key, commits }: Keyed & { commits: number }): Promise<CallsFromInside> {
    const { queue, orders } = member(key)
    const calling = new CallingRecords(queue, orders, orders.tables[0] as string)
    for (let left = commits; left > 0; left -= 1) {
      calling.publish()
      if (left % commitsPerTurn === 0) await nextTurn()
    }
    return calling.outcome
  },
  load(options: Loading) {
    const loading = member(options.key)
    loading.load = { stops: false, ended: Promise.resolve() }
    loading.load.ended = load(loading, options)
  },
  pace(options: Pacing) {
    const paced = member(options.key)
    paced.load = { stops: false, ended: Promise.resolve() }
    paced.load.ended = pace(paced, options)
  },
  async stop({ key }: Keyed) {
    const { load } = member(key)
    if (!load) return
    load.stops = true
    await load.ended
  },
  published({ key }: Keyed): PublishedStream[] {
    const { queue, orders } = member(key)
    const { incarnation } = queue.identity
    return [...orders.published].map(([table, last]) => ({ incarnation, table, last }))
  },
  recorded: ({ key }: Keyed) => member(key).recorder.recorded,
  /** The same, of one publisher's life. */
  recordedOf({ key, incarnation }: Keyed & { incarnation: string }) {
    const { streams, losses, ...rest } = member(key).recorder.recorded
    return {
      ...rest,
      streams: streams
        .filter((stream) => stream.incarnation === incarnation)
        .map((stream) => ({ ...stream, nonces: [] })),
      losses: losses.filter(({ publisher }) => publisher?.incarnation === incarnation),
    }
  },
  /** How much has come and when the last of it, and whether it is ready and since when. */
  progress({ key }: Keyed) {
    const { recorder, readyAt } = member(key)
    const { deliveries, losses, lastAt } = recorder
    return { deliveries, losses: losses.length, lastAt, readyAt }
  },
  /** Updates that each queue of this process has been given. */
  received: () => new Map([...members].map(([key, { recorder }]) => [key, recorder.deliveries])),
  countOf: ({ key, process }: Keyed & { process: string }) => member(key).recorder.countOf(process),
  takeLatencies: ({ key }: Keyed) => member(key).recorder.takeLatencies(),
  /** The same, summed up: milliseconds. */
  latencyWindow({ key }: Keyed) {
    const latencies = member(key).recorder.takeLatencies()
    return {
      count: latencies.length,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
    }
  },
  events: ({ key }: Keyed) => member(key).events,
  unreachable: ({ key }: Keyed) => member(key).subscription?.unreachable ?? [],
  stats: ({ key }: Keyed) => member(key).queue.stats(),
  async close({ key }: Keyed) {
    const { queue } = member(key)
    members.delete(key)
    await queue.close()
  },
  /** Resident, and what of it V8 has taken for its young generation, bytes. */
  memory: () => ({ rss: process.memoryUsage().rss, young: youngGenerationBytes() }),
  /** Objects and buffers that are in use, without compiled code, bytes. */
  liveHeap: () => liveHeapBytes() - compiledBytes(),
  snapshot: ({ file }: { file: string }) => writeHeapSnapshot(file),
  /** Nothing of this process's JavaScript runs meanwhile. */
  block({ ms }: { ms: number }) {
    const until = monotonicMs() + ms
    const cell = new Int32Array(new SharedArrayBuffer(4))
    while (monotonicMs() < until) Atomics.wait(cell, 0, 0, until - monotonicMs())
  },
}

export type ParticipantCalls = typeof calls

serve(calls)
