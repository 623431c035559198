import { asTidingsError } from '../base/tidings-error.ts'
import type { Published } from '../model/published.ts'
import type { NewChange, NewReset } from '../model/reset.ts'
import { maxCommitTables } from '../publisher/open-parcel.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'

/** What a queue refuses of what a database has committed: what it can say of that is a reset. */
const refusedCodes = new Set(['COMMIT_TOO_LARGE', 'LIMIT_EXCEEDED', 'VALUE_UNSUPPORTED'])

/**
 * Publishes what a database has committed: where the queue does not take it, as resets of its tables, in as many
 * commits as it takes. Null: there was nothing to publish. Throws CLOSED.
 */
export function tellCommit(
  queue: Pick<UpdateQueue, 'publish'>,
  changes: readonly NewChange[],
): Published | null {
  if (changes.length === 0) return null
  try {
    return queue.publish(changes)
  } catch (error) {
    const refused = asTidingsError(error)
    if (!refused || !refusedCodes.has(refused.code)) throw error
    const tables = new Set(changes.map(({ table }) => table))
    return tellResets(queue, tables, `a commit that cannot be published: ${refused.text}`)
  }
}

/** Resets of these tables, for one reason. Null: there were none. Throws CLOSED. */
export function tellResets(
  queue: Pick<UpdateQueue, 'publish'>,
  tables: Iterable<string>,
  reason: string,
): Published | null {
  const resets = Array.from(tables, (table): NewReset => ({ table, kind: 'reset', reason }))
  let published: Published | null = null
  for (let from = 0; from < resets.length; from += maxCommitTables)
    published = queue.publish(resets.slice(from, from + maxCommitTables))
  return published
}
