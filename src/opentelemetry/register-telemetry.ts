import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import {
  type Context,
  context,
  type MeterProvider,
  metrics,
  trace,
  type TracerProvider,
} from '@opentelemetry/api'
import { checkNames } from '../base/option-names.ts'
import { productVersion } from '../base/product-version.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { labelOf } from '../metrics/queue-figures.ts'
import { processName } from '../model/publisher-identity.ts'
import type { TablesOf } from '../model/update.ts'
import type { DeliveryMessage, HandlerTrace, PublishTrace } from '../queue/channels.ts'
import { listenTo, onceClosed } from '../queue/heard-channels.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { OperationMetrics } from './operation-metrics.ts'
import { observeFigures } from './pulled-metrics.ts'
import { QueueTelemetry } from './queue-telemetry.ts'

export interface TelemetryOptions {
  /**
   * The field of the records in which the application carries the trace context of who changed them, as `traceparent()`
   * gives it: spans of deliveries are linked to it. Left out: no context is looked for.
   */
  readonly contextField?: string | undefined
  /** Left out: the one that the application has registered with `@opentelemetry/api`. */
  readonly tracerProvider?: TracerProvider | undefined
  /** Left out: the one that the application has registered with `@opentelemetry/api`, before this call. */
  readonly meterProvider?: MeterProvider | undefined
}

const optionNames: Record<keyof TelemetryOptions, true> = {
  contextField: true,
  tracerProvider: true,
  meterProvider: true,
}

/** The conventions whose names are used. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.45.0'

/**
 * Gives spans and metrics of a queue to OpenTelemetry until it is closed: a span for each `publish()` and each delivery.
 * Throws TidingsError USAGE for an option that is none, and where the queue is registered already.
 */
export function registerTelemetry<Tables extends TablesOf>(
  queue: UpdateQueue<Tables>,
  options: TelemetryOptions = {},
): void {
  checkOptions(options)
  const any = queue as UpdateQueue
  if (registered.has(any))
    throw usage('registerTelemetry() has this queue already: call it once for each queue')
  registered.add(any)
  const { contextField, tracerProvider = trace, meterProvider = metrics } = options
  const tracer = tracerProvider.getTracer('tidings', productVersion, { schemaUrl })
  const meter = meterProvider.getMeter('tidings', productVersion, { schemaUrl })
  const measured = new OperationMetrics(meter, { 'tidings.process': labelOf(any) })
  const { node } = queue.identity
  const client = { 'messaging.client.id': `${node}/${processName(queue.identity)}` }
  listen(any, new QueueTelemetry(tracer, measured, client, contextField))
  observeFigures(meter, any)
}

const registered = new WeakSet<UpdateQueue>()

function listen(queue: UpdateQueue, telemetry: QueueTelemetry): void {
  listenTo(queue, {
    'tracing:tidings:publish:start': (call: PublishTrace) => telemetry.publishing(call),
    'tracing:tidings:publish:end': (call: PublishTrace) => telemetry.published(call),
    'tracing:tidings:handler:asyncEnd': (call: HandlerTrace) => telemetry.handled(call),
    'tidings:delivery': (message: DeliveryMessage) => telemetry.delivered(message),
  })
  const { incarnation } = queue.identity
  const handlers = channel('tracing:tidings:handler:start')
  const active = new ActiveContext()
  handlers.bindStore(active, (message) => {
    const call = message as HandlerTrace
    return call.queue.incarnation === incarnation ? telemetry.handling(call) : context.active()
  })
  onceClosed(queue, () => handlers.unbindStore(active))
}

/** What a channel runs a handler in: a context of OpenTelemetry, so that spans which it begins are children. */
class ActiveContext extends AsyncLocalStorage<Context> {
  override run<Result, Values extends unknown[]>(
    given: Context,
    callback: (...values: Values) => Result,
    ...values: Values
  ): Result {
    return context.with(given, () => callback(...values))
  }
}

function checkOptions(options: TelemetryOptions): void {
  checkNames('registerTelemetry()', options, optionNames)
  const { contextField } = options
  if (contextField !== undefined && (typeof contextField !== 'string' || contextField === ''))
    throw usage(
      `contextField must be the name of a field, e.g. 'TRACEPARENT', got ${shown(contextField)}`,
    )
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
