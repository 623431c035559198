import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { afterEachCall } from '../../test/harness/after-each-call.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { systemClock } from '../base/clock.ts'
import { Publisher } from '../publisher/publisher.ts'
import { Confirmations } from '../subscriber/confirmations.ts'
import { Subscriber } from '../subscriber/subscriber.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import type { MemoryTransport } from '../transport/memory/memory-transport.ts'
import type { TransportHandlers } from '../transport/transport.ts'
import { Alarm } from './alarm.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { OpenOptions } from './options.ts'
import { firstSyncMs } from './queue-times.ts'
import type { UpdateQueue } from './update-queue.ts'

interface Tables {
  TRADE: { id: number }
  POSITION: { id: number }
}

/** The method as it is before `spyOn` puts something else in its place; it is called with its object. */
const methodOf = <Target, Key extends keyof Target>(target: Target, key: Key): Target[Key] =>
  target[key]

/** How the core is asked what is to be done. */
const nextMessage = methodOf(Publisher.prototype, 'nextMessage')
const nextAction = methodOf(Subscriber.prototype, 'nextAction')
const takeWake = methodOf(Subscriber.prototype, 'takeWake')

const publishers = new Set<Publisher>()
const subscribers = new Set<Subscriber>()
/** What was found left to be done, and behind which call. */
const left = new Set<string>()
let pendingTurns = 0
/** A queue asks its publisher, and then sets its alarm: the last of them is the one. */
const asked: Publisher[] = []
const alarms = new Map<Publisher, number>()

/** Nothing is left of what the core gives to do, and what is due at the end of a turn has one. */
function look(behind: string): void {
  for (const publisher of publishers) {
    if (nextMessage.call(publisher)) left.add(`${behind}: a message`)
    if (publisher.wantsTurn && pendingTurns === 0) left.add(`${behind}: the end of the turn`)
    const late = (alarms.get(publisher) ?? Infinity) - publisher.deadline
    if (late > 0) left.add(`${behind}: the alarm is late for a deadline of the publisher`)
  }
  for (const subscriber of subscribers) {
    const action = nextAction.call(subscriber)
    if (action) left.add(`${behind}: ${action.type}`)
    if (takeWake.call(subscriber) < Infinity) left.add(`${behind}: a tick that comes sooner`)
  }
}

beforeEach(() => {
  vi.spyOn(Publisher.prototype, 'nextMessage').mockImplementation(function (this: Publisher) {
    publishers.add(this)
    asked.push(this)
    return nextMessage.call(this)
  })
  vi.spyOn(Subscriber.prototype, 'nextAction').mockImplementation(function (this: Subscriber) {
    subscribers.add(this)
    return nextAction.call(this)
  })
  const by = methodOf(Alarm.prototype, 'by')
  vi.spyOn(Alarm.prototype, 'by').mockImplementation(function (this: Alarm, at) {
    const publisher = asked.at(-1)
    if (publisher) alarms.set(publisher, at)
    by.call(this, at)
  })
  const after = methodOf(systemClock, 'after')
  const endOfTurn = methodOf(systemClock, 'endOfTurn')
  vi.spyOn(systemClock, 'endOfTurn').mockImplementation((run) => {
    pendingTurns += 1
    endOfTurn(() => {
      pendingTurns -= 1
      run()
      look('endOfTurn')
    })
  })
  vi.spyOn(systemClock, 'after').mockImplementation((ms, run) =>
    after(ms, () => {
      run()
      look('timer')
    }),
  )
})

afterEach(() => {
  vi.restoreAllMocks()
  asked.length = 0
  publishers.clear()
  subscribers.clear()
  alarms.clear()
  left.clear()
})

interface Opened {
  queue: UpdateQueue<Tables>
  handlers: TransportHandlers
  /** The next message to this process does not arrive. */
  dropMessage(): void
}

/** Looks behind each call, also of what the transport says. */
async function open(transport: MemoryTransport, options: OpenOptions): Promise<Opened> {
  let handlers: TransportHandlers | undefined
  let drops = 0
  const opened = transport.open.bind(transport)
  transport.open = (registration, given, signal) => {
    const message = (bytes: Uint8Array): void => {
      if (drops > 0) drops -= 1
      else given.message(bytes)
    }
    handlers = looked({ ...given, message })
    return opened(registration, handlers, signal)
  }
  const before = alarms.size
  const queue = await openUpdateQueue<Tables>({ ...options, transport })
  if (alarms.size === before) left.add('open: no alarm was set')
  look('open')
  onTestFinished(() => queue.close())
  if (!handlers) throw new Error('the transport was not opened')
  return { queue: looked(queue), handlers, dropMessage: () => void (drops += 1) }
}

