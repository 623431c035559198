import type { Attributes, Meter } from '@opentelemetry/api'
import type { Delivery } from '../model/update.ts'
import { deliveryDelay } from '../metrics/delivery-delay.ts'
import { durationBounds } from '../metrics/duration-histogram.ts'
import type { Operation } from './operation.ts'

const seconds = { unit: 's', advice: { explicitBucketBoundaries: [...durationBounds] } }

/**
 * What is measured as it happens, by the names of the conventions for messaging:
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 */
export class OperationMetrics {
  readonly #sent
  readonly #consumed
  readonly #durations
  readonly #handlers
  readonly #delays
  readonly #process: Attributes

  constructor(meter: Meter, process: Attributes) {
    this.#process = process
    this.#sent = meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Updates that publish() was called with.',
    })
    this.#consumed = meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Updates handed over to the application.',
    })
    this.#durations = meter.createHistogram('messaging.client.operation.duration', {
      ...seconds,
      description: 'Time that publish() took.',
    })
    this.#handlers = meter.createHistogram('messaging.process.duration', {
      ...seconds,
      description: 'Time that onDelivery took, until its promise settled.',
    })
    this.#delays = meter.createHistogram('tidings.delivery_delay', {
      ...seconds,
      description:
        'Time from when the oldest update of a delivery left its publisher to when the application got it.',
    })
  }

  /** `failure`: its `error.type`, where it has failed. */
  published(operation: Operation, tookSeconds: number, failure: Attributes): void {
    this.#durations.record(tookSeconds, {
      ...operation.attributes,
      ...this.#process,
      ...failure,
    })
    for (const [table, count] of operation.counts)
      this.#sent.add(count, { ...operation.attributesOf(table), ...this.#process, ...failure })
  }

  /** Handed over. */
  taken(operation: Operation, delivery: Delivery): void {
    const delay = deliveryDelay(delivery)
    if (delay === null) return
    this.#delays.record(delay, this.#process)
    for (const [table, count] of operation.counts)
      this.#consumed.add(count, { ...operation.attributesOf(table), ...this.#process })
  }

  /** What a handler had. */
  handled(operation: Operation, tookSeconds: number, failure: Attributes): void {
    this.#handlers.record(tookSeconds, {
      ...operation.attributes,
      ...this.#process,
      ...failure,
    })
  }
}
