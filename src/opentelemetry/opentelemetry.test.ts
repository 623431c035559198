import { channel, tracingChannel } from 'node:diagnostics_channel'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { openQueuePair, taken } from '../../test/harness/queue-pair.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { registerTelemetry, type TelemetryOptions } from './register-telemetry.ts'
import { traceparent } from './trace-context.ts'

interface Tables {
  TRADE: { id: number; TRACEPARENT?: string }
  POSITION: { id: number }
}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
})
afterAll(() => {
  context.disable()
  propagation.disable()
})

const insert = (id: number) => ({ table: 'TRADE', kind: 'insert', record: { id } }) as const

/** The SDK with exporters in memory. */
function startSdk() {
  const spans = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
  })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  onTestFinished(async () => {
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
  })
  return {
    providers: { tracerProvider, meterProvider },
    tracer: tracerProvider.getTracer('application'),
    spans: (name: string): ReadableSpan[] =>
      spans.getFinishedSpans().filter((span) => span.name === name),
    /** Name, unit and points of each metric that has some. */
    metrics: async () => {
      exporter.reset()
      await meterProvider.forceFlush()
      const [collected] = exporter.getMetrics()
      const all = collected?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? []
      return new Map(all.map((metric) => [metric.descriptor.name, metric]))
    },
  }
}

async function observedPair(options: TelemetryOptions = {}) {
  const sdk = startSdk()
  const pair = await openQueuePair<Tables>()
  registerTelemetry(pair.publisher, { ...sdk.providers, ...options })
  registerTelemetry(pair.subscriber, { ...sdk.providers, ...options })
  return { ...sdk, ...pair }
}

async function subscribed(queue: UpdateQueue<Tables>, onDelivery: () => unknown = () => undefined) {
  const subscription = queue.subscribe(['TRADE', 'POSITION'], { onDelivery })
  await subscription.ready
}

it('a publish() and a delivery are spans as the conventions for messaging have them', async () => {
  const { publisher, subscriber, spans } = await observedPair()
  await subscribed(subscriber)
  publisher.publish(insert(1))
  await taken(publisher)
  const [published] = spans('publish TRADE')
  expect(published?.kind).toBe(SpanKind.CLIENT)
  expect(published?.attributes).toEqual({
    'messaging.system.name': 'tidings',
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'TRADE',
    'messaging.client.id': `${publisher.identity.node}/P`,
    'tidings.commit': 1,
  })
  const [delivered] = spans('deliver TRADE')
  expect(delivered?.kind).toBe(SpanKind.CONSUMER)
  expect(delivered?.attributes).toEqual({
    'messaging.system.name': 'tidings',
    'messaging.operation.name': 'deliver',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'TRADE',
    'messaging.batch.message_count': 1,
    'messaging.client.id': `${subscriber.identity.node}/S`,
    'tidings.delivery.type': 'updates',
  })
  expect(delivered?.parentSpanContext).toBeUndefined()
})

it('a commit of several tables has no destination, but its tables and their number', async () => {
  const { publisher, spans } = await observedPair()
  publisher.publish([insert(1), { table: 'POSITION', kind: 'insert', record: { id: 2 } }])
  const [published] = spans('publish')
  expect(published?.attributes).toMatchObject({
    'tidings.tables': ['TRADE', 'POSITION'],
    'messaging.batch.message_count': 2,
  })
  expect(published?.attributes).not.toHaveProperty('messaging.destination.name')
})

it('the span of a delivery is linked to those whose context the application put into the records', async () => {
  const { publisher, subscriber, spans, tracer } = await observedPair({
    contextField: 'TRACEPARENT',
  })
  await subscribed(subscriber)
  const ids = ['first request', 'second request'].map((name) =>
    tracer.startActiveSpan(name, (span) => {
      const TRACEPARENT = traceparent()
      publisher.publish({
        table: 'TRADE',
        kind: 'insert',
        record: { id: 1, ...(TRACEPARENT && { TRACEPARENT }) },
      })
      span.end()
      return span.spanContext().spanId
    }),
  )
  publisher.publish({ table: 'TRADE', kind: 'insert', record: { id: 1, TRACEPARENT: 'none' } })
  await taken(publisher)
  const links = spans('deliver TRADE').flatMap((span) => span.links)
  expect(links.map(({ context }) => context.spanId)).toEqual(ids)
  const parents = spans('publish TRADE').map((span) => span.parentSpanContext?.spanId)
  expect(parents).toEqual([...ids, undefined])
})

