import type { Clock } from '../base/clock.ts'
import type { Registration } from '../model/roster-entry.ts'
import { identityOf } from '../model/publisher-identity.ts'
import { Publisher } from '../publisher/publisher.ts'
import type { PublisherLimits } from '../publisher/publisher-limits.ts'
import { Subscriber } from '../subscriber/subscriber.ts'
import type { SubscriberLimits } from '../subscriber/subscriber-limits.ts'
import type { Transport } from '../transport/transport.ts'

/** What a queue is composed of, and who it is. */
export interface QueueParts {
  readonly clock: Clock
  readonly random: () => number
  readonly transport: Transport
  readonly publisherLimits: PublisherLimits
  readonly subscriberLimits: SubscriberLimits
  readonly drainMs: number
  readonly registration: Registration
  /** Tables that it is going to publish. */
  readonly declared: readonly string[]
  /** It publishes what programs that are not ours gave it. */
  readonly foreign?: boolean
}

/** The publishing side of such a queue. */
export const publisherOf = (parts: QueueParts, now: number): Publisher => {
  const { registration, declared, publisherLimits, foreign } = parts
  return new Publisher(identityOf(registration), declared, publisherLimits, now, foreign)
}

/** The subscribing side of such a queue. */
export const subscriberOf = (parts: QueueParts, now: number): Subscriber => {
  const { clock, transport, random, subscriberLimits } = parts
  const { incarnation } = parts.registration
  const around = {
    hops: (publisher: string) => (publisher === incarnation ? [] : transport.hops(publisher)),
    wallClock: () => clock.wallClock(),
  }
  return new Subscriber(incarnation, subscriberLimits, random, around, now)
}
