import { type Attributes, SpanKind } from '@opentelemetry/api'
import type { MessageCounts } from './table-counts.ts'

/** `deliver`: to `onDelivery`; `receive`: to who iterates. */
export type OperationName = 'publish' | 'deliver' | 'receive'

/**
 * What the conventions for messaging call each. A span of `publish` is CLIENT, as its context is not the one that
 * travels: that was put into the record before `publish()` was called.
 * See https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#span-kind
 */
const known = {
  publish: { type: 'send', kind: SpanKind.CLIENT },
  deliver: { type: 'process', kind: SpanKind.CONSUMER },
  receive: { type: 'receive', kind: SpanKind.CLIENT },
} as const

/** One call that publishes or takes updates, in the words of the conventions for messaging. */
export class Operation {
  readonly name: OperationName
  readonly counts: MessageCounts
  /** Several messages may come in one: their number is told. */
  readonly #isBatch: boolean

  constructor(name: OperationName, counts: MessageCounts, isBatch: boolean) {
    this.name = name
    this.counts = counts
    this.#isBatch = isBatch
  }

  get kind(): SpanKind {
    return known[this.name].kind
  }

  /** The conventions leave out the destination where there are several. */
  get spanName(): string {
    return this.#onlyTable === undefined ? this.name : `${this.name} ${this.#onlyTable}`
  }

  get spanAttributes(): Attributes {
    const messages = [...this.counts.values()].reduce((sum, count) => sum + count, 0)
    return {
      ...this.attributes,
      'messaging.operation.type': known[this.name].type,
      ...(this.#isBatch && messages > 0 && { 'messaging.batch.message_count': messages }),
      ...(this.counts.size > 1 && { 'tidings.tables': [...this.counts.keys()] }),
    }
  }

  /** Of the whole operation. */
  get attributes(): Attributes {
    return this.#onlyTable === undefined ? this.#base : this.attributesOf(this.#onlyTable)
  }

  /** Of its messages of one table. */
  attributesOf(table: string): Attributes {
    return { ...this.#base, 'messaging.destination.name': table }
  }

  get #base(): Attributes {
    return { 'messaging.system.name': 'tidings', 'messaging.operation.name': this.name }
  }

  get #onlyTable(): string | undefined {
    const [first] = this.counts.keys()
    return this.counts.size === 1 ? first : undefined
  }
}