it('without contextField no context is looked for, whatever the records have', async () => {
  const { publisher, subscriber, spans } = await observedPair()
  await subscribed(subscriber)
  const TRACEPARENT = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
  publisher.publish({ table: 'TRADE', kind: 'insert', record: { id: 1, TRACEPARENT } })
  await taken(publisher)
  expect(spans('deliver TRADE').map(({ links }) => links)).toEqual([[]])
})

it('what a handler begins is a child of its delivery, across await, and of no other', async () => {
  const { publisher, subscriber, spans, tracer } = await observedPair()
  await subscribed(subscriber, async () => {
    await Promise.resolve()
    tracer.startSpan('query').end()
  })
  tracer.startActiveSpan('request', (span) => {
    publisher.publish(insert(1))
    span.end()
  })
  await taken(publisher)
  const [delivered] = spans('deliver TRADE')
  const [query] = spans('query')
  expect(query?.parentSpanContext?.spanId).toBe(delivered?.spanContext().spanId)
  expect(delivered?.parentSpanContext).toBeUndefined()
})

it('who iterates has a span of the kind receive for each delivery', async () => {
  const { publisher, subscriber, spans, metrics } = await observedPair()
  const trades = subscriber.subscribe('TRADE')
  await trades.ready
  publisher.publish([insert(1), insert(2)])
  for await (const delivery of trades) {
    expect(delivery.type).toBe('updates')
    break
  }
  const [received] = spans('receive TRADE')
  expect(received?.kind).toBe(SpanKind.CLIENT)
  expect(received?.attributes).toMatchObject({
    'messaging.operation.type': 'receive',
    'messaging.batch.message_count': 2,
  })
  expect(spans('deliver TRADE')).toEqual([])
  expect((await metrics()).get('messaging.client.consumed.messages')?.dataPoints).toMatchObject([
    { value: 2, attributes: { 'messaging.operation.name': 'receive' } },
  ])
})

