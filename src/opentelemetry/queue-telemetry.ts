import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { systemClock } from '../base/clock.ts'
import type { Delivery } from '../model/update.ts'
import type { DeliveryMessage, HandlerTrace, PublishTrace } from '../queue/channels.ts'
import { failureOf } from './failure.ts'
import { Operation } from './operation.ts'
import type { OperationMetrics } from './operation-metrics.ts'
import { countsOfChanges, countsOfDelivery } from './table-counts.ts'
import { linksOf } from './trace-context.ts'

/** An operation that has begun. */
interface Begun {
  readonly operation: Operation
  readonly span: Span
  readonly at: number
}

/** What a tracing channel says at the end: `error` is there where something was thrown. */
type Ended<Trace> = Trace & { readonly error?: unknown }

/** Makes spans and metrics of what the channels tell of one queue. */
export class QueueTelemetry {
  readonly #tracer: Tracer
  readonly #metrics: OperationMetrics
  readonly #client: Attributes
  readonly #contextField: string | undefined
  readonly #begun = new WeakMap<object, Begun>()

  /** `client`: what each span says of the queue. `contextField`: see `TelemetryOptions`. */
  constructor(
    tracer: Tracer,
    metrics: OperationMetrics,
    client: Attributes,
    contextField: string | undefined,
  ) {
    this.#tracer = tracer
    this.#metrics = metrics
    this.#client = client
    this.#contextField = contextField
  }

  /** The span is a child of the one that is active where `publish()` is called. */
  publishing(call: PublishTrace): void {
    const { changes } = call
    const operation = new Operation('publish', countsOfChanges(changes), Array.isArray(changes))
    const attributes = { ...operation.spanAttributes, ...this.#client }
    const { spanName, kind } = operation
    const span = this.#tracer.startSpan(spanName, { kind, attributes }, context.active())
    this.#begin(call, operation, span)
  }

  published(call: Ended<PublishTrace>): void {
    if (call.result) this.#begun.get(call)?.span.setAttribute('tidings.commit', call.result.commit)
    this.#end(call, (operation, seconds, failure) =>
      this.#metrics.published(operation, seconds, failure),
    )
  }

  /** Begins the span of a handler; the context is the one in which the handler has to run. */
  handling(call: HandlerTrace): Context {
    const operation = deliveryOperation('deliver', call.delivery)
    const span = this.#startTaking(operation, call.delivery)
    this.#begin(call, operation, span)
    return trace.setSpan(ROOT_CONTEXT, span)
  }

  handled(call: Ended<HandlerTrace>): void {
    this.#end(call, (operation, seconds, failure) =>
      this.#metrics.handled(operation, seconds, failure),
    )
  }

  /** What is iterated has a span without a duration: what the loop does with it, nobody tells. */
  delivered({ delivery, to }: DeliveryMessage): void {
    const operation = deliveryOperation(to === 'handler' ? 'deliver' : 'receive', delivery)
    this.#metrics.taken(operation, delivery)
    if (to === 'iterator') this.#startTaking(operation, delivery).end()
  }

  /**
   * A trace of its own, linked to those that published: a delivery may have updates of many. What is active when it comes
   * is whatever received the bytes, and no cause of it.
   */
  #startTaking(operation: Operation, delivery: Delivery): Span {
    const losses = delivery.type === 'loss' ? delivery.losses : []
    const attributes: Attributes = {
      ...operation.spanAttributes,
      ...this.#client,
      'tidings.delivery.type': delivery.type,
      ...(losses.length > 0 && {
        'tidings.reasons': [...new Set(losses.map(({ reason }) => reason))],
      }),
    }
    const links = this.#contextField === undefined ? [] : linksOf(delivery, this.#contextField)
    const { spanName, kind } = operation
    return this.#tracer.startSpan(spanName, { kind, attributes, links }, ROOT_CONTEXT)
  }

  #begin(call: object, operation: Operation, span: Span): void {
    this.#begun.set(call, { operation, span, at: systemClock.now() })
  }

  #end(
    call: Ended<object>,
    measure: (operation: Operation, seconds: number, failure: Attributes) => void,
  ): void {
    const begun = this.#begun.get(call)
    if (!begun) return
    this.#begun.delete(call)
    const { operation, span, at } = begun
    const failure = failureOf(call, span)
    span.end()
    measure(operation, (systemClock.now() - at) / 1000, failure)
  }
}

const deliveryOperation = (name: 'deliver' | 'receive', delivery: Delivery): Operation =>
  new Operation(name, countsOfDelivery(delivery), true)
