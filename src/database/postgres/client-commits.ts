import { TidingsError } from '../../base/tidings-error.ts'
import type { TablesOf } from '../../model/update.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import type { PublishCommitsOptions } from '../publish-event.ts'
import { CommitFeed } from './commit-feed.ts'
import type { PgClient, PgNewClient } from './pg-parts.ts'

/**
 * For a data layer that keeps its connections itself, and does not take a pool: gives a function for its hook of new
 * connections. It is given a client of pg that is connected, publishes what that commits from then on, and resolves when
 * the client can be used, after a second at most. `connect` makes a client of the same database that is not connected
 * yet: one more connection, which listens. Throws TidingsError USAGE, and so rejects what is given.
 */
export function publishCommitsOfClients<Tables extends TablesOf>(
  connect: () => PgNewClient,
  queue: UpdateQueue<Tables>,
  options: PublishCommitsOptions = {},
): (client: unknown) => Promise<void> {
  if (typeof connect !== 'function')
    throw new TidingsError(
      'USAGE',
      `publishCommitsOfClients() takes a function that makes a client, as in () => new pg.Client(config), got something of type ${typeof connect}`,
    )
  const feed = CommitFeed.of(queue, connect, options)
  return async (client) => {
    if (!isClient(client))
      throw new TidingsError(
        'USAGE',
        `what publishCommitsOfClients() gives takes a client of pg, got something of type ${typeof client}`,
      )
    await feed.attach(client)
  }
}

const isClient = (value: unknown): value is PgClient =>
  typeof (value as PgClient | null | undefined)?.query === 'function'
