import { inBackground } from '../../base/background.ts'
import { isPlainObject } from '../../base/plain-object.ts'
import { shown } from '../../base/shown.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { TablesOf } from '../../model/update.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import type { PublishCommitsOptions } from '../publish-event.ts'
import { CommitFeed } from './commit-feed.ts'
import type { PgInnerPool, PgPool } from './pg-parts.ts'

/**
 * Publishes what is committed on the connections of a pool of pg, in tables that have the triggers of `tidings postgres
 * install`. Gives the pool, which works as it did. Call it before the pool has connected. Throws TidingsError USAGE.
 */
export function publishCommits<Pool extends PgPool, Tables extends TablesOf>(
  pool: Pool,
  queue: UpdateQueue<Tables>,
  options: PublishCommitsOptions = {},
): Pool {
  const inner = pool as unknown as PgInnerPool | undefined
  const { Client, options: ofPool } = inner ?? {}
  if (!inner || typeof Client !== 'function' || !isPlainObject(ofPool))
    throw new TidingsError(
      'USAGE',
      `publishCommits() takes a pool of pg, as in publishCommits(new pg.Pool(), queue), got ${shown(pool)}`,
    )
  const feed = CommitFeed.of(queue, () => new Client(ofPool), options)
  const before = ofPool.onConnect
  // A newer pg-pool waits for it. In an older one there is the event, and what is committed until the mark is set is found out.
  ofPool.onConnect = async (client) => {
    await before?.(client)
    await feed.attach(client)
  }
  inner.on('connect', (client) => inBackground(feed.attach(client), () => undefined))
  return pool
}
