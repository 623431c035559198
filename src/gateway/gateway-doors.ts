import type { FastifyInstance } from 'fastify'
import type { Clock } from '../base/clock.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import type { FeedSet, SharedFeed } from '../streams/feed-set.ts'
import type { GatewayLimits } from './gateway-limits.ts'

/** What the routes of a gateway have in common. */
export interface GatewayDoors {
  readonly app: FastifyInstance
  readonly queue: UpdateQueue
  readonly limits: GatewayLimits
  readonly clock: Clock
  /** All streams, whatever they tell: their bounds are those of the gateway. */
  readonly feeds: FeedSet<SharedFeed>
}