it('what fails is an error of its span and of the metrics', async () => {
  const { publisher, subscriber, spans, metrics } = await observedPair()
  await subscribed(subscriber, async () => {
    await Promise.resolve()
    throw new RangeError('no room')
  })
  publisher.publish(insert(1))
  await taken(publisher)
  const unsent = { table: 'TRADE', kind: 'insert', record: { id: Symbol('none') } } as never
  expect(() => publisher.publish(unsent)).toThrow('VALUE_UNSUPPORTED')
  for (const changes of [null, [null], { table: 5 }])
    expect(() => publisher.publish(changes as never)).toThrow('USAGE')
  const [delivered] = spans('deliver TRADE')
  expect(delivered?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no room' })
  expect(delivered?.attributes['error.type']).toBe('RangeError')
  expect(spans('publish TRADE').map(({ attributes }) => attributes['error.type'])).toEqual([
    undefined,
    'VALUE_UNSUPPORTED',
  ])
  expect(spans('publish').map(({ attributes }) => attributes['error.type'])).toEqual([
    'USAGE',
    'USAGE',
    'USAGE',
  ])
  const collected = await metrics()
  const failures = (name: string) =>
    collected.get(name)?.dataPoints.map(({ attributes }) => attributes['error.type'])
  expect(failures('messaging.client.sent.messages')).toEqual([undefined, 'VALUE_UNSUPPORTED'])
  expect(failures('messaging.process.duration')).toEqual(['RangeError'])
})

it('a loss is a span that says why', async () => {
  const { publisher, subscriber, spans } = await observedPair()
  await subscribed(subscriber)
  publisher.reset('TRADE', { reason: 'restored' })
  await taken(publisher)
  await eventually('the loss is delivered', () => spans('deliver TRADE').length === 1)
  expect(spans('deliver TRADE')[0]?.attributes).toMatchObject({
    'tidings.delivery.type': 'loss',
    'tidings.reasons': ['reset'],
  })
})

it('the metrics of the conventions count and time, and the figures of the queue stand beside them', async () => {
  const { publisher, subscriber, metrics } = await observedPair()
  await subscribed(subscriber)
  publisher.publish([insert(1), insert(2)])
  publisher.publish(insert(3))
  await taken(publisher)
  const collected = await metrics()
  const points = (name: string) => collected.get(name)?.dataPoints ?? []
  expect(points('messaging.client.sent.messages')).toMatchObject([
    {
      value: 3,
      attributes: {
        'messaging.system.name': 'tidings',
        'messaging.operation.name': 'publish',
        'messaging.destination.name': 'TRADE',
        'tidings.process': 'P',
      },
    },
  ])
  expect(points('messaging.client.consumed.messages')).toMatchObject([
    { value: 3, attributes: { 'messaging.operation.name': 'deliver', 'tidings.process': 'S' } },
  ])
  expect(points('messaging.client.operation.duration')).toMatchObject([{ value: { count: 2 } }])
  const handled = points('messaging.process.duration')[0]?.value as { count: number }
  expect(handled.count).toBeGreaterThan(0)
  expect(points('tidings.delivery_delay')).toMatchObject([{ value: { count: handled.count } }])
  expect(collected.get('tidings.lag')?.descriptor).toMatchObject({ unit: 's' })
  expect(points('tidings.published_commits')).toContainEqual(
    expect.objectContaining({ value: 2, attributes: { 'tidings.process': 'P' } }),
  )
  expect(collected.get('tidings.waiting')?.descriptor.unit).toBe('By')
  expect(points('tidings.ready').map(({ attributes }) => attributes['tidings.process'])).toEqual([
    'P',
    'S',
  ])
})

it('the names are those of the conventions', async () => {
  const { publisher, subscriber, spans, metrics } = await observedPair()
  await subscribed(subscriber)
  publisher.publish([insert(1), insert(2)])
  await taken(publisher)
  const known = new Set<unknown>(Object.values(conventions))
  const used = [
    ...['publish TRADE', 'deliver TRADE'].flatMap((name) =>
      spans(name).flatMap(({ attributes }) => Object.keys(attributes)),
    ),
    ...(await metrics()).keys(),
  ].filter((name) => !name.startsWith('tidings.'))
  expect(new Set(used).size).toBe(10)
  expect(used.filter((name) => !known.has(name))).toEqual([])
})

it('nobody listens to a queue that is closed, and its figures are not asked for any more', async () => {
  const { publisher, subscriber, metrics } = await observedPair()
  await Promise.all([publisher.close(), subscriber.close()])
  expect(channel('tidings:delivery').hasSubscribers).toBe(false)
  for (const name of ['tidings:publish', 'tidings:handler'])
    expect(tracingChannel(name).hasSubscribers).toBe(false)
  expect((await metrics()).get('tidings.ready')).toBeUndefined()
})

it('without an SDK the queue goes on, and no context is carried', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  registerTelemetry(publisher, { contextField: 'TRACEPARENT' })
  registerTelemetry(subscriber, { contextField: 'TRACEPARENT' })
  await subscribed(subscriber)
  publisher.publish(insert(1))
  await taken(publisher)
  expect(trace.getActiveSpan()).toBeUndefined()
  expect(traceparent()).toBeUndefined()
})

it('a wrong option is refused, and a queue that is registered already', async () => {
  const { publisher } = await openQueuePair<Tables>()
  const register = (options: object) => () => registerTelemetry(publisher, options as never)
  expect(register({ contextFeild: 'A' })).toThrow('did you mean "contextField"? [USAGE]')
  expect(register({ contextField: '' })).toThrow('contextField must be the name of a field')
  register({})()
  expect(register({})).toThrow('has this queue already')
})
