import { systemClock } from '../base/clock.ts'
import type { Delivery } from '../model/update.ts'

/**
 * How long the oldest update of a delivery that is handed over now was on its way, seconds; null: it has none. The clocks
 * of two hosts may differ: none arrives before it leaves.
 */
export function deliveryDelay(delivery: Delivery): number | null {
  if (delivery.type === 'loss') return null
  const publishedAt = delivery.updates[0]?.publishedAt
  return publishedAt === undefined
    ? null
    : Math.max(0, systemClock.wallClock() - publishedAt) / 1000
}
