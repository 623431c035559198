import { channel, tracingChannel } from 'node:diagnostics_channel'
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { openQueuePair, taken } from '../../test/harness/queue-pair.ts'

interface Tables {
  TRADE: { id: number }
  POSITION: { id: number }
}

const insert = (table: keyof Tables, id: number) =>
  ({ table, kind: 'insert', record: { id } }) as const

/** The messages of a point channel until the test is over. */
function heard(name: string): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = []
  const listener = (message: unknown): unknown => messages.push(message as Record<string, unknown>)
  channel(name).subscribe(listener)
  onTestFinished(() => channel(name).unsubscribe(listener))
  return messages
}

const phases = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

/** What a tracing channel tells, each with its phase. */
function traced(name: string): { phase: string; context: Record<string, unknown> }[] {
  const messages: { phase: string; context: Record<string, unknown> }[] = []
  const trace = tracingChannel(name)
  const listeners = Object.fromEntries(
    phases.map((phase) => [
      phase,
      (context: unknown) =>
        void messages.push({ phase, context: context as Record<string, unknown> }),
    ]),
  )
  trace.subscribe(listeners as never)
  onTestFinished(() => trace.unsubscribe(listeners as never))
  return messages
}

const phasesOf = (messages: readonly { phase: string }[]): string[] =>
  messages.map(({ phase }) => phase)

it('publish() is traced with its changes and its result, and with its error', async () => {
  const { publisher } = await openQueuePair<Tables>()
  const messages = traced('tidings:publish')
  const change = insert('TRADE', 1)
  const published = publisher.publish(change)
  expect(messages).toEqual([
    {
      phase: 'start',
      context: { queue: publisher.identity, changes: change, result: published },
    },
    {
      phase: 'end',
      context: { queue: publisher.identity, changes: change, result: published },
    },
  ])
  messages.length = 0
  expect(() => publisher.publish({ ...change, table: '' as 'TRADE' })).toThrow('table')
  expect(phasesOf(messages)).toEqual(['start', 'error', 'end'])
})

it('each delivery is told when it is handed over, of which queue and with its updates', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const messages = heard('tidings:delivery')
  const trades = subscriber.subscribe('TRADE')
  await trades.ready
  publisher.publish(insert('TRADE', 1))
  for await (const delivery of trades) {
    expect(messages).toEqual([{ queue: subscriber.identity, delivery, to: 'iterator' }])
    break
  }
})

it('a handler is traced until its promise settles, and what listens at its start is its context', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const messages = traced('tidings:handler')
  const deliveries = heard('tidings:delivery')
  const storage = new AsyncLocalStorage<object>()
  const { start } = tracingChannel<object>('tidings:handler')
  start.bindStore(storage, (context) => context)
  onTestFinished(() => void start.unbindStore(storage))
  const contexts: unknown[] = []
  const release = Promise.withResolvers<void>()
  const trades = subscriber.subscribe('TRADE', {
    onDelivery: async () => {
      await release.promise
      contexts.push(storage.getStore())
      throw new Error('refused')
    },
  })
  await trades.ready
  publisher.publish(insert('TRADE', 1))
  await eventually('the handler runs', () => messages.length > 0)
  expect(phasesOf(messages)).toEqual(['start', 'end'])
  release.resolve()
  await taken(publisher)
  expect(phasesOf(messages)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  expect(contexts).toEqual([messages[0]?.context])
  expect(deliveries).toMatchObject([{ queue: subscriber.identity, to: 'handler' }])
  expect(messages[0]?.context).toMatchObject({
    queue: subscriber.identity,
    delivery: { type: 'updates', updates: [{ table: 'TRADE' }] },
  })
  expect(messages[0]?.context['error']).toEqual(new Error('refused'))
})

it('a handler that returns no promise ends when it returns, and one that throws is told as failed', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const messages = traced('tidings:handler')
  let throws = false
  const trades = subscriber.subscribe('TRADE', {
    onDelivery: () => {
      if (throws) throw new Error('refused')
    },
  })
  await trades.ready
  const failed = subscriber.status()
  publisher.publish(insert('TRADE', 1))
  await taken(publisher)
  expect(phasesOf(messages)).toEqual(['start', 'asyncStart', 'asyncEnd', 'end'])
  messages.length = 0
  throws = true
  publisher.publish(insert('TRADE', 2))
  for await (const event of failed) if (event.type === 'handler-failed') break
  expect(phasesOf(messages)).toEqual(['start', 'error', 'asyncStart', 'asyncEnd', 'end'])
})

it('flush() and the opening of a queue are traced until they have ended', async () => {
  const opened = traced('tidings:open')
  const { publisher, subscriber } = await openQueuePair<Tables>()
  expect(opened.filter(({ phase }) => phase === 'asyncEnd')).toMatchObject([
    { context: { name: 'P', result: publisher } },
    { context: { name: 'S', result: subscriber } },
  ])
  const flushed = traced('tidings:flush')
  const result = await publisher.flush()
  expect(flushed.at(-1)).toEqual({
    phase: 'asyncEnd',
    context: { queue: publisher.identity, result },
  })
})

it('losses and resets have a channel each', async () => {
  const { cluster, publisher, subscriber } = await openQueuePair<Tables>()
  const [losses, resets, repaired] = ['tidings:loss', 'tidings:reset', 'tidings:repaired'].map(
    heard,
  )
  const trades = subscriber.subscribe('TRADE', { onDelivery: () => undefined })
  await trades.ready
  publisher.reset('TRADE', { reason: 'restored' })
  await taken(publisher)
  expect(resets).toMatchObject([
    { queue: subscriber.identity, type: 'loss', losses: [{ table: 'TRADE', text: 'restored' }] },
  ])
  expect(losses).toEqual([])
  await cluster.lose(publisher, () => publisher.publish(insert('TRADE', 1)))
  await eventually('the loss is told', () => (losses ?? []).length > 0)
  expect(losses).toMatchObject([
    { queue: subscriber.identity, losses: [{ table: 'TRADE', from: 2, to: 2, reason: 'evicted' }] },
  ])
  // The answer to a sync may tell what is evicted before it was asked for: then the stream was never behind.
  for (let lost = 2; subscriber.stats().behind === 0; lost++) {
    await cluster.lose(publisher, () => publisher.publish(insert('TRADE', lost)))
    await eventually('the next loss is told', () => losses?.length === lost)
  }
  await eventually('nothing is missing any more', () => (repaired ?? []).length > 0)
  expect(repaired?.at(-1)).toMatchObject({
    queue: subscriber.identity,
    type: 'repaired',
    publisher: publisher.identity,
    table: 'TRADE',
  })
})
