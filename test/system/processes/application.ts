/** An application process: does what the test tells it, and writes down what it is given. */
import module from 'node:module'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { QueueEvent, Subscription, UpdateQueue } from '../../../src/index.ts'
import { openUpdateQueue, TidingsError } from '../../../src/index.ts'
import type {
  Answer,
  ApplicationCall,
  Calls,
  Expectation,
  Load,
  Progress,
  Published,
  Report,
} from '../../harness/application-message.ts'
import { patienceMs } from '../../harness/eventually.ts'
import { Journal } from './journal.ts'
import type { Tables } from './trades.ts'
import { Trades } from './trades.ts'

/** Waits for the subscribers after so many updates: some MiB, well below what is retained. */
const defaultFlushEvery = 20_000

/** A load at a rate publishes this often, milliseconds, and makes up for at most so long a turn. */
const turnMs = 2
const maxTurnMs = 50

/** Events kept for a report. */
const maxEvents = 200

type Actions = {
  [Name in keyof Calls]: (
    argument: Calls[Name]['argument'],
  ) => Calls[Name]['result'] | Promise<Calls[Name]['result']>
}

const journal = new Journal()
const events: QueueEvent[] = []
const expectations = new Set<{ expectation: Expectation; resolve: (report: Report) => void }>()
/** Each is tried as things go on, and gone when it is true. */
const conditions = new Set<() => boolean>()
let isAwake = false
const woken = Promise.withResolvers<void>()
let queue: UpdateQueue<Tables> | null = null
let trades = new Trades('')
let subscription: Subscription<Tables> | null = null
let isReady = false
let isLoading = false
let loading: Promise<void> = Promise.resolve()

const actions: Actions = {
  async open(options) {
    queue = await openUpdateQueue<Tables>({
      drainMs: patienceMs,
      clusterTimeoutMs: patienceMs,
      ...options,
    })
    trades = new Trades(queue.identity.process)
    void follow(queue)
    return { port: queue.port, incarnation: queue.identity.incarnation }
  },
  async subscribe({ tables, handlerMs, updateMs, asleep, atOnce, ...options }) {
    subscription = opened().subscribe(tables as keyof Tables, {
      ...options,
      onDelivery: (delivery) => {
        journal.take(delivery)
        meetExpectations()
        if (asleep) return woken.promise
        if (updateMs !== undefined && !isAwake && delivery.type !== 'loss')
          return pause(updateMs * delivery.updates.length)
        return handlerMs === undefined ? undefined : pause(handlerMs)
      },
    })
    const ready = subscription.ready.then(() => {
      isReady = true
    })
    if (!atOnce) await ready
    else ready.catch(() => undefined)
  },
  async publish({ updates, flushEvery = defaultFlushEvery, turnEvery = Infinity, idleTurns }) {
    let missing = 0
    for (let left = updates, sinceFlush = 0, sinceTurn = 0; left > 0;) {
      const { length } = publishNext(left)
      left -= length
      sinceFlush += length
      sinceTurn += length
      if (sinceTurn >= turnEvery) {
        await nextTurn()
        if (idleTurns) await nextTurn()
        sinceTurn = 0
      }
      if (sinceFlush < flushEvery && left > 0) continue
      missing += (await opened().flush()).missing.length
      sinceFlush = 0
    }
    return { missing }
  },
  load(options) {
    isLoading = true
    loading = load(options)
  },
  async stop() {
    isLoading = false
    await loading
    return trades.published
  },
  published: () => trades.published,
  publishes: (updates) => progressWhen(() => publishedUpdates(trades.published) >= updates),
  reaches: (published) => progressWhen(() => journal.hasReached(published)),
  wake() {
    isAwake = true
    woken.resolve()
    return progress()
  },
  progress,
  receives(expectation) {
    return new Promise((resolve) => {
      expectations.add({ expectation, resolve })
      meetExpectations()
    })
  },
  report,
  stats: () => opened().stats(),
  close: () => opened().close(),
}

function opened(): UpdateQueue<Tables> {
  if (!queue) throw new Error('the queue is not open')
  return queue
}

function publishNext(most: number) {
  const commit = trades.next(most)
  opened().publish(commit)
  return commit
}

async function load(how: Load): Promise<void> {
  if ('perSecond' in how) return loadAtRate(how.perSecond)
  while (isLoading) {
    for (let left = how.updatesPerTurn; left > 0;) left -= publishNext(left).length
    await pause(how.pauseMs)
  }
}

/** What is not published in time is not made up for: the machine, or the test, stood still. */
async function loadAtRate(perSecond: number): Promise<void> {
  let last = performance.now()
  for (let due = 0; isLoading;) {
    await pause(turnMs)
    const now = performance.now()
    due += (Math.min(now - last, maxTurnMs) * perSecond) / 1000
    last = now
    while (due >= 1) due -= publishNext(due).length
    meetConditions()
  }
}

function progressWhen(isTrue: () => boolean): Promise<Progress> {
  return new Promise((resolve) => {
    conditions.add(() => {
      if (!isTrue()) return false
      resolve(progress())
      return true
    })
    meetConditions()
  })
}

function meetConditions(): void {
  for (const condition of conditions) if (condition()) conditions.delete(condition)
}

const publishedUpdates = ({ TRADE, POSITION }: Published) => TRADE + POSITION

function progress(): Progress {
  const { user, system } = process.cpuUsage()
  return {
    at: performance.timeOrigin + performance.now(),
    published: publishedUpdates(trades.published),
    received: journal.received,
    cpuMs: (user + system) / 1000,
    memory: process.memoryUsage.rss(),
    peakMemory: process.resourceUsage().maxRSS * 1024,
  }
}

function report(): Report {
  const { received, folded, streams, losses, torn, foreign } = journal
  const unreachable = subscription?.unreachable ?? []
  return { received, folded, streams, losses, torn, foreign, isReady, unreachable, events }
}

function meetExpectations(): void {
  meetConditions()
  for (const each of expectations) {
    const { process, updates } = each.expectation
    const received = process === undefined ? journal.received : journal.receivedOf(process)
    if (received < updates) continue
    expectations.delete(each)
    each.resolve(report())
  }
}

async function follow(followed: UpdateQueue<Tables>): Promise<void> {
  for await (const event of followed.status()) {
    events.push(event)
    if (events.length > maxEvents) events.shift()
  }
}

async function answer(call: ApplicationCall): Promise<Answer> {
  const { id } = call
  try {
    const action = actions[call.name] as (argument: unknown) => unknown
    return { id, result: await action(call.argument) }
  } catch (error) {
    const { message } = error as Error
    return { id, error: { code: error instanceof TidingsError ? error.code : 'OTHER', message } }
  }
}

process.on('message', (call: ApplicationCall) => {
  void answer(call).then((answered) => process.send?.(answered))
})
// Otherwise written when the process ends, and a test ends its processes by SIGKILL.
module.flushCompileCache()
// The test has ended without saying so.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
