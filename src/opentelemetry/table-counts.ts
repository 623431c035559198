import type { Delivery } from '../model/update.ts'

/** How many messages of each table an operation has. */
export type MessageCounts = ReadonlyMap<string, number>

/** Of the changes that `publish()` was given. What is no change is left out: `publish()` refuses it, and says why. */
export function countsOfChanges(changes: unknown): MessageCounts {
  const counts = new Map<string, number>()
  try {
    for (const change of Array.isArray(changes) ? changes : [changes]) {
      const table: unknown = change.table
      if (typeof table === 'string') counts.set(table, (counts.get(table) ?? 0) + 1)
    }
  } catch {
    // A list with null in it, a getter that throws: whoever watches must not fail in the place of publish().
  }
  return counts
}

/** Of a delivery; of losses the tables, without a message. The table of a loss that may be of any is `*`. */
export function countsOfDelivery(delivery: Delivery): MessageCounts {
  const counts = new Map<string, number>()
  if (delivery.type === 'loss') for (const { table } of delivery.losses) counts.set(table ?? '*', 0)
  else for (const { table } of delivery.updates) counts.set(table, (counts.get(table) ?? 0) + 1)
  return counts
}
