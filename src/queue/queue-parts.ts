import type { Clock } from '../base/clock.ts'
import type { Registration } from '../model/roster-entry.ts'
import type { PublisherLimits } from '../publisher/publisher-limits.ts'
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
