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
  Report,
} from '../../harness/application-message.ts'
import { Journal } from './journal.ts'
import type { Tables } from './trades.ts'
import { Trades } from './trades.ts'

/** Waits for the subscribers after so many updates: some MiB, well below what is retained. */
const defaultFlushEvery = 20_000

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
let queue: UpdateQueue<Tables> | null = null
let trades = new Trades('')
let subscription: Subscription<Tables> | null = null
let isReady = false
let isLoading = false
let loading: Promise<void> = Promise.resolve()

const actions: Actions = {
  async open(options) {
    queue = await openUpdateQueue<Tables>({ drainMs: 60_000, ...options })
    trades = new Trades(queue.identity.process)
    void follow(queue)
    return { port: queue.port, incarnation: queue.identity.incarnation }
  },
  async subscribe({ tables, handlerMs, atOnce, ...options }) {
    subscription = opened().subscribe(tables as keyof Tables, {
      ...options,
      onDelivery: (delivery) => {
        journal.take(delivery)
        meetExpectations()
        return handlerMs === undefined ? undefined : pause(handlerMs)
      },
    })
    const ready = subscription.ready.then(() => {
      isReady = true
    })
    if (!atOnce) await ready
    else ready.catch(() => undefined)
  },
  async publish({ updates, flushEvery = defaultFlushEvery, turnEvery = Infinity }) {
    let missing = 0
    for (let left = updates, sinceFlush = 0, sinceTurn = 0; left > 0;) {
      const { length } = publishNext(left)
      left -= length
      sinceFlush += length
      sinceTurn += length
      if (sinceTurn >= turnEvery) {
        await nextTurn()
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

async function load({ updatesPerTurn, pauseMs }: Load): Promise<void> {
  while (isLoading) {
    for (let left = updatesPerTurn; left > 0;) left -= publishNext(left).length
    await pause(pauseMs)
  }
}

function report(): Report {
  const { received, streams, losses, torn, foreign } = journal
  return { received, streams, losses, torn, foreign, isReady, events }
}

function meetExpectations(): void {
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