/** Each method under its own name. */
function looked<Target extends object>(target: Target): Target {
  let last = ''
  const named = new Proxy(target, {
    get(of, key) {
      last = String(key)
      const value: unknown = Reflect.get(of, key, of)
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
  return afterEachCall(named, () => look(last))
}

const insert = (table: keyof Tables, id: number) => ({
  table,
  kind: 'insert' as const,
  record: { id },
})

it('whatever a queue is told: what that gives to do is done when the call has returned', async () => {
  const cluster = new MemoryCluster()
  const subscribing = await open(cluster.transport(), { process: 'S' })
  const ids: number[] = []
  const losses: string[] = []
  const subscription = looked(
    subscribing.queue.subscribe(['TRADE', 'POSITION'], {
      onDelivery(delivery) {
        if (delivery.type === 'loss') losses.push(...delivery.losses.map(({ reason }) => reason))
        else ids.push(...delivery.updates.map(({ record }) => record.id))
      },
    }),
  )
  await subscription.ready
  // A table that nobody knows yet waits until the roster has it.
  const publishing = await open(cluster.transport(), { process: 'P' })
  const publisher = publishing.queue
  publisher.publish(insert('TRADE', 1))
  await publisher.flush()
  await cluster.lose(publishing.queue, () => publisher.publish(insert('TRADE', 2)))
  publisher.publish(insert('TRADE', 3))
  await eventually('the loss is told', () => losses.length > 0)
  subscribing.dropMessage()
  publisher.publish(insert('TRADE', 4))
  await eventually('the end of the turn', () => pendingTurns === 0)
  publisher.publish(insert('TRADE', 5))
  publisher.publish(insert('POSITION', 6))
  subscribing.handlers.reconnected()
  publishing.handlers.reconnected()
  // Its own, which go over no network.
  subscribing.queue.publish(insert('TRADE', 7))
  await eventually('all but the lost one arrive', () => ids.length === 6)
  await subscribing.queue.flush()
  await subscription.stop()
  await publisher.close()
  await subscribing.queue.close()
  expect([...left]).toEqual([])
  expect(ids.toSorted((a, b) => a - b)).toEqual([1, 3, 4, 5, 6, 7])
})

it('what was consumed is confirmed at once to whoever flushes', async () => {
  const cluster = new MemoryCluster()
  const [{ queue: publisher }, { queue: subscriber }] = await Promise.all([
    open(cluster.transport(), { process: 'P' }),
    open(cluster.transport(), { process: 'S' }),
  ])
  const handling = Promise.withResolvers<void>()
  const deliveries = subscriber.subscribe('TRADE', { onDelivery: () => handling.promise })
  await deliveries.ready
  const questions = vi.spyOn(Confirmations.prototype, 'asked')
  publisher.publish(insert('TRADE', 1))
  const flushed = publisher.flush()
  await eventually('the question', () => questions.mock.calls.length > 0)
  const onConsumed = methodOf(Subscriber.prototype, 'onConsumed')
  vi.spyOn(Subscriber.prototype, 'onConsumed').mockImplementation(function (
    this: Subscriber,
    of,
    now,
  ) {
    onConsumed.call(this, of, now)
    queueMicrotask(() => look('consumed'))
  })
  handling.resolve()
  await flushed
  expect([...left]).toEqual([])
})

it('who drains for ever can be told to close: the alarm goes with the time that is left', async () => {
  const cluster = new MemoryCluster()
  const { queue: publisher } = await open(cluster.transport(), { process: 'P', drainMs: 20 })
  const { queue: subscriber } = await open(cluster.transport(), { process: 'S' })
  const deliveries = subscriber.subscribe('TRADE')
  await deliveries.ready
  publisher.publish(insert('TRADE', 1))
  // Nobody reads it.
  const drained = publisher.drain()
  await eventually('the end of the turn', () => pendingTurns === 0)
  await publisher.close()
  await drained
  expect([...left]).toEqual([])
})

it('asks soon who publishes, however late the next tick is; also where it was made within a tick', async () => {
  const cluster = new MemoryCluster()
  const { queue } = await open(cluster.transport(), { process: 'S' })
  const soonest = () => Math.min(...alarms.values()) - systemClock.now()
  await eventually('a tick that is far', () => soonest() > 10 * firstSyncMs)
  queue.subscribe('TRADE')
  expect(soonest()).toBeLessThanOrEqual(firstSyncMs)
  await eventually('a tick that is far', () => soonest() > 10 * firstSyncMs)
  const tick = methodOf(Subscriber.prototype, 'tick')
  const behindTick = Promise.withResolvers<number>()
  vi.spyOn(Subscriber.prototype, 'tick').mockImplementationOnce(function (this: Subscriber, now) {
    const next = tick.call(this, now)
    queue.subscribe('POSITION')
    queueMicrotask(() => behindTick.resolve(soonest()))
    return next
  })
  expect(await behindTick.promise).toBeLessThanOrEqual(firstSyncMs)
})
