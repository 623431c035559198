import { systemClock } from '../base/clock.ts'
import type { Registration } from '../model/roster-entry.ts'
import { defaultPublisherLimits } from '../publisher/publisher-limits.ts'
import { ComposedQueue } from '../queue/composed-queue.ts'
import { defaultSubscriberLimits } from '../subscriber/subscriber-limits.ts'
import type { Transport } from '../transport/transport.ts'
import { intakeLimits } from './intake-limits.ts'

export type QueueOfIntake = ComposedQueue<Record<string, object>>

/** A publisher of its own, whose updates are marked as foreign. */
export const queueOfIntake = (transport: Transport, registration: Registration): QueueOfIntake =>
  new ComposedQueue({
    clock: systemClock,
    random: Math.random,
    transport,
    publisherLimits: defaultPublisherLimits,
    subscriberLimits: defaultSubscriberLimits,
    drainMs: intakeLimits.drainMs,
    registration,
    declared: [],
    foreign: true,
  })
